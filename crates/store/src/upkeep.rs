//! What is done to the stores from time to time: what is too old or too much goes.

use crate::error::io;
use crate::{Result, Store};
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const DAY: u64 = 86_400;
/// Folders of sources in the folder of evidence, and files in one of them, that are looked at.
const ENTRIES_MAX: usize = 200_000;

/// What looking after the stores removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Rows of the control store: settled alerts, audit entries, sessions, tokens.
    pub rows: u64,
    /// Bytes of history and evidence.
    pub bytes: u64,
}

impl Store {
    /// Removes what is too old or too much, puts logs into their files, and makes the reserve on
    /// the disk again if it was needed. Called every minute or so; `now` is the wall clock in
    /// seconds. One part that fails does not keep the others from their work; the first error is
    /// the answer.
    pub fn retain(&self, now: i64) -> Result<Retained> {
        let options = self.options();
        let history = self.history().retain();
        let evidence = retain_evidence(
            &self.dir().join("evidence"),
            now,
            u64::from(options.alert_days) * DAY,
            options.evidence_bytes,
        );
        let rows = self.control().retain(now, options.alert_days);
        self.room().keep_reserve()?;
        Ok(Retained { rows: rows?, bytes: history?.saturating_add(evidence?) })
    }
}

/// Removes files of evidence that are too old, then the oldest of those that are too much. Bytes
/// freed.
fn retain_evidence(dir: &Path, now: i64, age_s: u64, bytes_max: u64) -> Result<u64> {
    let oldest = UNIX_EPOCH + Duration::from_secs(u64::try_from(now).unwrap_or(0))
        - Duration::from_secs(age_s.min(u64::try_from(now).unwrap_or(0)));
    let mut files = files(dir)?;
    files.sort_by_key(|f| f.changed);
    let mut left: u64 = files.iter().map(|f| f.bytes).sum();
    let mut freed = 0;
    for file in files {
        if file.changed >= oldest && left <= bytes_max {
            break;
        }
        remove(&file.path)?;
        left = left.saturating_sub(file.bytes);
        freed += file.bytes;
    }
    Ok(freed)
}

struct File {
    path: PathBuf,
    bytes: u64,
    changed: SystemTime,
}

/// The files of evidence: `DIR/SOURCE/ALERT.pcapng`. Links are not followed.
fn files(dir: &Path) -> Result<Vec<File>> {
    let mut files = Vec::new();
    for source in entries(dir)? {
        if !source.file_type().is_ok_and(|t| t.is_dir()) {
            continue;
        }
        for entry in entries(&source.path())? {
            let path = entry.path();
            if path.extension().is_none_or(|e| e != "pcapng") {
                continue;
            }
            if let Ok(data) = entry.metadata()
                && data.is_file()
            {
                let changed = data.modified().unwrap_or(UNIX_EPOCH);
                files.push(File { path, bytes: data.len(), changed });
            }
        }
    }
    Ok(files)
}

fn entries(dir: &Path) -> Result<Vec<fs::DirEntry>> {
    match fs::read_dir(dir) {
        Ok(entries) => Ok(entries.flatten().take(ENTRIES_MAX).collect()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(io(dir)(error)),
    }
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io(path)(error)),
        _ => Ok(()),
    }
}

/// Bytes of the files below a folder, or of a file. Links are not followed.
pub(crate) fn bytes_below(path: &Path) -> u64 {
    let Ok(data) = fs::symlink_metadata(path) else { return 0 };
    if !data.is_dir() {
        return if data.is_file() { data.len() } else { 0 };
    }
    entries(path).unwrap_or_default().iter().map(|e| bytes_below(&e.path())).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dir: &Path, name: &str, bytes: usize, age_s: u64, now: u64) {
        let path = dir.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, vec![0; bytes]).unwrap();
        let changed = UNIX_EPOCH + Duration::from_secs(now - age_s);
        fs::File::options().write(true).open(&path).unwrap().set_modified(changed).unwrap();
    }

    fn left(dir: &Path) -> Vec<String> {
        let all = files(dir).unwrap();
        let name = |f: &File| f.path.strip_prefix(dir).unwrap().to_string_lossy().into_owned();
        let mut names: Vec<_> = all.iter().map(name).collect();
        names.sort();
        names
    }

    #[test]
    fn evidence_goes_by_age_then_oldest_first_by_size() {
        let dir = tempfile::TempDir::new().unwrap();
        let dir = dir.path();
        let now = 1_000_000;
        put(dir, "1/old.pcapng", 10, 501, now);
        put(dir, "1/b.pcapng", 100, 400, now);
        put(dir, "2/c.pcapng", 100, 300, now);
        put(dir, "1/d.pcapng", 100, 0, now);
        put(dir, "1/note.txt", 1_000, 900, now);
        assert_eq!(retain_evidence(dir, 1_000_000, 500, 1_000).unwrap(), 10);
        assert_eq!(left(dir), ["1/b.pcapng", "1/d.pcapng", "2/c.pcapng"]);
        assert_eq!(retain_evidence(dir, 1_000_000, 500, 300).unwrap(), 0);
        assert_eq!(retain_evidence(dir, 1_000_000, 500, 299).unwrap(), 100);
        assert_eq!(left(dir), ["1/d.pcapng", "2/c.pcapng"]);
        assert_eq!(retain_evidence(dir, 1_000_000, 500, 0).unwrap(), 200);
        assert!(dir.join("1/note.txt").exists(), "what is not ours stays");
        assert_eq!(bytes_below(dir), 1_000);
    }

    #[test]
    fn no_folder_of_evidence_is_no_evidence() {
        let dir = tempfile::TempDir::new().unwrap();
        assert_eq!(retain_evidence(&dir.path().join("none"), 5, 100, 0).unwrap(), 0);
    }
}
