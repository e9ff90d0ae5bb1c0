//! Tests of every preset with its table `tests/corpus/presets/FILE.toml`. A table has valid tokens, the values that are read
//! from them, and rejected tokens with their reasons. A preset without a table and a table without a required row are
//! failures.
//!
//! The tokens are imitations that this test signs. `tests/live` has tokens that providers signed.

mod mint;
mod table;

use countersign::Verifier;
use countersign::error::{TokenError, VerifyError};
use countersign_core::VerifiedToken;
use countersign_providers::__private::{Entry, Kinds, catalogue};
use countersign_providers::Environment;
use mint::Keyring;
use std::fmt::Write;
use table::{Expected, Table};

#[tokio::test]
async fn every_preset_accepts_and_refuses_what_its_table_says() {
    let keyring = Keyring::new();
    let mut problems = String::new();
    for entry in catalogue() {
        let table = Table::read(entry.file);
        let mut report = |row: &str, problem: String| {
            let _ = writeln!(problems, "{}, {row}: {problem}", entry.file);
        };
        table.missing_rows().into_iter().for_each(|row| report(row, "has no row, nor a reason why not".to_owned()));
        for kinds in [Kinds::Usual, Kinds::Id, Kinds::Either] {
            let Some(verifier) = verifier(&entry, &table, &keyring, kinds).await else { continue };
            for (row, change, expected) in table.rows(kinds) {
                let token = keyring.mint(&table, &change);
                let found = verifier.verify(&token).await;
                if let Err(problem) = judge(&entry, &found, &expected) {
                    report(&format!("{row} ({kinds:?})"), problem);
                }
            }
        }
    }
    assert!(problems.is_empty(), "\n{problems}");
}

/// `None` if the preset has no tokens of that kind.
async fn verifier(entry: &Entry, table: &Table, keyring: &Keyring, kinds: Kinds) -> Option<Verifier> {
    if kinds != Kinds::Usual && !table.has_both_kinds() {
        return None;
    }
    let issuer = (entry.issuer)(&keyring.jwks(table.key_issuer()), kinds).expect("the example is good");
    Some(Verifier::builder().issuer(issuer).build().await.expect("the example is enough"))
}

fn judge(entry: &Entry, found: &Result<VerifiedToken, VerifyError>, expected: &Expected) -> Result<(), String> {
    match (found, expected) {
        (Ok(token), Expected::Accepted(principal)) => {
            (entry.reads_claims)(token).map_err(|_| "the preset's claims do not fit the token")?;
            principal.differences(token.principal())
        }
        (Err(VerifyError::Token(reason)), Expected::Refused(code)) if code.matches(reason.code()) => Ok(()),
        (Ok(_), Expected::Refused(code)) => Err(format!("accepted, though it must be refused as {code}")),
        (Err(VerifyError::Token(reason)), expected) => {
            Err(format!("refused as {}: {reason}; expected {expected}", reason.code()))
        }
        (Err(error), expected) => Err(format!("{error}; expected {expected}")),
    }
}

#[test]
fn every_preset_is_in_the_catalogue() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/countersign-providers/src/presets");
    let is_preset = |text: &str| text.lines().any(|line| line.starts_with("impl Preset for "));
    let mut files: Vec<String> = std::fs::read_dir(source)
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .filter(|path| is_preset(&std::fs::read_to_string(path).unwrap()))
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect();
    let mut listed: Vec<&str> = catalogue().iter().map(|entry| entry.file).collect();
    files.sort();
    listed.sort_unstable();
    assert_eq!(files, listed);
}

/// The documented variables of a preset are those that it reads, and each error names its variable.
#[test]
fn the_environment_is_read_as_documented() {
    for entry in catalogue() {
        let table = Table::read(entry.file);
        let asked = std::cell::RefCell::new(Vec::new());
        let value = |name: &str| {
            asked.borrow_mut().push(name.to_owned());
            table.variable(name)
        };
        (entry.from_environment)(&Environment::new(&value)).unwrap_or_else(|error| panic!("{}: {error}", entry.file));
        let variables = (entry.variables)();
        let documented: Vec<&str> = variables.iter().map(|variable| variable.name).collect();
        let asked = asked.into_inner();
        assert!(
            documented.iter().all(|name| asked.iter().any(|asked| asked == name)),
            "{}: {documented:?}",
            entry.file
        );
        assert!(asked.iter().all(|name| documented.contains(&name.as_str())), "{}: {asked:?}", entry.file);
        for variable in variables.iter().filter(|variable| variable.is_required) {
            let without = |name: &str| table.variable(name).filter(|_| name != variable.name);
            let error = (entry.from_environment)(&Environment::new(&without)).expect_err(variable.name).to_string();
            assert!(error.contains(variable.name) && error.lines().count() == 1, "{}: {error}", entry.file);
        }
    }
}

/// Checks that an error contains no part of the rejected token.
#[test]
fn reasons_are_codes() {
    assert_eq!(TokenError::ClaimNotAccepted("hd").to_string(), "claim `hd` is not accepted");
}
