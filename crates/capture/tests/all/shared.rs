//! Real and odd captures, where they are at hand: `ANOMALYZER_DATA`, or `../shared/data` beside
//! the repository. Without them these tests say so and pass.

use std::fs;
use std::path::{Path, PathBuf};

use anomalyzer_capture::{CaptureFile, CaptureReader, Limits, fuzz};

use crate::support::{collect, try_read};

/// The folder of captures, if there is one.
pub fn captures() -> Option<PathBuf> {
    let root = match std::env::var_os("ANOMALYZER_DATA") {
        Some(root) => PathBuf::from(root),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
    };
    let folder = root.join("pcap");
    if folder.is_dir() {
        return Some(folder);
    }
    eprintln!("skipped: no captures in {}", folder.display());
    None
}

/// All files below a folder, in order.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// Names and contents of the plain files of a tar archive.
fn untar(mut archive: &[u8]) -> Vec<(String, &[u8])> {
    let mut entries = Vec::new();
    while let Some((header, rest)) = archive.split_at_checked(512) {
        let text = |range: std::ops::Range<usize>| {
            let field = header[range].split(|byte| *byte == 0).next().unwrap_or_default();
            String::from_utf8_lossy(field).trim().to_owned()
        };
        let Ok(size) = usize::from_str_radix(&text(124..136), 8) else {
            break;
        };
        if matches!(header[156], b'0' | 0) {
            entries.push((text(0..100), &rest[..size]));
        }
        archive = &rest[size.next_multiple_of(512)..];
    }
    entries
}

#[test]
fn packet_counts_of_odd_captures_are_as_expected() {
    let Some(folder) = captures() else {
        return;
    };
    let folder = folder.join("odd");
    let table = fs::read_to_string(folder.join("expected.csv")).unwrap();
    let mut archives: Vec<(String, Vec<u8>)> = Vec::new();
    let mut checked = 0;
    for line in table.lines().skip(1) {
        let mut columns = line.splitn(5, ',');
        let (name, expected) = (columns.next().unwrap(), columns.nth(2).unwrap());
        let cut = line.contains("cut short");
        let path = folder.join(name);
        let readout = if path.exists() {
            collect(CaptureFile::open(&path, &Limits::default()).unwrap())
        } else {
            if archives.is_empty() {
                archives = archived(&folder);
            }
            let (_, bytes) = archives.iter().find(|(entry, _)| entry == name).unwrap();
            try_read(&bytes[..]).unwrap()
        };
        // The expectation counts custom blocks as packets.
        let packets = readout.info.packets + readout.info.custom_blocks;
        assert_eq!(packets.to_string(), expected, "{name}");
        assert_eq!(readout.error.is_some(), cut, "{name}: {:?}", readout.error);
        checked += 1;
    }
    eprintln!("{checked} files have the expected number of packets");
    assert!(checked > 100);
}

/// All files in the archives of a folder, by their last name.
fn archived(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut paths = Vec::new();
    files(folder, &mut paths);
    let mut found = Vec::new();
    for path in paths.iter().filter(|path| path.to_string_lossy().ends_with(".tar.zst")) {
        let archive = zstd::decode_all(fs::File::open(path).unwrap()).unwrap();
        for (name, bytes) in untar(&archive) {
            let name = name.rsplit('/').next().unwrap_or_default().to_owned();
            found.push((name, bytes.to_vec()));
        }
    }
    found
}

#[test]
fn archived_files_never_panic() {
    let Some(folder) = captures() else {
        return;
    };
    let archived = archived(&folder);
    let outcomes = archived.iter().map(|(_, bytes)| fuzz::capture_file(bytes));
    let whole = outcomes.filter(|outcome| !outcome.failed).count();
    eprintln!("{whole} of {} archived files are captures without damage", archived.len());
    assert!(whole > 100);
}

#[test]
fn captures_cut_anywhere_give_their_whole_packets() {
    const FILES: usize = 20;
    const CUTS: usize = 500;
    let Some(folder) = captures() else {
        return;
    };
    let mut paths = Vec::new();
    files(&folder, &mut paths);
    paths.retain(|path| {
        path.extension().is_some_and(|extension| extension == "pcap" || extension == "pcapng")
            && fs::metadata(path).unwrap().len() < 300_000
    });
    let mut cuts = 0;
    for path in paths.iter().step_by((paths.len() / FILES).max(1)).take(FILES) {
        let bytes = fs::read(path).unwrap();
        let ends = record_ends(&bytes);
        for i in 0..CUTS {
            check_cut(path, &bytes, &ends, i * bytes.len() / CUTS);
            cuts += 1;
        }
    }
    assert_eq!(cuts, FILES * CUTS);
}

/// The offsets at which packets end.
fn record_ends(bytes: &[u8]) -> Vec<u64> {
    let Ok(mut reader) = CaptureReader::new(bytes, &Limits::default()) else {
        return Vec::new();
    };
    let mut ends = Vec::new();
    while let Ok(Some(_)) = reader.next_frame() {
        ends.push(reader.offset());
    }
    ends
}

fn check_cut(path: &Path, bytes: &[u8], ends: &[u64], cut: usize) {
    let packets = ends.iter().filter(|end| **end <= cut as u64).count();
    match try_read(&bytes[..cut]) {
        Ok(readout) => {
            assert_eq!(readout.frames.len(), packets, "{} cut at {cut}", path.display());
            if let Some(error) = readout.error {
                assert_eq!(error.packet(), packets as u64 + 1);
            }
        }
        Err(error) => assert!(packets == 0, "{} cut at {cut}: {error}", path.display()),
    }
}
