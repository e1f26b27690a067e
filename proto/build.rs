//! Compiles the contracts with protox, a protobuf compiler in Rust, so that no `protoc` has to
//! be on the machine, and writes their descriptors out for gRPC reflection.

use std::{env, fs, path::PathBuf};

use prost::Message;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let contracts = ["inventory/v1/inventory.proto"];
    println!("cargo:rerun-if-changed=inventory/v1");
    let descriptors = protox::compile(contracts, ["."])?;
    let out_dir = PathBuf::from(env::var("OUT_DIR")?);
    fs::write(out_dir.join("descriptors.bin"), descriptors.encode_to_vec())?;
    tonic_prost_build::configure()
        .bytes(".")
        .extern_path(".holdfast.inventory.v1.AnswerBatch", "crate::answer_batch::AnswerBatch")
        .extern_path(".holdfast.inventory.v1.EventUpdate", "crate::event_update::EventUpdate")
        .compile_fds(descriptors)?;
    Ok(())
}
