//! ICMP tunnels: echo requests and replies that carry data.

use super::target::{Attacker, repeat};
use super::{Launch, Stage, outsider};
use crate::actor::MILLI;
use crate::build::icmp;
use crate::build::ip::{self, Peer};
use crate::build::tcp::{self, ACK, PSH, Segment};

/// 600 pairs with 200 to 1,200 bytes of data, each answer different from its question.
pub(super) fn start(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let far = outsider(stage.rng);
    let far = stage.world.outside(far, 0, 51);
    let act = repeat(stage.rng, 600, 90 * MILLI, move |cx, rng, index| {
        let mut payload = vec![0; rng.range(200, 1_200) as usize];
        rng.fill(&mut payload);
        let seq = index as u16;
        cx.emit(0, icmp::echo(&attacker.peer, &far, false, 0x2a2a, seq, &payload));
        let mut answer = vec![0; rng.range(60, 1_200) as usize];
        rng.fill(&mut answer);
        cx.emit(18 * MILLI, icmp::echo(&far, &attacker.peer, true, 0x2a2a, seq, &answer));
    });
    vec![Launch::new(&attacker.peer.ip, &far.ip, "600 pairs with data", act)]
}

/// 200 packets of a TCP connection each way, whole IP packets in messages that all have the same
/// identifier and sequence number.
pub(super) fn packets(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let far = outsider(stage.rng);
    let far = stage.world.outside(far, 0, 51);
    let near_end = Peer { ip: [10, 95, 1, 2].into(), port: 50_022, ..attacker.peer };
    let far_end = Peer { ip: [10, 95, 1, 1].into(), port: 22, ..far };
    let (mut sent, mut received) = (1_000_u32, 9_000_u32);
    let act = repeat(stage.rng, 200, 60 * MILLI, move |cx, rng, _| {
        let mut data = vec![0; rng.range(36, 500) as usize];
        rng.fill(&mut data);
        let flags = ACK | PSH;
        let segment =
            Segment { seq: sent, ack: received, flags, window: 500, ..Segment::default() };
        let frame = tcp::segment(&near_end, &far_end, 0, &segment, &data);
        let inner = &frame[ip::ETHERNET..];
        cx.emit(0, icmp::echo(&attacker.peer, &far, false, 0xfeff, 0, inner));
        sent = sent.wrapping_add(data.len() as u32);
        let answer = Segment { seq: received, ack: sent, ..segment };
        rng.fill(&mut data);
        let frame = tcp::segment(&far_end, &near_end, 0, &answer, &data);
        let inner = &frame[ip::ETHERNET..];
        cx.emit(25 * MILLI, icmp::echo(&far, &attacker.peer, true, 0xfeff, 0, inner));
        received = received.wrapping_add(data.len() as u32);
    });
    vec![Launch::new(&attacker.peer.ip, &far.ip, "200 TCP segments each way", act)]
}

/// A remote shell: small empty requests ask, replies bring commands, requests carry the output.
pub(super) fn shell(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let far = outsider(stage.rng);
    let far = stage.world.outside(far, 0, 51);
    let act = repeat(stage.rng, 120, 500 * MILLI, move |cx, rng, index| {
        let seq = index as u16;
        let speaks = index % 4 == 1;
        let output =
            if speaks { format!("C:\\Users\\jo> {:x}", rng.next_u64()) } else { String::new() };
        let request = output.as_bytes();
        cx.emit(0, icmp::echo(&attacker.peer, &far, false, 0x0100, seq, request));
        let command = if index % 4 == 0 { &b"whoami /all"[..] } else { request };
        cx.emit(30 * MILLI, icmp::echo(&far, &attacker.peer, true, 0x0100, seq, command));
    });
    vec![Launch::new(&attacker.peer.ip, &far.ip, "a shell of 120 messages", act)]
}
