//! A table of grants, by names that were looked at: they cannot be bound to a query, so they stand in its text.

use countersign_core::ConfigError;
use std::fmt;

/// PostgreSQL cuts longer names off.
const MAX_NAME: usize = 63;

/// A table with a row for each grant: a column for the caller, and one for what was granted. Both hold text: `TEXT` or
/// `VARCHAR`, or PostgreSQL's `citext`. A view can make text of a column of another type.
///
/// # Example
///
/// ```
/// use countersign_providers::GrantTable;
///
/// let table = GrantTable::new("core_schema.authz_groups", "username", "group")?;
/// assert!(GrantTable::new("groups; DROP TABLE users", "username", "group").is_err());
/// # let _ = table;
/// # Ok::<(), countersign_core::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct GrantTable {
    schema: Option<String>,
    table: String,
    caller: String,
    grant: String,
}

impl GrantTable {
    /// A table, with its schema before a dot where it needs one; the column of the caller; the column of the grant. Names
    /// are to the letter, upper and lower case included.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for a name that is not made of 1 to 63 letters, digits and underscores.
    pub fn new(table: &str, caller: &str, grant: &str) -> Result<Self, ConfigError> {
        let (schema, table) = match table.split_once('.') {
            None => (None, table),
            Some((schema, table)) => (Some(plain(schema)?), table),
        };
        Ok(Self { schema, table: plain(table)?, caller: plain(caller)?, grant: plain(grant)? })
    }

    /// `authz_groups` as auth-middleware has it.
    pub(crate) fn authz_groups() -> Self {
        Self::known("authz_groups", "group")
    }

    /// `authz_permissions` as auth-middleware has it.
    pub(crate) fn authz_permissions() -> Self {
        Self::known("authz_permissions", "permission")
    }

    fn known(table: &'static str, grant: &'static str) -> Self {
        Self::new(table, "username", grant).expect("names of letters and underscores")
    }

    /// The name of the table in the text of a query.
    pub(crate) fn path(&self) -> String {
        match &self.schema {
            None => quoted(&self.table),
            Some(schema) => format!("{}.{}", quoted(schema), quoted(&self.table)),
        }
    }

    /// The column of the caller in the text of a query on the table `AS held`. It is named with its table, since SQLite takes
    /// a quoted name that is no column for a text.
    pub(crate) fn caller(&self) -> String {
        format!("held.{}", quoted(&self.caller))
    }

    /// The column of the grant, likewise.
    pub(crate) fn grant(&self) -> String {
        format!("held.{}", quoted(&self.grant))
    }

    /// The names of schema, table and the caller's column, to be bound to a query.
    #[cfg(feature = "sqlite")]
    pub(crate) fn names(&self) -> (Option<&str>, &str, &str) {
        (self.schema.as_deref(), &self.table, &self.caller)
    }
}

fn plain(name: &str) -> Result<String, ConfigError> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_plain || !(1..=MAX_NAME).contains(&name.len()) {
        return Err(invalid(name));
    }
    Ok(name.to_owned())
}

/// Only for names that are [`plain`].
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

fn invalid(name: &str) -> ConfigError {
    ConfigError::InvalidArgument {
        what: "name of a table or column",
        value: name.to_owned(),
        expected: "use 1 to 63 letters, digits and underscores, and one dot between schema and table",
    }
}

impl fmt::Debug for GrantTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GrantTable({}, {}, {})", self.path(), self.caller(), self.grant())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_only_plain_ones_are_taken() {
        let table = GrantTable::new("auth.Groups", "user", "group").unwrap();
        let names = [table.path(), table.caller(), table.grant()];
        assert_eq!(names, [r#""auth"."Groups""#, r#"held."user""#, r#"held."group""#]);
        let long = "a".repeat(64);
        for bad in ["", "a b", "a\"b", "a;b", "a-b", "a'b", "gruppé", "a\0b", "a.b.c", ".a", "a.", ".", &long] {
            assert!(GrantTable::new(bad, "a", "b").is_err(), "{bad:?}");
            assert!(GrantTable::new("a", bad, "b").is_err() && GrantTable::new("a", "b", bad).is_err(), "{bad:?}");
        }
        assert!(GrantTable::new("a", "b.c", "d").is_err(), "columns have no schema");
    }
}
