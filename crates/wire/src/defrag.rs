//! IP defragmentation with bounded memory and bounded work.
//!
//! Fragments are kept as they come, sorted by offset; nothing is copied twice but when the
//! datagram is put together. Of overlapping IPv4 fragments the first copy wins, as in streams; an
//! IPv6 datagram with overlapping fragments is thrown away (RFC 5722). Tables are ordered maps, so
//! that the result depends on nothing but the packets.

use std::collections::BTreeMap;

use crate::{Addr, Body, Fragment, IpPacket, Layer, Malformed, MalformedKind, Packet, Timestamp};

/// Longest payload of a datagram in bytes.
const PAYLOAD_MAX: usize = 65_535;
/// Bookkeeping of a datagram and of a piece, in bytes, as counted against the limit.
const DATAGRAM_COST: usize = 320;
const PIECE_COST: usize = 64;

/// A datagram put together from its fragments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Datagram {
    /// IP protocol number (of IPv6: what the fragment header announces, maybe another extension).
    pub proto: u8,
    /// The payload behind the IP header (of IPv6: behind the fragment header).
    pub payload: Vec<u8>,
}

/// What a fragment led to.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// The datagram that the fragment completed.
    pub datagram: Option<Datagram>,
    /// What is wrong with the fragments of this datagram. Its offset is always 0.
    pub note: Option<Malformed>,
}

/// What the defragmenter may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefragLimits {
    /// Unfinished datagrams.
    pub datagrams: usize,
    /// Bytes of fragments kept, bookkeeping included.
    pub bytes: usize,
    /// Pieces with gaps between them in one datagram.
    pub pieces: usize,
    /// Nanoseconds of packet time from a datagram's first fragment until it is given up.
    pub timeout_ns: i64,
}

impl Default for DefragLimits {
    /// 4,096 datagrams, 8 MiB, 256 pieces, 30 s.
    fn default() -> Self {
        Self { datagrams: 4_096, bytes: 8 << 20, pieces: 256, timeout_ns: 30_000_000_000 }
    }
}

/// What the defragmenter did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefragCounters {
    /// Fragments seen.
    pub fragments: u64,
    /// Datagrams put together.
    pub completed: u64,
    /// Datagrams given up because the others of their fragments did not come in time.
    pub timed_out: u64,
    /// Datagrams given up because the table was full.
    pub evicted: u64,
    /// Fragments that overlapped others with a different extent or content, or contradicted the
    /// length of their datagram.
    pub overlapping: u64,
    /// Fragments that came twice.
    pub duplicate: u64,
    /// Fragments that reach beyond 64 KiB.
    pub oversized: u64,
    /// Fragments dropped because their datagram had too many pieces.
    pub scattered: u64,
    /// Fragments that carried nothing, of which the capture held a part only, or that are larger
    /// than all the room there is.
    pub unusable: u64,
}

/// Puts fragments together.
#[derive(Debug, Default)]
pub struct Defragmenter {
    limits: DefragLimits,
    counters: DefragCounters,
    partials: BTreeMap<Key, Partial>,
    /// Unfinished datagrams by the order in which they began.
    ages: BTreeMap<u64, Key>,
    begun: u64,
    bytes: usize,
}

/// What tells datagrams apart. The protocol is part of it in IPv4 only (RFC 791, RFC 8200 section
/// 4.5). Fragments in different networks never belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    src: Addr,
    dst: Addr,
    id: u32,
    proto: u8,
    version: u8,
    vlan: [u16; 2],
    tunnel: Option<(Addr, Addr, u32)>,
}

#[derive(Debug)]
struct Partial {
    /// Place in the order of beginning.
    age: u64,
    first: Timestamp,
    /// Protocol by the fragment with offset 0.
    proto: u8,
    /// Length of the payload, once the last fragment has come.
    total: Option<usize>,
    /// Sorted by start, never overlapping.
    pieces: Vec<Piece>,
    /// Bytes in the pieces.
    held: usize,
    /// Thrown away for overlapping; further fragments are dropped too.
    poisoned: bool,
}

#[derive(Debug)]
struct Piece {
    start: usize,
    data: Vec<u8>,
}

impl Piece {
    fn end(&self) -> usize {
        self.start + self.data.len()
    }
}

/// How a fragment lies with those that came before.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    New,
    Duplicate,
    Overlap,
}

impl Defragmenter {
    /// A defragmenter with limits of one's own.
    pub fn new(limits: DefragLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Takes a fragment; tells the datagram that it completes, if it does, and what is wrong with
    /// it, if anything. Packets that are no fragments change nothing.
    pub fn push(&mut self, packet: &Packet<'_>) -> Pushed {
        let Body::Ip(ip) = &packet.body else { return Pushed::default() };
        let Some(fragment) = ip.fragment else { return Pushed::default() };
        self.counters.fragments += 1;
        self.expire(packet.time);
        let start = usize::try_from(fragment.offset).unwrap_or(usize::MAX);
        let Some(data) = self.usable(ip, fragment) else { return Pushed::default() };
        let end = start.saturating_add(data.len());
        if end > PAYLOAD_MAX {
            self.counters.oversized += 1;
            return Pushed { datagram: None, note: Some(note(ip, PAYLOAD_MAX, end)) };
        }
        let key = Key::of(packet, ip, fragment);
        self.forget_if_old(&key, packet.time);
        if !self.make_room(&key, data.len()) {
            self.counters.unusable += 1;
            return Pushed::default();
        }
        self.add(key, packet.time, ip, fragment, start, data)
    }

    /// Gives up what has waited too long. Pushing does this too; call it when no fragments come.
    pub fn expire(&mut self, now: Timestamp) {
        while let Some((_, &key)) = self.ages.first_key_value() {
            if !self.forget_if_old(&key, now) {
                return;
            }
        }
    }

    /// What happened so far.
    pub fn counters(&self) -> DefragCounters {
        self.counters
    }

    /// Unfinished datagrams held.
    pub fn pending(&self) -> usize {
        self.partials.len()
    }

    /// Bytes held, bookkeeping included.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The bytes of a fragment that can be used. Fragments other than the last count in units of 8
    /// bytes; what is over is dropped, as hosts do.
    fn usable<'a>(&mut self, ip: &IpPacket<'a>, fragment: Fragment) -> Option<&'a [u8]> {
        let len = ip.payload.len();
        let len = if fragment.more { len - len % 8 } else { len };
        let cut = usize::try_from(ip.payload_len).map_or(true, |said| said > ip.payload.len());
        let data = ip.payload.get(..len).filter(|data| !cut && !data.is_empty());
        if data.is_none() {
            self.counters.unusable += 1;
        }
        data
    }

    /// Removes a datagram whose time is over; true when it did.
    fn forget_if_old(&mut self, key: &Key, now: Timestamp) -> bool {
        let old = |partial: &Partial| now.since(partial.first) > self.limits.timeout_ns;
        if !self.partials.get(key).is_some_and(old) {
            return false;
        }
        self.counters.timed_out += 1;
        self.remove(key);
        true
    }

    fn remove(&mut self, key: &Key) -> Option<Partial> {
        let partial = self.partials.remove(key)?;
        self.ages.remove(&partial.age);
        self.bytes = self.bytes.saturating_sub(partial.cost());
        Some(partial)
    }

    /// Gives up the oldest datagrams until a fragment of `len` bytes has room; false when it can
    /// have none.
    fn make_room(&mut self, key: &Key, len: usize) -> bool {
        let needed = len + PIECE_COST;
        loop {
            let is_new = !self.partials.contains_key(key);
            let needed = if is_new { needed + DATAGRAM_COST } else { needed };
            let full = is_new && self.partials.len() >= self.limits.datagrams;
            if !full && self.bytes + needed <= self.limits.bytes {
                return true;
            }
            let Some((_, &oldest)) = self.ages.first_key_value() else { return false };
            self.counters.evicted += 1;
            self.remove(&oldest);
        }
    }

    fn add(
        &mut self,
        key: Key,
        now: Timestamp,
        ip: &IpPacket<'_>,
        fragment: Fragment,
        start: usize,
        data: &[u8],
    ) -> Pushed {
        let (age, ages, bytes) = (self.begun, &mut self.ages, &mut self.bytes);
        let partial = self.partials.entry(key).or_insert_with(|| {
            ages.insert(age, key);
            *bytes += DATAGRAM_COST;
            Partial::new(age, now, ip.proto)
        });
        self.begun += 1;
        let before = partial.cost();
        let mut pushed = Pushed::default();
        match partial.insert(ip, fragment, start, data, self.limits.pieces) {
            Ok(Fit::New) => {}
            Ok(Fit::Duplicate) => self.counters.duplicate += 1,
            Ok(Fit::Overlap) => {
                self.counters.overlapping += 1;
                pushed.note = Some(note(ip, start, start + data.len()));
            }
            Err(TooScattered) => {
                self.counters.scattered += 1;
                pushed.note = Some(note(ip, self.limits.pieces, self.limits.pieces + 1));
            }
        }
        self.bytes = (self.bytes + partial.cost()).saturating_sub(before);
        if partial.is_complete() {
            self.counters.completed += 1;
            pushed.datagram = self.remove(&key).map(Partial::join);
        }
        pushed
    }
}

impl Key {
    fn of(packet: &Packet<'_>, ip: &IpPacket<'_>, fragment: Fragment) -> Self {
        Self {
            src: ip.src,
            dst: ip.dst,
            id: fragment.id,
            proto: if ip.version == 4 { ip.proto } else { 0 },
            version: ip.version,
            vlan: packet.link.vlan,
            tunnel: ip.tunnel.map(|tunnel| (tunnel.outer_src, tunnel.outer_dst, tunnel.id)),
        }
    }
}

/// A datagram has more separate pieces than are kept.
struct TooScattered;

impl Partial {
    fn new(age: u64, first: Timestamp, proto: u8) -> Self {
        Self { age, first, proto, total: None, pieces: Vec::new(), held: 0, poisoned: false }
    }

    fn cost(&self) -> usize {
        DATAGRAM_COST + self.held + self.pieces.len() * PIECE_COST
    }

    /// Takes a fragment's bytes as far as they are new.
    fn insert(
        &mut self,
        ip: &IpPacket<'_>,
        fragment: Fragment,
        start: usize,
        data: &[u8],
        pieces_max: usize,
    ) -> Result<Fit, TooScattered> {
        if self.poisoned {
            return Ok(Fit::Overlap);
        }
        let fit = self.fit(fragment, start, data);
        if fit == Fit::Overlap && ip.version == 6 {
            self.poison();
            return Ok(fit);
        }
        let end = start + data.len();
        if self.contradicts(fragment, end) || fit == Fit::Duplicate {
            return Ok(fit);
        }
        if start == 0 {
            self.proto = ip.proto;
        }
        if !fragment.more {
            self.total = Some(end);
        }
        self.fill(start, data, pieces_max)?;
        Ok(fit)
    }

    /// How the fragment lies with what is there.
    fn fit(&self, fragment: Fragment, start: usize, data: &[u8]) -> Fit {
        let end = start + data.len();
        if self.contradicts(fragment, end) {
            return Fit::Overlap;
        }
        let (mut covered, mut same) = (0, true);
        for piece in self.overlapped(start, end) {
            let (from, to) = (piece.start.max(start), piece.end().min(end));
            covered += to - from;
            let ours = data.get(from - start..to - start);
            same &= ours == piece.data.get(from - piece.start..to - piece.start);
        }
        match covered {
            0 => Fit::New,
            n if n == data.len() && same => Fit::Duplicate,
            _ => Fit::Overlap,
        }
    }

    /// True when the fragment and an earlier one cannot both be right about the total length.
    fn contradicts(&self, fragment: Fragment, end: usize) -> bool {
        let reaches = self.pieces.last().map_or(0, Piece::end);
        match self.total {
            Some(total) => end > total || (!fragment.more && end != total),
            None => !fragment.more && reaches > end,
        }
    }

    /// The pieces that share bytes with `start..end`.
    fn overlapped(&self, start: usize, end: usize) -> impl Iterator<Item = &Piece> {
        let first = self.pieces.partition_point(|piece| piece.end() <= start);
        let pieces = self.pieces.get(first..).unwrap_or_default();
        pieces.iter().take_while(move |piece| piece.start < end)
    }

    /// Puts bytes into the gaps between the pieces; what is there already stays.
    fn fill(&mut self, start: usize, data: &[u8], pieces_max: usize) -> Result<(), TooScattered> {
        let end = start + data.len();
        let mut at = start;
        while at < end {
            let index = self.pieces.partition_point(|piece| piece.end() <= at);
            let next = self.pieces.get(index).map_or(usize::MAX, |piece| piece.start);
            if next <= at {
                at = self.pieces.get(index).map_or(end, Piece::end);
                continue;
            }
            let until = next.min(end);
            let gap = data.get(at - start..until - start).unwrap_or_default();
            self.put(index, at, gap, pieces_max)?;
            at = until;
        }
        Ok(())
    }

    /// Appends to the piece before `index` when the bytes continue it, else makes a new piece.
    fn put(
        &mut self,
        index: usize,
        start: usize,
        data: &[u8],
        pieces_max: usize,
    ) -> Result<(), TooScattered> {
        let before = index.checked_sub(1).and_then(|before| self.pieces.get_mut(before));
        if let Some(piece) = before.filter(|piece| piece.end() == start) {
            piece.data.extend_from_slice(data);
        } else if self.pieces.len() < pieces_max {
            self.pieces.insert(index, Piece { start, data: data.to_vec() });
        } else {
            return Err(TooScattered);
        }
        self.held += data.len();
        Ok(())
    }

    /// Throws the bytes away; the datagram stays known, so that its other fragments are dropped.
    fn poison(&mut self) {
        self.poisoned = true;
        self.pieces = Vec::new();
        self.held = 0;
        self.total = None;
    }

    /// Pieces never overlap and never reach beyond the total, so counting bytes is enough.
    fn is_complete(&self) -> bool {
        self.total == Some(self.held)
    }

    fn join(mut self) -> Datagram {
        let payload = match self.pieces.as_mut_slice() {
            [only] => std::mem::take(&mut only.data),
            pieces => pieces.iter().map(|piece| piece.data.as_slice()).collect::<Vec<_>>().concat(),
        };
        Datagram { proto: self.proto, payload }
    }
}

fn note(ip: &IpPacket<'_>, needed: usize, had: usize) -> Malformed {
    let layer = if ip.version == 4 { Layer::Ipv4 } else { Layer::Ipv6 };
    let number = |n| u32::try_from(n).unwrap_or(u32::MAX);
    Malformed {
        layer,
        kind: MalformedKind::Fragment,
        offset: 0,
        needed: number(needed),
        had: number(had),
    }
}
