//! Key rotation of real providers in real time, with verifiers under load. The tests count events, and measure no time.
//!
//! Each provider runs twice. With honest traffic, a rotation must be noticed at once. With additional tokens that name
//! made-up keys, it may take as long as the cool-down that they cause.

mod rotating;
mod soak;
mod tally;

use crate::Result;
use crate::glewlwyd::Glewlwyd;
use crate::oidc_provider::OidcProvider;
use crate::report::Report;
pub(crate) use rotating::OldKeys;
use soak::{COOL_DOWN, Outcome, ROTATIONS, Traffic, soak};
use tally::Counts;

pub(crate) async fn check(report: &mut Report) -> Result {
    let (node_honest, node_pestered, debian_honest, debian_pestered) = tokio::join!(
        soak::<OidcProvider>("oidc-provider-rotation", Traffic::Honest),
        soak::<OidcProvider>("oidc-provider-rotation-made-up-kids", Traffic::WithMadeUpKids),
        soak::<Glewlwyd>("glewlwyd-rotation", Traffic::Honest),
        soak::<Glewlwyd>("glewlwyd-rotation-made-up-kids", Traffic::WithMadeUpKids),
    );
    honest(&mut Rows::new(report, "oidc-provider", "rotation"), node_honest);
    pestered(&mut Rows::new(report, "oidc-provider", "rotation among made-up kids"), node_pestered);
    honest(&mut Rows::new(report, "glewlwyd", "rotation"), debian_honest);
    pestered(&mut Rows::new(report, "glewlwyd", "rotation among made-up kids"), debian_pestered);
    Ok(())
}

fn honest(rows: &mut Rows<'_>, outcome: Result<Outcome>) {
    let Some(outcome) = rows.finished(outcome) else { return };
    rows.losses(&outcome.counts);
    rows.new_keys(&outcome.counts);
    rows.dropped_keys(&outcome.counts);

    let case = format!("fetches of the key set: at the start, and for each of {} rotations", ROTATIONS.len());
    rows.add(&case, (1 + ROTATIONS.len()).to_string(), outcome.key_fetches.to_string());
}

fn pestered(rows: &mut Rows<'_>, outcome: Result<Outcome>) {
    let Some(outcome) = rows.finished(outcome) else { return };
    rows.losses(&outcome.counts);
    rows.new_keys(&outcome.counts);
    rows.dropped_keys(&outcome.counts);
    rows.made_up_kids(&outcome.counts);

    // One at the start, one at once for the first made-up kid, and one after each cool-down.
    let most = 2 + outcome.lasted.as_secs() / COOL_DOWN.as_secs();
    let case = format!("{} fetches of the key set in {} s", outcome.key_fetches, outcome.lasted.as_secs());
    let expected = format!("at most {most}");
    let got = if outcome.key_fetches <= most { expected.clone() } else { outcome.key_fetches.to_string() };
    rows.add(&case, expected, got);
}

/// The rows of one provider with one kind of traffic.
struct Rows<'a> {
    report: &'a mut Report,
    provider: &'static str,
    when: &'static str,
}

impl<'a> Rows<'a> {
    fn new(report: &'a mut Report, provider: &'static str, when: &'static str) -> Self {
        Rows { report, provider, when }
    }

    fn add(&mut self, case: &str, expected: impl Into<String>, got: impl Into<String>) {
        self.report.check(self.provider, format!("{}: {case}", self.when), expected, Ok(got.into()));
    }

    /// An aborted run has one row, which says so.
    fn finished(&mut self, outcome: Result<Outcome>) -> Option<Outcome> {
        let what = format!("{}: (as a whole)", self.when);
        outcome.map_err(|error| self.report.broke_off(self.provider, what, error)).ok()
    }

    fn losses(&mut self, counts: &Counts) {
        let case = format!("{} rotations, {} verifications", ROTATIONS.len(), counts.accepted + counts.lost);
        let first = counts.first_lost.as_ref().map(|first| format!(", at first {first}")).unwrap_or_default();
        self.add(&case, "0 lost", format!("{} lost{first}", counts.lost));
    }

    fn new_keys(&mut self, counts: &Counts) {
        let delays: Vec<_> = counts.delays.iter().map(|delay| format!("{:.0} s", delay.as_secs_f32())).collect();
        let case = format!("new keys, accepted after {} ({} tokens refused before)", delays.join(", "), counts.too_new);
        self.add(&case, format!("{} accepted", ROTATIONS.len()), format!("{} accepted", delays.len()));
    }

    fn dropped_keys(&mut self, counts: &Counts) {
        let tokens = counts.dropped + counts.revived;
        let case = format!("{tokens} tokens of dropped keys, once the set without these was fetched");
        let got = if tokens > 0 { format!("{} accepted", counts.revived) } else { "none was verified".to_owned() };
        self.add(&case, "0 accepted", got);
    }

    fn made_up_kids(&mut self, counts: &Counts) {
        let expected = "refused: unknown_key";
        let got = match &counts.first_surprise {
            Some(surprise) => surprise,
            None if counts.made_up == 0 => "none was verified",
            None => expected,
        };
        self.add(&format!("{} tokens with these", counts.made_up), expected, got);
    }
}
