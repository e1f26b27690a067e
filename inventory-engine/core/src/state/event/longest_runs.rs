//! The longest runs of neighbouring seats in each row that best available may give: measured when
//! somebody asks, and kept until a seat of the row moves.
//!
//! Must always hold: what is kept is what a measurement would give. Who picks seats by hand pays
//! for no measurement, however many move.

use std::cell::Cell;

use crate::ids::RowIndex;

/// The longest runs of neighbouring available seats in a row.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct LongestRuns {
    /// Of seats for anyone.
    pub(crate) anyone: u32,
    /// Of seats for who asks for accessible ones.
    pub(crate) accessible: u32,
    /// Of seats for anyone, if all that is held came free.
    pub(crate) anyone_once_freed: u32,
    /// Of seats for who asks for accessible ones, if all that is held came free.
    pub(crate) accessible_once_freed: u32,
}

/// One more seat of a row, as a measurement goes along it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NextSeat {
    /// Nobody has it.
    pub(crate) is_free: bool,
    /// Nobody has it for good.
    pub(crate) could_be_free: bool,
    /// It is only for who asks for an accessible one.
    pub(crate) needs_asking: bool,
}

impl LongestRuns {
    /// Of the seats of a row, in the order in which people sit.
    pub(crate) fn of(row: impl Iterator<Item = NextSeat>) -> Self {
        let (mut longest, mut run) = (Self::default(), Self::default());
        for NextSeat { is_free, could_be_free, needs_asking } in row {
            lengthen(&mut run.anyone, &mut longest.anyone, is_free && !needs_asking);
            lengthen(&mut run.accessible, &mut longest.accessible, is_free && needs_asking);
            let once_freed = (&mut run.anyone_once_freed, &mut longest.anyone_once_freed);
            lengthen(once_freed.0, once_freed.1, could_be_free && !needs_asking);
            let once_freed = (&mut run.accessible_once_freed, &mut longest.accessible_once_freed);
            lengthen(once_freed.0, once_freed.1, could_be_free && needs_asking);
        }
        longest
    }
}

/// The run that ends here is one seat longer, or over.
fn lengthen(run: &mut u32, longest: &mut u32, fits: bool) {
    *run = if fits { *run + 1 } else { 0 };
    *longest = (*longest).max(*run);
}

/// What is known of each row. A question fills it in, so it is a cell: that is no change of the
/// state, for the answer is the same with it and without.
#[derive(Debug)]
pub(crate) struct MeasuredRows {
    rows: Vec<Cell<Option<LongestRuns>>>,
    /// Of how many rows something is known.
    known: Cell<usize>,
}

impl MeasuredRows {
    /// So many rows, of which none has been measured.
    pub(crate) fn new(rows: usize) -> Self {
        Self { rows: vec![Cell::new(None); rows], known: Cell::new(0) }
    }

    /// What is known of a row, measured now if nothing is.
    pub(crate) fn get(&self, row: RowIndex, measure: impl FnOnce() -> LongestRuns) -> LongestRuns {
        let kept = &self.rows[row.0 as usize];
        kept.get().unwrap_or_else(|| {
            let measured = measure();
            kept.set(Some(measured));
            self.known.set(self.known.get() + 1);
            measured
        })
    }

    /// What is known of a row; `None` if it was not asked for since a seat of it moved.
    pub(crate) fn kept(&self, row: RowIndex) -> Option<LongestRuns> {
        self.rows[row.0 as usize].get()
    }

    /// Whether something is known of any row.
    pub(crate) fn has_any(&self) -> bool {
        self.known.get() > 0
    }

    /// A seat of the row has moved.
    pub(crate) fn forget(&mut self, row: RowIndex) {
        if self.rows[row.0 as usize].take().is_some() {
            self.known.set(self.known.get() - 1);
        }
    }
}
