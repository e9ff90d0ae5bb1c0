//! The NIST curves: their orders, and the key with which a given ECDSA signature is valid.

use crate::forge::fixed;
use aws_lc_rs::agreement::{self, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey, agree};
use num_bigint::BigUint;

/// The curve y² = x³ - 3x + b over the field of `p`, with a group of the prime order `n`.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) p: BigUint,
    pub(crate) n: BigUint,
    b: BigUint,
    /// Multiplies points. The coordinates of products come from a key agreement.
    agreement: &'static agreement::Algorithm,
}

pub(crate) type Point = (BigUint, BigUint);

impl Curve {
    /// The curve of an algorithm of RFC 7518 section 3.4 (FIPS 186-5, SP 800-186).
    pub(crate) fn of(algorithm: &str) -> Result<Self, String> {
        let number = |hex: &str| BigUint::parse_bytes(hex.as_bytes(), 16).expect("hexadecimal");
        let (name, agreement, p, n, b) = match algorithm {
            "ES256" => (
                "P-256",
                &ECDH_P256,
                "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
                "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
                "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
            ),
            "ES384" => (
                "P-384",
                &ECDH_P384,
                "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
                "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
                "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
            ),
            "ES512" => (
                "P-521",
                &ECDH_P521,
                concat!(
                    "01ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
                    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                ),
                concat!(
                    "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa",
                    "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409"
                ),
                concat!(
                    "0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e1",
                    "56193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00"
                ),
            ),
            _ => return Err(format!("`{algorithm}` has no curve")),
        };
        Ok(Self { name, p: number(p), n: number(n), b: number(b), agreement })
    }

    /// The length of a coordinate, and of r and s, in bytes.
    pub(crate) fn len(&self) -> usize {
        self.p.bits().div_ceil(8) as usize
    }

    /// A public key with which (r, s) signs a message with this hash. `None` if there is none.
    pub(crate) fn key_for(&self, r: &BigUint, s: &BigUint, hash: &[u8]) -> Option<Point> {
        // The rarer point first, whose x is above n.
        [r + &self.n, r.clone()].into_iter().find_map(|x| self.key_leading_to(x, r, s, hash))
    }

    /// A public key with which the verification sum of (r, s) is a point with this x: Q = (s/r)R - (e/r)G.
    pub(crate) fn key_leading_to(&self, x: BigUint, r: &BigUint, s: &BigUint, hash: &[u8]) -> Option<Point> {
        let nonce_point = self.lift(x)?;
        let first = self.lift(self.x_of_multiple(&(s * r.modinv(&self.n)? % &self.n), &nonce_point)?)?;
        let second = self.key_to_infinity(r, hash)?;
        self.add(&first, &second)
    }

    /// The public key with which that sum is the point at infinity: Q = -(e/r)G.
    pub(crate) fn key_to_infinity(&self, r: &BigUint, hash: &[u8]) -> Option<Point> {
        let (x, y) = self.key_to_double(r, hash)?;
        Some((x, &self.p - y))
    }

    /// The public key with which that sum adds a point to itself: Q = (e/r)G.
    pub(crate) fn key_to_double(&self, r: &BigUint, hash: &[u8]) -> Option<Point> {
        self.multiple_of_base(&(self.truncated(hash) * r.modinv(&self.n)? % &self.n))
    }

    /// The leftmost bits of the hash, as many as the order has (SEC 1 section 4.1.4).
    fn truncated(&self, hash: &[u8]) -> BigUint {
        BigUint::from_bytes_be(hash) >> (hash.len() as u64 * 8).saturating_sub(self.n.bits())
    }

    /// One of the two points with this x. Every p here is 3 modulo 4, so a square root is a power.
    fn lift(&self, x: BigUint) -> Option<Point> {
        if x >= self.p {
            return None;
        }
        let square = (x.modpow(&3_u8.into(), &self.p) + (&self.p - 3_u8) * &x + &self.b) % &self.p;
        let y = square.modpow(&((&self.p + 1_u8) >> 2), &self.p);
        (&y * &y % &self.p == square).then_some((x, y))
    }

    /// The x of a multiple. Its y is unknown, and either will do, since -R has the same x as R.
    fn x_of_multiple(&self, scalar: &BigUint, point: &Point) -> Option<BigUint> {
        let peer = UnparsedPublicKey::new(self.agreement, self.uncompressed(point));
        agree(&self.scalar(scalar)?, peer, (), |x| Ok(BigUint::from_bytes_be(x))).ok()
    }

    fn multiple_of_base(&self, scalar: &BigUint) -> Option<Point> {
        let point = self.scalar(scalar)?.compute_public_key().ok()?;
        let (x, y) = point.as_ref()[1..].split_at(self.len());
        Some((BigUint::from_bytes_be(x), BigUint::from_bytes_be(y)))
    }

    fn scalar(&self, scalar: &BigUint) -> Option<PrivateKey> {
        PrivateKey::from_private_key(self.agreement, &fixed(scalar, self.len())).ok()
    }

    fn uncompressed(&self, (x, y): &Point) -> Vec<u8> {
        [vec![4], fixed(x, self.len()), fixed(y, self.len())].concat()
    }

    /// The sum of two points with different x.
    fn add(&self, (x1, y1): &Point, (x2, y2): &Point) -> Option<Point> {
        let p = &self.p;
        let minus = |a: &BigUint, b: &BigUint| (a + p - b) % p;
        let slope = minus(y2, y1) * minus(x2, x1).modinv(p)? % p;
        let x = minus(&minus(&(&slope * &slope % p), x1), x2);
        let y = minus(&(&slope * minus(x1, &x) % p), y1);
        Some((x, y))
    }
}
