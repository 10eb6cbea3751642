//! Files of evidence: `DIR/evidence/SOURCE/ALERT.pcapng`, for the owner's eyes only.

use super::pick::Picked;
use anomalyzer_capture::{CaptureFile, Limits, PcapngWriter};
use anomalyzer_store::SourceId;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Most bytes of a file.
const FILE_BYTES_MAX: usize = 128 << 10;
/// Most packets of a file.
const PACKETS_MAX: usize = 200;
/// Bytes that a packet takes beside its data, at most.
const BLOCK_BYTES: usize = 36;

/// The folder of a source.
pub(super) fn folder(dir: &Path, source: SourceId) -> PathBuf {
    dir.join("evidence").join(source.0.to_string())
}

/// The file of an alert. Ids are made by the engine, but this one may come from a browser.
fn path(folder: &Path, alert: &str) -> Option<PathBuf> {
    let plain = !alert.is_empty()
        && alert.len() <= 64
        && alert.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    plain.then(|| folder.join(format!("{alert}.pcapng")))
}

/// Keeps the packets of an alert, beside those that are kept of it already.
pub(super) fn write(folder: &Path, alert: &str, mut packets: Vec<Picked>) -> io::Result<()> {
    let Some(path) = path(folder, alert) else { return Ok(()) };
    packets.extend(read(folder, alert).unwrap_or_default());
    packets.sort();
    packets.dedup();
    let bytes = pcapng(&thinned(packets))?;
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let beside = path.with_extension("new");
    let mut file =
        OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&beside)?;
    let written = file.write_all(&bytes).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}

/// The first and the last ones, when there are too many.
fn thinned(mut packets: Vec<Picked>) -> Vec<Picked> {
    if packets.len() > PACKETS_MAX {
        let last = packets.split_off(packets.len() - PACKETS_MAX / 2);
        packets.truncate(PACKETS_MAX / 2);
        packets.extend(last);
    }
    packets
}

fn pcapng(packets: &[Picked]) -> io::Result<Vec<u8>> {
    let application = concat!("anomalyzer ", env!("CARGO_PKG_VERSION"));
    let mut writer = PcapngWriter::new(Vec::new(), application)?;
    let mut room = FILE_BYTES_MAX - 1_024;
    for packet in packets {
        let Some(left) = room.checked_sub(packet.data.len() + BLOCK_BYTES) else { break };
        room = left;
        writer.write(&packet.frame())?;
    }
    writer.finish()
}

/// The packets of an alert; none when there is no file. The error is a sentence.
pub(super) fn read(folder: &Path, alert: &str) -> Result<Vec<Picked>, String> {
    let Some(path) = path(folder, alert).filter(|path| path.exists()) else {
        return Ok(Vec::new());
    };
    let mut file = CaptureFile::open(&path, &Limits::default()).map_err(|e| e.to_string())?;
    let mut packets = Vec::new();
    while let Some(frame) = file.next_frame().map_err(|e| e.to_string())? {
        packets.push(Picked::new(&frame, true));
        if packets.len() >= PACKETS_MAX {
            break;
        }
    }
    Ok(packets)
}

/// The file of an alert as it is.
pub(super) fn bytes(folder: &Path, alert: &str) -> Result<Option<Vec<u8>>, String> {
    let Some(path) = path(folder, alert) else { return Ok(None) };
    let mut bytes = Vec::new();
    let read = fs::File::open(path)
        .and_then(|file| file.take(2 * FILE_BYTES_MAX as u64).read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(Some(bytes)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(format!("the packets of alert {alert} cannot be read: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anomalyzer_wire::{LinkType, Timestamp};

    fn packet(n: u16, len: usize) -> Picked {
        let time = Timestamp::from_nanos(i64::from(n));
        Picked {
            time,
            link: LinkType::ETHERNET,
            orig_len: 1_500,
            data: vec![n.to_be_bytes()[1]; len],
        }
    }

    #[test]
    fn files_are_bounded_and_grow_at_both_ends() {
        let dir = tempfile::tempdir().unwrap();
        let folder = folder(dir.path(), SourceId(3));
        write(&folder, "a1", (0..150).map(|n| packet(n, 512)).collect()).unwrap();
        write(&folder, "a1", (100..400).map(|n| packet(n, 512)).collect()).unwrap();
        let times: Vec<i64> = read(&folder, "a1").unwrap().iter().map(|p| p.time.nanos()).collect();
        assert_eq!(times, (0..100).chain(300..400).collect::<Vec<i64>>());
        assert!(bytes(&folder, "a1").unwrap().unwrap().len() <= FILE_BYTES_MAX);
        assert_eq!(bytes(&folder, "none"), Ok(None));
        assert!(read(&folder, "none").unwrap().is_empty());
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        for alert in ["", "../a", "a/b", ".", "a\0b", "ä", &"a".repeat(65)] {
            assert_eq!(path(Path::new("/x"), alert), None, "{alert:?}");
        }
    }
}
