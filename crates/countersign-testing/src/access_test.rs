//! A test that sends requests to every operation of an app, and compares the answers with its access matrix.

use crate::needs::{Enough, Need, ways};
use crate::test_issuer::TestIssuer;
use crate::test_token::TestToken;
use axum::Router;
use axum::body::Body;
use axum::response::Response;
use countersign::access::Access;
use countersign::openapi::{Matrix, MatrixRow};
use countersign::rejection::RejectionCode;
use countersign::requirement::Expr;
use http::header::{AUTHORIZATION, WWW_AUTHENTICATE};
use http::{Request, StatusCode};
use std::fmt;
use std::time::Duration;
use tower::ServiceExt;

/// A test that compares an app with its [`Matrix`]: it sends requests to every operation, and checks the answers.
///
/// A guarded operation gets requests without a token, with an expired token, and with a token for another audience. It
/// then gets tokens with each minimal set of sufficient grants, and tokens that lack one grant of such a set. The test
/// checks the status, the challenge, and that the handler ran or did not run. Public and optional operations must
/// accept requests without a token.
///
/// Path parameters become `1`, and requests have no body. The handler's own status (such as 400, 404 or 422) does not
/// matter.
///
/// The matrix of a `GuardedRouter` has every operation. One that a document [claims](Matrix::claimed_by) has those of
/// the document: a claim that is not enforced fails here, but an operation that the document leaves out is not tried.
///
/// # Example
///
/// ```
/// use countersign::providers::Oidc;
/// use countersign::{GuardedRouter, RequireGroups, Verifier};
/// use countersign_testing::{AccessTest, TestIssuer};
///
/// countersign::groups! { pub Admin = "admin"; }
///
/// #[utoipa::path(get, path = "/admin")]
/// async fn admin(_: RequireGroups<Admin>) {}
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let issuer = TestIssuer::start().await?;
/// let provider = Oidc::issuer(issuer.url()).audience("https://api.example.com");
/// let verifier = Verifier::builder().issuer(provider).build().await?;
/// let app = GuardedRouter::new().routes(countersign::routes!(admin)).with_state(verifier).build()?;
///
/// let tried = AccessTest::new(&issuer, "https://api.example.com").run(&app.router, &app.matrix).await;
/// assert_eq!(tried, 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct AccessTest<'a> {
    issuer: &'a TestIssuer,
    audience: &'a str,
    shape: Box<dyn Fn(TestToken) -> TestToken + Send + Sync + 'a>,
}

impl<'a> AccessTest<'a> {
    /// Makes a test with tokens of this issuer for this audience. The app's verifier must accept both.
    pub fn new(issuer: &'a TestIssuer, audience: &'a str) -> Self {
        Self { issuer, audience, shape: Box::new(|token| token) }
    }

    /// Changes every token before it is signed. Use it to add claims that handlers or custom rules require.
    #[must_use]
    pub fn shape(mut self, shape: impl Fn(TestToken) -> TestToken + Send + Sync + 'a) -> Self {
        self.shape = Box::new(shape);
        self
    }

    /// Runs the test, and returns the number of requests.
    ///
    /// # Panics
    ///
    /// Panics if an answer differs from the matrix. The message lists every such request with its operation, the rule,
    /// the token and the answer.
    pub async fn run(&self, app: &Router, matrix: &Matrix) -> usize {
        let mut failures = Vec::new();
        let mut tried = 0;
        for row in matrix.rows() {
            for attempt in self.attempts(&row.access) {
                tried += 1;
                let response = send(app, row, attempt.token.as_deref()).await;
                if let Err(problem) = attempt.expected.check(&response) {
                    let MatrixRow { method, path, access, .. } = row;
                    failures.push(format!("{method} {path} ({access}), {}: {problem}", attempt.what));
                }
            }
        }
        assert!(failures.is_empty(), "{} of {tried} requests went wrong:\n{}", failures.len(), failures.join("\n"));
        tried
    }

    fn attempts(&self, access: &Access) -> Vec<Attempt> {
        let good = |enough: &Enough| self.token(enough).audience(self.audience).mint();
        let none = Enough::new();
        let expired = || self.token(&none).audience(self.audience).expired_for(Duration::from_secs(24 * 3600)).mint();
        let foreign = || self.token(&none).audience("https://another-audience.invalid").mint();
        let bad = |what, token| Attempt::new(what, Some(token), Expected::Refused(StatusCode::UNAUTHORIZED, INVALID));
        match access {
            Access::Undecided | Access::Public => vec![
                Attempt::new("no token", None, Expected::LetIn),
                Attempt::new("an expired token that is not read", Some(expired()), Expected::LetIn),
            ],
            Access::Optional => vec![
                Attempt::new("no token", None, Expected::LetIn),
                Attempt::new("a good token", Some(good(&none)), Expected::LetIn),
                bad("an expired token", expired()),
                bad("a token for another audience", foreign()),
            ],
            Access::Required(exprs) => {
                let missing = Expected::Refused(StatusCode::UNAUTHORIZED, None);
                let mut attempts = vec![
                    Attempt::new("no token", None, missing),
                    bad("an expired token", expired()),
                    bad("a token for another audience", foreign()),
                ];
                let ways = ways(&Expr::All(exprs.clone()));
                for way in &ways {
                    let what = format!("just enough, {way:?}");
                    attempts.push(Attempt::new(what, Some(good(way)), Expected::LetIn));
                    for need in way {
                        let mut less = way.clone();
                        less.remove(need);
                        if !ways.iter().any(|way| way.is_subset(&less)) {
                            let expected = Expected::Refused(StatusCode::FORBIDDEN, Some("insufficient_scope"));
                            attempts.push(Attempt::new(format!("without {need:?}"), Some(good(&less)), expected));
                        }
                    }
                }
                attempts
            }
            // A later version may know more. A test that cannot try something must not pass.
            other => panic!("this version of `AccessTest` cannot try \"{other}\": update countersign-testing"),
        }
    }

    fn token(&self, enough: &Enough) -> TestToken {
        let names = |pick: fn(&Need) -> Option<&str>| enough.iter().filter_map(pick).collect::<Vec<_>>();
        let token = self
            .issuer
            .token("access-test")
            .scopes(names(|need| if let Need::Scope(name) = need { Some(name) } else { None }))
            .groups(names(|need| if let Need::Group(name) = need { Some(name) } else { None }))
            .roles(names(|need| if let Need::Role(name) = need { Some(name) } else { None }))
            .permissions(names(|need| if let Need::Permission(name) = need { Some(name) } else { None }));
        (self.shape)(token)
    }
}

impl fmt::Debug for AccessTest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessTest").field("issuer", &self.issuer.url()).finish_non_exhaustive()
    }
}

const INVALID: Option<&str> = Some("invalid_token");

struct Attempt {
    what: String,
    token: Option<String>,
    expected: Expected,
}

impl Attempt {
    fn new(what: impl Into<String>, token: Option<String>, expected: Expected) -> Self {
        Self { what: what.into(), token, expected }
    }
}

enum Expected {
    LetIn,
    /// Refused with this status, and with this `error` in the challenge.
    Refused(StatusCode, Option<&'static str>),
}

impl Expected {
    fn check(&self, response: &Response) -> Result<(), String> {
        let was_refused = response.extensions().get::<RejectionCode>().is_some();
        let status = response.status();
        match self {
            Self::LetIn if was_refused => Err(format!("refused with {status}, but it is enough")),
            Self::LetIn => Ok(()),
            Self::Refused(..) if !was_refused => Err(format!("the handler ran ({status}), but it must not")),
            Self::Refused(expected, _) if status != *expected => Err(format!("{status} in place of {expected}")),
            Self::Refused(_, error) => {
                let challenge = response.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
                let challenge = challenge.ok_or("no challenge")?;
                let said = challenge.split_once("error=\"").and_then(|(_, rest)| rest.split('"').next());
                if said == *error { Ok(()) } else { Err(format!("the challenge is `{challenge}`")) }
            }
        }
    }
}

async fn send(app: &Router, row: &MatrixRow, token: Option<&str>) -> Response {
    let method = if row.method == "ANY" { "GET" } else { row.method.as_str() };
    let mut request = Request::builder().method(method).uri(concrete(&row.path));
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::empty()).expect("a path of a router is a URI");
    // A router never fails: its error is `Infallible`.
    app.clone().oneshot(request).await.unwrap_or_else(|never| match never {})
}

/// Replaces the parameters of a path by values.
fn concrete(path: &str) -> String {
    let segments = path.split('/').map(|segment| match segment {
        "*" => "no-such-route",
        parameter if parameter.starts_with('{') => "1",
        fixed => fixed,
    });
    segments.collect::<Vec<_>>().join("/")
}
