//! Room on the disk: watched before writing, with a reserve for the hour of need.
//!
//! What is large goes without first: history and series stop below the limit of
//! [`Options::free_bytes_min`], the alerts and lists of the control store at an eighth of it.
//! Log-ins, states and audit entries are tried to the end. When even they meet a full disk, the
//! reserve (a file of zeros) is removed, so that old things can be cleaned up, which itself
//! needs room in the log of SQLite. It is made again when there is room.

use crate::control::lock;
use crate::error::io;
use crate::{Options, Result, StoreError};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bytes of the reserve.
const RESERVE: usize = 4 << 20;
/// What opening the stores needs: indices of logs, and a little to be written.
const OPENING: u64 = 1 << 20;
/// The file of the reserve.
const RESERVE_NAME: &str = "reserve";
/// Of a small disk no more than this part is kept free: one in twenty.
const SHARE: u64 = 20;
/// The control store goes on to this part of the limit: one in eight.
const CONTROL_SHARE: u64 = 8;

/// Watches the disk of a data directory.
#[derive(Debug)]
pub(crate) struct Room {
    dir: PathBuf,
    free_bytes_min: AtomicU64,
    /// What could not be written for want of room, until a write succeeds.
    ran_out: Mutex<Option<String>>,
    /// The reserve was needed and is not there yet again: until then what is large waits.
    reserve_used: AtomicBool,
}

/// Free and all bytes of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Disk {
    free: u64,
    size: u64,
}

impl Room {
    /// Of a directory.
    pub(crate) fn new(dir: &Path, options: &Options) -> Self {
        let free_bytes_min = AtomicU64::new(options.free_bytes_min);
        let (ran_out, reserve_used) = (Mutex::default(), AtomicBool::new(false));
        Self { dir: dir.to_owned(), free_bytes_min, ran_out, reserve_used }
    }

    /// Takes another limit.
    pub(crate) fn configure(&self, options: &Options) {
        self.free_bytes_min.store(options.free_bytes_min, Ordering::Relaxed);
    }

    /// Free bytes of the disk; 0 when it cannot be told.
    pub(crate) fn free(&self) -> u64 {
        self.disk().map_or(0, |d| d.free)
    }

    /// Refuses what is large (history, series) when the disk is nearly full.
    pub(crate) fn for_bulk(&self) -> Result<()> {
        self.check(1)
    }

    /// Refuses alerts, devices and lists when the disk is even fuller.
    pub(crate) fn for_control(&self) -> Result<()> {
        self.check(CONTROL_SHARE)
    }

    /// Notes that SQLite met a full disk, and frees the reserve.
    pub(crate) fn ran_out(&self, what: &str) {
        let mut ran_out = lock(&self.ran_out);
        if ran_out.is_none() {
            tracing::error!(%what, "the disk is full; the reserve is freed");
        }
        *ran_out = Some(what.to_owned());
        self.reserve_used.store(true, Ordering::Release);
        // When it is not there any more, it has done its work.
        let _ = std::fs::remove_file(self.dir.join(RESERVE_NAME));
    }

    /// Notes that a write succeeded.
    pub(crate) fn wrote(&self) {
        *lock(&self.ran_out) = None;
    }

    /// Why nothing can be written, if so.
    pub(crate) fn problem(&self) -> Option<String> {
        if let Some(what) = lock(&self.ran_out).as_ref() {
            return Some(format!("the disk is full: {what}"));
        }
        self.for_bulk().err().map(|e| e.to_string())
    }

    /// Frees the reserve when the disk is so full that the stores could not even be opened.
    pub(crate) fn prepare(&self) -> Result<()> {
        if self.disk().is_some_and(|d| d.free < OPENING) && self.dir.join(RESERVE_NAME).exists() {
            self.ran_out("nothing is left to open the stores");
            return Ok(());
        }
        self.keep_reserve()
    }

    /// Makes the reserve when it is missing and there is room for it, and for what may be written
    /// then.
    pub(crate) fn keep_reserve(&self) -> Result<()> {
        let path = self.dir.join(RESERVE_NAME);
        let whole = std::fs::metadata(&path).is_ok_and(|m| m.len() == RESERVE as u64);
        if !whole {
            let Some(disk) = self.disk() else { return Ok(()) };
            if disk.free < self.least(disk, CONTROL_SHARE) + RESERVE as u64 {
                return Ok(());
            }
            make_reserve(&path)?;
            tracing::info!(path = %path.display(), "a reserve is kept on the disk");
        }
        self.reserve_used.store(false, Ordering::Release);
        self.wrote();
        Ok(())
    }

    fn check(&self, part: u64) -> Result<()> {
        let Some(disk) = self.disk() else { return Ok(()) };
        if self.reserve_used.load(Ordering::Acquire) {
            // What the reserve left free is not for what is large.
            self.keep_reserve()?;
        }
        let used = self.reserve_used.load(Ordering::Acquire);
        let least = self.least(disk, part) + if used { RESERVE as u64 } else { 0 };
        if disk.free >= least && !used {
            return Ok(());
        }
        Err(StoreError::Full(format!(
            "{} MiB are free, writing goes on at {} MiB",
            disk.free >> 20,
            (least >> 20) + 1
        )))
    }

    /// Bytes that must be free.
    fn least(&self, disk: Disk, part: u64) -> u64 {
        self.free_bytes_min.load(Ordering::Relaxed).min(disk.size / SHARE) / part
    }

    /// `None` when the system does not tell: then only a failing write says so.
    fn disk(&self) -> Option<Disk> {
        let stat = rustix::fs::statvfs(&self.dir).ok()?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Some(Disk { free: bytes(stat.f_bavail), size: bytes(stat.f_blocks) })
    }
}

/// Makes the file, written and not only sized: a hole would reserve nothing.
fn make_reserve(path: &Path) -> Result<()> {
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)
        .map_err(io(path))?;
    let written = file.write_all(&vec![0; RESERVE]).and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = std::fs::remove_file(path);
    }
    written.map_err(io(path))
}
