//! Facts as bytes, in the order in which they came and in which they go: in pieces, each of which
//! goes when all in it is forgotten. A fact takes its own bytes and four; nothing is ever moved.

use std::collections::VecDeque;

use super::framed;
use crate::encoding::EncodedFact;
use crate::fact::RequestMark;

/// Bytes of a piece; a longer fact has one by itself.
pub(super) const PIECE_BYTES: usize = 32 << 10;

/// Where a fact is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Place {
    /// The number of its piece, from the first that ever was; begins anew after 2^32 pieces, of
    /// which far fewer are there at a time.
    piece: u32,
    start: u32,
}

#[derive(Debug, Default)]
pub(super) struct FactLog {
    pieces: VecDeque<Piece>,
    /// The number of the first of them.
    first: u32,
}

#[derive(Debug)]
struct Piece {
    bytes: Vec<u8>,
    /// Facts in it that are remembered.
    facts: u32,
}

impl FactLog {
    /// Remembers a fact.
    pub(super) fn push(&mut self, fact: EncodedFact<'_>) -> Place {
        let needed = framed::framed_bytes(fact);
        if let Some(last) = self.pieces.back_mut().filter(|last| last.facts == 0) {
            // Nobody knows a place in it any more.
            last.bytes.clear();
        }
        let room = |piece: &Piece| piece.bytes.capacity() - piece.bytes.len();
        if self.pieces.back().is_none_or(|piece| room(piece) < needed) {
            let bytes = Vec::with_capacity(PIECE_BYTES.max(needed));
            self.pieces.push_back(Piece { bytes, facts: 0 });
        }
        let number = self.first.wrapping_add((self.pieces.len() - 1) as u32);
        let piece = self.pieces.back_mut().expect("there is one, with room");
        let start = framed::append(&mut piece.bytes, fact) as u32;
        piece.facts += 1;
        Place { piece: number, start }
    }

    /// The fact at a place.
    pub(super) fn get(&self, place: Place) -> EncodedFact<'_> {
        framed::fact_at(&self.pieces[self.index(place)].bytes, place.start as usize)
    }

    /// The request of the fact at a place; what is remembered has one.
    pub(super) fn request(&self, place: Place) -> RequestMark {
        framed::request_at(&self.pieces[self.index(place)].bytes, place.start as usize)
    }

    /// Forgets the fact at a place, the first of all that are there.
    pub(super) fn forget(&mut self, place: Place) {
        let index = self.index(place);
        self.pieces[index].facts -= 1;
        while self.pieces.len() > 1 && self.pieces[0].facts == 0 {
            self.pieces.pop_front();
            self.first = self.first.wrapping_add(1);
        }
    }

    /// Bytes that its pieces have taken.
    #[cfg(test)]
    pub(super) fn bytes_reserved(&self) -> usize {
        self.pieces.iter().map(|piece| piece.bytes.capacity()).sum()
    }

    fn index(&self, place: Place) -> usize {
        place.piece.wrapping_sub(self.first) as usize
    }
}
