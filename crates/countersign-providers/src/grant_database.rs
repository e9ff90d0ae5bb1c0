//! The databases that grants are read from. A caller is who the row says byte for byte: the database's own comparison (its
//! types, affinities and collations) only narrows the search, by an index where there is one.

use crate::grant_table::GrantTable;
use countersign_core::GrantsError;
use std::fmt;

/// A row for each grant: the caller as it is in the table, and the grant.
type Row = (String, Option<String>);

#[derive(Clone)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

impl Database {
    /// The caller's grants in this table, each once, and at most so many.
    pub(crate) async fn grants(
        &self,
        table: &GrantTable,
        caller: &str,
        limit: i64,
    ) -> Result<Vec<String>, GrantsError> {
        let rows: Vec<Row> = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => sqlite::rows(pool, table, caller, limit).await?,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => postgres::rows(pool, table, caller, limit).await?,
        };
        Ok(rows.into_iter().filter(|(held_by, _)| held_by == caller).filter_map(|(_, grant)| grant).collect())
    }

    /// Refuses a table whose columns hold something else than text.
    pub(crate) async fn check(&self, table: &GrantTable) -> Result<(), GrantsError> {
        match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => sqlite::check(pool, table).await,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => postgres::check(pool, table).await,
        }
    }
}

impl fmt::Debug for Database {
    /// The kind alone: the options of a pool hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => "Sqlite",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "Postgres",
        })
    }
}

const CALLERS_ARE_NO_TEXT: &str = "the column of callers is not one of text, so that callers cannot be told apart by it: make \
                                   it `TEXT` or `VARCHAR`, or read from a view that does";
#[cfg(feature = "postgres")]
const GRANTS_ARE_NO_TEXT: &str =
    "the column of grants is not one of text: make it `TEXT` or `VARCHAR`, or read from a view that does";

/// An error of the database, in words that hold nothing of the query's.
fn failed(error: sqlx::Error) -> GrantsError {
    let problem = match &error {
        sqlx::Error::PoolTimedOut => "no connection to the database came free in time",
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => "the database cannot be reached",
        sqlx::Error::Database(_) => {
            "the database refused the query: look at the names and rights of its tables, and at the types of their columns"
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            "a column of callers or grants holds something else than text"
        }
        _ => "the database gave no answer",
    };
    GrantsError::new(problem, error)
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::{CALLERS_ARE_NO_TEXT, Row, failed};
    use crate::grant_table::GrantTable;
    use countersign_core::GrantsError;
    use sqlx::SqlitePool;

    /// The first condition is for the index, which has the column's collation. The second one is by bytes: neither a collation
    /// nor an affinity (<https://sqlite.org/datatype3.html#type_conversions_prior_to_comparison>) has a say in it. A caller that
    /// is stored as a number cannot be decoded as text, and is an error.
    pub(super) async fn rows(
        pool: &SqlitePool,
        table: &GrantTable,
        caller: &str,
        limit: i64,
    ) -> Result<Vec<Row>, GrantsError> {
        let query = format!(
            "SELECT DISTINCT {caller} COLLATE BINARY, {grant} COLLATE BINARY FROM {table} AS held \
             WHERE {caller} = $1 AND CAST({caller} AS TEXT) = $1 COLLATE BINARY LIMIT $2",
            table = table.path(),
            caller = table.caller(),
            grant = table.grant(),
        );
        sqlx::query_as(&query).bind(caller).bind(limit).fetch_all(pool).await.map_err(failed)
    }

    /// A column of numbers makes 1 of `01` and of `1.0` when it stores them, so no comparison can tell them apart.
    pub(super) async fn check(pool: &SqlitePool, table: &GrantTable) -> Result<(), GrantsError> {
        let (schema, name, caller) = table.names();
        const OF_SCHEMA: &str = "SELECT type FROM pragma_table_xinfo($1, $3) WHERE name = $2 COLLATE NOCASE";
        const OF_ANY: &str = "SELECT type FROM pragma_table_xinfo($1) WHERE name = $2 COLLATE NOCASE";
        let query = sqlx::query_scalar(if schema.is_some() { OF_SCHEMA } else { OF_ANY }).bind(name).bind(caller);
        let query = if schema.is_some() { query.bind(schema) } else { query };
        let declared: Option<String> = query.fetch_optional(pool).await.map_err(failed)?;
        match declared {
            Some(declared) if keeps_text(&declared) => Ok(()),
            _ => Err(CALLERS_ARE_NO_TEXT.into()),
        }
    }

    /// <https://sqlite.org/datatype3.html#determination_of_column_affinity>: TEXT and BLOB store a text as it is.
    fn keeps_text(declared: &str) -> bool {
        let declared = declared.to_ascii_uppercase();
        let names = |parts: &[&str]| parts.iter().any(|part| declared.contains(part));
        !names(&["INT"]) && (names(&["CHAR", "CLOB", "TEXT", "BLOB"]) || declared.is_empty())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn affinities_are_those_of_sqlite() {
            for declared in ["TEXT", "varchar(500)", "CLOB", "", "BLOB", "NVARCHAR(9)", "CHARACTER(20)"] {
                assert!(keeps_text(declared), "{declared}");
            }
            for declared in
                ["INTEGER", "BIGINT", "CHARINT", "REAL", "DOUBLE", "NUMERIC", "STRING", "UUID", "DATE", "ANY"]
            {
                assert!(!keeps_text(declared), "{declared}");
            }
        }
    }
}

#[cfg(feature = "postgres")]
mod postgres {
    use super::{CALLERS_ARE_NO_TEXT, GRANTS_ARE_NO_TEXT, Row, failed};
    use crate::grant_table::GrantTable;
    use countersign_core::GrantsError;
    use sqlx::postgres::{PgPool, PgRow};
    use sqlx::{Column, Row as _, TypeInfo};

    /// The first condition is for the index, which has the column's collation. The second one is by bytes, whatever the
    /// collation (nondeterministic ones call different texts equal) and for `citext` as well.
    pub(super) async fn rows(
        pool: &PgPool,
        table: &GrantTable,
        caller: &str,
        limit: i64,
    ) -> Result<Vec<Row>, GrantsError> {
        let query = format!(
            "SELECT DISTINCT ON ({grant}::text COLLATE \"C\") {caller}, {grant} FROM {table} AS held \
             WHERE {caller} = $1 AND {caller}::text COLLATE \"C\" = $1 LIMIT $2",
            table = table.path(),
            caller = table.caller(),
            grant = table.grant(),
        );
        let rows = sqlx::query(&query).bind(caller).bind(limit).fetch_all(pool).await.map_err(failed)?;
        rows.iter()
            .map(|row| {
                check_columns(row)?;
                Ok((row.try_get(0).map_err(failed)?, row.try_get(1).map_err(failed)?))
            })
            .collect()
    }

    /// Asks for a row that is always there, for the sake of its types.
    pub(super) async fn check(pool: &PgPool, table: &GrantTable) -> Result<(), GrantsError> {
        let query = format!(
            "SELECT {caller}, {grant} FROM (SELECT 1) AS always LEFT JOIN {table} AS held ON false",
            table = table.path(),
            caller = table.caller(),
            grant = table.grant(),
        );
        check_columns(&sqlx::query(&query).fetch_one(pool).await.map_err(failed)?)
    }

    /// `char(n)` drops blanks and `name` cuts texts off when they store them. PostgreSQL gives the type under a domain.
    fn check_columns(row: &PgRow) -> Result<(), GrantsError> {
        let keeps_text = |index: usize| matches!(row.column(index).type_info().name(), "TEXT" | "VARCHAR" | "citext");
        match (keeps_text(0), keeps_text(1)) {
            (false, _) => Err(CALLERS_ARE_NO_TEXT.into()),
            (true, false) => Err(GRANTS_ARE_NO_TEXT.into()),
            (true, true) => Ok(()),
        }
    }
}
