//! Temporary.
use axum::extract::FromRequestParts;
use axum::http::Request;
use countersign::{Principal, Verifier};
use countersign_bench::ready;
use countersign_core::{Audience, Issuer, IssuerKeys};
use std::hint::black_box;
const TOKEN: &str = include_str!("../../data/token.jwt");
const JWKS: &str = include_str!("../../data/jwks.json");
fn main() {
    let times: usize = std::env::args().nth(1).unwrap().parse().unwrap();
    let issuer = Issuer::new("https://idp.example.com/realms/production", IssuerKeys::jwks(JWKS)).audience(Audience::any_of(["https://api.example.com"]));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let verifier = runtime.block_on(Verifier::builder().issuer(issuer).build()).unwrap();
    let (mut parts, ()) = Request::builder().header("authorization", format!("Bearer {}", TOKEN.trim_end())).body(()).unwrap().into_parts();
    for _ in 0..times { ready(<Principal as FromRequestParts<Verifier>>::from_request_parts(black_box(&mut parts), &verifier)).unwrap(); }
}
