//! What programs of fastapi-cloudauth, auth-middleware and authx become: one file for each of them, and one for each
//! thing that they have around a handler.
//!
//! `docs/guide/coming-from-fastapi.md` quotes these files, and `tests/guide.rs` sees to it that it quotes them to the
//! letter.
//!
//! Run with `cargo test -p from-fastapi`.

pub mod audit;
pub mod auth_middleware;
pub mod authx;
pub mod cloudauth;
pub mod metrics;
pub mod rate_limit;
