//! The text that the quickstart prints: a token for each persona, and lines to paste.

use countersign_local_issuer::LocalIssuer;
use std::fmt;

/// The requests to try: their purpose, the expected status, method and path, and the persona that sends it.
const STEPS: [(&str, u16, &str, &str, Option<&str>); 11] = [
    ("open to everybody", 200, "GET", "/public", None),
    ("no token", 401, "GET", "/me", None),
    ("any valid token", 200, "GET", "/me", Some("mallory")),
    ("a token that has expired", 401, "GET", "/me", Some("trudy")),
    ("admins only, and alice is an admin", 200, "GET", "/admin", Some("alice")),
    ("admins only, and bob is not an admin", 403, "GET", "/admin", Some("bob")),
    ("admins or managers", 200, "GET", "/staff", Some("bob")),
    ("any of two scopes", 200, "GET", "/reports", Some("bob")),
    ("both scopes, and bob has one", 403, "POST", "/reports", Some("bob")),
    ("both scopes, and alice has them", 201, "POST", "/reports", Some("alice")),
    ("group admin and scope reports:write", 204, "DELETE", "/reports/7", Some("alice")),
];

/// The instructions for a newcomer. Each curl line is complete, so that it works in any shell and in any order.
pub(crate) struct Walkthrough<'a> {
    address: &'a str,
    issuer: &'a LocalIssuer,
}

impl<'a> Walkthrough<'a> {
    pub(crate) fn new(address: &'a str, issuer: &'a LocalIssuer) -> Self {
        Self { address, issuer }
    }
}

impl fmt::Display for Walkthrough<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, issuer } = self;
        writeln!(f, "\nTokens, valid for 12 hours:\n")?;
        for persona in issuer.personas() {
            writeln!(f, "{} ({persona})\n{}\n", persona.name(), token(issuer, persona.name()))?;
        }
        writeln!(f, "Lines to paste into another shell:\n")?;
        for (what, status, method, path, persona) in STEPS {
            write!(f, "{what}: {status}\ncurl -i -X {method} http://{address}{path}")?;
            if let Some(persona) = persona {
                write!(f, " -H 'Authorization: Bearer {}'", token(issuer, persona))?;
            }
            writeln!(f, "\n")?;
        }
        writeln!(f, "API            http://{address}")?;
        writeln!(f, "Documentation  http://{address}/docs (press Authorize, then choose a persona or paste a token)")?;
        write!(f, "Local issuer   {}", issuer.url())
    }
}

fn token(issuer: &LocalIssuer, persona: &str) -> String {
    // EdDSA has the shortest signatures.
    issuer.token(persona).algorithm(countersign::keys::Algorithm::EdDSA).mint()
}
