//! The login page.

use crate::client::{CALLBACK, Client, authorization, with};
use countersign_local_issuer::Persona;

#[tokio::test]
async fn the_page_has_a_button_for_each_persona_and_no_script() {
    let client = Client::start().await;
    let response = client.show(&with(authorization(), "state", "s")).await;
    let policy = response.headers()["content-security-policy"].to_str().unwrap().to_owned();
    for expected in [
        "default-src 'none'; style-src 'sha256-",
        "; form-action 'self' http://127.0.0.1:3000;",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(expected), "{policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains("script-src"), "{policy}");
    assert_eq!(response.headers()["x-content-type-options"], "nosniff");
    assert_eq!(response.headers()["cache-control"], "no-store");

    let page = response.text().await.unwrap();
    for expected in [
        r#"<html lang="en">"#,
        r#"<button name="persona" value="alice"><strong>alice</strong>"#,
        "group",
        r#"<button name="persona" value="mallory">"#,
        r#"<input type="hidden" name="state" value="s">"#,
        &format!("<code>{CALLBACK}</code>"),
    ] {
        assert!(page.contains(expected), "{expected} in {page}");
    }
    assert!(!page.contains("<script") && !page.contains("style="), "{page}");
}

#[tokio::test]
async fn text_of_a_request_is_escaped() {
    const MARKUP: &str = r#""'><script>alert(1)</script>"#;
    let client = Client::start_with(vec![Persona::new(MARKUP).claim(MARKUP, MARKUP)]).await;
    let path = format!("{CALLBACK}/{MARKUP}");
    let written = ["state", "nonce", "client_id", "scope", "audience", "unknown"].map(|name| (name, MARKUP));
    for (name, value) in written.into_iter().chain([("redirect_uri", path.as_str())]) {
        let page = client.show(&with(authorization(), name, value)).await.text().await.unwrap();
        assert!(page.contains("&quot;&#39;&gt;&lt;script&gt;"), "{name}: {page}");
        assert!(!page.contains("<script") && !page.contains(r#""'>"#), "{name}: {page}");
    }
    // The names of parameters are untrusted text, too.
    let url = format!("{}&%22%3E%3Cscript%3E=1", client.show(&authorization()).await.url());
    let page = client.http.get(url).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("&quot;&gt;&lt;script&gt;") && !page.contains("<script"), "{page}");
}

#[tokio::test]
async fn an_error_page_repeats_no_text_of_the_request() {
    let client = Client::start().await;
    for (name, value) in [("redirect_uri", "https://app.example/?marker"), ("persona", "marker")] {
        let response = client.choose(&with(authorization(), name, value)).await;
        assert_eq!(response.status(), 400, "{name}");
        assert!(response.headers().contains_key("content-security-policy"));
        let page = response.text().await.unwrap();
        assert!(page.contains("refused") && !page.contains("marker"), "{page}");
    }
}
