//! A minimal browser for sign-ins: it follows redirects, keeps cookies, and fills in forms.

use crate::Result;
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Response, Url};
use std::collections::BTreeMap;

/// The text that the user types as a password.
const PASSWORD: &str = "password";

/// A form of a page, with the values of its fields.
#[derive(Debug)]
pub(crate) struct Form {
    action: Option<String>,
    pub(crate) fields: Vec<(String, String)>,
    text: String,
}

/// Follows the pages as this user until a redirect to an address with this prefix, and gives the code in it.
pub(crate) async fn authorization_code(http: &Client, start: Url, user: &str, redirect: &str) -> Result<String> {
    let mut cookies = BTreeMap::new();
    let mut url = start;
    let mut form: Option<Form> = None;
    for _step in 0..10 {
        let request = match form.take() {
            Some(form) => http.post(url.clone()).form(&form.fields),
            None => http.get(url.clone()),
        };
        let response = request.header(COOKIE, cookie_header(&cookies)).send().await?;
        remember(&mut cookies, &response);
        if let Some(location) = response.headers().get(LOCATION) {
            url = url.join(location.to_str()?)?;
            if url.as_str().starts_with(redirect) {
                let code = url.query_pairs().find(|(name, _)| name == "code");
                return Ok(code.ok_or(format!("sent back without a code: {url}"))?.1.into_owned());
            }
            continue;
        }
        let page = response.text().await?;
        let filled = filled_in(forms(&page), user).ok_or(format!("a page without a form at {url}: {page}"))?;
        if let Some(action) = &filled.action {
            url = url.join(action)?;
        }
        form = Some(filled);
    }
    Err(format!("no code after ten steps, the last at {url}").into())
}

/// The form that names the user, as on pages with a list of users, or the first form.
fn filled_in(mut forms: Vec<Form>, user: &str) -> Option<Form> {
    let chosen = forms.iter().position(|form| form.text.contains(user)).unwrap_or(0);
    let mut form = (chosen < forms.len()).then(|| forms.swap_remove(chosen))?;
    for (name, value) in &mut form.fields {
        match name.as_str() {
            "login" => user.clone_into(value),
            "password" => PASSWORD.clone_into(value),
            _ => {}
        }
    }
    Some(form)
}

/// The forms of a page. The parser supports the pages of these providers only.
pub(crate) fn forms(page: &str) -> Vec<Form> {
    page.split("<form").skip(1).map(|rest| form(rest.split("</form>").next().unwrap_or_default())).collect()
}

fn form(text: &str) -> Form {
    let tag = text.split('>').next().unwrap_or_default();
    let inputs = text.split("<input").skip(1).map(|rest| rest.split('>').next().unwrap_or_default());
    let fields =
        inputs.filter_map(|input| Some((attribute(input, "name")?, attribute(input, "value").unwrap_or_default())));
    Form { action: attribute(tag, "action"), fields: fields.collect(), text: text.to_owned() }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let start = format!("{name}=\"");
    let (at, _) = tag.match_indices(&start).find(|(at, _)| tag[..*at].ends_with(char::is_whitespace))?;
    let value = tag[at + start.len()..].split('"').next()?;
    let entities = [("&quot;", "\""), ("&#39;", "'"), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    Some(entities.iter().fold(value.to_owned(), |text, (entity, character)| text.replace(entity, character)))
}

// The name identifies a cookie here, and the last value counts.
fn remember(cookies: &mut BTreeMap<String, String>, response: &Response) {
    for cookie in response.headers().get_all(SET_COOKIE) {
        let pair = cookie.to_str().ok().and_then(|text| text.split(';').next()?.split_once('='));
        if let Some((name, value)) = pair {
            cookies.insert(name.to_owned(), value.to_owned());
        }
    }
}

fn cookie_header(cookies: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("; ")
}
