//! A table of grants, by names that were looked at: they cannot be bound to a query, so they stand in its text.

use countersign_core::ConfigError;
use std::fmt;

/// PostgreSQL cuts longer names off.
const MAX_NAME: usize = 63;

/// A table with a row for each grant: a column for the caller, and one for what was granted. Both hold text.
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
    /// A query up to its conditions on the caller.
    select: String,
    tenant: Option<String>,
}

impl GrantTable {
    /// A table, with its schema before a dot where it needs one; the column of the caller; the column of the grant. Names
    /// are to the letter, upper and lower case included.
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for a name that is not made of 1 to 63 letters, digits and underscores.
    pub fn new(table: &str, caller: &str, grant: &str) -> Result<Self, ConfigError> {
        let path = table.split('.').map(quoted).collect::<Result<Vec<_>, _>>()?;
        if path.len() > 2 {
            return Err(invalid(table));
        }
        // Columns are named with their table, since SQLite takes a quoted name that is no column for a text.
        Ok(Self {
            select: format!(
                "SELECT DISTINCT held.{grant} FROM {table} AS held WHERE held.{caller} = $1",
                table = path.join("."),
                caller = quoted(caller)?,
                grant = quoted(grant)?,
            ),
            tenant: None,
        })
    }

    /// Names the column of the tenant: a row counts only for a caller who acts in that tenant
    /// (`PrincipalKey::tenant`), and for one without a tenant no row counts.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_providers::GrantTable;
    ///
    /// let table = GrantTable::new("app_roles", "user_id", "role")?.tenant("organization")?;
    /// # let _ = table;
    /// # Ok::<(), countersign_core::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError::InvalidArgument`] for a name that is not made of 1 to 63 letters, digits and underscores.
    pub fn tenant(self, column: &str) -> Result<Self, ConfigError> {
        Ok(Self { tenant: Some(quoted(column)?), ..self })
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

    /// True when rows count in one tenant only.
    pub(crate) fn has_tenants(&self) -> bool {
        self.tenant.is_some()
    }

    /// Its parameters are the caller, the number of rows and, where it has tenants, the tenant. PostgreSQL and SQLite both
    /// read it.
    pub(crate) fn query(&self) -> String {
        match &self.tenant {
            None => format!("{} LIMIT $2", self.select),
            Some(column) => format!("{} AND held.{column} = $3 LIMIT $2", self.select),
        }
    }
}

fn quoted(name: &str) -> Result<String, ConfigError> {
    let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if !is_plain || !(1..=MAX_NAME).contains(&name.len()) {
        return Err(invalid(name));
    }
    Ok(format!("\"{name}\""))
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
        f.debug_tuple("GrantTable").field(&self.query()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_and_only_plain_ones_are_taken() {
        assert_eq!(
            GrantTable::new("auth.Groups", "user", "group").unwrap().query(),
            r#"SELECT DISTINCT held."group" FROM "auth"."Groups" AS held WHERE held."user" = $1 LIMIT $2"#
        );
        assert_eq!(
            GrantTable::new("roles", "user", "role").unwrap().tenant("Org").unwrap().query(),
            r#"SELECT DISTINCT held."role" FROM "roles" AS held WHERE held."user" = $1 AND held."Org" = $3 LIMIT $2"#
        );
        let long = "a".repeat(64);
        for bad in ["", "a b", "a\"b", "a;b", "a-b", "a'b", "gruppé", "a\0b", "a.b.c", ".a", "a.", ".", &long] {
            assert!(GrantTable::new(bad, "a", "b").is_err(), "{bad:?}");
            assert!(GrantTable::new("a", bad, "b").is_err() && GrantTable::new("a", "b", bad).is_err(), "{bad:?}");
            assert!(GrantTable::new("a", "b", "c").unwrap().tenant(bad).is_err(), "{bad:?}");
        }
        assert!(GrantTable::new("a", "b.c", "d").is_err(), "columns have no schema");
    }
}
