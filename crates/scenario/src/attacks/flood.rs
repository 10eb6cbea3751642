//! Floods from one source: SYN, UDP, ICMP, ICMPv6, DHCP and HTTP.

use std::net::{IpAddr, Ipv6Addr};

use super::target::{Attacker, repeat, web_victim};
use super::{Launch, Origin, Stage};
use crate::actor::{MICRO, MILLI};
use crate::build::dhcp::{self, Lease};
use crate::build::http::{self, AGENTS};
use crate::build::icmp;
use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, SYN, Segment};
use crate::build::udp;
use crate::net;
use crate::session::{Road, Side, Step, TcpSession};
use crate::world::{GATEWAY, LINUX, WEB};

/// 45,000 SYNs at 3,000 a second; the victim answers while its backlog lasts.
pub(super) fn syn(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let victim = web_victim(stage, 80);
    let act = repeat(stage.rng, 45_000, 333 * MICRO, move |cx, rng, index| {
        let from = attacker.peer.port(rng.range(1_024, 65_535) as u16);
        let seq = rng.next_u64() as u32;
        cx.emit(0, net::syn_frame((from, LINUX), victim, seq));
        if index < 256 || index % 8 == 0 {
            let answer = Segment {
                seq: rng.next_u64() as u32,
                ack: seq.wrapping_add(1),
                flags: SYN | ACK,
                window: 64_240,
                options: &[2, 4, 5, 0xb4],
            };
            cx.emit(200 * MICRO, tcp::segment(&victim, &from, 0, &answer, &[]));
        }
    });
    vec![Launch::new(&attacker.peer.ip, &victim.ip, "45,000 SYN in 15 s", act)]
}

/// 48,000 datagrams at 8,000 a second.
pub(super) fn udp(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let victim = web_victim(stage, 0);
    let act = repeat(stage.rng, 48_000, 125 * MICRO, move |cx, rng, _| {
        let from = attacker.peer.port(rng.range(56_000, 60_000) as u16);
        let to = victim.port(rng.range(56_000, 60_000) as u16);
        cx.emit(0, udp::datagram(&from, &to, rng.next_u64() as u16, &[0x58; 512]));
    });
    vec![Launch::new(&attacker.peer.ip, &victim.ip, "48,000 datagrams in 6 s", act)]
}

/// 15,000 echo requests at 1,000 a second, all answered.
pub(super) fn icmp(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Inside);
    let victim = web_victim(stage, 0);
    echo_flood(stage, attacker.peer, victim)
}

/// The same over IPv6.
pub(super) fn icmpv6(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let last = stage.world.hosts.len() as u16;
    let ip = match attacker.host {
        Some(_) => Ipv6Addr::new(0xfd00, 0x10, 0, 0, 0, 0, 0, last),
        None => Ipv6Addr::new(0x2001, 0xdb8, 0xbad, 0, 0, 0, 0, 0x66),
    };
    let victim = stage.world.hosts[WEB].peer_v6(0).unwrap_or(web_victim(stage, 0));
    echo_flood(stage, attacker.peer.at(IpAddr::V6(ip)), victim)
}

fn echo_flood(stage: &mut Stage, from: Peer, victim: Peer) -> Vec<Launch> {
    let act = repeat(stage.rng, 15_000, MILLI, move |cx, _, index| {
        let seq = index as u16;
        cx.emit(0, icmp::echo(&from, &victim, false, 0x4242, seq, &[0x42; 120]));
        cx.emit(150 * MICRO, icmp::echo(&victim, &from, true, 0x4242, seq, &[0x42; 120]));
    });
    vec![Launch::new(&from.ip, &victim.ip, "15,000 echo requests in 15 s", act)]
}

/// DHCP starvation: 9,000 DISCOVER with as many hardware addresses at 300 a second.
pub(super) fn dhcp(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[GATEWAY].peer(67);
    let act = repeat(stage.rng, 9_000, 3_333 * MICRO, move |cx, rng, index| {
        let mut mac = rng.bytes::<6>();
        mac[0] = mac[0] & 0xfc | 2;
        let lease = Lease { id: rng.next_u64() as u32, mac, ..Lease::new(&server) };
        cx.emit(0, dhcp::discover(&lease, "host", "MSFT 5.0"));
        // The pool has room for 60.
        if index < 60 {
            let offered = Lease { ip: [192, 168, 10, 180 + index as u8], ..lease };
            cx.emit(2 * MILLI, dhcp::offer(&offered, &server));
        }
    });
    vec![Launch::new(&"many", &server.ip, format!("from {}", attacker.peer.ip), act)]
}

/// 4,000 requests over as many connections at 200 a second.
pub(super) fn http(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Outside);
    let victim = web_victim(stage, 80);
    let act = repeat(stage.rng, 4_000, 5 * MILLI, move |cx, rng, index| {
        let from = attacker.peer.port(10_000 + index as u16 * 3);
        let path = format!("/search?q={}", rng.next_u64() & 0xff_ffff);
        let (status, body) = if index < 300 { ("200 OK", 4_000) } else { ("503 Busy", 120) };
        let text = "x".repeat(body);
        let script = vec![
            Step::Send(Side::Client, http::get("www.office.example", &path, AGENTS[1])),
            Step::Wait(if index < 300 { 3 * MILLI } else { 60 * MILLI }),
            Step::Send(Side::Server, http::response(status, "text/plain", &text)),
            Step::Close(Side::Server),
        ];
        let road = Road { rtt: attacker.rtt, ..Road::LAN };
        let ends = ((from, attacker.stack), (victim, LINUX));
        cx.spawn(0, TcpSession::new(ends.0, ends.1, road, script, rng.fork()));
    });
    vec![Launch::new(&attacker.peer.ip, &victim.ip, "4,000 requests in 20 s", act)]
}
