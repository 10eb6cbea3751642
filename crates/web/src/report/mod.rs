//! The report of a period: its numbers, and a page made of the same numbers.

mod chart;
mod numbers;
mod page;

pub(crate) use numbers::{Contents, Report, collect};
pub(crate) use page::{page, policy};
