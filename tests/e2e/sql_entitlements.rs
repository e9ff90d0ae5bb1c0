//! Entitlements from a real SQLite database, with the tables that auth-middleware creates.

use countersign::Verifier;
use countersign::entitlements::{EntitlementTable, Entitlements, EntitlementsProvider, SqlEntitlements};
use countersign::keys::IssuerKeys;
use countersign::policy::{ClaimMap, Issuer};
use countersign_core::{Algorithm, Audience};
use countersign_testing::SigningKey;
use sqlx::SqlitePool;
use sqlx::sqlite::SqlitePoolOptions;
use std::error::Error as _;

const ISSUER: &str = "https://idp.example";

/// The tables that SQLAlchemy creates for `GroupsModel` and `PermissionsModel` of auth-middleware 0.6.2.
const SCHEMA: &str = r#"
    CREATE TABLE authz_groups (
        id VARCHAR(27) NOT NULL, username VARCHAR(500) NOT NULL, "group" VARCHAR(100) NOT NULL, PRIMARY KEY (id));
    CREATE TABLE authz_permissions (
        id VARCHAR(27) NOT NULL, username VARCHAR(500) NOT NULL, permission VARCHAR(100) NOT NULL, PRIMARY KEY (id));
    CREATE TABLE "Odd" ("select" TEXT, "from" TEXT);
    CREATE TABLE roles (member TEXT, org TEXT, role TEXT);
    INSERT INTO roles VALUES ('alice', 'a', 'admin'), ('alice', 'b', 'reader'), ('alice', NULL, 'nobody'),
        ('alice', '', 'nobody'), ('bob', 'b', 'admin');
    INSERT INTO authz_groups VALUES ('1', 'alice', 'admin'), ('2', 'alice', 'staff'), ('3', 'bob', 'staff'),
        ('4', 'username', 'literal');
    INSERT INTO authz_permissions VALUES ('1', 'alice', 'items:read'), ('2', 'bob', 'items:write');
    INSERT INTO "Odd" VALUES ('alice', 'owner'), ('alice', NULL), ('alice', 'owner'), ('alice', '');
"#;

/// A database in memory lives as long as its one connection.
async fn database() -> SqlitePool {
    let pool = SqlitePoolOptions::new().max_connections(1).connect("sqlite::memory:").await.unwrap();
    sqlx::raw_sql(SCHEMA).execute(&pool).await.unwrap();
    pool
}

fn grants(groups: &[&str], permissions: &[&str]) -> Entitlements {
    Entitlements::default().with_groups(groups.iter().copied()).with_permissions(permissions.iter().copied())
}

/// The entitlements that a verifier with this provider reports for a caller.
struct World {
    key: SigningKey,
    verifier: Verifier,
}

impl World {
    async fn new(grants: impl EntitlementsProvider) -> Self {
        let key = SigningKey::generate(Algorithm::ES256, "key");
        let mut builder = Verifier::builder().entitlements(grants);
        for issuer in [ISSUER, "https://other.example"] {
            let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{}]}}"#, key.jwk()));
            let issuer = Issuer::new(issuer, keys).audience(Audience::any_of(["api"]));
            builder = builder.issuer(issuer.claim_map(ClaimMap::default().tenant(["org_id"])));
        }
        Self { key, verifier: builder.build().await.unwrap() }
    }

    async fn ask(&self, issuer: &str, subject: &str, username: Option<&str>) -> Option<Entitlements> {
        self.ask_in(None, issuer, subject, username).await
    }

    async fn ask_in(
        &self,
        tenant: Option<&str>,
        issuer: &str,
        subject: &str,
        username: Option<&str>,
    ) -> Option<Entitlements> {
        let claims = serde_json::json!({
            "iss": issuer, "aud": "api", "sub": subject, "preferred_username": username.unwrap_or_default(),
            "exp": 4_000_000_000_u64, "org_id": tenant,
        });
        let token = self.key.sign(r#"{"alg":"ES256","kid":"key"}"#, claims.to_string());
        let token = self.verifier.verify(&token).await.unwrap();
        let granted = self.verifier.caller(&token).await.ok()?;
        let principal = granted.principal();
        let entitlements = Entitlements::default()
            .with_groups(principal.groups().iter())
            .with_roles(principal.roles().iter())
            .with_permissions(principal.permissions().iter());
        Some(entitlements)
    }
}

#[tokio::test]
async fn groups_and_permissions_are_read_from_the_tables_of_auth_middleware() {
    let provider = SqlEntitlements::sqlite(database().await, ISSUER);
    provider.check().await.unwrap();
    let world = World::new(provider).await;
    assert_eq!(world.ask(ISSUER, "alice", None).await, Some(grants(&["admin", "staff"], &["items:read"])));
    assert_eq!(world.ask(ISSUER, "bob", Some("alice")).await, Some(grants(&["staff"], &["items:write"])));
    for nobody in ["carol", "ALICE", "alice ", "%", "' OR '1'='1", "\" OR 1=1 --", "alice\0", "$1", "NULL"] {
        assert_eq!(world.ask(ISSUER, nobody, None).await, Some(Entitlements::default()), "{nobody:?}");
    }
    let other = "https://other.example";
    assert_eq!(world.ask(other, "alice", None).await, Some(Entitlements::default()), "another issuer's alice");
}

#[tokio::test]
async fn callers_are_found_by_username_where_that_is_set() {
    let world = World::new(SqlEntitlements::sqlite(database().await, ISSUER).by_username()).await;
    assert_eq!(world.ask(ISSUER, "7", Some("bob")).await, Some(grants(&["staff"], &["items:write"])));
    assert_eq!(world.ask(ISSUER, "alice", None).await, Some(Entitlements::default()));
}

/// One subject in several tenants of one issuer.
#[tokio::test]
async fn rows_of_one_tenant_do_not_count_in_another() {
    let table = EntitlementTable::new("roles", "member", "role").unwrap().tenant("org").unwrap();
    let provider = SqlEntitlements::sqlite(database().await, ISSUER).groups(None).permissions(None).roles(table);
    provider.check().await.unwrap();
    let world = World::new(provider).await;
    for (tenant, subject, roles) in [
        (Some("a"), "alice", &["admin"][..]),
        (Some("b"), "alice", &["reader"]),
        (Some("b"), "bob", &["admin"]),
        (Some("a"), "bob", &[]),
        (Some("A"), "alice", &[]),
        (Some(""), "alice", &[]),
        (Some("a\0"), "alice", &[]),
        (None, "alice", &[]),
    ] {
        let found = world.ask_in(tenant, ISSUER, subject, None).await.map(|grants| grants.roles);
        assert_eq!(found, Some(roles.iter().copied().collect()), "{subject} in {tenant:?}");
    }
    let table = EntitlementTable::new("roles", "member", "role").unwrap().tenant("tenant").unwrap();
    let provider = SqlEntitlements::sqlite(database().await, ISSUER).groups(None).permissions(None).roles(table);
    assert!(provider.check().await.is_err(), "no such column");
}

#[tokio::test]
async fn tables_and_columns_can_have_any_plain_name() {
    let odd = EntitlementTable::new("main.Odd", "select", "from").unwrap();
    let provider = SqlEntitlements::sqlite(database().await, ISSUER).roles(odd).groups(None).permissions(None);
    let expected = Entitlements::default().with_roles(["owner"]);
    assert_eq!(World::new(provider).await.ask(ISSUER, "alice", None).await, Some(expected));
}

#[tokio::test]
async fn a_name_that_is_not_there_is_an_error_and_never_a_text() {
    for (table, caller, grant) in [
        ("authz_groups", "user", "group"),
        ("authz_groups", "username", "role"),
        ("authz_roles", "username", "group"),
        ("other.authz_groups", "username", "group"),
    ] {
        let table = EntitlementTable::new(table, caller, grant).unwrap();
        let provider = SqlEntitlements::sqlite(database().await, ISSUER).groups(table);
        let error = provider.check().await.unwrap_err();
        assert!(error.to_string().starts_with("the database refused the query") && error.source().is_some());
        let world = World::new(provider).await;
        // Without the table's name, SQLite would read "user" as the string 'user'.
        for subject in ["alice", "user", "username"] {
            assert_eq!(world.ask(ISSUER, subject, None).await, None);
        }
    }
}

/// A table with this column of callers, and the entitlements of the caller `1` or `alice`.
async fn with_callers(column: &str) -> (SqlEntitlements, SqlitePool) {
    let pool = database().await;
    let schema = format!(
        "CREATE TABLE held (who {column}, what TEXT); CREATE INDEX held_by ON held (who);
         INSERT INTO held VALUES ('1', 'admin'), ('alice', 'admin'), ('1e2', 'staff'), ('9007199254740993', 'staff');"
    );
    sqlx::raw_sql(&schema).execute(&pool).await.unwrap();
    let table = EntitlementTable::new("held", "who", "what").unwrap();
    (SqlEntitlements::sqlite(pool.clone(), ISSUER).groups(table).permissions(None), pool)
}

const NOT_1_OR_ALICE: [&str; 16] = [
    "01",
    "1.0",
    " 1",
    "1 ",
    "+1",
    "1e0",
    "0x1",
    "１",
    "100",
    "9007199254740992",
    "ALICE",
    "Alice",
    "alice ",
    " alice",
    "alice\t",
    "1\0",
];

#[tokio::test]
async fn callers_are_told_apart_by_bytes_whatever_the_columns_collation() {
    for column in [
        "TEXT",
        "VARCHAR(500)",
        "TEXT COLLATE NOCASE",
        "TEXT COLLATE RTRIM",
        "VARCHAR(9) PRIMARY KEY COLLATE NOCASE",
        "BLOB",
        "",
        "COLLATE NOCASE",
    ] {
        let (provider, _) = with_callers(column).await;
        provider.check().await.unwrap();
        let world = World::new(provider).await;
        for caller in ["1", "alice"] {
            assert_eq!(world.ask(ISSUER, caller, None).await, Some(grants(&["admin"], &[])), "{caller} in {column}");
        }
        for other in NOT_1_OR_ALICE {
            assert_eq!(world.ask(ISSUER, other, None).await, Some(Entitlements::default()), "{other:?} in {column}");
        }
    }
}

#[tokio::test]
async fn a_column_of_numbers_is_refused_and_gives_nobody_anything() {
    for column in ["INTEGER", "BIGINT", "REAL", "DOUBLE", "NUMERIC", "DECIMAL(9)", "STRING", "INTEGER COLLATE NOCASE"] {
        let (provider, _) = with_callers(column).await;
        let error = provider.check().await.unwrap_err().to_string();
        assert!(error.starts_with("a column of callers or tenants does not hold text"), "{column}: {error}");
        let world = World::new(provider).await;
        for other in NOT_1_OR_ALICE.into_iter().chain(["1"]) {
            let held = world.ask(ISSUER, other, None).await;
            assert!(held.is_none_or(|held| held == Entitlements::default()), "{other:?} in {column}");
        }
    }
}

#[tokio::test]
async fn a_view_makes_text_of_numbers() {
    let (provider, pool) = with_callers("INTEGER").await;
    let view = "CREATE VIEW as_text AS SELECT CAST(who AS TEXT) AS who, what FROM held";
    sqlx::raw_sql(view).execute(&pool).await.unwrap();
    let provider = provider.groups(EntitlementTable::new("main.as_text", "who", "what").unwrap());
    provider.check().await.unwrap();
    let world = World::new(provider).await;
    assert_eq!(world.ask(ISSUER, "1", None).await, Some(grants(&["admin"], &[])));
    for other in NOT_1_OR_ALICE.into_iter().filter(|other| !["100", "9007199254740992"].contains(other)) {
        assert_eq!(world.ask(ISSUER, other, None).await, Some(Entitlements::default()), "{other:?}");
    }
}

#[tokio::test]
async fn names_of_grants_are_told_apart_by_bytes() {
    let pool = database().await;
    let schema = "CREATE TABLE held (who TEXT, what TEXT COLLATE NOCASE);
        INSERT INTO held VALUES ('alice', 'admin'), ('alice', 'Admin'), ('alice', 'admin'), ('alice', 'staff ')";
    sqlx::raw_sql(schema).execute(&pool).await.unwrap();
    let table = EntitlementTable::new("held", "who", "what").unwrap();
    let world = World::new(SqlEntitlements::sqlite(pool, ISSUER).groups(table).permissions(None).max_rows(3)).await;
    assert_eq!(world.ask(ISSUER, "alice", None).await, Some(grants(&["admin", "Admin", "staff "], &[])));
}

#[tokio::test]
async fn callers_are_found_by_the_index() {
    for column in ["TEXT", "TEXT COLLATE NOCASE"] {
        let (_, pool) = with_callers(column).await;
        let plan = "EXPLAIN QUERY PLAN SELECT what FROM held WHERE who = $1 AND CAST(who AS TEXT) = $1 COLLATE BINARY";
        let plan: (i64, i64, i64, String) = sqlx::query_as(plan).bind("alice").fetch_one(&pool).await.unwrap();
        assert!(plan.3.contains("USING INDEX held_by (who=?)"), "{column}: {}", plan.3);
    }
}

#[tokio::test]
async fn a_caller_with_too_many_grants_gets_no_verdict() {
    let pool = database().await;
    for (caller, count) in [("crowd", 100_000), ("full", 1_000)] {
        let query = "WITH RECURSIVE many(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM many WHERE number < $2)
            INSERT INTO authz_groups SELECT $1 || number, $1, 'group ' || number FROM many";
        sqlx::query(query).bind(caller).bind(count).execute(&pool).await.unwrap();
    }
    let provider = SqlEntitlements::sqlite(pool, ISSUER);
    let world = World::new(provider.clone()).await;
    assert_eq!(world.ask(ISSUER, "crowd", None).await, None);
    assert_eq!(world.ask(ISSUER, "full", None).await.map(|grants| grants.groups.len()), Some(1_000));
    let world = World::new(provider.max_rows(1)).await;
    assert_eq!(world.ask(ISSUER, "alice", None).await, None);
    assert_eq!(world.ask(ISSUER, "bob", None).await.map(|grants| grants.groups.len()), Some(1));
}

#[tokio::test]
async fn a_database_that_went_away_is_no_verdict() {
    let pool = database().await;
    let world = World::new(SqlEntitlements::sqlite(pool.clone(), ISSUER)).await;
    pool.close().await;
    assert_eq!(world.ask(ISSUER, "alice", None).await, None);
}
