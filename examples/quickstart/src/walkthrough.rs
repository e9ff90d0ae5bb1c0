//! What the quickstart prints: a token for each persona, and lines to paste.

use countersign_testing::TestIssuer;
use std::fmt;
use std::time::Duration;

/// The name under which the local issuer knows this API.
pub(crate) const AUDIENCE: &str = "https://reports.example.com";

struct Persona {
    name: &'static str,
    rights: &'static str,
    groups: &'static [&'static str],
    scopes: &'static [&'static str],
}

const ALICE: Persona = Persona {
    name: "alice",
    rights: "group admin, scopes reports:read reports:write",
    groups: &["admin"],
    scopes: &["reports:read", "reports:write"],
};
const BOB: Persona = Persona {
    name: "bob",
    rights: "group manager, scope reports:read",
    groups: &["manager"],
    scopes: &["reports:read"],
};
const CAROL: Persona = Persona { name: "carol", rights: "no group, no scope", groups: &[], scopes: &[] };

/// The requests to try: what they show, the status, method and path, who sends it.
const STEPS: [(&str, u16, &str, &str, Option<&Persona>); 10] = [
    ("open to everybody", 200, "GET", "/public", None),
    ("no token", 401, "GET", "/me", None),
    ("any valid token", 200, "GET", "/me", Some(&CAROL)),
    ("admins only, and alice is one", 200, "GET", "/admin", Some(&ALICE)),
    ("admins only, and bob is none", 403, "GET", "/admin", Some(&BOB)),
    ("admins or managers", 200, "GET", "/staff", Some(&BOB)),
    ("any of two scopes", 200, "GET", "/reports", Some(&BOB)),
    ("both scopes, and bob has one", 403, "POST", "/reports", Some(&BOB)),
    ("both scopes, and alice has them", 201, "POST", "/reports", Some(&ALICE)),
    ("group admin and scope reports:write", 204, "DELETE", "/reports/7", Some(&ALICE)),
];

/// Everything a newcomer needs. Each curl line is whole, so that it works in any shell and in any order.
pub(crate) struct Walkthrough<'a> {
    address: &'a str,
    issuer: &'a TestIssuer,
}

impl<'a> Walkthrough<'a> {
    pub(crate) fn new(address: &'a str, issuer: &'a TestIssuer) -> Self {
        Self { address, issuer }
    }

    fn token(&self, persona: &Persona) -> String {
        self.issuer
            .token(persona.name)
            .audience(AUDIENCE)
            .groups(persona.groups.iter().copied())
            .scopes(persona.scopes.iter().copied())
            .expires_in(Duration::from_secs(12 * 3600))
            .algorithm(countersign::Algorithm::EdDSA) // the shortest signatures
            .mint()
    }
}

impl fmt::Display for Walkthrough<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, issuer } = self;
        writeln!(f, "\nTokens, good for 12 hours:\n")?;
        let tokens = [ALICE, BOB, CAROL].map(|persona| (persona.name, persona.rights, self.token(&persona)));
        for (name, rights, token) in &tokens {
            writeln!(f, "{name} ({rights})\n{token}\n")?;
        }
        writeln!(f, "Lines to paste into another shell:\n")?;
        for (what, status, method, path, persona) in STEPS {
            write!(f, "{what}: {status}\ncurl -i -X {method} http://{address}{path}")?;
            if let Some(persona) = persona {
                let (.., token) = tokens.iter().find(|(name, ..)| *name == persona.name).ok_or(fmt::Error)?;
                write!(f, " -H 'Authorization: Bearer {token}'")?;
            }
            writeln!(f, "\n")?;
        }
        writeln!(f, "API            http://{address}")?;
        writeln!(f, "Documentation  http://{address}/docs (press Authorize and paste a token)")?;
        write!(f, "Local issuer   {}", issuer.url())
    }
}
