//! Claims as an enum with a variant for each issuer.

use crate::error::ConfigError;
use crate::policy::issuer::Issuer;

/// A closed set of issuers, each with a name. [`claims_by_issuer!`](crate::claims_by_issuer) declares one together with
/// the enum.
pub trait IntoIssuers {
    /// Returns each issuer with the name of its field.
    fn into_issuers(self) -> Vec<(&'static str, Result<Issuer, ConfigError>)>;
}

/// Declares an enum of claims with a variant for each issuer, and the struct that gives the verifier its issuers.
///
/// The enum and the issuers always match. The struct has a field for each variant and no others, and all its fields
/// must be set. A verifier from [`Verifier::builder_for`](crate::Verifier::builder_for) accepts no further issuer. The
/// compiler checks that a `match` on the enum covers every variant.
///
/// # Example
///
/// ```
/// use countersign_core::{Audience, Issuer, IssuerKeys, Verifier};
///
/// #[derive(serde::Deserialize)]
/// pub struct StaffClaims { department: String }
///
/// #[derive(serde::Deserialize)]
/// pub struct PartnerClaims { company: String }
///
/// countersign_core::claims_by_issuer! {
///     /// The claims of the caller.
///     pub enum Caller from Issuers {
///         Staff(StaffClaims) from staff,
///         Partner(PartnerClaims) from partner,
///     }
/// }
///
/// # async fn example(ours: Issuer, theirs: Issuer, token: &str) -> Result<(), Box<dyn std::error::Error>> {
/// let verifier = Verifier::builder_for(Issuers { staff: ours, partner: theirs }).build().await?;
/// let token = verifier.verify(token).await?;
/// match &*token.claims::<Caller>()? {
///     Caller::Staff(claims) => println!("a caller from our {}", claims.department),
///     Caller::Partner(claims) => println!("a caller from {}", claims.company),
/// }
/// # Ok(())
/// # }
/// ```
///
/// An issuer without a variant does not compile:
///
/// ```compile_fail,E0560
/// # use countersign_core::{Issuer, Verifier};
/// # #[derive(serde::Deserialize)]
/// # pub struct StaffClaims { department: String }
/// countersign_core::claims_by_issuer! {
///     pub enum Caller from Issuers {
///         Staff(StaffClaims) from staff,
///     }
/// }
/// # fn example(ours: Issuer, theirs: Issuer) {
/// Verifier::builder_for(Issuers { staff: ours, partner: theirs });
/// # }
/// ```
///
/// Adding an issuer later does not compile either:
///
/// ```compile_fail,E0599
/// # use countersign_core::{Issuer, Verifier};
/// # #[derive(serde::Deserialize)]
/// # pub struct StaffClaims { department: String }
/// # countersign_core::claims_by_issuer! { pub enum Caller from Issuers { Staff(StaffClaims) from staff, } }
/// # fn example(ours: Issuer, theirs: Issuer) {
/// Verifier::builder_for(Issuers { staff: ours }).issuer(theirs);
/// # }
/// ```
#[macro_export]
macro_rules! claims_by_issuer {
    (
        $(#[$meta:meta])*
        $vis:vis enum $claims:ident from $issuers:ident {
            $( $(#[$variant_meta:meta])* $variant:ident($type:ty) from $name:ident ),+ $(,)?
        }
    ) => {
        $(#[$meta])*
        $vis enum $claims {
            $(
                $(#[$variant_meta])*
                #[allow(missing_docs, reason = "the variant is named for its issuer")]
                $variant($type),
            )+
        }

        /// The issuers of the verifier, one for each variant.
        $vis struct $issuers<$($variant),+> {
            $(
                #[allow(missing_docs, reason = "the field is named for its issuer")]
                $vis $name: $variant,
            )+
        }

        impl<$($variant: $crate::IntoIssuer),+> $crate::IntoIssuers for $issuers<$($variant),+> {
            fn into_issuers(
                self,
            ) -> ::std::vec::Vec<(&'static str, ::core::result::Result<$crate::Issuer, $crate::ConfigError>)> {
                ::std::vec![$( (::core::stringify!($name), $crate::IntoIssuer::into_issuer(self.$name)) ),+]
            }
        }

        impl $crate::TokenClaims for $claims {
            fn read(token: &$crate::VerifiedToken) -> ::core::result::Result<Self, $crate::TokenError> {
                match token.principal().issuer_name() {
                    $( ::core::stringify!($name) => token.deserialize().map(Self::$variant), )+
                    // Reached if the verifier was not built for these issuers.
                    _ => ::core::result::Result::Err($crate::TokenError::ClaimsMismatch),
                }
            }

            fn read_weighed(
                token: &$crate::VerifiedToken,
            ) -> ::core::result::Result<(Self, usize), $crate::TokenError> {
                match token.principal().issuer_name() {
                    $(
                        ::core::stringify!($name) => {
                            token.deserialize_weighed().map(|(claims, bytes)| (Self::$variant(claims), bytes))
                        }
                    )+
                    _ => ::core::result::Result::Err($crate::TokenError::ClaimsMismatch),
                }
            }
        }
    };
}
