//! Any bytes as a file of labelled records, in every schema.

#![no_main]

use anomalyzer_learn::fuzz;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| fuzz::records(data, 64));
