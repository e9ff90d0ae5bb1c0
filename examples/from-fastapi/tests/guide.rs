//! Checks of the guide: its programs are quoted from this package, its tests exist, and its links lead to files.

use std::fs;
use std::path::{Path, PathBuf};

const GUIDE: &str = include_str!("../../../docs/guide/coming-from-fastapi.md");

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The code blocks of a language in the guide, each with the text before it.
fn blocks(language: &str) -> Vec<(&'static str, &'static str)> {
    let fence = format!("```{language}\n");
    let mut blocks = Vec::new();
    let mut rest = GUIDE;
    while let Some((before, after)) = rest.split_once(&fence) {
        let (block, after) = after.split_once("```\n").expect("a block ends");
        blocks.push((before, block));
        rest = after;
    }
    blocks
}

/// The links of a text, each with the text after it.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("](").skip(1).map(|after| after.split_once(')').expect("a link ends"))
}

/// The file that a link of the guide leads to. `None` for links to the web and within the guide.
fn file(link: &str) -> Option<PathBuf> {
    let path = link.split('#').next().filter(|path| !path.is_empty() && !path.contains("://"))?;
    Some(root().join("docs/guide").join(path))
}

#[test]
fn each_program_of_the_guide_is_the_one_that_is_tested() {
    let programs = blocks("rust");
    assert_eq!(programs.len(), 8);
    for (before, program) in programs {
        let (link, _) = links(before).last().expect("the file is named before its code");
        let source = fs::read_to_string(file(link).unwrap()).unwrap();
        assert!(link.starts_with("../../examples/from-fastapi/src/"), "{link}");
        assert!(source.contains(program), "{link} has another text than\n{program}");
    }
}

#[test]
fn each_link_leads_somewhere() {
    for (link, _) in links(GUIDE) {
        assert!(file(link).is_none_or(|file| file.exists()), "{link}");
    }
}

/// Each row names a file and, after a colon, tests in it: "[`layers`](../../tests/e2e/layers.rs): `one_test`, `another`".
#[test]
fn each_row_names_a_test_that_exists() {
    let rows = GUIDE.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| shown by |"));
    let mut rows_seen = 0;
    for row in rows {
        rows_seen += 1;
        assert!(names_of_tests(row) > 0, "no test in: {row}");
    }
    assert!(rows_seen >= 50, "{rows_seen}");
}

fn names_of_tests(row: &str) -> usize {
    let mut found = 0;
    for (link, after) in links(row) {
        let Some(file) = file(link) else { continue };
        let mut names = after.strip_prefix(": `");
        while let Some((name, rest)) = names.and_then(|names| names.split_once('`')) {
            let source = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{link}: {error}"));
            let declaration = match file.extension().and_then(|extension| extension.to_str()) {
                Some("toml") => format!("name = \"{name}\""),
                _ => format!("fn {name}("),
            };
            assert!(source.contains(&declaration), "{link} has no test `{name}`");
            found += 1;
            names = rest.strip_prefix(", `");
        }
    }
    found
}
