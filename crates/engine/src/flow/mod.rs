//! Flows: two-way conversations by 5-tuple.

mod community_id;
mod record;

pub use community_id::community_id;
pub use record::{ConnState, FiveTuple, FlowEnd, FlowId, FlowNames, FlowRecord, SideRecord};
