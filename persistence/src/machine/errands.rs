//! Work beside whoever orders it: on a thread of its own, or step by step at the hands of who
//! drives a simulation. The work is the same, and knows nothing of either.
//!
//! Must always hold: what is ordered is done one by one, in order; who waits for it gets it, or
//! learns that nobody works any more; and all of it is done before the end, also when nobody
//! wants it any more.

use std::fmt;
use std::io;
use std::thread::JoinHandle;

#[cfg(any(test, feature = "simulation"))]
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

use super::{Hands, Machine};

/// Some work, as its customer sees it.
pub(crate) struct Errands<O, D> {
    orders: Option<Sender<O>>,
    done: Receiver<D>,
    worker: Worker,
}

enum Worker {
    Thread(Option<JoinHandle<()>>),
    #[cfg(any(test, feature = "simulation"))]
    Steps(Arc<Mutex<dyn Stepping>>),
}

/// Some work, as it is done: one order is one step.
struct Errand<O, D, W> {
    ordered: Receiver<O>,
    done: Sender<D>,
    work: W,
}

impl<O, D, W: FnMut(O) -> D> Errand<O, D, W> {
    /// Until nothing more will be ordered.
    fn run(mut self) {
        while let Ok(order) = self.ordered.recv() {
            if !self.step(order) {
                return;
            }
        }
    }

    /// False if nobody wants to know what became of it.
    fn step(&mut self, order: O) -> bool {
        self.done.send((self.work)(order)).is_ok()
    }
}

impl<O: Send + 'static, D: Send + 'static> Errands<O, D> {
    /// Starts work that has no more than `orders_max` orders out at any time.
    pub(crate) fn start(
        machine: &Machine,
        name: &str,
        orders_max: usize,
        work: impl FnMut(O) -> D + Send + 'static,
    ) -> io::Result<Self> {
        // So neither side ever waits for the other to take something.
        let (orders, ordered) = bounded(orders_max);
        let (result, done) = bounded(orders_max);
        let errand = Errand { ordered, done: result, work };
        let worker = match &machine.parts.hands {
            Hands::Threads => {
                let thread = std::thread::Builder::new().name(name.to_owned());
                Worker::Thread(Some(thread.spawn(|| errand.run())?))
            }
            #[cfg(any(test, feature = "simulation"))]
            Hands::Steps { steps, .. } => Worker::Steps(steps.add(errand)),
        };
        Ok(Self { orders: Some(orders), done, worker })
    }

    /// Orders something. If nobody works any more, whoever waits for it finds out.
    pub(crate) fn order(&self, order: O) {
        let _ = self.orders.as_ref().map(|orders| orders.send(order));
    }

    /// The next that is done, if there is one by now.
    pub(crate) fn try_done(&self) -> Result<D, TryRecvError> {
        self.done.try_recv()
    }

    /// The next that is done, waiting for it. `None` if nobody works any more.
    pub(crate) fn wait(&self) -> Option<D> {
        match &self.worker {
            Worker::Thread(_) => self.done.recv().ok(),
            #[cfg(any(test, feature = "simulation"))]
            Worker::Steps(work) => loop {
                match self.done.try_recv() {
                    Ok(done) => return Some(done),
                    Err(_) if step(work) => {}
                    Err(_) => return None,
                }
            },
        }
    }
}

impl<O, D> Drop for Errands<O, D> {
    fn drop(&mut self) {
        self.orders = None;
        match &mut self.worker {
            Worker::Thread(thread) => {
                // A panic of the thread has been seen as a missing answer already.
                let _ = thread.take().map(JoinHandle::join);
            }
            #[cfg(any(test, feature = "simulation"))]
            Worker::Steps(work) => while step(work) {},
        }
    }
}

impl<O, D> fmt::Debug for Errands<O, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errands")
    }
}

/// Work that somebody does step by step.
#[cfg(any(test, feature = "simulation"))]
trait Stepping: Send {
    /// Does the next step. False if there is nothing to do.
    fn step(&mut self) -> bool;
}

#[cfg(any(test, feature = "simulation"))]
impl<O: Send, D: Send, W: FnMut(O) -> D + Send> Stepping for Errand<O, D, W> {
    fn step(&mut self) -> bool {
        match self.ordered.try_recv() {
            Ok(order) => Errand::step(self, order),
            Err(_) => false,
        }
    }
}

#[cfg(any(test, feature = "simulation"))]
fn step(work: &Arc<Mutex<dyn Stepping>>) -> bool {
    // Work that panicked does nothing more, as its thread would.
    work.lock().is_ok_and(|mut work| work.step())
}

/// All work beside on a simulated machine: nothing of it moves unless somebody takes a step, or
/// waits for what it does.
#[cfg(any(test, feature = "simulation"))]
#[derive(Clone, Default)]
pub struct Steps {
    works: Arc<Mutex<Vec<Weak<Mutex<dyn Stepping>>>>>,
}

#[cfg(any(test, feature = "simulation"))]
impl Steps {
    fn add(&self, work: impl Stepping + 'static) -> Arc<Mutex<dyn Stepping>> {
        let work: Arc<Mutex<dyn Stepping>> = Arc::new(Mutex::new(work));
        self.works.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::downgrade(&work));
        work
    }

    /// Takes one step of the work that was started first among those that have something to do.
    /// False if none has.
    pub fn step(&self) -> bool {
        let mut works = self.works.lock().unwrap_or_else(PoisonError::into_inner);
        works.retain(|work| work.strong_count() > 0);
        let works = works.clone();
        works.iter().filter_map(Weak::upgrade).any(|work| step(&work))
    }
}

#[cfg(any(test, feature = "simulation"))]
impl fmt::Debug for Steps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Steps")
    }
}
