//! Several providers: the rules and claims types of a token are those of its issuer.

use axum::Router;
use axum::routing::get;
use countersign::keys::Algorithm;
use countersign::providers::{Auth0, Cognito, Entra, Oidc};
use countersign::{CurrentUser, Principal, Verifier};
use countersign_testing::{SigningKey, TestIssuer};
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct StaffClaims {
    department: String,
}

#[derive(Deserialize)]
struct PartnerClaims {
    company: String,
}

countersign::claims_by_issuer! {
    /// The caller.
    enum Caller from Issuers {
        Staff(StaffClaims) from staff,
        Partner(PartnerClaims) from partner,
    }
}

async fn who(principal: Principal, CurrentUser(caller): CurrentUser<Caller>) -> String {
    match &*caller {
        Caller::Staff(claims) => format!("{} of {}", principal.subject(), claims.department),
        Caller::Partner(claims) => {
            format!("{} from {} by {}", principal.subject(), claims.company, principal.issuer_name())
        }
    }
}

#[tokio::test]
async fn claims_are_read_by_the_issuer_that_made_them() {
    let [ours, theirs, others] =
        [TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap(), TestIssuer::start().await.unwrap()];
    let provider = |issuer: &TestIssuer| Oidc::issuer(issuer.url()).audience("api");
    let issuers = Issuers { staff: provider(&ours), partner: provider(&theirs) };
    let url = serve(Verifier::builder_for(issuers).build().await.unwrap()).await;

    let staff = ours.token("alice").audience("api").claim("department", "legal");
    let partner = theirs.token("bob").audience("api").claim("company", "ACME");
    for (token, expected) in [
        (staff.clone().mint(), (200, "alice of legal")),
        (partner.clone().mint(), (200, "bob from ACME by partner")),
        // Claims of one issuer do not fit the other issuer.
        (ours.token("alice").audience("api").claim("company", "ACME").mint(), (401, "")),
        (theirs.token("bob").audience("api").claim("department", "legal").mint(), (401, "")),
        // A token with the name of one issuer, signed by the key of the other.
        (partner.claim("iss", ours.url()).mint(), (401, "")),
        (others.token("eve").audience("api").claim("department", "legal").mint(), (401, "")),
    ] {
        let response = reqwest::Client::new().get(&url).bearer_auth(&token).send().await.unwrap();
        let (status, body) = (response.status().as_u16(), response.text().await.unwrap());
        assert_eq!((status, if status == 200 { &*body } else { "" }), expected);
    }
    let verifier = Verifier::builder().issuer(provider(&ours)).build().await.unwrap();
    let token = verifier.verify(&staff.mint()).await.unwrap();
    assert!(token.claims::<Caller>().is_err(), "a verifier that was not built for these issuers");
}

#[tokio::test]
async fn presets_stand_side_by_side_and_share_no_key() {
    let keys: Vec<SigningKey> =
        ["auth0", "cognito", "entra"].map(|kid| SigningKey::generate(Algorithm::RS256, kid)).into();
    let jwks = |index: usize| json!({ "keys": [keys[index].jwk()] }).to_string();
    let tenant = "11111111-2222-3333-4444-555555555555";
    let verifier = Verifier::builder()
        .issuer(Auth0::domain("acme.eu.auth0.com").audience("api").jwks(jwks(0)))
        .issuer(Cognito::user_pool("eu-west-1", "eu-west-1_abc").client_id("app").jwks(jwks(1)).named("customers"))
        .issuer(Entra::tenant(tenant).audience("api").jwks(jwks(2)))
        .build()
        .await
        .unwrap();
    let expires = 4_000_000_000_u64;
    let tokens = [
        json!({ "iss": "https://acme.eu.auth0.com/", "azp": "spa", "sub": "a", "aud": "api", "exp": expires }),
        json!({ "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_abc", "sub": "a", "client_id": "app", "token_use": "access", "exp": expires }),
        json!({ "iss": format!("https://sts.windows.net/{tenant}/"), "tid": tenant, "ver": "1.0", "appid": "spa", "sub": "a", "aud": "api", "exp": expires }),
    ];
    for (index, claims) in tokens.iter().enumerate() {
        for key in &keys {
            let header = json!({ "alg": "RS256", "kid": key.kid() });
            let verdict = verifier.verify(&key.sign(header.to_string(), claims.to_string())).await;
            assert_eq!(verdict.is_ok(), key.kid() == keys[index].kid(), "{claims} under {}: {verdict:?}", key.kid());
            if let Ok(token) = verdict {
                let names = [
                    "https://acme.eu.auth0.com/",
                    "customers",
                    &format!("https://login.microsoftonline.com/{tenant}/v2.0"),
                ];
                assert_eq!(token.principal().issuer_name(), names[index]);
            }
        }
    }
}

async fn serve(verifier: Verifier) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/who", listener.local_addr().unwrap());
    let app = Router::new().route("/who", get(who)).with_state(verifier);
    tokio::spawn(async move { axum::serve(listener, app).await });
    url
}
