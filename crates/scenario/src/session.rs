//! A TCP connection as an actor: handshake, a script of sends and pauses, and a close, emitted in
//! small bursts with correct sequence numbers, windows and timestamps.
//!
//! The two sides take turns (the script is half-duplex), which is how request-response protocols
//! look. Times are those of a tap near the client: what the client sends is seen at once, the
//! answer a round trip later.

use std::collections::VecDeque;

use crate::actor::{Actor, Context, MICRO, MILLI};
use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, FIN, PSH, RST, SYN, Segment};
use crate::rng::Rng;
use crate::world::{NOISE, Stack};

/// Which side of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The side that opened it.
    Client,
    /// The side that accepted it.
    Server,
}

impl Side {
    /// The other side.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What a bulk transfer is filled with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// Random bytes, as compressed or encrypted content.
    Random,
    /// TLS application data records of 16 KiB at most.
    Tls,
}

/// One step of a connection's script.
#[derive(Clone, Debug)]
pub enum Step {
    /// This side sends these bytes.
    Send(Side, Vec<u8>),
    /// This side sends so many bytes.
    Bulk(Side, Fill, u64),
    /// Nobody sends for so many nanoseconds.
    Wait(i64),
    /// This side closes, the other answers and closes too.
    Close(Side),
    /// This side resets the connection.
    Reset(Side),
}

/// The road between two hosts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Road {
    /// Round-trip time in nanoseconds.
    pub rtt: i64,
    /// Nanoseconds between full segments of a bulk transfer.
    pub gap: i64,
    /// Whether segments are now and then sent twice or swapped.
    pub lossy: bool,
}

impl Road {
    /// A local network at about 900 Mbit/s.
    pub(crate) const LAN: Self = Self { rtt: 280 * MICRO, gap: 14 * MICRO, lossy: false };

    /// A road over the Internet at about 50 to 100 Mbit/s.
    pub(crate) const fn internet(rtt: i64) -> Self {
        Self { rtt, gap: 180 * MICRO, lossy: true }
    }
}

/// The shortest last segment of a transfer of several.
const CRUMB: u64 = 64;

/// Segments of a bulk transfer that are emitted per wake-up.
const BURST: usize = 16;

/// A connection.
pub(crate) struct TcpSession {
    peers: [Peer; 2],
    stacks: [Stack; 2],
    road: Road,
    script: VecDeque<Step>,
    rng: Rng,
    seq: [u32; 2],
    id: [u16; 2],
    clock: [u32; 2],
    opened: bool,
    bulk: Option<Bulk>,
    bulk_left: u64,
}

/// A bulk transfer under way.
struct Bulk {
    side: Side,
    fill: Fill,
    left: u64,
    record_left: usize,
}

impl TcpSession {
    /// A connection that will run `script` after its handshake.
    pub(crate) fn new(
        (client, client_stack): (Peer, Stack),
        (server, server_stack): (Peer, Stack),
        road: Road,
        script: Vec<Step>,
        mut rng: Rng,
    ) -> Self {
        let mut stacks = [client_stack, server_stack];
        // Timestamps are used only when both ends know them (RFC 7323 section 2.2).
        let timestamps = client_stack.timestamps && server_stack.timestamps;
        for stack in &mut stacks {
            stack.timestamps = timestamps;
        }
        Self {
            peers: [client, server],
            stacks,
            road,
            script: script.into(),
            seq: [rng.next_u64() as u32, rng.next_u64() as u32],
            id: [rng.next_u64() as u16, rng.next_u64() as u16],
            clock: [rng.next_u64() as u32, rng.next_u64() as u32],
            rng,
            opened: false,
            bulk: None,
            bulk_left: 0,
        }
    }

    /// SYN, SYN-ACK, ACK; returns when data may follow.
    fn open(&mut self, cx: &mut Context<'_>) -> i64 {
        self.opened = true;
        let rtt = self.road.rtt;
        self.syn(cx, 0, Side::Client);
        self.syn(cx, rtt, Side::Server);
        self.send(cx, rtt + 30 * MICRO, Side::Client, ACK, &[]);
        rtt + 60 * MICRO
    }

    fn syn(&mut self, cx: &mut Context<'_>, at: i64, side: Side) {
        let stack = self.stacks[side as usize];
        let mss = if self.peers[0].ip.is_ipv4() { 1_460 } else { 1_440 };
        let [time, echo] = self.times(cx, at, side);
        let echo = if side == Side::Client { 0 } else { echo };
        let with_times = tcp::syn_options(mss, stack.scale, time, echo);
        let plain = tcp::syn_options_plain(mss, stack.scale);
        let options: &[u8] = if stack.timestamps { &with_times } else { &plain };
        let (flags, ack) = match side {
            Side::Client => (SYN, 0),
            Side::Server => (SYN | ACK, self.seq[0]),
        };
        let seq = self.seq[side as usize];
        let segment = Segment { seq, ack, flags, window: stack.window, options };
        self.emit(cx, at, side, &segment, &[]);
        self.seq[side as usize] = seq.wrapping_add(1);
    }

    /// One segment after the handshake; advances the sequence number.
    fn send(&mut self, cx: &mut Context<'_>, at: i64, side: Side, flags: u8, payload: &[u8]) {
        let [time, echo] = self.times(cx, at, side);
        let stamps = tcp::timestamps(time, echo);
        let stack = self.stacks[side as usize];
        let (me, other) = (side as usize, 1 - side as usize);
        let segment = Segment {
            seq: self.seq[me],
            ack: self.seq[other],
            flags,
            window: stack.window >> (stack.scale - 6),
            options: if stack.timestamps { &stamps } else { &[] },
        };
        self.emit(cx, at, side, &segment, payload);
        // Far from the end of a transfer, so that nothing is seen after the close; after the
        // acknowledgement, as a retransmission whose cause was a lost or late one.
        let bulk_left = self.bulk_left;
        if self.road.lossy && bulk_left > 100_000 && !payload.is_empty() && self.rng.chance(1) {
            let delay = self.road.rtt + 2 * self.road.gap + MILLI;
            self.emit(cx, at + delay, side, &segment, payload);
        }
        let closes = u32::from(flags & FIN != 0);
        self.seq[me] = self.seq[me].wrapping_add(payload.len() as u32 + closes);
    }

    fn emit(&mut self, cx: &mut Context<'_>, at: i64, side: Side, segment: &Segment, data: &[u8]) {
        let (me, other) = (side as usize, 1 - side as usize);
        self.id[me] = self.id[me].wrapping_add(1);
        let frame = tcp::segment(&self.peers[me], &self.peers[other], self.id[me], segment, data);
        cx.emit(at, frame);
    }

    /// Timestamp value of `side` and the echoed one of the other, in milliseconds.
    fn times(&self, cx: &Context<'_>, at: i64, side: Side) -> [u32; 2] {
        let millis = |time: i64| (time / MILLI) as u32;
        let now = cx.now.nanos() + at;
        let (me, other) = (side as usize, 1 - side as usize);
        [
            self.clock[me].wrapping_add(millis(now)),
            self.clock[other].wrapping_add(millis(now - self.road.rtt)),
        ]
    }

    /// Largest payload of a segment.
    fn segment_max(&self) -> usize {
        let header = if self.peers[0].ip.is_ipv4() { 40 } else { 60 };
        1_500 - header - if self.stacks[0].timestamps { 12 } else { 0 }
    }

    /// Sends a message in segments with acknowledgements; returns when the next step may begin.
    fn message(&mut self, cx: &mut Context<'_>, side: Side, bytes: &[u8]) -> i64 {
        let other = side.other();
        let size = self.segment_max();
        let count = bytes.len().div_ceil(size);
        let mut at = 0;
        for (index, part) in bytes.chunks(size).enumerate() {
            let last = index + 1 == count;
            self.send(cx, at, side, if last { ACK | PSH } else { ACK }, part);
            if index % 2 == 1 && !last {
                self.send(cx, at + self.answer_after(side), other, ACK, &[]);
            }
            at += self.road.gap;
        }
        let arrived = at + self.answer_after(side);
        if !self.answer_follows(other) {
            self.send(cx, arrived, other, ACK, &[]);
        }
        arrived + 20 * MICRO
    }

    /// After what time the other side's acknowledgement passes the tap.
    const fn answer_after(&self, side: Side) -> i64 {
        match side {
            Side::Client => self.road.rtt,
            Side::Server => 25 * MICRO,
        }
    }

    /// True when `side` sends data so soon that its acknowledgement rides on it (RFC 1122
    /// section 4.2.3.2).
    fn answer_follows(&self, side: Side) -> bool {
        let mut steps = self.script.iter();
        let mut next = steps.next();
        if matches!(next, Some(Step::Wait(wait)) if *wait < 40 * MILLI) {
            next = steps.next();
        }
        matches!(next, Some(Step::Send(by, _) | Step::Bulk(by, ..)) if *by == side)
    }

    /// One burst of the bulk transfer under way; returns when the next may follow.
    fn burst(&mut self, cx: &mut Context<'_>, mut bulk: Bulk) -> i64 {
        let (side, other) = (bulk.side, bulk.side.other());
        let size = self.segment_max();
        let mut at = 0;
        for index in 0..BURST {
            let payload = bulk.take(size, &cx.world.noise, &mut self.rng);
            let last = bulk.left == 0;
            self.bulk_left = bulk.left;
            // Swapped neighbours: this one is delayed past the next.
            let late = self.road.lossy && !last && index % 2 == 0 && self.rng.chance(1);
            let delay = if late { self.road.gap + 10 * MICRO } else { 0 };
            self.send(cx, at + delay, side, if last { ACK | PSH } else { ACK }, &payload);
            if index % 2 == 1 || last {
                let after = (self.road.gap / 2).min(25 * MICRO) + self.answer_after(side);
                self.send(cx, at + after, other, ACK, &[]);
            }
            at += self.road.gap;
            if last {
                return at + self.answer_after(side) + 30 * MICRO;
            }
        }
        self.bulk = Some(bulk);
        at
    }

    fn close(&mut self, cx: &mut Context<'_>, side: Side) {
        let other = side.other();
        let there = self.answer_after(side);
        self.send(cx, 0, side, FIN | ACK, &[]);
        self.send(cx, there, other, FIN | ACK, &[]);
        self.send(cx, there + self.answer_after(other), side, ACK, &[]);
        self.script.clear();
    }

    fn step(&mut self, cx: &mut Context<'_>, step: Step) -> i64 {
        match step {
            Step::Send(side, bytes) => return self.message(cx, side, &bytes),
            Step::Bulk(side, fill, left) if left > 0 => {
                return self.burst(cx, Bulk { side, fill, left, record_left: 0 });
            }
            Step::Bulk(..) => {}
            Step::Wait(wait) => return wait,
            Step::Close(side) => self.close(cx, side),
            Step::Reset(side) => {
                self.send(cx, 0, side, RST | ACK, &[]);
                self.script.clear();
            }
        }
        0
    }
}

impl Actor for TcpSession {
    fn wake(&mut self, cx: &mut Context<'_>) -> Option<i64> {
        if !self.opened {
            return Some(self.open(cx));
        }
        if let Some(bulk) = self.bulk.take() {
            return Some(self.burst(cx, bulk));
        }
        let step = self.script.pop_front()?;
        Some(self.step(cx, step))
    }
}

impl Bulk {
    /// The next at most `size` bytes.
    fn take(&mut self, size: usize, noise: &[u8], rng: &mut Rng) -> Vec<u8> {
        // No crumb is left for the last segment: decoders of encrypted protocols expect a whole
        // cipher block at least.
        let rest = self.left.saturating_sub(size as u64);
        let size = if (1..CRUMB).contains(&rest) { size - CRUMB as usize } else { size };
        let mut bytes = Vec::with_capacity(size);
        while bytes.len() < size && self.left > 0 {
            let room = (size - bytes.len()).min(self.left as usize);
            if self.fill == Fill::Tls && self.record_left == 0 {
                if room < 64 && !bytes.is_empty() {
                    break;
                }
                self.record_left = (self.left as usize).clamp(29, 16_401) - 5;
                self.left = self.left.max(29);
                bytes.extend_from_slice(&[0x17, 3, 3]);
                bytes.extend_from_slice(&(self.record_left as u16).to_be_bytes());
                self.left -= 5;
                continue;
            }
            let part = match self.fill {
                Fill::Tls => room.min(self.record_left),
                Fill::Random => room,
            };
            let from = rng.below((NOISE - part) as u64) as usize;
            bytes.extend_from_slice(&noise[from..from + part]);
            self.left -= part as u64;
            self.record_left = self.record_left.saturating_sub(part);
        }
        bytes
    }
}
