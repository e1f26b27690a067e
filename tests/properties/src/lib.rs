//! What must hold whatever bytes come in: one function a target, which libFuzzer calls with the
//! inputs that it makes up (`fuzz/`), and an ordinary test with those that were kept
//! (`tests/corpus.rs`). Each panics where something does not hold.
//!
//! Must always hold: a target remembers nothing from one input to the next, so that every input
//! fails alone if it fails at all.

mod charts;
mod facts;
mod grpc;
mod house;
mod images;
mod input;
mod rest;
mod segments;
mod story;

/// A property, by the name of its target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name: that of the fuzz target and of the folder of its kept inputs.
    pub name: &'static str,
    /// Panics if it does not hold for an input.
    pub check: fn(&[u8]),
    /// Inputs made of real values, from which fuzzing is deep from the start.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Chart files.
pub const CHARTS: Target = Target { name: "charts", check: charts::check, seeds: charts::seeds };
/// Payloads of batches.
pub const FACTS: Target = Target { name: "facts", check: facts::check, seeds: facts::seeds };
/// Messages to the engine's services.
pub const GRPC: Target = Target { name: "grpc", check: grpc::check, seeds: grpc::seeds };
/// Images of shards.
pub const IMAGES: Target = Target { name: "images", check: images::check, seeds: images::seeds };
/// Requests to the edge.
pub const REST: Target = Target { name: "rest", check: rest::check, seeds: rest::seeds };
/// Segments of a journal.
pub const SEGMENTS: Target =
    Target { name: "segments", check: segments::check, seeds: segments::seeds };

/// All of them.
pub const TARGETS: [Target; 6] = [CHARTS, FACTS, GRPC, IMAGES, REST, SEGMENTS];
