//! A connection whose segments are laid by hand: any order, overlap or gap.

use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, FIN, PSH, RST, SYN, Segment};
use crate::build::udp;
use crate::rng::Rng;
use crate::session::Side;

/// A segment's place in the stream of one side.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    side: Side,
    offset: usize,
    bytes: Vec<u8>,
}

impl Piece {
    pub(super) fn new(side: Side, offset: usize, bytes: &[u8]) -> Self {
        Self { side, offset, bytes: bytes.to_vec() }
    }

    /// These bytes replaced by ones that no letter case makes equal.
    pub(super) fn spoiled(mut self, range: std::ops::Range<usize>) -> Self {
        for byte in self.bytes.iter_mut().take(range.end).skip(range.start) {
            *byte = if *byte == b'#' { b'%' } else { b'#' };
        }
        self
    }

    /// Further back in the stream, behind bytes that are never sent.
    pub(super) fn later(mut self, bytes: usize) -> Self {
        self.offset += bytes;
        self
    }
}

/// Handshake, pieces in the order given, close. A stream with a gap cannot be acknowledged and ends
/// with a reset.
pub(super) fn conversation(ends: (Peer, Peer), pieces: &[Piece], rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut flow = Flow {
        peers: [ends.0, ends.1],
        start: [rng.next_u64() as u32, rng.next_u64() as u32],
        sent: [Vec::new(), Vec::new()],
        frames: Vec::with_capacity(pieces.len() * 2 + 6),
    };
    flow.open();
    for piece in pieces {
        let range = (piece.offset as u32, (piece.offset + piece.bytes.len()) as u32);
        flow.segment(piece.side, range.0, PSH | ACK, &piece.bytes);
        flow.sent[piece.side as usize].push(range);
        let other = piece.side.other();
        flow.segment(other, flow.contiguous(other), ACK, &[]);
    }
    flow.close();
    flow.frames
}

/// One datagram per part, all from `side`.
pub(super) fn datagrams(ends: (Peer, Peer), side: Side, parts: &[&[u8]]) -> Vec<Vec<u8>> {
    let (from, to) = if side == Side::Client { ends } else { (ends.1, ends.0) };
    // The client speaks first, so that it is clear who opened the flow.
    let hello = (side == Side::Server).then(|| udp::datagram(&to, &from, 0, b"hello"));
    let rest = parts.iter().map(|part| udp::datagram(&from, &to, 0, part));
    hello.into_iter().chain(rest).collect()
}

/// A connection being written.
struct Flow {
    peers: [Peer; 2],
    start: [u32; 2],
    /// Ranges of the stream that each side has sent.
    sent: [Vec<(u32, u32)>; 2],
    frames: Vec<Vec<u8>>,
}

impl Flow {
    /// Up to which offset everything that `side` sent has arrived.
    fn contiguous(&self, side: Side) -> u32 {
        let mut ranges = self.sent[side as usize].clone();
        ranges.sort_unstable();
        ranges.iter().fold(0, |end, (from, to)| if *from <= end { end.max(*to) } else { end })
    }

    /// A segment of `side` at `offset` that acknowledges what has arrived from the other.
    fn segment(&mut self, side: Side, offset: u32, flags: u8, bytes: &[u8]) {
        let (me, other) = (side as usize, side.other() as usize);
        let seq = self.start[me].wrapping_add(1 + offset);
        let ack = self.start[other].wrapping_add(1 + self.contiguous(side.other()));
        let segment = Segment { seq, ack, flags, window: 64_000, options: &[] };
        let id = self.frames.len() as u16;
        self.frames.push(tcp::segment(&self.peers[me], &self.peers[other], id, &segment, bytes));
    }

    fn open(&mut self) {
        let [client, server] = self.peers;
        let options = tcp::syn_options_plain(1_460, 0);
        let [seq, answer] = self.start;
        let syn = Segment { seq, flags: SYN, window: 64_000, options: &options, ack: 0 };
        let ack = seq.wrapping_add(1);
        let reply = Segment { seq: answer, ack, flags: SYN | ACK, ..syn };
        self.frames.push(tcp::segment(&client, &server, 0, &syn, &[]));
        self.frames.push(tcp::segment(&server, &client, 0, &reply, &[]));
        self.segment(Side::Client, 0, ACK, &[]);
    }

    fn close(&mut self) {
        let ends = [Side::Client, Side::Server].map(|side| self.contiguous(side));
        let whole = |side: usize| self.sent[side].iter().all(|(_, to)| *to <= ends[side]);
        if !whole(0) || !whole(1) {
            self.segment(Side::Client, ends[0], RST | ACK, &[]);
            return;
        }
        let [client, server] = self.peers;
        let [c, s] = [0, 1].map(|side| self.start[side].wrapping_add(1 + ends[side]));
        let of = |seq, ack, flags| Segment { seq, ack, flags, window: 64_000, options: &[] };
        let after = |seq: u32| seq.wrapping_add(1);
        let closing = [
            tcp::segment(&client, &server, 0, &of(c, s, FIN | ACK), &[]),
            tcp::segment(&server, &client, 0, &of(s, after(c), FIN | ACK), &[]),
            tcp::segment(&client, &server, 0, &of(after(c), after(s), ACK), &[]),
        ];
        self.frames.extend(closing);
    }
}
