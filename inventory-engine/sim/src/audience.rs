//! Who looks on: listeners of events who read, stall, leave, and come back with what they had.
//! What they make of the pictures and changes that they are told has to be the truth.

use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use inventory_core::ids::EventId;
use inventory_engine::directory::Directory;
use inventory_engine::feed::{Picture, Update, Watcher, watch};
use inventory_engine::limits::FRAME_INTERVAL;
use persistence::disk::simulated::Chance;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio::task::yield_now;

use crate::auditor::{Auditor, Gallery};

/// Events that may be watched at once.
const FEEDS_MAX: usize = 8;
const LISTENERS_MAX: usize = 6;
/// Until everything that was told has gone round, whoever has to be woken for it.
const ROUNDS: usize = 3;

pub(crate) struct Audience {
    chance: Chance,
    /// The time of feeds, which stands still unless it is moved.
    runtime: Runtime,
    places: Arc<Semaphore>,
    listeners: Vec<Listener>,
    /// What those who left, or whose engine went down, know of an event.
    away: Vec<(EventId, Picture)>,
}

struct Listener {
    event_id: EventId,
    watcher: Watcher,
    picture: Option<Picture>,
    /// Looks that it misses.
    stalls: usize,
}

impl Audience {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            chance: Chance::of(seed, 2),
            runtime: runtime(),
            places: Arc::new(Semaphore::new(FEEDS_MAX)),
            listeners: Vec::new(),
            away: Vec::new(),
        }
    }

    /// The engine is gone.
    pub(crate) fn fall_silent(&mut self) {
        for Listener { event_id, picture, .. } in self.listeners.drain(..) {
            self.away.extend(picture.map(|picture| (event_id, picture)));
        }
        self.runtime = runtime();
        self.places = Arc::new(Semaphore::new(FEEDS_MAX));
    }

    /// Somebody comes, with or without something that it knows from before.
    pub(crate) fn come(&mut self, directory: &Directory, event_id: EventId) -> Result<(), String> {
        let Some(event) = directory.event(event_id) else { return Ok(()) };
        if self.listeners.len() >= LISTENERS_MAX {
            return Ok(());
        }
        let returns = self.away.iter().position(|(of, _)| *of == event_id);
        let returns = returns.filter(|_| !self.chance.once_in(3));
        let picture = returns.map(|place| self.away.swap_remove(place).1);
        let after = picture.as_ref().map(|picture| picture.version);
        let _in_runtime = self.runtime.enter();
        let watcher =
            watch(&event, after, &self.places).map_err(|error| format!("{event_id}: {error}"))?;
        self.listeners.push(Listener { event_id, watcher, picture, stalls: 0 });
        Ok(())
    }

    /// Somebody leaves, or does not look for a while.
    pub(crate) fn be_distracted(&mut self) {
        if self.listeners.is_empty() {
            return;
        }
        let who = self.chance.below(self.listeners.len());
        if self.chance.once_in(2) {
            self.listeners[who].stalls = 1 + self.chance.below(40);
            return;
        }
        let Listener { event_id, picture, .. } = self.listeners.swap_remove(who);
        self.away.extend(picture.map(|picture| (event_id, picture)));
    }

    /// Everybody who does not stall hears all that was shown. Says how much was told.
    pub(crate) fn listen(&mut self, auditor: &Auditor, gallery: &Gallery) -> Result<u64, String> {
        let mut told = 0;
        self.runtime.block_on(async {
            for _ in 0..ROUNDS {
                tokio::time::advance(FRAME_INTERVAL + Duration::from_millis(1)).await;
                for _ in 0..2 * FEEDS_MAX {
                    yield_now().await;
                }
                for listener in &mut self.listeners {
                    if listener.stalls == 0 {
                        told += listener.hear(gallery)?;
                    }
                }
            }
            Ok::<_, String>(())
        })?;
        for listener in &mut self.listeners {
            if listener.stalls == 0 {
                listener.check_complete(auditor, gallery)?;
            }
            listener.stalls = listener.stalls.saturating_sub(1);
        }
        Ok(told)
    }
}

impl Listener {
    fn hear(&mut self, gallery: &Gallery) -> Result<u64, String> {
        let mut told = 0;
        let event_id = self.event_id;
        while let Some(update) = self.watcher.next().now_or_never() {
            match update {
                None => return Err(format!("the feed of event {event_id} ended")),
                Some(Update::Snapshot(picture)) => self.picture = Some(picture.content().clone()),
                Some(Update::Delta(delta)) => {
                    let delta = delta.content();
                    let picture = self.picture.as_mut();
                    let picture = picture.ok_or("a change was told to who knows nothing")?;
                    if delta.from_version > picture.version {
                        let knows = picture.version;
                        return Err(format!("{delta:?} was told to who knows {knows}"));
                    }
                    picture.apply(delta);
                }
            }
            told += 1;
            self.check(gallery)?;
        }
        Ok(told)
    }

    /// What it knows is the truth of that version.
    fn check(&self, gallery: &Gallery) -> Result<(), String> {
        let Some(picture) = &self.picture else { return Ok(()) };
        let truth = gallery.at(self.event_id, picture.version);
        let truth = truth.map(|truth| Picture { version: picture.version, ..truth.clone() });
        if truth.as_ref() == Some(picture) {
            return Ok(());
        }
        Err(format!("event {}: {picture:?} was told, not {truth:?}", self.event_id))
    }

    /// And nothing that was shown was kept from it.
    fn check_complete(&self, auditor: &Auditor, gallery: &Gallery) -> Result<(), String> {
        let shown = auditor.shown_of(self.event_id.shard()).0;
        let (knows, event_id) = (self.picture.as_ref().map(|of| of.version), self.event_id);
        let latest = gallery.at(event_id, shown).map(|picture| picture.version);
        if knows < latest || knows.is_some_and(|knows| knows > shown) {
            return Err(format!("event {event_id}: {knows:?} is told, {latest:?} is shown"));
        }
        Ok(())
    }
}

fn runtime() -> Runtime {
    let mut builder = Builder::new_current_thread();
    let runtime = builder.enable_time().start_paused(true).build();
    runtime.expect("a runtime without input and output is only memory")
}
