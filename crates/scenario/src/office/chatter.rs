//! Broadcast and multicast noise: names asked for and announced, devices searched for.

use std::net::Ipv6Addr;

use crate::actor::{Actor, Context, MILLI, SECOND, actor};
use crate::build::ip::Peer;
use crate::build::{icmp, names, udp};
use crate::rng::Rng;
use crate::world::{GATEWAY, HostId, PRINTER, WINDOWS};

/// Groups of mDNS, LLMNR and SSDP.
const MDNS: [u8; 4] = [224, 0, 0, 251];
const LLMNR: [u8; 4] = [224, 0, 0, 252];
const SSDP: [u8; 4] = [239, 255, 255, 250];

pub(super) fn start(host: HostId, mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        match rng.below(6) {
            0 => announce(cx, host),
            1 => ask_printer(cx, host),
            2 => ask_netbios(cx, host, &mut rng),
            3 => ask_llmnr(cx, host, &mut rng),
            4 => search_devices(cx, host, &mut rng),
            _ => join_group(cx, host),
        }
        // Machines chatter whether someone sits at them or not.
        Some(5 * SECOND + rng.exponential(80 * SECOND))
    })
}

fn multicast(cx: &mut Context<'_>, delay: i64, from: Peer, group: [u8; 4], payload: &[u8]) {
    let to = Peer::group_v4(group, from.port);
    cx.emit(delay, udp::datagram(&Peer { ttl: 255, ..from }, &to, 0, payload));
}

fn announce(cx: &mut Context<'_>, host: HostId) {
    let info = cx.world.hosts[host].clone();
    let from = info.peer(5_353);
    let payload = names::mdns_announcement(&info.name, from.ip, "_workstation._tcp", 9, "os=desk");
    multicast(cx, 0, from, MDNS, &payload);
}

fn ask_printer(cx: &mut Context<'_>, host: HostId) {
    let from = cx.world.hosts[host].peer(5_353);
    multicast(cx, 0, from, MDNS, &names::mdns_question("_ipp._tcp"));
    let printer = cx.world.hosts[PRINTER].peer(5_353);
    let text = "ty=LaserWorks 400";
    let payload = names::mdns_announcement("printer", printer.ip, "_ipp._tcp", 631, text);
    multicast(cx, 25 * MILLI, printer, MDNS, &payload);
}

fn ask_netbios(cx: &mut Context<'_>, host: HostId, rng: &mut Rng) {
    let info = &cx.world.hosts[host];
    if info.stack.ttl != WINDOWS.ttl {
        return;
    }
    let (from, to) = (info.peer(137), Peer::broadcast([192, 168, 10, 255], 137));
    let id = rng.next_u64() as u16;
    for repeat in 0..3 {
        let payload = names::netbios_question(id, "WORKGROUP", 0x1b);
        cx.emit(repeat * 750 * MILLI, udp::datagram(&from, &to, 0, &payload));
    }
}

/// Names that nobody has.
const MISTYPED: [&str; 3] = ["wpad", "flies", "maill"];

/// A mistyped server name.
fn ask_llmnr(cx: &mut Context<'_>, host: HostId, rng: &mut Rng) {
    let from = cx.world.hosts[host].peer(rng.range(50_000, 60_000) as u16);
    let to = Peer::group_v4(LLMNR, 5_355);
    let id = rng.next_u64() as u16;
    let name: &&str = rng.pick(&MISTYPED);
    let payload = names::llmnr_question(id, name);
    for repeat in 0..2 {
        cx.emit(repeat * 410 * MILLI, udp::datagram(&from, &to, 0, &payload));
    }
}

fn search_devices(cx: &mut Context<'_>, host: HostId, rng: &mut Rng) {
    let from = cx.world.hosts[host].peer(rng.range(50_000, 60_000) as u16);
    let kind = "urn:schemas-upnp-org:device:InternetGatewayDevice:1";
    let to = Peer::group_v4(SSDP, 1_900);
    let router = cx.world.hosts[GATEWAY].peer(1_900);
    let answer = names::ssdp_answer("http://192.168.10.1:5000/desc.xml", "RouterOS UPnP/1.1", kind);
    for repeat in 0..3 {
        cx.emit(repeat * SECOND, udp::datagram(&from, &to, 0, &names::ssdp_search(kind)));
        cx.emit(repeat * SECOND + 90 * MILLI, udp::datagram(&router, &from, 0, &answer));
    }
}

fn join_group(cx: &mut Context<'_>, host: HostId) {
    let info = &cx.world.hosts[host];
    if info.v6.is_some() {
        let from = info.peer_link_local(0);
        let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 3);
        cx.emit(0, icmp::listener_report(&from, group));
    }
}
