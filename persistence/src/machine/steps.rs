//! Work beside on a simulated machine, where nothing moves unless somebody takes a step, or waits
//! for what it does.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// Work that is done step by step.
pub(super) trait Stepping: Send {
    /// Does the next step. False if there is nothing to do.
    fn step(&mut self) -> bool;
}

/// Some work, shared by its customer and by who takes its steps.
#[derive(Clone)]
pub(super) struct Stepped(Arc<Mutex<dyn Stepping>>);

impl Stepped {
    pub(super) fn step(&self) -> bool {
        // Work that panicked does nothing more, as its thread would.
        self.0.lock().is_ok_and(|mut work| work.step())
    }
}

/// All work beside on a simulated machine; a clone is the same.
#[derive(Clone, Default)]
pub struct Steps {
    works: Arc<Mutex<Vec<WeakWork>>>,
}

type WeakWork = Weak<Mutex<dyn Stepping>>;

impl Steps {
    pub(super) fn add(&self, work: impl Stepping + 'static) -> Stepped {
        let work: Arc<Mutex<dyn Stepping>> = Arc::new(Mutex::new(work));
        self.works().push(Arc::downgrade(&work));
        Stepped(work)
    }

    /// Takes one step of the work that was started first among those that have something to do.
    /// False if none has.
    pub fn step(&self) -> bool {
        // A copy, so that a step may start other work.
        let works = {
            let mut works = self.works();
            works.retain(|work| work.strong_count() > 0);
            works.clone()
        };
        works.iter().filter_map(Weak::upgrade).any(|work| Stepped(work).step())
    }

    fn works(&self) -> MutexGuard<'_, Vec<WeakWork>> {
        self.works.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steps")
    }
}
