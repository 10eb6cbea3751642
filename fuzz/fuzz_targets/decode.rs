//! Any bytes as a frame of every link type.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    anomalyzer_wire::fuzz::decode_every_link(data);
});
