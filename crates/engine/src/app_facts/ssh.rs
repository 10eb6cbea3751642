//! SSH: the banners, then what the sizes of encrypted packets tell about the login.

use super::FactSink;
use super::buffer::Buffer;
use crate::flow::Side;
use crate::observation::AppFact;
use anomalyzer_wire::app::Parsed;
use anomalyzer_wire::app::ssh::{SshWatch, parse_banner};

/// What is known of a connection.
#[derive(Debug, Default)]
pub(super) struct SshState {
    banner_read: [bool; 2],
    watch: SshWatch,
}

impl SshState {
    /// Takes the next bytes of a side; false when nothing more is wanted of the connection.
    pub(super) fn feed(
        &mut self,
        side: Side,
        by_client: bool,
        data: &[u8],
        prefix: &mut Buffer,
        sink: &mut FactSink,
    ) -> bool {
        if let Some(read) = self.banner_read.get_mut(side)
            && !*read
        {
            *read = banner(data, prefix, sink);
        }
        if let Some(event) = self.watch.feed(by_client, data) {
            sink.facts.push(AppFact::SshEvent(event));
        }
        !(self.watch.is_over() && self.banner_read == [true; 2])
    }
}

/// Looks for the banner; true when there is nothing more to wait for.
fn banner(data: &[u8], prefix: &mut Buffer, sink: &mut FactSink) -> bool {
    let whole = prefix.push(data) == data.len();
    match parse_banner(prefix.bytes()) {
        Parsed::Fact { fact, .. } => sink.facts.push(AppFact::Ssh(fact)),
        Parsed::NeedMore if whole => return false,
        Parsed::NeedMore | Parsed::NotThis => {}
    }
    prefix.clear();
    true
}
