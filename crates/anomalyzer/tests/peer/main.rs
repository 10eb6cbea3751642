//! The program on captures of others: its flows against tshark's, its stamina against odd files.
//! Without the captures (or tshark) these tests say so and pass.

// Helpers of tests may panic as tests may; the lint knows only functions marked as tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod conversations;
mod odd;
mod support;
