//! Checks of the guide: its programs are quoted from this package, its tests exist, and its links lead to files.

use countersign_tests::Guide;

fn guide() -> Guide {
    Guide::new(include_str!("../../../docs/guide/coming-from-fastapi.md"))
}

#[test]
fn each_program_of_the_guide_is_the_one_that_is_tested() {
    assert_eq!(guide().check_programs("examples/from-fastapi/src"), 8);
}

#[test]
fn each_link_leads_somewhere() {
    guide().check_links();
}

#[test]
fn each_row_names_a_test_that_exists() {
    let rows = guide().check_rows();
    assert!(rows >= 50, "{rows}");
}
