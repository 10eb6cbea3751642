//! Where the bytes of a capture come from: a file or standard input, unpacked on the way.
//!
//! gzip is unpacked by flate2 over zlib-rs, zstd by the reference C library. A compressed capture
//! spends most of its time here, and on 1.08 GB of real traffic the alternatives took 1.7 times
//! (miniz_oxide) and 4 times (ruzstd) as long. What a file may unpack to is limited, and so is the
//! memory that a zstd frame may ask for.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Cursor, ErrorKind, Read};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anomalyzer_wire::HostileStr;

use crate::error::Damage;
use crate::reader::Progress;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
/// A zstd stream may begin with a skippable frame: 0x184D2A50 to 0x184D2A5F.
const ZSTD_SKIPPABLE: [u8; 3] = [0x2a, 0x4d, 0x18];
/// The largest zstd window that is accepted, as a power of two: 128 MiB, as the zstd program has
/// it without `--long`.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
const COMPRESSED_BUFFER_BYTES: usize = 256 << 10;

/// How much of a capture file is read at once and at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a compressed file may unpack to. Default 16 GiB.
    pub max_decompressed: u64,
    /// Bytes read at once, 4 KiB to 16 MiB. Default 512 KiB: measured from 64 KiB to 4 MiB, it
    /// costs least, since what the kernel copies is still in the processor's cache when read.
    pub buffer_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_decompressed: 16 << 30, buffer_bytes: 512 << 10 }
    }
}

/// How a file is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    #[default]
    None,
    /// gzip (RFC 1952), of one or several members.
    Gzip,
    /// Zstandard (RFC 8878), of one or several frames.
    Zstd,
}

/// A file that has been opened and is unpacked as it is read.
pub(crate) struct Opened {
    pub(crate) reader: Box<dyn Read + Send>,
    pub(crate) position: Position,
}

/// Where the reading of a file is, before unpacking.
#[derive(Debug, Default)]
pub(crate) struct Position {
    read: Arc<AtomicU64>,
    total: Option<u64>,
    compression: Compression,
}

impl Position {
    pub(crate) fn progress(&self) -> Progress {
        Progress { read: self.read.load(Ordering::Relaxed), total: self.total }
    }

    pub(crate) fn compression(&self) -> Compression {
        self.compression
    }
}

/// The name of a source in messages.
pub(crate) fn display_name(path: &Path) -> String {
    if is_stdin(path) {
        "standard input".to_owned()
    } else {
        // A file may have been named by an attacker.
        HostileStr::from(path.as_os_str().as_bytes()).escaped()
    }
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens a file, or standard input for `-`, and unpacks it if it is compressed with gzip or zstd:
/// for records of any kind that come as files, not only captures.
pub fn open_unpacked(path: &Path, limits: &Limits) -> io::Result<Box<dyn Read + Send>> {
    open(path, limits).map(|opened| opened.reader)
}

/// Opens a file, or standard input for `-`.
pub(crate) fn open(path: &Path, limits: &Limits) -> io::Result<Opened> {
    let file = if is_stdin(path) {
        // A duplicate of the descriptor, since `Stdin` would put a small buffer in between.
        File::from(io::stdin().as_fd().try_clone_to_owned()?)
    } else {
        File::open(path)?
    };
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    let total = metadata.is_file().then_some(metadata.len());
    unpack(Box::new(file), total, limits)
}

/// Unpacks a stream if its first bytes say that it is compressed.
pub(crate) fn unpack(
    stream: Box<dyn Read + Send>,
    total: Option<u64>,
    limits: &Limits,
) -> io::Result<Opened> {
    let read = Arc::new(AtomicU64::new(0));
    let mut counted = Counted { stream, read: Arc::clone(&read) };
    let mut head = Vec::with_capacity(ZSTD_MAGIC.len());
    (&mut counted).take(ZSTD_MAGIC.len() as u64).read_to_end(&mut head)?;
    let compression = recognise(&head);
    let whole = Cursor::new(head).chain(counted);
    let reader: Box<dyn Read + Send> = match compression {
        Compression::None => Box::new(whole),
        Compression::Gzip => {
            let buffered = BufReader::with_capacity(COMPRESSED_BUFFER_BYTES, whole);
            Box::new(Capped::new(flate2::bufread::MultiGzDecoder::new(buffered), limits))
        }
        Compression::Zstd => {
            let mut decoder = zstd::Decoder::new(whole)?;
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
            Box::new(Capped::new(decoder, limits))
        }
    };
    Ok(Opened { reader, position: Position { read, total, compression } })
}

fn recognise(head: &[u8]) -> Compression {
    let skippable = head.first().is_some_and(|byte| byte & 0xf0 == 0x50)
        && head.get(1..) == Some(&ZSTD_SKIPPABLE);
    if head.starts_with(&GZIP_MAGIC) {
        Compression::Gzip
    } else if head == ZSTD_MAGIC || skippable {
        Compression::Zstd
    } else {
        Compression::None
    }
}

/// What an error of the stream means for the capture.
pub(crate) fn damage(error: io::Error, position: &Position) -> Damage {
    if let Some(BeyondLimit(limit)) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return Damage::DecompressedLimit { limit: *limit };
    }
    // Errors of the operating system have a number; those of a decompressor have none.
    if position.compression == Compression::None || error.raw_os_error().is_some() {
        return Damage::Io(error);
    }
    let reason = error.to_string();
    if error.kind() == ErrorKind::UnexpectedEof {
        Damage::CutCompressed { reason }
    } else {
        Damage::BadCompressed { reason }
    }
}

/// Counts what is read of the file, for the progress.
struct Counted {
    stream: Box<dyn Read + Send>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(out)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Ends with an error when more comes out than is allowed.
struct Capped<R> {
    stream: R,
    left: u64,
    limit: u64,
}

impl<R> Capped<R> {
    fn new(stream: R, limits: &Limits) -> Self {
        Self { stream, left: limits.max_decompressed, limit: limits.max_decompressed }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            // The limit is reached, not exceeded, when this is also the end.
            let mut one = [0];
            return match self.stream.read(&mut one)? {
                0 => Ok(0),
                _ => Err(io::Error::other(BeyondLimit(self.limit))),
            };
        }
        let allowed = usize::try_from(self.left).unwrap_or(usize::MAX).min(out.len());
        let count = self.stream.read(out.get_mut(..allowed).unwrap_or_default())?;
        self.left = self.left.saturating_sub(count as u64);
        Ok(count)
    }
}

#[derive(Debug)]
struct BeyondLimit(u64);

impl fmt::Display for BeyondLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {} bytes", self.0)
    }
}

impl std::error::Error for BeyondLimit {}
