//! Where frames come from and where they are kept: capture files, live interfaces, filters.
//!
//! Nothing here decodes a frame; that is the job of `anomalyzer-wire`. Clocks and privileges are
//! touched here and nowhere else below the binary.

mod bytes;
mod error;
mod filter;
#[doc(hidden)]
pub mod fuzz;
mod guess;
mod live;
mod pcap;
mod pcapng;
mod reader;
mod source;
mod window;
mod write;

pub use bytes::ByteOrder;
pub use error::{Damage, OpenError, OpenProblem, ReadError};
pub use filter::{Filter, FilterError, FilterSet};
pub use live::{
    ANY, LiveCapture, LiveError, LiveEvent, LiveInterface, LiveOptions, LiveStats, Phase, Sensor,
    SensorEvent, WatchOptions, WatchState, Watcher, default_interface, interfaces, missing_rights,
    watch,
};
pub use pcapng::{Interface, MAX_INTERFACES};
pub use reader::{CaptureFile, CaptureInfo, CaptureReader, Progress};
pub use source::{Compression, Limits, open_unpacked};
pub use window::MAX_RECORD_BYTES;
pub use write::{InterfaceSpec, PcapWriter, PcapngWriter, SNAPLEN_MAX};
