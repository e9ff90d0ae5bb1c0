//! A guard allocates nothing if the caller is already verified and meets the requirement.

use axum::extract::FromRequestParts;
use axum::http::Request;
use countersign::providers::Oidc;
use countersign::{All, AllOf, Group, Principal, Require, RequireScopes, Requirement, Scope, Verifier};
use countersign_testing::TestIssuer;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

countersign::scopes! { First = "scope:00"; Tenth = "scope:10"; Last = "scope:19"; }
countersign::groups! { Staff = "staff"; }

type Three = RequireScopes<All, (First, Tenth, Last)>;
type Mixed = Require<AllOf<(Group<Staff>, Scope<Last>)>>;

#[track_caller]
fn assert_allocates_nothing(act: impl FnOnce()) {
    let measured = allocation_counter::measure(act);
    assert_eq!((measured.count_total, measured.bytes_total), (0, 0));
}

fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing to wait for"),
    }
}

#[tokio::test]
async fn a_guard_that_is_met_allocates_nothing() {
    let issuer = TestIssuer::start().await.unwrap();
    let verifier = Verifier::builder().issuer(Oidc::issuer(issuer.url()).audience("api")).build().await.unwrap();
    let scopes: Vec<String> = (0..20).map(|number| format!("scope:{number:02}")).collect();
    let token =
        issuer.token("alice").audience("api").groups(["staff"]).scopes(scopes.iter().map(String::as_str)).mint();
    let request = Request::builder().header("authorization", format!("Bearer {token}")).body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    let principal = <Principal as FromRequestParts<Verifier>>::from_request_parts(&mut parts, &verifier).await.unwrap();

    assert_allocates_nothing(|| assert!(Three::check(&principal) && Mixed::check(&principal)));
    assert_allocates_nothing(|| {
        ready(Three::from_request_parts(&mut parts, &verifier)).unwrap();
        ready(Mixed::from_request_parts(&mut parts, &verifier)).unwrap();
    });
}
