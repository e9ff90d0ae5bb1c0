//! Invariant 7: enforcement, document, challenge and matrix agree, since all come from one type.
//!
//! Each run tests 10 000 pairs of a requirement type and a random caller. There are some 900 types, nested up to three
//! levels. HTTP requests show the enforcement. A small evaluator in this file, which shares no code with the crates,
//! interprets document and matrix. `COUNTERSIGN_SEED=7 cargo test` repeats a run.

use axum::Router;
use axum::body::Body;
use axum::http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use axum::http::{Request, StatusCode};
use countersign::keys::Algorithm;
use countersign::providers::Oidc;
use countersign::{
    AllOf, AnyOf, Authenticated, Group, GuardExt, GuardedRouter, Permission, Requirement, Role, Scope, Verifier, routes,
};
use countersign_testing::TestIssuer;
use serde_json::Value;
use std::collections::BTreeMap;
use tower::ServiceExt;

countersign::scopes! { Read = "read"; Write = "write" implies Read; Audit = "audit"; }
countersign::groups! { Admin = "admin"; Staff = "staff"; }
countersign::roles! { Author = "author"; }
countersign::permissions! { Publish = "publish"; }

const CASES: usize = 10_000;
const KINDS: [(&str, &[&str]); 4] = [
    ("scope", &["read", "write", "audit", "other"]),
    ("group", &["admin", "staff", "read"]),
    ("role", &["author", "admin"]),
    ("permission", &["publish"]),
];

#[utoipa::path(get, path = "/x")]
async fn reached() {}

/// A router with one route for each requirement type, `/0/x`, `/1/x` and so on.
struct Routes<'a> {
    router: GuardedRouter,
    verifier: &'a Verifier,
    count: usize,
}

impl Routes<'_> {
    fn add<R: Requirement>(&mut self) {
        let route = GuardedRouter::new().routes(routes!(reached).guard::<R>(self.verifier));
        self.router = std::mem::take(&mut self.router).nest(&format!("/{}", self.count), route);
        self.count += 1;
    }

    fn add_all(&mut self) {
        self.add::<Authenticated>();
        self.with_leaf::<Scope<Read>>();
        self.with_leaf::<Scope<Write>>();
        self.with_leaf::<Scope<Audit>>();
        self.with_leaf::<Group<Admin>>();
        self.with_leaf::<Group<Staff>>();
        self.with_leaf::<Role<Author>>();
        self.with_leaf::<Permission<Publish>>();
    }

    fn with_leaf<A: Requirement>(&mut self) {
        self.add::<A>();
        self.with_pair::<A, Scope<Read>>();
        self.with_pair::<A, Scope<Write>>();
        self.with_pair::<A, Scope<Audit>>();
        self.with_pair::<A, Group<Admin>>();
        self.with_pair::<A, Group<Staff>>();
        self.with_pair::<A, Role<Author>>();
        self.with_pair::<A, Permission<Publish>>();
    }

    fn with_pair<A: Requirement, B: Requirement>(&mut self) {
        self.with_branch::<AllOf<(A, B)>>();
        self.with_branch::<AnyOf<(A, B)>>();
    }

    fn with_branch<A: Requirement>(&mut self) {
        self.add::<A>();
        self.add::<AllOf<(Scope<Audit>, A)>>();
        self.add::<AnyOf<(A, Scope<Read>)>>();
        self.add::<AllOf<(A, Group<Staff>)>>();
        self.add::<AnyOf<(Role<Author>, A, Permission<Publish>)>>();
        self.add::<AnyOf<(AllOf<(A, Scope<Write>)>, AllOf<(Group<Admin>, A)>)>>();
        self.add::<AllOf<(AnyOf<(A, Group<Staff>)>, AnyOf<(Scope<Audit>, A)>)>>();
        self.add::<AllOf<(A, Authenticated)>>();
    }
}

/// A caller's scopes, groups, roles and permissions.
type Entitlements = BTreeMap<&'static str, Vec<&'static str>>;

/// Evaluates an access rule of the document (`x-access`) for a caller.
fn meets(rule: &Value, grants: &Entitlements) -> bool {
    if rule == "authenticated" {
        return true;
    }
    let parts = |kind: &str| rule[kind].as_array().unwrap().iter();
    match rule.as_object().unwrap() {
        object if object.contains_key("all") => parts("all").all(|part| meets(part, grants)),
        object if object.contains_key("any") => parts("any").any(|part| meets(part, grants)),
        object => KINDS.iter().any(|(kind, _)| {
            let implied_by = object.get("impliedBy").and_then(Value::as_array).into_iter().flatten();
            object
                .get(*kind)
                .into_iter()
                .chain(implied_by)
                .any(|name| object.contains_key(*kind) && grants[kind].iter().any(|granted| name == granted))
        }),
    }
}

/// Evaluates OpenAPI's `security` for a caller's scopes.
fn satisfies(security: &Value, grants: &Entitlements) -> bool {
    security.as_array().unwrap().iter().any(|alternative| {
        let mut schemes = alternative.as_object().unwrap().values();
        schemes
            .all(|scopes| scopes.as_array().unwrap().iter().all(|scope| grants["scope"].iter().any(|own| scope == own)))
    })
}

/// The scopes that a rule names, in order, and `true` if it names anything else.
fn scopes_of(rule: &Value, scopes: &mut Vec<String>) -> bool {
    match rule {
        Value::Object(object) if object.contains_key("scope") => {
            let scope = object["scope"].as_str().unwrap().to_owned();
            if !scopes.contains(&scope) {
                scopes.push(scope);
            }
            false
        }
        Value::Object(object) => object.values().fold(false, |others, value| match value {
            Value::Array(parts) => parts.iter().fold(others, |others, part| scopes_of(part, scopes) || others),
            _ => true,
        }),
        _ => false,
    }
}

/// A small, reproducible generator of random numbers (Marsaglia's xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }

    fn grants(&mut self) -> Entitlements {
        let likely = 2 + self.below(3);
        let mut some =
            |names: &[&'static str]| names.iter().copied().filter(|_| self.below(likely) == 0).collect::<Vec<_>>();
        KINDS.iter().map(|(kind, names)| (*kind, some(names))).collect()
    }
}

async fn ask(app: &Router, path: &str, token: &str) -> (StatusCode, Option<String>) {
    let request = Request::builder().uri(path).header(AUTHORIZATION, format!("Bearer {token}"));
    let response = app.clone().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
    let challenge = response.headers().get(WWW_AUTHENTICATE).map(|value| value.to_str().unwrap().to_owned());
    (response.status(), challenge)
}

#[tokio::test]
async fn enforcement_document_challenge_and_matrix_agree() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience("api")).build().await.unwrap();
    let mut routes = Routes { router: GuardedRouter::new(), verifier: &verifier, count: 0 };
    routes.add_all();
    let (count, guarded) = (routes.count, routes.router.build().unwrap());
    let document = serde_json::to_value(&guarded.openapi).unwrap();
    let matrix: BTreeMap<String, Value> = guarded
        .matrix
        .to_json()
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["path"].as_str().unwrap().to_owned(), row["access"].clone()))
        .collect();
    assert_eq!((count, matrix.len()), (792, 792));

    let seed = std::env::var("COUNTERSIGN_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(20_261_122);
    let mut random = Random(seed);
    let (mut let_in, mut scopes_alone) = (0, 0);
    for case in 0..CASES {
        let path = format!("/{}/x", random.below(count));
        let grants = random.grants();
        let names = |kind: &str| grants[kind].iter().copied();
        let token = issuer.token("somebody").audience("api").algorithm(Algorithm::EdDSA);
        let token = token.scopes(names("scope")).groups(names("group"));
        let token = token.roles(names("role")).permissions(names("permission")).mint();
        let (status, challenge) = ask(&guarded.router, &path, &token).await;
        let operation = &document["paths"][&path]["get"];
        let rule = &operation["x-access"];
        let context = format!("case {case} of seed {seed}: {path} {rule} with {grants:?}");

        let enforced = match status {
            StatusCode::OK => true,
            StatusCode::FORBIDDEN => false,
            other => panic!("{other}: {context}"),
        };
        assert_eq!(meets(rule, &grants), enforced, "{context}");
        assert_eq!(&matrix[&path], rule, "{context}");

        let mut scopes = Vec::new();
        let names_others = scopes_of(rule, &mut scopes);
        let satisfied = satisfies(&operation["security"], &grants);
        if names_others {
            assert!(satisfied || !enforced, "the document asks for more than is enforced: {context}");
        } else {
            assert_eq!(satisfied, enforced, "{context}");
            scopes_alone += 1;
        }
        let expected = (!scopes.is_empty()).then(|| format!("scope=\"{}\"", scopes.join(" ")));
        match (challenge, expected) {
            (None, _) => assert!(enforced, "{context}"),
            (Some(challenge), Some(scope)) => assert!(challenge.ends_with(&scope), "{challenge}: {context}"),
            (Some(challenge), None) => assert!(!challenge.contains("scope="), "{challenge}: {context}"),
        }
        let_in += usize::from(enforced);
    }
    assert!(
        (CASES / 5..CASES * 4 / 5).contains(&let_in),
        "{let_in} of {CASES} were let in: the callers are too much alike"
    );
    assert!(scopes_alone > CASES / 50, "{scopes_alone} rules were of scopes alone");
}
