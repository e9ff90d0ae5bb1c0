//! `Debug` of public types shows no token, no value of a claim, no credential and no nonce. This test covers each
//! public type in rustdoc's list (`all.html`), or lists it as one that cannot contain such values.

mod documented;
mod filled;
mod harmless;
mod shown;

use std::collections::BTreeSet;

/// The secret that must not be printed, as a string and as a number.
const SECRET: &str = "s3cret";
const NUMBER: u64 = 987_654_321;

#[tokio::test]
async fn no_public_type_shows_what_is_secret() {
    for (name, printed) in shown::all().await {
        assert!(!printed.is_empty(), "{name}");
        for secret in
            [SECRET.to_owned(), shown::TENANT.to_owned(), NUMBER.to_string(), format!("{:?}", SECRET.as_bytes())]
        {
            let secret = secret.trim_matches(['[', ']']);
            assert!(!printed.contains(secret), "{name} shows {secret:?}: {printed}");
        }
    }
}

#[tokio::test]
async fn every_public_type_is_looked_at() {
    let shown: BTreeSet<String> = shown::all().await.into_iter().map(|(name, _)| name.to_owned()).collect();
    let harmless: Vec<&str> = harmless::GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let listed: BTreeSet<String> = harmless.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(listed.len(), harmless.len(), "a type is listed twice");
    let both: Vec<_> = shown.intersection(&listed).collect();
    assert!(both.is_empty(), "shown, so not to be listed as harmless: {both:?}");
    let known: BTreeSet<String> = shown.union(&listed).cloned().collect();
    let documented = documented::types();
    let forgotten: Vec<_> = documented.difference(&known).collect();
    assert!(forgotten.is_empty(), "show in shown.rs what these print, or list them in harmless.rs: {forgotten:?}");
    let gone: Vec<_> = known.difference(&documented).collect();
    assert!(gone.is_empty(), "these are no public types any more: {gone:?}");
}
