//! `FirebaseCurrentUser` with an `ExtraVerifier`: users of a project, and a custom rule.

use axum::Router;
use axum::routing::get;
use countersign::error::TokenError;
use countersign::providers::{Firebase, FirebaseClaims, Provider};
use countersign::{CurrentUser, Verifier};

async fn secure_user(CurrentUser(user): CurrentUser<FirebaseClaims>) -> String {
    format!("Hello, {}", user.sub)
}

/// A project that rejects anonymous users.
pub fn without_guests(project: Provider<Firebase>) -> Provider<Firebase> {
    project.validate(|token| {
        let claims = token.claims::<FirebaseClaims>()?;
        if claims.firebase.sign_in_provider == "anonymous" {
            return Err(TokenError::from("guest"));
        }
        Ok(())
    })
}

/// The program.
pub fn app(verifier: Verifier) -> Router {
    Router::new().route("/user/", get(secure_user)).with_state(verifier)
}
