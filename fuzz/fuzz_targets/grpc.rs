//! Messages to the engine's services; what must hold is in `properties::GRPC`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| (properties::GRPC.check)(input));
