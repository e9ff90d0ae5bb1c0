//! The cost of a guard for a verified caller.
//!
//! Run it with `cargo bench -p countersign-bench --bench guards`.

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
countersign_core::scopes! { S00 = "scope:00"; S01 = "scope:01"; S02 = "scope:02"; S03 = "scope:03"; S04 = "scope:04"; S05 = "scope:05"; S06 = "scope:06"; S07 = "scope:07"; S08 = "scope:08"; S09 = "scope:09"; S10 = "scope:10"; S11 = "scope:11"; S12 = "scope:12"; S13 = "scope:13"; S14 = "scope:14"; S15 = "scope:15"; S16 = "scope:16"; S17 = "scope:17"; S18 = "scope:18"; S19 = "scope:19"; }
countersign_core::groups! { Staff = "staff"; }

type FirstTen = (S00, S01, S02, S03, S04, S05, S06, S07, S08, S09);
type LastTen = (S10, S11, S12, S13, S14, S15, S16, S17, S18, S19);

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
            check::<AllOf<(Select<Scopes, All, FirstTen>, Select<Scopes, All, LastTen>)>>(
                "all twenty scopes",
                principal,
            ),
            check::<Select<Scopes, Any, (Last, Tenth, First)>>("any of three scopes of twenty", principal),
            check::<AllOf<(Select<Groups, Staff>, Select<Scopes, Last>)>>("a group and a scope", principal),
        ],
    );
}

fn check<'a, R: Requirement>(name: &str, principal: &'a Principal) -> Contender<'a> {
    // A thousand checks per run, since one check takes about as long as reading the clock.
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
