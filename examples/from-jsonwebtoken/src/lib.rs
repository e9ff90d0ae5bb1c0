//! The usual program with the crate jsonwebtoken, and the same program with Countersign.
//!
//! `docs/guide/coming-from-jsonwebtoken.md` quotes these files. `tests/guide.rs` checks that the quotations are exact, and
//! `tests/programs.rs` shows the differences.
//!
//! Run with `cargo test -p from-jsonwebtoken`.

pub mod after;
pub mod before;
