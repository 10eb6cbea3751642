//! What ICMP echo messages carry.
//!
//! An echo reply has to return the data of its request unchanged (RFC 1122 section 3.2.2.6,
//! RFC 4443 section 4.2), and ping programs send a time stamp and a pattern. This compares replies
//! with their requests and counts payloads that are neither, for one flow, in fixed memory. What
//! that amounts to is left to the `icmp-tunnel` detector.

use crate::flow::Side;
use crate::observation::EchoDigest;
use anomalyzer_wire::{Addr, Icmp, Timestamp};

/// Requests whose replies are waited for; ping programs have one or two on the way.
const PENDING: usize = 32;
/// Contents of each side that are remembered, so that several programs that ping the same host do
/// not look like changing data.
const RECENT: usize = 4;
/// Bytes at the beginning of a payload that ping programs fill with time stamps and counters: 8 or
/// 16 in ping, 20 in monitoring plug-ins, 24 in fping.
const STAMP: usize = 24;
/// Bytes of the content that are looked at for a pattern.
const LOOK: usize = 128;
/// The alphabet that Windows repeats.
const ALPHABET: usize = 23;
/// Longest pattern that `ping -p` repeats.
const PATTERN: usize = 16;
const NANOS: i64 = 1_000_000_000;

/// What is known of a flow of echo messages.
#[derive(Debug, Default)]
pub(super) struct EchoState {
    pending: [Pending; PENDING],
    next: usize,
    recent: [[u64; RECENT]; 2],
    turn: [usize; 2],
    digest: EchoDigest,
}

/// A request.
#[derive(Clone, Copy, Debug, Default)]
struct Pending {
    used: bool,
    side: u8,
    id: u16,
    seq: u16,
    len: u32,
    /// Hash of the content behind the stamp (of all, when it is short).
    content: u64,
    /// The first eight bytes.
    prefix: u64,
}

/// How a reply relates to the requests before it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Relation {
    Mirrors,
    Differs,
    Unasked,
}

impl EchoState {
    /// Takes an echo message that `side` sent; `len` is its payload's length as the headers say.
    pub(super) fn take(&mut self, side: Side, now: Timestamp, icmp: &Icmp, data: &[u8], len: u32) {
        let d = &mut self.digest;
        if d.requests == 0 && d.replies == 0 {
            d.first = now;
        }
        d.last = now;
        d.bytes_max = d.bytes_max.max(len);
        let request = icmp.is_echo_request();
        *(if request { &mut d.requests } else { &mut d.replies }) += 1;
        if (data.len() as u64) < u64::from(len) {
            return;
        }
        let message = Pending {
            used: true,
            side: u8::from(side == 1),
            id: icmp.id,
            seq: icmp.seq,
            len,
            content: hash(content(data)),
            prefix: prefix(data),
        };
        if request {
            self.fresh(side, data, message.content);
            if let Some(slot) = self.pending.get_mut(self.next % PENDING) {
                *slot = message;
            }
            self.next = (self.next + 1) % PENDING;
        } else {
            self.reply(side, data, &message);
        }
    }

    fn reply(&mut self, side: Side, data: &[u8], reply: &Pending) {
        match self.relation(reply) {
            Relation::Mirrors => self.digest.mirrored += 1,
            relation => {
                // A device that returns zeros or its own pattern is odd but carries nothing.
                let carries = !is_pattern(content(data));
                let fresh = self.fresh(side, data, reply.content) || data.len() <= STAMP;
                if relation == Relation::Differs {
                    self.digest.differing += u32::from(carries);
                } else {
                    self.digest.unasked += u32::from(carries && fresh);
                }
            }
        }
    }

    fn relation(&self, reply: &Pending) -> Relation {
        let asked = || self.pending.iter().filter(|p| p.used && p.side != reply.side);
        let same = |p: &Pending| p.len == reply.len && p.content == reply.content;
        let cut = |p: &Pending| {
            let kept = u64::MAX.checked_shl(64 - 8 * reply.len.min(8)).unwrap_or(0);
            reply.len < p.len && (p.prefix ^ reply.prefix) & kept == 0
        };
        let mut known = false;
        for request in asked() {
            let named = (request.id, request.seq) == (reply.id, reply.seq);
            if same(request) || named && cut(request) {
                return Relation::Mirrors;
            }
            known |= named;
        }
        match known {
            true => Relation::Differs,
            false if asked().next().is_some() => Relation::Unasked,
            false => Relation::Mirrors,
        }
    }

    /// Counts content that is neither known of this side nor a pattern.
    fn fresh(&mut self, side: Side, data: &[u8], print: u64) -> bool {
        let (Some(recent), Some(turn)) = (self.recent.get_mut(side), self.turn.get_mut(side))
        else {
            return false;
        };
        if data.len() <= STAMP || recent.contains(&print) {
            return false;
        }
        if let Some(slot) = recent.get_mut(*turn % RECENT) {
            *slot = print;
        }
        *turn = (*turn + 1) % RECENT;
        if is_pattern(content(data)) {
            return false;
        }
        let d = &mut self.digest;
        if let (Some(n), Some(bytes)) = (d.fresh.get_mut(side), d.fresh_bytes.get_mut(side)) {
            *n += 1;
            *bytes += data.len() as u64;
        }
        if let Some(inner) = packet_inside(data) {
            d.packets_inside += 1;
            d.inner = Some(inner);
        }
        true
    }

    /// The counts so far when the second has turned and they tell something.
    pub(super) fn due(&mut self, now: Timestamp, orig: Side) -> Option<EchoDigest> {
        (now.secs() != self.digest.last.secs()).then(|| self.finish(orig)).flatten()
    }

    /// The counts so far, when they tell something. By originator and by responder.
    pub(super) fn finish(&mut self, orig: Side) -> Option<EchoDigest> {
        let d = &mut self.digest;
        let tells = d.fresh != [0; 2] || d.differing > 0 || d.unasked > 0;
        if !tells {
            // An hour of ordinary pings must not dilute what comes then.
            if d.last.since(d.first) > 10 * NANOS {
                *d = EchoDigest::default();
            }
            return None;
        }
        let mut digest = std::mem::take(d);
        if orig == 1 {
            digest.fresh.reverse();
            digest.fresh_bytes.reverse();
        }
        Some(digest)
    }
}

/// What is behind time stamps; all of a short payload.
fn content(data: &[u8]) -> &[u8] {
    data.get(STAMP..).filter(|rest| !rest.is_empty()).unwrap_or(data)
}

/// The first eight bytes, as many as there are.
fn prefix(data: &[u8]) -> u64 {
    (0..8).fold(0, |sum, i| sum << 8 | u64::from(data.get(i).copied().unwrap_or(0)))
}

/// A fixed, fast hash: equality of payloads decides nothing that an attacker could not have by
/// sending them unequal.
fn hash(data: &[u8]) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut sum = data.len() as u64;
    let mut chunks = data.chunks_exact(8);
    for chunk in &mut chunks {
        let word = chunk.iter().fold(0, |w, b| w << 8 | u64::from(*b));
        sum = (sum.rotate_left(23) ^ word).wrapping_mul(FACTOR);
    }
    for byte in chunks.remainder() {
        sum = (sum.rotate_left(23) ^ u64::from(*byte)).wrapping_mul(FACTOR);
    }
    (sum ^ sum >> 32).max(1)
}

/// True for fills of ping programs: constant or counting bytes, and patterns that repeat. Three
/// of four bytes have to follow, so that a counter somewhere does not matter.
fn is_pattern(data: &[u8]) -> bool {
    let data = data.get(..LOOK).unwrap_or(data);
    let step = |a: Option<&u8>, b: &u8| a.map(|a| b.wrapping_sub(*a));
    let mut steps = [0_usize; 256];
    let mut repeats = [0_usize; 2];
    for (i, byte) in data.iter().enumerate().skip(1) {
        if let Some(n) = step(data.get(i - 1), byte).and_then(|s| steps.get_mut(usize::from(s))) {
            *n += 1;
        }
        for (period, n) in [PATTERN, ALPHABET].into_iter().zip(&mut repeats) {
            *n += usize::from(i.checked_sub(period).and_then(|j| data.get(j)) == Some(byte));
        }
    }
    let most = |n: usize, of: usize| of > 0 && n * 4 >= of * 3;
    let pairs = data.len().saturating_sub(1);
    most(steps.iter().copied().max().unwrap_or(0), pairs)
        || [PATTERN, ALPHABET]
            .into_iter()
            .zip(repeats)
            .any(|(period, n)| data.len() >= 2 * period && most(n, data.len() - period))
}

/// Source and destination of an IP packet that lies within the first bytes of a payload, behind
/// the few bytes that a tunnel may put before it.
fn packet_inside(data: &[u8]) -> Option<(Addr, Addr)> {
    (0..=STAMP).find_map(|at| {
        let rest = data.get(at..)?;
        match rest.first()? >> 4 {
            4 => ipv4(rest),
            6 => ipv6(rest),
            _ => None,
        }
    })
}

/// An IPv4 packet: lengths that fit and a header whose checksum is right.
fn ipv4(data: &[u8]) -> Option<(Addr, Addr)> {
    let header = data.get(..usize::from(data.first()? & 15) * 4).filter(|h| h.len() >= 20)?;
    let total = usize::from(u16::from_be_bytes([*header.get(2)?, *header.get(3)?]));
    let sum = header
        .chunks_exact(2)
        .fold(0_u32, |sum, pair| sum + pair.iter().fold(0, |w, b| w << 8 | u32::from(*b)));
    let folded = (sum & 0xffff) + (sum >> 16);
    let folded = (folded & 0xffff) + (folded >> 16);
    if folded != 0xffff || total < header.len() || total > data.len() {
        return None;
    }
    let addr = |at: usize| Some(Addr::v4(header.get(at..at + 4)?.try_into().ok()?));
    Some((addr(12)?, addr(16)?))
}

/// An IPv6 packet: a length that fits exactly and a next header that is in use.
fn ipv6(data: &[u8]) -> Option<(Addr, Addr)> {
    let header = data.get(..40)?;
    let payload = usize::from(u16::from_be_bytes([*header.get(4)?, *header.get(5)?]));
    let next = matches!(*header.get(6)?, 0 | 6 | 17 | 43 | 44 | 50 | 58);
    if !next || payload == 0 || payload != data.len() - 40 || *header.get(7)? == 0 {
        return None;
    }
    let addr = |at: usize| Some(Addr::v6(header.get(at..at + 16)?.try_into().ok()?));
    Some((addr(8)?, addr(24)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(seed: u64, len: usize) -> Vec<u8> {
        (0..len as u128)
            .map(|i| crate::count::fingerprint(u128::from(seed) << 64 | i).to_be_bytes()[0])
            .collect()
    }

    fn message(kind: u8, id: u16, seq: u16) -> Icmp {
        Icmp { v6: false, kind, code: 0, id, seq, quoted: None }
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_secs_nanos(1_000 + second, 0)
    }

    /// Pairs of request and reply, one a second; what is told.
    fn exchange(pairs: &[(Vec<u8>, Vec<u8>)]) -> Option<EchoDigest> {
        let mut state = EchoState::default();
        for (seq, (request, reply)) in (0_u16..).zip(pairs) {
            let len = |d: &Vec<u8>| u32::try_from(d.len()).unwrap();
            state.take(0, at(0), &message(8, 7, seq), request, len(request));
            state.take(1, at(0), &message(0, 7, seq), reply, len(reply));
        }
        state.finish(0)
    }

    fn mirrored(fill: impl Fn(u8) -> Vec<u8>) -> Option<EchoDigest> {
        exchange(&(0..50).map(|n| (fill(n), fill(n))).collect::<Vec<_>>())
    }

    #[test]
    fn ping_programs_tell_nothing() {
        let stamped = |n: u8, rest: Vec<u8>| [noise(u64::from(n), 16), rest].concat();
        assert_eq!(mirrored(|n| stamped(n, (0x10..0x38).collect())), None, "ping");
        assert_eq!(mirrored(|_| b"abcdefghijklmnopqrstuvwabcdefghi".to_vec()), None, "Windows");
        assert_eq!(mirrored(|n| stamped(n, vec![0xff; 1_384])), None, "ping -p ff -s 1400");
        assert_eq!(mirrored(|n| stamped(n, vec![7; 100 + 20 * usize::from(n)])), None, "path MTU");
        assert_eq!(mirrored(|n| stamped(n, [0xab, 0xcd].repeat(30 + usize::from(n)))), None);
        assert_eq!(mirrored(|n| [noise(u64::from(n), 24), vec![0; 32]].concat()), None, "fping");
        assert_eq!(mirrored(|n| vec![n; 60]), None, "mtr");
        assert_eq!(mirrored(|_| noise(1, 56)), mirrored(|_| noise(1, 56)), "one random fill");
        assert_eq!(mirrored(|_| noise(1, 56)).map(|d| d.fresh), Some([1, 0]));
        assert_eq!(mirrored(|_| Vec::new()), None, "nothing");
        assert_eq!(mirrored(|n| noise(u64::from(n), 8)), None, "time stamps alone");
    }

    #[test]
    fn replies_that_differ_are_counted_and_cut_or_empty_ones_are_not() {
        let differ: Vec<_> = (0..20).map(|n| (noise(n, 300), noise(!n, 200))).collect();
        let told = exchange(&differ).unwrap();
        assert_eq!((told.differing, told.mirrored, told.fresh), (20, 0, [20, 20]));
        let polls: Vec<_> = (0..20).map(|n| (Vec::new(), noise(n, 12))).collect();
        assert_eq!(exchange(&polls).map(|d| d.differing), Some(20), "commands for empty requests");
        let ping: Vec<u8> = (0x10..0x50).collect();
        let cut: Vec<_> = (0..20).map(|_| (ping.clone(), ping[..32].to_vec())).collect();
        assert_eq!(exchange(&cut), None);
        let zeros: Vec<_> = (0..20).map(|_| (ping.clone(), vec![0; 64])).collect();
        assert_eq!(exchange(&zeros), None);
        let empty: Vec<_> = (0..20).map(|_| (ping.clone(), Vec::new())).collect();
        assert_eq!(exchange(&empty), None);
    }

    #[test]
    fn a_packet_inside_is_known_by_its_checksum() {
        let mut packet =
            vec![0x45, 0, 0, 60, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 95, 1, 1, 10, 95, 1, 2];
        let sum: u32 = packet.chunks(2).map(|p| u32::from(p[0]) << 8 | u32::from(p[1])).sum();
        let check = !u16::try_from((sum & 0xffff) + (sum >> 16)).unwrap();
        packet[10..12].copy_from_slice(&check.to_be_bytes());
        packet.extend(noise(3, 40));
        let inner = Some((Addr::v4([10, 95, 1, 1]), Addr::v4([10, 95, 1, 2])));
        assert_eq!(packet_inside(&packet), inner);
        assert_eq!(packet_inside(&[vec![1, 2, 3, 4, 5], packet.clone()].concat()), inner);
        packet[12] ^= 1;
        assert_eq!(packet_inside(&packet), None);
        let six = [&[0x60, 0, 0, 0, 0, 8, 58, 64][..], &[0x20; 32], &noise(4, 8)].concat();
        assert!(packet_inside(&six).is_some() && packet_inside(&six[..44]).is_none());
        for seed in 0..2_000 {
            assert_eq!(packet_inside(&noise(seed, 80)), None);
        }
    }

    #[test]
    fn a_flood_of_replies_without_requests_tells_nothing() {
        let mut state = EchoState::default();
        for n in 0..1_000 {
            state.take(1, at(0), &message(0, 1, n), &noise(u64::from(n), 20), 20);
        }
        assert_eq!(state.finish(0), None);
    }

    #[test]
    fn counts_come_once_a_second_and_cut_payloads_are_left_alone() {
        let mut state = EchoState::default();
        for n in 0..10 {
            state.take(0, at(0), &message(8, 1, n), &noise(u64::from(n), 60), 60);
            assert_eq!(state.due(at(0), 0), None);
        }
        assert_eq!(state.due(at(1), 1).map(|d| d.fresh), Some([0, 10]), "turned round");
        state.take(0, at(1), &message(8, 1, 11), &noise(11, 60), 1_400);
        assert_eq!(state.finish(0), None);
    }
}
