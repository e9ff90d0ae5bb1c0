//! Programs of fastapi-cloudauth, auth-middleware and authx, rewritten with Countersign: one file per library, and one
//! file per feature outside the handlers (audit log, metrics, rate limit).
//!
//! `docs/guide/coming-from-fastapi.md` quotes these files. `tests/guide.rs` checks that the quotations are exact.
//!
//! Run with `cargo test -p from-fastapi`.

pub mod audit;
pub mod auth_middleware;
pub mod authx;
pub mod cloudauth;
pub mod metrics;
pub mod rate_limit;
