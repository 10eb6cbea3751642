//! Frames by hand, one per protocol and per way to be wrong.

use super::*;
use crate::{LinkType, Mac, Quoted, Tcp, TcpFlags, Timestamp, TunnelKind, fuzz};

/// Bytes from hexadecimal text; spaces are for the reader.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4) | pair[1]).collect()
}

fn frame(link: LinkType, data: &[u8]) -> RawFrame<'_> {
    let orig_len = u32::try_from(data.len()).unwrap();
    RawFrame { time: Timestamp::from_nanos(1), link, orig_len, data }
}

/// Decodes, checks what always holds, and lends the packet.
fn with(link: LinkType, text: &str, check: impl FnOnce(&Packet<'_>)) {
    let data = hex(text);
    check(&fuzz::check_frame(&frame(link, &data)));
}

fn ip<'p, 'a>(packet: &'p Packet<'a>) -> &'p IpPacket<'a> {
    match &packet.body {
        Body::Ip(ip) => ip,
        other => panic!("no IP: {other:?} {:?}", packet.malformed),
    }
}

fn tcp(packet: &Packet<'_>) -> Tcp {
    match ip(packet).transport {
        Transport::Tcp(tcp) => tcp,
        other => panic!("no TCP: {other:?}"),
    }
}

/// What the packet is, in a line: addresses, protocol, ports, payload length.
fn line(packet: &Packet<'_>) -> String {
    let ip = match &packet.body {
        Body::Ip(ip) => ip,
        Body::Arp(arp) => return format!("arp {} {}", arp.sender_ip, arp.target_ip),
        Body::Other { ether_type } => return format!("{ether_type:04x}"),
        Body::UnknownLink => return "unknown".into(),
    };
    let (a, b) = match ip.transport {
        Transport::Tcp(tcp) => (tcp.src_port, tcp.dst_port),
        Transport::Udp(udp) => (udp.src_port, udp.dst_port),
        Transport::Sctp { src_port, dst_port } => (src_port, dst_port),
        Transport::Icmp(icmp) => (icmp.id, icmp.seq),
        Transport::Fragment | Transport::Other => (0, 0),
    };
    format!("{}>{} {} {a}>{b} {}", ip.src, ip.dst, ip.proto, ip.payload_len)
}

const ETHERNET: &str = "00163e000002 00163e000001";
const SYN: &str = "4500003c1c4640004006b1e6 c0a80068 c0a80001 \
    d4310050 00000001 00000000 a002 7210 0000 0000 020405b4 0402 080a 00000005 00000000 01 030307";
/// IPv4 and UDP from 10.0.0.1:1000 to 10.0.0.2:53 with "hi".
const UDP: &str = "4500001e00000000 4011 0000 0a000001 0a000002 03e80035000a0000 6869";
const UDP_LINE: &str = "10.0.0.1>10.0.0.2 17 1000>53 2";
/// The same over IPv6 from fd00::1 to fd00::2.
const UDP6: &str = "60000000000a1140 fd000000000000000000000000000001 \
    fd000000000000000000000000000002 03e80035000a0000 6869";
const UDP6_LINE: &str = "fd00::1>fd00::2 17 1000>53 2";

fn check_line(link: LinkType, text: &str, expected: &str) {
    with(link, text, |packet| {
        assert_eq!((line(packet).as_str(), packet.malformed), (expected, None), "{text}");
    });
}

#[test]
fn tcp_syn_with_options() {
    with(LinkType::ETHERNET, &format!("{ETHERNET} 0800 {SYN}"), |packet| {
        assert_eq!(packet.malformed, None);
        assert_eq!(packet.link.src, Some(Mac([0, 0x16, 0x3e, 0, 0, 1])));
        assert_eq!(line(packet), "192.168.0.104>192.168.0.1 6 54321>80 0");
        let tcp = tcp(packet);
        assert_eq!((tcp.seq, tcp.flags), (1, TcpFlags(TcpFlags::SYN)));
        assert_eq!((tcp.mss, tcp.window_scale, tcp.sack_permitted), (Some(1460), Some(7), true));
        assert_eq!((tcp.timestamps, tcp.header_len), (Some((5, 0)), 40));
    });
}

#[test]
fn every_link_type_carries_ip() {
    let snap = "aaaa03 000000";
    let cases = [
        (LinkType::ETHERNET, format!("{ETHERNET} 0026 {snap} 0800")),
        (LinkType::RAW, String::new()),
        (LinkType::RAW_BSD, String::new()),
        (LinkType::RAW_OPENBSD, String::new()),
        (LinkType::IPV4, String::new()),
        (LinkType::NULL, "02000000".into()),
        (LinkType::NULL, "00000002".into()),
        (LinkType::LOOP, "00000002".into()),
        (LinkType::PPP, "0021".into()),
        (LinkType::PPP, "21".into()),
        (LinkType::PPP_HDLC, "ff03 0021".into()),
        (LinkType::FDDI, format!("50 {ETHERNET} {snap} 0800")),
        (LinkType::LINUX_SLL, "0000 0001 0006 020000000001 0000 0800".into()),
        (LinkType::LINUX_SLL2, "0800 0000 00000001 0001 00 06 020000000001 0000".into()),
        (LinkType::NFLOG, "0200002a 0800 0100 08000100 2200 0900".into()),
        (LinkType::IEEE802_11, format!("0801 0000 {ETHERNET} 020000000003 0000 {snap} 0800")),
        (
            LinkType::IEEE802_11,
            format!("8803 0000 {ETHERNET} 020000000003 0000 020000000004 0000 {snap} 0800"),
        ),
        (
            LinkType::IEEE802_11_RADIOTAP,
            format!(
                "00000c0002000000 20000000 8802 0000 {ETHERNET} 020000000003 0000 0000 0000 \
                {snap} 0800"
            ),
        ),
    ];
    for (link, header) in cases {
        check_line(link, &format!("{header} {UDP}"), UDP_LINE);
    }
    for (link, header) in [(LinkType::IPV6, ""), (LinkType::RAW, ""), (LinkType::NULL, "1e000000")]
    {
        check_line(link, &format!("{header} {UDP6}"), UDP6_LINE);
    }
    check_line(LinkType(147), UDP, "unknown");
}

#[test]
fn a_frame_check_sequence_is_no_payload() {
    let text = format!(
        "0000090002000000 10 0801 0000 {ETHERNET} 020000000003 0000 aaaa03 000000 0800 {UDP} 01020304"
    );
    check_line(LinkType::IEEE802_11_RADIOTAP, &text, UDP_LINE);
}

#[test]
fn encrypted_and_management_frames_stay_closed() {
    for control in ["0841", "8000", "4801", "0805"] {
        let text = format!("{control} 0000 {ETHERNET} 020000000003 0000 aaaa03 000000 0800 {UDP}");
        check_line(LinkType::IEEE802_11, &text, "0000");
    }
}

#[test]
fn tags_stacks_and_sessions_are_stripped() {
    let cases = [
        "8100 0005 0800",
        "88a8 0064 8100 0005 0800",
        "9100 0064 8100 0005 0800",
        "8100 0005 0026 aaaa03 000000 0800",
        "8926 00000000 0800",
        "893f 000000000000 0800",
        "8847 00064040 00010140 0800",
        "8864 1100 0001 0020 0021",
        "894f 0002 0201 00000102",
        "88e7 00000001 020000000001 020000000002 0800",
        "8847 00064140 00000000 020000000001 020000000002 0800",
    ];
    for tags in cases {
        let tags = tags.replace("00010140 0800", "00010140");
        check_line(LinkType::ETHERNET, &format!("{ETHERNET} {tags} {UDP}"), UDP_LINE);
    }
    with(LinkType::ETHERNET, &format!("{ETHERNET} 88a8 0064 8100 0005 0800 {UDP}"), |packet| {
        assert_eq!((packet.link.vlan, packet.link.vlan_tags), ([100, 5], 2));
        assert_eq!(packet.link.ether_type, 0x0800);
    });
    check_line(LinkType::ETHERNET, &format!("{ETHERNET} 8863 1109 0000 0000"), "8863");
}

#[test]
fn arp_request() {
    let arp = "0806 0001080006040001 020000000001 0a000001 000000000000 0a000002";
    with(LinkType::ETHERNET, &format!("{ETHERNET} {arp}"), |packet| {
        let Body::Arp(arp) = packet.body else { panic!("{packet:?}") };
        assert_eq!((arp.operation, arp.sender_mac), (1, Mac([2, 0, 0, 0, 0, 1])));
        assert_eq!(line(packet), "arp 10.0.0.1 10.0.0.2");
    });
}

#[test]
fn ipv6_extension_headers_are_followed() {
    let ipv6 = |next: &str, len: &str| {
        format!(
            "60000000 {len} {next} 40 fd000000000000000000000000000001 \
            fd000000000000000000000000000002"
        )
    };
    let udp = "03e80035000a0000 6869";
    // Hop-by-hop, destination, routing, atomic fragment, authentication.
    let chain = "3c00010400000000 2b00010400000000 2c00000000000000 3300000000000001";
    let ah = "1104000000000001 00000001 000000000000000000000000";
    check_line(LinkType::IPV6, &format!("{} {chain} {ah} {udp}", ipv6("00", "0042")), UDP6_LINE);
    check_line(LinkType::IPV6, &ipv6("3b", "0000"), "fd00::1>fd00::2 59 0>0 0");
    with(
        LinkType::IPV6,
        &format!("{} 1100 0019 00000007 0102030405060708", ipv6("2c", "0010")),
        |packet| {
            let fragment = Fragment { id: 7, offset: 24, more: true };
            assert_eq!((ip(packet).fragment, ip(packet).proto), (Some(fragment), 17));
            assert_eq!(ip(packet).transport, Transport::Fragment);
        },
    );
    let endless = "3c00010400000000".repeat(17);
    with(LinkType::IPV6, &format!("{} {endless}", ipv6("3c", "0088")), |packet| {
        assert_eq!(packet.malformed.map(|note| note.kind), Some(MalformedKind::TooDeep));
    });
}

#[test]
fn icmp_echo_and_quotes() {
    let echo = "4500002000000000 4001 0000 0a000001 0a000002 0800 0000 0007 0009 61626364";
    check_line(LinkType::RAW, echo, "10.0.0.1>10.0.0.2 1 7>9 4");
    // The quote: 10.0.0.2:4000 to 10.9.9.9:53 over UDP, eight bytes of it.
    let error = "4500003800000000 4001 0000 0a000001 0a000002 0303 0000 00000000 \
        4500001e00000000 4011 0000 0a000002 0a090909 0fa00035000a0000";
    with(LinkType::RAW, error, |packet| {
        let Transport::Icmp(icmp) = ip(packet).transport else { panic!("{packet:?}") };
        let (src, dst) = (Addr::v4([10, 0, 0, 2]), Addr::v4([10, 9, 9, 9]));
        let quoted = Quoted { src, dst, proto: 17, src_port: 4000, dst_port: 53 };
        assert_eq!((icmp.quoted, packet.malformed), (Some(quoted), None));
        let data = hex(error);
        assert_eq!(flow_addresses(&frame(LinkType::RAW, &data)), Some((src, dst)));
    });
}

#[test]
fn sctp_udp_lite_and_others() {
    let ip4 =
        |proto: &str, len: &str| format!("4500 {len} 00000000 40{proto} 0000 0a000001 0a000002");
    let sctp = format!("{} 03e80035 00000000 00000000 01", ip4("84", "0021"));
    check_line(LinkType::RAW, &sctp, "10.0.0.1>10.0.0.2 132 1000>53 1");
    let lite = format!("{} 03e80035 00080000 6869", ip4("88", "001e"));
    check_line(LinkType::RAW, &lite, "10.0.0.1>10.0.0.2 136 1000>53 2");
    let ah = format!(
        "{} 1104000000000001 00000001 000000000000000000000000 03e80035000a0000 6869",
        ip4("33", "0036")
    );
    check_line(LinkType::RAW, &ah, UDP_LINE);
    for (proto, number) in [("59", 89), ("02", 2), ("67", 103), ("70", 112), ("58", 88), ("32", 50)]
    {
        let text = format!("{} 01020304", ip4(proto, "0018"));
        check_line(LinkType::RAW, &text, &format!("10.0.0.1>10.0.0.2 {number} 0>0 4"));
    }
}

/// IPv4 from 192.0.2.1 to 192.0.2.2 around `inner`.
fn outer(proto: u8, inner: &str) -> String {
    let len = 20 + hex(inner).len();
    format!("4500{len:04x}00000000 40{proto:02x} 0000 c0000201 c0000202 {inner}")
}

fn outer_udp(port: u16, inner: &str) -> String {
    let len = 8 + hex(inner).len();
    outer(17, &format!("c000 {port:04x} {len:04x} 0000 {inner}"))
}

#[test]
fn tunnels_are_opened() {
    let bridged = format!("020000000001 020000000002 0800 {UDP}");
    let cases = [
        (TunnelKind::Gre, 0, outer(47, &format!("0000 0800 {UDP}"))),
        (TunnelKind::Gre, 9, outer(47, &format!("b000 0800 00000000 00000009 00000001 {UDP}"))),
        (TunnelKind::Gre, 0, outer(47, &format!("0000 6558 {bridged}"))),
        (TunnelKind::Gre, 0, outer(47, &format!("0000 88be {bridged}"))),
        (TunnelKind::Gre, 0, outer(47, &format!("1000 88be 00000001 1000000000000000 {bridged}"))),
        (
            TunnelKind::Gre,
            0,
            outer(47, &format!("1000 22eb 00000001 200000000000000000000000 {bridged}")),
        ),
        (TunnelKind::Gre, 7, outer(47, &format!("3001 880b 0022 0007 00000001 ff030021 {UDP}"))),
        (TunnelKind::IpInIp, 0, outer(4, UDP)),
        (TunnelKind::Vxlan, 42, outer_udp(4789, &format!("08000000 00002a00 {bridged}"))),
        (TunnelKind::Vxlan, 42, outer_udp(8472, &format!("08000000 00002a00 {bridged}"))),
        (TunnelKind::Geneve, 42, outer_udp(6081, &format!("01006558 00002a00 00000000 {bridged}"))),
        (TunnelKind::GtpU, 5, outer_udp(2152, &format!("30ff001e 00000005 {UDP}"))),
        (
            TunnelKind::GtpU,
            5,
            outer_udp(2152, &format!("34ff0026 00000005 00000085 01000000 {UDP}")),
        ),
    ];
    let pair = (Addr::v4([192, 0, 2, 1]), Addr::v4([192, 0, 2, 2]));
    for (kind, id, text) in cases {
        check_line(LinkType::RAW, &text, UDP_LINE);
        with(LinkType::RAW, &text, |packet| {
            let (outer_src, outer_dst) = pair;
            let tunnel = Tunnel { kind, outer_src, outer_dst, id, depth: 1 };
            assert_eq!(ip(packet).tunnel, Some(tunnel), "{text}");
        });
    }
    check_line(LinkType::RAW, &outer(41, UDP6), UDP6_LINE);
    check_line(LinkType::RAW, &outer_udp(3544, UDP6), UDP6_LINE);
    check_line(LinkType::RAW, &outer_udp(3544, &format!("0000 ffff ffffffff {UDP6}")), UDP6_LINE);
}

#[test]
fn a_port_alone_opens_no_tunnel() {
    for port in [4789, 8472, 6081, 2152, 3544, 4790, 4754] {
        let len = 26;
        let text = outer_udp(port, "0102030405060708090a0b0c0d0e0f101112131415161718191a");
        check_line(LinkType::RAW, &text, &format!("192.0.2.1>192.0.2.2 17 49152>{port} {len}"));
    }
}

#[test]
fn tunnels_in_tunnels_are_bounded() {
    let nested = |depth: usize| (0..depth).fold(UDP.to_string(), |inner, _| outer(4, &inner));
    check_line(LinkType::RAW, &nested(8), UDP_LINE);
    with(LinkType::RAW, &nested(9), |packet| {
        assert_eq!(packet.malformed.map(|note| note.kind), Some(MalformedKind::TooDeep));
        assert_eq!((ip(packet).proto, ip(packet).tunnel.map(|tunnel| tunnel.depth)), (4, Some(8)));
    });
}

#[test]
fn what_is_wrong_is_told_and_the_rest_is_kept() {
    use Layer::{Icmp, Ipv4, Ipv6, Link, Tcp, Tunnel, Udp};
    use MalformedKind::{Flags, Length, Option, Short, Version};
    let syn = |from: &str, to: &str| SYN.replacen(from, to, 1);
    let udp = |from: &str, to: &str| UDP.replacen(from, to, 1);
    let cases = [
        (Link, Version, "00".into(), "0000"),
        (Ipv4, Length, syn("4500003c", "45000050"), "192.168.0.104>192.168.0.1 6 54321>80 20"),
        (Ipv4, Length, syn("4500", "4400"), "0800"),
        (Ipv4, Short, "45000014".into(), "0800"),
        (Tcp, Flags, syn("a002", "a003"), "192.168.0.104>192.168.0.1 6 54321>80 0"),
        (Tcp, Length, syn("a002", "4002"), "192.168.0.104>192.168.0.1 6 54321>80 0"),
        (Tcp, Short, syn("a002", "f002"), "192.168.0.104>192.168.0.1 6 54321>80 0"),
        (Tcp, Option, syn("020405b4", "020005b4"), "192.168.0.104>192.168.0.1 6 54321>80 0"),
        (Udp, Length, udp("000a0000", "000b0000"), UDP_LINE),
        (Udp, Length, udp("000a0000", "00070000"), UDP_LINE),
        (
            Udp,
            Short,
            "4500001800000000 4011 0000 0a000001 0a000002 03e80035".into(),
            "10.0.0.1>10.0.0.2 17 0>0 4",
        ),
        (
            Icmp,
            Short,
            "4500001600000000 4001 0000 0a000001 0a000002 0800".into(),
            "10.0.0.1>10.0.0.2 1 0>0 0",
        ),
        (Ipv6, Length, UDP6.replacen("000a1140", "000c1140", 1), UDP6_LINE),
        (Tunnel, Version, outer(47, "0002 0800 00000000"), "192.0.2.1>192.0.2.2 47 0>0 8"),
        (Ipv4, Short, outer(4, "45000014"), "192.0.2.1>192.0.2.2 4 0>0 4"),
    ];
    for (layer, kind, text, expected) in cases {
        with(LinkType::RAW, &text, |packet| {
            let note = packet.malformed.map(|note| (note.layer, note.kind));
            assert_eq!((note, line(packet).as_str()), (Some((layer, kind)), expected), "{text}");
        });
    }
}

#[test]
fn a_snapped_header_still_tells_ports_and_flags() {
    let data = hex(&format!("{ETHERNET} 0800 {SYN}"));
    let mut cut = frame(LinkType::ETHERNET, &data);
    cut.data = &data[..14 + 20 + 14];
    let packet = decode(&cut);
    assert_eq!(packet.malformed.map(|note| note.kind), Some(MalformedKind::Snapped));
    assert_eq!((tcp(&packet).dst_port, tcp(&packet).flags.0), (80, TcpFlags::SYN));
    assert_eq!(ip(&packet).payload_len, 0);
}

#[test]
fn segmentation_offload_leaves_the_length_to_the_frame() {
    check_line(LinkType::RAW, &UDP.replacen("4500001e", "45000000", 1), UDP_LINE);
    check_line(LinkType::RAW, &UDP6.replacen("000a1140", "00001140", 1), UDP6_LINE);
}

#[test]
fn padding_is_no_payload() {
    let text = format!("{ETHERNET} 0800 {UDP} 00000000000000000000000000000000");
    check_line(LinkType::ETHERNET, &text, UDP_LINE);
}
