//! Any fact comes back from its bytes, alone and one behind the other; bytes that read back are
//! the only encoding of what they are; and no others are taken for a fact.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::fact::Fact;
use crate::ids::Lsn;
use crate::strategies::fact;

/// A fact as it stands in memory, its LSN in front.
fn encode(fact: &Fact) -> Vec<u8> {
    let mut bytes = Vec::new();
    EncodedFact::write(fact, &mut bytes);
    bytes
}

/// What the bytes begin with, and how many of them that is.
fn read(bytes: &[u8]) -> Result<(Fact, usize), DecodeError> {
    let mut reader = Reader::new(bytes);
    let lsn = Lsn(reader.u64()?);
    let fact = reader.fact(lsn)?;
    Ok((fact, bytes.len() - reader.left()))
}

/// Small numbers as they stand in most places, so that much of it reads.
fn likely_byte() -> impl Strategy<Value = u8> {
    prop_oneof![6 => 0..2_u8, 2 => 0..11_u8, 1 => any::<u8>()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_fact_is_told_from_its_bytes(fact in fact()) {
        let mut bytes = b"what was here before".to_vec();
        let encoded = EncodedFact::write(&fact, &mut bytes);
        prop_assert_eq!(encoded.lsn(), fact.lsn);
        prop_assert_eq!(encoded.at(), fact.at);
        prop_assert_eq!(encoded.event_id(), fact.event_id);
        prop_assert_eq!(encoded.request(), fact.request);
        prop_assert_eq!(encoded.decode(), fact.clone());
        prop_assert_eq!(read(encoded.bytes()), Ok((fact, encoded.bytes().len())));
    }

    #[test]
    fn any_facts_are_told_apart(facts in vec(fact(), 0..6), behind in vec(any::<u8>(), 0..9)) {
        let together: EncodedFacts = facts.iter().collect();
        let mut one_by_one = EncodedFacts::default();
        for fact in &facts {
            one_by_one.push(EncodedFact::write(fact, &mut Vec::new()));
        }
        prop_assert_eq!(&one_by_one, &together);
        prop_assert_eq!((together.len(), together.is_empty()), (facts.len(), facts.is_empty()));
        prop_assert_eq!(together.iter().map(EncodedFact::decode).collect::<Vec<_>>(), facts);

        let bytes = [together.bytes(), &behind].concat();
        let mut reader = Reader::new(&bytes);
        prop_assert_eq!(EncodedFacts::read(&mut reader, together.len()), Ok(together));
        prop_assert_eq!(reader.unread(), behind);
    }

    #[test]
    fn what_is_cut_short_is_no_fact(fact in fact()) {
        let bytes = encode(&fact);
        for length in 0..bytes.len() {
            prop_assert!(read(&bytes[..length]).is_err(), "cut to {} bytes", length);
        }
    }

    #[test]
    fn altered_bytes_are_refused_or_mean_just_what_they_say(
        fact in fact(),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&fact);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok((read, length)) = read(&bytes) {
            prop_assert_eq!(&encode(&read), &bytes[..length]);
        }
    }

    #[test]
    fn any_bytes_are_refused_or_mean_just_what_they_say(
        bytes in vec(likely_byte(), 0..120),
        count in any::<usize>(),
    ) {
        if let Ok((read, length)) = read(&bytes) {
            prop_assert_eq!(&encode(&read), &bytes[..length]);
        }
        let mut reader = Reader::new(&bytes);
        if let Ok(read) = reader.spots() {
            let mut again = Vec::new();
            Writer::new(&mut again).spots(&read);
            prop_assert_eq!(&again, &bytes[..bytes.len() - reader.left()]);
        }
        for count in [count, count % 4] {
            if let Ok(facts) = EncodedFacts::read(&mut Reader::new(&bytes), count) {
                prop_assert_eq!(facts.len(), count);
                prop_assert!(bytes.starts_with(facts.bytes()));
            }
        }
    }
}
