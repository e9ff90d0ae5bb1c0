//! Entitlements from a real PostgreSQL with auth-middleware's tables, tested over HTTP.

use crate::postgres::Postgres;
use crate::report::Report;
use crate::resource_server::http_client;
use crate::{API, Result, verdict};
use axum::Router;
use axum::routing::get;
use countersign::clock::{Clock, ManualClock};
use countersign::entitlements::{EntitlementTable, SqlEntitlements};
use countersign::providers::Oidc;
use countersign::verified::NameSet;
use countersign::{GuardExt, Principal, RequireGroups, RequirePermissions, Verifier};
use countersign_testing::TestIssuer;
use reqwest::Client;
use sqlx::PgPool;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;

const NAME: &str = "PostgreSQL";
const REFUSED: &str = "403 insufficient_scope";
const NO_VERDICT: &str = "503 with the challenge \"\"";

/// More time than a query on a busy machine and the attempts to connect to a stopped database take.
const GRANTS_DEADLINE: Duration = Duration::from_secs(15);

countersign::groups! { Admin = "admin"; }
countersign::permissions! { ReadItems = "items:read"; }

/// The tables that SQLAlchemy creates for `GroupsModel` and `PermissionsModel` of auth-middleware 0.6.2, and a table of roles.
const SCHEMA: &str = r#"
    CREATE TABLE authz_groups (
        id VARCHAR(27) NOT NULL, username VARCHAR(500) NOT NULL, "group" VARCHAR(100) NOT NULL, PRIMARY KEY (id));
    CREATE TABLE authz_permissions (
        id VARCHAR(27) NOT NULL, username VARCHAR(500) NOT NULL, permission VARCHAR(100) NOT NULL, PRIMARY KEY (id));
    CREATE SCHEMA "Core" CREATE TABLE "Roles" ("user" TEXT, "select" TEXT);
    INSERT INTO authz_groups VALUES ('1', 'alice', 'admin'), ('2', 'alice', 'staff'), ('3', 'bob', 'staff'),
        ('4', 'dora', 'admin'), ('5', 'erin', 'admin'), ('6', 'fred', 'admin'), ('7', 'gina', 'admin');
    INSERT INTO authz_groups SELECT 'x' || number, 'crowd', 'group ' || number FROM generate_series(1, 100000) number;
    INSERT INTO authz_permissions VALUES ('1', 'alice', 'items:read');
    INSERT INTO "Core"."Roles" VALUES ('alice', 'owner'), ('alice', NULL);
"#;

pub(crate) async fn check(report: &mut Report) -> Result {
    let mut postgres = Postgres::start().await?;
    let pool = postgres.pool();
    sqlx::raw_sql(SCHEMA).execute(&pool).await?;
    let world = World::new(|issuer| {
        Ok(SqlEntitlements::postgres(pool.clone(), issuer).roles(EntitlementTable::new(
            "Core.Roles",
            "user",
            "select",
        )?))
    })
    .await?;

    for (path, subject, expected) in [
        ("/admin", "alice", "200"),
        ("/layer/admin", "alice", "200"),
        ("/permission", "alice", "200"),
        ("/whoami", "alice", r#"200 {"admin", "staff"} {"owner"} {"items:read"}"#),
        ("/admin", "bob", REFUSED),
        ("/layer/admin", "bob", REFUSED),
        ("/permission", "bob", REFUSED),
        ("/admin", "nobody", REFUSED),
        ("/admin", "' OR '1'='1", REFUSED),
        ("/admin", "alice\0", REFUSED),
        ("/admin", "crowd", NO_VERDICT),
    ] {
        report.check(NAME, format!("{subject:?} at {path}"), expected, world.ask(path, subject).await);
    }

    sqlx::query("DELETE FROM authz_groups WHERE username = $1").bind("alice").execute(&pool).await?;
    report.check(NAME, "\"alice\", who lost it just now", "200", world.ask("/admin", "alice").await);
    world.pass(Duration::from_secs(60));
    report.check(NAME, "\"alice\", who lost it a minute ago", REFUSED, world.ask("/admin", "alice").await);

    columns(report, &pool).await?;

    let mut lock = pool.begin().await?;
    sqlx::raw_sql("LOCK TABLE authz_groups IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await?;
    report.check(NAME, "\"erin\", the table locked", NO_VERDICT, world.ask("/admin", "erin").await);
    lock.rollback().await?;
    report.check(NAME, "\"erin\", and open again", "200", world.ask("/admin", "erin").await);

    postgres.kill();
    report.check(NAME, "\"erin\", the server down", "200", world.ask("/admin", "erin").await);
    report.check(NAME, "\"fred\", the server down", NO_VERDICT, world.ask("/admin", "fred").await);
    postgres.resume().await?;
    report.check(NAME, "\"fred\", the server up again", "200", world.ask("/admin", "fred").await);

    sqlx::raw_sql("ALTER TABLE authz_groups RENAME COLUMN username TO name").execute(&postgres.pool()).await?;
    report.check(NAME, "\"gina\", the column gone", NO_VERDICT, world.ask("/admin", "gina").await);
    Ok(())
}

/// Columns with other comparisons than by bytes, for callers and for entitlements.
async fn columns(report: &mut Report, pool: &PgPool) -> Result {
    const TYPES: &str = "CREATE EXTENSION citext;
        CREATE COLLATION fold (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
        CREATE DOMAIN subject AS TEXT; CREATE DOMAIN code AS CHAR(9);";
    sqlx::raw_sql(TYPES).execute(pool).await?;
    let texts = ["TEXT", "VARCHAR(500)", "CITEXT", "TEXT COLLATE fold", "subject", "subject COLLATE fold"];
    for (index, column) in texts.into_iter().enumerate() {
        let table = format!("texts_{index}");
        let schema = format!(
            "CREATE TABLE {table} (who {column}, what {column}); CREATE INDEX ON {table} (who);
             INSERT INTO {table} VALUES ('alice', 'admin'), ('alice', 'Admin'), ('1', 'admin');"
        );
        sqlx::raw_sql(&schema).execute(pool).await?;
        let held = EntitlementTable::new(&table, "who", "what")?;
        let world = World::new(|issuer| {
            Ok(SqlEntitlements::postgres(pool.clone(), issuer).groups(held).permissions(None).max_rows(2))
        })
        .await?;
        for (subject, expected) in [("alice", "200"), ("1", "200")] {
            report.check(NAME, format!("{subject:?} of {column}"), expected, world.ask("/admin", subject).await);
        }
        for subject in ["ALICE", "alice ", "àlice", "alicе", "01", "1.0", " 1", "١"] {
            report.check(NAME, format!("{subject:?} of {column}"), REFUSED, world.ask("/admin", subject).await);
        }
        let both = r#"200 {"Admin", "admin"} {} {}"#;
        let found = world.ask("/whoami", "alice").await.map(|found| {
            // In any order.
            found.replace(r#"{"admin", "Admin"}"#, r#"{"Admin", "admin"}"#)
        });
        report.check(NAME, format!("the groups of \"alice\" of {column}"), both, found);
    }

    for (index, (callers, grants)) in [
        ("CHAR(9)", "TEXT"),
        ("code", "TEXT"),
        ("NAME", "TEXT"),
        ("INTEGER", "TEXT"),
        ("NUMERIC", "TEXT"),
        ("DOUBLE PRECISION", "TEXT"),
        ("TEXT", "CHAR(9)"),
        ("TEXT", "INTEGER"),
    ]
    .into_iter()
    .enumerate()
    {
        let table = format!("others_{index}");
        let schema = format!(
            "CREATE TABLE {table} (who {callers}, what {grants}); INSERT INTO {table} VALUES ('1', '1'), ('2', NULL);"
        );
        sqlx::raw_sql(&schema).execute(pool).await?;
        let held = EntitlementTable::new(&table, "who", "what")?;
        let provider = SqlEntitlements::postgres(pool.clone(), "https://idp.example").groups(held).permissions(None);
        let verdict = provider.check().await.map_or("refused", |()| "accepted").to_owned();
        report.check(NAME, format!("callers of {callers}, grants of {grants}"), "refused", Ok(verdict));
    }
    Ok(())
}

/// An app whose verifier uses this database.
struct World {
    issuer: TestIssuer,
    clock: Arc<ManualClock>,
    base: String,
    http: Client,
}

impl World {
    /// Creates entitlements for the issuer with this URL.
    async fn new(grants: impl FnOnce(&str) -> Result<SqlEntitlements>) -> Result<Self> {
        let issuer = TestIssuer::start().await?;
        let clock = Arc::new(ManualClock::at(SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs()));
        let grants = grants(issuer.url())?;
        grants.check().await?;
        let provider = Oidc::issuer(issuer.url()).audience(API);
        let verifier = Verifier::builder().issuer(provider).clock(clock.clone()).entitlements(grants);
        let verifier = verifier.entitlements_deadline(GRANTS_DEADLINE).build().await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let base = format!("http://{}", listener.local_addr()?);
        tokio::spawn(axum::serve(listener, app(verifier)).into_future());
        Ok(World { issuer, clock, base, http: http_client()? })
    }

    async fn ask(&self, path: &str, subject: &str) -> Result<String> {
        let token = self.issuer.token(subject).audience(API).mint();
        verdict::answered(self.http.get(format!("{}{path}", self.base)).bearer_auth(token).send().await?).await
    }

    fn pass(&self, time: Duration) {
        self.clock.set((self.clock.now() + time).as_secs());
    }
}

fn app(verifier: Verifier) -> Router {
    let layer = Router::new().route("/admin", get(async || ())).guard::<RequireGroups<Admin>>(&verifier);
    Router::new()
        .nest("/layer", layer)
        .route("/admin", get(async |_: RequireGroups<Admin>| ()))
        .route("/permission", get(async |_: RequirePermissions<ReadItems>| ()))
        .route("/whoami", get(whoami))
        .with_state(verifier)
}

/// The subject, as in the table of verdicts.
async fn whoami(caller: Principal) -> axum::Json<serde_json::Value> {
    let listed = |names: &NameSet| {
        let names: Vec<String> = names.iter().map(|name| format!("{name:?}")).collect();
        format!("{{{}}}", names.join(", "))
    };
    let grants = [caller.groups(), caller.roles(), caller.permissions()].map(listed).join(" ");
    axum::Json(serde_json::json!({ "subject": grants }))
}
