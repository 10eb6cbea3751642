//! Frames that another decoder builds and reads: what we read must be what it reads.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

use anomalyzer_wire::{
    Addr, Body, IpPacket, LinkType, Malformed, MalformedKind, Packet, RawFrame, Tcp, Timestamp,
    Transport, fuzz,
};
use etherparse::{LaxNetSlice, LaxSlicedPacket, LinkSlice, PacketBuilder, TransportSlice};
use proptest::prelude::*;

fn ethernet(data: &[u8], orig_len: usize) -> RawFrame<'_> {
    let orig_len = u32::try_from(orig_len).unwrap();
    RawFrame { time: Timestamp::default(), link: LinkType::ETHERNET, orig_len, data }
}

fn ip<'p, 'a>(packet: &'p Packet<'a>) -> &'p IpPacket<'a> {
    match &packet.body {
        Body::Ip(ip) => ip,
        other => panic!("no IP: {other:?} {:?}", packet.malformed),
    }
}

/// Link, network and transport of a frame, chosen at random.
#[derive(Clone, Debug)]
struct Choice {
    tags: Vec<u16>,
    v6: bool,
    addresses: [u8; 32],
    ttl: u8,
    ports: (u16, u16),
    transport: u8,
    numbers: (u32, u32, u16),
    tcp_options: u8,
    payload: Vec<u8>,
    padding: usize,
}

fn choice() -> impl Strategy<Value = Choice> {
    let link = (prop::collection::vec(0..4096_u16, 0..3), any::<bool>(), any::<[u8; 32]>());
    // Ports of tunnels are tested elsewhere.
    let ports = (0..2000_u16, 10_000..u16::MAX);
    let numbers = any::<(u32, u32, u16)>();
    let rest = (any::<u8>(), ports, 0..4_u8, numbers, 0..4_u8);
    let payload = (prop::collection::vec(any::<u8>(), 0..200), 0..20_usize);
    (link, rest, payload).prop_map(|(link, rest, payload)| Choice {
        tags: link.0,
        v6: link.1,
        addresses: link.2,
        ttl: rest.0,
        ports: rest.1,
        transport: rest.2,
        numbers: rest.3,
        tcp_options: rest.4,
        payload: payload.0,
        padding: payload.1,
    })
}

fn build(choice: &Choice) -> Vec<u8> {
    let link = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
    let (a, b) = choice.addresses.split_at(16);
    let (src6, dst6): ([u8; 16], [u8; 16]) = (a.try_into().unwrap(), b.try_into().unwrap());
    let src4 = *src6.first_chunk::<4>().unwrap();
    let dst4 = *dst6.first_chunk::<4>().unwrap();
    let vlan = |id: u16| etherparse::VlanId::try_new(id).unwrap();
    let network = match (choice.tags.as_slice(), choice.v6) {
        ([], false) => link.ipv4(src4, dst4, choice.ttl),
        ([], true) => link.ipv6(src6, dst6, choice.ttl),
        ([one], false) => link.single_vlan(vlan(*one)).ipv4(src4, dst4, choice.ttl),
        ([one], true) => link.single_vlan(vlan(*one)).ipv6(src6, dst6, choice.ttl),
        ([a, b, ..], false) => link.double_vlan(vlan(*a), vlan(*b)).ipv4(src4, dst4, choice.ttl),
        ([a, b, ..], true) => link.double_vlan(vlan(*a), vlan(*b)).ipv6(src6, dst6, choice.ttl),
    };
    let (mut frame, (src, dst)) = (Vec::new(), choice.ports);
    let (seq, ack, window) = choice.numbers;
    match choice.transport {
        0 => network.udp(src, dst).write(&mut frame, &choice.payload).unwrap(),
        1 if choice.v6 => {
            network.icmpv6_echo_request(src, dst).write(&mut frame, &choice.payload).unwrap();
        }
        1 => network.icmpv4_echo_request(src, dst).write(&mut frame, &choice.payload).unwrap(),
        _ => {
            let options = tcp_options(choice);
            let tcp = network.tcp(src, dst, seq, window).ack(ack).psh().options(&options).unwrap();
            tcp.write(&mut frame, &choice.payload).unwrap();
        }
    }
    frame.resize(frame.len() + choice.padding, 0);
    frame
}

fn tcp_options(choice: &Choice) -> Vec<etherparse::TcpOptionElement> {
    use etherparse::TcpOptionElement as Option;
    let (seq, ack, window) = choice.numbers;
    match choice.tcp_options {
        0 => Vec::new(),
        1 => vec![Option::Noop, Option::Noop, Option::Timestamp(seq, ack)],
        2 => vec![
            Option::MaximumSegmentSize(window),
            Option::SelectiveAcknowledgementPermitted,
            Option::Timestamp(ack, seq),
            Option::Noop,
            Option::WindowScale(7),
        ],
        _ => vec![Option::Noop, Option::SelectiveAcknowledgement((seq, ack), [None; 3])],
    }
}

/// Compares everything that both decoders know.
fn compare(frame: &[u8]) -> Result<(), TestCaseError> {
    let ours = fuzz::check_frame(&ethernet(frame, frame.len()));
    let Ok(theirs) = LaxSlicedPacket::from_ethernet(frame) else { return Ok(()) };
    if let Some(LinkSlice::Ethernet2(link)) = &theirs.link {
        prop_assert_eq!(ours.link.src.map(|mac| mac.0), Some(link.source()));
        prop_assert_eq!(ours.link.dst.map(|mac| mac.0), Some(link.destination()));
    }
    let tags: Vec<u16> = theirs
        .link_exts
        .iter()
        .filter_map(|tag| match tag {
            etherparse::LaxLinkExtSlice::Vlan(tag) => Some(tag.vlan_identifier().value()),
            etherparse::LaxLinkExtSlice::Macsec(_) => None,
        })
        .collect();
    prop_assert!(usize::from(ours.link.vlan_tags) >= tags.len());
    let Some(net) = &theirs.net else { return Ok(()) };
    compare_network(&ours, net)?;
    if theirs.stop_err.is_none()
        && let Some(transport) = &theirs.transport
    {
        compare_transport(ip(&ours), transport)?;
    }
    Ok(())
}

fn compare_network(ours: &Packet<'_>, net: &LaxNetSlice<'_>) -> Result<(), TestCaseError> {
    match (&ours.body, net) {
        (Body::Ip(ip), LaxNetSlice::Ipv4(v4)) if ip.tunnel.is_none() => {
            let header = v4.header();
            prop_assert_eq!((ip.version, ip.ttl), (4, header.ttl()));
            // They stop where an authentication header is damaged.
            if header.protocol() != etherparse::ip_number::AUTH {
                prop_assert_eq!(ip.proto, header.protocol().0);
            }
            prop_assert_eq!(ip.src, Addr::v4(header.source()));
            prop_assert_eq!(ip.dst, Addr::v4(header.destination()));
            prop_assert_eq!(ip.fragment.is_some(), v4.payload().fragmented);
        }
        (Body::Ip(ip), LaxNetSlice::Ipv6(v6)) if ip.tunnel.is_none() => {
            let header = v6.header();
            prop_assert_eq!((ip.version, ip.ttl), (6, header.hop_limit()));
            prop_assert_eq!(ip.tos, header.traffic_class());
            prop_assert_eq!(ip.src, Addr::v6(header.source()));
            prop_assert_eq!(ip.dst, Addr::v6(header.destination()));
        }
        _ => {}
    }
    Ok(())
}

fn compare_transport(ip: &IpPacket<'_>, theirs: &TransportSlice<'_>) -> Result<(), TestCaseError> {
    match (&ip.transport, theirs) {
        (Transport::Tcp(ours), TransportSlice::Tcp(theirs)) => {
            prop_assert_eq!(
                (ours.src_port, ours.dst_port, ours.seq, ours.ack, ours.window),
                (
                    theirs.source_port(),
                    theirs.destination_port(),
                    theirs.sequence_number(),
                    theirs.acknowledgment_number(),
                    theirs.window_size()
                )
            );
            let header = theirs.slice();
            prop_assert_eq!(Some(&ours.flags.0), header.get(13));
            prop_assert_eq!(ip.payload, theirs.payload());
            compare_options(ours, theirs)?;
        }
        (Transport::Udp(ours), TransportSlice::Udp(theirs)) => {
            prop_assert_eq!(
                (ours.src_port, ours.dst_port, ours.len),
                (theirs.source_port(), theirs.destination_port(), theirs.length())
            );
            prop_assert_eq!(ip.payload, theirs.payload());
        }
        (Transport::Icmp(ours), TransportSlice::Icmpv4(theirs)) => {
            prop_assert_eq!(
                (ours.kind, ours.code, ours.v6),
                (theirs.type_u8(), theirs.code_u8(), false)
            );
        }
        (Transport::Icmp(ours), TransportSlice::Icmpv6(theirs)) => {
            prop_assert_eq!(
                (ours.kind, ours.code, ours.v6),
                (theirs.type_u8(), theirs.code_u8(), true)
            );
        }
        // ICMP belongs to IPv4 and ICMPv6 to IPv6; hosts ignore the other way round.
        (Transport::Other, TransportSlice::Igmp(_)) => {}
        (Transport::Other, TransportSlice::Icmpv4(_)) if ip.version == 6 => {}
        (Transport::Other, TransportSlice::Icmpv6(_)) if ip.version == 4 => {}
        (ours, theirs) => prop_assert!(false, "{ours:?} is not {theirs:?}"),
    }
    Ok(())
}

fn compare_options(ours: &Tcp, theirs: &etherparse::TcpSlice<'_>) -> Result<(), TestCaseError> {
    use etherparse::TcpOptionElement as Option;
    // Where an option is damaged, they stop and we go on behind it.
    let Ok(options) = theirs.options_iterator().collect::<Result<Vec<_>, _>>() else {
        return Ok(());
    };
    let found = |wanted: fn(&Option) -> bool| options.iter().any(wanted);
    prop_assert_eq!(ours.mss.is_some(), found(|o| matches!(o, Option::MaximumSegmentSize(_))));
    prop_assert_eq!(ours.window_scale.is_some(), found(|o| matches!(o, Option::WindowScale(_))));
    prop_assert_eq!(
        ours.sack_permitted,
        found(|o| matches!(o, Option::SelectiveAcknowledgementPermitted))
    );
    for option in options {
        match option {
            Option::MaximumSegmentSize(mss) => prop_assert_eq!(ours.mss, Some(mss)),
            Option::WindowScale(scale) => prop_assert_eq!(ours.window_scale, Some(scale)),
            Option::Timestamp(a, b) => prop_assert_eq!(ours.timestamps, Some((a, b))),
            _ => {}
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn built_frames_are_read_as_built(choice in choice()) {
        let frame = build(&choice);
        let packet = fuzz::check_frame(&ethernet(&frame, frame.len()));
        prop_assert_eq!(packet.malformed, None);
        prop_assert_eq!(usize::from(packet.link.vlan_tags), choice.tags.len());
        prop_assert!(packet.link.vlan.iter().zip(&choice.tags).all(|(ours, tag)| ours == tag));
        let ip = ip(&packet);
        prop_assert_eq!(ip.payload, choice.payload.as_slice());
        prop_assert_eq!(usize::try_from(ip.payload_len).unwrap(), choice.payload.len());
        if let Transport::Icmp(icmp) = ip.transport {
            prop_assert!(icmp.is_echo_request());
            prop_assert_eq!((icmp.id, icmp.seq), choice.ports);
        }
        compare(&frame)?;
    }

    #[test]
    fn damaged_frames_are_read_alike(
        choice in choice(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut frame = build(&choice);
        for (at, value) in damage {
            let at = at.index(frame.len().min(80));
            frame[at] = value;
        }
        fuzz::decode_every_link(&frame);
        compare_if_plain(&frame)?;
    }

    #[test]
    fn cut_frames_say_whose_fault_it_is(choice in choice(), at in any::<prop::sample::Index>()) {
        let frame = build(&choice);
        let len = at.index(frame.len());
        let cut = &frame[..len];
        // The capture cut it: never the sender's fault.
        let note = fuzz::check_frame(&ethernet(cut, frame.len())).malformed;
        prop_assert!(note.is_none_or(is_snapped), "{note:?}");
        // The sender sent no more: never the capture's fault.
        let note = fuzz::check_frame(&ethernet(cut, len)).malformed;
        prop_assert!(!note.is_some_and(is_snapped), "{note:?}");
        if len + choice.padding < frame.len() {
            prop_assert!(note.is_some());
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(data in prop::collection::vec(any::<u8>(), 0..300)) {
        fuzz::decode_every_link(&data);
        fuzz::defragment(&data);
    }
}

fn is_snapped(note: Malformed) -> bool {
    note.kind == MalformedKind::Snapped
}

/// Compares damaged frames unless the damage led one of us into a tunnel or another type.
fn compare_if_plain(frame: &[u8]) -> Result<(), TestCaseError> {
    let ours = fuzz::check_frame(&ethernet(frame, frame.len()));
    match ours.body {
        Body::Ip(ip) if ip.tunnel.is_none() && ours.malformed.is_none() => compare(frame),
        _ => Ok(()),
    }
}
