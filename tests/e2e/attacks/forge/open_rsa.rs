//! RSA keys that are easy to factor, to sign arbitrary encoded messages.
//!
//! Their moduli are products of 64-bit primes. A verifier cannot distinguish such a key from others. The signer uses the
//! Chinese remainder theorem with exponentiations in machine words. So thousands of forgeries are fast even in a debug
//! build, and no private key needs to be stored.

use crate::forge::fixed;
use num_bigint::BigUint;

pub(crate) struct OpenRsaKey {
    n: BigUint,
    e: u64,
    /// Each prime with the private exponent modulo it and its coefficient in the sum that recombines the residues.
    factors: Vec<(u64, u64, BigUint)>,
}

impl OpenRsaKey {
    /// A key of `bits`, a multiple of 64, whose modulus is just above half of the maximum. So the sum of a signature and the
    /// modulus has the same length.
    pub(crate) fn new(bits: usize, e: u64) -> Self {
        Self::with_last_prime(bits, e, (1 << 63) + (1 << 40))
    }

    /// A key whose modulus is close to the maximum, so that every encoded message is below it.
    pub(crate) fn large(bits: usize, e: u64) -> Self {
        Self::with_last_prime(bits, e, u64::MAX - (1 << 32))
    }

    fn with_last_prime(bits: usize, e: u64, from: u64) -> Self {
        let fits = |&candidate: &u64| is_prime(candidate) && inverse(e, candidate - 1).is_some();
        let primes: Vec<u64> = (0..)
            .map(|step| u64::MAX - 2 * step)
            .filter(fits)
            .take(bits / 64 - 1)
            .chain((0..).map(|step| (from | 1) + 2 * step).filter(fits).take(1))
            .collect();
        let n: BigUint = primes.iter().product();
        assert_eq!(n.bits(), bits as u64);
        let factors = primes
            .iter()
            .map(|&prime| {
                let others = &n / prime;
                let residue = word(&(&others % prime));
                let coefficient = others * power(residue, prime - 2, prime);
                (prime, inverse(e, prime - 1).expect("such primes were chosen"), coefficient)
            })
            .collect();
        Self { n, e, factors }
    }

    /// The length of a signature in bytes.
    pub(crate) fn len(&self) -> usize {
        self.n.bits().div_ceil(8) as usize
    }

    pub(crate) fn bits(&self) -> usize {
        self.n.bits() as usize
    }

    pub(crate) fn modulus(&self) -> &BigUint {
        &self.n
    }

    pub(crate) fn exponent(&self) -> BigUint {
        self.e.into()
    }

    /// The number whose `e`th power is the encoded message.
    pub(crate) fn root(&self, encoded: &BigUint) -> BigUint {
        let sum: BigUint = self
            .factors
            .iter()
            .map(|(prime, exponent, coefficient)| coefficient * power(word(&(encoded % *prime)), *exponent, *prime))
            .sum();
        sum % &self.n
    }

    pub(crate) fn sign(&self, encoded: &[u8]) -> Vec<u8> {
        fixed(&self.root(&BigUint::from_bytes_be(encoded)), self.len())
    }
}

fn word(number: &BigUint) -> u64 {
    number.iter_u64_digits().next().unwrap_or(0)
}

fn multiply(a: u64, b: u64, modulus: u64) -> u64 {
    (u128::from(a) * u128::from(b) % u128::from(modulus)) as u64
}

fn power(mut base: u64, mut exponent: u64, modulus: u64) -> u64 {
    let mut result = 1 % modulus;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = multiply(result, base, modulus);
        }
        base = multiply(base, base, modulus);
        exponent >>= 1;
    }
    result
}

/// Euclid's extended algorithm.
fn inverse(value: u64, modulus: u64) -> Option<u64> {
    let (mut a, mut b) = (i128::from(modulus), i128::from(value));
    let (mut x, mut y) = (0_i128, 1_i128);
    while b != 0 {
        let quotient = a / b;
        (a, b) = (b, a - quotient * b);
        (x, y) = (y, x - quotient * y);
    }
    (a == 1).then(|| x.rem_euclid(i128::from(modulus)) as u64)
}

/// Miller and Rabin's test with the bases that leave no pseudoprime below 2^64.
fn is_prime(candidate: u64) -> bool {
    const BASES: [u64; 12] = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37];
    if BASES.iter().any(|base| candidate.is_multiple_of(*base)) {
        return BASES.contains(&candidate);
    }
    let twos = (candidate - 1).trailing_zeros();
    let odd = (candidate - 1) >> twos;
    BASES.iter().all(|&base| {
        let mut value = power(base, odd, candidate);
        if value == 1 || value == candidate - 1 {
            return true;
        }
        (1..twos).any(|_| {
            value = multiply(value, value, candidate);
            value == candidate - 1
        })
    })
}
