//! Segments of a journal; what must hold is in `properties::SEGMENTS`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (properties::SEGMENTS.check)(input));
