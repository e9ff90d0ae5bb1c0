//! The members of the discovery document that describe the endpoints (RFC 8414 section 2, OpenID Connect Discovery
//! section 3).

use crate::authorization::OPENID;
use crate::persona::Persona;
use countersign_testing::IssuerHandle;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Adds the endpoints and their abilities to the issuer's discovery document.
pub(crate) fn announce_endpoints(issuer: &IssuerHandle, personas: &[Arc<Persona>]) {
    let url = issuer.url();
    let scopes = personas.iter().flat_map(|persona| persona.scope_names()).map(String::as_str);
    let scopes: BTreeSet<&str> = scopes.chain([OPENID]).collect();
    let members: [(&str, Value); 11] = [
        ("authorization_endpoint", json!(format!("{url}/authorize"))),
        ("token_endpoint", json!(format!("{url}/token"))),
        ("response_types_supported", json!(["code"])),
        ("response_modes_supported", json!(["query"])),
        ("grant_types_supported", json!(["authorization_code", "client_credentials"])),
        ("code_challenge_methods_supported", json!(["S256"])),
        ("scopes_supported", json!(scopes)),
        ("token_endpoint_auth_methods_supported", json!(["none", "client_secret_basic", "client_secret_post"])),
        ("id_token_signing_alg_values_supported", json!(["RS256"])),
        // RFC 9207 section 3.
        ("authorization_response_iss_parameter_supported", json!(true)),
        // The default is `true`.
        ("request_uri_parameter_supported", json!(false)),
    ];
    for (name, value) in members {
        issuer.set_metadata(name, value);
    }
}
