//! Firebase Authentication, and Google Cloud Identity Platform.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, sealed};
use crate::preset::url_parts::segment;
use countersign_core::{Audience, ClaimMap, ClaimRule, ConfigError, TokenKind};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Firebase Authentication: ID tokens of a project, which Firebase intends for APIs, or its session cookies.
///
/// In addition to the usual checks, `auth_time` must be in the past, and `sub` must not be longer than 128 bytes
/// (<https://firebase.google.com/docs/auth/admin/verify-id-tokens>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Firebase;
///
/// let verifier = Verifier::builder().issuer(Firebase::project("my-project")).build().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Firebase {
    project: String,
    credential: Credential,
    tenants: Vec<String>,
    #[cfg(feature = "dangerous-unsigned")]
    pub(super) emulator: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Credential {
    IdToken,
    SessionCookie,
}

/// The claims of a Firebase token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::FirebaseClaims;
///
/// #[derive(serde::Deserialize)]
/// struct Member {
///     #[serde(flatten)]
///     firebase: FirebaseClaims,
///     /// A custom claim.
///     #[serde(default)]
///     admin: bool,
/// }
///
/// fn is_anonymous(member: &Member) -> bool {
///     member.firebase.firebase.sign_in_provider == "anonymous"
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct FirebaseClaims {
    /// The user's id (`uid`).
    pub sub: String,
    /// The time of the log-in, in seconds since 1970.
    pub auth_time: u64,
    /// The details of the log-in.
    pub firebase: FirebaseSignIn,
    /// The full name.
    pub name: Option<String>,
    /// The e-mail address.
    pub email: Option<String>,
    /// True if the address was verified. Until then, a user with a password can claim any address.
    pub email_verified: Option<bool>,
    /// The telephone number.
    pub phone_number: Option<String>,
    /// The URL of a picture.
    pub picture: Option<String>,
}

/// The details of the log-in of a Firebase user.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct FirebaseSignIn {
    /// `password`, `google.com`, `custom`, `anonymous` and so on.
    pub sign_in_provider: String,
    /// The second factor, if there was one.
    pub sign_in_second_factor: Option<String>,
    /// The user's ids at other providers, by provider.
    #[serde(default)]
    pub identities: BTreeMap<String, Vec<String>>,
    /// The tenant of Identity Platform that the user belongs to.
    pub tenant: Option<String>,
}

impl Firebase {
    /// Accepts ID tokens of the project of this id, such as `my-project`.
    pub fn project(project: impl Into<String>) -> Provider<Self> {
        Self::new(project.into(), Credential::IdToken)
    }

    /// Accepts session cookies of the project, which its server made out of ID tokens
    /// (<https://firebase.google.com/docs/auth/admin/manage-cookies>).
    pub fn session_cookies(project: impl Into<String>) -> Provider<Self> {
        Self::new(project.into(), Credential::SessionCookie)
    }

    fn new(project: String, credential: Credential) -> Provider<Self> {
        Provider::new(Self {
            project,
            credential,
            tenants: Vec::new(),
            #[cfg(feature = "dangerous-unsigned")]
            emulator: None,
        })
    }

    /// Gives the claim map of Firebase: the claims that hold information about users. Change it and pass it to
    /// [`claim_map`](Provider::claim_map). Roles are custom claims, at the top level.
    pub fn claims() -> ClaimMap {
        ClaimMap::default().tenant([["firebase", "tenant"]]).machine([])
    }
}

impl Provider<Firebase> {
    /// Accepts only users of this tenant of Identity Platform. Call it again for further tenants.
    pub fn tenant(mut self, tenant: impl Into<String>) -> Self {
        self.preset.tenants.push(tenant.into());
        self
    }
}

impl sealed::Sealed for Firebase {}

impl Preset for Firebase {
    type Claims = FirebaseClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Firebase Authentication",
        constructor: r#"Firebase::project("my-project")"#,
        console: "Firebase console > Project settings > General (Project ID)",
        quirks: &[
            "Depending on the project, anyone may be able to sign up, even anonymously: check `firebase.sign_in_provider` \
             or custom claims.",
            "`Firebase::session_cookies(\"my-project\")` accepts session cookies in place of ID tokens. They have their \
             own issuer and keys.",
            "Custom tokens (for signing in to Firebase) and tokens of blocking functions are not accepted.",
            "With Identity Platform's tenants, users of all tenants are accepted unless `.tenant(..)` is called. \
             `principal.tenant()` gives the tenant.",
            "Custom claims are at the top level: `.claim_map(Firebase::claims().roles([\"role\"]))`. `groups`, `roles`, \
             `permissions` and `scope` are read if you set them.",
            "The emulator signs nothing, so its tokens are refused; for development, the cargo feature \
             `dangerous-unsigned` adds a setting that accepts them. A token is valid until it expires, even if the user has \
             signed out.",
        ],
        sources: &[
            "https://firebase.google.com/docs/auth/admin/verify-id-tokens",
            "https://github.com/firebase/firebase-admin-node/blob/master/src/auth/token-verifier.ts",
            "https://docs.cloud.google.com/identity-platform/docs/reference/rest/v1/TopLevel/getSessionCookiePublicKeys",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required("FIREBASE_PROJECT_ID", "the project id, such as `my-project`"),
            Self::project,
        ),
        settings: &[Setting::Each(
            Variable::optional("FIREBASE_TENANT", "the tenant's id, or several separated by commas"),
            Provider::<Self>::tenant,
        )],
    };

    fn profile(self, _: Recipients) -> Result<Profile, ConfigError> {
        let project = segment("Firebase project id", &self.project, "it looks like `my-project`")?;
        let profile = match self.credential {
            Credential::IdToken => Profile::discovered(format!("https://securetoken.google.com/{project}"))?,
            Credential::SessionCookie => Profile::with_keys_at(
                format!("https://session.firebase.google.com/{project}"),
                "https://identitytoolkit.googleapis.com/v1/sessionCookiePublicKeys",
            )?,
        };
        let profile = profile
            .id(
                TokenKind::id().require(ClaimRule::present(["firebase", "sign_in_provider"])),
                Audience::any_of([project]),
            )
            .claim_map(Self::claims())
            .rule(ClaimRule::past("auth_time"))
            .rule(ClaimRule::at_most("sub", 128));
        let tenants = self.tenants;
        let of_tenants = |tenants| ClaimRule::one_of(["firebase", "tenant"], tenants);
        let profile = if tenants.is_empty() { profile } else { profile.rule(of_tenants(tenants)) };
        #[cfg(feature = "dangerous-unsigned")]
        let profile = self.emulator.into_iter().fold(profile, Profile::emulated_by);
        Ok(profile)
    }

    fn example() -> Provider<Self> {
        Self::project("my-project")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_have_an_issuer_and_keys_of_their_own() {
        let profile = Firebase::session_cookies("my-project").profile().unwrap();
        assert_eq!(&*profile.iss, "https://session.firebase.google.com/my-project");
        assert!(format!("{:?}", profile.keys).contains("sessionCookiePublicKeys"));
        assert!(Firebase::project("my/project").profile().is_err());
    }

    #[test]
    fn a_tenant_is_required_once_it_is_named() {
        let rules = |firebase: Provider<Firebase>| {
            let rules = firebase.profile().unwrap().rules;
            rules.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        let rule = "`firebase → tenant` is `a` or `b`".to_owned();
        assert!(!rules(Firebase::project("p")).contains(&rule));
        assert!(rules(Firebase::project("p").tenant("a").tenant("b")).contains(&rule));
    }
}
