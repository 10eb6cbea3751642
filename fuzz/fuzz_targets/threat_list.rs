//! Any bytes as a threat list, in every format.

#![no_main]

use anomalyzer_engine::threat::{Builder, ListSpec};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for words in ["x", "lines:x", "csv:x", "stix:unguarded:x"] {
        let mut builder = Builder::new(1, &[]);
        let _ = builder.list(&ListSpec::parse(words), &mut &*data);
        let _ = builder.finish();
    }
});
