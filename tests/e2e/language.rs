//! Item docs begin with a verb or a noun, so that a reader knows at the first word what the item is or does.

use std::fs;
use std::path::{Path, PathBuf};

/// First words of a clause that cannot be read alone.
const SUBORDINATE: [&str; 9] = ["What", "Whether", "Where", "Who", "Whose", "Whom", "How", "As", "For"];

/// The limit per 1000 item docs in a crate that begin with one of these words.
const LIMIT: usize = 30;

#[test]
fn item_docs_begin_with_a_verb_or_a_noun() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut problems = Vec::new();
    for folder in folders(&crates) {
        let mut docs = Vec::new();
        for file in sources(&folder.join("src")) {
            let text = fs::read_to_string(&file).unwrap();
            docs.extend(first_lines(&text).map(|(line, doc)| format!("{}:{line}: {doc}", file.display())));
        }
        assert!(docs.len() > 10, "{} has too few docs to be a crate", folder.display());
        let subordinate: Vec<&String> = docs.iter().filter(|doc| is_subordinate(doc)).collect();
        if subordinate.len() * 1000 >= docs.len() * LIMIT {
            let list = subordinate.iter().map(|doc| format!("\n  {doc}")).collect::<String>();
            problems.push(format!("{} of {} in {}:{list}", subordinate.len(), docs.len(), folder.display()));
        }
    }
    assert!(problems.is_empty(), "item docs that do not begin with a verb or a noun: {}", problems.join("\n"));
}

#[test]
fn the_check_sees_what_it_is_there_for() {
    let text =
        "//! What a file is.\n\n/// What it is.\n/// Who it is.\npub struct A;\n\n/// Forms a thing.\nfn b() {}\n";
    let docs: Vec<_> = first_lines(text).collect();
    assert_eq!(docs, [(3, "What it is."), (7, "Forms a thing.")]);
    for (doc, expected) in [("a.rs:3: What it is.", true), ("a.rs:7: Forms a thing.", false), ("a.rs:1: As: b", true)] {
        assert_eq!(is_subordinate(doc), expected, "{doc}");
    }
}

fn is_subordinate(doc: &str) -> bool {
    let text = doc.split_once(": ").map_or("", |(_, text)| text);
    let word = text.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or_default();
    SUBORDINATE.contains(&word)
}

/// The first line of each run of `///` lines, with its number.
fn first_lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut was_doc = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let doc = line.trim_start().strip_prefix("///").map(str::trim);
        let is_first = !std::mem::replace(&mut was_doc, doc.is_some());
        doc.filter(|_| is_first).map(|doc| (index + 1, doc))
    })
}

fn folders(parent: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(parent).unwrap();
    entries.map(|entry| entry.unwrap().path()).filter(|path| path.join("Cargo.toml").is_file()).collect()
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found
}
