//! Requests to the edge; what must hold is in `properties::REST`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (properties::REST.check)(input));
