//! Tests of the crate from outside, in one program so that it links once.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::cast_possible_truncation,
    unreachable_pub,
    reason = "a failing helper of a test is a failing test; its lengths are small; it has no users"
)]

mod damage;
mod filters;
mod formats;
mod live;
mod packed;
mod shared;
mod support;
mod watching;
mod writers;
