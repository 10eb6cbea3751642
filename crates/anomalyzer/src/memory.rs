//! The state file: read before the first packet, written at the end.
//!
//! Written whole or not at all: into a file beside it, flushed to the disk, then renamed over it.
//! `FILE.lock` stays locked from reading to writing, so that of two runs neither loses what the
//! other has learned; the lock's file is empty and stays. What the state holds is the engine's.

use crate::failure::{Failure, Kind};
use anomalyzer_engine::state::{BYTES_MAX, State, StateError};
use anomalyzer_wire::Timestamp;
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What was learned says who talks to whom: for the owner's eyes only.
const MODE: u32 = 0o600;

/// A state file in use.
#[derive(Debug)]
pub(crate) struct Memory {
    path: PathBuf,
    /// Up to when packets went into it before this run.
    saved: Option<Timestamp>,
    /// Held until the end of the run.
    _lock: File,
}

impl Memory {
    /// Locks the file and reads it; one that is not there yet is an empty state.
    pub(crate) fn open(path: &Path) -> Result<(Self, State), Failure> {
        // A link stays a link: what it points to is replaced.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
        if path.exists() && !path.is_file() {
            return Err(Failure::usage(format!("--state {}: is not a file", path.display())));
        }
        let lock = lock(&path)?;
        let state = match read(&path) {
            Ok(bytes) => State::from_bytes(&bytes).map_err(|e| refused(&path, &e))?,
            Err(e) if e.kind() == ErrorKind::NotFound => State::default(),
            Err(e) => return Err(failed(&path, &e)),
        };
        Ok((Self { path, saved: state.saved, _lock: lock }, state))
    }

    /// A word when the input, which begins at `first`, is older than what the file knows: nothing
    /// prevents it, but then an input may be learned twice.
    pub(crate) fn overlap(&self, first: Option<Timestamp>) -> Option<String> {
        let saved = self.saved.filter(|saved| first.is_some_and(|first| first <= *saved))?;
        Some(format!(
            "{}: has learned up to {saved} already, and this input begins before; packets that \
             are analysed twice are learned twice",
            self.path.display()
        ))
    }

    /// Replaces the file.
    pub(crate) fn write(&self, state: &State) -> Result<(), Failure> {
        let bytes = state
            .to_bytes()
            .map_err(|e| Failure::runtime(format!("{}: not written: {e}", self.path.display())))?;
        let beside = beside(&self.path, ".new");
        replace(&self.path, &beside, &bytes).map_err(|e| {
            // What was written of it is of no use.
            let _ = fs::remove_file(&beside);
            failed(&self.path, &e)
        })
    }
}

/// `FILE` with an ending, in the same folder: only there can it be renamed over the file.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().map_or_else(OsString::new, OsString::from);
    name.push(ending);
    path.with_file_name(name)
}

/// Opens the lock before anything is read: a folder that cannot be written to is told at once,
/// not after hours of reading.
fn lock(path: &Path) -> Result<File, Failure> {
    let name = beside(path, ".lock");
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(MODE)
        .open(&name)
        .map_err(|e| failed(&name, &e))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::runtime(format!(
            "{}: another run uses it; wait for its end or give this one a file of its own",
            path.display()
        ))),
        Err(TryLockError::Error(e)) => Err(failed(&name, &e)),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that too much is noticed.
    File::open(path)?.take(BYTES_MAX as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn replace(path: &Path, new: &Path, bytes: &[u8]) -> io::Result<()> {
    // One may be left from a run that was killed; the lock says that nobody writes it now.
    match fs::remove_file(new) {
        Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(MODE).open(new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(new, path)?;
    // The rename itself reaches the disk with the folder.
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// A file that is no state is left as it is: it may be mended, or be something else.
fn refused(path: &Path, error: &StateError) -> Failure {
    let advice = match error {
        StateError::Newer { .. } => "use that version, or another file",
        _ => "nothing was changed; put back a copy, or move it away to begin afresh",
    };
    Failure::usage(format!("{}: {error}; {advice}", path.display()))
}

fn failed(path: &Path, error: &io::Error) -> Failure {
    let name = path.display();
    match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Failure::new(
            Kind::Permission,
            format!("{name}: {error}; the folder of --state must be writable"),
        ),
        _ => Failure::runtime(format!("{name}: {error}")),
    }
}
