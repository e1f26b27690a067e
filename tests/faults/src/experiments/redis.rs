//! Two edges share their limits through a Redis that is killed, stopped in the middle, slow, and
//! emptied under a sale. Who is within the limits is sold to all the time; who asks for more is
//! held to one limit of both edges while there is Redis, and to one at each edge while there is
//! none.
//!
//! That sales never stop is judged without a clock: each fault lasts until so many sales were
//! acknowledged meanwhile at each edge, so one under which nothing can be sold never ends well.
//! What the limits let pass is counted over spans in which both edges say that Redis decided all of
//! it, or nothing; a busy machine makes Redis late by itself, and a span that it fell into is not
//! judged but tried again.

mod buyers;
mod greedy;
mod house;
mod ledger;

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{bail, ensure};
use futures::FutureExt;

use self::buyers::Buyers;
use self::greedy::{Greedy, REFUSALS};
use self::house::{House, Seen};
use self::ledger::{Account, Ledger};
use super::stage::{Left, again};
use super::{Experiment, Outcome, Setting};
use crate::client::Sold;
use crate::limits::{REDIS_COST_MAX, REDIS_DELAY, SERVER_PATIENCE, STEADY_TRIES_MAX};
use crate::pause::pass;

const NAME: &str = "redis";

/// The experiment.
pub(super) const EXPERIMENT: Experiment = Experiment {
    name: NAME,
    does: "kill, stop, slow down and empty the Redis of two edges under a sale, and let somebody \
           ask both for more than one user may",
    passes_when: "sales never stop, every request is answered and none with a 5xx, two edges let \
                  pass one limit with Redis, one each without it, and one again behind it",
    sizes: ("1 round of 5 faults, 30 sales at each edge in each", "5 rounds, 300 sales"),
    run: |setting| run(setting).boxed(),
};

/// What one user may do: so many changes at once, and so many a minute.
const BURST: u64 = 12;
/// See [`BURST`].
const PER_MINUTE: u64 = 30;

/// What is done to Redis.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    Killed,
    Paused,
    Slowed,
    Flushed,
    ScriptsFlushed,
}

impl Fault {
    const ALL: [Self; 5] =
        [Self::Killed, Self::Paused, Self::Slowed, Self::Flushed, Self::ScriptsFlushed];
}

struct Trial {
    house: House,
    ledger: Arc<Ledger>,
    /// Sales at each edge that a fault lasts for.
    sales: u64,
    /// Greedy users so far.
    greedy: u64,
    /// Spans of which the limits were judged, and spans that Redis came or went in.
    judged: u64,
    unsteady: u64,
    /// Requests that were counted without Redis during faults.
    fallbacks: u64,
    /// What is done now, for what is said.
    now: String,
}

async fn run(setting: &Setting) -> anyhow::Result<Outcome> {
    let (rounds, sales) = setting.sized((1, 30), (5, 300));
    let house = House::open(setting, &format!("{PER_MINUTE}/m,burst={BURST}")).await?;
    house.until_in_use(true).await?;
    let ledger = Arc::new(Ledger::default());
    let buyers = Buyers::enter(&house.rests, &ledger, setting.seed);
    let mut trial = Trial::new(house, ledger, sales);
    let runs = trial.go(rounds).await;
    buyers.leave().await;
    let account = trial.ledger.close();
    let mut violations = judged_time(setting, &account);
    let mut figures = trial.figures(&account);
    let stage = trial.house.close().await?;
    let accepted = account.receipts.len() as u64;
    let left = Left { sold: Sold { accepted, ..Sold::default() }, in_doubt: 0 };
    let more = |facts: &[_]| {
        violations.extend(account.against(facts));
        [account.wrong, violations].concat()
    };
    let outcome = stage.verdict_with(left, &again(NAME, setting), more).await?;
    figures.push(format!("{accepted} acknowledged changes held against the journal"));
    Ok(Outcome { runs, figures, ..outcome })
}

/// What took too long, where that counts.
fn judged_time(setting: &Setting, account: &Account) -> Vec<String> {
    let [without, with] = account.worst;
    let pairs = [
        ("the slowest answer", without.answer, with.answer),
        ("the longest time between two sales", without.pause, with.pause),
    ];
    let late = pairs.into_iter().filter(|(_, without, with)| *with > *without + REDIS_COST_MAX);
    let says = late.map(|(what, without, with)| {
        let (without, with) = (without.as_millis(), with.as_millis());
        format!("{what} was {with} ms under faults, and {without} ms without")
    });
    if setting.judges_time { says.collect() } else { Vec::new() }
}

impl Trial {
    fn new(house: House, ledger: Arc<Ledger>, sales: u64) -> Self {
        let now = String::new();
        Self { house, ledger, sales, greedy: 0, judged: 0, unsteady: 0, fallbacks: 0, now }
    }

    /// All faults, round by round, up to one that cannot be gone through. How often one was done.
    async fn go(&mut self, rounds: u64) -> u64 {
        let mut runs = 0;
        for (round, fault) in (1..=rounds).flat_map(|round| Fault::ALL.map(|fault| (round, fault)))
        {
            self.now = format!("{fault:?}, round {round}");
            // What is known by then is held against the journal all the same.
            if let Err(error) = self.meet(fault).await {
                self.ledger.wrong(format!("{}: {error:#}", self.now));
                break;
            }
            runs += 1;
        }
        runs
    }

    /// One fault, and what has to hold before, meanwhile and behind it.
    async fn meet(&mut self, fault: Fault) -> anyhow::Result<()> {
        // As many sales as under the fault, to have something to hold its figures against.
        self.until_sold(self.ledger.sales()).await?;
        match fault {
            Fault::Killed | Fault::Paused | Fault::Slowed => self.away(fault).await?,
            Fault::Flushed | Fault::ScriptsFlushed => self.emptied(fault).await?,
        }
        self.together().await.map(drop)
    }

    /// A Redis that does not answer, or not in time.
    async fn away(&mut self, fault: Fault) -> anyhow::Result<()> {
        let greedy = self.together().await?;
        let before = self.house.seen().await?;
        let sold = self.ledger.sales();
        self.ledger.turn(true);
        match fault {
            Fault::Killed => self.house.redis.kill()?,
            Fault::Paused => self.house.redis.pause()?,
            _ => self.house.proxy.slow_down(REDIS_DELAY),
        }
        self.house.until_in_use(false).await?;
        self.apart(greedy).await?;
        self.until_sold(sold).await?;
        for (seen, before) in self.house.seen().await?.iter().zip(before) {
            let fallbacks = seen.fallbacks - before.fallbacks;
            ensure!(fallbacks > 0, "an edge never did without Redis");
            self.fallbacks += fallbacks;
        }
        match fault {
            Fault::Killed => self.house.redis.start_again().await?,
            Fault::Paused => self.house.redis.resume()?,
            _ => self.house.proxy.slow_down(Duration::ZERO),
        }
        self.house.until_in_use(true).await?;
        self.ledger.turn(false);
        Ok(())
    }

    /// A Redis that forgets: everybody's counts, which begin anew, or the script, which is sent
    /// again and changes nothing.
    async fn emptied(&mut self, fault: Fault) -> anyhow::Result<()> {
        let bursts = if fault == Fault::Flushed { 2 } else { 1 };
        for _ in 0..STEADY_TRIES_MAX {
            let mut greedy = self.together().await?;
            let before = self.house.seen().await?;
            let sold = self.ledger.sales();
            let mut redis = self.house.redis.connect().await?;
            let refused_before = refused_scripts(&mut redis).await?;
            self.ledger.turn(true);
            if fault == Fault::Flushed {
                let counts: u64 = redis::cmd("DBSIZE").query_async(&mut redis).await?;
                ensure!(counts > 0, "Redis had nothing to forget");
                redis::cmd("FLUSHALL").exec_async(&mut redis).await?;
            } else {
                redis::cmd("SCRIPT").arg("FLUSH").exec_async(&mut redis).await?;
            }
            greedy.ask(&self.house.rests, &self.ledger).await;
            let after = self.house.seen().await?;
            self.until_sold(sold).await?;
            self.ledger.turn(false);
            if fault == Fault::ScriptsFlushed {
                let refused = refused_scripts(&mut redis).await?;
                ensure!(refused > refused_before, "no edge missed its script");
            }
            if !was_steady(before, after, Seen::was_with_redis) {
                self.wait_for_steady(true).await?;
                continue;
            }
            self.judge(&greedy, greedy.passed.iter().sum(), bursts, "both edges");
            return Ok(());
        }
        bail!("Redis is never there for long");
    }

    /// With Redis: both edges let pass one limit, of somebody new, who is given back.
    async fn together(&mut self) -> anyhow::Result<Greedy> {
        for _ in 0..STEADY_TRIES_MAX {
            let before = self.house.seen().await?;
            let greedy = self.somebody().await;
            let after = self.house.seen().await?;
            if !was_steady(before, after, Seen::was_with_redis) {
                self.wait_for_steady(true).await?;
                continue;
            }
            self.judge(&greedy, greedy.passed.iter().sum(), 1, "both edges");
            for (seen, before) in after.iter().zip(before) {
                let by_redis = seen.refused_by_redis - before.refused_by_redis;
                self.judge_refusals(by_redis, "Redis");
            }
            return Ok(greedy);
        }
        bail!("Redis is never there for long");
    }

    /// Without Redis: each edge lets pass one limit of its own, in which counts what it has let
    /// pass of this user while there was Redis.
    async fn apart(&mut self, mut greedy: Greedy) -> anyhow::Result<()> {
        for attempt in 0..STEADY_TRIES_MAX {
            let before = self.house.seen().await?;
            if attempt == 0 {
                greedy.ask(&self.house.rests, &self.ledger).await;
            } else {
                greedy = self.somebody().await;
            }
            let after = self.house.seen().await?;
            if !was_steady(before, after, Seen::was_without_redis) {
                self.wait_for_steady(false).await?;
                continue;
            }
            for ((passed, seen), before) in greedy.passed.iter().zip(after).zip(before) {
                self.judge(&greedy, *passed, 1, "one edge alone");
                let by_process = seen.refused_by_process - before.refused_by_process;
                self.judge_refusals(by_process, "the edge");
            }
            return Ok(());
        }
        bail!("Redis is never away for long");
    }

    /// Somebody new, who has asked until they were refused.
    async fn somebody(&mut self) -> Greedy {
        self.greedy += 1;
        let mut greedy = Greedy::new(self.greedy);
        greedy.ask(&self.house.rests, &self.ledger).await;
        greedy
    }

    async fn wait_for_steady(&mut self, is_in_use: bool) -> anyhow::Result<()> {
        self.unsteady += 1;
        self.house.until_in_use(is_in_use).await
    }

    /// What was let pass of somebody is no more than the limit, and no less.
    fn judge(&mut self, greedy: &Greedy, passed: u64, bursts: u64, who: &str) {
        self.judged += 1;
        let (least, most) = (bursts * BURST, greedy.most(bursts));
        if !(least..=most).contains(&passed) {
            let over = greedy.over.as_millis();
            self.ledger.wrong(format!(
                "{}: {who} let pass {passed} requests of one user in {over} ms, where {least} to \
                 {most} are within the limit",
                self.now
            ));
        }
    }

    /// The metrics say who refused.
    fn judge_refusals(&self, counted: u64, who: &str) {
        if counted < REFUSALS {
            let says = "refusals of a user that were made are not counted as made by";
            self.ledger.wrong(format!("{}: {says} {who}: {counted}", self.now));
        }
    }

    /// Waits for so many sales more at each edge than there were.
    async fn until_sold(&self, before: [u64; 2]) -> anyhow::Result<()> {
        let patience = Instant::now() + SERVER_PATIENCE;
        while self.ledger.sales().iter().zip(before).any(|(now, was)| now - was < self.sales) {
            if Instant::now() > patience {
                bail!("{:?} sales since {before:?}, and no more", self.ledger.sales());
            }
            pass(Duration::from_millis(5)).await;
        }
        Ok(())
    }

    fn figures(&self, account: &Account) -> Vec<String> {
        let [without, with] = account.worst;
        let sales: u64 = account.sold.iter().sum();
        let Self { judged, unsteady, fallbacks, .. } = self;
        let millis = |of: Duration| of.as_millis();
        vec![
            format!("{} answers, {sales} sales", account.answers),
            format!(
                "slowest answer {} ms with faults, {} ms without",
                millis(with.answer),
                millis(without.answer)
            ),
            format!(
                "longest time between two sales {} ms with faults, {} ms without",
                millis(with.pause),
                millis(without.pause)
            ),
            format!("{fallbacks} requests counted without Redis"),
            format!("limits judged {judged} times, {unsteady} spans in which Redis came or went"),
        ]
    }
}

/// Whether both edges say the same of all that was asked meanwhile.
fn was_steady(before: [Seen; 2], after: [Seen; 2], is_so: fn(Seen, Seen) -> bool) -> bool {
    after.into_iter().zip(before).all(|(after, before)| is_so(after, before))
}

/// How often Redis has refused to run a script that it does not have.
async fn refused_scripts(redis: &mut redis::aio::MultiplexedConnection) -> anyhow::Result<u64> {
    let info: String = redis::cmd("INFO").arg("errorstats").query_async(redis).await?;
    let line = info.lines().find_map(|line| line.strip_prefix("errorstat_NOSCRIPT:count="));
    Ok(line.map_or(Ok(0), |count| count.trim().parse())?)
}
