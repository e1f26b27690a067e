//! Somebody who listens and keeps a picture: one reads whatever comes, one stops reading for a
//! while, one leaves and comes back with what it has seen.

use proto::inventory::v1::{Counts, IndexedCounts, Update};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::source::Way;
use crate::truth::{History, Picture};

/// What a listener does now and then.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Habit {
    Reads,
    /// Does not read while so many facts happen.
    Stalls(usize),
    /// Goes, and comes back when so many facts have happened.
    Leaves(usize),
}

/// Updates between two of these.
const UPDATES_BETWEEN: usize = 6;

/// What everybody knows of the day.
#[derive(Clone)]
pub(crate) struct Day {
    pub(crate) history: watch::Receiver<History>,
    /// Nothing more is bought.
    pub(crate) over: CancellationToken,
    /// The last version, once it is known.
    pub(crate) last_version: watch::Receiver<Option<u64>>,
}

/// What a listener has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) picture: Picture,
    pub(crate) version: Option<u64>,
    /// Each version at which it had a picture, with the picture's digest.
    pub(crate) digests: Vec<(u64, u64)>,
    pub(crate) snapshots: usize,
    pub(crate) deltas: usize,
    pub(crate) returns: usize,
}

/// Listens until it has the last version.
pub(crate) async fn listen(way: Way, habit: Habit, mut day: Day) -> Seen {
    let mut seen = Seen::default();
    loop {
        let mut source = way.open(seen.version).await;
        loop {
            let update = tokio::select! {
                update = source.next() => update.expect("nobody ends the stream"),
                () = last_is_known(&mut day.last_version, seen.version) => return seen,
            };
            seen.take(update);
            if (seen.snapshots + seen.deltas) % UPDATES_BETWEEN != 0 || day.over.is_cancelled() {
                continue;
            }
            match habit {
                Habit::Reads => {}
                Habit::Stalls(facts) => wait_for(&mut day, facts).await,
                Habit::Leaves(facts) => {
                    drop(source);
                    wait_for(&mut day, facts).await;
                    seen.returns += 1;
                    break;
                }
            }
        }
    }
}

/// Waits until so many facts more have happened, or none will.
async fn wait_for(day: &mut Day, facts: usize) {
    let wanted = day.history.borrow().facts.len() + facts;
    tokio::select! {
        _ = day.history.wait_for(|history| history.facts.len() >= wanted) => {}
        () = day.over.cancelled() => {}
    }
}

/// Waits until the version that one has is known to be the last one.
async fn last_is_known(last_version: &mut watch::Receiver<Option<u64>>, version: Option<u64>) {
    let is_last = |last: &Option<u64>| last.is_some() && *last == version;
    if last_version.wait_for(is_last).await.is_err() {
        std::future::pending().await
    }
}

impl Seen {
    fn take(&mut self, update: Update) {
        let version = match update {
            Update::Snapshot(snapshot) => {
                self.snapshots += 1;
                self.picture = Picture {
                    statuses: snapshot.statuses.to_vec(),
                    areas: snapshot.areas.iter().map(states).collect(),
                    ticket_types: snapshot.ticket_types.iter().map(states).collect(),
                    is_closed: snapshot.is_closed,
                };
                snapshot.version
            }
            Update::Delta(delta) => {
                self.deltas += 1;
                assert_eq!(Some(delta.from_version), self.version, "no gap");
                for (seat, status) in delta.seats.iter().zip(delta.statuses) {
                    self.picture.statuses[*seat as usize] = status;
                }
                lay(&mut self.picture.areas, &delta.areas);
                lay(&mut self.picture.ticket_types, &delta.ticket_types);
                self.picture.is_closed = delta.is_closed;
                delta.to_version
            }
        };
        self.version = Some(version);
        self.digests.push((version, self.picture.digest()));
    }
}

fn lay(over: &mut [[u32; 4]], said: &[IndexedCounts]) {
    for IndexedCounts { index, counts } in said {
        over[*index as usize] = states(&counts.unwrap());
    }
}

fn states(counts: &Counts) -> [u32; 4] {
    let states = [counts.available, counts.held, counts.allocated, counts.blocked];
    assert_eq!(states.iter().sum::<u32>(), counts.capacity);
    states
}
