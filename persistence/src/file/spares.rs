//! What is ready ahead of use: the next segment, and the reserve for the time when there is no
//! next segment to be had. Both are prepared beside the journal, on a thread of their own.
//!
//! Must always hold: that a spare cannot be had is known a whole segment before it is needed,
//! and is no failed sync: appends go on until the present segment and the reserve are full. No
//! start says that more is to come before it has had all that should be ready.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::TryRecvError;

use super::active::Spare;
use super::reserve;
use crate::files::{Context, Error};
use crate::journal::Supply;
use crate::limits::{HEADER_BYTES, PREPARE_AGAIN_MILLIS};
use crate::machine::{Errands, Machine};

/// One spare and one reserve: each is ordered once at most at a time.
const ORDERS_MAX: usize = 2;

/// Prepares one spare and one reserve at a time.
#[derive(Debug)]
pub(crate) struct Spares {
    machine: Machine,
    journal: PathBuf,
    spare: Stock<Spare>,
    reserve: Stock<u64>,
    supply: Supply,
    workshop: Errands<Order, Made>,
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Spare,
    Reserve,
}

/// What became of an order. The reserve is told by its bytes.
enum Made {
    Spare(Result<Spare, Error>),
    Reserve(Result<u64, Error>),
}

#[derive(Debug)]
enum Stock<T> {
    Ordered,
    Ready(T),
    Failed { at: Duration },
}

impl<T> Stock<T> {
    fn of(failure: &mut Option<Error>, result: Result<T, Error>, now: Duration) -> Self {
        match result {
            Ok(ready) => Self::Ready(ready),
            Err(error) => {
                *failure = Some(error);
                Self::Failed { at: now }
            }
        }
    }

    fn has_failed(&self) -> bool {
        matches!(self, Self::Failed { .. })
    }

    fn is_to_be_tried_again(&self, now: Duration) -> bool {
        let pause = Duration::from_millis(PREPARE_AGAIN_MILLIS);
        matches!(self, Self::Failed { at } if now.saturating_sub(*at) >= pause)
    }
}

impl Spares {
    /// Starts to prepare what is not there.
    pub(crate) fn start(
        machine: &Machine,
        journal: &Path,
        segment_bytes: u64,
    ) -> Result<Self, Error> {
        let (on, path) = (machine.clone(), journal.to_owned());
        let prepare = move |order| match order {
            Order::Spare => Made::Spare(Spare::create(&on, &path, segment_bytes, 0)),
            Order::Reserve => Made::Reserve(reserve::make(&on, &path, segment_bytes)),
        };
        let workshop = Errands::start(machine, "journal-spares", ORDERS_MAX, prepare)
            .context("start the thread that prepares segments of", journal)?;
        let mut spares = Self {
            machine: machine.clone(),
            journal: journal.to_owned(),
            spare: Stock::Ordered,
            reserve: Stock::Ordered,
            // A reserve that is there proves nothing: the disk may have filled up since.
            supply: Supply::Awaited,
            workshop,
        };
        spares.order(Order::Spare);
        match reserve::bytes(machine, journal) {
            Some(bytes) if bytes == segment_bytes => spares.reserve = Stock::Ready(bytes),
            Some(_) | None => spares.order(Order::Reserve),
        }
        Ok(spares)
    }

    /// The spare, waiting for it if it is being prepared, and the reserve if there is none. The
    /// next one is prepared from now on.
    pub(crate) fn take(&mut self) -> Result<Spare, Error> {
        if self.spare.has_failed() {
            self.order(Order::Spare);
        }
        let mut failure = None;
        while matches!(self.spare, Stock::Ordered) {
            let made = self.workshop.wait().ok_or_else(|| self.ended())?;
            failure = self.settle(made);
        }
        match std::mem::replace(&mut self.spare, Stock::Ordered) {
            Stock::Ready(spare) => {
                self.order(Order::Spare);
                Ok(spare)
            }
            failed @ (Stock::Failed { .. } | Stock::Ordered) => {
                self.spare = failed;
                self.take_reserve(failure.unwrap_or_else(|| self.ended()))
            }
        }
    }

    fn take_reserve(&mut self, failure: Error) -> Result<Spare, Error> {
        if !matches!(self.reserve, Stock::Ready(_)) {
            return Err(failure);
        }
        let reserve = reserve::take(&self.machine, &self.journal)?.ok_or(failure)?;
        self.reserve = Stock::Failed { at: self.machine.since_boot() };
        tracing::warn!(
            bytes = reserve.capacity(),
            "the journal goes on in its reserve; appends stop when that is full: make space"
        );
        Ok(reserve)
    }

    /// Bytes that are ready behind the present segment. Sees to what could not be had before.
    pub(crate) fn room_bytes(&mut self) -> u64 {
        self.look_after();
        let behind_header = |bytes: u64| bytes.saturating_sub(HEADER_BYTES as u64);
        let of_spare = match &self.spare {
            Stock::Ready(spare) => behind_header(spare.capacity()),
            Stock::Ordered | Stock::Failed { .. } => 0,
        };
        let of_reserve = match &self.reserve {
            Stock::Ready(bytes) => behind_header(*bytes),
            Stock::Ordered | Stock::Failed { .. } => 0,
        };
        of_spare + of_reserve
    }

    /// Whether there will be more behind what is ready.
    pub(crate) fn supply(&self) -> Supply {
        self.supply
    }

    /// Waits until so many bytes are ready, or all that should be, or something has failed.
    pub(crate) fn wait_for(&mut self, bytes: u64) {
        // In this order: the look at the room takes note of what has been made, and as long as
        // something is awaited behind it, something will be told.
        while self.room_bytes() < bytes && self.supply == Supply::Awaited {
            match self.workshop.wait() {
                Some(made) => drop(self.settle(made)),
                None => self.supply = Supply::Short,
            }
        }
    }

    /// Takes note of what has been made, and tries again what failed a while ago.
    fn look_after(&mut self) {
        loop {
            match self.workshop.try_done() {
                Ok(made) => drop(self.settle(made)),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => {
                    self.supply = Supply::Short;
                    return;
                }
            }
        }
        let now = self.machine.since_boot();
        if self.spare.is_to_be_tried_again(now) {
            self.order(Order::Spare);
        }
        // The next segment comes first.
        let has_spare = matches!(self.spare, Stock::Ready(_));
        if has_spare && self.reserve.is_to_be_tried_again(now) {
            self.order(Order::Reserve);
        }
    }

    fn settle(&mut self, made: Made) -> Option<Error> {
        let (mut failure, now) = (None, self.machine.since_boot());
        match made {
            Made::Spare(result) => self.spare = Stock::of(&mut failure, result, now),
            Made::Reserve(result) => self.reserve = Stock::of(&mut failure, result, now),
        }
        let supply = if self.spare.has_failed() || self.reserve.has_failed() {
            Supply::Short
        } else if self.has_all() {
            Supply::Sure
        } else {
            // What is ordered again has not been had yet.
            self.supply
        };
        // Once, not at each attempt.
        match &failure {
            Some(error) if self.supply != Supply::Short => tracing::warn!(
                %error,
                "space for the journal cannot be had; appends stop when what is preallocated is \
                 full: make space"
            ),
            None if self.supply == Supply::Short && supply == Supply::Sure => {
                tracing::info!("there is space for the journal again");
            }
            Some(_) | None => {}
        }
        self.supply = supply;
        failure
    }

    fn has_all(&self) -> bool {
        matches!((&self.spare, &self.reserve), (Stock::Ready(_), Stock::Ready(_)))
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Spare => self.spare = Stock::Ordered,
            Order::Reserve => self.reserve = Stock::Ordered,
        }
        self.workshop.order(order);
    }

    fn ended(&self) -> Error {
        Error {
            action: "prepare the next segment in",
            path: self.journal.clone(),
            cause: io::Error::other("its thread has ended"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::testing::warnings_of;

    /// Waits until nothing is being made.
    fn wait(spares: &mut Spares) {
        while matches!(spares.spare, Stock::Ordered) || matches!(spares.reserve, Stock::Ordered) {
            let made = spares.workshop.wait().unwrap();
            spares.settle(made);
        }
    }

    const READY_BYTES: u64 = 4_096 - HEADER_BYTES as u64;

    #[test]
    fn a_spare_that_cannot_be_had_is_told_before_it_is_needed_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("journal");
        let mut spares = Spares::start(&Machine::real(), &journal, 4_096).unwrap();
        assert!(spares.take().unwrap_err().to_string().starts_with("cannot create "));
        assert_eq!(spares.supply(), Supply::Short);
        wait(&mut spares);

        fs::create_dir(&journal).unwrap();
        drop(spares.take().unwrap());
        wait(&mut spares);
        assert_eq!(spares.supply(), Supply::Short, "there is no reserve yet");
        assert_eq!(spares.room_bytes(), READY_BYTES);
        while spares.supply() == Supply::Short {
            spares.room_bytes();
        }
        assert_eq!(spares.room_bytes(), 2 * READY_BYTES);
        drop(spares.take().unwrap());
    }

    #[test]
    fn without_a_spare_the_reserve_is_the_next_segment_and_is_made_again() {
        let dir = tempfile::tempdir().unwrap();
        let (journal, elsewhere) = (dir.path().join("journal"), dir.path().join("elsewhere"));
        fs::create_dir(&journal).unwrap();
        let mut spares = Spares::start(&Machine::real(), &journal, 4_096).unwrap();
        wait(&mut spares);
        assert_eq!((spares.room_bytes(), spares.supply()), (2 * READY_BYTES, Supply::Sure));

        // The next spare has nowhere to go; the reserve is there.
        fs::rename(&journal, &elsewhere).unwrap();
        drop(spares.take().unwrap());
        wait(&mut spares);
        assert_eq!((spares.room_bytes(), spares.supply()), (READY_BYTES, Supply::Short));
        fs::create_dir(&journal).unwrap();
        fs::rename(elsewhere.join("reserve"), journal.join("reserve")).unwrap();
        spares.spare = Stock::Ordered;
        let path = journal.join("next");
        let error = || Error { action: "preallocate", path: path.clone(), cause: full() };
        spares.settle(Made::Spare(Err(error())));
        let reserve = spares.take_reserve(error()).unwrap();
        assert_eq!(reserve.capacity(), 4_096);
        assert_eq!(spares.supply(), Supply::Short);
        assert!(spares.take_reserve(error()).unwrap_err().is_want_of_space());

        while spares.supply() == Supply::Short {
            spares.room_bytes();
        }
        assert_eq!(spares.room_bytes(), 2 * READY_BYTES);
        assert_eq!(reserve::bytes(&Machine::real(), &journal), Some(4_096));
    }

    #[test]
    fn a_start_promises_no_more_than_it_has_and_warns_of_nothing_but_a_failure() {
        let dir = tempfile::tempdir().unwrap();
        let told = warnings_of(|| {
            // Without anything, and with the reserve of the start before.
            for _ in 0..2 {
                let mut spares = Spares::start(&Machine::real(), dir.path(), 4_096).unwrap();
                assert_eq!(spares.supply(), Supply::Awaited);
                wait(&mut spares);
                assert_eq!(spares.supply(), Supply::Sure);
                // What is taken into use is made anew, one segment ahead.
                drop(spares.take().unwrap());
                assert_eq!(spares.supply(), Supply::Sure);
            }
        });
        assert_eq!(told, "");

        let gone = dir.path().join("gone");
        let told = warnings_of(|| {
            let mut spares = Spares::start(&Machine::real(), &gone, 4_096).unwrap();
            assert_eq!(spares.supply(), Supply::Awaited);
            spares.wait_for(1);
            assert_eq!(spares.supply(), Supply::Short);
            wait(&mut spares);
        });
        assert_eq!(told.matches("space for the journal cannot be had").count(), 1, "{told}");
    }

    fn full() -> io::Error {
        io::ErrorKind::StorageFull.into()
    }

    #[test]
    fn a_reserve_of_a_start_before_is_kept_and_one_of_another_size_is_not() {
        let dir = tempfile::tempdir().unwrap();
        reserve::make(&Machine::real(), dir.path(), 4_096).unwrap();
        let spares = Spares::start(&Machine::real(), dir.path(), 4_096).unwrap();
        assert!(matches!(spares.reserve, Stock::Ready(4_096)));
        drop(spares);
        let mut spares = Spares::start(&Machine::real(), dir.path(), 8_192).unwrap();
        wait(&mut spares);
        assert!(matches!(spares.reserve, Stock::Ready(8_192)));
    }
}
