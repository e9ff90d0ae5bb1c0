//! The databases that entitlements are read from. The caller is compared with each row byte for byte. The database's
//! own comparison (its types, affinities and collations) only narrows the search, so that an index can be used.

use crate::sql::table::EntitlementTable;
use countersign_core::EntitlementsError;
use std::fmt;

/// A row of the table: the columns that identify the caller, and the entitlement.
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
    /// Reads the distinct entitlements of the caller with these keys (see [`EntitlementTable::keys`]), at most `limit`
    /// of them.
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

    /// Refuses a table whose columns do not hold text.
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
    /// Shows the kind of database only: the options of a pool hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            #[cfg(feature = "sqlite")]
            Self::Sqlite(_) => "Sqlite",
            #[cfg(feature = "postgres")]
            Self::Postgres(_) => "Postgres",
        })
    }
}

const CALLERS_ARE_NO_TEXT: &str = "a column of callers or tenants does not hold text, so different callers may look the \
                                   same: make it `TEXT` or `VARCHAR`, or read from a view that converts it";
#[cfg(feature = "postgres")]
const GRANTS_ARE_NO_TEXT: &str =
    "the column of entitlements does not hold text: make it `TEXT` or `VARCHAR`, or read from a view that converts it";

/// Describes a database error without any text of the query.
fn failed(error: sqlx::Error) -> EntitlementsError {
    let problem = match &error {
        sqlx::Error::PoolTimedOut => "no database connection became free in time",
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => "the database cannot be reached",
        sqlx::Error::Database(_) => {
            "the database refused the query: check the names of the tables, the rights to read them, and the types of \
             their columns"
        }
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
            "a column of callers, tenants or entitlements does not hold text"
        }
        _ => "the database did not answer",
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

    /// Reads rows by two conditions. The first uses the index, which has the column's collation. The second compares
    /// bytes, independent of collation and affinity
    /// (<https://sqlite.org/datatype3.html#type_conversions_prior_to_comparison>). A caller that is stored as a number
    /// cannot be decoded as text and causes an error.
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

    /// Refuses columns of numbers: they store `01` and `1.0` as 1, so no comparison can distinguish them.
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

    /// Tests for a column that stores text unchanged: TEXT or BLOB affinity
    /// (<https://sqlite.org/datatype3.html#determination_of_column_affinity>).
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

    /// Reads rows by two conditions. The first uses the index, which has the column's collation. The second compares
    /// bytes: nondeterministic collations and `citext` treat different texts as equal.
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

    /// Selects a row that always exists, to learn the types of its columns.
    pub(super) async fn check(pool: &PgPool, table: &EntitlementTable) -> Result<(), EntitlementsError> {
        let query = format!(
            "SELECT {columns}, {grant} FROM (SELECT 1) AS always LEFT JOIN {table} AS held ON false",
            table = table.path(),
            columns = table.key_columns().join(", "),
            grant = table.grant(),
        );
        check_columns(&sqlx::query(&query).fetch_one(pool).await.map_err(failed)?)
    }

    /// Refuses types that change texts: `char(n)` drops blanks, and `name` truncates. For a domain, PostgreSQL reports
    /// the underlying type.
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
