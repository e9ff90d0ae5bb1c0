//! The databases that grants are read from. A caller is who the row says byte for byte: the database's own comparison (its
//! types, affinities and collations) only narrows the search, by an index where there is one.

use crate::sql::table::EntitlementTable;
use countersign_core::EntitlementsError;
use std::fmt;

/// A row for each grant: the columns that identify the caller as they are in the table, and the grant.
struct Row {
    keys: Vec<String>,
    grant: Option<String>,
}

#[derive(Clone)]
pub(crate) enum Database {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

impl Database {
    /// The grants in this table of the caller with these keys (see [`EntitlementTable::keys`]), each once, and at most so many.
    pub(crate) async fn entitlements(
        &self,
        table: &EntitlementTable,
        keys: &[&str],
        limit: i64,
    ) -> Result<Vec<String>, EntitlementsError> {
        let rows: Vec<Row> = match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(pool) => sqlite::rows(pool, table, keys, limit).await?,
            #[cfg(feature = "postgres")]
            Self::Postgres(pool) => postgres::rows(pool, table, keys, limit).await?,
        };
        Ok(rows.into_iter().filter(|row| row.keys == keys).filter_map(|row| row.grant).collect())
    }

    /// Refuses a table whose columns hold something else than text.
    pub(crate) async fn check(&self, table: &EntitlementTable) -> Result<(), EntitlementsError> {
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

const CALLERS_ARE_NO_TEXT: &str = "a column of callers or tenants is not one of text, so that they cannot be told apart by it: \
                                   make it `TEXT` or `VARCHAR`, or read from a view that does";
#[cfg(feature = "postgres")]
const GRANTS_ARE_NO_TEXT: &str =
    "the column of grants is not one of text: make it `TEXT` or `VARCHAR`, or read from a view that does";

/// An error of the database, in words that hold nothing of the query's.
fn failed(error: sqlx::Error) -> EntitlementsError {
    let problem = match &error {
        sqlx::Error::PoolTimedOut => "no connection to the database came free in time",
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => "the database cannot be reached",
        sqlx::Error::Database(_) => {
            "the database refused the query: look at the names and rights of its tables, and at the types of their columns"
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            "a column of callers, tenants or grants holds something else than text"
        }
        _ => "the database gave no answer",
    };
    EntitlementsError::new(problem, error)
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::{CALLERS_ARE_NO_TEXT, Row, failed};
    use crate::sql::table::EntitlementTable;
    use countersign_core::EntitlementsError;
    use sqlx::Row as _;
    use sqlx::sqlite::{SqlitePool, SqliteRow};

    /// The first condition is for the index, which has the column's collation. The second one is by bytes: neither a collation
    /// nor an affinity (<https://sqlite.org/datatype3.html#type_conversions_prior_to_comparison>) has a say in it. A caller that
    /// is stored as a number cannot be decoded as text, and is an error.
    pub(super) async fn rows(
        pool: &SqlitePool,
        table: &EntitlementTable,
        keys: &[&str],
        limit: i64,
    ) -> Result<Vec<Row>, EntitlementsError> {
        let columns = table.key_columns();
        let selected: String = columns.iter().map(|column| format!("{column} COLLATE BINARY, ")).collect();
        let conditions: Vec<String> = (1..)
            .zip(&columns)
            .map(|(number, column)| {
                format!("{column} = ${number} AND CAST({column} AS TEXT) = ${number} COLLATE BINARY")
            })
            .collect();
        let query = format!(
            "SELECT DISTINCT {selected}{grant} COLLATE BINARY FROM {table} AS held WHERE {conditions} LIMIT ${limit}",
            table = table.path(),
            grant = table.grant(),
            conditions = conditions.join(" AND "),
            limit = keys.len() + 1,
        );
        let query = keys.iter().fold(sqlx::query(&query), |query, key| query.bind(*key)).bind(limit);
        query.fetch_all(pool).await.map_err(failed)?.iter().map(|row| read(row, keys.len()).map_err(failed)).collect()
    }

    fn read(row: &SqliteRow, keys: usize) -> Result<Row, sqlx::Error> {
        Ok(Row {
            keys: (0..keys).map(|index| row.try_get(index)).collect::<Result<_, _>>()?,
            grant: row.try_get(keys)?,
        })
    }

    /// A column of numbers makes 1 of `01` and of `1.0` when it stores them, so no comparison can tell them apart.
    pub(super) async fn check(pool: &SqlitePool, table: &EntitlementTable) -> Result<(), EntitlementsError> {
        let (schema, name) = table.names();
        const OF_SCHEMA: &str = "SELECT type FROM pragma_table_xinfo($1, $3) WHERE name = $2 COLLATE NOCASE";
        const OF_ANY: &str = "SELECT type FROM pragma_table_xinfo($1) WHERE name = $2 COLLATE NOCASE";
        for column in table.keys() {
            let query = sqlx::query_scalar(if schema.is_some() { OF_SCHEMA } else { OF_ANY }).bind(name).bind(column);
            let query = if schema.is_some() { query.bind(schema) } else { query };
            let declared: Option<String> = query.fetch_optional(pool).await.map_err(failed)?;
            if !declared.is_some_and(|declared| keeps_text(&declared)) {
                return Err(CALLERS_ARE_NO_TEXT.into());
            }
        }
        Ok(())
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
    use crate::sql::table::EntitlementTable;
    use countersign_core::EntitlementsError;
    use sqlx::postgres::{PgPool, PgRow};
    use sqlx::{Column, Row as _, TypeInfo};

    /// The first condition is for the index, which has the column's collation. The second one is by bytes, whatever the
    /// collation (nondeterministic ones call different texts equal) and for `citext` as well.
    pub(super) async fn rows(
        pool: &PgPool,
        table: &EntitlementTable,
        keys: &[&str],
        limit: i64,
    ) -> Result<Vec<Row>, EntitlementsError> {
        let columns = table.key_columns();
        let conditions: Vec<String> = (1..)
            .zip(&columns)
            .map(|(number, column)| format!("{column} = ${number} AND {column}::text COLLATE \"C\" = ${number}"))
            .collect();
        let query = format!(
            "SELECT DISTINCT ON ({grant}::text COLLATE \"C\") {selected}, {grant} FROM {table} AS held \
             WHERE {conditions} LIMIT ${limit}",
            table = table.path(),
            selected = columns.join(", "),
            grant = table.grant(),
            conditions = conditions.join(" AND "),
            limit = keys.len() + 1,
        );
        let query = keys.iter().fold(sqlx::query(&query), |query, key| query.bind(*key)).bind(limit);
        query.fetch_all(pool).await.map_err(failed)?.iter().map(|row| read(row, keys.len())).collect()
    }

    fn read(row: &PgRow, keys: usize) -> Result<Row, EntitlementsError> {
        check_columns(row)?;
        let texts: Result<_, _> = (0..keys).map(|index| row.try_get(index)).collect();
        Ok(Row { keys: texts.map_err(failed)?, grant: row.try_get(keys).map_err(failed)? })
    }

    /// Asks for a row that is always there, for the sake of its types.
    pub(super) async fn check(pool: &PgPool, table: &EntitlementTable) -> Result<(), EntitlementsError> {
        let query = format!(
            "SELECT {columns}, {grant} FROM (SELECT 1) AS always LEFT JOIN {table} AS held ON false",
            table = table.path(),
            columns = table.key_columns().join(", "),
            grant = table.grant(),
        );
        check_columns(&sqlx::query(&query).fetch_one(pool).await.map_err(failed)?)
    }

    /// `char(n)` drops blanks and `name` cuts texts off when they store them. PostgreSQL gives the type under a domain.
    fn check_columns(row: &PgRow) -> Result<(), EntitlementsError> {
        let keeps_text = |index: usize| matches!(row.column(index).type_info().name(), "TEXT" | "VARCHAR" | "citext");
        let grant = row.columns().len() - 1;
        match ((0..grant).all(keeps_text), keeps_text(grant)) {
            (false, _) => Err(CALLERS_ARE_NO_TEXT.into()),
            (true, false) => Err(GRANTS_ARE_NO_TEXT.into()),
            (true, true) => Ok(()),
        }
    }
}
