//! The expected response for each verdict (RFC 6750, RFC 7235, RFC 9457).

use crate::api::{STRANGER, WELCOME};
use crate::case::{Step, Verdict};
use crate::client::Answer;
use crate::world::REALM;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use serde_json::Value;

/// One row of the table of answers.
struct Expected {
    status: u16,
    /// The code in the body of Countersign's responses.
    code: Option<&'static str>,
    /// The `error` of the challenge.
    error: Option<&'static str>,
}

fn expected(verdict: Verdict) -> Expected {
    let (status, code, error) = match verdict {
        Verdict::Ok => (200, None, None),
        Verdict::InvalidRequest => (400, Some("invalid_request"), Some("invalid_request")),
        Verdict::MissingToken => (401, Some("missing_token"), None),
        Verdict::InvalidToken => (401, Some("invalid_token"), Some("invalid_token")),
        Verdict::InsufficientScope => (403, Some("insufficient_scope"), Some("insufficient_scope")),
        Verdict::CrossOrigin => (403, Some("cross_origin"), None),
        Verdict::NotFound => (404, None, None),
        Verdict::NotHttp => (400, None, None),
        Verdict::HeadersTooLarge => (431, None, None),
        Verdict::Skip | Verdict::Boot => unreachable!("no request is made"),
    };
    Expected { status, code, error }
}

/// The problems of a response.
pub(crate) fn problems(step: &Step, answer: &Answer, is_head: bool) -> Vec<String> {
    let expected = expected(step.verdict);
    if answer.status != expected.status {
        return vec![format!("answered {}, not {}", answer.status, expected.status)];
    }
    let mut problems = Vec::new();
    let challenges: Vec<&str> = answer
        .headers
        .get_all(WWW_AUTHENTICATE)
        .iter()
        .map(|value| value.to_str().unwrap_or("a challenge that is not ASCII"))
        .collect();
    let challenge_problem = match (expected.code, &challenges[..]) {
        (None, []) => None,
        // Another token would not help.
        (Some(_), []) if step.verdict == Verdict::CrossOrigin => None,
        (Some(_), [challenge]) => challenge_problem(challenge, expected.error, step.scope.as_deref()),
        _ => Some(format!("challenges: {challenges:?}")),
    };
    problems.extend(challenge_problem);
    problems.extend(match expected.code {
        Some(code) => problem_json(answer, expected.status, code, is_head),
        None if step.verdict == Verdict::Ok => welcome(step, answer, is_head),
        None => None,
    });
    problems
}

/// `Bearer realm="..", error="..", error_description="..", scope=".."`, in this order and without further parameters.
fn challenge_problem(challenge: &str, error: Option<&str>, scope: Option<&str>) -> Option<String> {
    let wrong = || Some(format!("challenge {challenge:?}"));
    let Some(mut rest) = challenge.strip_prefix(&format!("Bearer realm=\"{REALM}\"")) else { return wrong() };
    if let Some(error) = error {
        let Some(after) = rest.strip_prefix(&format!(", error=\"{error}\", error_description=\"")) else {
            return wrong();
        };
        let Some((_, after)) = after.split_once('"') else { return wrong() };
        rest = after;
    }
    let scope = scope.map(|scope| format!(", scope=\"{scope}\"")).unwrap_or_default();
    if rest == scope { None } else { wrong() }
}

fn problem_json(answer: &Answer, status: u16, code: &str, is_head: bool) -> Option<String> {
    // RFC 9111 section 5.2.2.5: no cache may store a rejection.
    let cache_control = answer.headers.get(CACHE_CONTROL).map(|value| value.as_bytes());
    if cache_control != Some(b"no-store") {
        return Some(format!("cache control {cache_control:?}"));
    }
    let content_type = answer.headers.get(CONTENT_TYPE).map(|value| value.as_bytes());
    if content_type != Some(b"application/problem+json") {
        return Some(format!("content type {content_type:?}"));
    }
    if is_head {
        return (!answer.body.is_empty()).then(|| "a body in answer to HEAD".to_owned());
    }
    let Ok(body) = serde_json::from_slice::<Value>(&answer.body) else {
        return Some("the body is not JSON".to_owned());
    };
    let texts =
        ["type", "title", "detail"].iter().all(|member| body[member].as_str().is_some_and(|text| !text.is_empty()));
    let is_right = body["status"] == status && body["code"] == code && texts;
    (!is_right).then(|| format!("body {body}"))
}

/// Handlers report if there is a caller.
fn welcome(step: &Step, answer: &Answer, is_head: bool) -> Option<String> {
    let is_stranger = step.headers.as_ref().is_some_and(|lines| lines.iter().all(|line| !line.contains("<token>")));
    let wanted = match (is_head, is_stranger) {
        (true, _) => "",
        (false, true) => STRANGER,
        (false, false) => WELCOME,
    };
    (answer.body != wanted.as_bytes()).then(|| format!("body {:?}", String::from_utf8_lossy(&answer.body)))
}
