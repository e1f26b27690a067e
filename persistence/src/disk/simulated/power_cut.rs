//! What a power cut leaves of what was not synced.

/// A power cut. The same one of the same disk leaves the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct PowerCut {
    /// What becomes of what was not synced.
    pub unsynced: Unsynced,
    /// In which order changes of names and lengths reach the disk.
    pub order: Order,
    /// Decides what is left to chance.
    pub seed: u64,
}

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unsynced {
    /// None of it is there.
    Lost,
    /// All of it is there: everything had been written in the background.
    Kept,
    /// Of writes any sectors are there, of names and lengths what the order allows.
    ByChance,
}

/// In which order changes of names and lengths reach the disk.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Order {
    /// In each directory, and of each file, as they were done, as file systems with a journal do.
    AsDone,
    /// Any of them without those in front of it, as nobody ever promised otherwise.
    Any,
}

impl PowerCut {
    /// One that leaves nothing but what was synced.
    pub const HARSH: Self = Self { unsynced: Unsynced::Lost, order: Order::AsDone, seed: 0 };

    /// One that finds everything written, as the end of a process does.
    pub const MILD: Self = Self { unsynced: Unsynced::Kept, order: Order::AsDone, seed: 0 };

    /// One that leaves by chance what was not synced.
    pub const fn by_chance(order: Order, seed: u64) -> Self {
        Self { unsynced: Unsynced::ByChance, order, seed }
    }
}
