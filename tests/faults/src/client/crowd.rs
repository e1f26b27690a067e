//! Many clients at once, each of which holds a few seats, sells them, gives them back, brings them
//! back, or forgets them, and asks again with the same request id until it knows what came of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::task::JoinSet;

use super::Door;
use crate::history::{Accepted, Ask, Done, NEVER_MICROS, Recorder, RequestId, Said, Sending};
use crate::limits::{ANSWER_TIMEOUT, ASK_SEATS_MAX, SETTLE_PATIENCE};
use crate::pause::pass;

/// How a crowd behaves.
#[derive(Clone, Debug)]
pub struct Habits {
    /// How many clients.
    pub clients: u32,
    /// What they buy of.
    pub events: Vec<u64>,
    /// Seats of each event.
    pub seats: u32,
    /// How many seats are wanted at a time: the fewer, the more clients want the same.
    pub window: u32,
    /// After so many answers others are wanted, so that no seat has an endless history.
    pub window_answers: u64,
    /// One request in so many leaves by two doors at once.
    pub twice_once_in: u32,
    /// One answer in so many is asked for again.
    pub again_once_in: u32,
    /// How long a client rests behind each answer, at most.
    pub rest: Duration,
    /// Decides what each client does.
    pub seed: u64,
}

/// What a crowd got done.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Sold {
    /// Changes that were acknowledged, repeats included.
    pub accepted: u64,
    /// Refusals by the rules.
    pub rejected: u64,
    /// Sendings that were not decided.
    pub not_done: u64,
    /// Sendings of which nothing was heard.
    pub unknown: u64,
}

#[derive(Debug)]
struct Shared {
    habits: Habits,
    recorder: Arc<Recorder>,
    doors: Vec<Box<dyn Door>>,
    has_to_leave: AtomicBool,
    /// By what is said: accepted, rejected, not done, unknown.
    counts: [AtomicU64; 4],
}

/// A crowd. Its clients end with it.
#[derive(Debug)]
pub struct Crowd {
    shared: Arc<Shared>,
    clients: JoinSet<bool>,
}

impl Crowd {
    /// Lets clients in, each through a door of its own choice.
    pub fn enter(habits: Habits, recorder: Arc<Recorder>, doors: Vec<Box<dyn Door>>) -> Self {
        let clients = habits.clients;
        let shared = Arc::new(Shared {
            habits,
            recorder,
            doors,
            has_to_leave: AtomicBool::new(false),
            counts: Default::default(),
        });
        let mut tasks = JoinSet::new();
        for number in 0..clients {
            let client = Client::new(number, Arc::clone(&shared));
            tasks.spawn(client.run());
        }
        Self { shared, clients: tasks }
    }

    /// What was said so far.
    pub fn sold(&self) -> Sold {
        let count = |at: usize| self.shared.counts[at].load(Ordering::Relaxed);
        Sold { accepted: count(0), rejected: count(1), not_done: count(2), unknown: count(3) }
    }

    /// Waits until everybody knows what came of the last request. How many never do.
    pub async fn leave(mut self) -> usize {
        self.shared.has_to_leave.store(true, Ordering::Relaxed);
        let mut in_doubt = 0;
        while let Some(ended) = self.clients.join_next().await {
            in_doubt += usize::from(!ended.unwrap_or(false));
        }
        in_doubt
    }
}

struct Client {
    number: u32,
    buyer: String,
    rng: ChaCha8Rng,
    shared: Arc<Shared>,
}

impl Client {
    fn new(number: u32, shared: Arc<Shared>) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(shared.habits.seed);
        rng.set_stream(u64::from(number));
        Self { number, buyer: format!("buyer-{number}"), rng, shared }
    }

    fn is_leaving(&self) -> bool {
        self.shared.has_to_leave.load(Ordering::Relaxed)
    }

    fn once_in(&mut self, many: u32) -> bool {
        many > 0 && self.rng.random_range(0..many) == 0
    }

    /// Buys until it has to leave. False if it never learns what came of something.
    async fn run(mut self) -> bool {
        while !self.is_leaving() {
            if self.buy().await.is_none() {
                return false;
            }
        }
        true
    }

    /// One hold and what becomes of it. `None` if that is never known.
    async fn buy(&mut self) -> Option<()> {
        let ask = self.wish();
        let Some(Done::Placed { hold_id, .. }) = self.ask(ask).await? else { return Some(()) };
        let buyer = self.buyer.clone();
        let fate = self.rng.random_range(0..10);
        if fate == 0 {
            self.ask(Ask::Extend { hold_id, buyer: buyer.clone() }).await?;
        }
        match fate {
            0..=5 => {
                let sale = self.ask(Ask::Allocate { hold_id, buyer: buyer.clone() }).await?;
                let Some(Done::Allocated { allocation_id, .. }) = sale else { return Some(()) };
                if self.rng.random_range(0..3) > 0 {
                    self.ask(Ask::Return { allocation_id, buyer }).await?;
                }
            }
            6..=8 => {
                self.ask(Ask::Release { hold_id, buyer }).await?;
            }
            // Forgotten: it runs out.
            _ => {}
        }
        Some(())
    }

    fn wish(&mut self) -> Ask {
        let habits = &self.shared.habits;
        let event_id = habits.events[self.rng.random_range(0..habits.events.len())];
        let answers = self.shared.recorder.count() as u64;
        let turn = (answers / habits.window_answers.max(1)) as u32;
        let base = turn.wrapping_mul(habits.window) % habits.seats;
        let first = base + self.rng.random_range(0..habits.window);
        let count = self.rng.random_range(1..=ASK_SEATS_MAX);
        let mut seats: Vec<_> = (first..first + count).map(|seat| seat % habits.seats).collect();
        seats.sort_unstable();
        Ask::Place { event_id, buyer: self.buyer.clone(), seats }
    }

    /// Asks until it knows. What was done, if anything; `None` if it is never known.
    async fn ask(&mut self, ask: Ask) -> Option<Option<Done>> {
        let (request_id, ask) = (RequestId::now(), Arc::new(ask));
        let mut left_since = None;
        loop {
            let is_twice = self.once_in(self.shared.habits.twice_once_in);
            let said = match is_twice {
                true => self.send_twice(request_id, &ask).await,
                false => {
                    let door = self.some_door();
                    self.send(request_id, &ask, door).await
                }
            };
            match said {
                Some(Said::Accepted(Accepted { done, .. })) => {
                    if self.once_in(self.shared.habits.again_once_in) {
                        let door = self.some_door();
                        self.send(request_id, &ask, door).await;
                    }
                    self.rest().await;
                    return Some(Some(done));
                }
                Some(Said::Rejected(_)) => {
                    self.rest().await;
                    return Some(None);
                }
                Some(Said::NotDone(_) | Said::Unknown) | None => {
                    if self.is_leaving() {
                        let since = *left_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > SETTLE_PATIENCE {
                            return None;
                        }
                    }
                    let pause = self.rng.random_range(2..20);
                    pass(Duration::from_millis(pause)).await;
                }
            }
        }
    }

    async fn rest(&mut self) {
        let rest = self.shared.habits.rest;
        if rest > Duration::ZERO {
            let part = self.rng.random::<f64>();
            pass(rest.mul_f64(part)).await;
        }
    }

    fn some_door(&mut self) -> usize {
        self.rng.random_range(0..self.shared.doors.len())
    }

    /// The same request by two doors at the same time.
    async fn send_twice(&mut self, request_id: RequestId, ask: &Arc<Ask>) -> Option<Said> {
        let (one, other) = (self.some_door(), self.some_door());
        let both =
            futures::join!(self.send(request_id, ask, one), self.send(request_id, ask, other));
        let is_accepted = |said: &Option<Said>| matches!(said, Some(Said::Accepted(_)));
        let is_open = |said: &Option<Said>| !matches!(said, Some(Said::Rejected(_)));
        match both {
            (one, other) if is_accepted(&other) || (is_open(&other) && !is_accepted(&one)) => other,
            (one, _) => one,
        }
    }

    /// Sends once, and writes it down if it left.
    async fn send(&self, request_id: RequestId, ask: &Arc<Ask>, door: usize) -> Option<Said> {
        let shared = &self.shared;
        let invoked_micros = shared.recorder.now_micros();
        let sent = shared.doors[door].send(request_id, ask);
        let said = match tokio::time::timeout(ANSWER_TIMEOUT, sent).await {
            Ok(said) => said?,
            Err(_) => Said::Unknown,
        };
        let kind = match &said {
            Said::Accepted(_) => 0,
            Said::Rejected(_) => 1,
            Said::NotDone(_) => 2,
            Said::Unknown => 3,
        };
        shared.counts[kind].fetch_add(1, Ordering::Relaxed);
        shared.recorder.record(Sending {
            client: self.number,
            request_id,
            ask: Arc::clone(ask),
            invoked_micros,
            answered_micros: NEVER_MICROS,
            said: said.clone(),
        });
        Some(said)
    }
}
