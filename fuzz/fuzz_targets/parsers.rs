//! The parsers of `translog` with any input. Its first byte says which.

#![no_main]

// Names and seeds are for the test that changes the seeds.
#[allow(dead_code)]
#[path = "../../crates/translog/tests/it/parsers.rs"]
mod parsers;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((which, bytes)) = input.split_first() {
        let parser = &parsers::PARSERS[usize::from(*which) % parsers::PARSERS.len()];
        (parser.check)(bytes);
    }
});
