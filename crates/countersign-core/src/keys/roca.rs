//! Detection of RSA keys from a broken generator (ROCA, CVE-2017-15361). Chips of one manufacturer made primes that can
//! be derived from the modulus, so even keys of 2048 bits can be factored.

/// Primes modulo which 65537 generates only some of the residues. The generator's primes are powers of 65537 modulo the
/// product of the first small primes, and so is the modulus (Nemec et al., "The Return of Coppersmith's Attack", 2017).
const PRIMES: [u32; 17] = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/// True for a big-endian modulus that has the generator's mark. One sound key in 240 million has it by chance.
pub(crate) fn has_roca_mark(modulus: &[u8]) -> bool {
    PRIMES.iter().all(|&prime| is_power_of_65537(remainder(modulus, prime), prime))
}

fn remainder(number: &[u8], prime: u32) -> u32 {
    number.iter().fold(0, |rest, &byte| ((rest << 8) | u32::from(byte)) % prime)
}

fn is_power_of_65537(residue: u32, prime: u32) -> bool {
    let mut power = 1;
    loop {
        if power == residue {
            return true;
        }
        power = power * 65537 % prime;
        // Every sequence of powers returns to 1, since no prime here divides 65537.
        if power == 1 {
            return false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primes_are_those_that_tell_something() {
        let is_prime = |number: &u32| (2..*number).all(|divisor| !number.is_multiple_of(divisor));
        let tells = |prime: &u32| (1..*prime).any(|residue| !is_power_of_65537(residue, *prime));
        let expected: Vec<u32> = (3..=167).filter(is_prime).filter(tells).collect();
        assert_eq!(expected, PRIMES);
    }

    #[test]
    fn powers_of_65537_have_the_mark_and_their_neighbours_have_not() {
        let numbers = (0..8).map(|exponent| 65537_u128.pow(exponent % 7));
        for number in numbers.filter(|&number| number > 1) {
            assert!(has_roca_mark(&number.to_be_bytes()), "{number}");
            for other in [number - 1, number + 1, number + 2, number * 3] {
                assert!(!has_roca_mark(&other.to_be_bytes()), "{other}");
            }
        }
    }

    /// By chance one in 240 million has it.
    #[test]
    fn other_numbers_do_not_have_the_mark() {
        let mut number = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835_u128;
        for _ in 0..20_000 {
            number = number.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(1);
            assert!(!has_roca_mark(&number.to_be_bytes()), "{number}");
        }
    }
}
