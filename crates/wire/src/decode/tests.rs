//! Frames by hand, one per protocol.

use super::*;
use crate::{LinkType, Mac, TcpFlags, Timestamp};

/// Bytes from hexadecimal text; spaces are for the reader.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> =
        text.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn frame(link: LinkType, data: &[u8]) -> RawFrame<'_> {
    let orig_len = u32::try_from(data.len()).unwrap();
    RawFrame { time: Timestamp::from_nanos(1), link, orig_len, data }
}

const SYN: &str = "00163e000002 00163e000001 0800 \
    4500003c1c4640004006b1e6 c0a80068 c0a80001 \
    d4310050 00000001 00000000 a002 7210 0000 0000 020405b4 0402 080a 00000005 00000000 01 030307";

fn ip<'a>(packet: &Packet<'a>) -> IpPacket<'a> {
    match &packet.body {
        Body::Ip(ip) => ip.clone(),
        other => panic!("no IP: {other:?}"),
    }
}

#[test]
fn tcp_syn_with_options() {
    let data = hex(SYN);
    let packet = decode(&frame(LinkType::ETHERNET, &data));
    assert_eq!(packet.malformed, None);
    assert_eq!(packet.link.src, Some(Mac([0, 0x16, 0x3e, 0, 0, 1])));
    let ip = ip(&packet);
    assert_eq!(
        (ip.src.to_string(), ip.dst.to_string()),
        ("192.168.0.104".into(), "192.168.0.1".into())
    );
    let Transport::Tcp(tcp) = ip.transport else { panic!("{ip:?}") };
    assert_eq!((tcp.src_port, tcp.dst_port, tcp.seq), (54321, 80, 1));
    assert_eq!(tcp.flags, TcpFlags(TcpFlags::SYN));
    assert_eq!((tcp.mss, tcp.window_scale, tcp.sack_permitted), (Some(1460), Some(7), true));
    assert_eq!((tcp.timestamps, ip.payload_len), (Some((5, 0)), 0));
    assert_eq!(flow_addresses(&frame(LinkType::ETHERNET, &data)), Some((ip.src, ip.dst)));
}
