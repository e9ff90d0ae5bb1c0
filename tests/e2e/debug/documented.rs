//! The public types in rustdoc's list.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const CRATES: [&str; 3] = ["countersign", "countersign-core", "countersign-providers"];

/// Structs, enums, unions and aliases of the published crates, with all features.
///
/// Builds the documentation in the target directory of this test, where the dependencies are usually checked already.
/// Cargo holds no lock while tests run.
pub(crate) fn types() -> BTreeSet<String> {
    let executable = std::env::current_exe().unwrap();
    // TARGET/debug/deps/EXECUTABLE
    let target = executable.ancestors().nth(3).unwrap();
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["doc", "--offline", "--quiet", "--no-deps", "--all-features"]).arg("--target-dir").arg(target);
    command.args(CRATES.iter().flat_map(|name| ["-p", name])).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let types: BTreeSet<String> = CRATES.iter().flat_map(|name| listed(target, name)).collect();
    assert!(types.len() > 100, "rustdoc's list has another form: {types:?}");
    types
}

/// Each item is a link like `<a href="struct.NameSet.html">NameSet</a>`.
fn listed(target: &Path, name: &str) -> Vec<String> {
    let path = target.join("doc").join(name.replace('-', "_")).join("all.html");
    let page = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    page.split("<a href=\"")
        .filter_map(|link| link.split_once(".html\""))
        .filter_map(|(file, _)| {
            let file = file.rsplit('/').next()?;
            ["struct.", "enum.", "union.", "type."].iter().find_map(|kind| file.strip_prefix(kind)).map(str::to_owned)
        })
        .collect()
}
