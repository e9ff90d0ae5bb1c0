//! The signature check alone, with a parsed key, by library.
//!
//! Run it with `cargo run --release` in this folder.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, ParsedPublicKey, RsaKeyPair, RsaPublicKeyComponents,
};
use countersign_bench::{Contender, compare, head};
use ed25519_dalek::Verifier as _;
use rsa::pkcs1v15;
use rsa::signature::Verifier as _;
use std::error::Error;

const ROUNDS: usize = 101;
/// A message with the length of the signed part of a token of 755 bytes.
const MESSAGE: &[u8] = &[b'a'; 412];

fn main() -> Result<(), Box<dyn Error>> {
    head("aws-lc-rs");
    rs256()?;
    es256()?;
    eddsa()
}

fn rs256() -> Result<(), Box<dyn Error>> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048)?;
    let mut signed = vec![0; pair.public_modulus_len()];
    pair.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), MESSAGE, &mut signed)?;
    let n = pair.public_key().modulus().big_endian_without_leading_zero().to_vec();
    let e = pair.public_key().exponent().big_endian_without_leading_zero().to_vec();

    let aws = RsaPublicKeyComponents { n: &n, e: &e }.to_parsed_public_key(&signature::RSA_PKCS1_2048_8192_SHA256)?;
    let parsed = rsa::RsaPublicKey::new(rsa::BoxedUint::from_be_slice_vartime(&n), rsa::BoxedUint::from_be_slice_vartime(&e))?;
    let rust = pkcs1v15::VerifyingKey::<rsa::sha2::Sha256>::new(parsed);
    let rust_signature = pkcs1v15::Signature::try_from(signed.as_slice())?;
    compare(
        "RS256",
        ROUNDS,
        vec![
            Contender::new("aws-lc-rs", || aws.verify_sig(MESSAGE, &signed).is_ok()),
            // ring has no parsed RSA keys: each check parses the modulus again.
            Contender::new("ring", || {
                ring::signature::RsaPublicKeyComponents { n: &n, e: &e }
                    .verify(&ring::signature::RSA_PKCS1_2048_8192_SHA256, MESSAGE, &signed)
                    .is_ok()
            }),
            Contender::new("RustCrypto", || rust.verify(MESSAGE, &rust_signature).is_ok()),
        ],
    );
    Ok(())
}

fn es256() -> Result<(), Box<dyn Error>> {
    let pair = EcdsaKeyPair::generate(&signature::ECDSA_P256_SHA256_FIXED_SIGNING)?;
    let signed = pair.sign(&SystemRandom::new(), MESSAGE)?;
    let point = pair.public_key().as_ref();

    let aws = ParsedPublicKey::new(&signature::ECDSA_P256_SHA256_FIXED, point)?;
    let ring = ring::signature::UnparsedPublicKey::new(&ring::signature::ECDSA_P256_SHA256_FIXED, point);
    let rust = p256::ecdsa::VerifyingKey::from_sec1_bytes(point)?;
    let rust_signature = p256::ecdsa::Signature::from_slice(signed.as_ref())?;
    compare(
        "ES256",
        ROUNDS,
        vec![
            Contender::new("aws-lc-rs", || aws.verify_sig(MESSAGE, signed.as_ref()).is_ok()),
            Contender::new("ring", || ring.verify(MESSAGE, signed.as_ref()).is_ok()),
            Contender::new("RustCrypto", || {
                p256::ecdsa::signature::Verifier::verify(&rust, MESSAGE, &rust_signature).is_ok()
            }),
        ],
    );
    Ok(())
}

fn eddsa() -> Result<(), Box<dyn Error>> {
    let pair = Ed25519KeyPair::generate()?;
    let signed = pair.sign(MESSAGE);
    let point = pair.public_key().as_ref();

    let aws = ParsedPublicKey::new(&signature::ED25519, point)?;
    let ring = ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, point);
    let rust = ed25519_dalek::VerifyingKey::from_bytes(point.try_into()?)?;
    let rust_signature = ed25519_dalek::Signature::from_slice(signed.as_ref())?;
    compare(
        "EdDSA",
        ROUNDS,
        vec![
            Contender::new("aws-lc-rs", || aws.verify_sig(MESSAGE, signed.as_ref()).is_ok()),
            Contender::new("ring", || ring.verify(MESSAGE, signed.as_ref()).is_ok()),
            Contender::new("RustCrypto", || rust.verify(MESSAGE, &rust_signature).is_ok()),
        ],
    );
    Ok(())
}
