//! From head to head along one direction of a connection (RFC 9112 section 6).

use super::{
    HEAD_MAX, HttpHead, head_len, is_request_start, is_response_start, parse_request,
    parse_response,
};
use crate::app::Parsed;
use crate::app::read::starts_no_case;

/// The longest line with a chunk's size.
const CHUNK_LINE_MAX: usize = 256;

/// Which direction a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HttpSide {
    /// Requests.
    Client,
    /// Responses.
    Server,
}

/// What a direction is made of, in the order of the stream.
#[derive(Debug)]
pub enum HttpPart<'a> {
    /// A head that is whole, and its bytes.
    Head(HttpHead, &'a [u8]),
    /// Bytes of a body, without the framing of chunks.
    Body(&'a [u8]),
    /// Bytes behind the place at which the stream stopped following the rules, or of a head that
    /// is too long.
    Rest(&'a [u8]),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// A head begins or goes on.
    Head,
    /// A body of known length begins: a response to HEAD has its length but not its body.
    BodyStart(u64),
    /// So many bytes of a body or of a chunk are left; a chunk is followed by its line end.
    Body { left: u64, chunk: bool },
    /// A line with a chunk's size.
    ChunkSize,
    /// Lines behind the last chunk.
    Trailer,
    /// The body ends with the connection.
    UntilClose,
    /// Not HTTP any more, or we lost our place.
    GaveUp,
}

/// Finds the heads in one direction that is fed in order. Keeps at most 16 KiB, the part of a
/// head that has come.
#[derive(Clone, Debug)]
pub struct HttpStream {
    side: HttpSide,
    state: State,
    held: Vec<u8>,
}

impl HttpStream {
    /// At the beginning of a direction.
    pub const fn new(side: HttpSide) -> Self {
        Self { side, state: State::Head, held: Vec::new() }
    }

    /// True when no further head can be found.
    pub const fn gave_up(&self) -> bool {
        matches!(self.state, State::GaveUp | State::UntilClose)
    }

    /// Bytes of a head that has begun.
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The part of a head that has come: what a direction that ends here leaves unread.
    pub fn unfinished(&self) -> &[u8] {
        match self.state {
            State::Head => &self.held,
            _ => &[],
        }
    }

    /// Takes the next bytes and gives each finished head to `sink`.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut impl FnMut(HttpHead)) {
        self.feed_parts(bytes, &mut |part| {
            if let HttpPart::Head(head, _) = part {
                sink(head);
            }
        });
    }

    /// Takes the next bytes and gives heads, bodies and what follows no rules to `sink`: every
    /// byte but the framing of chunks and empty lines between messages, once.
    pub fn feed_parts(&mut self, bytes: &[u8], sink: &mut impl FnMut(HttpPart<'_>)) {
        let mut rest = bytes;
        while !rest.is_empty() && !self.gave_up() {
            rest = self.step(rest, sink);
        }
        if !rest.is_empty() {
            sink(HttpPart::Rest(rest));
        }
    }

    /// Steps over `len` bytes that were not captured: fine within a body, else we lost our place.
    pub fn skip(&mut self, len: u64) {
        self.state = match self.state {
            State::BodyStart(left) if left >= len => State::Body { left: left - len, chunk: false },
            State::Body { left, chunk } if left >= len => State::Body { left: left - len, chunk },
            state if len == 0 => state,
            State::UntilClose => State::UntilClose,
            _ => State::GaveUp,
        };
        self.normalise();
    }

    /// Uses up some bytes; gives those that are left. Each call uses at least one byte or changes
    /// to a state that does.
    fn step<'a>(&mut self, bytes: &'a [u8], sink: &mut impl FnMut(HttpPart<'_>)) -> &'a [u8] {
        match self.state {
            State::Head => self.head(bytes, sink),
            State::BodyStart(left) => {
                let no_body =
                    self.side == HttpSide::Server && bytes.len() >= 7 && is_response_start(bytes);
                self.state = if no_body { State::Head } else { State::Body { left, chunk: false } };
                bytes
            }
            State::Body { left, chunk } => {
                let used = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
                let used_up = u64::try_from(used).unwrap_or(u64::MAX);
                self.state = State::Body { left: left.saturating_sub(used_up), chunk };
                self.normalise();
                sink(HttpPart::Body(bytes.get(..used).unwrap_or_default()));
                bytes.get(used..).unwrap_or_default()
            }
            State::ChunkSize | State::Trailer => self.line(bytes),
            State::UntilClose | State::GaveUp => bytes,
        }
    }

    /// A body that is used up is followed by a head or a chunk.
    fn normalise(&mut self) {
        if let State::Body { left: 0, chunk } = self.state {
            self.state = if chunk { State::ChunkSize } else { State::Head };
        }
    }

    fn head<'a>(&mut self, bytes: &'a [u8], sink: &mut impl FnMut(HttpPart<'_>)) -> &'a [u8] {
        // Robustness: empty lines before a head are ignored (RFC 9112 section 2.2).
        let bytes = if self.held.is_empty() { without_line_ends(bytes) } else { bytes };
        if bytes.is_empty() {
            return bytes;
        }
        let may_start = match self.side {
            HttpSide::Client => is_request_start,
            HttpSide::Server => is_response_start,
        };
        if self.held.is_empty() && !may_start(bytes) {
            self.state = State::GaveUp;
            return bytes;
        }
        if self.held.is_empty() && head_len(bytes).is_some() {
            return self.finish(bytes, bytes, 0, sink);
        }
        let before = self.held.len();
        let room = HEAD_MAX.saturating_sub(before);
        self.held.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
        if self.ends_a_head(before) {
            let held = std::mem::take(&mut self.held);
            return self.finish(&held, bytes, before, sink);
        }
        if self.held.len() >= HEAD_MAX || !may_start(&self.held) {
            self.state = State::GaveUp;
            sink(HttpPart::Rest(&std::mem::take(&mut self.held)));
        }
        bytes.get(room..).unwrap_or_default()
    }

    /// True when a head may end among the bytes from `before` on: each byte is looked at once or
    /// twice, however small the segments are.
    fn ends_a_head(&self, before: usize) -> bool {
        let tail = self.held.get(before.saturating_sub(3)..).unwrap_or_default();
        let empty_line = tail.windows(2).any(|pair| pair == b"\n\n")
            || tail.windows(3).any(|three| three == b"\n\r\n");
        // Without a line end before, this may be the one line of HTTP/0.9.
        let first_line = tail.contains(&b'\n')
            && self.held.get(..before).is_some_and(|earlier| !earlier.contains(&b'\n'));
        (empty_line || first_line) && head_len(&self.held).is_some()
    }

    /// A whole head begins `head`; `bytes` joins it `before` bytes behind its beginning.
    fn finish<'a>(
        &mut self,
        head: &[u8],
        bytes: &'a [u8],
        before: usize,
        sink: &mut impl FnMut(HttpPart<'_>),
    ) -> &'a [u8] {
        let read = match self.side {
            HttpSide::Client => parse_request(head).map(|r| HttpHead::Request(Box::new(r))),
            HttpSide::Server => parse_response(head).map(|r| HttpHead::Response(Box::new(r))),
        };
        let Parsed::Fact { fact, consumed } = read else {
            self.state = State::GaveUp;
            sink(HttpPart::Rest(head));
            return bytes.get(head.len().saturating_sub(before)..).unwrap_or_default();
        };
        self.state = follows(&fact);
        sink(HttpPart::Head(fact, head.get(..consumed).unwrap_or(head)));
        bytes.get(consumed.saturating_sub(before)..).unwrap_or_default()
    }

    /// A line with a chunk's size, or of the trailer.
    fn line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let (part, rest) = match end {
            Some(end) => (bytes.get(..end), bytes.get(end + 1..).unwrap_or_default()),
            None => (Some(bytes), &[][..]),
        };
        let room = CHUNK_LINE_MAX.saturating_sub(self.held.len());
        let part = part.unwrap_or_default();
        self.held.extend_from_slice(part.get(..room).unwrap_or(part));
        if end.is_some() {
            let line = std::mem::take(&mut self.held);
            self.state = self.after_line(line.trim_ascii());
        }
        rest
    }

    fn after_line(&self, line: &[u8]) -> State {
        match (self.state, line) {
            (State::Trailer, []) => State::Head,
            (State::Trailer, _) => State::Trailer,
            // The end of the chunk before.
            (_, []) => State::ChunkSize,
            (_, line) => match chunk_size(line) {
                Some(0) => State::Trailer,
                Some(left) => State::Body { left, chunk: true },
                None => State::GaveUp,
            },
        }
    }
}

/// What follows a head.
fn follows(head: &HttpHead) -> State {
    let body = |len: Option<u64>| len.filter(|len| *len > 0);
    match head {
        HttpHead::Request(request) if starts_no_case(request.method.as_bytes(), b"CONNECT") => {
            State::GaveUp
        }
        HttpHead::Request(request) if request.minor_version.is_none() => State::GaveUp,
        HttpHead::Request(request) if request.chunked => State::ChunkSize,
        HttpHead::Request(request) => body(request.content_length)
            .map_or(State::Head, |left| State::Body { left, chunk: false }),
        HttpHead::Response(response) => match response.status {
            101 => State::GaveUp,
            100..=199 | 204 | 304 => State::Head,
            _ if response.chunked => State::ChunkSize,
            _ => match response.content_length {
                Some(0) => State::Head,
                Some(left) => State::BodyStart(left),
                None => State::UntilClose,
            },
        },
    }
}

/// Hexadecimal digits, then perhaps extensions.
fn chunk_size(line: &[u8]) -> Option<u64> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if !(1..=15).contains(&digits) || !matches!(line.get(digits), None | Some(b';' | b' ' | b'\t'))
    {
        return None;
    }
    let digit = |byte: &u8| u64::from(char::from(*byte).to_digit(16).unwrap_or(0));
    Some(line.iter().take(digits).fold(0, |size, byte| size << 4 | digit(byte)))
}

fn without_line_ends(bytes: &[u8]) -> &[u8] {
    let ends = bytes.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    bytes.get(ends..).unwrap_or_default()
}
