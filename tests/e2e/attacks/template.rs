//! The templates of the corpus: `<source argument | edit argument | ..>`.
//!
//! A source is a value of the running test (`<iss>`, `<jwk RS256>`), a part of the token (`<payload>`, `<sig>`) or
//! generated (`<repeat 10000 x>`, `<hex 00ff>`). Edits change bytes, from left to right. Text outside of `<` and `>` is
//! literal.

use crate::forge::curve::Curve;
use crate::forge::fixed;
use crate::forge::hash::Hash;
use crate::keyring::Signer;
use crate::world::World;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use num_bigint::BigUint;

/// The values that templates can use.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) world: &'a World,
    /// The key that signs the token.
    pub(crate) key: &'a str,
    /// `None` until the token is signed.
    pub(crate) parts: Option<&'a Parts>,
    /// The number of bytes that `<fill ff>` gives.
    pub(crate) fill: usize,
}

/// A signed token.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Base64url, as in the token.
    pub(crate) header: String,
    pub(crate) payload: String,
    pub(crate) signature: Vec<u8>,
}

impl Parts {
    pub(crate) fn signing_input(&self) -> String {
        format!("{}.{}", self.header, self.payload)
    }

    pub(crate) fn token(&self) -> String {
        format!("{}.{}", self.signing_input(), URL_SAFE_NO_PAD.encode(&self.signature))
    }
}

impl Scope<'_> {
    pub(crate) fn expand(&self, text: &str) -> Result<Vec<u8>, String> {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('<') {
            let (template, after) = after.split_once('>').ok_or("a `<` without `>`")?;
            bytes.extend_from_slice(before.as_bytes());
            bytes.extend(self.evaluate(template).map_err(|problem| format!("<{template}>: {problem}"))?);
            rest = after;
        }
        bytes.extend_from_slice(rest.as_bytes());
        Ok(bytes)
    }

    pub(crate) fn text(&self, text: &str) -> Result<String, String> {
        String::from_utf8(self.expand(text)?).map_err(|_| "not UTF-8".to_owned())
    }

    fn evaluate(&self, template: &str) -> Result<Vec<u8>, String> {
        let mut stages = template.split(" | ");
        let mut bytes = self.source(stages.next().unwrap_or_default())?;
        for stage in stages {
            edit(&mut bytes, stage)?;
        }
        Ok(bytes)
    }

    fn source(&self, stage: &str) -> Result<Vec<u8>, String> {
        let (name, argument) = stage.split_once(' ').unwrap_or((stage, ""));
        let parts = || self.parts.ok_or("there is no token yet");
        let signer = || self.world.signer(if argument.is_empty() { self.key } else { argument });
        Ok(match name {
            "iss" => self.world.main.url().into(),
            "other-iss" => self.world.other.url().into(),
            "attacker" => self.world.attacker.url().into(),
            "kid" => signer()?.kid().into(),
            "alg" => signer()?.algorithm().into(),
            "jwk" => signer()?.jwk().to_string().into(),
            "pem" => signer()?.pem()?.into(),
            "der" => signer()?.der()?,
            "member" => self.member(argument)?,
            "header" => parts()?.header.clone().into(),
            "payload" => parts()?.payload.clone().into(),
            "signature" => URL_SAFE_NO_PAD.encode(&parts()?.signature).into(),
            "token" => parts()?.token().into(),
            "sig" => parts()?.signature.clone(),
            "hash" => Hash::named(argument)?.of(parts()?.signing_input().as_bytes()),
            "digest-info" => Hash::named(argument)?.digest_info(parts()?.signing_input().as_bytes()),
            "ecdsa" => self.ecdsa(argument)?.concat(),
            "ecdsa-der" => der(&self.ecdsa(argument)?),
            "ed25519" => self.ed25519(argument)?,
            "rsa" => self.rsa(argument)?,
            "fill" => hex(argument)?.repeat(self.fill),
            "hex" => hex(argument)?,
            "text" => argument.into(),
            "repeat" => {
                let (count, text) = argument.split_once(' ').ok_or("repeat COUNT TEXT")?;
                text.repeat(number(count)?).into()
            }
            "members" => {
                (0..number(argument)?).map(|index| format!("\"m{index}\":0")).collect::<Vec<_>>().join(",").into()
            }
            "odd" => {
                let bits = number(argument)?;
                let number = (BigUint::from(1_u8) << (bits - 1)) + 1_u8;
                number.to_bytes_be()
            }
            _ => return Err("no such source".to_owned()),
        })
    }

    /// The bytes of a member of a JWK: `member ES256 x`.
    fn member(&self, argument: &str) -> Result<Vec<u8>, String> {
        let (key, member) = argument.rsplit_once(' ').ok_or("member KEY NAME")?;
        let jwk = self.world.signer(key)?.jwk();
        let text = jwk[member].as_str().ok_or("no such member")?;
        URL_SAFE_NO_PAD.decode(text).map_err(|error| error.to_string())
    }

    /// The values r and s, each a sum of `r`, `s`, `n`, `p` and numbers: `ecdsa r s+n`.
    fn ecdsa(&self, argument: &str) -> Result<[Vec<u8>; 2], String> {
        let curve = Curve::of(self.world.signer(self.key)?.algorithm())?;
        let (r, s) = self.parts.ok_or("there is no token yet")?.signature.split_at(curve.len());
        let known = [
            ("r", BigUint::from_bytes_be(r)),
            ("s", BigUint::from_bytes_be(s)),
            ("n", curve.n.clone()),
            ("p", curve.p.clone()),
            ("max", (BigUint::from(1_u8) << (8 * curve.len())) - 1_u8),
        ];
        let (r, s) = argument.split_once(' ').ok_or("ecdsa R S")?;
        let number = |text| Ok::<_, String>(fixed(&calculate(text, &known)?, curve.len()));
        Ok([number(r)?, number(s)?])
    }

    /// The value S, a sum of `s`, the order `l` and numbers: `ed25519 s+l`. R is unchanged.
    fn ed25519(&self, argument: &str) -> Result<Vec<u8>, String> {
        let (r, s) = self.parts.ok_or("there is no token yet")?.signature.split_at(32);
        let order = BigUint::parse_bytes(b"1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3ed", 16)
            .expect("hexadecimal");
        let s = calculate(argument, &[("s", BigUint::from_bytes_le(s)), ("l", order)])?;
        let mut s = s.to_bytes_le();
        s.resize(32, 0);
        Ok([r, &s].concat())
    }

    /// A number instead of a signature by an open key: `rsa s+n`.
    fn rsa(&self, argument: &str) -> Result<Vec<u8>, String> {
        let Signer::Open(key) = self.world.signer(self.key)? else { return Err("not an open key".to_owned()) };
        let honest = BigUint::from_bytes_be(&self.parts.ok_or("there is no token yet")?.signature);
        let number = calculate(argument, &[("s", honest), ("n", key.modulus().clone())])?;
        Ok(fixed(&number, key.len()))
    }
}

/// `a+b-c`, from left to right.
fn calculate(text: &str, known: &[(&str, BigUint)]) -> Result<BigUint, String> {
    let mut sum = BigUint::ZERO;
    let mut is_less = false;
    for term in text.split_inclusive(['+', '-']) {
        let name = term.trim_end_matches(['+', '-']);
        let value = match known.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => value.clone(),
            None => name.parse().map_err(|_| format!("no number `{name}`"))?,
        };
        if is_less && value > sum {
            return Err(format!("`{text}` is negative"));
        }
        sum = if is_less { sum - value } else { sum + value };
        is_less = term.ends_with('-');
    }
    Ok(sum)
}

/// A SEQUENCE of two INTEGERs (RFC 3279 section 2.2.3).
fn der(numbers: &[Vec<u8>; 2]) -> Vec<u8> {
    let tagged = |tag, content: Vec<u8>| match content.len() {
        length @ 0..=127 => [vec![tag, length as u8], content].concat(),
        length => [vec![tag, 0x81, length as u8], content].concat(),
    };
    let integers = numbers.iter().map(|number| {
        let number = BigUint::from_bytes_be(number).to_bytes_be();
        let sign = if number[0] & 0x80 == 0 { vec![] } else { vec![0] };
        tagged(2, [sign, number].concat())
    });
    tagged(0x30, integers.collect::<Vec<_>>().concat())
}

fn edit(bytes: &mut Vec<u8>, stage: &str) -> Result<(), String> {
    let (name, argument) = stage.split_once(' ').unwrap_or((stage, ""));
    match name {
        "b64" => *bytes = URL_SAFE_NO_PAD.encode(&bytes).into(),
        "b64-standard" => *bytes = STANDARD.encode(&bytes).into(),
        "unb64" => *bytes = URL_SAFE_NO_PAD.decode(&bytes).map_err(|error| error.to_string())?,
        "replace" => {
            let (old, new) = argument.split_once(' ').ok_or("replace OLD NEW")?;
            let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
            if !text.contains(old) {
                return Err(format!("`{old}` is not there to be replaced"));
            }
            *bytes = text.replace(old, new).into();
        }
        "times" => *bytes = bytes.repeat(number(argument)?),
        "zeros" => *bytes = [vec![0; number(argument)?], std::mem::take(bytes)].concat(),
        "prepend" => *bytes = [hex(argument)?, std::mem::take(bytes)].concat(),
        "append" => bytes.extend(hex(argument)?),
        "drop-first" => drop(bytes.drain(..number(argument)?)),
        "drop-last" => bytes.truncate(bytes.len() - number(argument)?),
        "fit" => bytes.resize(number(argument)?, 0),
        "flip" => {
            let index = number(argument)?;
            *bytes.get_mut(index).ok_or("too short")? ^= 1;
        }
        "reverse" => bytes.reverse(),
        "upper" => bytes.make_ascii_uppercase(),
        "wrap" => *bytes = bytes.chunks(number(argument)?).collect::<Vec<_>>().join(&b"\n"[..]),
        "trailing-bits" => trailing_bits(bytes)?,
        _ => return Err(format!("no edit `{name}`")),
    }
    Ok(())
}

/// Sets the lowest unused bit of the last base64url character.
fn trailing_bits(text: &mut [u8]) -> Result<(), String> {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    if text.len() % 4 < 2 {
        return Err(format!("a text of {} characters has no trailing bits", text.len()));
    }
    let last = text.last_mut().ok_or("empty")?;
    let value = ALPHABET.iter().position(|letter| letter == last).ok_or("not base64url")?;
    *last = ALPHABET[value | 1];
    Ok(())
}

fn number(text: &str) -> Result<usize, String> {
    text.parse().map_err(|_| format!("`{text}` is no number"))
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    (0..text.len())
        .step_by(2)
        .map(|at| text.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok()))
        .collect::<Option<_>>()
        .ok_or_else(|| format!("`{text}` is not hexadecimal"))
}
