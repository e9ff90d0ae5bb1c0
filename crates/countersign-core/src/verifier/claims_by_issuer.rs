//! Claims as an enum with a variant for each issuer.

use crate::error::ConfigError;
use crate::policy::issuer::Issuer;

/// A closed set of issuers, each with a name: what [`claims_by_issuer!`](crate::claims_by_issuer) declares beside the enum.
pub trait IntoIssuers {
    /// Each issuer, with the name of its field.
    fn into_issuers(self) -> Vec<(&'static str, Result<Issuer, ConfigError>)>;
}

/// Declares an enum of claims with a variant for each issuer, and the struct that the verifier's issuers are given in.
///
/// The two cannot drift: an issuer without a variant is no field of the struct, a variant without an issuer is a field that is
/// missing, and a verifier that was begun with [`Verifier::builder_for`](crate::Verifier::builder_for) takes no further
/// issuer. Matching on the enum is checked by the compiler as ever.
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
///     /// Who calls.
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
///     Caller::Staff(claims) => println!("{} of ours", claims.department),
///     Caller::Partner(claims) => println!("somebody of {}", claims.company),
/// }
/// # Ok(())
/// # }
/// ```
///
/// An issuer without a mapping does not compile:
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
/// nor does adding one later:
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
                    // A verifier that was not built for these issuers.
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
