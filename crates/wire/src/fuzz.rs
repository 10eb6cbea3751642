//! Entrances for fuzzers and property tests: arbitrary bytes in, panics when something that must
//! always hold does not.

use crate::{
    Body, DefragLimits, Defragmenter, LinkType, Packet, RawFrame, Timestamp, Transport, decode,
    decode_datagram, flow_addresses,
};

/// The link types that are decoded.
pub const LINKS: [LinkType; 17] = [
    LinkType::NULL,
    LinkType::ETHERNET,
    LinkType::PPP,
    LinkType::FDDI,
    LinkType::RAW_BSD,
    LinkType::RAW_OPENBSD,
    LinkType::PPP_HDLC,
    LinkType::RAW,
    LinkType::IEEE802_11,
    LinkType::LOOP,
    LinkType::LINUX_SLL,
    LinkType::IEEE802_11_PRISM,
    LinkType::IEEE802_11_RADIOTAP,
    LinkType::IPV4,
    LinkType::IPV6,
    LinkType::NFLOG,
    LinkType::LINUX_SLL2,
];

/// Decodes `data` as a frame of every link type, and as one of which the capture kept a part.
pub fn decode_every_link(data: &[u8]) {
    let len = u32::try_from(data.len()).unwrap_or(u32::MAX);
    for link in LINKS {
        for orig_len in [len, len.saturating_add(100), len / 2] {
            check_frame(&RawFrame { time: Timestamp::MIN, link, orig_len, data });
        }
    }
}

/// Decodes one frame, checks it and returns the packet.
pub fn check_frame<'a>(frame: &RawFrame<'a>) -> Packet<'a> {
    let packet = decode(frame);
    let pair = flow_addresses(frame);
    check_packet(&packet, frame.data.len());
    if let Body::Ip(ip) = &packet.body {
        let outer = ip.tunnel.map_or((ip.src, ip.dst), |t| (t.outer_src, t.outer_dst));
        let quoted = match ip.transport {
            Transport::Icmp(icmp) if ip.tunnel.is_none() => icmp.quoted,
            _ => None,
        };
        let about = quoted.map(|quoted| (quoted.src, quoted.dst));
        assert!(pair == Some(outer) || pair == about, "a flow must stay with one worker");
        assert!(pair == Some(outer) || about.is_some(), "only errors follow another flow");
    }
    packet
}

fn check_packet(packet: &Packet<'_>, len: usize) {
    if let Some(note) = packet.malformed {
        assert!(usize::try_from(note.offset).is_ok_and(|offset| offset <= len), "{note:?}");
    }
    if let Body::Ip(ip) = &packet.body {
        let said = usize::try_from(ip.payload_len).unwrap_or(usize::MAX);
        assert!(ip.payload.len() <= said, "more captured than there is: {ip:?}");
        assert_eq!(ip.fragment.is_some(), ip.transport == Transport::Fragment);
    }
}

/// Takes `data` for a sequence of fragments of a few datagrams, pushes them into a small
/// defragmenter and decodes what comes out.
pub fn defragment(data: &[u8]) {
    let limits = DefragLimits { datagrams: 4, bytes: 16_384, pieces: 8, timeout_ns: 1_000 };
    let mut defragmenter = Defragmenter::new(limits);
    for (number, chunk) in data.chunks(6).enumerate() {
        let &[version, id, offset, more, len, fill] = chunk else { break };
        let frame = fragment(version, id, offset, more, len, fill);
        let link = LinkType::RAW;
        let orig_len = u32::try_from(frame.len()).unwrap_or(u32::MAX);
        let time = Timestamp::from_nanos(i64::try_from(number).unwrap_or(0) * i64::from(fill));
        let packet = check_frame(&RawFrame { time, link, orig_len, data: &frame });
        let pushed = defragmenter.push(&packet);
        assert!(defragmenter.bytes() <= limits.bytes && defragmenter.pending() <= limits.datagrams);
        if let Some(datagram) = pushed.datagram {
            check_packet(&decode_datagram(&packet, &datagram), datagram.payload.len());
        }
    }
    defragmenter.expire(Timestamp::MAX);
    assert_eq!((defragmenter.pending(), defragmenter.bytes()), (0, 0));
}

/// An IPv4 or IPv6 fragment of few possible identities, so that they meet.
fn fragment(version: u8, id: u8, offset: u8, more: u8, len: u8, fill: u8) -> Vec<u8> {
    let payload = vec![fill; usize::from(len % 64)];
    let [high, low] = ((u16::from(offset % 16) << 3) | u16::from(more & 1)).to_be_bytes();
    let mut frame = if version & 1 == 0 {
        let [flags_high, flags_low] =
            (u16::from(offset % 16) | (u16::from(more & 1) << 13)).to_be_bytes();
        let total = 20 + len % 64;
        #[rustfmt::skip]
        let header = [
            0x45, 0, 0, total, 0, id % 8, flags_high, flags_low, 64, 17, 0, 0,
            10, 0, 0, 1, 10, 0, 0, 2,
        ];
        header.to_vec()
    } else {
        let mut header = vec![0x60, 0, 0, 0, 0, 8 + len % 64, 44, 64];
        header.extend([0xfd; 32]);
        header.extend([17, 0, high, low, 0, 0, 0, id % 8]);
        header
    };
    frame.extend(payload);
    frame
}
