//! GitHub Actions.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use crate::preset::url_parts::{host, segment};
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// GitHub Actions: the OpenID tokens of workflow jobs of the owners or repositories that you name.
///
/// Any workflow on GitHub can ask for a token with any audience, so an owner or a repository must be named, too. Do not
/// check `sub`: its form depends on the repository's age and settings
/// (<https://docs.github.com/actions/reference/security/oidc>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::GithubActions;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         GithubActions::new()
///             .audience("https://deploy.example.com")
///             .repository("octo-org/octo-repo")
///             .git_ref("refs/heads/main"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct GithubActions {
    site: Site,
    /// The accepted values of each claim.
    required: BTreeMap<&'static str, Vec<String>>,
}

#[derive(Clone, Debug)]
enum Site {
    GithubCom,
    Enterprise(String),
    DataResidency(String),
    Server(String),
}

/// The claims of a workflow job's token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::GithubActionsClaims;
///
/// fn is_release(claims: &GithubActionsClaims) -> bool {
///     claims.git_ref.as_deref().is_some_and(|git_ref| git_ref.starts_with("refs/tags/v"))
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct GithubActionsClaims {
    /// The job, in the form of the repository's template. Do not use its prefix for authorization.
    pub sub: String,
    /// The repository, such as `octo-org/octo-repo`.
    pub repository: String,
    /// The repository's id, which it keeps when it is renamed.
    pub repository_id: Option<String>,
    /// The owner, a user or an organisation.
    pub repository_owner: String,
    /// The owner's id.
    pub repository_owner_id: Option<String>,
    /// The branch or tag, such as `refs/heads/main`.
    #[serde(rename = "ref")]
    pub git_ref: Option<String>,
    /// The environment, if the job names one.
    pub environment: Option<String>,
    /// The event that started the workflow, such as `push`.
    pub event_name: Option<String>,
    /// The workflow's file, with the branch or tag that it was taken from.
    pub workflow_ref: Option<String>,
    /// The file of a reusable workflow that the job belongs to, with its branch or tag.
    pub job_workflow_ref: Option<String>,
    /// The commit.
    pub sha: Option<String>,
    /// The user who started the workflow.
    pub actor: Option<String>,
    /// The run's id.
    pub run_id: Option<String>,
}

impl GithubActions {
    /// Accepts workflows on github.com. Name an audience, and an owner or a repository.
    pub fn new() -> Provider<Self> {
        Self::on(Site::GithubCom)
    }

    /// Accepts workflows of an enterprise on github.com that has its slug in the issuer.
    pub fn enterprise(slug: impl Into<String>) -> Provider<Self> {
        Self::on(Site::Enterprise(slug.into()))
    }

    /// Accepts workflows of an enterprise with data residency: `octocorp` of `octocorp.ghe.com`.
    pub fn data_residency(subdomain: impl Into<String>) -> Provider<Self> {
        Self::on(Site::DataResidency(subdomain.into()))
    }

    /// Accepts workflows on a GitHub Enterprise Server of this host name.
    pub fn server(host: impl Into<String>) -> Provider<Self> {
        Self::on(Site::Server(host.into()))
    }

    fn on(site: Site) -> Provider<Self> {
        Provider::new(Self { site, required: BTreeMap::new() })
    }
}

impl Provider<GithubActions> {
    /// Accepts only repositories of this user or organisation, in GitHub's spelling. Call it again for further owners.
    pub fn repository_owner(self, owner: impl Into<String>) -> Self {
        self.require("repository_owner", owner)
    }

    /// Works like [`repository_owner`](Self::repository_owner), but by the id, which stays with the owner if the name
    /// is reassigned.
    pub fn repository_owner_id(self, id: impl Into<String>) -> Self {
        self.require("repository_owner_id", id)
    }

    /// Accepts only this repository, such as `octo-org/octo-repo`. Call it again for further repositories.
    pub fn repository(self, repository: impl Into<String>) -> Self {
        self.require("repository", repository)
    }

    /// Works like [`repository`](Self::repository), but by the id, which stays with the repository if the name is
    /// reassigned.
    pub fn repository_id(self, id: impl Into<String>) -> Self {
        self.require("repository_id", id)
    }

    /// Accepts only this branch or tag, such as `refs/heads/main`. Call it again for further ones.
    pub fn git_ref(self, git_ref: impl Into<String>) -> Self {
        self.require("ref", git_ref)
    }

    /// Accepts only jobs with this environment. Call it again for further environments.
    pub fn environment(self, environment: impl Into<String>) -> Self {
        self.require("environment", environment)
    }

    fn require(mut self, claim: &'static str, value: impl Into<String>) -> Self {
        self.preset.required.entry(claim).or_default().push(value.into());
        self
    }
}

impl Site {
    fn issuer(&self) -> Result<String, ConfigError> {
        Ok(match self {
            Self::GithubCom => "https://token.actions.githubusercontent.com".to_owned(),
            Self::Enterprise(slug) => {
                let slug = segment("enterprise slug", slug, "it is what the enterprise's URL ends in")?;
                format!("https://token.actions.githubusercontent.com/{slug}")
            }
            Self::DataResidency(subdomain) => {
                let subdomain = segment("subdomain", subdomain, "it is `octocorp` of `octocorp.ghe.com`")?;
                format!("https://token.actions.{subdomain}.ghe.com")
            }
            Self::Server(name) => {
                let name = host("GitHub Enterprise Server host", name, "it looks like `github.example.com`")?;
                format!("https://{name}/_services/token")
            }
        })
    }
}

impl sealed::Sealed for GithubActions {}

/// The audience is the value that workflows ask for.
impl TakesAudience for GithubActions {}

impl Preset for GithubActions {
    type Claims = GithubActionsClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "GitHub Actions",
        constructor: r#"GithubActions::new().audience("https://deploy.example.com").repository("octo-org/octo-repo").git_ref("refs/heads/main")"#,
        console: "nothing to configure: give the workflow `permissions: id-token: write`, and let it ask for the audience \
                  with `core.getIDToken(audience)`",
        quirks: &[
            "Any workflow on GitHub can ask for any audience. Without an owner or a repository, the configuration is \
             refused.",
            "No rule checks `sub`: its beginning differs in repositories that were created after 15 July 2026, and owners \
             choose its form.",
            "Names can be reassigned: `.repository_owner_id(..)` and `.repository_id(..)` are safer.",
            "Everyone with push access to a branch can run workflows on it. An environment with protection rules is safer.",
            "An enterprise can have its slug in the issuer: `GithubActions::enterprise(\"octocat-inc\")`. There are also \
             `GithubActions::data_residency(\"octocorp\")` and `GithubActions::server(\"github.example.com\")`.",
            "Every caller is a machine, without scopes.",
        ],
        sources: &["https://docs.github.com/actions/reference/security/oidc"],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::Nothing(Self::new),
        settings: &[
            Setting::Each(
                Variable::required(
                    "GITHUB_ACTIONS_AUDIENCE",
                    "the audience that workflows ask for, or several separated by commas",
                ),
                Provider::audience,
            ),
            Setting::Each(
                Variable::required(
                    "GITHUB_ACTIONS_REPOSITORY_OWNER",
                    "the user or organisation whose workflows may call, or several separated by commas",
                ),
                Provider::repository_owner,
            ),
        ],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        const WHOSE: [&str; 4] = ["repository", "repository_id", "repository_owner", "repository_owner_id"];
        if !WHOSE.iter().any(|claim| self.required.contains_key(claim)) {
            let expected = "name whose workflows may call, with `.repository_owner(..)` or `.repository(..)`";
            return Err(ConfigError::InvalidArgument { what: "repository owner", value: String::new(), expected });
        }
        let profile = Profile::discovered(self.site.issuer()?)?
            .access(TokenKind::access(), Audience::any_of(recipients.audiences))
            .claim_map(ClaimMap::default().tenant(["repository_owner_id"]).machine([ServiceAccountRule::Always]));
        let rules = self.required.into_iter().map(|(claim, values)| ClaimRule::one_of(claim, values));
        Ok(rules.fold(profile, Profile::rule))
    }

    fn example() -> Provider<Self> {
        Self::new().audience("https://deploy.example.com").repository("octo-org/octo-repo").git_ref("refs/heads/main")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_must_be_named() {
        let github = || GithubActions::new().audience("https://deploy.example.com");
        assert!(github().profile().is_err());
        assert!(github().git_ref("refs/heads/main").environment("prod").profile().is_err());
        for enough in [
            github().repository_owner("octo-org"),
            github().repository_owner_id("123456"),
            github().repository("octo-org/octo-repo"),
            github().repository_id("456789"),
        ] {
            assert_eq!(enough.profile().unwrap().rules.len(), 1);
        }
    }

    #[test]
    fn each_claim_that_is_named_is_demanded() {
        let github = GithubActions::new().repository_owner("a").repository_owner("b").environment("prod");
        let rules: Vec<String> = github.profile().unwrap().rules.iter().map(ToString::to_string).collect();
        assert_eq!(rules, ["`environment` is `prod`", "`repository_owner` is `a` or `b`"]);
    }

    #[test]
    fn the_issuer_follows_the_site() {
        for (github, expected) in [
            (GithubActions::enterprise("octocat-inc"), Some("https://token.actions.githubusercontent.com/octocat-inc")),
            (GithubActions::data_residency("octocorp"), Some("https://token.actions.octocorp.ghe.com")),
            (GithubActions::server("GitHub.example.com"), Some("https://github.example.com/_services/token")),
            (GithubActions::enterprise("../evil"), None),
            (GithubActions::data_residency("evil.example/"), None),
            (GithubActions::server("https://github.example.com"), None),
        ] {
            let iss = github.repository_owner("a").profile().map(|profile| profile.iss.to_string());
            assert_eq!(iss.ok().as_deref(), expected);
        }
    }
}
