//! Labelled synthetic traffic for demonstration, tests, benchmarks and training.
//!
//! A [`Plan`] (seed, time, length, hosts, attacks) gives a [`Scenario`]: an iterator of Ethernet
//! [`Frame`]s in time order, generated while they are asked for, with the [`Truth`] about the
//! attacks in it. Equal plans give equal bytes on every machine. There is no I/O and no clock here;
//! writing files is left to `capture` and to the program.

// Every number here is made by this crate within the range of its field; lengths and ports are cut
// to their width on purpose, and a checked conversion at each of them would bury what is sent.
#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::missing_panics_doc
)]

mod actor;
mod attacks;
pub mod build;
pub mod floods;
mod frame;
mod net;
mod office;
mod plan;
pub mod plant;
mod rng;
mod scenario;
mod session;
mod truth;
mod world;

pub use attacks::{AttackKind, LISTED, Origin};
pub use frame::Frame;
pub use plan::{Plan, PlannedAttack};
pub use rng::Rng;
pub use scenario::{Scenario, generate};
pub use session::{Fill, Side, Step};
pub use truth::{CSV_HEADER, Truth};
pub use world::{Host, HostId, Site, Stack, World};
