//! The authorization endpoint (RFC 6749 section 4.1, OpenID Connect Core section 3.1.2): its request, its login page,
//! and the redirect with a code. The code itself lives in `authorization_code`.

mod authorization_request;
mod endpoint;
mod login_page;
mod redirect_uri;

pub(crate) use endpoint::{choose, show};
