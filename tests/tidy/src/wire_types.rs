//! Protobuf types end in the engine's gRPC module. Behind it there are typed commands and views,
//! so that the contract can change without the engine, and the engine without the contract.

use crate::breach::Breach;
use crate::lexer::find_words;
use crate::source::Source;

const ENGINE: &str = "inventory-engine/src/";
/// The one place where they may be named.
const GRPC: [&str; 2] = ["inventory-engine/src/grpc/", "inventory-engine/src/grpc.rs"];
const CRATES: [&str; 3] = ["proto", "prost", "prost_types"];

/// Where in the engine a protobuf type is named outside of its gRPC module.
pub fn check(sources: &[Source]) -> Vec<Breach> {
    let outside = sources.iter().filter(|source| {
        source.path.starts_with(ENGINE) && !GRPC.iter().any(|grpc| source.path.starts_with(grpc))
    });
    outside.flat_map(named).collect()
}

fn named(source: &Source) -> impl Iterator<Item = Breach> {
    let written = CRATES.iter().flat_map(|name| {
        find_words(&source.code, name).filter(|at| {
            // The beginning of a path, and not a module of somebody else's crate.
            source.code[at + name.len()..].starts_with("::") && !source.code[..*at].ends_with("::")
        })
    });
    let used = source.used_paths();
    let used = used
        .iter()
        .filter(|(_, path)| CRATES.iter().any(|name| path.split("::").next() == Some(*name)));
    let mut lines: Vec<_> =
        written.chain(used.map(|(at, _)| *at)).map(|at| source.line_at(at)).collect();
    lines.sort_unstable();
    lines.dedup();
    lines.into_iter().map(|line| Breach {
        path: source.path.clone(),
        line: Some(line),
        rule: "No protobuf type travels past the gRPC module of the engine.",
        found: "a protobuf crate is named".to_owned(),
        remedy: "translate it in inventory-engine/src/grpc and pass a type of the engine",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<Option<usize>> {
        check(&[Source::new(path, text)]).into_iter().map(|breach| breach.line).collect()
    }

    #[test]
    fn a_protobuf_type_behind_the_module_is_found() {
        let path = "inventory-engine/src/answer.rs";
        assert_eq!(lines(path, "\nfn f(hold: proto::inventory::v1::Hold) {}"), [Some(2)]);
        assert_eq!(lines(path, "use proto::inventory::v1 as wire;"), [Some(1)]);
        assert_eq!(lines(path, "use proto as wire;"), [Some(1)]);
        assert_eq!(lines(path, "use prost_types::Timestamp;"), [Some(1)]);
    }

    #[test]
    fn in_the_module_and_in_other_crates_it_may_be_named() {
        let text = "use proto::inventory::v1 as wire;";
        assert_eq!(lines("inventory-engine/src/grpc/inventory.rs", text), []);
        assert_eq!(lines("inventory-engine/tests/contract.rs", text), []);
        assert_eq!(lines("edge-api/src/lib.rs", text), []);
        let harmless = "// proto::x\nuse crate::proto_like::x; fn f(proto: &str) {}";
        assert_eq!(lines("inventory-engine/src/answer.rs", harmless), []);
    }
}
