//! No circle among the files of a published crate, so that each can be read with the ones below it and no others.
//!
//! A file depends on another one where it names it by a `crate::` path outside of comments and tests.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A builder makes what it is for, and the verifier gives its builder.
const ALLOWED: &[&[&str]] = &[&["verifier", "verifier::builder"]];

/// Circles that are about to be opened, by crate.
const PENDING: &[(&str, &[&str])] = &[(
    "countersign-providers",
    &[
        "http::fetching",
        "preset::environment",
        "preset::key_settings",
        "preset::provider",
        "preset::recipients",
        "preset::traits",
    ],
)];

/// The files that each file depends on. A file goes by its module's path; the crate's root is empty.
type Graph = BTreeMap<String, BTreeSet<String>>;

#[test]
fn files_depend_on_each_other_in_one_direction() {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
    let mut problems = Vec::new();
    for entry in fs::read_dir(crates).unwrap() {
        let folder = entry.unwrap().path();
        let name = folder.file_name().unwrap().to_string_lossy().into_owned();
        let graph = graph(&folder.join("src"));
        assert!(graph.len() > 1, "{name} has no files");
        for circle in circles(&graph) {
            let is_allowed = ALLOWED.contains(&&*circle) || PENDING.contains(&(&*name, &*circle));
            if !is_allowed {
                problems.push(format!("{name}: {}", circle.join(", ")));
            }
        }
    }
    assert!(problems.is_empty(), "files that depend on each other:\n{}", problems.join("\n"));
}

#[test]
fn the_check_sees_what_it_is_there_for() {
    let graph = Graph::from([
        edges("", &["a"]),
        edges("a", &["b"]),
        edges("b", &["b::c"]),
        edges("b::c", &["a", "d"]),
        edges("d", &[]),
    ]);
    assert_eq!(circles(&graph), [["a", "b", "b::c"]]);

    let modules = ["", "a", "a::b"].map(str::to_owned).into();
    let text = "use crate::a::b::Thing;\n// crate::nowhere\nfn f() { crate::a::g(); $crate::Exported; }\n\
                #[cfg(test)]\nmod tests { use crate::Other; }\n";
    assert_eq!(dependencies(text, &modules), ["a", "a::b"].map(str::to_owned).into());
}

fn edges(from: &str, to: &[&str]) -> (String, BTreeSet<String>) {
    (from.to_owned(), to.iter().map(|&name| name.to_owned()).collect())
}

fn graph(src: &Path) -> Graph {
    let files: BTreeMap<String, String> =
        sources(src).iter().map(|file| (module(src, file), fs::read_to_string(file).unwrap())).collect();
    let modules: BTreeSet<String> = files.keys().cloned().collect();
    let dependencies_of = |(module, text): (&String, &String)| {
        let mut found = dependencies(text, &modules);
        found.remove(module);
        (module.clone(), found)
    };
    files.iter().map(dependencies_of).collect()
}

/// The path of the module that a file holds: `keys::jwk` for `keys/jwk.rs`, `keys` for `keys/mod.rs`.
fn module(src: &Path, file: &Path) -> String {
    let path = file.strip_prefix(src).unwrap().with_extension("");
    let steps: Vec<_> = path.iter().map(|step| step.to_string_lossy()).collect();
    match steps.split_last() {
        Some((last, above)) if ["mod", "lib", "main"].contains(&&**last) => above.join("::"),
        _ => steps.join("::"),
    }
}

/// The modules that a text names by `crate::` paths. A path is of the longest module that it begins with.
fn dependencies(text: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
    let code: String =
        code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for (index, _) in code.match_indices("crate::") {
        let is_part_of_a_name =
            code[..index].ends_with(|before: char| before.is_alphanumeric() || "_$".contains(before));
        if is_part_of_a_name {
            continue;
        }
        let is_path = |letter: char| letter.is_alphanumeric() || "_:".contains(letter);
        let rest = &code[index + "crate::".len()..];
        let path = rest.split(|letter| !is_path(letter)).next().unwrap_or_default();
        let steps: Vec<&str> = path.split("::").collect();
        let longest = (0..=steps.len()).rev().map(|count| steps[..count].join("::"));
        found.extend(longest.into_iter().find(|path| modules.contains(path)));
    }
    found
}

/// The groups of files of which each reaches each other.
fn circles(graph: &Graph) -> Vec<Vec<&str>> {
    let reach: BTreeMap<&str, BTreeSet<&str>> = graph.keys().map(|from| (&**from, reachable(graph, from))).collect();
    let mut circles: Vec<Vec<&str>> = graph
        .keys()
        .map(|from| reach[&**from].iter().copied().filter(|to| reach[to].contains(&**from)).collect())
        .filter(|circle: &Vec<&str>| circle.len() > 1)
        .collect();
    circles.sort();
    circles.dedup();
    circles
}

fn reachable<'a>(graph: &'a Graph, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut left: Vec<&str> = graph[from].iter().map(|to| &**to).collect();
    while let Some(next) = left.pop() {
        if found.insert(next) {
            left.extend(graph[next].iter().map(|to| &**to));
        }
    }
    found
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
