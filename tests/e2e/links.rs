//! Links in the Markdown files lead to files and headings that exist, and the tests that `docs/guide/web.md` names exist.
//! Links to the web are not checked.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Folders without files of the project.
const SKIPPED: [&str; 3] = ["target", "node_modules", "venv"];

#[test]
fn every_link_leads_to_a_file_and_heading() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let pages = files(&root, "md");
    assert!(pages.len() > 10, "found {} Markdown files only", pages.len());
    let mut links_seen = 0;
    let mut dead = Vec::new();
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text).filter(|link| is_local(page, link)) {
            links_seen += 1;
            if let Err(problem) = follow(page, &text, &link) {
                dead.push(format!("\n  {}: {link}: {problem}", page.strip_prefix(&root).unwrap().display()));
            }
        }
    }
    assert!(links_seen > 100, "found {links_seen} links only");
    assert!(dead.is_empty(), "dead links:{}", dead.concat());
}

#[test]
fn the_guide_names_tests_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sources = ["tests/e2e", "crates"].into_iter().flat_map(|folder| files(&root.join(folder), "rs"));
    let code: String = sources.map(|source| fs::read_to_string(source).unwrap()).collect();
    let guide = fs::read_to_string(root.join("docs/guide/web.md")).unwrap();
    let rows = guide.lines().filter(|line| line.starts_with('|'));
    let spans = rows.flat_map(|row| row.split('`').skip(1).step_by(2));
    let names: Vec<&str> = spans.filter(|span| is_test_name(span)).collect();
    assert!(names.len() > 50, "found {} names of tests only", names.len());
    let missing: Vec<_> = names.into_iter().filter(|name| !code.contains(&format!("fn {name}("))).collect();
    assert!(missing.is_empty(), "docs/guide/web.md names tests that do not exist: {missing:?}");
}

/// `true` for names like `a_test_says_what_it_shows`, which are too long for other items.
fn is_test_name(span: &str) -> bool {
    span.split('_').count() > 3
        && span.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_')
}

/// Files of the project with this extension, in this folder and below. Hidden folders are caches.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy();
        if path.is_dir() && !name.starts_with('.') && !SKIPPED.contains(&&*name) {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|found| found == extension) {
            found.push(path);
        }
    }
    found
}

/// The lines of a text outside of code blocks, each without its code spans.
fn prose(text: &str) -> impl Iterator<Item = String> {
    let mut in_code = false;
    text.lines().filter_map(move |line| {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
            return None;
        }
        (!in_code).then(|| line.split('`').step_by(2).collect())
    })
}

/// The targets of `[text](target)` and `[name]: target`.
fn links(text: &str) -> impl Iterator<Item = String> {
    prose(text).flat_map(|line| {
        let inline = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let reference = line.strip_prefix('[').and_then(|rest| rest.split_once("]: ")).map(|(_, target)| target);
        inline.chain(reference).map(str::to_owned).collect::<Vec<_>>()
    })
}

/// `false` for links to the web, and for links of rustdoc to items.
fn is_local(page: &Path, link: &str) -> bool {
    let is_crate_doc =
        page.components().any(|part| part.as_os_str() == "crates") && page.parent().unwrap().ends_with("docs");
    let is_item = is_crate_doc && !link.starts_with('#') && !link.contains(['/', '.']);
    !link.contains("://") && !link.contains("::") && !is_item
}

fn follow(page: &Path, text: &str, link: &str) -> Result<(), &'static str> {
    let (path, heading) = link.split_once('#').map_or((link, None), |(path, heading)| (path, Some(heading)));
    let file = page.parent().unwrap().join(path);
    if !file.exists() {
        return Err("there is no such file");
    }
    let Some(heading) = heading.filter(|_| path.is_empty() || path.ends_with(".md")) else { return Ok(()) };
    let target = if path.is_empty() { text.to_owned() } else { fs::read_to_string(&file).unwrap() };
    if headings(&target).contains(heading) { Ok(()) } else { Err("there is no such heading") }
}

/// The anchors of the headings, as GitHub makes them: letters and digits in lower case, and hyphens for spaces.
fn headings(text: &str) -> BTreeSet<String> {
    let mut in_code = false;
    let lines = text.lines().filter(move |line| {
        in_code ^= line.trim_start().starts_with("```");
        !in_code && line.starts_with('#')
    });
    let anchor = |line: &str| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let letters = title.chars().filter(|letter| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter));
        letters.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
    };
    lines.map(anchor).collect()
}

#[test]
fn the_check_finds_dead_links() {
    let text = "# A `b` c\n\n[a](#a-b-c), [b](missing.md)\n```\n[c](code.md)\n```\n`[d](span.md)`\n\n[e]: #gone\n";
    let found: Vec<String> = links(text).collect();
    assert_eq!(found, ["#a-b-c", "missing.md", "#gone"]);
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("page.md");
    let verdicts = found.iter().map(|link| follow(&page, text, link));
    assert!(verdicts.eq([Ok(()), Err("there is no such file"), Err("there is no such heading")]));
    assert!(is_local(&page, "Cargo.toml") && !is_local(&page, "https://example.com"));
}
