//! Options of `demo`.

use super::{Serving, Settings};
use clap::Args;

/// Options of `demo`.
#[derive(Args, Debug)]
#[command(after_help = "No rights are needed and no packet leaves the program. The link that it \
    prints logs in; without --data everything is gone at the end.")]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) serving: Serving,
    /// Seed of the traffic: equal seeds make equal offices
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Input")]
    pub(crate) seed: u64,
    /// How many times faster the office lives than its clock
    #[arg(long, value_name = "X", default_value_t = 1.0, value_parser = speed,
        help_heading = "Input")]
    pub(crate) speed: f64,
    #[command(flatten)]
    pub(crate) settings: Settings,
    /// Worker threads; what is found does not depend on it [default: by the machine]
    #[arg(long, value_name = "N", help_heading = "Detection",
        value_parser = clap::value_parser!(u16).range(1..=64))]
    pub(crate) workers: Option<u16>,
}

fn speed(text: &str) -> Result<f64, String> {
    let factor = text.parse().ok().filter(|n| (0.1..=100.0).contains(n));
    factor.ok_or_else(|| "must be a number of times, 0.1 to 100".to_owned())
}
