//! Payloads of batches, behind their checksums; what must hold is in `properties::FACTS`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (properties::FACTS.check)(input));
