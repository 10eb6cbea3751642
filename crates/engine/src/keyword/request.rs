//! HTTP requests as keywords are sought in them: part by part, as they came and decoded.
//!
//! Whoever reads the stream cuts it into [`RequestParts`]; a head comes whole, a body in pieces.
//! Every part is searched as it is. A part that holds encoded characters is searched once more in
//! the form that a server makes of it (see `decode`); what was found in both forms is told once.
//!
//! Memory: nothing for a request without a body, else two states of the search and of the decoder,
//! until the next head.

use super::decode::Decoder;
use super::matcher::{Matcher, RawHit, ScanContext, ScanState};
use super::place::Place;

/// The parts of requests that one segment brought.
#[derive(Debug, Default)]
pub struct RequestParts {
    bytes: Vec<u8>,
    /// Kind and end of each part.
    parts: Vec<(Place, usize)>,
}

impl RequestParts {
    /// A whole head: the request line, and the headers behind it.
    pub fn head(&mut self, head: &[u8]) {
        let line = head.iter().position(|byte| *byte == b'\n').map_or(head.len(), |at| at + 1);
        let (line, headers) = head.split_at_checked(line).unwrap_or((head, &[]));
        self.push(Place::RequestTarget, line);
        self.push(Place::RequestHeaders, headers);
    }

    /// Bytes of a body, or behind a head that was never understood.
    pub fn body(&mut self, bytes: &[u8]) {
        self.push(Place::RequestBody, bytes);
    }

    /// True when there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// Forgets the parts and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.parts.clear();
    }

    fn push(&mut self, place: Place, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.parts.push((place, self.bytes.len()));
    }

    fn iter(&self) -> impl Iterator<Item = (Place, &[u8])> {
        let starts = std::iter::once(0).chain(self.parts.iter().map(|(_, end)| *end));
        starts
            .zip(&self.parts)
            .map(|(start, (place, end))| (*place, self.bytes.get(start..*end).unwrap_or_default()))
    }
}

/// What is remembered of a direction's requests from segment to segment: of the body at hand.
#[derive(Debug, Default)]
pub struct RequestScan(Option<Box<Body>>);

#[derive(Debug)]
struct Body {
    raw: ScanState,
    /// Length of what came so far.
    offset: u64,
    decoder: Decoder,
    /// From the first encoded character on.
    decoded: Option<Decoded>,
}

#[derive(Debug)]
struct Decoded {
    state: ScanState,
    offset: u64,
}

impl Matcher {
    /// Searches parts of requests; hits are added to `hits`, of one pattern at most one per call.
    pub fn scan_requests(
        &self,
        scan: &mut RequestScan,
        parts: &RequestParts,
        context: &ScanContext,
        hits: &mut Vec<RawHit>,
    ) {
        for (place, bytes) in parts.iter() {
            let context = ScanContext { place, offset: 0, ..*context };
            if place == Place::RequestBody {
                self.scan_body(scan, bytes, &context, hits);
            } else {
                self.finish_requests(scan, &context, hits);
                self.scan_part(bytes, &context, hits);
            }
        }
    }

    /// Ends the body at hand: what waited for more bytes is decided with those there are.
    pub fn finish_requests(
        &self,
        scan: &mut RequestScan,
        context: &ScanContext,
        hits: &mut Vec<RawHit>,
    ) {
        let Some(mut body) = scan.0.take() else { return };
        let (mut raw, mut decoded) = (Vec::new(), Vec::new());
        let place = Place::RequestBody;
        self.finish(
            &mut body.raw,
            &ScanContext { place, offset: body.offset, ..*context },
            &mut raw,
        );
        if let Some(mut own) = body.decoded {
            let mut rest = Vec::new();
            body.decoder.finish(&mut rest);
            let context = ScanContext { place, offset: own.offset, ..*context };
            self.scan_with(&self.request, &mut own.state, &rest, &context, &mut decoded);
            let offset = own.offset.saturating_add(rest.len() as u64);
            self.finish(&mut own.state, &ScanContext { offset, ..context }, &mut decoded);
        }
        merge(hits, raw, decoded);
    }

    /// A part that is whole.
    fn scan_part(&self, bytes: &[u8], context: &ScanContext, hits: &mut Vec<RawHit>) {
        let (mut raw, mut decoded) = (Vec::new(), Vec::new());
        self.scan_whole(&self.request, bytes, context, &mut raw);
        let mut decoder = Decoder::new(context.place == Place::RequestTarget);
        if decoder.may_change(bytes) {
            let mut text = Vec::with_capacity(bytes.len());
            decoder.push(bytes, &mut text);
            decoder.finish(&mut text);
            if decoder.changed {
                self.scan_whole(&self.request, &text, context, &mut decoded);
            }
        }
        merge(hits, raw, decoded);
    }

    /// The next bytes of a body.
    fn scan_body(
        &self,
        scan: &mut RequestScan,
        bytes: &[u8],
        context: &ScanContext,
        hits: &mut Vec<RawHit>,
    ) {
        let body = scan.0.get_or_insert_with(|| Box::new(Body::new()));
        let (mut raw, mut decoded) = (Vec::new(), Vec::new());
        if body.decoded.is_none() && body.decoder.may_change(bytes) {
            // So far both forms were the same.
            body.decoded = Some(Decoded { state: body.raw.clone(), offset: body.offset });
        }
        let here = ScanContext { offset: body.offset, ..*context };
        self.scan_with(&self.request, &mut body.raw, bytes, &here, &mut raw);
        body.offset = body.offset.saturating_add(bytes.len() as u64);
        if let Some(own) = &mut body.decoded {
            let mut text = Vec::with_capacity(bytes.len());
            body.decoder.push(bytes, &mut text);
            let here = ScanContext { offset: own.offset, ..*context };
            self.scan_with(&self.request, &mut own.state, &text, &here, &mut decoded);
            own.offset = own.offset.saturating_add(text.len() as u64);
        }
        merge(hits, raw, decoded);
    }
}

impl Body {
    fn new() -> Self {
        let decoder = Decoder::new(true);
        Self { raw: ScanState::default(), offset: 0, decoder, decoded: None }
    }
}

/// Adds the hits of a part: those of the decoded form that its raw form does not have, too.
fn merge(hits: &mut Vec<RawHit>, raw: Vec<RawHit>, decoded: Vec<RawHit>) {
    let known = raw.len();
    let mut part = raw;
    for mut hit in decoded {
        if !part.iter().take(known).any(|other| other.rule == hit.rule) {
            hit.decoded = true;
            part.push(hit);
        }
    }
    for hit in part {
        match hits.iter_mut().find(|other| other.rule == hit.rule) {
            Some(other) => {
                other.repeats = other.repeats.saturating_add(hit.repeats).saturating_add(1);
            }
            None => hits.push(hit),
        }
    }
}

#[cfg(test)]
#[path = "request_tests.rs"]
mod tests;
