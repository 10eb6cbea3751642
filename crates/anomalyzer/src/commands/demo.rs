//! `demo`: the service on made-up traffic.

use crate::cli::Demo;
use crate::failure::Failure;
use crate::service;
use crate::terminal::Terminal;

/// Runs until somebody stops it.
pub(super) fn run(options: &Demo, terminal: &Terminal) -> Result<(), Failure> {
    service::demo(options, terminal)
}
