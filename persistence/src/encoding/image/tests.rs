//! Golden bytes of an image, any image and back, and bytes that are none.

use inventory_core::strategies::image;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::testing::full_image;

fn encode(image: &ShardImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_image(image, &mut bytes);
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn golden_image() {
    let bytes = encode(&full_image());
    assert_eq!(hex(&bytes), GOLDEN.concat().replace(' ', ""));
    assert_eq!(read_image(&bytes), Ok(full_image()));
}

const GOLDEN: &[&str] = &[
    // version, shard
    "02 c800",
    // last fact, its time, newest forgotten, digest
    "0900000000000000 0968e5cf8b010000 02010000000000000000000000000000",
    "bbaa0000000000000000000000000000",
    // events: id, name, chart
    "01000000 0700000000000000 040047616c61",
    "abababababababababababababababababababababababababababababababab",
    // its rules
    "a0bb0d0000000000 0300 0108000000 01ff67e5cf8b010000 00",
    // its ticket types
    "0200",
    // adult
    "05006164756c74 0128000000 00 01a023f3cf8b010000 0200 00000000 03000000",
    // child
    "05006368696c64 00 00 00 0000",
    // created, closed
    "0068e5cf8b010000 010168e5cf8b010000",
    // blocked seats and places
    "01000000 04000000 03000000",
    "01000000 01000000 05000000",
    // holds: id, event, buyer, deadline, extensions
    "01000000 8877665544332211050000000000c800 0700000000000000 0300616e6e",
    "a023f3cf8b010000 0200",
    // its spots
    "02000000 00 01000000 02010000 0000",
    // allocations: id, hold, event, buyer, time
    "01000000 8877665544332211060000000000c800 8877665544332211050000000000c800",
    "0700000000000000 0300616e6e 0268e5cf8b010000",
    // its spots
    "02000000 00 01000000 02010000 0000",
    // ended holds: id, event, buyer, ending, time
    "01000000 8877665544332211050000000000c800 0700000000000000 0300616e6e 03",
    "0268e5cf8b010000",
    // requests: LSN, fact
    "01000000 0900000000000000 0968e5cf8b010000 c900000000000000",
    "01c80000000000008000700900000000001701000000000000 0a",
];

#[test]
fn an_image_of_nothing_reads_back() {
    let nothing = ShardImage {
        events: Vec::new(),
        holds: Vec::new(),
        allocations: Vec::new(),
        ended_holds: Vec::new(),
        requests: EncodedFacts::default(),
        ..full_image()
    };
    assert_eq!(read_image(&encode(&nothing)), Ok(nothing));
}

#[test]
fn bytes_that_read_are_the_only_encoding_of_their_image() {
    let image = full_image();
    let bytes = encode(&image);
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            if let Ok(read) = read_image(&flipped) {
                assert_eq!(encode(&read), flipped, "bit {bit} of byte {at}");
            }
        }
        assert!(read_image(&bytes[..at]).is_err(), "cut to {at} bytes");
    }
    let longer = [bytes, vec![0]].concat();
    assert!(matches!(read_image(&longer).unwrap_err().problem, Problem::Trailing(1)));
}

#[test]
fn what_a_newer_release_wrote_is_told_apart() {
    let mut bytes = encode(&full_image());
    bytes[0] += 1;
    assert!(read_image(&bytes).unwrap_err().is_of_newer_release());
}

#[test]
fn a_length_that_no_bytes_can_fill_allocates_nothing() {
    let mut bytes = encode(&full_image());
    // How many events there are.
    bytes[51..55].copy_from_slice(&u32::MAX.to_le_bytes());
    assert!(matches!(read_image(&bytes).unwrap_err().problem, Problem::CutShort { .. }));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn any_image_reads_back(image in image(), at in any::<Index>()) {
        let bytes = encode(&image);
        let cut = at.index(bytes.len());
        prop_assert!(read_image(&bytes[..cut]).is_err(), "cut to {} bytes", cut);
        prop_assert_eq!(read_image(&bytes), Ok(image));
    }

    #[test]
    fn altered_bytes_are_refused_or_mean_just_what_they_say(
        image in image(),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = encode(&image);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(read) = read_image(&bytes) {
            prop_assert_eq!(encode(&read), bytes);
        }
    }
}
