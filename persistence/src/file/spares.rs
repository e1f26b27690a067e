//! The next segment, prepared on a thread of its own while the present one fills up.
//!
//! Must always hold: that a spare cannot be had is known a whole segment before it is needed,
//! and is no failed sync: appends go on until the present segment is full.

use std::io;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::active::Spare;
use crate::files::{Context, Error};
use crate::limits::PREPARE_AGAIN_MILLIS;

/// Prepares one spare at a time.
#[derive(Debug)]
pub(crate) struct Spares {
    journal: PathBuf,
    state: State,
    is_short: bool,
    requests: Option<Sender<()>>,
    results: Receiver<Result<Spare, Error>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
enum State {
    Preparing,
    Ready(Spare),
    Failed { at: Instant },
}

impl Spares {
    /// Starts to prepare the first.
    pub(crate) fn start(journal: &Path, segment_bytes: u64) -> Result<Self, Error> {
        let (requests, requested) = bounded::<()>(1);
        let (result, results) = bounded(1);
        let path = journal.to_owned();
        let prepare = move || {
            for () in requested {
                if result.send(Spare::create(&path, segment_bytes, 0)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("journal-spares".to_owned())
            .spawn(prepare)
            .context("start the thread that prepares segments of", journal)?;
        let mut spares = Self {
            journal: journal.to_owned(),
            state: State::Preparing,
            is_short: false,
            requests: Some(requests),
            results,
            thread: Some(thread),
        };
        spares.request();
        Ok(spares)
    }

    /// The spare, waiting for it if it is being prepared. The next one is prepared from now on.
    pub(crate) fn take(&mut self) -> Result<Spare, Error> {
        if matches!(self.state, State::Failed { .. }) {
            self.request();
        }
        if matches!(self.state, State::Preparing) {
            let result = self.results.recv().map_err(|_| self.ended())?;
            self.settle(result)?;
        }
        match std::mem::replace(&mut self.state, State::Preparing) {
            State::Ready(spare) => {
                self.request();
                Ok(spare)
            }
            State::Preparing | State::Failed { .. } => Err(self.ended()),
        }
    }

    /// Whether the last attempt failed. Tries again from time to time.
    pub(crate) fn is_short(&mut self) -> bool {
        match &self.state {
            State::Preparing => match self.results.try_recv() {
                Ok(result) => {
                    let was_short = self.is_short;
                    match self.settle(result) {
                        // Once, not at each attempt.
                        Err(error) if !was_short => tracing::warn!(
                            %error,
                            "the next segment of the journal cannot be had; appends stop when the \
                             present one is full: make space"
                        ),
                        Ok(()) if was_short => {
                            tracing::info!("the next segment of the journal is there");
                        }
                        Err(_) | Ok(()) => {}
                    }
                }
                Err(TryRecvError::Empty) => {}
                Err(TryRecvError::Disconnected) => self.is_short = true,
            },
            State::Failed { at } if at.elapsed() >= Duration::from_millis(PREPARE_AGAIN_MILLIS) => {
                self.request();
            }
            State::Failed { .. } | State::Ready(_) => {}
        }
        self.is_short
    }

    fn settle(&mut self, result: Result<Spare, Error>) -> Result<(), Error> {
        self.is_short = result.is_err();
        match result {
            Ok(spare) => {
                self.state = State::Ready(spare);
                Ok(())
            }
            Err(error) => {
                self.state = State::Failed { at: Instant::now() };
                Err(error)
            }
        }
    }

    fn request(&mut self) {
        self.state = State::Preparing;
        // If the thread has ended, whoever waits for its answer finds out.
        let _ = self.requests.as_ref().map(|requests| requests.send(()));
    }

    fn ended(&self) -> Error {
        Error {
            action: "prepare the next segment in",
            path: self.journal.clone(),
            cause: io::Error::other("its thread has ended"),
        }
    }
}

impl Drop for Spares {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(thread) = self.thread.take() {
            // A panic of the thread has been seen as a missing answer already.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_spare_that_cannot_be_had_is_told_before_it_is_needed_and_tried_again() {
        let dir = tempfile::tempdir().unwrap();
        let journal = dir.path().join("journal");
        let mut spares = Spares::start(&journal, 4_096).unwrap();
        assert!(spares.take().unwrap_err().to_string().starts_with("cannot create "));
        assert!(spares.is_short());

        fs::create_dir(&journal).unwrap();
        drop(spares.take().unwrap());
        assert!(!spares.is_short());
        drop(spares.take().unwrap());
    }
}
