//! A generated frame.

use anomalyzer_wire::{LinkType, RawFrame, Timestamp};

/// A generated Ethernet frame with its time and its label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// When it passed the captured segment.
    pub time: Timestamp,
    /// The whole frame without its check sequence.
    pub data: Vec<u8>,
    /// 0 for benign traffic, otherwise 1 + the index of the row of
    /// [`Scenario::truth`](crate::Scenario::truth) that it belongs to.
    pub label: u16,
}

impl Frame {
    /// The frame as the decoder takes it.
    pub fn raw(&self) -> RawFrame<'_> {
        RawFrame {
            time: self.time,
            link: LinkType::ETHERNET,
            orig_len: self.data.len() as u32,
            data: &self.data,
        }
    }
}
