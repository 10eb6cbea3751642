//! Distributed and spoofed floods against the public web server.
//!
//! Spoofed sources come from 198.18.0.0/15 (RFC 2544), the many bots from the same range: no real
//! host has these addresses.

use std::net::IpAddr;

use super::target::{repeat, web_victim};
use super::{Launch, Stage};
use crate::actor::{Context, MICRO, MILLI};
use crate::build::icmp;
use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, RST, SYN, Segment};
use crate::build::udp;
use crate::net;
use crate::rng::Rng;
use crate::world::{LINUX, WINDOWS};

/// Any of 131,072 spoofed sources.
pub(super) fn spoofed(cx: &Context<'_>, rng: &mut Rng) -> Peer {
    source(cx, rng.below(1 << 17) as u32, rng.range(1_024, 65_535) as u16)
}

/// Bot number `index`.
pub(super) fn source(cx: &Context<'_>, index: u32, port: u16) -> Peer {
    // Spread neighbours over the range, so that bots are not consecutive.
    let spread = index.wrapping_mul(40_503) & 0x1_ffff;
    let ip = IpAddr::from((0xc612_0000_u32 + spread).to_be_bytes());
    cx.world.outside(ip, port, 40 + (spread % 21) as u8)
}

/// 36,000 SYNs at 4,000 a second from spoofed sources.
pub(super) fn syn(stage: &mut Stage) -> Vec<Launch> {
    let victim = web_victim(stage, 443);
    let act = repeat(stage.rng, 36_000, 250 * MICRO, move |cx, rng, index| {
        send_syn(cx, rng, index, victim);
    });
    vec![Launch::new(&"many", &victim.ip, "36,000 SYN in 9 s, spoofed", act)]
}

fn send_syn(cx: &mut Context<'_>, rng: &mut Rng, index: u32, victim: Peer) {
    let from = spoofed(cx, rng);
    let seq = rng.next_u64() as u32;
    let stack = if rng.chance(500) { LINUX } else { WINDOWS };
    cx.emit(0, net::syn_frame((from, stack), victim, seq));
    if index < 512 || index.is_multiple_of(10) {
        let answer = Segment {
            seq: rng.next_u64() as u32,
            ack: seq.wrapping_add(1),
            flags: SYN | ACK,
            window: 64_240,
            options: &[2, 4, 5, 0xb4],
        };
        cx.emit(150 * MICRO, tcp::segment(&victim, &from, 0, &answer, &[]));
    }
}

/// 48,000 datagrams at 8,000 a second from 400 bots.
pub(super) fn udp(stage: &mut Stage) -> Vec<Launch> {
    let victim = web_victim(stage, 0);
    let act = repeat(stage.rng, 48_000, 125 * MICRO, move |cx, rng, _| {
        send_udp(cx, rng, victim);
    });
    vec![Launch::new(&"many", &victim.ip, "48,000 datagrams in 6 s from 400 sources", act)]
}

fn send_udp(cx: &mut Context<'_>, rng: &mut Rng, victim: Peer) {
    let from = source(cx, rng.below(400) as u32, rng.range(56_000, 60_000) as u16);
    let to = victim.port(rng.range(56_000, 60_000) as u16);
    let length = rng.range(200, 900) as usize;
    cx.emit(0, udp::datagram(&from, &to, rng.next_u64() as u16, &cx.world.noise[..length]));
}

/// 24,000 echo requests at 2,000 a second from 300 bots.
pub(super) fn icmp(stage: &mut Stage) -> Vec<Launch> {
    let victim = web_victim(stage, 0);
    let act = repeat(stage.rng, 24_000, 500 * MICRO, move |cx, rng, index| {
        send_echo(cx, rng, index, victim);
    });
    vec![Launch::new(&"many", &victim.ip, "24,000 echo requests in 12 s from 300 sources", act)]
}

fn send_echo(cx: &mut Context<'_>, rng: &mut Rng, index: u32, victim: Peer) {
    let bot = rng.below(300) as u32;
    let from = source(cx, bot, 0);
    let (id, seq) = (bot as u16, (index >> 4) as u16);
    cx.emit(0, icmp::echo(&from, &victim, false, id, seq, &[0x61; 64]));
    if rng.chance(100) {
        cx.emit(150 * MICRO, icmp::echo(&victim, &from, true, id, seq, &[0x61; 64]));
    }
}

/// SYN, UDP and ICMP in turn: 60,000 packets in 10 s.
pub(super) fn mixed(stage: &mut Stage) -> Vec<Launch> {
    let victim = web_victim(stage, 443);
    let act = repeat(stage.rng, 60_000, 166 * MICRO, move |cx, rng, index| match rng.below(5) {
        0 | 1 => send_syn(cx, rng, index, victim),
        2 | 3 => send_udp(cx, rng, victim),
        _ => send_echo(cx, rng, index, victim),
    });
    vec![Launch::new(&"many", &victim.ip, "60,000 packets in 10 s: SYN, UDP and ICMP", act)]
}

/// SYN-ACKs of 500 servers that answer SYNs sent in the victim's name: 30,000 in 15 s.
pub(super) fn reflection(stage: &mut Stage) -> Vec<Launch> {
    let victim = web_victim(stage, 0);
    let act = repeat(stage.rng, 30_000, 500 * MICRO, move |cx, rng, _| {
        let server = rng.below(500) as u32;
        let from = source(cx, server, [80, 443, 22, 179][server as usize % 4]);
        let to = victim.port(rng.range(1_024, 65_535) as u16);
        let (seq, ack) = (rng.next_u64() as u32, rng.next_u64() as u32);
        let options = tcp::syn_options_plain(1_460, 7);
        let flags = SYN | ACK;
        let answer = Segment { seq, ack, flags, window: 64_240, options: &options };
        cx.emit(0, tcp::segment(&from, &to, 0, &answer, &[]));
        if rng.chance(300) {
            let reset = Segment { seq: ack, flags: RST, ..Segment::default() };
            cx.emit(MILLI / 5, tcp::segment(&to, &from, 0, &reset, &[]));
        }
    });
    vec![Launch::new(&"many", &victim.ip, "30,000 SYN-ACK in 15 s from 500 servers", act)]
}
