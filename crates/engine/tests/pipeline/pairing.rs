//! Which packets make one flow: tunnels, ICMP errors and what they quote, fragments.

use crate::support::{Outcome, Run, at, peer, run, tcp};
use anomalyzer_engine::observation;
use anomalyzer_scenario::build::ip::Peer;
use anomalyzer_scenario::{Frame, build};

fn flows(out: &Outcome) -> Vec<String> {
    out.flows.iter().map(|f| format!("{f:?}")).collect()
}

#[test]
fn errors_of_one_router_are_the_same_flows_for_any_number_of_workers() {
    let (router, host) = (peer("10.0.0.254", 0), peer("10.0.0.9", 40_000));
    let frames: Vec<Frame> = (1..=20)
        .map(|i| {
            let target = peer(&format!("192.0.2.{i}"), 53);
            let cause = build::udp::datagram(&host, &target, 1, b"x");
            at(i, build::icmp::unreachable(&router, &host, 1, &cause))
        })
        .collect();
    let one = flows(&run(frames.clone()));
    for workers in 2..=4 {
        let many = Run { workers, ..Run::default() }.frames(frames.clone());
        assert_eq!(flows(&many), one, "{workers} workers");
    }
}

#[test]
fn an_unreachable_ping_is_told() {
    let (router, host, target) = (peer("10.0.0.254", 0), peer("10.0.0.9", 0), peer("192.0.2.7", 0));
    let ping = build::icmp::echo(&host, &target, false, 9, 1, b"abcdefgh");
    let error = build::icmp::unreachable(&router, &host, 1, &ping);
    let out = run([at(0, ping), at(5, error)]);
    let told: Vec<_> = out.outcomes.iter().map(|o| (o.tuple.dst, o.outcome)).collect();
    let unreachable = observation::Outcome::Unreachable { kind: 3, code: 1 };
    assert_eq!(told, [(out.flows[0].tuple.dst, unreachable)]);
}

/// An IPv4 packet inside an IPv4 packet.
fn ip_in_ip(outer: (&Peer, &Peer), frame: &[u8]) -> Vec<u8> {
    build::ip::datagram(outer.0, outer.1, 4, 1, &frame[build::ip::ETHERNET..])
}

#[test]
fn equal_addresses_in_two_tunnels_stay_apart() {
    let (a, b) = (peer("192.168.0.1", 5_000), peer("192.168.0.2", 6_000));
    let inner = build::udp::datagram(&a, &b, 1, b"x");
    // Both pairs differ in the same bits.
    let tunnels = [("198.51.100.1", "198.51.100.2"), ("203.0.113.5", "203.0.113.6")];
    let out = run(tunnels
        .into_iter()
        .zip(0..)
        .map(|((from, to), ms)| at(ms, ip_in_ip((&peer(from, 0), &peer(to, 0)), &inner))));
    assert_eq!(out.flows.len(), 2);
}

#[test]
fn both_directions_of_a_mobile_tunnel_are_one_flow() {
    let (cell, core) = (peer("10.9.0.1", 2_152), peer("10.9.0.2", 2_152));
    let (phone, server) = (peer("100.64.0.9", 40_000), peer("198.51.100.7", 80));
    // Each end of GTP-U picks the identifier by which it wants to be addressed.
    let tunnelled = |from: &Peer, to: &Peer, teid: u8, frame: &[u8]| {
        let packet = &frame[build::ip::ETHERNET..];
        let len = u16::try_from(packet.len()).unwrap().to_be_bytes();
        let mut gtp = vec![0x30, 0xff, len[0], len[1], 0, 0, 0, teid];
        gtp.extend_from_slice(packet);
        build::udp::datagram(from, to, 1, &gtp)
    };
    let out = run([
        at(0, tunnelled(&cell, &core, 7, &tcp(&phone, &server, "S", 1, 0, b""))),
        at(1, tunnelled(&core, &cell, 8, &tcp(&server, &phone, "SA", 5, 2, b""))),
        at(2, tunnelled(&cell, &core, 7, &tcp(&phone, &server, "A", 2, 6, b""))),
    ]);
    let [flow] = &out.flows[..] else { panic!("{:?}", flows(&out)) };
    assert_eq!((flow.orig.packets, flow.resp.packets), (2, 1));
    assert_eq!(flow.tunnel.unwrap().id, 7);
}

#[test]
fn fragments_are_no_traffic_of_port_0() {
    let (a, b) = (peer("10.0.0.9", 5_000), peer("10.0.0.1", 6_000));
    let whole = build::udp::datagram(&a, &b, 7, &[b'z'; 4_000]);
    let parts = build::ip::fragment_ipv4(&whole, 1_500);
    let out = run(parts.into_iter().zip(0..).map(|(data, i)| at(i, data)));
    let ports: Vec<u16> = out.summary.top_ports.iter().map(|p| p.port).collect();
    assert_eq!(ports, [6_000]);
}
