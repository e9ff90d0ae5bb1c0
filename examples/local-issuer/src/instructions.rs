//! The instructions that the program prints: its personas, and lines to paste.

use countersign_local_issuer::LocalIssuer;
use std::fmt;

/// The instructions for a developer. Each line is complete, so that it works in any shell and in any order.
pub(crate) struct Instructions<'a> {
    issuer: &'a LocalIssuer,
}

impl<'a> Instructions<'a> {
    pub(crate) fn new(issuer: &'a LocalIssuer) -> Self {
        Self { issuer }
    }
}

impl fmt::Display for Instructions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (url, audience) = (self.issuer.url(), quoted(self.issuer.audience()));
        writeln!(f, "\nPersonas to log in as:\n")?;
        for persona in self.issuer.personas() {
            writeln!(f, "{} ({persona})", persona.name())?;
        }
        writeln!(f, "\nLines to paste into another shell:\n")?;
        writeln!(f, "an API that trusts this issuer, with a documentation page that logs in")?;
        writeln!(
            f,
            "COUNTERSIGN_ISSUER={url} COUNTERSIGN_AUDIENCE={audience} COUNTERSIGN_DOCS_CLIENT_ID=docs cargo run -p resource-server\n"
        )?;
        writeln!(f, "a token for a program (any client id, any scope)")?;
        writeln!(f, "curl -sS {url}/token -d grant_type=client_credentials -d client_id=svc -d scope=reports:read\n")?;
        for persona in self.issuer.personas() {
            let choice = quoted(&format!("persona={}", persona.name()));
            writeln!(f, "a token of {}, by authorization code and PKCE", persona.name())?;
            writeln!(
                f,
                "curl -sS {url}/token -d grant_type=authorization_code {CLIENT} -d code_verifier={VERIFIER} \
                 -d code=\"$(curl -sS -o /dev/null -w '%{{redirect_url}}' {url}/authorize -d response_type=code {CLIENT} \
                 -d code_challenge={CHALLENGE} -d code_challenge_method=S256 --data-urlencode {choice} \
                 | sed 's/.*[?&]code=//; s/&.*//')\"\n"
            )?;
        }
        writeln!(f, "new signing keys")?;
        writeln!(f, "curl -sS -X POST {url}/rotate\n")?;
        writeln!(f, "Audience       {}", self.issuer.audience())?;
        write!(f, "Local issuer   {url} (anybody on this machine can log in as any persona)")
    }
}

const CLIENT: &str = "-d client_id=curl -d redirect_uri=http://127.0.0.1/";
/// The code verifier of RFC 7636 appendix B, so that each line is complete. Clients generate a new one for each login.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Quotes a word for the shell.
fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use countersign::Verifier;
    use countersign::providers::Oidc;
    use countersign_local_issuer::Persona;
    use serde_json::Value;
    use std::process::Command;

    /// Runs each printed line in a shell.
    #[tokio::test(flavor = "multi_thread")]
    async fn every_printed_line_works_when_pasted() {
        let personas = ["alice", "Conan O'Brien; echo"].map(Persona::new);
        let issuer = LocalIssuer::builder("api of mine").personas(personas).start().await.unwrap();
        let printed = Instructions::new(&issuer).to_string();

        let api = printed.lines().find(|line| line.starts_with("COUNTERSIGN_ISSUER=")).unwrap();
        let api = api.replace("cargo run -p resource-server", "env");
        let variables = paste(&api);
        let variable =
            |name: &str| variables.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap();
        let provider = Oidc::issuer(variable("COUNTERSIGN_ISSUER")).audience(variable("COUNTERSIGN_AUDIENCE"));
        let verifier = Verifier::builder().issuer(provider).build().await.unwrap();

        let mut subjects = Vec::new();
        for line in printed.lines().filter(|line| line.starts_with("curl ")) {
            let answer: Value = serde_json::from_str(&paste(line)).expect(line);
            match answer["access_token"].as_str() {
                Some(token) => subjects.push(verifier.verify(token).await.unwrap().principal().subject().to_owned()),
                None => assert_eq!(answer["kids"].as_array().map(Vec::len), Some(3), "{line}"),
            }
        }
        assert_eq!(subjects, ["svc", "alice", "Conan O'Brien; echo"]);
    }

    #[track_caller]
    fn paste(line: &str) -> String {
        let output = Command::new("sh").args(["-c", line]).output().expect("sh runs");
        assert!(output.status.success(), "{line}");
        String::from_utf8(output.stdout).expect("the answer is text")
    }
}
