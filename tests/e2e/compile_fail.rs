//! Programs that must not compile, with error messages that say what to do.

#[test]
fn slips_do_not_compile_and_the_message_says_what_to_do() {
    trybuild::TestCases::new().compile_fail("ui/*.rs");
}
