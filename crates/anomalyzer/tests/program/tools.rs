//! Helpers: the program, captures made by scenarios, and folders that clean up.

use anomalyzer_capture::{InterfaceSpec, PcapWriter, PcapngWriter, SNAPLEN_MAX};
use anomalyzer_scenario::{AttackKind, Frame, Plan, generate};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use assert_cmd::Command;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

/// The program, without the settings of whoever runs the tests.
pub(crate) fn anomalyzer() -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("anomalyzer"));
    let ours = std::env::vars_os().map(|(name, _)| name);
    for name in ours.filter(|n| n.to_string_lossy().starts_with("ANOMALYZER_")) {
        command.env_remove(name);
    }
    command.env_remove("NO_COLOR").env_remove("COLUMNS").env("LC_ALL", "C.UTF-8");
    command
}

/// Runs with arguments.
pub(crate) fn run<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    anomalyzer().args(args).output().unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// NDJSON as values.
pub(crate) fn json(output: &Output) -> Vec<serde_json::Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// A folder with captures.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// An office with a port scan, as a capture.
    pub(crate) fn office(&self) -> PathBuf {
        self.write("office.pcapng", &pcapng(&office()))
    }
}

/// Two minutes of an office with a port scan in the middle.
pub(crate) fn office() -> Vec<Frame> {
    generate(&Plan::office(11, 2).with(AttackKind::PortScanSyn)).collect()
}

pub(crate) fn pcapng(frames: &[Frame]) -> Vec<u8> {
    let mut writer = PcapngWriter::new(Vec::new(), "tests").unwrap();
    let spec =
        InterfaceSpec { link: LinkType::ETHERNET, snaplen: SNAPLEN_MAX, name: "", description: "" };
    writer.add_interface(&spec).unwrap();
    for frame in frames {
        writer.write(&frame.raw()).unwrap();
    }
    writer.finish().unwrap()
}

pub(crate) fn pcap(frames: &[Frame]) -> Vec<u8> {
    let mut writer = PcapWriter::new(Vec::new(), LinkType::ETHERNET, SNAPLEN_MAX).unwrap();
    for frame in frames {
        writer.write(&frame.raw()).unwrap();
    }
    writer.finish().unwrap()
}

/// A frame made of bytes.
pub(crate) fn frame(seconds: i64, data: Vec<u8>) -> Frame {
    Frame { time: Timestamp::from_secs_nanos(1_760_000_000 + seconds, 0), data, label: 0 }
}

/// Length of a frame's record in a pcap file.
pub(crate) fn record_len(frame: &RawFrame<'_>) -> usize {
    16 + frame.data.len()
}

/// The folder of real captures, when it is there.
pub(crate) fn data() -> Option<PathBuf> {
    let named = std::env::var_os("ANOMALYZER_DATA").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = named.unwrap_or(beside);
    let there = folder.join("truth.csv").is_file();
    if !there {
        println!("skipped: no real captures in {}", folder.display());
    }
    there.then_some(folder)
}
