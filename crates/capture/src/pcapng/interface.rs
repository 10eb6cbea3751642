//! The interface description block and its options.

use anomalyzer_wire::{HostileStr, LinkType};

use super::clock::Clock;
use crate::bytes::{ByteOrder, array};

/// Link type, reserved field, snap length.
pub(super) const BODY_BYTES: usize = 8;

const OPTION_END: u16 = 0;
pub(crate) const OPTION_NAME: u16 = 2;
pub(crate) const OPTION_DESCRIPTION: u16 = 3;
pub(crate) const OPTION_RESOLUTION: u16 = 9;
const OPTION_OFFSET: u16 = 14;

/// Names longer than this are cut.
const NAME_BYTES_MAX: usize = 256;
/// The most options of a block that are looked at; real blocks have a dozen.
const OPTIONS_MAX: usize = 256;

/// An interface that frames of a capture were seen on.
#[derive(Clone, Debug)]
pub struct Interface {
    /// Link type of its frames.
    pub link: LinkType,
    /// The most bytes of a frame that were kept; 0 means no limit.
    pub snaplen: u32,
    /// Name by the capture, such as `eth0`; empty when there is none.
    pub name: HostileStr,
    /// Description by the capture; empty when there is none.
    pub description: HostileStr,
    pub(crate) clock: Clock,
}

impl Interface {
    /// An interface of which nothing but link type and snap length is known.
    pub(crate) fn nameless(link: LinkType, snaplen: u32) -> Self {
        let (name, description) = Default::default();
        Self { link, snaplen, name, description, clock: Clock::default() }
    }

    /// Parses the body of an interface description block; `None` when it is too short. An option
    /// that makes no sense ends the options but does not spoil the interface.
    pub(super) fn parse(order: ByteOrder, body: &[u8]) -> Option<Self> {
        let link = LinkType(order.u16(array(body, 0)?));
        let snaplen = order.u32(array(body, 4)?);
        let mut interface = Self::nameless(link, snaplen);
        let mut rest = body.get(BODY_BYTES..)?;
        for _ in 0..OPTIONS_MAX {
            let Some((code, value, after)) = option(order, rest) else {
                break;
            };
            interface.set(order, code, value);
            rest = after;
        }
        Some(interface)
    }

    fn set(&mut self, order: ByteOrder, code: u16, value: &[u8]) {
        match code {
            OPTION_NAME => self.name = HostileStr::capped(value, NAME_BYTES_MAX),
            OPTION_DESCRIPTION => self.description = HostileStr::capped(value, NAME_BYTES_MAX),
            OPTION_RESOLUTION => {
                if let Some(resolution) = value.first() {
                    self.clock.set_resolution(*resolution);
                }
            }
            OPTION_OFFSET => {
                if let Some(offset) = array(value, 0) {
                    self.clock.set_offset(order.u64(offset).cast_signed());
                }
            }
            _ => {}
        }
    }
}

/// The first option of `bytes`: its code, its value, and what comes after.
fn option(order: ByteOrder, bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let code = order.u16(array(bytes, 0)?);
    let len = usize::from(order.u16(array(bytes, 2)?));
    if code == OPTION_END {
        return None;
    }
    let value = bytes.get(4..4 + len)?;
    let after = bytes.get(4 + len.next_multiple_of(4)..).unwrap_or_default();
    Some((code, value, after))
}
