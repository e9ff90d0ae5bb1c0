//! With the feature `fips`, the FIPS module checks the signatures.

#![cfg(feature = "fips")]

#[test]
fn the_module_is_in_fips_mode() {
    assert_eq!(aws_lc_rs::try_fips_mode(), Ok(()));
}
