//! The login page, on which a user chooses a persona. It has no scripts, and escapes all text of the request.

use super::authorization_request::AuthorizationRequest;
use crate::oauth::Parameters;
use crate::persona::Persona;
use aws_lc_rs::digest::{SHA256, digest};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;
use std::sync::Arc;

const STYLE: &str = "\
body{font:1rem/1.5 system-ui,sans-serif;max-width:36rem;margin:3rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
ul{list-style:none;padding:0}\
button{font:inherit;width:100%;text-align:left;padding:.75rem 1rem;margin:.25rem 0;color:inherit;background:#f4f4f4;\
border:1px solid #6b6b6b;border-radius:.5rem;cursor:pointer}\
button:hover,button:focus-visible{background:#e4ecf7;outline:2px solid #1f5fae}\
button span{display:block;color:#4a4a4a}\
code{overflow-wrap:anywhere}";

/// The login page: a button for each persona, and one to refuse.
pub(crate) fn choice(request: &AuthorizationRequest, parameters: &Parameters, personas: &[Arc<Persona>]) -> Response {
    let mut form = String::new();
    for (name, value) in parameters.pairs() {
        form += &format!("<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", Escaped(name), Escaped(value));
    }
    form += "<ul>\n";
    for persona in personas {
        let (name, claims) = (Escaped(persona.name()), persona.to_string());
        form += &format!(
            "<li><button name=\"persona\" value=\"{name}\"><strong>{name}</strong> <span>{}</span></button></li>\n",
            Escaped(&claims)
        );
    }
    let (client, audience, back) =
        (Escaped(request.client_id()), request.audience().join(", "), Escaped(request.redirect_uri().as_written()));
    let main = format!(
        "<h1>Log in as</h1>\n\
         <p>The client <code>{client}</code> requests a token for <code>{}</code>. After the login you return to <code>{back}</code>.</p>\n\
         <form method=\"post\" action=\"/authorize\">\n{form}</ul>\n\
         <button name=\"deny\" value=\"yes\">Refuse</button>\n</form>\n\
         <p>This is a local issuer for development. Anybody on this machine can log in as any of these personas.</p>",
        Escaped(&audience),
    );
    page(StatusCode::OK, "Log in as", &main, &format!("'self' {}", request.redirect_uri().form_action()))
}

/// The error page, for requests that cannot be answered by a redirect.
pub(crate) fn refusal(problem: &str) -> Response {
    let main = format!("<h1>The request was refused</h1>\n<p>{}</p>", Escaped(problem));
    page(StatusCode::BAD_REQUEST, "The request was refused", &main, "'none'")
}

fn page(status: StatusCode, title: &str, main: &str, form_action: &str) -> Response {
    let style = STANDARD.encode(digest(&SHA256, STYLE.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{style}'; form-action {form_action}; base-uri 'none'; frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        // With `no-referrer`, the browser would send the form with the origin `null`.
        (header::REFERRER_POLICY, "same-origin"),
    ];
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
         </head>\n<body>\n<main>\n{main}\n</main>\n</body>\n</html>\n"
    );
    (status, headers, Html(html)).into_response()
}

/// Text that is escaped for HTML, between tags or in a quoted attribute.
struct Escaped<'t>(&'t str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => write!(f, "{other}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_end_its_element_or_attribute() {
        let text = r#"<b a="1" b='2'>&amp;"#;
        assert_eq!(Escaped(text).to_string(), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;amp;");
    }
}
