//! Paths that mean the same to every reader.

/// True if a path means the same to every reader. Some services behind a layer decode a path, once or twice, fold `..`
/// and `//`, cut parameters off segments (`..;a=b`, as servlets do), take overlong or look-alike characters for the
/// plain ones, or end a text at a control character. They would then serve another path than the one that the pattern
/// has matched.
pub(crate) fn is_plain(path: &str) -> bool {
    let Some(decoded) = decode(path) else { return false };
    let Ok(text) = std::str::from_utf8(&decoded) else { return false };
    !text.chars().any(is_ambiguous) && !text.contains("//") && !text.split('/').any(is_dots)
}

/// The path without its encodings; `None` where one is no encoding (RFC 3986 section 2.1), or hides what a path is made
/// of.
fn decode(path: &str) -> Option<Vec<u8>> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|digit| char::from(digit).to_digit(16));
        let byte = u8::try_from(digit()? * 16 + digit()?).ok()?;
        // Bytes beyond ASCII are looked at as characters.
        let is_harmless =
            byte >= 0x80 || byte.is_ascii_alphanumeric() || b" -_~!$&'()*+,=:@\"<>[]^`{|}".contains(&byte);
        if !is_harmless {
            return None;
        }
        decoded.push(byte);
    }
    Some(decoded)
}

/// Control characters, backslashes, and what compatibility normalization (Unicode Standard Annex 15) or a code page's
/// best fit turns into a dot, a separator or a per cent sign.
fn is_ambiguous(character: char) -> bool {
    let is_look_alike = matches!(
        character,
        '\u{2024}'
            ..='\u{2026}' // dot leaders
        | '\u{2044}' | '\u{2215}' | '\u{2216}' | '\u{29f5}' | '\u{29f8}' | '\u{29f9}' // slashes
        | '\u{2028}' | '\u{2029}' // separators of lines
        | '\u{2100}' | '\u{2101}' | '\u{2105}' | '\u{2106}' // a/c and its like
        | '\u{3002}' | '\u{ff61}' // ideographic full stops
        | '\u{37e}' | '\u{fe14}' | '\u{fe54}' | '\u{ff1b}' // semicolons
        | '\u{fe19}' | '\u{fe30}' | '\u{fe52}' | '\u{ff0e}' // dots
        | '\u{fe68}' | '\u{ff3c}' | '\u{ff0f}' | '\u{20e5}' // slashes of other widths
        | '\u{fe6a}' | '\u{ff05}' // per cent signs
        | '\u{fe56}' | '\u{ff1f}' | '\u{fe5f}' | '\u{ff03}' // question marks, number signs
        | '\u{fffd}' // what could not be read
    );
    character.is_control() || character == '\\' || is_look_alike
}

/// True if some reader could take a segment for `.`, `..` or nothing: it has only dots, blanks and a parameter.
fn is_dots(segment: &str) -> bool {
    let (name, has_parameter) = match segment.split_once(';') {
        Some((name, _)) => (name, true),
        None => (segment, false),
    };
    let is_blank = !name.is_empty() && name.chars().all(is_invisible);
    is_blank || (has_parameter || name.contains('.')) && !name.chars().any(char::is_alphanumeric)
}

/// Blanks, a plus that forms take for a blank, and characters that only steer the text around them.
fn is_invisible(character: char) -> bool {
    let steers = matches!(
        character,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{e0000}'..='\u{e0fff}'
    );
    character.is_whitespace() || character == '+' || steers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_as_people_write_them_are_plain() {
        for path in [
            "/",
            "/docs/a%20b",
            "/docs/a b.css",
            "/docs/%C3%A9t%c3%a9",
            "/docs/été",
            "/docs/%E6%97%A5%E6%9C%AC",
            "/docs/a;b",
            "/docs/a;v=1.2/b",
            "/docs/.well-known/x",
            "/docs/..a",
            "/docs/a..",
            "/docs/-/_",
            "/%6civez",
            "/docs/%F0%9F%8E%89",
            "/docs/%40me%2Bthem",
            "/docs/",
        ] {
            assert!(is_plain(path), "{path}");
        }
    }

    #[test]
    fn what_somebody_could_read_in_another_way_is_not_plain() {
        for path in [
            "/docs/../admin",
            "/docs/./admin",
            "/docs//admin",
            "//admin",
            "/docs/..;/admin",
            "/docs/.;a=b/admin",
            "/docs/;/admin",
            "/docs/;a=b/admin",
            "/docs/..%3b/admin",
            "/docs/..%3Ba=b/admin",
            "/docs/%3b/admin",
            "/docs/%2e%2E/admin",
            "/docs/.%2e/admin",
            "/docs/a%2eb",
            "/docs/..%2fadmin",
            "/docs/..%5Cadmin",
            "/docs/..\\admin",
            "/docs/%252e%252e/admin",
            "/docs/%25",
            "/docs/..%00/admin",
            "/docs/..%09/admin",
            "/docs/a%0a",
            "/docs/a%0D%0Ab",
            "/docs/a%1f",
            "/docs/a%7f",
            "/docs/a\u{7f}",
            "/docs/a%3fb",
            "/docs/a%23b",
            // no encodings
            "/docs/%u002e%u002e/admin",
            "/docs/%",
            "/docs/%2",
            "/docs/%zz",
            "/docs/%+2",
            "/docs/%%32%65",
            // overlong and other bad UTF-8
            "/docs/%c0%ae%c0%ae/admin",
            "/docs/%c0%af",
            "/docs/%e0%80%ae",
            "/docs/%f0%80%80%ae",
            "/docs/%c1%9c",
            "/docs/%ff",
            "/docs/%ed%a0%80",
            "/docs/%c3",
            // control characters beyond ASCII, look-alikes
            "/docs/%c2%85",
            "/docs/%e2%80%a8",
            "/docs/%ef%bc%8e%ef%bc%8e/admin",
            "/docs/%ef%bc%8fadmin",
            "/docs/%e2%88%95admin",
            "/docs/%e2%80%a5/admin",
            "/docs/．．/admin",
            "/docs/..%ef%bc%9b/admin",
            "/docs/%ef%bc%852e",
            // blanks and what cannot be seen, around dots
            "/docs/..%20/admin",
            "/docs/%20../admin",
            "/docs/..+/admin",
            "/docs/.%20./admin",
            "/docs/..%e2%80%8b/admin",
            "/docs/..%c2%ad/admin",
            "/docs/.../admin",
            "/%20/admin",
            "/+/admin",
            "/%e2%80%8b/admin",
        ] {
            assert!(!is_plain(path), "{path}");
        }
    }
}
