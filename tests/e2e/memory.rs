//! Bounds of memory count the memory that is really held, as measured by the allocator.

use countersign::clock::UnixTime;
use countersign::entitlements::{CallerId, Entitlements};
use countersign::keys::{Algorithm, IssuerKeys};
use countersign::policy::{Audience, Issuer};
use countersign::revocation::{RevocationList, RevokedTokens};
use countersign::verified::{Claims, NameSet, VerifiedToken};
use countersign::{Verifier, VerifierBuilder};
use countersign_core::SystemClock;
use countersign_testing::SigningKey;
use serde::de::{DeserializeOwned, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::sync::Arc;

const MIB: usize = 1024 * 1024;
const HEAD: &str = r#"{"alg":"EdDSA","kid":"key"}"#;

struct World {
    key: SigningKey,
    verifier: Verifier,
    runtime: tokio::runtime::Runtime,
}

impl World {
    fn new(set_up: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        Self::of(Algorithm::EdDSA, set_up)
    }

    fn of(algorithm: Algorithm, set_up: impl FnOnce(VerifierBuilder) -> VerifierBuilder) -> Self {
        let key = SigningKey::generate(algorithm, "key");
        let keys = IssuerKeys::jwks(format!(r#"{{"keys":[{}]}}"#, key.jwk()));
        let issuer = Issuer::new("https://idp.example", keys).audience(Audience::any_of(["api"]));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let builder = set_up(Verifier::builder().issuer(issuer));
        let verifier = runtime.block_on(builder.build()).unwrap();
        Self { key, verifier, runtime }
    }

    /// A token whose claim `x` is this JSON text.
    fn token(&self, subject: usize, x: &str) -> String {
        let payload = format!(
            r#"{{"iss":"https://idp.example","aud":"api","sub":"f6b1c2d4-8a0e-4c57-{subject:012}","exp":4000000000,"x":{x}}}"#
        );
        self.key.sign(HEAD, payload)
    }

    fn verified(&self, subject: usize, x: &str) -> VerifiedToken {
        self.see(&self.token(subject, x))
    }

    fn see(&self, token: &str) -> VerifiedToken {
        self.verifier.verify_now(token).expect("nothing to wait for").expect("a good token")
    }
}

/// The memory that `act` allocates and does not free: its bytes, and the allocator's header for each block.
fn held(act: impl FnOnce()) -> usize {
    let measured = allocation_counter::measure(act);
    usize::try_from(measured.bytes_current + 8 * measured.count_current).expect("more than before")
}

fn repeated(element: &str, separator: &str, bytes: usize) -> String {
    vec![element; bytes / (element.len() + separator.len())].join(separator)
}

/// Various arrays and objects with about this number of bytes.
fn shapes(bytes: usize) -> Vec<(&'static str, String)> {
    let array = |element: &str| format!("[{}]", repeated(element, ",", bytes));
    let members = (0..bytes / 8).map(|number| format!("\"{number:x}\":1")).collect::<Vec<_>>().join(",");
    let deep = |open: &str, inner: &str, close: &str| format!("{}{inner}{}", open.repeat(100), close.repeat(100));
    vec![
        ("nothing", "null".to_owned()),
        ("empty objects", array("{}")),
        ("empty arrays", array("[]")),
        ("arrays of one", array("[1]")),
        ("objects of one member", array(r#"{"a":1}"#)),
        ("objects of twelve", array(r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1,"j":1,"k":1,"l":1}"#)),
        ("objects in objects", array(r#"{"a":{"a":{}}}"#)),
        ("empty texts", array(r#""""#)),
        ("short texts", array(r#""a""#)),
        ("escapes", array(r#""\u00e9\n\t\u00e9""#)),
        ("numbers", array("1")),
        ("fractions", array("-1.5")),
        ("nulls", array("null")),
        ("truths", array("true")),
        ("five of a kind", "[{},{},{},{},{}]".to_owned()),
        ("short names", format!("{{{members}}}")),
        ("one long text", format!("\"{}\"", "a".repeat(bytes))),
        ("one text of short words", format!("\"{}\"", repeated("a", " ", bytes))),
        ("one text of escapes", format!("\"{}\"", r"\n".repeat(bytes / 2))),
        ("deep arrays", deep("[", "", "]")),
        ("deep objects", deep(r#"{"a":"#, "1", "}")),
        ("many deep arrays", format!("[{}]", repeated(&deep("[", "", "]"), ",", bytes))),
        ("many deep objects", format!("[{}]", repeated(&deep(r#"{"a":"#, "1", "}"), ",", bytes))),
    ]
}

#[track_caller]
fn assert_weighed<C: DeserializeOwned>(token: &VerifiedToken, case: &str) -> bool {
    let mut read = None;
    let held = held(|| read = Some(token.deserialize_weighed::<C>()));
    let Some(Ok((_claims, weighed))) = read else { return false };
    let name = std::any::type_name::<C>();
    assert!(held <= weighed + weighed / 10, "{name}, {case}: {held} bytes are held, {weighed} were weighed");
    true
}

/// Like [`assert_weighed`], and checks that the estimate is close.
#[track_caller]
fn assert_weighed_well<C: DeserializeOwned>(token: &VerifiedToken, case: &str) -> bool {
    let mut read = None;
    let held = held(|| read = Some(token.deserialize_weighed::<C>()));
    let Some(Ok((_claims, weighed))) = read else { return false };
    let name = std::any::type_name::<C>();
    assert!(weighed <= 2 * held + 500, "{name}, {case}: only {held} bytes are held, and {weighed} were weighed");
    assert_weighed::<C>(token, case)
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct Wide {
    a: Option<String>,
    b: [u64; 30],
    next: Option<Box<Wide>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
enum Tagged {
    #[serde(rename = "a")]
    Number(Box<u64>),
    #[serde(rename = "b")]
    Large(Box<Wide>),
}

#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
enum Untagged {
    Number(u64),
    Text(String),
    Many(Vec<Untagged>),
    Members(HashMap<String, Untagged>),
    Nothing(Option<()>),
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct X<T> {
    sub: String,
    x: T,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct Flat {
    sub: String,
    #[serde(flatten)]
    rest: HashMap<String, Value>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct FlatWide {
    sub: String,
    #[serde(flatten)]
    rest: X2<Vec<Wide>>,
}

#[derive(Deserialize)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct X2<T> {
    x: T,
}

/// A text that is split, as a scope often is: by a function, by a conversion, by a visitor.
#[derive(Deserialize)]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct SplitByFunction {
    #[serde(deserialize_with = "words")]
    x: Vec<String>,
}

fn words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    Ok(String::deserialize(deserializer)?.split(' ').map(str::to_owned).collect())
}

#[derive(Deserialize)]
#[serde(from = "String")]
#[allow(dead_code, reason = "being deserialized is what they are for")]
struct Words(HashSet<String>);

impl From<String> for Words {
    fn from(text: String) -> Self {
        Self(text.split(' ').map(str::to_owned).collect())
    }
}

#[allow(dead_code, reason = "being deserialized is what they are for")]
struct SplitByVisitor(Vec<Box<str>>);

impl<'de> Deserialize<'de> for SplitByVisitor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = SplitByVisitor;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E>(self, text: &str) -> Result<SplitByVisitor, E> {
                Ok(SplitByVisitor(text.split(' ').map(Box::from).collect()))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

/// Reads the claims as each type that fits, and counts these types.
fn weigh_all(token: &VerifiedToken, case: &str) -> usize {
    let readers: &[fn(&VerifiedToken, &str) -> bool] = &[
        assert_weighed_well::<Claims>,
        assert_weighed_well::<Value>,
        assert_weighed::<Box<Value>>,
        assert_weighed::<HashMap<String, Value>>,
        assert_weighed_well::<BTreeMap<String, Value>>,
        assert_weighed::<HashMap<String, Box<RawValue>>>,
        assert_weighed::<Flat>,
        assert_weighed::<FlatWide>,
        assert_weighed_well::<X<Value>>,
        assert_weighed::<X<Untagged>>,
        assert_weighed::<X<Box<RawValue>>>,
        assert_weighed_well::<X<Vec<Value>>>,
        assert_weighed_well::<X<Vec<Wide>>>,
        assert_weighed::<X<Vec<Box<Wide>>>>,
        assert_weighed::<X<Vec<Option<Box<Wide>>>>>,
        assert_weighed::<X<Vec<Tagged>>>,
        assert_weighed::<X<VecDeque<Wide>>>,
        assert_weighed::<X<LinkedList<Wide>>>,
        assert_weighed::<X<Vec<Box<u64>>>>,
        assert_weighed::<X<Vec<u8>>>,
        assert_weighed::<X<Box<[u64]>>>,
        assert_weighed::<X<HashSet<u64>>>,
        assert_weighed::<X<LinkedList<u8>>>,
        assert_weighed::<X<Vec<Box<bool>>>>,
        assert_weighed::<X<Vec<Box<f64>>>>,
        assert_weighed_well::<X<Vec<String>>>,
        assert_weighed::<X<Vec<Box<str>>>>,
        assert_weighed::<X<Vec<Box<String>>>>,
        assert_weighed::<X<HashSet<String>>>,
        assert_weighed::<X<BTreeSet<String>>>,
        assert_weighed::<X<Vec<Vec<Value>>>>,
        assert_weighed::<X<Vec<Vec<u64>>>>,
        assert_weighed::<X<Vec<HashMap<String, u8>>>>,
        assert_weighed::<X<Vec<BTreeMap<String, u8>>>>,
        assert_weighed::<X<Vec<BTreeMap<char, Value>>>>,
        assert_weighed::<X<BTreeMap<String, u8>>>,
        assert_weighed::<X<HashMap<String, u8>>>,
        assert_weighed::<X<HashMap<Box<str>, Box<u64>>>>,
        assert_weighed::<X<String>>,
        assert_weighed::<X<Box<str>>>,
        assert_weighed::<X<std::path::PathBuf>>,
        assert_weighed::<SplitByFunction>,
        assert_weighed::<X<Words>>,
        assert_weighed::<X<Option<Words>>>,
        assert_weighed::<X<Box<Words>>>,
        assert_weighed::<X<Vec<Words>>>,
        assert_weighed::<HashMap<String, SplitByVisitor>>,
        assert_weighed::<X<SplitByVisitor>>,
    ];
    readers.iter().filter(|reads| reads(token, case)).count()
}

#[test]
fn claims_of_any_type_and_shape_are_charged_with_what_they_hold() {
    let world = World::new(VerifierBuilder::without_cache);
    for bytes in [40, 300, 11_000] {
        for (shape, x) in shapes(bytes) {
            let case = format!("{shape}, {bytes} bytes");
            assert!(weigh_all(&world.verified(0, &x), &case) >= 9, "{case}");
        }
    }
}

#[test]
fn the_claims_of_presets_are_charged_with_what_they_hold() {
    let world = World::new(VerifierBuilder::without_cache);
    let names = repeated(r#""a""#, ",", 1_000);
    let members = |value: &str| (0..150).map(|number| format!("\"{number}\":{value}")).collect::<Vec<_>>().join(",");
    let x = format!(
        r#"1,"typ":"Bearer","azp":"web","realm_access":{{"roles":[{names}]}},"resource_access":{{{}}},"groups":[{names}],
           "client_id":"web","tid":"1","oid":"2","roles":[{names}],"permissions":[{names}],"org_id":"3","sid":"4","ver":"2.0",
           "iat":1700000000,"scope":"a b","email":"alice@example.com","email_verified":true,"username":"alice""#,
        members(r#"{"roles":["a"]}"#)
    );
    let token = world.verified(0, &x);
    let readers: &[fn(&VerifiedToken, &str) -> bool] = &[
        assert_weighed_well::<countersign_providers::KeycloakClaims>,
        assert_weighed_well::<countersign_providers::Auth0Claims>,
        assert_weighed_well::<countersign_providers::AuthentikClaims>,
        assert_weighed_well::<countersign_providers::EntraClaims>,
        assert_weighed_well::<countersign_providers::OktaClaims>,
        assert_weighed_well::<countersign_providers::KindeClaims>,
        assert_weighed_well::<countersign_providers::OidcClaims>,
    ];
    let fitting = readers.iter().filter(|reads| reads(&token, "a preset")).count();
    assert!(fitting >= 4, "only {fitting} of them fit");
}

#[test]
fn the_bound_holds_for_tokens_of_any_shape_with_claims_of_several_types() {
    const BOUND: usize = 4 * MIB;
    for (shape, x) in shapes(600) {
        let world = World::new(|builder| builder.cache_bytes(BOUND));
        let tokens: Vec<String> = (0..400).map(|subject| world.token(subject, &x)).collect();
        let held = held(|| {
            for token in &tokens {
                let token = world.see(token);
                token.claims::<Claims>().unwrap();
                token.claims::<Value>().unwrap();
                token.claims::<Flat>().unwrap();
            }
        });
        assert!(held <= BOUND + BOUND / 10, "{shape}: {held} bytes are held");
        assert!(held >= BOUND / 16, "{shape}: only {held} bytes are held");
    }
}

#[test]
fn twenty_eight_thousand_usual_tokens_fit_into_the_default() {
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "being deserialized is what they are for")]
    struct Staff {
        sub: String,
        email: String,
        groups: Vec<String>,
        exp: u64,
    }

    // A sixteenth of the default, to save time, and a cache that evicts nothing.
    let [small, large] =
        [4 * MIB, 64 * MIB].map(|bytes| World::of(Algorithm::RS256, |builder| builder.cache_bytes(bytes)));
    let claims = |number: usize| {
        let claims = json!({
            "iss": "https://idp.example", "aud": "api", "exp": 4_000_000_000_u64, "iat": 1_700_000_000,
            "sub": format!("f6b1c2d4-8a0e-4c57-9a3b-{number:012}"), "scope": "openid reports:read", "azp": "web",
            "email": "alice@example.com", "groups": ["admin", "staff"], "jti": "4c57-9a3b-f6b1c2d4", "typ": "Bearer",
        });
        claims.to_string()
    };
    let held_by = |world: &World, count: usize| {
        let head = r#"{"alg":"RS256","kid":"key"}"#;
        let tokens: Vec<String> = (0..count).map(|number| world.key.sign(head, claims(number))).collect();
        assert!((700..800).contains(&tokens[0].len()), "{}", tokens[0].len());
        held(|| tokens.iter().for_each(|token| drop(world.see(token).claims::<Staff>().unwrap())))
    };
    let (each, all) = (held_by(&large, 500) / 500, held_by(&small, 2_500));
    assert!(all <= 4 * MIB + 4 * MIB / 10, "{all} bytes are held");
    assert!(all / each >= 28_000 / 16, "only {} tokens of {each} bytes are held", all / each);
}

fn names(count: usize) -> NameSet {
    let names: Vec<String> = (0..count).map(|number| format!("a group with the number {number}")).collect();
    names.iter().map(String::as_str).collect()
}

#[test]
fn the_bound_holds_for_grants() {
    for count in [0, 1, 50, 1_000, 4_000] {
        let world = World::new(|builder| {
            let provider =
                move |_: CallerId| async move { Ok(Entitlements::default().with_groups(names(count).iter())) };
            builder.entitlements(provider).entitlements_cache_bytes(MIB).without_cache()
        });
        let tokens: Vec<String> = (0..3_000).map(|subject| world.token(subject, "1")).collect();
        let held = held(|| {
            for token in &tokens[..if count > 50 { 100 } else { 3_000 }] {
                let token = world.see(token);
                world.runtime.block_on(world.verifier.caller(&token)).unwrap();
            }
        });
        assert!(held <= MIB + MIB / 10, "{count} grants: {held} bytes are held");
        // A caller with 4000 is too large for the cache, which is no reason to exceed the bound.
        assert!(held >= MIB / 4 || count > 1_000, "{count} grants: only {held} bytes are held");
    }
}

#[test]
fn grants_of_another_verifier_weigh_on_the_cache_that_keeps_the_token() {
    let world = World::new(|builder| builder.cache_bytes(MIB));
    let other = World::new(|builder| {
        let provider = |_: CallerId| async { Ok(Entitlements::default().with_groups(names(1_000).iter())) };
        builder.entitlements(provider).entitlements_cache_bytes(0)
    });
    let tokens: Vec<String> = (0..100).map(|subject| world.token(subject, "1")).collect();
    let held = held(|| {
        for token in &tokens {
            let token = world.see(token);
            other.runtime.block_on(other.verifier.caller(&token)).unwrap();
        }
    });
    assert!((MIB / 4..=MIB + MIB / 10).contains(&held), "{held} bytes are held");
}

#[test]
fn a_revocation_takes_a_hundred_bytes_however_long_its_names_are() {
    const ENTRIES: usize = 20_000;
    let world = World::new(VerifierBuilder::without_cache);
    let tokens: Vec<_> =
        (0..200).map(|subject| world.verified(subject, &format!("\"{}\"", "a".repeat(9_000)))).collect();
    let list = RevocationList::bounded(Arc::new(SystemClock), ENTRIES);
    let held = held(|| {
        for token in &tokens {
            list.revoke(token).unwrap();
        }
        for number in 0..ENTRIES - 200 {
            let name = format!("{number:01000}");
            let revoked = match number % 4 {
                0 => list.revoke_all(RevokedTokens::Id { issuer: "https://idp.example", jti: &name }, UnixTime::MAX),
                1 => {
                    list.revoke_all(RevokedTokens::Session { issuer: "https://idp.example", sid: &name }, UnixTime::MAX)
                }
                _ => list.revoke_all(
                    RevokedTokens::Subject {
                        issuer: "https://idp.example",
                        subject: &name,
                        issued_until: UnixTime::from_secs(0),
                    },
                    UnixTime::MAX,
                ),
            };
            revoked.unwrap();
        }
    });
    assert_eq!(list.len(), ENTRIES);
    // From here on, each of the 200 tokens keeps its digests.
    assert!(held <= 110 * ENTRIES + 200 * 300, "{} bytes an entry", held / ENTRIES);
}

#[test]
fn headers_are_remembered_in_little_memory_however_many_there_are() {
    let world = World::new(VerifierBuilder::without_cache);
    let token = |number: usize| {
        let head = json!({"alg": "EdDSA", "kid": "key", "jku": format!("{number:0700}")}).to_string();
        let payload = r#"{"iss":"https://idp.example","aud":"api","sub":"alice","exp":4000000000}"#;
        world.key.sign(&head, payload)
    };
    let tokens: Vec<String> = (0..1_000).map(token).collect();
    let held = held(|| tokens.iter().for_each(|token| drop(world.see(token))));
    assert!((1_000..24 * 1024).contains(&held), "{held} bytes are held");
}
