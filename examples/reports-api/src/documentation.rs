//! The documentation page and its login.

use countersign::openapi::SecuritySchemes;
use countersign::providers::ProviderMetadata;
use utoipa::Modify;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{SwaggerUi, oauth};

/// The authentication that the documentation page offers.
#[derive(Clone, Debug)]
pub struct Documentation {
    schemes: SecuritySchemes,
    client: Option<Client>,
}

#[derive(Clone, Debug)]
struct Client {
    id: String,
    audience: String,
}

impl Documentation {
    /// Offers a field for pasted tokens only.
    pub fn pasting() -> Self {
        Self { schemes: SecuritySchemes::bearer(), client: None }
    }

    /// Also offers login through the provider (authorization code with PKCE), as a registered public client.
    #[must_use]
    pub fn log_in(metadata: &ProviderMetadata, client_id: &str, audience: &str) -> Self {
        let client = Client { id: client_id.to_owned(), audience: audience.to_owned() };
        Self { schemes: SecuritySchemes::discovered(metadata), client: Some(client) }
    }

    pub(crate) fn page(&self, mut openapi: OpenApi) -> SwaggerUi {
        self.schemes.modify(&mut openapi);
        let page = SwaggerUi::new("/docs").url("/openapi.json", openapi);
        match &self.client {
            None => page,
            Some(Client { id, audience }) => page.oauth(
                oauth::Config::new()
                    .client_id(id)
                    .use_pkce_with_authorization_code_grant(true)
                    // RFC 8707 section 2. Without it, some providers issue an opaque token without an audience.
                    .additional_query_string_params([("resource".to_owned(), audience.clone())].into()),
            ),
        }
    }
}
