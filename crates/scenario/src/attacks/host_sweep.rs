//! Host sweeps: one source asks many hosts, by TCP, UDP, ICMP or ARP.

use std::net::IpAddr;

use super::target::{Attacker, repeat, tcp_answer, udp_answer};
use super::{Launch, Origin, Stage};
use crate::actor::{Context, MICRO, MILLI};
use crate::build::arp::{self, Side};
use crate::build::icmp;
use crate::build::ip::Peer;
use crate::build::tcp::{self, SYN, Segment};
use crate::build::udp;
use crate::rng::Rng;
use crate::world::GATEWAY;

/// Hosts of the network that is swept.
const HOSTS: u32 = 254;

/// What is sent to each host.
#[derive(Clone, Copy)]
enum Probe {
    Tcp,
    Udp,
    Icmp,
}

pub(super) fn tcp(stage: &mut Stage) -> Vec<Launch> {
    sweep(stage, Probe::Tcp)
}

pub(super) fn udp(stage: &mut Stage) -> Vec<Launch> {
    sweep(stage, Probe::Udp)
}

pub(super) fn icmp(stage: &mut Stage) -> Vec<Launch> {
    sweep(stage, Probe::Icmp)
}

/// From inside the neighbouring network 192.168.20.0/24 is swept through the gateway, from outside
/// the office itself.
fn sweep(stage: &mut Stage, probe: Probe) -> Vec<Launch> {
    let attacker = Attacker::of(stage, Origin::Inside);
    let third = if attacker.host.is_some() { 20 } else { 10 };
    let source = stage.rng.range(33_000, 61_000) as u16;
    let act = repeat(stage.rng, HOSTS, 6 * MILLI, move |cx, rng, index| {
        let last = index as u8 + 1;
        let (target, up) = target(cx, third, last);
        match probe {
            Probe::Tcp => tcp_probe(cx, rng, &attacker, source, (target.port(445), up)),
            Probe::Udp => udp_probe(cx, rng, &attacker, source, (target.port(1_434), up)),
            Probe::Icmp => icmp_probe(cx, rng, &attacker, (target, up)),
        }
    });
    let network = format!("192.168.{third}.0/24");
    vec![Launch::new(&attacker.peer.ip, &network, format!("{HOSTS} addresses"), act)]
}

/// The host with this last byte, and whether it is there.
fn target(cx: &Context<'_>, third: u8, last: u8) -> (Peer, bool) {
    let v4 = [192, 168, third, last];
    let known = cx.world.hosts.iter().find(|host| host.v4 == v4).filter(|_| third == 10);
    if let Some(host) = known {
        return (host.peer(0), true);
    }
    // Of the neighbouring network every seventh address is in use.
    let up = third != 10 && last.is_multiple_of(7);
    (Peer { ttl: 63, ..cx.world.hosts[GATEWAY].peer(0) }.at(IpAddr::from(v4)), up)
}

fn tcp_probe(
    cx: &mut Context<'_>,
    rng: &mut Rng,
    attacker: &Attacker,
    source: u16,
    (target, up): (Peer, bool),
) {
    let from = attacker.peer.port(source);
    let probe = Segment {
        seq: rng.next_u64() as u32,
        flags: SYN,
        window: 1_024,
        options: &[2, 4, 5, 0xb4],
        ..Segment::default()
    };
    cx.emit(0, tcp::segment(&from, &target, rng.next_u64() as u16, &probe, &[]));
    if up {
        tcp_answer(cx, attacker.rtt, (target, false), (from, &probe), rng);
    }
}

fn udp_probe(
    cx: &mut Context<'_>,
    rng: &mut Rng,
    attacker: &Attacker,
    source: u16,
    (target, up): (Peer, bool),
) {
    let from = attacker.peer.port(source);
    // The one-byte question of the SQL Server resolution service.
    let probe = udp::datagram(&from, &target, rng.next_u64() as u16, &[2]);
    if up {
        udp_answer(cx, attacker.rtt, target, from, &probe);
    }
    cx.emit(0, probe);
}

fn icmp_probe(cx: &mut Context<'_>, rng: &mut Rng, attacker: &Attacker, target: (Peer, bool)) {
    let (target, up) = target;
    let id = rng.next_u64() as u16;
    cx.emit(0, icmp::echo(&attacker.peer, &target, false, id, 0, &[]));
    if up {
        cx.emit(attacker.rtt, icmp::echo(&target, &attacker.peer, true, id, 0, &[]));
    }
}

/// An ARP sweep of the own segment; there is no other kind.
pub(super) fn arp(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let host = &stage.world.hosts[stage.world.hosts.len() - 1];
    let asker = Side { mac: host.mac, ip: host.v4 };
    let act = repeat(stage.rng, HOSTS, 4 * MILLI, move |cx, _, index| {
        let wanted = [192, 168, 10, index as u8 + 1];
        if wanted == asker.ip {
            return;
        }
        cx.emit(0, arp::request(asker, wanted));
        let owner = cx.world.hosts.iter().find(|host| host.v4 == wanted);
        if let Some(owner) = owner.map(|host| Side { mac: host.mac, ip: host.v4 }) {
            cx.emit(200 * MICRO, arp::reply(owner, asker));
        }
    });
    let note = format!("{} addresses", HOSTS - 1);
    vec![Launch::new(&attacker.peer.ip, &"192.168.10.0/24", note, act)]
}
