//! Chart files, of others and our own; what must hold is in `properties::CHARTS`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (properties::CHARTS.check)(input));
