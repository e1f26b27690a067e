//! One buyer's visit: a light task that lives from the arrival to the last answer.
//!
//! All of a buyer's chance comes from a stream of its own, numbered by the buyer, so what one
//! buyer means to do never depends on how fast another was served.

mod ask;
mod bot;
mod late;
mod person;
mod plan;
mod wish;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::client::Door;
use crate::clock::Clock;
use crate::ids::HoldId;
use crate::record::Recorder;
use crate::request::Selection;
use crate::seat_map::SeatMap;
use crate::spots::Spots;

/// What all buyers of a run share.
#[derive(Debug)]
pub(crate) struct Sale {
    pub(crate) clock: Clock,
    pub(crate) recorder: Recorder,
    pub(crate) map: SeatMap,
    pub(crate) door: Door,
    pub(crate) seed: u64,
    /// The share of scheduled arrivals that are bots.
    pub(crate) bots: f64,
    /// How long one sending is waited for before it goes out again.
    pub(crate) sending_timeout: Duration,
    /// How far the server's clock may be off.
    pub(crate) clock_slack: Duration,
    /// The share of those who bought and bring it back, from 0 to 1.
    pub(crate) returns: f64,
    /// Buyers who may still bring back what they bought.
    pub(crate) returning: AtomicUsize,
    /// Whether the page says that nothing is left to be sold.
    pub(crate) is_sold_out: AtomicBool,
    /// Set when the run is given up: nobody asks again.
    pub(crate) stop: CancellationToken,
    /// Every live buyer.
    pub(crate) buyers: TaskTracker,
}

/// Who comes, numbered within their kind.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Visitor {
    /// By the schedule.
    Scheduled(u64),
    /// In a burst before a kill.
    Burst(u64),
    /// In the tail, for exactly this.
    Late(u64, Selection),
}

impl Visitor {
    /// The number of its random stream; kinds are far apart.
    fn stream(&self) -> u64 {
        match self {
            Self::Scheduled(number) => *number,
            Self::Burst(number) => 1 << 40 | number,
            Self::Late(number, _) => 2 << 40 | number,
        }
    }
}

/// Lets a visitor in who meant to come at this time. Returns at once.
pub(crate) fn admit(sale: &Arc<Sale>, visitor: Visitor, intended_micros: u64) -> JoinHandle<()> {
    sale.recorder.arrived(intended_micros);
    let visit = visit(sale.clone(), visitor, intended_micros);
    sale.buyers.spawn(visit)
}

async fn visit(sale: Arc<Sale>, visitor: Visitor, intended_micros: u64) {
    let stream = visitor.stream();
    let cause = match visitor {
        Visitor::Scheduled(number) => {
            let mut rng = rng(sale.seed, stream);
            match plan::Plan::draw(&mut rng, sale.bots) {
                plan::Plan::Person(plan) => {
                    let buyer = Buyer::new(sale.clone(), format!("buyer-{number}"), stream, rng);
                    buyer.visit(&plan, intended_micros).await
                }
                plan::Plan::Bot(plan) => {
                    bot::visit(&sale, number, stream, &plan, intended_micros).await
                }
            }
        }
        Visitor::Burst(number) => {
            let mut rng = rng(sale.seed, stream);
            let plan = plan::Person::draw(&mut rng);
            let buyer = Buyer::new(sale.clone(), format!("burst-{number}"), stream, rng);
            buyer.visit(&plan, intended_micros).await
        }
        Visitor::Late(number, selection) => {
            let rng = rng(sale.seed, stream);
            let buyer = Buyer::new(sale.clone(), format!("late-{number}"), stream, rng);
            buyer.visit_late(selection, intended_micros).await
        }
    };
    sale.recorder.left(cause);
}

fn rng(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Stream 0 made the schedule.
    rng.set_stream(stream + 1);
    rng
}

/// One identity that asks for seats.
#[derive(Debug)]
struct Buyer {
    sale: Arc<Sale>,
    name: Arc<str>,
    /// Which connection it uses; the next one after a loss.
    lane: usize,
    rng: ChaCha8Rng,
}

/// What a buyer holds.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Held {
    hold_id: HoldId,
    spots: Spots,
    deadline_millis: u64,
    /// When the buyer learned of it.
    at_micros: u64,
}

/// Somebody who will bring back what is being bought: until this is gone, the sale is not over.
#[derive(Debug)]
struct BringingBack(Arc<Sale>);

impl BringingBack {
    fn new(sale: &Arc<Sale>) -> Self {
        sale.returning.fetch_add(1, Ordering::AcqRel);
        Self(sale.clone())
    }
}

impl Drop for BringingBack {
    fn drop(&mut self) {
        self.0.returning.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Buyer {
    fn new(sale: Arc<Sale>, name: String, stream: u64, rng: ChaCha8Rng) -> Self {
        Self { sale, name: name.into(), lane: stream as usize, rng }
    }

    /// A time so many milliseconds after another, drawn from a range.
    fn after_millis(&mut self, micros: u64, millis: std::ops::Range<u64>) -> u64 {
        micros + 1_000 * self.rng.random_range(millis)
    }

    fn is_sold_out(&self) -> bool {
        self.sale.is_sold_out.load(Ordering::Relaxed)
    }
}
