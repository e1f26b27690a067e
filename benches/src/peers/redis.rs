//! Redis as a seat store: three Lua scripts, each one atomic change.
//!
//! An event's seats are one hash, so that both seats are read by one call and written by one. A
//! seat names its hold's key, or, once sold, its owner; a free seat is not there, so that an event
//! needs no setting up. A hold is a hash with its owner and seats and lives by its time to live: a
//! seat whose hold is gone is free, which is asked only where a seat is taken. So the scripts ask
//! for no time, nothing has to be swept, and in memory as in the file a change is three or four
//! small writes. One tag in all keys of an event keeps them on one node of a cluster.
//!
//! Scripts are called by hash, as packed commands on plain connections: a client writes all that
//! it has to ask at once and reads until all is answered. Replies are `:1` or `:0`. All clients
//! share one thread, so that Redis has a processor of its own.
//!
//! What helps it most: in memory pipelines of some dozens, beyond which hardly more than latency
//! grows; synced, about two thousand in flight, since one sync serves them all. What each shape
//! gave stands with the rows, in `rows/of_stores.rs`.

mod wire;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, Script};
use tokio::task::JoinSet;

use super::HOLD_MILLIS;
use super::thread::on_one_thread;
use crate::measured::{Measured, Meter, Window};
use crate::workload::{Fate, Load, Pick, Sale};
use wire::Wire;

/// More operations a second than Redis will do: events are made for so many.
const PER_SECOND_MAX: f64 = 400_000.0;

/// What Redis promises of what it has answered.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// Nothing: all is in memory. Append-only file and snapshots off.
    Memory,
    /// It is on the disk: append-only file, synced before the answers leave.
    Synced,
}

/// A Redis of our own.
#[derive(Debug)]
pub struct Redis {
    connection: MultiplexedConnection,
    scripts: Arc<Scripts>,
    server: servers::Redis,
}

#[derive(Debug)]
struct Scripts {
    place: Script,
    allocate: Script,
    release: Script,
}

impl Redis {
    /// Starts a `redis-server` and loads the scripts.
    pub async fn start(durability: Durability) -> anyhow::Result<Self> {
        let arguments = match durability {
            Durability::Memory => [].as_slice(),
            // The file is not rewritten while it is measured.
            Durability::Synced => &[
                "--appendonly",
                "yes",
                "--appendfsync",
                "always",
                "--auto-aof-rewrite-percentage",
                "0",
            ],
        };
        let mut server = servers::Redis::start(arguments).await?;
        // Emptying a synced Redis may take longer than answers usually do.
        let mut connection = server.connect().await?;
        let scripts = Scripts {
            place: Script::new(include_str!("redis/place.lua")),
            allocate: Script::new(include_str!("redis/allocate.lua")),
            release: Script::new(include_str!("redis/release.lua")),
        };
        for script in [&scripts.place, &scripts.allocate, &scripts.release] {
            script.load_async(&mut connection).await.context("a script does not load")?;
        }
        Ok(Self { connection, scripts: Arc::new(scripts), server })
    }

    /// One round of a load, on events without a sale. `depth` operations are written at once.
    pub async fn run(&self, load: &Load) -> anyhow::Result<Measured> {
        let mut connection = self.connection.clone();
        redis::cmd("FLUSHALL").arg("SYNC").exec_async(&mut connection).await?;
        let sale = Arc::new(Sale::of(load, 1, PER_SECOND_MAX));
        let (port, scripts, load) = (self.server.port(), Arc::clone(&self.scripts), load.clone());
        on_one_thread(async move {
            let window = Window::after(load.warm_up, load.measured);
            let mut clients = JoinSet::new();
            for number in 0..load.clients {
                let random = ChaCha8Rng::seed_from_u64(load.seed.wrapping_add(number as u64));
                let (sale, scripts) = (Arc::clone(&sale), Arc::clone(&scripts));
                let wire = Wire::connect(port).await?;
                let client = Client { wire, sale, scripts, random, number, holds: 0 };
                clients.spawn(client.run(load.depth, Meter::new(window)));
            }
            let mut measured = Vec::new();
            while let Some(of_client) = clients.join_next().await {
                measured.push(of_client??);
            }
            Ok(Measured::merged(window.length(), measured))
        })
        .await
    }
}

/// A connection, and what is under way on it.
struct Client {
    wire: Wire,
    sale: Arc<Sale>,
    scripts: Arc<Scripts>,
    random: ChaCha8Rng,
    number: usize,
    holds: u64,
}

/// A hold as its buyer knows it.
#[derive(Clone, Debug)]
struct Hold {
    pick: Pick,
    key: String,
    owner: String,
}

/// What one of a client's buyers waits for.
enum Asked {
    Place(Hold),
    End(Hold, Fate),
}

impl Client {
    /// Until the window is over: each of `depth` buyers asks for the next thing, all at once.
    async fn run(mut self, depth: usize, mut meter: Meter) -> anyhow::Result<Measured> {
        let mut held: Vec<Hold> = Vec::with_capacity(depth);
        let mut asked: Vec<Asked> = Vec::with_capacity(depth);
        loop {
            let now = Instant::now();
            if meter.window().is_over(now) {
                return Ok(meter.finish());
            }
            asked.extend(held.drain(..).map(|hold| {
                let fate = self.sale.fate(&mut self.random);
                Asked::End(hold, fate)
            }));
            while asked.len() < depth {
                let pick = self.sale.next_place(&mut self.random);
                let pick = pick.context("all events are sold; the measurement was too long")?;
                asked.push(Asked::Place(self.new_hold(pick)));
            }
            asked.iter().for_each(|asked| self.write(asked));
            let begun = Instant::now();
            let answers = self.wire.exchange(depth).await?;
            let now = Instant::now();
            for (asked, &is_done) in asked.drain(..).zip(answers) {
                if !is_done {
                    meter.refused(now);
                    continue;
                }
                meter.confirmed(begun, now);
                match asked {
                    Asked::Place(hold) => held.push(hold),
                    Asked::End(hold, Fate::Allocate) => self.sale.sold(&hold.pick),
                    Asked::End(hold, Fate::Release) => self.sale.released(&hold.pick),
                }
            }
        }
    }

    fn new_hold(&mut self, pick: Pick) -> Hold {
        self.holds += 1;
        let (event, client, number) = (pick.event, self.number, self.holds);
        Hold { pick, key: hold_key(event, client, number), owner: format!("buyer-{number:08}") }
    }

    fn write(&mut self, asked: &Asked) {
        let out = self.wire.outgoing();
        match asked {
            Asked::Place(hold) => place(&self.scripts, hold, HOLD_MILLIS),
            Asked::End(hold, Fate::Allocate) => end(&self.scripts.allocate, hold),
            Asked::End(hold, Fate::Release) => end(&self.scripts.release, hold),
        }
        .write_packed_command(out);
    }
}

fn seats_key(event: u32) -> String {
    format!("{{{event}}}")
}

fn hold_key(event: u32, client: usize, number: u64) -> String {
    format!("{{{event}}}h{client}-{number}")
}

fn place(scripts: &Scripts, hold: &Hold, millis: u64) -> Cmd {
    let Hold { pick, key, owner } = hold;
    let mut command = call(&scripts.place, &seats_key(pick.event), key);
    command.arg(owner).arg(millis).arg(pick.seats[0]).arg(pick.seats[1]);
    command
}

fn end(script: &Script, hold: &Hold) -> Cmd {
    let mut command = call(script, &seats_key(hold.pick.event), &hold.key);
    command.arg(&hold.owner);
    command
}

fn call(script: &Script, seats: &str, hold: &str) -> Cmd {
    let mut command = redis::cmd("EVALSHA");
    command.arg(script.get_hash()).arg(2).arg(seats).arg(hold);
    command
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::testing::until_confirmed;

    const EVENT: u32 = 7;

    /// What people ask a Redis for.
    struct Counter {
        redis: Redis,
        connection: MultiplexedConnection,
    }

    impl Counter {
        async fn open(durability: Durability) -> Self {
            let redis = Redis::start(durability).await.unwrap();
            let connection = redis.connection.clone();
            Self { redis, connection }
        }

        async fn place(&mut self, number: u64, owner: &str, seats: [u32; 2], millis: u64) -> Hold {
            let pick = Pick { event: EVENT, seats };
            Hold { pick, key: hold_key(EVENT, 0, number), owner: owner.to_owned() }
                .placed(self, millis)
                .await
                .unwrap()
        }

        async fn ask(&mut self, command: Cmd) -> bool {
            command.query_async(&mut self.connection).await.unwrap()
        }

        async fn allocate(&mut self, hold: &Hold) -> bool {
            self.ask(end(&self.redis.scripts.allocate, hold)).await
        }

        async fn release(&mut self, hold: &Hold) -> bool {
            self.ask(end(&self.redis.scripts.release, hold)).await
        }

        /// Waits until a hold has run out.
        async fn run_out(&mut self, hold: &Hold) {
            let mut exists = redis::cmd("EXISTS");
            exists.arg(&hold.key);
            while exists.query_async::<bool>(&mut self.connection).await.unwrap() {}
        }
    }

    impl Hold {
        async fn placed(self, counter: &mut Counter, millis: u64) -> Option<Self> {
            let command = place(&counter.redis.scripts, &self, millis);
            counter.ask(command).await.then_some(self)
        }

        fn by(&self, owner: &str, number: u64, seats: [u32; 2]) -> Self {
            let pick = Pick { event: EVENT, seats };
            let owner = owner.to_owned();
            Self { pick, key: hold_key(self.pick.event, 0, number), owner }
        }
    }

    #[tokio::test]
    async fn it_refuses_what_holdfast_refuses() {
        let mut counter = Counter::open(Durability::Memory).await;
        let ann = counter.place(1, "ann", [1, 2], 60_000).await;
        let bob = ann.by("bob", 2, [2, 3]);
        assert!(bob.clone().placed(&mut counter, 60_000).await.is_none(), "seat 2 is held");
        let nobody = Hold { owner: "bob".to_owned(), ..ann.clone() };
        assert!(!counter.allocate(&nobody).await, "the hold is ann's");
        assert!(!counter.release(&nobody).await, "the hold is ann's");
        assert!(counter.allocate(&ann).await);
        assert!(!counter.allocate(&ann).await, "it is sold already");
        assert!(bob.clone().placed(&mut counter, 60_000).await.is_none(), "seat 2 is sold");
        let cid = counter.place(3, "cid", [3, 4], 60_000).await;
        assert!(counter.release(&cid).await);
        let dan = counter.place(4, "dan", [3, 4], 1).await;
        counter.run_out(&dan).await;
        assert!(!counter.allocate(&dan).await, "its time is up");
        let eve = counter.place(5, "eve", [4, 3], 60_000).await;
        assert!(!counter.release(&dan).await, "the seats are eve's");
        assert!(counter.allocate(&eve).await);
    }

    #[tokio::test]
    async fn a_load_is_answered_in_both_ways() {
        for durability in [Durability::Memory, Durability::Synced] {
            let redis = Redis::start(durability).await.unwrap();
            let load = Load {
                events: 2,
                seats: 1_000,
                clients: 3,
                depth: 4,
                warm_up: Duration::from_millis(10),
                measured: Duration::ZERO,
                seed: 1,
            };
            let round = async |measured| redis.run(&Load { measured, ..load.clone() }).await;
            let measured = until_confirmed(round).await.unwrap();
            assert_eq!(measured.refused, 0, "no two picks have a seat in common");
        }
    }
}
