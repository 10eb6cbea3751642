//! Real and hostile captures, counted as tshark counts them.
//!
//! `odd/expected.csv` holds, for each file, in how many frames tshark 4.0 saw each protocol
//! anywhere in the frame. Our packets tell the innermost layers and the outermost pair, so what is
//! compared is what both can know; where they differ, the difference is listed below with its
//! reason.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anomalyzer_wire::{
    Body, Datagram, Defragmenter, Icmp, IpPacket, MalformedKind, Packet, RawFrame, Transport,
    Tunnel, TunnelKind, decode_datagram, fuzz,
};

/// Columns that are compared.
const COLUMNS: [&str; 16] = [
    "packets",
    "frames_vlan",
    "frames_mpls",
    "frames_pppoes",
    "frames_gre",
    "frames_vxlan",
    "frames_geneve",
    "frames_gtp",
    "frames_teredo",
    "frames_ip",
    "frames_ipv6",
    "frames_tcp",
    "frames_udp",
    "frames_icmp",
    "frames_icmpv6",
    "frames_arp",
];

/// Why our counts may differ: part of the file's name, columns, reason.
const EXPLAINED: [(&str, &[&str], &str); 22] = [
    ("ndpi_fuzz-2006", &["frames_ip", "frames_ipv6"], "headers of impossible version or length"),
    ("ndpi_fuzz-2020", &["frames_ip", "frames_ipv6"], "headers of impossible version or length"),
    ("ndpi_fuzz-2021-06", &["frames_gtp"], "no packet inside"),
    ("ndpi_fuzz-2021-10", &["packets"], "the record is cut"),
    ("_test017", &["packets"], "tshark counts custom blocks"),
    ("_test018", &["packets"], "tshark counts custom blocks"),
    ("_test102", &["packets"], "tshark counts blocks of statistics"),
    ("_test202", &["packets"], "tshark counts blocks of statistics"),
    ("wrong-version-ipv4-ipv6", &["frames_ip"], "version 6 behind the type of IPv4"),
    ("erspan-typeI-02", &["frames_vlan"], "tags inside tunnels are not kept"),
    ("gre-erspan3-dot1q", &["frames_vlan"], "tags inside tunnels are not kept"),
    (
        "ipv6-malformed-fragments",
        &["frames_icmpv6"],
        "second fragment header in the first fragment",
    ),
    (
        "zeek_gtp_",
        &["frames_gtp", "frames_tcp", "frames_icmp"],
        "control messages and fragments of which GTP needs all",
    ),
    ("zeek_gtp_gtp8_teredo", &["frames_teredo"], "only the outermost tunnel is named"),
    ("gre-over-udp", &["frames_udp"], "only the outermost tunnel is named"),
    ("gre-pptp", &["frames_gre"], "only the outermost tunnel is named"),
    ("redirect-hdr-opt", &["frames_udp"], "the quote stands in an option"),
    ("mobility-dst-opts", &["frames_udp"], "tshark stops at the damaged option"),
    ("pbb-recursive", &["frames_ip", "frames_udp"], "nested deeper than is opened"),
    (
        "trunc",
        &["frames_ip", "frames_ipv6", "frames_tcp", "frames_geneve", "frames_vxlan"],
        "cut or contradictory headers",
    ),
    ("mpls-6in6", &["frames_ip"], "version 4 and 6 contradict the protocol around"),
    ("ayiya", &["frames_ipv6", "frames_tcp", "frames_icmpv6"], "AYIYA is not opened"),
];

type Counts = BTreeMap<&'static str, i64>;

fn data() -> Option<PathBuf> {
    let folder = std::env::var_os("ANOMALYZER_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: {} is not there (set ANOMALYZER_DATA)", folder.display());
    None
}

fn count(packet: &Packet<'_>, counts: &mut Counts) {
    let mut seen: Vec<&'static str> = Vec::new();
    if packet.link.vlan_tags > 0 {
        seen.push("frames_vlan");
    }
    match packet.link.ether_type {
        0x8847 | 0x8848 => seen.push("frames_mpls"),
        0x8864 => seen.push("frames_pppoes"),
        _ => {}
    }
    match &packet.body {
        Body::Ip(ip) => {
            count_ip(ip, &mut seen);
            count_first_fragment(packet, ip, &mut seen);
        }
        Body::Arp(arp) => {
            seen.push("frames_arp");
            seen.extend(arp.tunnel.iter().flat_map(around));
        }
        Body::Other { ether_type: 0x0806 | 0x8035 } => seen.push("frames_arp"),
        _ => {}
    }
    *counts.entry("packets").or_default() += 1;
    seen.sort_unstable();
    seen.dedup();
    for column in seen {
        *counts.entry(column).or_default() += 1;
    }
}

fn count_ip(ip: &IpPacket<'_>, seen: &mut Vec<&'static str>) {
    seen.push(version(ip.version == 4));
    seen.extend(ip.tunnel.iter().flat_map(around));
    match ip.transport {
        Transport::Icmp(icmp) => count_icmp(&icmp, seen),
        _ if ip.fragment.is_some_and(|fragment| fragment.offset > 0) => {}
        _ => seen.extend(transport(ip.proto)),
    }
}

/// tshark, told not to put fragments together, reads on in the first one.
fn count_first_fragment(packet: &Packet<'_>, ip: &IpPacket<'_>, seen: &mut Vec<&'static str>) {
    if ip.fragment.is_some_and(|fragment| fragment.offset == 0) {
        let datagram = Datagram { proto: ip.proto, payload: ip.payload.to_vec() };
        if let Body::Ip(ip) = decode_datagram(packet, &datagram).body {
            count_ip(&ip, seen);
        }
    }
}

fn around(tunnel: &Tunnel) -> Vec<&'static str> {
    let mut seen = vec![version(tunnel.outer_src.is_v4())];
    match tunnel.kind {
        TunnelKind::Gre => seen.push("frames_gre"),
        TunnelKind::Vxlan => seen.extend(["frames_vxlan", "frames_udp"]),
        TunnelKind::Geneve => seen.extend(["frames_geneve", "frames_udp"]),
        TunnelKind::GtpU => seen.extend(["frames_gtp", "frames_udp"]),
        TunnelKind::Teredo => seen.extend(["frames_teredo", "frames_udp"]),
        TunnelKind::IpInIp | TunnelKind::SixInFour => {}
    }
    seen
}

/// tshark looks into quoted packets too.
fn count_icmp(icmp: &Icmp, seen: &mut Vec<&'static str>) {
    seen.push(if icmp.v6 { "frames_icmpv6" } else { "frames_icmp" });
    if let Some(quoted) = icmp.quoted {
        seen.push(version(!icmp.v6));
        seen.extend(transport(quoted.proto));
    }
}

fn version(v4: bool) -> &'static str {
    if v4 { "frames_ip" } else { "frames_ipv6" }
}

fn transport(proto: u8) -> Option<&'static str> {
    Some(match proto {
        1 => "frames_icmp",
        6 => "frames_tcp",
        17 => "frames_udp",
        47 => "frames_gre",
        58 => "frames_icmpv6",
        _ => return None,
    })
}

#[test]
fn odd_captures_are_counted_as_tshark_counts_them() {
    let Some(folder) = data().map(|data| data.join("pcap/odd")) else { return };
    let table = std::fs::read_to_string(folder.join("expected.csv")).expect("expected.csv");
    let mut rows = table.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = rows.next().expect("names of columns");
    let (mut differences, mut compared) = (Vec::new(), 0);
    for row in rows {
        let file = std::fs::read(folder.join(row[0])).expect(row[0]);
        let mut counts = Counts::new();
        for (number, record) in common::read(&file).iter().enumerate() {
            count(&fuzz::check_frame(&record.frame(number)), &mut counts);
        }
        for column in COLUMNS {
            let at = names.iter().position(|name| *name == column).expect(column);
            let theirs: i64 = row[at].parse().unwrap_or(0);
            let ours = counts.get(column).copied().unwrap_or(0);
            compared += 1;
            if ours != theirs {
                println!("{} {column}: ours {ours}, tshark {theirs}", row[0]);
            }
            if ours != theirs && !is_explained(row[0], column) {
                differences.push(format!("{} {column} ours={ours} tshark={theirs}", row[0]));
            }
        }
    }
    assert!(compared > 5_000, "{compared} counts compared");
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn is_explained(file: &str, column: &str) -> bool {
    EXPLAINED.iter().any(|(part, columns, _)| file.contains(part) && columns.contains(&column))
}

#[test]
fn every_capture_decodes_at_every_length() {
    let Some(folder) = data().map(|data| data.join("pcap")) else { return };
    for kind in ["odd", "attack", "benign"] {
        for entry in std::fs::read_dir(folder.join(kind)).expect(kind) {
            let path = entry.expect("entry").path();
            if path.extension().is_none_or(|extension| extension == "csv") || path.is_dir() {
                continue;
            }
            let file = std::fs::read(&path).expect("readable");
            for (number, record) in common::read(&file).iter().enumerate().take(200) {
                check_cut(&record.frame(number));
            }
        }
    }
}

/// Decodes the frame cut at every length within its headers: what is known of the whole frame is
/// never contradicted, and the capture is blamed for the cut unless the frame was damaged itself.
fn check_cut(frame: &RawFrame<'_>) {
    let whole = fuzz::check_frame(frame);
    for len in 0..frame.data.len().min(120) {
        let cut = RawFrame { data: frame.data.get(..len).unwrap_or_default(), ..*frame };
        let packet = fuzz::check_frame(&cut);
        if let (None, Some(note)) = (whole.malformed, packet.malformed) {
            assert_eq!(note.kind, MalformedKind::Snapped, "{note:?} at {len} of {frame:?}");
        }
    }
}

/// Datagrams put together by tshark 4.0 and by us. Ours are fewer where IPv6 fragments overlap
/// (RFC 5722 wants them thrown away), where fragments contradict the datagram's length, and where
/// a datagram holds fragments again.
const REASSEMBLED: [(&str, u64, u64); 33] = [
    ("ndpi_ip_fragmented_garbage.pcap", 4, 4),
    ("ppa3_ip_frag_source.pcapng", 2, 2),
    ("ppa3_ipv6_fragments.pcapng", 10, 10),
    ("ppa_ipfragments.pcap", 8, 8),
    ("sv_defrag_bug-6887-defrag-eth-vlan-ipv4-tcp-syn_frag-eth-vlan-ip-tcp-syn.pcap", 1, 1),
    ("sv_defrag_bug-6887-defrag-eth-vlan-ipv6-tcp_frag-eth-vlan-ipv6-tcp.pcap", 1, 1),
    ("sv_defrag_bug-6887-defrag-ipv4-tcp-syn_frag-ip-tcp-syn.pcap", 1, 1),
    ("sv_defrag_bug-6887-defrag-ipv6-tcp_frag-ip-tcp.pcap", 1, 1),
    ("sv_defrag_bug-6887-defrag-ppp-ipv4-tcp-syn_frag-ppp-ip-tcp-syn.pcap", 1, 1),
    ("sv_defrag_bug-6887-defrag-ppp-ipv6-tcp_frag-ppp-ipv6-tcp.pcap", 1, 1),
    (
        "sv_defrag_bug-6942-6887-defrag-eth-ip-gre-ppp-ip-udp-data_eth-ip-gre-ppp-max-ip-packet.pcap",
        1,
        1,
    ),
    ("sv_exception-policy-defrag-01_ipv4frags.pcap", 1, 1),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-15_frag-15.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-16_frag-16.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-17_frag-17.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-18_frag-18.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-1_frag-1.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-29_frag-29.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-2_frag-2.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-35_frag-35.pcap", 2, 1),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-36_frag-36.pcap", 2, 1),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-3_frag-3.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-4_frag-4.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-6_frag-6.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-7_frag-7.pcap", 1, 0),
    ("sv_ipv6-evasion_ipv6-malformed-fragments-8_frag-8.pcap", 1, 0),
    ("zeek_erspan.pcap", 16, 16),
    ("zeek_gtp_gtp1_gn_normal_incl_fragmentation.pcap", 36, 36),
    ("zeek_gtp_gtp2_different_udp_port.pcap", 42, 42),
    ("zeek_ipv4_fragmented-1.pcap", 1, 0),
    ("zeek_ipv4_fragmented-4.pcap", 1, 1),
    ("zeek_ipv4_fragmented-syn.pcap", 1, 1),
    ("zeek_ipv6-fragmented-dns.pcap", 1, 1),
];

#[test]
fn fragments_are_put_together() {
    let Some(folder) = data().map(|data| data.join("pcap/odd")) else { return };
    for (name, tshark, ours) in REASSEMBLED {
        let file = std::fs::read(folder.join(name)).expect(name);
        let mut defragmenter = Defragmenter::default();
        for (number, record) in common::read(&file).iter().enumerate() {
            defragmenter.push(&fuzz::check_frame(&record.frame(number)));
        }
        assert_eq!(defragmenter.counters().completed, ours, "{name}: tshark has {tshark}");
    }
}
