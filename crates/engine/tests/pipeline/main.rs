//! Frames in, flow records and alerts out.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc)] // a test that cannot go on panics

mod evasions;
mod flows;
mod golden;
mod hostile;
mod incidents;
mod keywords;
mod listed;
mod live;
mod order;
mod pairing;
mod scenarios;
mod streams;
mod support;
mod times;
