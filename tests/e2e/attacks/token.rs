//! Makes the token of a step.

use crate::case::{Edits, Jwk, Members, Step};
use crate::forge::hash::hmac;
use crate::forge::pss;
use crate::keyring::Signer;
use crate::template::{Parts, Scope};
use crate::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;

/// The members of a valid header and of valid claims. Values are JSON text.
const HEADER: [(&str, &str); 3] = [("alg", r#""<alg>""#), ("kid", r#""<kid>""#), ("typ", r#""at+jwt""#)];
const CLAIMS: [(&str, &str); 11] = [
    ("iss", r#""<iss>""#),
    ("sub", r#""canary-subject""#),
    ("aud", r#""https://api.example""#),
    ("client_id", r#""canary-client""#),
    ("iat", "1800000000"),
    ("exp", "1800003600"),
    ("jti", r#""canary-jti""#),
    ("email", r#""canary@example.test""#),
    ("department", r#""canary-department""#),
    ("level", "3"),
    ("scope", r#""canary-scope""#),
];
/// Values of claims, which no response and no log line may contain.
pub(crate) const CANARY: &str = "canary";

/// The token of a step.
pub(crate) fn mint(step: &Step, world: &World) -> Result<Vec<u8>, String> {
    let key = step.key.as_deref().unwrap_or("RS256");
    let scope = Scope { world, key, parts: None, fill: 0 };
    let signer = world.signer(key)?;
    let header = members(step.header.as_ref(), &HEADER, &scope)?;
    let claims = members(step.claims.as_ref(), &CLAIMS, &scope)?;
    let mut parts = Parts {
        header: URL_SAFE_NO_PAD.encode(&header),
        payload: URL_SAFE_NO_PAD.encode(&claims),
        signature: Vec::new(),
    };
    if let Some(input) = &step.input {
        let input = Scope { parts: Some(&parts), ..scope }.text(input)?;
        let (header, payload) = input.split_once('.').ok_or("`input` has no dot")?;
        (parts.header, parts.payload) = (header.to_owned(), payload.to_owned());
    }
    parts.signature = sign(step, signer, &header, &claims, &parts, scope)?;
    if let Some(signature) = &step.signature {
        parts.signature = Scope { parts: Some(&parts), ..scope }.expand(signature)?;
    }
    match &step.token {
        Some(token) => Scope { parts: Some(&parts), ..scope }.expand(token),
        None => Ok(parts.token().into()),
    }
}

fn sign(
    step: &Step,
    signer: Signer<'_>,
    header: &[u8],
    claims: &[u8],
    parts: &Parts,
    scope: Scope<'_>,
) -> Result<Vec<u8>, String> {
    let input = parts.signing_input();
    if let Some(mac) = &step.hmac {
        return hmac(&mac.hash, &scope.expand(&mac.secret)?, input.as_bytes());
    }
    match (signer, &step.em, &step.pss) {
        (Signer::Issued(key), None, None) if step.input.is_none() => {
            let token = key.sign(header, claims);
            let (_, signature) = token.rsplit_once('.').ok_or("not a token")?;
            URL_SAFE_NO_PAD.decode(signature).map_err(|error| error.to_string())
        }
        (Signer::Open(key), em, None) => {
            let em = em.as_deref().unwrap_or("<hex 0001><fill ff><hex 00><digest-info SHA-256>");
            let scope = Scope { parts: Some(parts), ..scope };
            let fill = key.len().checked_sub(scope.expand(em)?.len()).ok_or("`em` is too long")?;
            Ok(key.sign(&Scope { fill, ..scope }.expand(em)?))
        }
        (Signer::Open(key), None, Some(pss)) => Ok(key.sign(&pss::encode(pss, input.as_bytes(), key.bits())?)),
        _ => Err("`input`, `em` and `pss` are for open keys, `em` without `pss`".to_owned()),
    }
}

/// The text of a JWK.
pub(crate) fn jwk(jwk: &Jwk, world: &World) -> Result<String, String> {
    match jwk {
        Jwk::Raw(text) => Scope { world, key: "RS256", parts: None, fill: 0 }.text(text),
        Jwk::Edited(edited) => {
            let scope = Scope { world, key: &edited.of, parts: None, fill: 0 };
            let published = world.signer(&edited.of)?.jwk();
            let published = published.as_object().ok_or("a JWK is an object")?;
            let texts: Vec<(&str, String)> =
                published.iter().map(|(name, value)| (name.as_str(), value.to_string())).collect();
            let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (*name, text.as_str())).collect();
            String::from_utf8(object(&texts, &edited.set, &edited.remove, &scope)?).map_err(|error| error.to_string())
        }
    }
}

fn members(members: Option<&Members>, defaults: &[(&str, &str)], scope: &Scope<'_>) -> Result<Vec<u8>, String> {
    match members {
        None => object(defaults, &BTreeMap::new(), &[], scope),
        Some(Members::Raw(text)) => scope.expand(text),
        Some(Members::Edits(Edits { set, remove })) => object(defaults, set, remove, scope),
    }
}

/// Builds an object as text, so that it can contain text that no JSON library writes.
fn object(
    defaults: &[(&str, &str)],
    set: &BTreeMap<String, String>,
    remove: &[String],
    scope: &Scope<'_>,
) -> Result<Vec<u8>, String> {
    if let Some(absent) = remove.iter().find(|name| !defaults.iter().any(|(default, _)| default == name)) {
        return Err(format!("`{absent}` is not there to be removed"));
    }
    let kept =
        defaults.iter().copied().filter(|(name, _)| !set.contains_key(*name) && !remove.iter().any(|r| r == name));
    let members = kept.chain(set.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    let mut text = Vec::from(b"{");
    for (index, (name, value)) in members.enumerate() {
        if index > 0 {
            text.push(b',');
        }
        text.extend_from_slice(format!("{name:?}:").as_bytes());
        text.extend(scope.expand(value)?);
    }
    text.push(b'}');
    Ok(text)
}
