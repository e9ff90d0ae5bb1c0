//! Service accounts of a Kubernetes cluster.

use crate::preset::docs::PresetDocs;
use crate::preset::environment::{Constructor, FromEnv, Setting, Variable};
use crate::preset::profile::Profile;
use crate::preset::provider::Provider;
use crate::preset::recipients::Recipients;
use crate::preset::traits::{Preset, TakesAudience, sealed};
use crate::preset::url_parts::segment;
use countersign_core::{Algorithm, Audience, ClaimMap, ClaimRule, ConfigError, ServiceAccountRule, TokenKind};
use serde::Deserialize;

/// Kubernetes: tokens of a cluster's service accounts for your own audience.
///
/// A pod gets such a token by a projected volume with your `audience`. The default audience is the API server itself
/// (<https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/>).
///
/// # Example
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use countersign_core::Verifier;
/// use countersign_providers::Kubernetes;
///
/// let verifier = Verifier::builder()
///     .issuer(
///         Kubernetes::service_accounts("https://k8s.example.com")
///             .audience("https://reports.example.com")
///             .namespace("billing"),
///     )
///     .build()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Kubernetes {
    cluster: Cluster,
    namespaces: Vec<String>,
}

#[derive(Clone, Debug)]
enum Cluster {
    Issuer(String),
    Eks { region: String, id: String },
    Gke { project: String, location: String, cluster: String },
}

/// The claims of a service account's token. Use them as they are, or `#[serde(flatten)]` them into your own.
///
/// # Example
///
/// ```
/// use countersign_providers::KubernetesClaims;
///
/// fn pod(claims: &KubernetesClaims) -> Option<&str> {
///     Some(claims.kubernetes.pod.as_ref()?.name.as_str())
/// }
/// ```
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct KubernetesClaims {
    /// `system:serviceaccount:NAMESPACE:NAME`.
    pub sub: String,
    /// The service account, and the objects that the token is bound to.
    #[serde(rename = "kubernetes.io")]
    pub kubernetes: KubernetesBinding,
}

/// The objects that a service account's token is bound to.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct KubernetesBinding {
    /// The namespace.
    pub namespace: String,
    /// The service account.
    pub serviceaccount: KubernetesObject,
    /// The pod that the token was made for.
    pub pod: Option<KubernetesObject>,
    /// The pod's node.
    pub node: Option<KubernetesObject>,
    /// The time by which the token should be replaced, in seconds since 1970, if it is valid for longer than requested.
    pub warnafter: Option<u64>,
}

/// An object of a cluster.
#[derive(Clone, Deserialize)]
#[non_exhaustive]
pub struct KubernetesObject {
    /// Its name. Another object can have it later.
    pub name: String,
    /// Its id, which is never reused.
    pub uid: String,
}

impl Kubernetes {
    /// Selects the cluster with this issuer: `issuer` of `kubectl get --raw /.well-known/openid-configuration`.
    pub fn service_accounts(issuer: impl Into<String>) -> Provider<Self> {
        Self::new(Cluster::Issuer(issuer.into()))
    }

    /// Selects a cluster of Amazon EKS, by its region and the id at the end of its OpenID Connect provider URL.
    pub fn eks(region: impl Into<String>, id: impl Into<String>) -> Provider<Self> {
        Self::new(Cluster::Eks { region: region.into(), id: id.into() })
    }

    /// Selects a cluster of Google Kubernetes Engine, by its project, location (a region or zone) and name.
    pub fn gke(project: impl Into<String>, location: impl Into<String>, cluster: impl Into<String>) -> Provider<Self> {
        Self::new(Cluster::Gke { project: project.into(), location: location.into(), cluster: cluster.into() })
    }

    fn new(cluster: Cluster) -> Provider<Self> {
        Provider::new(Self { cluster, namespaces: Vec::new() })
    }
}

impl Provider<Kubernetes> {
    /// Accepts only service accounts of this namespace. Call it again for further namespaces.
    pub fn namespace(mut self, namespace: impl Into<String>) -> Self {
        self.preset.namespaces.push(namespace.into());
        self
    }
}

impl Cluster {
    fn issuer(self) -> Result<String, ConfigError> {
        match self {
            Self::Issuer(issuer) => Ok(issuer),
            // https://docs.aws.amazon.com/cdk/api/v1/docs/@aws-cdk_aws-eks.OpenIdConnectProviderProps.html
            Self::Eks { region, id } => {
                let region = segment("region", &region, "it looks like `eu-west-1`")?;
                let id = segment("EKS issuer id", &id, "it is what the OpenID Connect provider URL ends in")?;
                Ok(format!("https://oidc.eks.{region}.amazonaws.com/id/{id}"))
            }
            // https://docs.cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.well-known/getOpenid-configuration
            Self::Gke { project, location, cluster } => {
                let project = segment("project id", &project, "it looks like `my-project`")?;
                let location = segment("location", &location, "it looks like `europe-west1`")?;
                let cluster = segment("cluster name", &cluster, "it holds letters, digits and hyphens")?;
                let parent = "https://container.googleapis.com/v1/projects";
                Ok(format!("{parent}/{project}/locations/{location}/clusters/{cluster}"))
            }
        }
    }
}

impl sealed::Sealed for Kubernetes {}

/// The audience is the value that pods ask for.
///
/// # Security
///
/// Never use the API server's own audience, such as `https://kubernetes.default.svc`: every pod has a token for it, and
/// a service that receives such a token can act in the cluster.
impl TakesAudience for Kubernetes {}

impl Preset for Kubernetes {
    type Claims = KubernetesClaims;

    const DOCS: PresetDocs = PresetDocs {
        name: "Kubernetes service accounts",
        constructor: r#"Kubernetes::service_accounts("https://k8s.example.com").audience("https://reports.example.com").namespace("billing")"#,
        console: "`kubectl get --raw /.well-known/openid-configuration` (`issuer`); on EKS: Clusters > your cluster > Overview \
                  (OpenID Connect provider URL); `kubectl create token NAME --audience https://reports.example.com` makes a token",
        quirks: &[
            "Every caller is a machine: `principal.subject()` is `system:serviceaccount:NAMESPACE:NAME`, `principal.tenant()` the \
             namespace.",
            "Require your own audience. Every pod has a token for the API server's.",
            "`Kubernetes::eks(\"eu-west-1\", id)` and `Kubernetes::gke(project, location, cluster)` derive the issuer. \
             Both publish their keys.",
            "A cluster that serves its keys only internally requires a credential and its own root certificate: use \
             `.http_client(..)` with both, and `.allow_addresses(..)`; or `.jwks(..)` with the output of `kubectl get --raw \
             /openid/v1/jwks`.",
            "The token that a cluster gives pods by default may be valid for a year; `warnafter` is the time by which it \
             should be replaced. Tokens for an audience have the lifetime that the pod asked for.",
            "A name can be reused by another service account later. `uid` cannot.",
            "Legacy tokens from Secrets have no `exp` and another issuer: they are refused.",
        ],
        sources: &[
            "https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/",
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/",
            "https://docs.cloud.google.com/kubernetes-engine/docs/reference/rest/v1/projects.locations.clusters.well-known/getOpenid-configuration",
            "https://docs.aws.amazon.com/cdk/api/v1/docs/@aws-cdk_aws-eks.OpenIdConnectProviderProps.html",
        ],
    };

    const FROM_ENV: FromEnv<Self> = FromEnv {
        constructor: Constructor::One(
            Variable::required(
                "KUBERNETES_ISSUER",
                "the cluster's issuer: `--service-account-issuer` of its API server",
            ),
            Self::service_accounts,
        ),
        settings: &[
            Setting::Each(
                Variable::required(
                    "KUBERNETES_AUDIENCE",
                    "the audience that tokens are made for, or several separated by commas",
                ),
                Provider::audience,
            ),
            Setting::Each(
                Variable::optional(
                    "KUBERNETES_NAMESPACE",
                    "the only namespace that may call, or several separated by commas",
                ),
                Provider::namespace,
            ),
        ],
    };

    fn profile(self, recipients: Recipients) -> Result<Profile, ConfigError> {
        let kind = TokenKind::access().require(ClaimRule::present(["kubernetes.io", "serviceaccount", "name"]));
        let profile = Profile::discovered(self.cluster.issuer()?)?
            .access(kind, Audience::any_of(recipients.audiences))
            .algorithms([Algorithm::RS256, Algorithm::ES256])
            .claim_map(
                ClaimMap::default().tenant([["kubernetes.io", "namespace"]]).machine([ServiceAccountRule::Always]),
            );
        let namespaces = self.namespaces;
        let of_namespaces = |namespaces| ClaimRule::one_of(["kubernetes.io", "namespace"], namespaces);
        Ok(if namespaces.is_empty() { profile } else { profile.rule(of_namespaces(namespaces)) })
    }

    fn example() -> Provider<Self> {
        Self::service_accounts("https://k8s.example.com").audience("https://reports.example.com").namespace("billing")
    }
}

// Without `fetch`, URLs are not checked and keys must be given.
#[cfg(all(test, feature = "fetch"))]
mod tests {
    use super::*;

    #[test]
    fn the_issuers_of_managed_clusters_are_known() {
        let iss = |cluster: Provider<Kubernetes>| cluster.profile().map(|profile| profile.iss.to_string());
        let eks = "https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";
        assert_eq!(iss(Kubernetes::eks("eu-west-1", "EXAMPLED539D4633E53DE1B71EXAMPLE")).unwrap(), eks);
        let gke = "https://container.googleapis.com/v1/projects/my-project/locations/europe-west1/clusters/main";
        assert_eq!(iss(Kubernetes::gke("my-project", "europe-west1", "main")).unwrap(), gke);
        for refused in [
            Kubernetes::eks("evil.example/", "A"),
            Kubernetes::eks("eu-west-1", ""),
            Kubernetes::gke("my-project", "..", "main"),
            Kubernetes::service_accounts("kubernetes/serviceaccount"),
        ] {
            assert!(iss(refused.clone()).is_err(), "{refused:?}");
        }
    }
}
