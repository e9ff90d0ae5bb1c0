//! The API's answer to a caller about itself.

use countersign::verified::Claims;
use countersign::{CurrentUser, Principal};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// The caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PublicUser {
    /// The `sub` of the token.
    subject: String,
    /// All claims of the token.
    #[schema(value_type = Object)]
    claims: Arc<Claims>,
}

impl PublicUser {
    pub(crate) fn new(principal: &Principal, CurrentUser(claims): CurrentUser) -> Self {
        Self { subject: principal.subject().to_owned(), claims }
    }
}
