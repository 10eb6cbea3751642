//! Entries for fuzzing: plain functions over bytes that must never panic, hang or grow.

use std::io::Cursor;

use crate::reader::CaptureFile;
use crate::source::Limits;
use crate::window::MAX_RECORD_BYTES;

/// What the reading of some bytes as a capture came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Packets delivered.
    pub packets: u64,
    /// True when the bytes were no capture, or one that ends in an error.
    pub failed: bool,
}

/// Reads bytes as a capture file, unpacking them when they are compressed.
///
/// # Panics
///
/// When the reader breaks its promises: more packets than the bytes can hold, more memory than the
/// bound, frames after the end.
pub fn capture_file(data: &[u8]) -> Outcome {
    // A small buffer and limit make the rare paths frequent and bombs harmless.
    let limits = Limits { max_decompressed: 64 << 20, buffer_bytes: 4 << 10 };
    let stream = Box::new(Cursor::new(data.to_vec()));
    let Ok(mut reader) = CaptureFile::from_stream("fuzz", stream, &limits) else {
        return Outcome { packets: 0, failed: true };
    };
    let mut before = reader.offset();
    let failed = loop {
        match reader.next_frame() {
            Ok(Some(frame)) => assert!(frame.data.len() < MAX_RECORD_BYTES),
            Ok(None) => break false,
            Err(error) => {
                assert_eq!(error.packet(), reader.packets() + 1);
                assert_eq!(error.offset(), reader.offset());
                break true;
            }
        }
        assert!(reader.offset() > before, "no progress at byte {before}");
        before = reader.offset();
    };
    assert!(reader.buffer_capacity() <= MAX_RECORD_BYTES);
    assert!(matches!(reader.next_frame(), Ok(None)), "a frame after the end");
    Outcome { packets: reader.info().packets, failed }
}
