//! The public types in rustdoc's list.

use serde_json::Value;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

const CRATES: [&str; 3] = ["countersign", "countersign-core", "countersign-providers"];

/// Structs, enums, unions and aliases of the published crates, with all features but `fips`, which takes minutes to build and
/// adds no type.
///
/// Builds the documentation in the target directory of this test, where the dependencies are usually checked already.
/// Cargo holds no lock while tests run.
pub(crate) fn types() -> BTreeSet<String> {
    let executable = std::env::current_exe().unwrap();
    // TARGET/debug/deps/EXECUTABLE
    let target = executable.ancestors().nth(3).unwrap();
    let mut arguments = vec!["doc", "--offline", "--quiet", "--no-deps", "--target-dir", target.to_str().unwrap()];
    arguments.extend(CRATES.iter().flat_map(|name| ["-p", name]));
    let features = features();
    arguments.extend(["--features", &features]);
    cargo(&arguments);
    let types: BTreeSet<String> = CRATES.iter().flat_map(|name| listed(target, name)).collect();
    assert!(types.len() > 100, "rustdoc's list has another form: {types:?}");
    types
}

/// The features, as `cargo --features` takes them.
fn features() -> String {
    let metadata: Value =
        serde_json::from_slice(&cargo(&["metadata", "--offline", "--no-deps", "--format-version=1"])).unwrap();
    let packages = metadata["packages"].as_array().unwrap().iter();
    let features = packages
        .filter_map(|package| Some((package["name"].as_str()?, package["features"].as_object()?)))
        .filter(|(name, _)| CRATES.contains(name))
        .flat_map(|(name, features)| features.keys().map(move |feature| (name, feature)))
        .filter(|&(_, feature)| feature != "fips");
    features.map(|(name, feature)| format!("{name}/{feature}")).collect::<Vec<_>>().join(",")
}

fn cargo(arguments: &[&str]) -> Vec<u8> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
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
