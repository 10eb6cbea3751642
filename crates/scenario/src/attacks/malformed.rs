//! Frames that break their protocols: lengths that lie, headers cut short, overlapping fragments,
//! impossible flags. The only attack whose frames are not valid.

use super::target::{Attacker, repeat, web_victim};
use super::{Launch, Origin, Stage};
use crate::actor::{MICRO, MILLI};
use crate::build::ip::{self, Peer};
use crate::build::tcp::{self, ACK, FIN, RST, SYN, Segment};
use crate::build::udp;
use crate::rng::Rng;

/// Kinds of broken frames.
const KINDS: u32 = 12;

/// Each kind ten times.
pub(super) fn start(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let victim = web_victim(stage, 80);
    let act = repeat(stage.rng, KINDS * 10, 20 * MILLI, move |cx, rng, index| {
        let from = attacker.peer.port(rng.range(1_024, 60_000) as u16);
        for (part, frame) in broken(index % KINDS, &from, &victim, rng).into_iter().enumerate() {
            cx.emit(part as i64 * 10 * MICRO, frame);
        }
    });
    vec![Launch::new(&attacker.peer.ip, &victim.ip, "12 kinds of broken frames", act)]
}

/// Offsets in an Ethernet frame with a plain IPv4 header.
const IP: usize = ip::ETHERNET;
const TRANSPORT: usize = IP + 20;

fn broken(kind: u32, from: &Peer, to: &Peer, rng: &mut Rng) -> Vec<Vec<u8>> {
    let mut syn = segment(from, to, SYN, &[], rng);
    match kind {
        // IPv4 header length below the minimum.
        0 => syn[IP] = 0x44,
        // Version 7 behind the EtherType of IPv4.
        1 => syn[IP] = 0x75,
        // Total length beyond the end of the frame.
        2 => set_total_length(&mut syn, 900),
        // Total length below the header's.
        3 => set_total_length(&mut syn, 12),
        // TCP header cut in the middle, and the length says so.
        4 => {
            set_total_length(&mut syn, 28);
            syn.truncate(TRANSPORT + 8);
        }
        // TCP data offset below the minimum.
        5 => syn[TRANSPORT + 12] = 0x30,
        // TCP data offset beyond the segment.
        6 => syn[TRANSPORT + 12] = 0xf0,
        // A TCP option of length zero.
        7 => return vec![segment(from, to, SYN, &[2, 0, 5, 0xb4], rng)],
        // SYN with FIN and RST.
        8 => return vec![segment(from, to, SYN | FIN | RST | ACK, &[], rng)],
        9 => return vec![lying_udp(from, to)],
        10 => return overlapping_fragments(from, to, rng),
        // Source and destination are the same (LAND).
        _ => return vec![segment(&Peer { mac: from.mac, ..*to }, to, SYN, &[], rng)],
    }
    vec![syn]
}

fn segment(from: &Peer, to: &Peer, flags: u8, options: &[u8], rng: &mut Rng) -> Vec<u8> {
    let seq = rng.next_u64() as u32;
    let segment = Segment { seq, flags, window: 512, options, ..Segment::default() };
    tcp::segment(from, to, rng.next_u64() as u16, &segment, &[])
}

fn set_total_length(frame: &mut [u8], length: u16) {
    frame[IP + 2..IP + 4].copy_from_slice(&length.to_be_bytes());
    ip::seal_ipv4(frame);
}

/// A datagram whose length field says four bytes.
fn lying_udp(from: &Peer, to: &Peer) -> Vec<u8> {
    let mut frame = udp::datagram(from, &to.port(7_777), 0, &[0x41; 32]);
    frame[TRANSPORT + 4..TRANSPORT + 6].copy_from_slice(&4_u16.to_be_bytes());
    frame
}

/// Two fragments of which the second starts inside the first (CERT CA-1997-28, teardrop).
fn overlapping_fragments(from: &Peer, to: &Peer, rng: &mut Rng) -> Vec<Vec<u8>> {
    let id = rng.next_u64() as u16;
    let whole = udp::datagram(from, &to.port(7_777), id, &[0x41; 72]);
    let mut pieces = ip::fragment_ipv4(&whole, 60);
    for piece in pieces.iter_mut().skip(1) {
        let offset = u16::from_be_bytes([piece[20], piece[21]]);
        piece[20..22].copy_from_slice(&(offset - 3).to_be_bytes());
        ip::seal_ipv4(piece);
    }
    pieces
}
