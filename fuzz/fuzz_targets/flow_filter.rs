//! Any text as a filter of flows; what is read must come back when it is written.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data) {
        anomalyzer_store::filter::fuzz(text);
    }
});
