//! Requests from other machines and from remote web pages are refused.

use crate::client::{API, Client, authorization, with};
use countersign_local_issuer::{LocalIssuer, Persona};
use reqwest::Method;
use std::net::{IpAddr, SocketAddr};

#[tokio::test]
async fn only_pages_of_this_machine_can_read_answers() {
    let client = Client::start().await;
    let form = [("grant_type", "client_credentials"), ("client_id", "docs")];
    for (origin, expected) in [
        ("http://127.0.0.1:3000", Some("http://127.0.0.1:3000")),
        ("http://localhost:5173", Some("http://localhost:5173")),
        ("http://app.example", None),
        ("http://127.0.0.1.app.example", None),
        ("null", None),
    ] {
        let requests = [
            client.http.post(client.url("/token")).form(&form),
            client.http.get(client.url("/jwks")),
            client
                .http
                .request(Method::OPTIONS, client.url("/token"))
                .header("access-control-request-method", "POST")
                .header("access-control-request-headers", "authorization,content-type,x-requested-with"),
        ];
        for request in requests {
            let response = request.header("origin", origin).send().await.unwrap();
            let allowed = response.headers().get("access-control-allow-origin").map(|value| value.to_str().unwrap());
            assert_eq!((response.status() == 200, allowed), (expected.is_some(), expected), "{origin}");
        }
    }
}

#[tokio::test]
async fn a_remote_page_can_neither_read_the_login_page_nor_post_its_form() {
    let client = Client::start().await;
    let request = with(authorization(), "persona", "alice");
    let post = |origin: &str| client.http.post(client.url("/authorize")).header("origin", origin).form(&request);
    let own = post(client.issuer.url()).send().await.unwrap();
    assert_eq!(own.status(), 303);
    assert!(own.headers().get("access-control-allow-origin").is_none());
    assert_eq!(post("http://app.example").send().await.unwrap().status(), 403);

    let rotate = client.http.post(client.url("/rotate")).header("origin", "http://app.example");
    assert_eq!(rotate.send().await.unwrap().status(), 403);
}

/// A remote page may link here, and browsers send no `Origin` with a link. The user still has to choose.
#[tokio::test]
async fn a_link_chooses_no_persona() {
    let client = Client::start().await;
    let response = client.show(&with(authorization(), "persona", "alice")).await;
    assert_eq!(response.status(), 200);
    let page = response.text().await.unwrap();
    assert!(page.contains("<h1>Log in as</h1>") && !page.contains(r#"type="hidden" name="persona""#), "{page}");
}

#[tokio::test]
async fn a_host_name_that_resolves_to_loopback_is_refused() {
    let client = Client::start().await;
    for (host, expected) in [("localhost:9400", 200), ("app.example", 421), ("127.0.0.1.app.example:9400", 421)] {
        for path in ["/jwks", "/.well-known/openid-configuration"] {
            let response = client.http.get(client.url(path)).header("host", host).send().await.unwrap();
            assert_eq!(response.status(), expected, "{host}{path}");
        }
    }
}

#[tokio::test]
async fn an_address_beyond_loopback_is_an_error() {
    for address in ["0.0.0.0", "::", "192.0.2.1"] {
        let address = SocketAddr::new(address.parse::<IpAddr>().unwrap(), 0);
        let error = LocalIssuer::builder(API).bind(address).start().await.unwrap_err();
        assert!(error.to_string().contains("loopback"), "{address}: {error}");
    }
    let issuer = LocalIssuer::builder(API).bind(([127, 0, 0, 1], 0)).start().await.unwrap();
    assert!(issuer.url().starts_with("http://127.0.0.1:"));
}

#[tokio::test]
async fn an_invalid_configuration_is_an_error() {
    assert!(LocalIssuer::builder("").start().await.is_err());
    for names in [["alice", "alice"], ["alice", ""]] {
        let built = LocalIssuer::builder(API).personas(names.map(Persona::new)).start().await;
        assert!(built.unwrap_err().to_string().contains("unique name"), "{names:?}");
    }
}
