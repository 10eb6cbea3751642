//! Flows, hosts, baselines, detectors and the alert book.
//!
//! Pure: no I/O, no clock, no threads, no randomness that is not passed in. Frames and markers go
//! into a [`Worker`], what it saw comes out as an [`EpochBatch`]; the [`Correlator`] takes the
//! batches of all workers in order and turns them into findings, alerts, flow records and the
//! summary. The same frames in the same order give the same output for any number of workers.

pub mod alert;
mod app_facts;
pub mod config;
mod correlator;
pub mod count;
pub mod detect;
pub mod device;
mod dns;
pub mod finding;
pub mod flow;
pub mod keyword;
pub mod observation;
mod pacer;
pub mod rollup;
pub mod score;
pub mod series;
pub mod state;
mod stream;
pub mod summary;
pub mod text;
pub mod threat;
mod worker;

pub use alert::{Alert, HostRisk, Incident, Severity, View};
pub use config::Config;
pub use correlator::{Correlator, Judged, Output, Reconfigured};
pub use finding::{Evidence, Finding, Subject, Tally};
pub use flow::{FiveTuple, FlowRecord};
pub use observation::Observation;
pub use pacer::{Paced, Pacer};
pub use state::{State, StateError};
pub use summary::Summary;
pub use worker::{
    EpochBatch, Expired, Marker, Times, Volume, Worker, WorkerCounters, WorkerTotals,
};
