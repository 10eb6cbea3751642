//! The part of a direction that is kept while a message is incomplete.

use super::FactSink;
use crate::observation::AppFact;
use anomalyzer_wire::app::Parsed;

/// Bytes kept of a direction: a TLS server's flight with its certificates fits.
pub(super) const PREFIX_MAX: usize = 16_384;
/// Messages taken out of one packet.
const MESSAGES_MAX: usize = 64;

/// Bytes held back, and how many are to be stepped over before the next message begins.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    held: Vec<u8>,
    skip: usize,
}

impl Buffer {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.held
    }

    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    pub(super) fn clear(&mut self) {
        self.held = Vec::new();
    }

    /// Appends as much as fits; tells how much that is.
    pub(super) fn push(&mut self, data: &[u8]) -> usize {
        let room = PREFIX_MAX.saturating_sub(self.held.len());
        let fits = data.get(..room).unwrap_or(data);
        self.held.extend_from_slice(fits);
        fits.len()
    }

    /// Takes messages off the direction; false when it is not what the parser reads, or a message
    /// is too long.
    pub(super) fn messages(
        &mut self,
        data: &[u8],
        parse: fn(&[u8]) -> Parsed<AppFact>,
        sink: &mut FactSink,
    ) -> bool {
        let skipped = self.skip.min(data.len());
        self.skip -= skipped;
        let data = data.get(skipped..).unwrap_or_default();
        if self.held.is_empty() {
            return match self.take(data, parse, sink) {
                Some(rest) => self.push(rest) == rest.len(),
                None => false,
            };
        }
        let whole = self.push(data) == data.len();
        let held = std::mem::take(&mut self.held);
        match self.take(&held, parse, sink) {
            Some(rest) => {
                self.held = rest.to_vec();
                whole
            }
            None => false,
        }
    }

    /// Parses messages at the beginning of `bytes`; gives what is left of an incomplete one.
    fn take<'a>(
        &mut self,
        bytes: &'a [u8],
        parse: fn(&[u8]) -> Parsed<AppFact>,
        sink: &mut FactSink,
    ) -> Option<&'a [u8]> {
        let mut rest = bytes;
        for _ in 0..MESSAGES_MAX {
            if rest.is_empty() {
                break;
            }
            match parse(rest) {
                Parsed::Fact { fact, consumed } => {
                    sink.facts.push(fact);
                    self.skip = consumed.saturating_sub(rest.len());
                    rest = rest.get(consumed.max(1)..).unwrap_or_default();
                }
                Parsed::NeedMore => return Some(rest),
                Parsed::NotThis => return None,
            }
        }
        Some(rest)
    }
}
