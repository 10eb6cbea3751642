//! What is written is read back the same.

use anomalyzer_capture::{InterfaceSpec, PcapWriter, PcapngWriter, SNAPLEN_MAX};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use proptest::prelude::*;

use crate::support::{Frame, read};

fn raw(frame: &Frame) -> RawFrame<'_> {
    let Frame { nanos, link, orig_len, ref data } = *frame;
    RawFrame { time: Timestamp::from_nanos(nanos), link, orig_len, data }
}

fn frames() -> impl Strategy<Value = Vec<Frame>> {
    let link = prop_oneof![Just(LinkType::ETHERNET), Just(LinkType::RAW), Just(LinkType(999))];
    let frame = (0..i64::MAX, link, 0..3_000_u32, prop::collection::vec(any::<u8>(), 0..300));
    let frame = frame.prop_map(|(nanos, link, more, data)| Frame {
        nanos,
        link,
        orig_len: data.len() as u32 + more,
        data,
    });
    prop::collection::vec(frame, 0..30)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pcapng_gives_back_every_frame(frames in frames()) {
        let mut writer = PcapngWriter::new(Vec::new(), "test").unwrap();
        for frame in &frames {
            writer.write(&raw(frame)).unwrap();
        }
        let readout = read(&writer.finish().unwrap());
        prop_assert!(readout.error.is_none());
        prop_assert_eq!(readout.frames, frames);
    }

    #[test]
    fn pcap_gives_back_every_frame(mut frames in frames()) {
        for frame in &mut frames {
            frame.nanos %= i64::from(u32::MAX) * 1_000_000_000;
            frame.link = LinkType::RAW;
        }
        let mut writer = PcapWriter::new(Vec::new(), LinkType::RAW, 0).unwrap();
        for frame in &frames {
            writer.write(&raw(frame)).unwrap();
        }
        let readout = read(&writer.finish().unwrap());
        prop_assert!(readout.error.is_none());
        prop_assert_eq!(readout.frames, frames);
    }
}

#[test]
fn pcapng_keeps_names_comments_and_snap_lengths() {
    let mut writer = PcapngWriter::new(Vec::new(), "anomalyzer").unwrap();
    let spec =
        InterfaceSpec { link: LinkType::RAW, snaplen: 4, name: "tun0", description: "a tunnel" };
    let tunnel = writer.add_interface(&spec).unwrap();
    let frame = Frame { nanos: 7, link: LinkType::RAW, orig_len: 6, data: b"abcdef".to_vec() };
    writer.write_to(tunnel, &raw(&frame), "alert 12").unwrap();
    let bytes = writer.finish().unwrap();
    assert!(bytes.windows(8).any(|window| window == b"alert 12"));
    let readout = read(&bytes);
    assert_eq!(readout.frames, [Frame { data: b"abcd".to_vec(), ..frame }]);
    let interface = &readout.info.interfaces[0];
    assert_eq!((interface.name.as_bytes(), interface.snaplen), (&b"tun0"[..], 4));
    assert_eq!(interface.description.as_bytes(), b"a tunnel");
}

#[test]
fn writers_refuse_what_the_file_has_no_place_for() {
    let frame = Frame { nanos: 0, link: LinkType::RAW, orig_len: 1, data: vec![1] };
    let mut pcap = PcapWriter::new(Vec::new(), LinkType::ETHERNET, 0).unwrap();
    let words = pcap.write(&raw(&frame)).unwrap_err().to_string();
    assert_eq!(words, "a pcap file of ETHERNET cannot hold a frame of RAW");
    let mut pcapng = PcapngWriter::new(Vec::new(), "").unwrap();
    assert!(pcapng.write_to(0, &raw(&frame), "").is_err());
    let ethernet =
        InterfaceSpec { link: LinkType::ETHERNET, snaplen: 0, name: "", description: "" };
    let number = pcapng.add_interface(&ethernet).unwrap();
    assert!(pcapng.write_to(number, &raw(&frame), "").is_err());
}

#[test]
fn times_and_lengths_that_do_not_fit_become_the_nearest() {
    let frame = |nanos| Frame { nanos, link: LinkType::RAW, orig_len: 0, data: vec![1, 2] };
    let mut pcap = PcapWriter::new(Vec::new(), LinkType::RAW, 0).unwrap();
    let mut pcapng = PcapngWriter::new(Vec::new(), "").unwrap();
    for nanos in [-1, i64::MIN, i64::MAX] {
        pcap.write(&raw(&frame(nanos))).unwrap();
        pcapng.write(&raw(&frame(nanos))).unwrap();
    }
    let times = |bytes: &[u8]| -> Vec<i64> {
        let frames = read(bytes).frames;
        assert!(frames.iter().all(|frame| frame.orig_len == 2));
        frames.iter().map(|frame| frame.nanos).collect()
    };
    let latest = i64::from(u32::MAX) * 1_000_000_000 + 999_999_999;
    assert_eq!(times(&pcap.finish().unwrap()), [0, 0, latest]);
    assert_eq!(times(&pcapng.finish().unwrap()), [0, 0, i64::MAX]);
}

#[test]
fn frames_are_cut_to_the_most_that_is_written() {
    let data = vec![3; SNAPLEN_MAX as usize + 9];
    let frame = Frame { nanos: 0, link: LinkType::RAW, orig_len: 0, data };
    let mut pcap = PcapWriter::new(Vec::new(), LinkType::RAW, u32::MAX).unwrap();
    pcap.write(&raw(&frame)).unwrap();
    let frames = read(&pcap.finish().unwrap()).frames;
    assert_eq!(frames[0].data.len(), SNAPLEN_MAX as usize);
    assert_eq!(frames[0].orig_len, SNAPLEN_MAX + 9);
}
