//! Runs a case, and lists the differences from the expected result.

use crate::answer;
use crate::api;
use crate::case::{Case, Jwk, KeyDelivery, Step, Verdict, Via};
use crate::client::{self, Answer, Message};
use crate::template::Scope;
use crate::token::{self, CANARY};
use crate::world::{Company, World};
use countersign::error::VerifyError;
use countersign::{ConfigError, Verifier};
use countersign_core::{Algorithms, KeySet};
use std::cell::RefCell;

impl World {
    /// The problems of a case. There are none if it gets its verdict for its reason, with and without another trusted
    /// issuer.
    pub(crate) async fn run(&self, case: &Case) -> Vec<String> {
        let (mut problems, alone) = self.run_in(case, Company::Alone).await;
        let (found, beside) = self.run_in(case, Company::BesideAnother).await;
        problems.extend(found.into_iter().map(|problem| format!("beside another issuer: {problem}")));
        if problems.is_empty() && alone != beside {
            problems.push(format!("refused for {alone:?}, but beside another issuer for {beside:?}"));
        }
        problems
    }

    /// The problems of a case, and the reasons of its rejections in order.
    async fn run_in(&self, case: &Case, company: Company) -> (Vec<String>, Vec<String>) {
        let reasons = Reasons::default();
        let problems = match case.steps[0].verdict {
            Verdict::Skip => self.run_skip(case, company, &reasons).await,
            Verdict::Boot => self.run_boot(case, company).await,
            _ => self.run_steps(case, company, &reasons).await,
        };
        let problems = problems.unwrap_or_else(|problem| vec![format!("the case cannot be run: {problem}")]);
        (problems, reasons.0.into_inner())
    }

    async fn run_steps(&self, case: &Case, company: Company, reasons: &Reasons) -> Result<Vec<String>, String> {
        self.publish(case.steps[0].jwks.as_deref())?;
        let verifier = self.verifier(case, case.verifier.keys, company).await?.map_err(|error| error.to_string())?;
        let mut problems = Vec::new();
        for (index, step) in case.steps.iter().enumerate() {
            if index > 0 && step.jwks.is_some() {
                self.publish(step.jwks.as_deref())?;
            }
            let found = self.run_step(step, &verifier, reasons).await?;
            problems.extend(found.into_iter().map(|problem| format!("step {}: {problem}", index + 1)));
        }
        Ok(problems)
    }

    /// The odd key is skipped for its reason, in a fetched and in a given set. Its tokens are rejected, and those of
    /// the valid key are accepted.
    async fn run_skip(&self, case: &Case, company: Company, reasons: &Reasons) -> Result<Vec<String>, String> {
        let step = &case.steps[0];
        let odd = step.odd.as_ref().ok_or("SKIP needs `odd`")?;
        let neighbour = if matches!(odd, Jwk::Edited(edited) if edited.of == "EdDSA") { "ES256" } else { "EdDSA" };
        let set = self.key_set([odd, &Jwk::Raw(format!("<jwk {neighbour}>"))])?;
        let mut problems = skip_problems(&set, case)?;
        for keys in [KeyDelivery::Fetched, KeyDelivery::Static] {
            self.main.publish(set.clone());
            let verifier = self.verifier(case, keys, company).await?.map_err(|error| error.to_string())?;
            let mut verdicts = vec![(neighbour, Verdict::Ok, None, 0)];
            if let Jwk::Edited(edited) = odd {
                let fetches = usize::from(keys == KeyDelivery::Fetched);
                verdicts.push((&edited.of, Verdict::InvalidToken, Some("unknown_key"), fetches));
            }
            for (key, verdict, reason, fetches) in verdicts {
                let step = Step::plain(key, verdict, reason, fetches);
                let found = self.run_step(&step, &verifier, reasons).await?;
                problems.extend(found.into_iter().map(|problem| format!("{keys:?}, token by {key}: {problem}")));
            }
        }
        Ok(problems)
    }

    async fn run_boot(&self, case: &Case, company: Company) -> Result<Vec<String>, String> {
        let step = &case.steps[0];
        self.publish(step.jwks.as_deref())?;
        let Err(error) = self.verifier(case, case.verifier.keys, company).await? else {
            return Ok(vec!["the verifier was built".to_owned()]);
        };
        let name = config_error(&error);
        Ok(match step.reason.as_deref() {
            Some(reason) if reason != name => vec![format!("refused for {name}, not {reason}: {error}")],
            _ => Vec::new(),
        })
    }

    async fn run_step(&self, step: &Step, verifier: &Verifier, reasons: &Reasons) -> Result<Vec<String>, String> {
        let token = token::mint(step, self)?;
        let before = (self.main.fetches() + self.other.fetches(), self.attacker.requests());
        self.journal.take();
        let mut problems = Vec::new();
        let ways: &[Via] = match step.via {
            Via::Both => &[Via::Http, Via::Wire],
            ref one => std::slice::from_ref(one),
        };
        for way in ways {
            let found = match way {
                Via::Verify => self.verify(step, verifier, &token, reasons).await?,
                _ => self.request(step, verifier, &token, *way, reasons).await?,
            };
            problems.extend(found.into_iter().map(|problem| format!("{way:?}: {problem}")));
        }
        let fetches = self.main.fetches() + self.other.fetches() - before.0;
        if fetches != step.fetches {
            problems.push(format!("keys were fetched {fetches} times, not {}", step.fetches));
        }
        if self.attacker.requests() != before.1 {
            problems.push("the attacker's server was asked".to_owned());
        }
        Ok(problems)
    }

    async fn request(
        &self,
        step: &Step,
        verifier: &Verifier,
        token: &[u8],
        via: Via,
        reasons: &Reasons,
    ) -> Result<Vec<String>, String> {
        let message = self.message(step, token)?;
        let router = api::router(verifier.clone());
        let answer = match via {
            Via::Wire => client::send(router, &message).await?,
            _ => client::call(router, &message).await?,
        };
        let journal = self.journal.take();
        let mut problems = answer::problems(step, &answer, message.method == "HEAD");
        problems.extend(reason_problem(step, &journal));
        reasons.note_logged(&journal);
        problems.extend(leaks(step, token, &answer, &journal));
        Ok(problems)
    }

    fn message(&self, step: &Step, token: &[u8]) -> Result<Message, String> {
        let scope = Scope { world: self, key: "RS256", parts: None, fill: 0 };
        // The token may be invalid UTF-8, so it is inserted as bytes.
        let with_token = |line: &String| -> Result<Vec<u8>, String> {
            let pieces = line.split("<token>").map(|piece| scope.expand(piece)).collect::<Result<Vec<_>, _>>()?;
            Ok(pieces.join(token))
        };
        let lines = match &step.headers {
            Some(lines) => lines.iter().map(with_token).collect::<Result<_, _>>()?,
            None => vec![with_token(&"Authorization: Bearer <token>".to_owned())?],
        };
        let path = with_token(step.path.as_ref().unwrap_or(&"/me".to_owned()))?;
        Ok(Message {
            method: step.method.clone().unwrap_or_else(|| "GET".to_owned()),
            path: String::from_utf8(path).map_err(|_| "the path is not UTF-8")?,
            headers: lines,
            body: step.body.as_ref().map_or(Ok(Vec::new()), with_token)?,
        })
    }

    async fn verify(
        &self,
        step: &Step,
        verifier: &Verifier,
        token: &[u8],
        reasons: &Reasons,
    ) -> Result<Vec<String>, String> {
        let token = std::str::from_utf8(token).map_err(|_| "the token is not UTF-8")?;
        let found = verifier.verify(token).await;
        let journal = self.journal.take();
        let mut problems = Vec::new();
        match (step.verdict, &found) {
            (Verdict::Ok, Ok(_)) => {}
            (Verdict::InvalidToken, Err(VerifyError::Token(reason))) => {
                let reason = reason.code();
                reasons.note(reason);
                problems.extend(
                    step.reason.as_ref().filter(|wanted| *wanted != reason).map(|_| format!("refused for {reason}")),
                );
            }
            (_, Ok(_)) => problems.push("the token was accepted".to_owned()),
            (_, Err(error)) => problems.push(format!("the token was refused: {error}")),
        }
        if token.len() > 8 && journal.contains(token) || journal.contains(CANARY) {
            problems.push("the log holds the token or a claim".to_owned());
        }
        Ok(problems)
    }
}

/// The reasons of rejections, in order.
#[derive(Default)]
struct Reasons(RefCell<Vec<String>>);

impl Reasons {
    fn note(&self, reason: &str) {
        self.0.borrow_mut().push(reason.to_owned());
    }

    /// Reads the reasons from a log.
    fn note_logged(&self, journal: &str) {
        let lines = journal.lines().filter(|line| line.contains("countersign::rejection"));
        for line in lines {
            let reason = line.split_once("reason=").and_then(|(_, rest)| rest.split(' ').next());
            reason.into_iter().for_each(|reason| self.note(reason));
        }
    }
}

impl Step {
    /// The verdict on a valid token of a key.
    fn plain(key: &str, verdict: Verdict, reason: Option<&str>, fetches: usize) -> Self {
        let json = serde_json::json!({ "key": key, "verdict": "200", "fetches": fetches, "reason": reason });
        let step: Self = serde_json::from_value(json).expect("these are a step's fields");
        Self { verdict, ..step }
    }
}

fn skip_problems(set: &str, case: &Case) -> Result<Vec<String>, String> {
    let step = &case.steps[0];
    let allowed: Algorithms = match &case.verifier.algorithms {
        None => countersign::keys::Algorithm::all().collect(),
        Some(names) => names.iter().filter_map(|name| countersign::keys::Algorithm::from_name(name)).collect(),
    };
    let set = KeySet::from_jwks(set, allowed).map_err(|error| error.to_string())?;
    let reasons: Vec<String> = set.skipped().iter().map(|skipped| format!("{:?}", skipped.reason)).collect();
    let wanted = step.reason.as_deref().ok_or("SKIP needs a `reason`")?;
    Ok(match &reasons[..] {
        [reason] if reason == wanted && set.len() == 1 => Vec::new(),
        _ => vec![format!("{} keys are used, skipped for {reasons:?}, not [{wanted:?}]", set.len())],
    })
}

fn config_error(error: &ConfigError) -> String {
    let text = format!("{error:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

/// Checks that the reason is in the log only.
fn reason_problem(step: &Step, journal: &str) -> Option<String> {
    let logged = journal.lines().find(|line| line.contains("countersign::rejection"));
    if let Some(reason) = &step.reason
        && !logged.is_some_and(|line| line.contains(&format!("reason={reason:?}")))
    {
        return Some(format!("the reason is not {reason}: {}", logged.unwrap_or("nothing logged")));
    }
    if let Some(claim) = &step.claim
        && !logged.is_some_and(|line| line.contains(&format!("claim `{claim}`")))
    {
        return Some(format!("the reason does not name {claim}: {}", logged.unwrap_or("nothing logged")));
    }
    None
}

/// Checks that neither response nor log contains the token, a part of it or the value of a claim.
fn leaks(step: &Step, token: &[u8], answer: &Answer, journal: &str) -> Vec<String> {
    let token = String::from_utf8_lossy(token);
    let parts = token.split('.').filter(|part| part.len() >= 8);
    let secrets = parts.chain([CANARY]).chain(step.leaks.iter().map(String::as_str));
    let body = String::from_utf8_lossy(&answer.body);
    let headers = format!("{:?}", answer.headers);
    let mut problems = Vec::new();
    for secret in secrets {
        for (place, text) in [("body", &*body), ("headers", &headers), ("log", journal)] {
            if text.contains(secret) {
                problems.push(format!("the {place} holds {:?}", secret.chars().take(24).collect::<String>()));
            }
        }
    }
    problems
}
