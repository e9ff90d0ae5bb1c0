//! The `WWW-Authenticate` header of a refusal (RFC 6750 section 3, RFC 7235 section 4.1).

use http::HeaderValue;

/// The parameters of a challenge.
#[derive(Debug)]
pub(crate) struct Challenge<'a> {
    pub(crate) realm: &'a str,
    /// `error` and `error_description`; None for clients that sent no credentials (RFC 6750 section 3.1).
    pub(crate) error: Option<(&'static str, &'static str)>,
    pub(crate) scope: Option<&'a str>,
}

impl Challenge<'_> {
    pub(crate) fn to_header(&self) -> HeaderValue {
        let mut text = String::from("Bearer");
        push(&mut text, ' ', "realm", self.realm);
        if let Some((error, description)) = self.error {
            push(&mut text, ',', "error", error);
            push(&mut text, ',', "error_description", description);
        }
        if let Some(scope) = self.scope {
            push(&mut text, ',', "scope", scope);
        }
        // `push` writes only characters that a header can hold.
        HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer"))
    }
}

/// Appends a parameter as a quoted string. Characters that do not belong into one become `?`.
fn push(text: &mut String, separator: char, name: &str, value: &str) {
    text.push(separator);
    if separator == ',' {
        text.push(' ');
    }
    text.push_str(name);
    text.push_str("=\"");
    for character in value.chars() {
        match character {
            '"' | '\\' => text.extend(['\\', character]),
            ' '..='~' => text.push(character),
            _ => text.push('?'),
        }
    }
    text.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_line_breaks_and_foreign_letters_cannot_leave_their_string() {
        let challenge = Challenge { realm: "a\"b\\c\r\nX: y ü", error: None, scope: Some("read\" error=\"x") };
        assert_eq!(challenge.to_header(), r#"Bearer realm="a\"b\\c??X: y ?", scope="read\" error=\"x""#);
    }
}
