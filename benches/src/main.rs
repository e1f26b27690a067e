//! What Holdfast is measured against, side by side in one run.

fn main() {}
