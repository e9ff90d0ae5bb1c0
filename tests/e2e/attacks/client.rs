//! Sends a request in process, or as raw bytes over a socket.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Request};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt as _;

/// The request of a case.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Whole lines, `name: value`.
    pub(crate) headers: Vec<Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Calls the router in process.
pub(crate) async fn call(router: Router, message: &Message) -> Result<Answer, String> {
    let mut request = Request::builder()
        .method(message.method.as_str())
        .uri(&message.path)
        .body(Body::from(message.body.clone()))
        .map_err(|error| format!("not a request: {error}"))?;
    for line in &message.headers {
        let (name, value) = header(line)?;
        request.headers_mut().append(name, value);
    }
    let response = router.oneshot(request).await.unwrap_or_else(|never| match never {});
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, usize::MAX).await.map_err(|error| format!("the answer broke off: {error}"))?;
    Ok(Answer { status: parts.status.as_u16(), headers: parts.headers, body: body.into() })
}

/// Serves the router on loopback, and writes the unchanged request into a socket.
pub(crate) async fn send(router: Router, message: &Message) -> Result<Answer, String> {
    let io = |error: std::io::Error| format!("over the wire: {error}");
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(io)?;
    let address = listener.local_addr().map_err(io)?;
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.map_err(io)?;
    let mut reply = Vec::new();
    let (mut read, mut write) = stream.split();
    // Both at once, since a server that rejects early stops reading, and the rest cannot be written.
    let request = bytes(message);
    let (_, received) = tokio::join!(write.write_all(&request), read.read_to_end(&mut reply));
    server.abort();
    if reply.is_empty() {
        received.map_err(io)?;
    }
    parse(&reply)
}

fn bytes(message: &Message) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\nConnection: close\r\n", message.method, message.path).into_bytes();
    if !message.headers.iter().any(|line| line.to_ascii_lowercase().starts_with(b"host:")) {
        bytes.extend_from_slice(b"Host: api.example\r\n");
    }
    for line in &message.headers {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(b"\r\n");
    }
    if !message.body.is_empty() {
        bytes.extend_from_slice(format!("Content-Length: {}\r\n", message.body.len()).as_bytes());
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&message.body);
    bytes
}

fn parse(reply: &[u8]) -> Result<Answer, String> {
    let odd = || format!("not an answer: {:?}", String::from_utf8_lossy(&reply[..reply.len().min(80)]));
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n").ok_or_else(odd)?;
    let head = std::str::from_utf8(&reply[..end]).map_err(|_| odd())?;
    let (first, lines) = head.split_once("\r\n").unwrap_or((head, ""));
    let status = first.split(' ').nth(1).and_then(|status| status.parse().ok()).ok_or_else(odd)?;
    let headers = lines.split("\r\n").filter(|line| !line.is_empty()).map(|line| header(line.as_bytes()));
    Ok(Answer { status, headers: headers.collect::<Result<_, _>>()?, body: reply[end + 4..].to_vec() })
}

fn header(line: &[u8]) -> Result<(HeaderName, HeaderValue), String> {
    let odd = |_| format!("not a header: {:?}", String::from_utf8_lossy(&line[..line.len().min(80)]));
    let colon = line.iter().position(|&byte| byte == b':').unwrap_or(line.len());
    let name = HeaderName::from_bytes(&line[..colon]).map_err(|_| odd(()))?;
    let value = line.get(colon + 1..).unwrap_or_default();
    let value = HeaderValue::from_bytes(value.strip_prefix(b" ").unwrap_or(value)).map_err(|_| odd(()))?;
    Ok((name, value))
}
