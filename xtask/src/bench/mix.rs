//! One large capture out of the benign ones, for measurements.
//!
//! Every round repeats the first ten minutes of all Ethernet captures at once, with later times and
//! other IPv4 addresses: the third octet is shifted, and checksums are kept valid by incremental
//! update (RFC 1624), so the number of flows grows with the size.

use anomalyzer_capture::{CaptureFile, Limits, PcapWriter, SNAPLEN_MAX};
use anomalyzer_wire::{LinkType, RawFrame, Timestamp};
use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

/// Length of a round in nanoseconds: ten minutes.
const ROUND_NANOS: i64 = 600_000_000_000;
/// When the first round begins.
const START: Timestamp = Timestamp::from_secs_nanos(1_700_000_000, 0);
/// Captures that are left out: not benign in their mix, or too large a share of DNS.
const LEFT_OUT: [&str; 2] = ["gnutella", "dns_normal_2"];
const ETHERNET_HEADER: usize = 14;

/// A frame and its time since its capture's first.
struct Kept {
    after: i64,
    data: Vec<u8>,
}

/// Writes `packets` packets into `out`.
pub(super) fn write(folder: &Path, out: &Path, packets: u64) -> Result<(), String> {
    let mut kept = Vec::new();
    for path in captures(folder)? {
        read(&path, &mut kept)?;
    }
    if kept.is_empty() {
        return Err(format!("no Ethernet captures in {}", folder.display()));
    }
    kept.sort_by_key(|k| k.after);
    if let Some(parent) = out.parent() {
        std::fs::create_dir_all(parent).map_err(|e| e.to_string())?;
    }
    let file = File::create(out).map_err(|e| format!("{}: {e}", out.display()))?;
    let writer = PcapWriter::new(BufWriter::new(file), LinkType::ETHERNET, SNAPLEN_MAX);
    let mut writer = writer.map_err(|e| e.to_string())?;
    let rounds = (0..=u8::MAX).cycle().zip(0_i64..);
    let frames = rounds.flat_map(|(shift, round)| kept.iter().map(move |k| (shift, round, k)));
    let count = usize::try_from(packets).map_err(|e| e.to_string())?;
    for (shift, round, frame) in frames.take(count) {
        let mut data = frame.data.clone();
        shift_addresses(&mut data, shift);
        let time = START.plus_nanos(round * ROUND_NANOS + frame.after);
        let orig_len = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let raw = RawFrame { time, link: LinkType::ETHERNET, orig_len, data: &data };
        writer.write(&raw).map_err(|e| e.to_string())?;
    }
    writer.finish().map(|_| ()).map_err(|e| e.to_string())
}

fn captures(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let wanted = |path: &PathBuf| {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        name.contains(".pcap") && !LEFT_OUT.iter().any(|word| name.contains(word))
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|e| e.path()).filter(wanted).collect();
    paths.sort();
    Ok(paths)
}

/// Keeps the first ten minutes of a capture; one that ends early gives what it has.
fn read(path: &Path, kept: &mut Vec<Kept>) -> Result<(), String> {
    let mut file = CaptureFile::open(path, &Limits::default()).map_err(|e| e.to_string())?;
    let mut first = None;
    while let Ok(Some(frame)) = file.next_frame() {
        if frame.link != LinkType::ETHERNET {
            continue;
        }
        let after = frame.time.since(*first.get_or_insert(frame.time));
        if (0..ROUND_NANOS).contains(&after) {
            kept.push(Kept { after, data: frame.data.to_vec() });
        }
    }
    Ok(())
}

/// Adds `shift` to the third octet of both addresses of an IPv4 frame and mends the checksums.
fn shift_addresses(frame: &mut [u8], shift: u8) {
    let Some((link, ip)) = frame.split_at_mut_checked(ETHERNET_HEADER) else { return };
    if shift == 0 || ip.len() < 20 || link.get(12..14) != Some(&[8, 0]) {
        return;
    }
    let delta: u32 = [12, 16].into_iter().map(|at| shift_one(ip, at, shift)).sum();
    mend(ip, 10, delta);
    let header = usize::from(ip.first().map_or(0, |b| b & 15)) * 4;
    let first_fragment = word(ip, 6).is_some_and(|w| w.trailing_zeros() >= 13);
    match ip.get(9) {
        Some(6) if first_fragment => mend(ip, header + 16, delta),
        Some(17) if first_fragment && word(ip, header + 6) != Some(0) => {
            mend(ip, header + 6, delta);
        }
        _ => {}
    }
}

/// Shifts one address; answers new minus old as a sum of 16-bit words in ones' complement.
fn shift_one(ip: &mut [u8], at: usize, shift: u8) -> u32 {
    let Some(&mut [a, b, ref mut c, d]) = ip.get_mut(at..at + 4) else { return 0 };
    if a >= 224 || a == 127 || [a, b, *c, d] == [0; 4] {
        return 0;
    }
    let old = u16::from_be_bytes([*c, d]);
    *c = c.wrapping_add(shift);
    u32::from(u16::from_be_bytes([*c, d])) + u32::from(!old)
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|w| u16::from_be_bytes(*w))
}

/// Updates the checksum at `at` for a change of `delta`.
fn mend(ip: &mut [u8], at: usize, delta: u32) {
    let Some(old) = word(ip, at) else { return };
    let mut sum = u32::from(!old) + delta;
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    #[allow(clippy::cast_possible_truncation)] // folded above
    let new = !(sum as u16);
    if let Some(slot) = ip.get_mut(at..at + 2) {
        slot.copy_from_slice(&new.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_scenario::{Plan, generate};

    /// Ones' complement sum over the IPv4 header; 0xffff when the checksum is right.
    fn header_sum(frame: &[u8]) -> u32 {
        let mut sum: u32 =
            frame[14..34].chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(w[1])).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum
    }

    /// The same over the pseudo header and the segment.
    fn segment_sum(frame: &[u8]) -> u32 {
        let ip = &frame[14..];
        let len = usize::from(word(ip, 2).unwrap()) - 20;
        let mut bytes = ip[12..20].to_vec();
        bytes.extend([0, ip[9]]);
        bytes.extend(u16::try_from(len).unwrap().to_be_bytes());
        bytes.extend(&ip[20..20 + len]);
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        let mut sum: u32 = bytes.chunks(2).map(|w| u32::from(w[0]) << 8 | u32::from(w[1])).sum();
        while sum > 0xffff {
            sum = (sum & 0xffff) + (sum >> 16);
        }
        sum
    }

    #[test]
    fn checksums_stay_valid() {
        let frames = generate(&Plan::office(1, 1)).take(3_000);
        let mut seen = [0; 2];
        for mut data in frames.map(|f| f.data) {
            let plain = data[12..14] == [8, 0] && data[14] == 0x45;
            let fragment = plain && word(&data, 20).unwrap() & 0x3fff != 0;
            if !plain || fragment || !matches!(data[23], 6 | 17) || header_sum(&data) != 0xffff {
                continue;
            }
            let before = segment_sum(&data);
            let old = data.clone();
            shift_addresses(&mut data, 77);
            assert_eq!(header_sum(&data), 0xffff);
            assert_eq!(segment_sum(&data), before);
            seen[usize::from(old != data)] += 1;
        }
        assert!(seen[1] > 500, "{seen:?}");
    }
}
