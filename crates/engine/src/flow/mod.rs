//! Flows: two-way conversations by 5-tuple.

mod community_id;
mod entry;
pub mod features;
mod first;
mod key;
mod record;
mod table;
mod tcp;

pub use community_id::community_id;
pub(crate) use entry::Flow;
pub(crate) use key::{FlowKey, Side};
pub use record::{ConnState, FiveTuple, FlowEnd, FlowId, FlowNames, FlowRecord, SideRecord};
pub(crate) use table::{FlowTable, Slot};
pub(crate) use tcp::Placement;
