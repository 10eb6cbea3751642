//! Keywords in streams and requests: what is searched, how deep, and what a hit becomes.

use super::{Occasion, Payload};
use crate::flow::{Flow, Side};
use crate::keyword::{Place, RequestParts, ScanContext};
use crate::observation::Observation;
use crate::stream::{StreamSide, Streams};

impl Payload {
    /// Searches the next bytes of a direction, as deep as the settings say.
    pub(super) fn search(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &mut Flow,
        own: &mut StreamSide,
        side: Side,
        data: &[u8],
    ) {
        let offset = own.offset;
        own.offset += data.len() as u64;
        if own.searched || flow.app.is_encrypted_payload() {
            self.count_unread(flow, data.len());
            own.searched = true;
            return;
        }
        let left = usize::try_from(self.settings.depth.saturating_sub(offset)).unwrap_or(0);
        let part = data.get(..left).unwrap_or(data);
        self.counters.searched_bytes += part.len() as u64;
        self.counters.beyond_depth_bytes += (data.len() - part.len()) as u64;
        self.matcher.scan(&mut own.scan, part, &context(flow, side, offset), &mut self.hits);
        if part.len() < data.len() {
            own.searched = true;
            self.finish_search(flow, own, side);
        }
        self.report_hits(on, flow, side);
    }

    /// Decides keywords that waited for more bytes of a direction.
    pub(super) fn finish_search(&mut self, flow: &Flow, own: &mut StreamSide, side: Side) {
        let context = context(flow, side, own.offset);
        self.matcher.finish_requests(&mut own.requests, &context, &mut self.hits);
        if own.scan.waits() {
            self.matcher.finish(&mut own.scan, &context, &mut self.hits);
        }
    }

    pub(super) fn report_hits(&mut self, on: &mut Occasion<'_>, flow: &Flow, side: Side) {
        for hit in self.hits.drain(..) {
            let hit = self.matcher.describe(hit, flow.id, flow.tuple(), flow.orig == side);
            on.push(Observation::Keyword(Box::new(hit)));
        }
    }

    /// Searches parts of HTTP requests, which are given back for their memory.
    pub(super) fn search_requests(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &Flow,
        own: &mut StreamSide,
        side: Side,
        mut parts: RequestParts,
    ) {
        if !parts.is_empty() && !own.searched && own.offset < self.settings.depth {
            let context = context(flow, side, own.offset);
            self.matcher.scan_requests(&mut own.requests, &parts, &context, &mut self.hits);
            self.report_hits(on, flow, side);
        }
        parts.clear();
        self.parts = parts;
    }

    /// The head of a request that will not go on is searched as far as it came.
    pub(super) fn search_unfinished(
        &mut self,
        on: &mut Occasion<'_>,
        flow: &Flow,
        streams: &mut Streams,
        side: Side,
    ) {
        let head = streams.app.unfinished_request(side);
        if head.is_empty() || side != flow.orig {
            return;
        }
        let mut parts = std::mem::take(&mut self.parts);
        parts.head(head);
        if let Some(own) = streams.sides.get_mut(side) {
            self.search_requests(on, flow, own, side, parts);
        }
    }
}

/// Where the bytes of a direction stand.
pub(super) fn context(flow: &Flow, side: Side, offset: u64) -> ScanContext {
    ScanContext {
        app: flow.app,
        tuple: flow.tuple(),
        to_server: side == flow.orig,
        offset,
        place: Place::Stream,
    }
}
