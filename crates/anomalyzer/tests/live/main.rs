//! The running service on real interfaces, in network namespaces that the tests make themselves.
//! Without root they say so and pass.

// Helpers of tests may panic as tests may; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]
// What is tested is how long things take.
#![allow(clippy::disallowed_methods)]

mod attacks;
mod detection;
mod drops;
mod flaps;
mod replay;
mod rights;
mod support;
mod victim;
