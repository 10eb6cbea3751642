//! Any bytes as a block of stored flows.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| anomalyzer_store::history::fuzz(data));
