//! What the journal has that is not projected, in pieces that are told apart by their time.
//!
//! Must always hold: the pieces follow one another without a gap, and there are at most
//! [`BACKLOG_PIECES_MAX`] of them. Hours of a backlog have coarser pieces than seconds.

use std::collections::VecDeque;

use inventory_core::time::Timestamp;

use crate::limits::{BACKLOG_PIECE_MILLIS_MIN, BACKLOG_PIECES_MAX};

/// Batches that became durable one after the other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Piece {
    /// The numbers of the first and the last of them.
    pub(super) first: u64,
    /// See `first`.
    pub(super) last: u64,
    pub(super) facts: u64,
    pub(super) bytes: u64,
    /// When the oldest and the newest of the facts were decided, as far as that is known.
    pub(super) from: Timestamp,
    /// See `from`.
    pub(super) until: Timestamp,
}

impl Piece {
    fn join(&mut self, next: Self) {
        self.last = next.last;
        self.facts += next.facts;
        self.bytes += next.bytes;
        self.until = next.until;
    }

    /// What of it lies behind batch `number`, which is one of it: in proportion to the batches,
    /// since no more is known. Facts after `at` at the earliest.
    fn rest_behind(self, number: u64, at: Timestamp) -> Self {
        let batches = u128::from(self.last - self.first + 1);
        let left = u128::from(self.last - number);
        // Rounded up, so that what is there is never called nothing.
        let share = |whole: u64| (u128::from(whole) * left).div_ceil(batches) as u64;
        Self {
            first: number + 1,
            facts: share(self.facts),
            bytes: share(self.bytes),
            from: self.from.max(at).min(self.until),
            ..self
        }
    }
}

/// All pieces.
#[derive(Debug)]
pub(super) struct Backlog {
    pieces: VecDeque<Piece>,
    facts: u64,
    bytes: u64,
    /// Facts decided within so many milliseconds are one piece.
    piece_millis: u64,
}

impl Backlog {
    pub(super) fn new() -> Self {
        Self { pieces: VecDeque::new(), facts: 0, bytes: 0, piece_millis: BACKLOG_PIECE_MILLIS_MIN }
    }

    pub(super) fn facts(&self) -> u64 {
        self.facts
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// When the oldest fact was decided; `None` if there is none.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        self.pieces.front().map(|piece| piece.from)
    }

    /// Takes in what became durable behind all the others.
    pub(super) fn add(&mut self, piece: Piece) {
        self.facts += piece.facts;
        self.bytes += piece.bytes;
        match self.pieces.back_mut() {
            Some(back) if piece.until.millis_since(back.from) < self.piece_millis => {
                back.join(piece);
            }
            _ => self.pieces.push_back(piece),
        }
        if self.pieces.len() > BACKLOG_PIECES_MAX {
            self.coarsen();
        }
    }

    /// Joins neighbours two by two.
    fn coarsen(&mut self) {
        self.piece_millis = self.piece_millis.saturating_mul(2);
        let mut pieces = std::mem::take(&mut self.pieces).into_iter();
        while let Some(mut piece) = pieces.next() {
            if let Some(next) = pieces.next() {
                piece.join(next);
            }
            self.pieces.push_back(piece);
        }
    }

    /// Takes out the batches up to `number`, the last of which was decided at `at`.
    pub(super) fn take_through(&mut self, number: u64, at: Timestamp) {
        while let Some(piece) = self.pieces.pop_front() {
            if piece.first > number {
                self.pieces.push_front(piece);
                break;
            }
            self.facts -= piece.facts;
            self.bytes -= piece.bytes;
            if piece.last > number {
                let rest = piece.rest_behind(number, at);
                self.facts += rest.facts;
                self.bytes += rest.bytes;
                self.pieces.push_front(rest);
                break;
            }
        }
        if self.pieces.is_empty() {
            self.piece_millis = BACKLOG_PIECE_MILLIS_MIN;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A batch of two facts and ten bytes.
    fn batch(number: u64, at: u64) -> Piece {
        let (from, until) = (Timestamp(at), Timestamp(at));
        Piece { first: number, last: number, facts: 2, bytes: 10, from, until }
    }

    fn lag(backlog: &Backlog) -> (u64, u64, Option<u64>) {
        (backlog.facts(), backlog.bytes(), backlog.oldest().map(|at| at.0))
    }

    #[test]
    fn what_is_added_is_behind_until_it_is_taken_out() {
        let mut backlog = Backlog::new();
        assert_eq!(lag(&backlog), (0, 0, None));
        for number in 1..=4 {
            backlog.add(batch(number, number * 1_000));
        }
        assert_eq!(lag(&backlog), (8, 40, Some(1_000)));
        backlog.take_through(2, Timestamp(2_000));
        assert_eq!(lag(&backlog), (4, 20, Some(3_000)));
        backlog.take_through(2, Timestamp(2_000));
        assert_eq!(lag(&backlog), (4, 20, Some(3_000)), "it is the same twice");
        backlog.take_through(9, Timestamp(9_000));
        assert_eq!(lag(&backlog), (0, 0, None));
    }

    #[test]
    fn a_piece_of_several_batches_goes_batch_by_batch() {
        let mut backlog = Backlog::new();
        (1..=4).for_each(|number| backlog.add(batch(number, 5_000 + number)));
        assert_eq!(backlog.pieces.len(), 1);
        backlog.take_through(1, Timestamp(5_001));
        assert_eq!(lag(&backlog), (6, 30, Some(5_001)));
        backlog.take_through(3, Timestamp(5_003));
        assert_eq!(lag(&backlog), (2, 10, Some(5_003)));
        backlog.take_through(4, Timestamp(5_004));
        assert_eq!(lag(&backlog), (0, 0, None));
    }

    #[test]
    fn hours_of_a_backlog_are_counted_in_bounded_memory() {
        let mut backlog = Backlog::new();
        let batches = 200 * BACKLOG_PIECES_MAX as u64;
        for number in 1..=batches {
            backlog.add(batch(number, number * 50));
            assert!(backlog.pieces.len() <= BACKLOG_PIECES_MAX);
        }
        assert_eq!(lag(&backlog), (2 * batches, 10 * batches, Some(50)));
        let follow = |pair: (&Piece, &Piece)| pair.0.last + 1 == pair.1.first;
        assert!(backlog.pieces.iter().zip(backlog.pieces.iter().skip(1)).all(follow));
        for number in 1..=batches {
            backlog.take_through(number, Timestamp(number * 50));
            let left = batches - number;
            let (facts, bytes, oldest) = lag(&backlog);
            assert_eq!((facts, bytes), (2 * left, 10 * left));
            // Facts are as old as the last that is projected, and no older.
            assert!(oldest.is_none_or(|oldest| oldest >= number * 50), "{number}: {oldest:?}");
        }
        assert_eq!(backlog.piece_millis, BACKLOG_PIECE_MILLIS_MIN);
    }

    #[test]
    fn a_long_piece_of_one_start_shrinks_in_proportion_and_is_never_called_nothing() {
        let mut backlog = Backlog::new();
        let (from, until) = (Timestamp(1_000), Timestamp(9_000));
        backlog.add(Piece { first: 11, last: 30, facts: 7, bytes: 1_000, from, until });
        backlog.take_through(20, Timestamp(4_000));
        assert_eq!(lag(&backlog), (4, 500, Some(4_000)));
        backlog.take_through(29, Timestamp(50_000));
        assert_eq!(lag(&backlog), (1, 50, Some(9_000)));
        backlog.take_through(30, Timestamp(50_000));
        assert_eq!(lag(&backlog), (0, 0, None));
    }
}
