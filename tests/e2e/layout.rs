//! The layout of the workspace: every test is run, and no source folder has too many entries.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The maximum number of files and folders at the top of a crate's `src`.
const ENTRIES: usize = 16;

#[test]
fn every_end_to_end_test_is_in_the_manifest() {
    let manifest = fs::read_to_string(package().join("Cargo.toml")).unwrap();
    let listed: BTreeSet<PathBuf> = manifest
        .lines()
        .filter_map(|line| line.strip_prefix("path = \"e2e/")?.strip_suffix('"'))
        .map(|path| package().join("e2e").join(path))
        .collect();
    let present: BTreeSet<PathBuf> = entries(&package().join("e2e"))
        .into_iter()
        .map(|path| if path.is_dir() { path.join("main.rs") } else { path })
        .collect();
    assert_eq!(listed, present, "tests/Cargo.toml must list what is in tests/e2e");
}

#[test]
fn the_top_of_each_crate_is_short() {
    for folder in entries(&package().join("../crates")) {
        let top = entries(&folder.join("src")).len();
        assert!(top <= ENTRIES, "{} has {top} entries, more than {ENTRIES}", folder.join("src").display());
    }
}

fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}
