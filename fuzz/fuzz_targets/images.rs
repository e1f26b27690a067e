//! Images of shards, behind the checksums of a snapshot; what must hold is in `properties::IMAGES`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (properties::IMAGES.check)(input));
