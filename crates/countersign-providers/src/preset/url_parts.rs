//! Validation of arguments that become part of a URL, so that none of them changes the URL's meaning.

use countersign_core::ConfigError;

/// Validates a host name without scheme and path: letters, digits, hyphens, dots and an optional port. Gives it in
/// lower case.
pub(crate) fn host(what: &'static str, value: &str, expected: &'static str) -> Result<String, ConfigError> {
    let (name, port) = value.split_once(':').unwrap_or((value, "0"));
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    if !name.split('.').all(is_label) || port.parse::<u16>().is_err() {
        return Err(ConfigError::InvalidArgument { what, value: value.to_owned(), expected });
    }
    // Issuers are compared exactly, and providers write their hosts in lower case.
    Ok(value.to_ascii_lowercase())
}

/// Validates a path segment or DNS label: letters, digits, hyphens and underscores.
pub(crate) fn segment<'a>(what: &'static str, value: &'a str, expected: &'static str) -> Result<&'a str, ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if value.is_empty() || !value.bytes().all(is_plain) {
        return Err(ConfigError::InvalidArgument { what, value: value.to_owned(), expected });
    }
    Ok(value)
}

/// Validates a path segment that may contain dots, but is neither `.` nor `..`.
pub(crate) fn name<'a>(what: &'static str, value: &'a str, expected: &'static str) -> Result<&'a str, ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if value.is_empty() || matches!(value, "." | "..") || !value.bytes().all(is_plain) {
        return Err(ConfigError::InvalidArgument { what, value: value.to_owned(), expected });
    }
    Ok(value)
}

/// Validates a GUID and gives it in lower case, as Microsoft's tokens have it.
pub(crate) fn guid(what: &'static str, value: &str) -> Result<String, ConfigError> {
    let is_guid = value.len() == 36
        && value.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        });
    if !is_guid {
        let expected = "it looks like `11111111-2222-3333-4444-555555555555`";
        return Err(ConfigError::InvalidArgument { what, value: value.to_owned(), expected });
    }
    Ok(value.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_lead_elsewhere_is_refused() {
        for good in ["acme.eu.auth0.com", "ACME.auth0.com", "localhost", "idp.example:8443"] {
            assert!(host("domain", good, "").is_ok(), "{good}");
        }
        for bad in [
            "",
            "https://a.example",
            "a.example/",
            "a.example/x",
            "a@b.example",
            "a..b",
            "-a.example",
            "a.example:x",
            "a b",
            "a.example?x",
            "é.example",
        ] {
            assert!(host("domain", bad, "").is_err(), "{bad}");
        }
        for bad in ["", "a/b", "a.b", "..", "a?b", "a b", "a%2fb"] {
            assert!(segment("id", bad, "").is_err(), "{bad}");
        }
        assert!(name("realm", "acme.com", "").is_ok());
        for bad in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb"] {
            assert!(name("realm", bad, "").is_err(), "{bad}");
        }
        for bad in ["", "contoso", "11111111-2222-3333-4444-55555555555", "11111111-2222-3333-4444-55555555555g"] {
            assert!(guid("tenant", bad).is_err(), "{bad}");
        }
    }
}
