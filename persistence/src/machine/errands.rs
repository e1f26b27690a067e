//! Work beside whoever orders it: on a thread of its own, or step by step at the hands of who
//! drives a simulation. The work is the same, and knows nothing of either.
//!
//! Must always hold: what is ordered is done one by one, in order; who waits for it gets it, or
//! learns that nobody works any more; and all of it is done before the end, also when nobody
//! wants it any more.

use std::fmt;
use std::io;
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

#[cfg(any(test, feature = "simulation"))]
use super::steps::{Stepped, Stepping};
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
    Steps(Stepped),
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
                    Err(_) if work.step() => {}
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
            Worker::Steps(work) => while work.step() {},
        }
    }
}

impl<O, D> fmt::Debug for Errands<O, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Errands")
    }
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

#[cfg(test)]
mod tests {
    use inventory_core::time::Timestamp;

    use super::*;
    use crate::disk::simulated::SimulatedDisk;
    use crate::machine::SimulatedClock;

    fn simulated() -> Machine {
        let clock = SimulatedClock::new(Timestamp(1));
        Machine::simulated(SimulatedDisk::new(0, 0), clock, 1)
    }

    #[test]
    fn who_waits_gets_what_was_ordered_in_order() {
        for machine in [Machine::real(), simulated()] {
            let errands = Errands::start(&machine, "doubles", 2, |order: u64| 2 * order).unwrap();
            errands.order(1);
            errands.order(2);
            assert_eq!([errands.wait(), errands.wait()], [Some(2), Some(4)]);
            assert_eq!(errands.try_done(), Err(TryRecvError::Empty));
        }
    }

    #[test]
    fn all_that_was_ordered_is_done_before_the_end() {
        for machine in [Machine::real(), simulated()] {
            let (told, seen) = bounded(2);
            let work = move |order: u64| told.send(order).is_ok();
            let errands = Errands::start(&machine, "tells", 2, work).unwrap();
            errands.order(1);
            errands.order(2);
            drop(errands);
            assert_eq!(seen.iter().collect::<Vec<_>>(), [1, 2]);
        }
    }

    #[test]
    fn on_a_simulated_machine_nothing_moves_by_itself() {
        let machine = simulated();
        let steps = machine.steps().unwrap();
        let errands = Errands::start(&machine, "doubles", 2, |order: u64| 2 * order).unwrap();
        let other = Errands::start(&machine, "halves", 2, |order: u64| order / 2).unwrap();
        assert!(!steps.step(), "nothing is ordered");
        assert_eq!(errands.wait(), None, "and nobody waits for ever");
        [1, 2].into_iter().for_each(|order| errands.order(order));
        other.order(6);
        assert_eq!(errands.try_done(), Err(TryRecvError::Empty));
        assert!(steps.step());
        assert_eq!(errands.try_done(), Ok(2));
        assert_eq!(other.wait(), Some(3), "who waits does not wait for others");
        assert!(steps.step() && !steps.step());
        assert_eq!(errands.try_done(), Ok(4));
        drop((errands, other));
        assert!(!steps.step());
    }
}
