//! What a guard costs once the caller is verified.
//!
//! Run with `cargo bench -p countersign-bench --bench guards`.

use countersign_bench::{Contender, compare, head};
use countersign_core::Algorithm;
use countersign_core::{
    All, AllOf, Any, Audience, Groups, Issuer, IssuerKeys, Principal, Requirement, Scopes, Select, VerifiedToken,
    Verifier,
};
use countersign_testing::SigningKey;
use serde_json::json;
use std::hint::black_box;

countersign_core::scopes! { First = "scope:00"; Tenth = "scope:10"; Last = "scope:19"; }
countersign_core::groups! { Staff = "staff"; }

const ROUNDS: usize = 101;

fn main() {
    let token = token_with_twenty_scopes();
    let principal = token.principal();
    assert_eq!(principal.scopes().len(), 20);
    println!("A verified caller with twenty scopes and three groups.\n");
    head("one scope");
    compare(
        "guard",
        ROUNDS,
        vec![
            check::<Select<Scopes, First>>("one scope, the first of twenty", principal),
            check::<Select<Scopes, All, (First, Tenth, Last)>>("all of three scopes of twenty", principal),
            check::<Select<Scopes, Any, (Last, Tenth, First)>>("any of three scopes of twenty", principal),
            check::<AllOf<(Select<Groups, Staff>, Select<Scopes, Last>)>>("a group and a scope", principal),
        ],
    );
}

fn check<'a, R: Requirement>(name: &str, principal: &'a Principal) -> Contender<'a> {
    // A thousand at once, since one is about as short as a look at the clock.
    Contender::new(format!("{name} (x 1000)"), move || {
        for _ in 0..1_000 {
            assert!(R::check(black_box(principal)));
        }
    })
}

fn token_with_twenty_scopes() -> VerifiedToken {
    let key = SigningKey::generate(Algorithm::EdDSA, "k");
    let scopes: Vec<String> = (0..20).map(|number| format!("scope:{number:02}")).collect();
    let claims = json!({
        "iss": "https://idp.example.com", "aud": "api", "sub": "alice", "exp": 4_000_000_000_u64,
        "scope": scopes.join(" "), "groups": ["admin", "manager", "staff"],
    });
    let token = key.sign(r#"{"alg":"EdDSA","kid":"k"}"#, claims.to_string());
    let keys = IssuerKeys::jwks(json!({ "keys": [key.jwk()] }).to_string());
    let issuer = Issuer::new("https://idp.example.com", keys).audience(Audience::any_of(["api"]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let verifier = Verifier::builder().issuer(issuer).build().await.expect("a verifier");
        verifier.verify(&token).await.expect("the token is good")
    })
}
