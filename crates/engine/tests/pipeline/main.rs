//! Frames in, flow records and alerts out.

mod flows;
mod keywords;
mod order;
mod support;
