//! Streams with patterns planted in them in every way a search over a stream must cope with, and
//! decoys that look alike but do not hold the pattern, amid office traffic if wanted.

mod connection;

use anomalyzer_wire::{Addr, Timestamp};

use crate::actor::{Actor, MILLI, actor};
use crate::build::ip::Peer;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::scenario::{Scenario, generate_with};
use crate::session::Side;
use connection::{Piece, conversation, datagrams};

/// What to plant.
#[derive(Clone, Debug)]
pub struct PlantPlan {
    /// Seed of all randomness.
    pub seed: u64,
    /// Time of the first frame.
    pub start: Timestamp,
    /// Patterns of at least four bytes, none part of another.
    pub patterns: Vec<Vec<u8>>,
    /// Whether the office works around them.
    pub office: bool,
}

/// How a pattern lies in its stream. The first kinds hold it, the decoys do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Planting {
    /// In one segment.
    Whole,
    /// Cut before this byte of it, over two segments.
    Split(usize),
    /// One byte in each segment.
    Bytewise,
    /// Cut in two, the first part sent twice.
    Retransmitted,
    /// Cut in two, the second segment repeating bytes of the first with other content; the first
    /// copy counts.
    Overlapping,
    /// Cut in two, the second segment first.
    OutOfOrder,
    /// In one UDP datagram.
    Udp,
    /// Decoy: one byte in the middle differs.
    DecoyChanged,
    /// Decoy: the first half from one side, the second from the other.
    DecoyTwoSides,
    /// Decoy: the halves in two connections.
    DecoyTwoConnections,
    /// Decoy: the halves in two datagrams.
    DecoyTwoDatagrams,
    /// Decoy: the halves with a lost segment between them.
    DecoyGap,
    /// Decoy: complete only when of overlapping data the later copy counted.
    DecoyLaterCopy,
}

/// One planting: a connection or datagram flow of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planted {
    /// The pattern.
    pub pattern: Vec<u8>,
    /// How it lies there.
    pub how: Planting,
    /// Which side sends it (its first half for the decoy of two sides).
    pub side: Side,
    /// 6 for TCP, 17 for UDP.
    pub protocol: u8,
    /// Address and port of the side that opened the flow.
    pub client: (Addr, u16),
    /// Address and port of the other.
    pub server: (Addr, u16),
    /// Time of the flow's first frame.
    pub start: Timestamp,
}

impl Planting {
    /// True when the stream does not hold the pattern.
    pub const fn is_decoy(self) -> bool {
        matches!(
            self,
            Self::DecoyChanged
                | Self::DecoyTwoSides
                | Self::DecoyTwoConnections
                | Self::DecoyTwoDatagrams
                | Self::DecoyGap
                | Self::DecoyLaterCopy
        )
    }

    const fn protocol(self) -> u8 {
        if matches!(self, Self::Udp | Self::DecoyTwoDatagrams) { 17 } else { 6 }
    }

    /// Every way for a pattern of this length.
    fn all(length: usize) -> impl Iterator<Item = Self> {
        [
            Self::Whole,
            Self::Bytewise,
            Self::Retransmitted,
            Self::Overlapping,
            Self::OutOfOrder,
            Self::Udp,
            Self::DecoyChanged,
            Self::DecoyTwoSides,
            Self::DecoyTwoConnections,
            Self::DecoyTwoDatagrams,
            Self::DecoyGap,
            Self::DecoyLaterCopy,
        ]
        .into_iter()
        .chain((1..length).map(Self::Split))
    }
}

/// Nanoseconds between plantings.
const STEP: i64 = 40 * MILLI;
/// Server port without a protocol of its own.
const PORT: u16 = 7_077;
/// Plantings per client address.
const PER_CLIENT: usize = 20_000;

impl PlantPlan {
    /// Every pattern in every way from both sides, without office traffic.
    pub fn new(seed: u64, start: Timestamp, patterns: Vec<Vec<u8>>) -> Self {
        Self { seed, start, patterns, office: false }
    }

    /// What is planted where, in the order of time.
    pub fn ledger(&self) -> Vec<Planted> {
        let mut planted = Vec::new();
        for pattern in &self.patterns {
            for how in Planting::all(pattern.len()) {
                for side in [Side::Client, Side::Server] {
                    planted.push(self.entry(planted.len(), pattern, how, side));
                }
            }
        }
        planted
    }

    fn entry(&self, index: usize, pattern: &[u8], how: Planting, side: Side) -> Planted {
        let (client, server) = ends(index);
        Planted {
            pattern: pattern.to_vec(),
            how,
            side,
            protocol: how.protocol(),
            client: (Addr::from(client.ip), client.port),
            server: (Addr::from(server.ip), server.port),
            start: self.start.plus_nanos(index as i64 * STEP),
        }
    }

    /// The frames. Planted ones have label 1, decoys and the office label 0.
    pub fn generate(&self) -> Scenario {
        let ledger = self.ledger();
        let length = ledger.len() as i64 * STEP / (60 * 1_000 * MILLI) + 2;
        let plan = Plan {
            seed: self.seed,
            start: self.start,
            minutes: length as u32,
            hosts: 12,
            office: self.office,
            attacks: Vec::new(),
        };
        let rng = Rng::stream(self.seed, "plant");
        let of_kind = |decoy: bool| {
            let mine =
                ledger.iter().enumerate().filter(move |(_, one)| one.how.is_decoy() == decoy);
            let mine: Vec<(usize, Planted)> = mine.map(|(at, one)| (at, one.clone())).collect();
            planter(mine, self.start, rng.clone())
        };
        generate_with(&plan, vec![(0, 0, of_kind(true)), (0, 1, of_kind(false))])
    }
}

/// Plants the entries of the ledger, each at its time.
fn planter(entries: Vec<(usize, Planted)>, start: Timestamp, mut rng: Rng) -> Box<dyn Actor> {
    let mut next = 0;
    actor(move |cx| {
        let (index, planted) = entries.get(next)?;
        let due = planted.start.since(start);
        let now = cx.now.since(start);
        if now < due {
            return Some(due - now);
        }
        for (order, frame) in frames(*index, planted, &mut rng).into_iter().enumerate() {
            cx.emit(order as i64 * MILLI, frame);
        }
        next += 1;
        Some(0)
    })
}

/// The frames of one planting.
fn frames(index: usize, planted: &Planted, rng: &mut Rng) -> Vec<Vec<u8>> {
    let ends = ends(index);
    let stream = Stream::around(&planted.pattern);
    let (text, cut) = (stream.text.as_slice(), stream.middle);
    let pieces = match planted.how {
        Planting::Udp => return datagrams(ends, planted.side, &[text]),
        Planting::DecoyTwoDatagrams => {
            return datagrams(ends, planted.side, &[&text[..cut], &text[cut..]]);
        }
        Planting::DecoyTwoSides => {
            let first = Piece::new(planted.side, 0, &text[..cut]);
            let second = Piece::new(planted.side.other(), 0, &text[cut..]);
            return conversation(ends, &[first, second], rng);
        }
        Planting::DecoyTwoConnections => {
            let first = [Piece::new(planted.side, 0, &text[..cut])];
            let second = [Piece::new(planted.side, 0, &text[cut..])];
            let twin = (ends.0.port(ends.0.port + PER_CLIENT as u16), ends.1);
            return [conversation(ends, &first, rng), conversation(twin, &second, rng)].concat();
        }
        how => stream.pieces(how, planted.side),
    };
    conversation(ends, &pieces, rng)
}

/// Harmless text with a pattern in its middle.
struct Stream {
    text: Vec<u8>,
    start: usize,
    middle: usize,
    length: usize,
}

impl Stream {
    fn around(pattern: &[u8]) -> Self {
        let before = b"record 17: the quick brown fox; ";
        let after = b" ; jumps over the lazy dog\r\n";
        let start = before.len();
        let middle = start + pattern.len() / 2;
        Self { text: [before, pattern, after].concat(), start, middle, length: pattern.len() }
    }

    fn pieces(&self, how: Planting, side: Side) -> Vec<Piece> {
        let piece = |from: usize, to: usize| Piece::new(side, from, &self.text[from..to]);
        let (all, cut) = (self.text.len(), self.middle);
        match how {
            Planting::Split(at) => vec![piece(0, self.start + at), piece(self.start + at, all)],
            Planting::Bytewise => {
                let end = self.start + self.length;
                let single = (self.start..end).map(|at| piece(at, at + 1));
                std::iter::once(piece(0, self.start))
                    .chain(single)
                    .chain([piece(end, all)])
                    .collect()
            }
            Planting::Retransmitted => vec![piece(0, cut), piece(0, cut), piece(cut, all)],
            Planting::OutOfOrder => vec![piece(cut, all), piece(0, cut)],
            Planting::Overlapping => {
                vec![piece(0, cut), piece(cut - 2, all).spoiled(0..2)]
            }
            Planting::DecoyLaterCopy => {
                vec![piece(0, cut).spoiled(cut - 2..cut), piece(cut - 2, all)]
            }
            Planting::DecoyChanged => vec![piece(0, all).spoiled(cut..cut + 1)],
            Planting::DecoyGap => vec![piece(0, cut), piece(cut, all).later(600)],
            _ => vec![piece(0, all)],
        }
    }
}

/// Client and server of planting `index`.
fn ends(index: usize) -> (Peer, Peer) {
    let last = 10 + (index / PER_CLIENT) as u8;
    let client = Peer {
        mac: [0x3c, 0x52, 0x82, 0x77, 0, last],
        ip: [192, 168, 30, last].into(),
        port: 20_000 + (index % PER_CLIENT) as u16,
        ttl: 64,
    };
    let mac = [0x52, 0x54, 0, 0x77, 0, 1];
    (client, Peer { mac, ip: [192, 168, 30, 2].into(), port: PORT, ttl: 64 })
}
