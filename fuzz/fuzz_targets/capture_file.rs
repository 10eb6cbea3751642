//! Any bytes as a capture file.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = anomalyzer_capture::fuzz::capture_file(data);
});
