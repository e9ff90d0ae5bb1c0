//! HTTP details around a guard, over sockets: a real server, raw HTTP/1.1 and an HTTP/2 client.

use axum::Router;
use axum::extract::Path;
use axum::routing::{any, get, post};
use countersign::providers::Oidc;
use countersign::{GuardExt, Principal, RequireGroups, Source, Verifier};
use countersign_testing::TestIssuer;
use reqwest::{Client, Method};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

countersign::groups! { Admin = "admin"; }

const API: &str = "api";
const LIMIT: Duration = Duration::from_secs(120);

struct World {
    issuer: TestIssuer,
    address: SocketAddr,
}

impl World {
    async fn new() -> Self {
        let issuer = TestIssuer::start().await.unwrap();
        let provider = Oidc::issuer(issuer.url()).audience(API);
        let sources = [Source::authorization(), Source::cookie("session")];
        let verifier = Verifier::builder().issuer(provider).sources(sources).build().await.unwrap();
        let guarded = Router::new().route("/files/{*path}", get(async |_: Path<String>| "file"));
        let app = Router::new()
            .merge(guarded.guard::<RequireGroups<Admin>>(&verifier))
            .route("/me", get(async |principal: Principal| principal.subject().to_owned()))
            .route("/any", any(async |_: Principal| "any"))
            .route("/reports/{id}", get(async |_: RequireGroups<Admin>, _: Path<String>| "report"))
            .route("/upload", post(async |_: Principal, body: String| body.len().to_string()))
            .with_state(verifier);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Self { issuer, address }
    }

    fn token(&self) -> String {
        self.issuer.token("alice").audience(API).mint()
    }

    /// Sends these bytes, and gives all bytes until the server closes the connection.
    async fn say(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let (mut read, mut write) = stream.split();
        let mut reply = Vec::new();
        // Both at once, since a server that rejects early stops reading.
        let exchange = async { tokio::join!(write.write_all(text.as_bytes()), read.read_to_end(&mut reply)) };
        timeout(LIMIT, exchange).await.expect("an end of the answer").1.ok();
        String::from_utf8_lossy(&reply).into_owned()
    }

    /// One request of HTTP/1.1, with these lines.
    async fn request(&self, line: &str, headers: &[&str]) -> (u16, String) {
        let lines: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
        let reply = self.say(&format!("{line} HTTP/1.1\r\nHost: api\r\nConnection: close\r\n{lines}\r\n")).await;
        let (head, body) = reply.split_once("\r\n\r\n").unwrap_or((&reply, ""));
        (status_of(head), body.to_owned())
    }
}

fn status_of(head: &str) -> u16 {
    head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status in {head:?}"))
}

#[tokio::test]
async fn head_is_get_without_a_body_and_options_reaches_no_handler_of_get() {
    let world = World::new().await;
    let bearer = format!("Authorization: Bearer {}", world.token());
    for (line, without, with, body) in [
        ("GET /me", 401, 200, "alice"),
        ("HEAD /me", 401, 200, ""),
        ("HEAD /files/a", 401, 403, ""),
        ("OPTIONS /me", 405, 405, ""),
        ("POST /me", 405, 405, ""),
        ("OPTIONS /any", 401, 200, "any"),
        ("TRACE /any", 401, 200, "any"),
        ("PROPFIND /any", 401, 200, "any"),
    ] {
        let (status, refusal) = world.request(line, &[]).await;
        assert_eq!(status, without, "{line}");
        assert_eq!(refusal.is_empty(), line.starts_with("HEAD") || status == 405, "{line}: {refusal}");
        assert_eq!(
            world.request(line, &[&bearer]).await,
            match with {
                403 => (403, String::new()),
                _ => (with, body.to_owned()),
            },
            "{line}"
        );
    }
}

/// Another spelling of a path is either the same guarded route or no route.
#[tokio::test]
async fn slashes_and_encoded_paths_walk_around_no_guard() {
    let world = World::new().await;
    let bearer = format!("Authorization: Bearer {}", world.token());
    for (path, without, with) in [
        ("/me", 401, 200),
        ("/me?x=/files/a", 401, 200),
        ("http://elsewhere.example/me", 401, 200),
        ("/me/", 404, 404),
        ("//me", 404, 404),
        ("/./me", 404, 404),
        ("/%6de", 404, 404),
        ("/me%00", 404, 404),
        ("/files/a", 401, 403),
        ("/files//a", 401, 403),
        ("/files/../me", 401, 403),
        ("/files/%2e%2e/me", 401, 403),
        ("/files/%2Fme", 401, 403),
        ("/reports/1", 401, 403),
        ("/reports/..%2Fme", 401, 403),
        ("/reports/%2e%2e", 401, 403),
        ("/reports/", 404, 404),
    ] {
        assert_eq!(world.request(&format!("GET {path}"), &[]).await.0, without, "{path}");
        assert_eq!(world.request(&format!("GET {path}"), &[&bearer]).await.0, with, "{path}");
    }
}

#[tokio::test]
async fn several_and_very_long_headers_are_refused() {
    let world = World::new().await;
    let token = world.token();
    let bearer = format!("Authorization: Bearer {token}");
    let (lower, cookie) =
        (bearer.to_lowercase().replace(&token.to_lowercase(), &token), format!("Cookie: session={token}"));
    let long = |bytes: usize| format!("Authorization: Bearer {}", "a".repeat(bytes));
    let filler: Vec<String> = (0..200).map(|number| format!("X-Filler-{number}: a")).collect();
    let crowded: Vec<&str> = filler.iter().map(String::as_str).chain([bearer.as_str()]).collect();
    for (headers, expected) in [
        (&[bearer.as_str()][..], 200),
        (&[&lower], 200),
        (&[&cookie], 200),
        (&[&bearer, &bearer], 400),
        (&[&bearer, &lower], 400),
        (&[&bearer, "Authorization: Basic YTpi"], 400),
        (&[&bearer, &cookie], 400),
        (&[&long(20 * 1024)], 401),
        (&[&long(300 * 1024)], 401),
        (&[&long(1024 * 1024)], 431),
        (&crowded, 431),
    ] {
        let sizes: Vec<usize> = headers.iter().map(|header| header.len()).collect();
        assert_eq!(world.request("GET /me", headers).await.0, expected, "headers of {sizes:?} bytes");
    }
}

/// Requests on one connection are independent.
#[tokio::test]
async fn a_connection_remembers_nobody() {
    let world = World::new().await;
    let with = format!("GET /me HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {}\r\n\r\n", world.token());
    let without = "GET /me HTTP/1.1\r\nHost: api\r\n\r\n";
    let last = "GET /me HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n";
    let reply = world.say(&format!("{with}{without}{with}{last}")).await;
    let statuses: Vec<u16> = reply.split("HTTP/1.1 ").skip(1).map(|rest| rest[..3].parse().unwrap()).collect();
    assert_eq!(statuses, [200, 401, 200, 401]);
}

/// A client that waits for `100 Continue` gets the rejection instead.
#[tokio::test]
async fn a_refused_body_is_not_asked_for() {
    let world = World::new().await;
    let headers = ["Content-Length: 1000000", "Expect: 100-continue"];
    let (status, body) = world.request("POST /upload", &headers).await;
    assert_eq!(status, 401);
    assert!(body.contains("missing_token"), "{body}");
}

#[tokio::test]
async fn http_2_is_no_other_way_in() {
    let world = World::new().await;
    let client = Client::builder().http2_prior_knowledge().timeout(LIMIT).no_proxy().build().unwrap();
    let token = world.token();
    let bearer = format!("Bearer {token}");
    // RFC 9113 section 8.2.3: cookies may come in several lines.
    let session = format!("session={token}");
    let long = format!("Bearer {}", "a".repeat(10 * 1024));
    for (method, path, headers, expected) in [
        (Method::GET, "/me", &[][..], 401),
        (Method::GET, "/me", &[("authorization", bearer.as_str())], 200),
        (Method::HEAD, "/me", &[("authorization", &bearer)], 200),
        (Method::HEAD, "/me", &[], 401),
        (Method::OPTIONS, "/any", &[], 401),
        (Method::GET, "/me/", &[("authorization", &bearer)], 404),
        (Method::GET, "/reports/%2e%2e%2fme", &[("authorization", &bearer)], 403),
        (Method::GET, "/me", &[("authorization", &bearer), ("authorization", &bearer)], 400),
        (Method::GET, "/me", &[("cookie", "a=b"), ("cookie", &session)], 200),
        (Method::GET, "/me", &[("cookie", &session), ("authorization", &bearer)], 400),
        (Method::POST, "/upload", &[("cookie", &session)], 403),
        (Method::POST, "/upload", &[("cookie", &session), ("origin", "https://attacker.example")], 403),
        (Method::POST, "/upload", &[("cookie", &session), ("origin", "SELF")], 200),
        (Method::GET, "/me", &[("authorization", &long)], 401),
    ] {
        let mut request = client.request(method.clone(), format!("http://{}{path}", world.address));
        for (name, value) in headers {
            request = request.header(*name, value.replace("SELF", &format!("http://{}", world.address)));
        }
        let answer = request.send().await.unwrap();
        assert_eq!(
            (answer.version(), answer.status().as_u16()),
            (reqwest::Version::HTTP_2, expected),
            "{method} {path}"
        );
        assert_eq!(
            answer.headers().contains_key("www-authenticate"),
            [400, 401].contains(&expected) || path.starts_with("/reports")
        );
    }
}
