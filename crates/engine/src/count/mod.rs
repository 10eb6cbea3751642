//! Counting for detectors: bounded, deterministic, each part alone tested.
//!
//! Nothing here reads a clock or depends on the order of a hash map. Time is packet time; all
//! arithmetic on it saturates, equal times and gaps of years are ordinary input. What a count
//! means and when it is too much is left to the detectors.

mod baseline;
mod distinct;
mod ewma;
mod habits;
mod hll;
mod hours;
mod leaky;
mod limits;
mod linear;
mod per_second;
mod periodicity;
mod ports;
mod recent;
mod sigma;
mod sliding;
mod table;
mod top;
mod trw;
mod week;

pub use baseline::{Baseline, Expected, POINTS_MIN};
pub use distinct::Distinct;
pub use ewma::Ewma;
pub use habits::{Habits, WEEKLY_MAX};
pub use hll::Hll;
pub use hours::{Clock, Hour, Known};
pub use leaky::LeakyBucket;
pub use limits::{SIGMAS, upper_limit};
pub use linear::LinearCounter;
pub use per_second::PerSecond;
pub use periodicity::{Periodicity, Spread};
pub use ports::PortSet;
pub use recent::Recent;
pub use sigma::{LeaveOneOut, Moments, leave_one_out, median, robust_z};
pub use sliding::SlidingCount;
pub use table::Table;
pub use top::Top;
pub use trw::{Trw, Verdict};
pub use week::HourOfWeek;

/// A 64-bit fingerprint of a number that is spread evenly: the finaliser of MurmurHash3
/// (Appleby, public domain) over both halves.
///
/// Fixed, not keyed: sketches must give the same estimate in every run. Tables that an attacker
/// could make slow use a keyed hash instead.
pub const fn fingerprint(bits: u128) -> u64 {
    #[allow(clippy::cast_possible_truncation)] // the two halves, on purpose
    let (high, low) = ((bits >> 64) as u64, bits as u64);
    mix(low ^ mix(high ^ 0x9e37_79b9_7f4a_7c15))
}

const fn mix(mut x: u64) -> u64 {
    x ^= x >> 33;
    x = x.wrapping_mul(0xff51_afd7_ed55_8ccd);
    x ^= x >> 33;
    x = x.wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}
