//! A disk that is full: writing fails in words, and goes on by itself when there is room.
//!
//! A small file system of its own is mounted where that is allowed; elsewhere only the limit of
//! free bytes is tested.

use crate::{SENSOR, alert, audit, fill, open, read_all};
use anomalyzer_store::{Options, Store, StoreError};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tempfile::TempDir;

/// A file system of 16 MiB, unmounted at the end.
struct Small {
    dir: TempDir,
}

impl Small {
    fn mount() -> Option<Self> {
        let dir = TempDir::new().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=16m,mode=700", "tmpfs"])
            .arg(dir.path())
            .output();
        mounted.is_ok_and(|o| o.status.success()).then_some(Self { dir })
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// Somebody else fills the disk to the last byte.
    fn fill(&self) {
        let other = self.dir.path().join("other");
        let chunk = vec![1_u8; 64 << 10];
        let mut file = fs::File::options().append(true).create(true).open(&other).unwrap();
        for piece in [&chunk[..], &chunk[..4096], &chunk[..512]] {
            while std::io::Write::write_all(&mut file, piece).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.dir.path().join("other")).unwrap();
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).output();
    }
}

fn reserve(dir: &Path) -> Option<u64> {
    fs::metadata(dir.join("reserve")).ok().map(|m| m.len())
}

#[test]
fn a_full_disk_stops_writing_and_nothing_else() {
    let Some(small) = Small::mount() else {
        println!("no file system can be mounted here: not tested");
        return;
    };
    let options = Options { free_bytes_min: 1 << 20, ..Options::default() };
    let store = Store::open(&small.path(), &options).unwrap();
    let c = store.control();
    fill(c);
    store.retain(1_000).unwrap();
    assert_eq!((store.health().storage_full, reserve(&small.path())), (None, Some(4 << 20)));
    small.fill();
    // What is large is refused at once, what is small goes into the reserve.
    assert!(matches!(c.put_alerts(SENSOR, &[alert(900)]), Err(StoreError::Full(_))));
    assert!(store.health().storage_full.is_some());
    let mut written = 0;
    let mut refused = 0;
    for n in 0..20 {
        match c.audit(&audit(1_000 + n)) {
            Ok(()) => written += 1,
            Err(StoreError::Full(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
    }
    assert!(written >= 19 && refused <= 1, "{written} written, {refused} refused");
    assert_eq!(reserve(&small.path()), None, "it was needed");
    // Log-ins and reading go on.
    read_all(c).unwrap();
    assert!(c.session(&[1; 32], 100, 1_000, 1_000).unwrap().is_some());
    assert!(store.health().storage_full.is_some());
    // The reserve is used up by somebody else too: now nothing can be written.
    small.fill();
    let full = (0..2_000).find_map(|n| c.audit(&audit(n)).err());
    assert!(matches!(full, Some(StoreError::Full(_))), "{full:?}");
    read_all(c).unwrap();
    assert!(c.session(&[1; 32], 500, 1_000, 1_000).unwrap().is_some());
    small.free();
    c.put_alerts(SENSOR, &[alert(900)]).unwrap();
    c.audit(&audit(5)).unwrap();
    store.retain(1_000).unwrap();
    assert_eq!((store.health().storage_full, reserve(&small.path())), (None, Some(4 << 20)));
    let found = store.verify().unwrap();
    assert!(found.whole(), "{found:?}");
    drop(store);
    let store = Store::open(&small.path(), &options).unwrap();
    assert_eq!(store.control().users().unwrap().len(), 21);
    assert!(store.control().alert(SENSOR, "a900").is_ok());
}

#[test]
fn a_store_on_a_full_disk_opens() {
    let Some(small) = Small::mount() else { return };
    let options = Options { free_bytes_min: 1 << 20, ..Options::default() };
    let store = Store::open(&small.path(), &options).unwrap();
    fill(store.control());
    drop(store);
    small.fill();
    let store = Store::open(&small.path(), &options).unwrap();
    read_all(store.control()).unwrap();
    small.free();
    store.control().audit(&audit(1)).unwrap();
}

#[test]
fn what_is_large_stops_before_the_disk_is_full() {
    let dir = TempDir::new().unwrap();
    let store = open(dir.path());
    fill(store.control());
    // More than any disk has: a twentieth of it is kept free then.
    let kept_free = store.health().free_bytes > 0;
    assert!(kept_free);
    store.configure(&Options { free_bytes_min: u64::MAX, ..Options::default() });
    let health = store.health();
    let c = store.control();
    if health.storage_full.is_some() {
        c.audit(&audit(1)).unwrap();
    } else {
        c.put_alerts(SENSOR, &[alert(900)]).unwrap();
    }
}
