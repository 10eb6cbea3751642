//! Any text as a keyword list; what is accepted must also compile or be refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(text) = std::str::from_utf8(data)
        && let Ok(list) = anomalyzer_engine::keyword::List::parse(text, "fuzz")
    {
        let _ = anomalyzer_engine::keyword::Matcher::new(&[list]);
    }
});
