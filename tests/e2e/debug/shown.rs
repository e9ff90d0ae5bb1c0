//! Printed values of the public types that contain secrets.

use crate::SECRET;
use crate::filled::filled;
use axum::Router;
use axum::http::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use axum::routing::any;
use countersign::clock::UnixTime;
use countersign::entitlements::{CallerId, Entitlements, EntitlementsError, SqlEntitlements};
use countersign::keys::IssuerKeys;
use countersign::layer::AuthenticatedLayer;
use countersign::policy::{Audience, ClaimRule, Issuer, TokenKind};
use countersign::providers::{
    Auth0, Auth0Claims, AuthentikClaims, AzureB2cClaims, ClerkActor, ClerkClaims, ClerkOrganization,
    CloudflareAccessClaims, CognitoClaims, DescopeClaims, EntraClaims, Firebase, FirebaseClaims, FirebaseSignIn,
    FusionAuthClaims, GithubActionsClaims, GoogleClaims, GoogleIapAccess, GoogleIapClaims, KeycloakClaims,
    KeycloakRoles, KindeClaims, KubernetesBinding, KubernetesClaims, KubernetesObject, Oidc, OidcClaims, OktaClaims,
    Ory, OryClaims, SupabaseClaims, WorkOsClaims, ZitadelClaims,
};
use countersign::revocation::{RevocationList, RevokedTokens};
use countersign::verified::{Claims, NameSet};
use countersign::ws::{AuthenticatedUpgrade, BrowserUpgrade, BrowserUpgradeRejection, UpgradeRejection};
use countersign::{
    AnyOf, CurrentUser, Principal, Rejection, Require, Scope, Source, Verifier, VerifierFor, authenticated,
};
use countersign_core::{FetchedJwks, Jwks};
use countersign_providers::Environment;
use countersign_testing::TestIssuer;
use serde::de::DeserializeOwned;
use sqlx::SqlitePool;
use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

countersign::scopes! { Read = "read"; Write = "write"; }

/// A tenant's id, which must not be printed.
pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";

/// The name of a type and its `Debug` text.
type Printed = Vec<(&'static str, String)>;

pub(crate) async fn all() -> Printed {
    let mut printed = claims();
    printed.extend(configuration().await);
    printed.extend(requests().await);
    printed
}

fn line<T: Debug>(name: &'static str, value: T) -> (&'static str, String) {
    // Both forms, on one line.
    (name, format!("{value:?} {value:#?}"))
}

fn claims() -> Printed {
    fn of<T: DeserializeOwned + Debug>(name: &'static str) -> (&'static str, String) {
        line(name, filled::<T>())
    }
    vec![
        of::<Auth0Claims>("Auth0Claims"),
        of::<AuthentikClaims>("AuthentikClaims"),
        of::<AzureB2cClaims>("AzureB2cClaims"),
        of::<ClerkActor>("ClerkActor"),
        of::<ClerkClaims>("ClerkClaims"),
        of::<ClerkOrganization>("ClerkOrganization"),
        of::<CloudflareAccessClaims>("CloudflareAccessClaims"),
        of::<CognitoClaims>("CognitoClaims"),
        of::<DescopeClaims>("DescopeClaims"),
        of::<EntraClaims>("EntraClaims"),
        of::<FirebaseClaims>("FirebaseClaims"),
        of::<FirebaseSignIn>("FirebaseSignIn"),
        of::<FusionAuthClaims>("FusionAuthClaims"),
        of::<GithubActionsClaims>("GithubActionsClaims"),
        of::<GoogleClaims>("GoogleClaims"),
        of::<GoogleIapAccess>("GoogleIapAccess"),
        of::<GoogleIapClaims>("GoogleIapClaims"),
        of::<KeycloakClaims>("KeycloakClaims"),
        of::<KeycloakRoles>("KeycloakRoles"),
        of::<KindeClaims>("KindeClaims"),
        of::<KubernetesBinding>("KubernetesBinding"),
        of::<KubernetesClaims>("KubernetesClaims"),
        of::<KubernetesObject>("KubernetesObject"),
        of::<OidcClaims>("OidcClaims"),
        of::<OktaClaims>("OktaClaims"),
        of::<OryClaims>("OryClaims"),
        of::<SupabaseClaims>("SupabaseClaims"),
        of::<WorkOsClaims>("WorkOsClaims"),
        of::<ZitadelClaims>("ZitadelClaims"),
        line("Claims", serde_json::from_value::<Claims>(serde_json::json!({ "sub": SECRET })).unwrap()),
        line("NameSet", NameSet::from_iter([SECRET])),
        line("Entitlements", grants()),
    ]
}

fn grants() -> Entitlements {
    Entitlements::default().with_groups([SECRET]).with_roles([SECRET]).with_permissions([SECRET])
}

async fn configuration() -> Printed {
    let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static(SECRET))]);
    let client = reqwest::Client::builder().default_headers(headers).build().unwrap();
    let oidc = || {
        Oidc::issuer("https://idp.example")
            .audience("api")
            .http_client(client.clone())
            .rule(ClaimRule::is("nonce", SECRET))
            .jwks_url(format!("https://idp.example/keys?key={SECRET}"))
    };
    let auth0 = Auth0::domain("acme.eu.auth0.com").audience("api").client_id("app").nonce(SECRET).id_tokens();
    let ory = Ory::issuer("https://idp.example").tokenized_sessions(format!("https://keys.example/?key={SECRET}"));
    let kind = TokenKind::access().require_value("nonce", SECRET);
    let private = format!(r#"{{"keys":[{{"kty":"oct","k":"{SECRET}"}}]}}"#);
    let issuer = Issuer::new("https://idp.example", IssuerKeys::jwks(&private))
        .kind(kind.clone())
        .rule(ClaimRule::begins_with("sid", SECRET));
    let pool = SqlitePool::connect_lazy(&format!("sqlite://{SECRET}.db")).unwrap();
    let environment = |_: &str| Some(SECRET.to_owned());
    vec![
        line("Provider", (oidc(), auth0.clone(), ory.clone())),
        line("DangerousProvider", Firebase::project("demo").danger()),
        line("Auth0", auth0),
        line("Ory", ory),
        line(
            "ClaimRule",
            (ClaimRule::is("nonce", SECRET), ClaimRule::one_of("a", [SECRET]), ClaimRule::is_not("a", SECRET)),
        ),
        line("TokenKind", kind),
        line("Jwks", Jwks::from(&private)),
        line("IssuerKeys", (IssuerKeys::jwks(&private), IssuerKeys::pem(&private))),
        line("DangerousIssuer", issuer.clone().danger()),
        line("VerifierBuilder", Verifier::builder().issuer(oidc()).issuer(issuer.clone())),
        line("Issuer", issuer),
        line("FetchedJwks", FetchedJwks::jwks(private)),
        line("SqlEntitlements", SqlEntitlements::sqlite(pool, "https://idp.example")),
        line("EntitlementsError", EntitlementsError::new("no answer", SECRET)),
        line("Environment", Environment::new(&environment)),
    ]
}

/// The `Debug` texts of handlers and rejections, for tokens with the secret in every claim.
async fn requests() -> Printed {
    let issuer = TestIssuer::start().await.unwrap();
    // One of many tenants, whose name is part of the issuer's.
    let mut jwks: serde_json::Value = serde_json::from_str(&issuer.jwks()).unwrap();
    for key in jwks["keys"].as_array_mut().unwrap() {
        key["issuer"] = "https://idp.example/{tenantid}".into();
    }
    let keys = IssuerKeys::jwks(jwks.to_string());
    let tenants = Issuer::new("https://idp.example/{tenantid}", keys)
        .for_any_tenant(countersign_core::TenantTemplate { placeholder: "{tenantid}", claim: "tid" });
    let seen: Arc<Mutex<Printed>> = Arc::default();
    let note = {
        let seen = Arc::clone(&seen);
        move |name: &'static str, printed: String| seen.lock().unwrap().push((name, printed))
    };
    let list = Arc::new(RevocationList::default());
    let key_note = note.clone();
    let look_up = move |key: CallerId| {
        key_note("CallerId", line("", key).1);
        async { Ok::<_, EntitlementsError>(grants()) }
    };
    let verifier = Verifier::builder()
        .issuer(tenants.audience(Audience::any_of(["api"])))
        .entitlements(look_up)
        .sources([Source::authorization(), Source::websocket_protocol()])
        .build()
        .await
        .unwrap();
    let token = issuer.token(SECRET).audience("api").scopes(["read", SECRET]).groups([SECRET]).roles([SECRET]);
    let token = token.permissions([SECRET]).claim("preferred_username", SECRET).claim("email", SECRET);
    let token = token.claim("jti", SECRET).claim("sid", SECRET).claim("tid", TENANT);
    let token = token.claim("iss", format!("https://idp.example/{TENANT}")).mint();

    let verified = verifier.verify(&token).await.unwrap();
    let granted = verifier.caller(&verified).await.unwrap();
    let _ = list.revoke(&verified);
    list.revoke_all(RevokedTokens::Id { issuer: issuer.url(), jti: SECRET }, UnixTime::MAX).unwrap();
    list.revoke_all(RevokedTokens::Session { issuer: issuer.url(), sid: SECRET }, UnixTime::MAX).unwrap();
    list.revoke_all(
        RevokedTokens::Subject { issuer: issuer.url(), subject: SECRET, issued_until: UnixTime::from_secs(1) },
        UnixTime::MAX,
    )
    .unwrap();
    let layer: AuthenticatedLayer = authenticated(&verifier);
    for (name, printed) in [
        line("VerifiedToken", verified),
        line("Caller", granted),
        line("RevocationList", list),
        line("Verifier", &verifier),
        line("VerifierFor", VerifierFor::<()>::new(verifier.clone())),
        line("AuthenticatedLayer", layer),
    ] {
        note(name, printed);
    }
    handlers(verifier, note, &token).await;
    Arc::try_unwrap(seen).map_or_else(|seen| seen.lock().unwrap().clone(), |seen| seen.into_inner().unwrap())
}

async fn handlers(
    verifier: Verifier,
    note: impl Fn(&'static str, String) + Clone + Send + Sync + 'static,
    token: &str,
) {
    let of = |name: &'static str| {
        let note = note.clone();
        move |printed: String| note(name, printed)
    };
    let (user, principal, require) = (of("CurrentUser"), of("Principal"), of("Require"));
    let (refused, lacking, kinds) = (of("Rejection"), of("Rejection"), note.clone());
    let lacks = note.clone();
    let (upgrade, browser, socket) = (of("AuthenticatedUpgrade"), of("BrowserUpgrade"), of("AuthenticatedSocket"));
    let (no_upgrade, no_browser) = (of("UpgradeRejection"), of("BrowserUpgradeRejection"));
    let app = Router::new()
        .route("/user", any(async move |it: CurrentUser| user(line("", it).1)))
        .route("/principal", any(async move |it: Principal| principal(line("", it).1)))
        .route("/require", any(async move |it: Require<AnyOf<(Scope<Read>,)>>| require(line("", it).1)))
        .route(
            "/refused",
            any(async move |it: Result<CurrentUser, Rejection>| {
                let rejection = it.unwrap_err();
                refused(line("", &rejection).1);
                kinds("RejectionKind", line("", rejection.kind()).1);
            }),
        )
        .route(
            "/lacking",
            any(async move |it: Result<Require<AnyOf<(Scope<Write>,)>>, Rejection>| {
                let rejection = it.unwrap_err();
                lacking(line("", &rejection).1);
                lacks("RejectionKind", line("", rejection.kind()).1);
            }),
        )
        .route(
            "/upgrade",
            any(async move |it: AuthenticatedUpgrade| {
                upgrade(line("", &it).1);
                it.on_upgrade(async move |it, _| socket(line("", it).1))
            }),
        )
        .route("/browser", any(async move |it: BrowserUpgrade| browser(line("", it).1)))
        .route(
            "/no-upgrade",
            any(async move |it: Result<AuthenticatedUpgrade, UpgradeRejection>| {
                no_upgrade(line("", it.unwrap_err()).1);
            }),
        )
        .route(
            "/no-browser",
            any(async move |it: Result<BrowserUpgrade, BrowserUpgradeRejection>| {
                no_browser(line("", it.unwrap_err()).1);
            }),
        )
        .with_state(verifier);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, app).await });
    let http = reqwest::Client::new();
    let request = |path: &str| http.get(format!("http://{at}{path}"));
    for (path, authorization) in [
        ("/user", format!("Bearer {token}")),
        ("/principal", format!("Bearer {token}")),
        ("/require", format!("Bearer {token}")),
        ("/refused", String::new()),
        ("/refused", format!("Bearer {SECRET} {SECRET}")),
        ("/refused", format!("Bearer {token}{SECRET}")),
        ("/lacking", format!("Bearer {token}")),
        ("/no-upgrade", format!("Bearer {token}")),
        ("/no-browser", format!("Bearer {token}")),
    ] {
        request(path).header(AUTHORIZATION, authorization).send().await.unwrap();
    }
    for path in ["/upgrade", "/browser"] {
        let mut request = format!("ws://{at}{path}").into_client_request().unwrap();
        let offered = HeaderValue::from_str(&format!("bearer, {token}")).unwrap();
        request.headers_mut().insert("sec-websocket-protocol", offered);
        // The second request is not an upgrade.
        drop(connect_async(request).await);
    }
    server.abort();
}
