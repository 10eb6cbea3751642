//! Files, compressed files and their limits.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use anomalyzer_capture::{
    CaptureFile, CaptureReader, Compression, Limits, OpenError, Progress, fuzz,
};
use flate2::write::GzEncoder;
use proptest::prelude::*;

use crate::support::{Order, Readout, collect};

/// A file that is removed in the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str, bytes: &[u8]) -> Self {
        let name = format!("anomalyzer-capture-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, bytes).unwrap();
        Self(path)
    }

    fn open(&self, limits: &Limits) -> Result<CaptureFile, OpenError> {
        CaptureFile::open(&self.0, limits)
    }

    fn read(&self, limits: &Limits) -> Readout {
        collect(self.open(limits).unwrap())
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A pcap of 5,000 packets of bytes that do not compress well.
fn sample() -> Vec<u8> {
    sample_of(5_000)
}

fn sample_of(packets: u32) -> Vec<u8> {
    let mut bytes = Order::Little.pcap_header(0xa1b2c3d4, 0, 1);
    let mut state = 1_u32;
    for i in 0..packets {
        let data: Vec<u8> = (0..100)
            .map(|_| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (state >> 24) as u8
            })
            .collect();
        bytes.extend(Order::Little.pcap_record([i, 0], 100, &data));
    }
    bytes
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn compression_is_told_by_content() {
    let plain = sample();
    let (front, back) = plain.split_at(30_001);
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3][..], &zstd(&plain)].concat();
    let cases = [
        (plain.clone(), Compression::None),
        (gzip(&plain), Compression::Gzip),
        ([gzip(front), gzip(back)].concat(), Compression::Gzip),
        (zstd(&plain), Compression::Zstd),
        ([zstd(front), zstd(back)].concat(), Compression::Zstd),
        (skippable, Compression::Zstd),
    ];
    for (i, (bytes, compression)) in cases.into_iter().enumerate() {
        let file = Scratch::new(&format!("content-{i}.txt"), &bytes);
        let mut reader = file.open(&Limits::default()).unwrap();
        while reader.next_frame().unwrap().is_some() {}
        let size = bytes.len() as u64;
        assert_eq!(reader.progress(), Progress { read: size, total: Some(size) });
        let info = reader.info();
        assert_eq!((info.packets, info.compression), (5_000, compression), "case {i}");
        assert_eq!(info.bytes, plain.len() as u64);
    }
}

#[test]
fn a_cut_compressed_file_gives_its_whole_packets_and_an_error() {
    for (name, packed) in [("cut.gz", gzip(&sample())), ("cut.zst", zstd(&sample()))] {
        let size = packed.len();
        let mut most = 0;
        for len in (size / 2..size).step_by(size / 40).chain([size - 1]) {
            let readout = Scratch::new(name, &packed[..len]).read(&Limits::default());
            let error = readout.error.expect("a cut stream is an error");
            assert!(error.damage().is_cut(), "{name} at {len}: {error}");
            assert_eq!(error.packet(), readout.frames.len() as u64 + 1);
            most = most.max(readout.frames.len());
        }
        assert!(most > 3_000, "{name}: {most}");
    }
}

#[test]
fn a_damaged_compressed_file_is_told_from_a_cut_one() {
    for (name, mut packed) in [("bad.gz", gzip(&sample())), ("bad.zst", zstd(&sample()))] {
        let middle = packed.len() / 2;
        packed[middle..middle + 64].fill(0xff);
        let readout = Scratch::new(name, &packed).read(&Limits::default());
        let error = readout.error.expect("a damaged stream is an error");
        assert!(!error.damage().is_cut(), "{name}: {error}");
    }
    let file = Scratch::new("short.gz", &gzip(&sample())[..5]);
    let error = file.open(&Limits::default()).unwrap_err().to_string();
    assert!(
        error.contains("cannot be decompressed: the compressed stream ends too early"),
        "{error}"
    );
}

#[test]
fn what_a_file_unpacks_to_is_limited() {
    let plain = sample();
    let size = plain.len() as u64;
    for (name, packed) in [("bomb.gz", gzip(&plain)), ("bomb.zst", zstd(&plain))] {
        let file = Scratch::new(name, &packed);
        let within = file.read(&Limits { max_decompressed: size, ..Limits::default() });
        assert!(within.error.is_none(), "{:?}", within.error);
        let beyond = file.read(&Limits { max_decompressed: size - 1, ..Limits::default() });
        assert_eq!(beyond.frames.len(), 4_999);
        let words = beyond.error.unwrap().to_string();
        assert!(words.contains("the file unpacks to more than 580,023 bytes; raise"), "{words}");
    }
}

#[test]
fn packets_come_out_of_a_pipe_as_they_go_in() {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let order = Order::Little;
    writer.write_all(&order.pcap_header(0xa1b2c3d4, 0, 1)).unwrap();
    let mut capture = CaptureReader::new(reader, &Limits::default()).unwrap();
    for data in [&b"first"[..], b"second"] {
        // With the writer still open, a reader that waits for a full buffer would hang here.
        writer.write_all(&order.pcap_record([1, 0], 9, data)).unwrap();
        assert_eq!(capture.next_frame().unwrap().unwrap().data, data);
    }
    writer.write_all(&order.pcap_record([1, 0], 9, b"third")[..20]).unwrap();
    drop(writer);
    assert!(capture.next_frame().unwrap_err().damage().is_cut());
}

/// Runs itself with a compressed capture as its standard input.
#[test]
fn a_dash_is_standard_input() {
    const CHILD: &str = "ANOMALYZER_TEST_STDIN";
    if std::env::var_os(CHILD).is_some() {
        let readout = collect(CaptureFile::open("-".as_ref(), &Limits::default()).unwrap());
        assert_eq!((readout.frames.len(), readout.info.compression), (5_000, Compression::Gzip));
        return;
    }
    let file = Scratch::new("stdin", &gzip(&sample()));
    let child = Command::new("/proc/self/exe")
        .args(["--exact", "packed::a_dash_is_standard_input"])
        .env(CHILD, "1")
        .stdin(File::open(&file.0).unwrap())
        .output()
        .unwrap();
    let output = String::from_utf8_lossy(&child.stdout);
    assert!(child.status.success() && output.contains("1 passed"), "{output}");
}

#[test]
fn what_cannot_be_opened_is_named() {
    let check = |path: &str, words: &str| {
        let error = CaptureFile::open(path.as_ref(), &Limits::default()).unwrap_err().to_string();
        assert!(error.starts_with(&format!("{path}: cannot be read: ")), "{error}");
        assert!(error.contains(words), "{error}");
    };
    check("/nowhere/at/all.pcap", "No such file");
    check("/", "is a directory");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_compressed_captures_never_panic(
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        keep in any::<prop::sample::Index>(),
    ) {
        let plain = sample_of(80);
        for mut packed in [gzip(&plain), zstd(&plain)] {
            for (at, value) in &hits {
                *at.get_mut(&mut packed) = *value;
            }
            fuzz::capture_file(&packed);
            fuzz::capture_file(&packed[..keep.index(packed.len())]);
        }
    }
}
