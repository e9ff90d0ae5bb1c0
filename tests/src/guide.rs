//! A guide of `docs/guide`, held to the code: its programs are quotations, its links lead to files, its tests exist.

use std::fs;
use std::path::{Path, PathBuf};

/// The text of a guide.
#[derive(Clone, Copy, Debug)]
pub struct Guide(&'static str);

impl Guide {
    /// A guide with this text. Its links are relative to `docs/guide`.
    pub fn new(text: &'static str) -> Self {
        Self(text)
    }

    /// Checks that each block of Rust is quoted from the file of the last link before it, and that each such file is within
    /// `folder`. Gives the number of blocks.
    ///
    /// # Panics
    ///
    /// If a block differs from its file.
    pub fn check_programs(self, folder: &str) -> usize {
        let programs = self.blocks("rust");
        for (before, program) in &programs {
            let (link, _) = links(before).last().expect("the file is named before its code");
            let source = fs::read_to_string(file(link).expect("a link to a file")).expect("a file that can be read");
            assert!(link.starts_with(&format!("../../{folder}/")), "{link}");
            assert!(source.contains(program), "{link} has another text than\n{program}");
        }
        programs.len()
    }

    /// Checks that the file of each link exists.
    ///
    /// # Panics
    ///
    /// If one does not.
    pub fn check_links(self) {
        for (link, _) in links(self.0) {
            assert!(file(link).is_none_or(|file| file.exists()), "{link}");
        }
    }

    /// Checks that each row of a table names a file and, after a colon, tests in it:
    /// "[`layers`](../../tests/e2e/layers.rs): `one_test`, `another`". Gives the number of rows.
    ///
    /// # Panics
    ///
    /// If a row names no test, or one that does not exist.
    pub fn check_rows(self) -> usize {
        let rows = self.0.lines().filter(|line| line.starts_with("| ") && !line.ends_with("| shown by |"));
        let mut count = 0;
        for row in rows {
            assert!(names_of_tests(row) > 0, "no test in: {row}");
            count += 1;
        }
        count
    }

    /// The code blocks of a language, each with the text before it.
    fn blocks(self, language: &str) -> Vec<(&'static str, &'static str)> {
        let fence = format!("```{language}\n");
        let mut blocks = Vec::new();
        let mut rest = self.0;
        while let Some((before, after)) = rest.split_once(&fence) {
            let (block, after) = after.split_once("```\n").expect("a block ends");
            blocks.push((before, block));
            rest = after;
        }
        blocks
    }
}

/// The links of a text, each with the text after it.
fn links(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split("](").skip(1).map(|after| after.split_once(')').expect("a link ends"))
}

/// The file that a link of the guide leads to. `None` for links to the web and within the guide.
fn file(link: &str) -> Option<PathBuf> {
    let path = link.split('#').next().filter(|path| !path.is_empty() && !path.contains("://"))?;
    Some(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/guide").join(path))
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
