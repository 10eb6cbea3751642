//! Odd captures through the whole program: fuzzed, cut, of other byte orders and link types, with
//! headers that lie. None may crash it or take long, and none may lose packets.

use crate::support::{analyze, captures, lines};
use anomalyzer_capture::{CaptureFile, Limits};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Of the files in archives, each how manieth is tried.
const SAMPLE: usize = 10;
/// Longest time for one file, process start included.
const LONGEST: Duration = Duration::from_secs(2);

/// What is known of a file.
struct Expected {
    /// Packets, custom blocks counted as such.
    packets: u64,
    /// The file ends within a packet.
    cut: bool,
}

fn expectations(folder: &Path) -> BTreeMap<String, Expected> {
    let table = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let rows = table.lines().skip(1).map(|line| {
        let mut columns = line.split(',');
        let name = columns.next().unwrap().to_owned();
        let packets = columns.nth(2).unwrap().parse().expect(line);
        (name, Expected { packets, cut: line.contains("cut short") })
    });
    rows.collect()
}

/// Packets and custom blocks as the reader alone counts them; `None` when it is no capture.
fn read(path: &Path) -> Option<[u64; 2]> {
    let mut file = CaptureFile::open(path, &Limits::default()).ok()?;
    while let Ok(Some(_)) = file.next_frame() {}
    let info = file.info();
    Some([info.packets, info.custom_blocks])
}

/// Runs the program on a file. Of a file without expectation it must count what the reader reads.
#[allow(clippy::disallowed_methods)] // the wall clock is what is tested
fn check(path: &Path, expected: Option<&Expected>) {
    let name = path.display();
    let start = Instant::now();
    let output = analyze("summary", path);
    let took = start.elapsed();
    let errors = String::from_utf8_lossy(&output.stderr);
    let code = output.status.code();
    assert!(!errors.contains("internal error") && !errors.contains("panicked"), "{name}: {errors}");
    assert!(took <= LONGEST, "{name}: {took:?}");
    let Some([packets, custom_blocks]) = read(path) else {
        assert!(expected.is_none() && code == Some(4), "{name}: {output:?}");
        return;
    };
    assert_eq!(lines(&output)[0]["packets"], packets, "{name}");
    let Some(expected) = expected else {
        assert!(matches!(code, Some(0 | 3)), "{name}: {output:?}");
        return;
    };
    assert_eq!(code, Some(if expected.cut { 3 } else { 0 }), "{name}: {errors}");
    // The expectation counts custom blocks as packets; the program does not.
    assert_eq!(packets + custom_blocks, expected.packets, "{name}");
}

/// The files of a folder, without the folders in it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
    files.sort();
    files
}

fn is_archive(path: &Path) -> bool {
    path.to_string_lossy().ends_with(".tar.zst")
}

#[test]
fn odd_captures_are_read_to_the_end() {
    let Some(folder) = captures() else { return };
    let folder = folder.join("odd");
    let expected = expectations(&folder);
    let mut known = 0;
    for path in files(&folder) {
        let name = path.file_name().unwrap().to_str().unwrap();
        if is_archive(&path) || name == "expected.csv" {
            continue;
        }
        check(&path, expected.get(name));
        known += usize::from(expected.contains_key(name));
    }
    assert!(known > 300, "{known} files with expectation");
}

#[test]
fn odd_captures_in_archives_are_read_to_the_end() {
    let Some(folder) = captures() else { return };
    let folder = folder.join("odd");
    let scratch = tempfile::tempdir().unwrap();
    let mut tried = 0;
    for archive in files(&folder).iter().filter(|path| is_archive(path)) {
        let archive = zstd::decode_all(fs::File::open(archive).unwrap()).unwrap();
        for (name, bytes) in untar(&archive).iter().step_by(SAMPLE) {
            let name = name.rsplit('/').next().unwrap();
            let path = scratch.path().join(name);
            fs::write(&path, bytes).unwrap();
            check(&path, None);
            tried += 1;
        }
    }
    assert!(tried > 100, "{tried} files");
}

/// Names and contents of the plain files of a tar archive (POSIX ustar: blocks of 512 bytes).
fn untar(mut archive: &[u8]) -> Vec<(String, &[u8])> {
    let mut entries = Vec::new();
    while let Some((header, rest)) = archive.split_at_checked(512) {
        let field = |range: std::ops::Range<usize>| {
            let bytes = header[range].split(|byte| *byte == 0).next().unwrap();
            String::from_utf8_lossy(bytes).trim().to_owned()
        };
        let Ok(size) = usize::from_str_radix(&field(124..136), 8) else { break };
        if matches!(header[156], b'0' | 0) {
            entries.push((field(0..100), &rest[..size]));
        }
        archive = &rest[size.next_multiple_of(512)..];
    }
    entries
}
