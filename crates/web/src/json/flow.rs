//! Flows: the record of `analyze --json` with its place in the history.

use super::{Raw, splice};
use anomalyzer_engine::FlowRecord;
use serde::Serialize;

/// A device that an address belongs to.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FlowDevice {
    /// Its id.
    pub(crate) id: String,
    /// Its best name.
    pub(crate) name: String,
}

/// What is added to a flow record.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct FlowExtra {
    /// Its place in the history; `None` in the live stream.
    pub(crate) key: Option<String>,
    /// The originator, when it is a device of the site.
    pub(crate) src_device: Option<FlowDevice>,
    /// The responder likewise.
    pub(crate) dst_device: Option<FlowDevice>,
    /// Country and network of the originator.
    pub(crate) src_place: Option<Raw>,
    /// Country and network of the responder.
    pub(crate) dst_place: Option<Raw>,
}

/// `Flow`.
pub(crate) fn flow_item(record: &FlowRecord, extra: &FlowExtra) -> Raw {
    let mut text = Vec::with_capacity(1_024);
    anomalyzer_report::ndjson::flow(&mut text, record, None);
    splice(&String::from_utf8_lossy(&text), super::raw(extra).get())
}
