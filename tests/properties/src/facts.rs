//! Payloads of batches, behind their checksums: what a disk could bring that verifies and was
//! never written, or was written by a release that has gone wrong.
//!
//! Must hold for each: it is refused with a reason, or it is facts whose LSNs rise by one from the
//! first. Those are written as exactly these bytes again, alone they are remembered as the same
//! facts, and a batch takes them.

use std::sync::Arc;

use inventory_core::digest::Digest;
use inventory_core::encoding::{EncodedFact, EncodedFacts, Reader};
use inventory_core::fact::Fact;
use inventory_core::ids::{Epoch, Lsn, ShardId};
use persistence::batch::Batch;
use persistence::encoding::{read_facts, write_facts};

use crate::input::Input;
use crate::story;

/// A count in two bytes, the first LSN in eight, and a payload.
pub(crate) fn check(input: &[u8]) {
    let mut input = Input::new(input);
    let (count, first_lsn) = (usize::from(input.u16()), Lsn(input.u64()));
    let payload = input.rest();
    let Ok(facts) = read_facts(payload, first_lsn, count) else { return };
    let facts: Vec<Arc<Fact>> = facts.into_iter().map(Arc::new).collect();
    let mut again = Vec::new();
    write_facts(&facts, &mut again);
    assert_eq!(again, payload, "facts have one encoding");
    check_kept(&facts);
    if !facts.is_empty() {
        assert_eq!((facts.len(), facts[0].lsn), (count, first_lsn));
        let batch = Batch::new(ShardId(0), Epoch(1), 1, facts, Digest(0));
        batch.expect("what reads back follows the limits of a batch");
    }
}

/// As a shard remembers them: each by itself, and all of them in a row.
fn check_kept(facts: &[Arc<Fact>]) {
    let row: EncodedFacts = facts.iter().map(|fact| &**fact).collect();
    assert_eq!(row.len(), facts.len());
    let mut bytes = Vec::new();
    for (fact, kept) in facts.iter().zip(row.iter()) {
        assert_eq!(kept.decode(), **fact);
        assert_eq!((kept.lsn(), kept.at()), (fact.lsn, fact.at));
        assert_eq!((kept.event_id(), kept.request()), (fact.event_id, fact.request));
        assert_eq!(EncodedFact::write(fact, &mut bytes), kept);
    }
    let mut reader = Reader::new(row.bytes());
    assert_eq!(EncodedFacts::read(&mut reader, facts.len()), Ok(row.clone()));
    assert_eq!(reader.left(), 0);
}

/// Every fact of the story alone, and all of them.
pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let facts = story::whole().facts;
    let alone = facts.chunks(1);
    alone.chain([&*facts]).map(seed).collect()
}

fn seed(facts: &[Arc<Fact>]) -> Vec<u8> {
    let count = u16::try_from(facts.len()).expect("the story is short");
    let mut seed = count.to_le_bytes().to_vec();
    seed.extend_from_slice(&facts[0].lsn.0.to_le_bytes());
    write_facts(facts, &mut seed);
    seed
}
