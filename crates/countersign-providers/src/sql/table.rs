//! A table of entitlements. Its names are validated, since they are part of the query's text and cannot be bound as
//! parameters.

use countersign_core::ConfigError;
use std::fmt;

/// The maximum length of a name. PostgreSQL truncates longer ones.
const MAX_NAME: usize = 63;

/// A table with a row for each entitlement: one column for the caller, and one for the group, role or permission. Both
/// hold text: `TEXT` or `VARCHAR`, or PostgreSQL's `citext`. For a column of another type, use a view that converts it.
///
/// # Example
///
/// ```
/// use countersign_providers::EntitlementTable;
///
/// let table = EntitlementTable::new("core_schema.authz_groups", "username", "group")?;
/// assert!(EntitlementTable::new("groups; DROP TABLE users", "username", "group").is_err());
/// # let _ = table;
/// # Ok::<(), countersign_core::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct EntitlementTable {
    schema: Option<String>,
    table: String,
    caller: String,
    tenant: Option<String>,
    grant: String,
}

impl EntitlementTable {
    /// Takes the table, after its schema and a dot if it needs one, the column of the caller, and the column of the
    /// entitlement. Names are case-sensitive.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for a name that is not made of 1 to 63 letters, digits and underscores.
    pub fn new(table: &str, caller: &str, grant: &str) -> Result<Self, ConfigError> {
        let (schema, table) = match table.split_once('.') {
            None => (None, table),
            Some((schema, table)) => (Some(plain(schema)?), table),
        };
        Ok(Self { schema, table: plain(table)?, caller: plain(caller)?, tenant: None, grant: plain(grant)? })
    }

    /// Sets the column of the tenant. A row applies only to a caller of that tenant (`CallerId::tenant`). No row
    /// applies to a caller without a tenant. The column holds text, like the others.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_providers::EntitlementTable;
    ///
    /// let table = EntitlementTable::new("app_roles", "user_id", "role")?.tenant("organization")?;
    /// # let _ = table;
    /// # Ok::<(), countersign_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for a name that is not made of 1 to 63 letters, digits and underscores.
    pub fn tenant(self, column: &str) -> Result<Self, ConfigError> {
        Ok(Self { tenant: Some(plain(column)?), ..self })
    }

    /// The table `authz_groups` of auth-middleware.
    pub(crate) fn authz_groups() -> Self {
        Self::known("authz_groups", "group")
    }

    /// The table `authz_permissions` of auth-middleware.
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

    /// True when rows count in one tenant only.
    pub(crate) fn has_tenants(&self) -> bool {
        self.tenant.is_some()
    }

    /// The columns that identify the caller: the column of the caller and, if there is one, the column of the tenant.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        [Some(&self.caller), self.tenant.as_ref()].into_iter().flatten().map(String::as_str)
    }

    /// The columns that identify the caller, in the text of a query on the table `AS held`. They are qualified with the
    /// table, since SQLite treats a quoted name that is not a column as a text.
    pub(crate) fn key_columns(&self) -> Vec<String> {
        self.keys().map(held).collect()
    }

    /// The column of the entitlement, in the text of a query.
    pub(crate) fn grant(&self) -> String {
        held(&self.grant)
    }

    /// The names of schema and table, to be bound to a query.
    #[cfg(feature = "sqlite")]
    pub(crate) fn names(&self) -> (Option<&str>, &str) {
        (self.schema.as_deref(), &self.table)
    }
}

fn plain(name: &str) -> Result<String, ConfigError> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_plain || !(1..=MAX_NAME).contains(&name.len()) {
        return Err(invalid(name));
    }
    Ok(name.to_owned())
}

/// Quotes a name that is [`plain`].
fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// A column of the table `AS held`.
fn held(column: &str) -> String {
    format!("held.{}", quoted(column))
}

fn invalid(name: &str) -> ConfigError {
    ConfigError::InvalidArgument {
        what: "name of a table or column",
        value: name.to_owned(),
        expected: "use 1 to 63 letters, digits and underscores, and one dot between schema and table",
    }
}

impl fmt::Debug for EntitlementTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntitlementTable({}, {}, {})", self.path(), self.key_columns().join(", "), self.grant())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_only_plain_ones_are_taken() {
        let table = EntitlementTable::new("auth.Groups", "user", "group").unwrap();
        assert_eq!([table.path(), table.grant()], [r#""auth"."Groups""#, r#"held."group""#]);
        assert_eq!(table.key_columns(), [r#"held."user""#]);
        assert_eq!(table.tenant("Org").unwrap().key_columns(), [r#"held."user""#, r#"held."Org""#]);
        let long = "a".repeat(64);
        for bad in ["", "a b", "a\"b", "a;b", "a-b", "a'b", "gruppé", "a\0b", "a.b.c", ".a", "a.", ".", &long] {
            assert!(EntitlementTable::new(bad, "a", "b").is_err(), "{bad:?}");
            assert!(EntitlementTable::new("a", "b", "c").unwrap().tenant(bad).is_err(), "{bad:?}");
            assert!(
                EntitlementTable::new("a", bad, "b").is_err() && EntitlementTable::new("a", "b", bad).is_err(),
                "{bad:?}"
            );
        }
        assert!(EntitlementTable::new("a", "b.c", "d").is_err(), "columns have no schema");
    }
}
