//! Any bytes as fragments of a few datagrams.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    anomalyzer_wire::fuzz::defragment(data);
});
