//! Postgres as a seat store, each change one prepared statement and one transaction of its own:
//! one way there and back, and one sync, which Postgres shares among those who commit together.
//!
//! Two ways to place. By id: the two rows are locked in the order of their ids, so that nobody
//! waits in a circle, and taken if both are free. Best available: the first two rows that are free
//! and that nobody has locked (`SKIP LOCKED`), found by a partial index over what is not sold. A
//! hold is a row with owner, seats and deadline; it is allocated or released only while its seats
//! still name it, so that a hold that ran out never takes a seat from who came after it.
//!
//! Pages of seats are left half empty, so that an update finds room beside the old row and no
//! index is touched (a HOT update).

mod sql;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;

use super::HOLD_MILLIS;
use super::thread::on_one_thread;
use crate::measured::{Measured, Meter, Window};
use crate::workload::{Choice, Fate, Load, Pick, Sale};

/// More operations a second than Postgres will do: events are made for so many.
const PER_SECOND_MAX: f64 = 15_000.0;

/// The settings that differ from the defaults; `fsync`, `synchronous_commit` and
/// `full_page_writes` are on.
pub const SETTINGS: [(&str, &str); 11] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("max_connections", "100"),
    ("shared_buffers", "1GB"),
    // No checkpoint while it is measured.
    ("max_wal_size", "16GB"),
    ("checkpoint_timeout", "30min"),
    ("wal_buffers", "64MB"),
    // Plans are made once a connection.
    ("plan_cache_mode", "force_generic_plan"),
    ("jit", "off"),
    ("logging_collector", "off"),
];

/// A Postgres of our own.
#[derive(Debug)]
pub struct Postgres {
    choice: Choice,
    options: PgConnectOptions,
    _server: servers::Postgres,
}

impl Postgres {
    /// Makes a cluster and starts it.
    pub async fn start(choice: Choice) -> anyhow::Result<Self> {
        let server = servers::Postgres::start(&SETTINGS).await?;
        let options = server.options("postgres");
        Ok(Self { choice, options, _server: server })
    }

    /// One round of a load, on events without a sale. Operations in flight are as many as there
    /// are clients: a connection does one thing at a time.
    pub async fn run(&self, load: &Load) -> anyhow::Result<Measured> {
        let sale = Arc::new(Sale::of(load, 1, PER_SECOND_MAX));
        self.prepare(sale.events_in_all(), load.seats).await?;
        let (choice, options, load) = (self.choice, self.options.clone(), load.clone());
        on_one_thread(async move {
            let mut connections = Vec::new();
            for _ in 0..load.clients {
                connections.push(PgConnection::connect_with(&options).await?);
            }
            let window = Window::after(load.warm_up, load.measured);
            let mut clients = JoinSet::new();
            for (number, connection) in connections.into_iter().enumerate() {
                let random = ChaCha8Rng::seed_from_u64(load.seed.wrapping_add(number as u64));
                let desk = Desk { connection, choice };
                clients.spawn(client(desk, Arc::clone(&sale), random, number, Meter::new(window)));
            }
            let mut measured = Vec::new();
            while let Some(of_client) = clients.join_next().await {
                measured.push(of_client??);
            }
            Ok(Measured::merged(window.length(), measured))
        })
        .await
    }

    /// Empty tables, then events with all their seats.
    async fn prepare(&self, events: u32, seats: u32) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        for statement in sql::TABLES {
            sqlx::query(statement).execute(&mut connection).await?;
        }
        let insert = sqlx::query(sql::SEATS).bind(events as i32).bind(seats as i32);
        insert.execute(&mut connection).await?;
        let after = match self.choice {
            Choice::ById => &sql::SETTLE[..],
            Choice::BestAvailable => &sql::INDEX_AND_SETTLE[..],
        };
        for statement in after {
            sqlx::query(*statement).execute(&mut connection).await?;
        }
        Ok(connection.close().await?)
    }
}

/// A connection that sells.
struct Desk {
    connection: PgConnection,
    choice: Choice,
}

/// A hold as its buyer knows it.
#[derive(Clone, Debug)]
struct Hold {
    id: i64,
    owner: String,
}

impl Desk {
    /// Two seats of an event for a hold; whether it got them.
    async fn place(&mut self, hold: &Hold, pick: &Pick, millis: u64) -> sqlx::Result<bool> {
        let seats = pick.seats.map(|seat| seat as i32);
        let query = match self.choice {
            Choice::ById => sqlx::query(sql::PLACE_BY_ID).bind(seats.as_slice()),
            Choice::BestAvailable => sqlx::query(sql::PLACE_BEST).bind(seats.len() as i32),
        };
        let query = query.bind(pick.event as i32).bind(hold.id).bind(&hold.owner);
        let placed = query.bind(millis as f64).execute(&mut self.connection).await?;
        Ok(placed.rows_affected() == 1)
    }

    /// Whether a hold was sold or given back.
    async fn end(&mut self, hold: &Hold, fate: Fate) -> sqlx::Result<bool> {
        let query = sqlx::query(match fate {
            Fate::Allocate => sql::ALLOCATE,
            Fate::Release => sql::RELEASE,
        });
        let ended = query.bind(hold.id).bind(&hold.owner).execute(&mut self.connection).await?;
        Ok(ended.rows_affected() == 1)
    }
}

/// One client until the window is over: a hold, then its end.
async fn client(
    mut desk: Desk,
    sale: Arc<Sale>,
    mut random: ChaCha8Rng,
    number: usize,
    mut meter: Meter,
) -> anyhow::Result<Measured> {
    for id in (number as i64..).step_by(1 << 12) {
        let asked = Instant::now();
        if meter.window().is_over(asked) {
            break;
        }
        let pick = sale.next_place(&mut random);
        let pick = pick.context("all events are sold; the measurement was too long")?;
        let hold = Hold { id, owner: format!("buyer-{id:010}") };
        let is_placed = desk.place(&hold, &pick, HOLD_MILLIS).await?;
        let now = Instant::now();
        if !is_placed {
            meter.refused(now);
            continue;
        }
        meter.confirmed(asked, now);
        let fate = sale.fate(&mut random);
        let is_ended = desk.end(&hold, fate).await?;
        let ended = Instant::now();
        if !is_ended {
            meter.refused(ended);
            continue;
        }
        meter.confirmed(now, ended);
        match fate {
            Fate::Allocate => sale.sold(&pick),
            Fate::Release => sale.released(&pick),
        }
    }
    Ok(meter.finish())
}

#[cfg(test)]
mod tests;
