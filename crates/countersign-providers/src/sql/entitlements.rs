//! Entitlements from tables of a SQL database.

use crate::sql::database::Database;
use crate::sql::table::EntitlementTable;
use countersign_core::{BoxFuture, CallerId, Entitlements, EntitlementsError, EntitlementsProvider, NameSet};
use std::sync::Arc;

/// The default maximum number of entitlements of one kind for a caller.
const MAX_ROWS: u32 = 1_000;

/// Groups, roles and permissions from tables of a SQL database, through sqlx 0.8.
///
/// By default, groups are read from `authz_groups (username, "group")` and permissions from `authz_permissions
/// (username, permission)`, the tables of Python's auth-middleware. No roles are read. The caller's `sub` is compared
/// with the column `username` byte for byte, whatever the column's collation. Values from a token are bound to the
/// query as parameters.
///
/// You configure the pool: its size, its time-outs and, by features of sqlx, its TLS. Create an index on the column of
/// callers. On PostgreSQL an index on a column of `citext` is one on `(column::text)`.
///
/// # Security
///
/// A subject is unique only within its issuer, so rows apply to callers of one issuer. Callers of other issuers have no
/// entitlements. A subject can belong to several tenants of an issuer: if entitlements differ between tenants, name the
/// column of the tenant with [`EntitlementTable::tenant`].
///
/// Callers are texts. A column of numbers, of `char(n)` or of `name` changes the values that it stores, so two callers
/// can become one. [`check`](Self::check) refuses such a column, and looking up a caller in it is an error.
#[derive(Clone, Debug)]
pub struct SqlEntitlements {
    database: Database,
    issuer: Arc<str>,
    identifier: Identifier,
    groups: Option<EntitlementTable>,
    roles: Option<EntitlementTable>,
    permissions: Option<EntitlementTable>,
    max_rows: u32,
}

/// The property of a caller that the tables hold.
#[derive(Clone, Copy, Debug)]
enum Identifier {
    Subject,
    Username,
}

impl SqlEntitlements {
    /// Reads from SQLite for callers of this issuer, as `Principal::issuer` gives it.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::Verifier;
    /// use countersign_providers::{EntitlementTable, SqlEntitlements};
    /// use sqlx::SqlitePool;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = SqlitePool::connect("sqlite://app.db").await?;
    /// let grants = SqlEntitlements::sqlite(pool, "https://idp.example.com")
    ///     .roles(EntitlementTable::new("app_roles", "user_id", "role")?);
    /// grants.check().await?;
    /// let builder = Verifier::builder().entitlements(grants);
    /// # let _ = builder;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sqlite")]
    pub fn sqlite(pool: sqlx::SqlitePool, issuer: impl Into<Arc<str>>) -> Self {
        Self::new(Database::Sqlite(pool), issuer.into())
    }

    /// Reads from PostgreSQL for callers of this issuer, as `Principal::issuer` gives it.
    ///
    /// # Example
    ///
    /// ```
    /// use countersign_core::Verifier;
    /// use countersign_providers::SqlEntitlements;
    /// use sqlx::PgPool;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = PgPool::connect("postgres://app@localhost/app").await?;
    /// let grants = SqlEntitlements::postgres(pool, "https://idp.example.com");
    /// grants.check().await?;
    /// let builder = Verifier::builder().entitlements(grants);
    /// # let _ = builder;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "postgres")]
    pub fn postgres(pool: sqlx::PgPool, issuer: impl Into<Arc<str>>) -> Self {
        Self::new(Database::Postgres(pool), issuer.into())
    }

    fn new(database: Database, issuer: Arc<str>) -> Self {
        Self {
            database,
            issuer,
            identifier: Identifier::Subject,
            groups: Some(EntitlementTable::authz_groups()),
            roles: None,
            permissions: Some(EntitlementTable::authz_permissions()),
            max_rows: MAX_ROWS,
        }
    }

    /// Sets the table of groups, or `None` to read no groups.
    #[must_use]
    pub fn groups(mut self, table: impl Into<Option<EntitlementTable>>) -> Self {
        self.groups = table.into();
        self
    }

    /// Sets the table of roles, or `None` to read no roles.
    #[must_use]
    pub fn roles(mut self, table: impl Into<Option<EntitlementTable>>) -> Self {
        self.roles = table.into();
        self
    }

    /// Sets the table of permissions, or `None` to read no permissions.
    #[must_use]
    pub fn permissions(mut self, table: impl Into<Option<EntitlementTable>>) -> Self {
        self.permissions = table.into();
        self
    }

    /// Finds callers by their username instead of their `sub`, as auth-middleware does. A caller whose token has no
    /// username has no entitlements.
    ///
    /// # Security
    ///
    /// Use it only if the identity provider lets no user choose or change a username: a user who takes over a name
    /// takes over its entitlements.
    #[must_use]
    pub fn by_username(mut self) -> Self {
        self.identifier = Identifier::Username;
        self
    }

    /// Sets the maximum number of entitlements of one kind for a caller: 1 000 by default. More than that is an error,
    /// since an incomplete list could lack the entitlement that counts.
    #[must_use]
    pub fn max_rows(mut self, rows: u32) -> Self {
        self.max_rows = rows;
        self
    }

    /// Queries the tables for a caller that does not exist. Call it at the start, to find a wrong name of a table or
    /// column, or a column that does not hold text.
    ///
    /// # Errors
    ///
    /// [`EntitlementsError`], with the database's error as its source if there is one.
    pub async fn check(&self) -> Result<(), EntitlementsError> {
        self.read("", Some("")).await?;
        for table in [&self.groups, &self.roles, &self.permissions].into_iter().flatten() {
            self.database.check(table).await?;
        }
        Ok(())
    }

    async fn read(&self, identifier: &str, tenant: Option<&str>) -> Result<Entitlements, EntitlementsError> {
        let mut entitlements = Entitlements::default();
        entitlements.groups = self.names(self.groups.as_ref(), identifier, tenant).await?;
        entitlements.roles = self.names(self.roles.as_ref(), identifier, tenant).await?;
        entitlements.permissions = self.names(self.permissions.as_ref(), identifier, tenant).await?;
        Ok(entitlements)
    }

    async fn names(
        &self,
        table: Option<&EntitlementTable>,
        identifier: &str,
        tenant: Option<&str>,
    ) -> Result<NameSet, EntitlementsError> {
        let Some(table) = table else { return Ok(NameSet::default()) };
        let keys = match tenant {
            Some(tenant) if table.has_tenants() => vec![identifier, tenant],
            None if table.has_tenants() => return Ok(NameSet::default()),
            _ => vec![identifier],
        };
        // One row more than allowed shows that there are too many.
        let limit = i64::from(self.max_rows) + 1;
        let names = self.database.entitlements(table, &keys, limit).await?;
        if names.len() > self.max_rows as usize {
            return Err(
                "a caller has more entitlements than `max_rows` allows: raise it, or give the caller fewer".into()
            );
        }
        Ok(names.iter().map(String::as_str).collect())
    }
}

impl EntitlementsProvider for SqlEntitlements {
    fn entitlements<'a>(&'a self, caller: &'a CallerId) -> BoxFuture<'a, Result<Entitlements, EntitlementsError>> {
        Box::pin(async move {
            let identifier = match self.identifier {
                Identifier::Subject => Some(caller.subject()),
                Identifier::Username => caller.username(),
            };
            // PostgreSQL refuses NUL in a text, so no caller with a NUL in its name is in a table.
            let is_name = |name: &&str| !name.is_empty() && !name.contains('\0');
            let (identifier, tenant) = (identifier.filter(is_name), caller.tenant().filter(is_name));
            match identifier {
                Some(identifier) if caller.issuer() == &*self.issuer => self.read(identifier, tenant).await,
                _ => Ok(Entitlements::default()),
            }
        })
    }
}
