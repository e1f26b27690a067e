//! Peers as sides of a comparison: how each is started, and that a round of it is a run.
//!
//! What a peer does by itself between rounds is little: Redis sleeps, and Postgres has its
//! checkpoint behind it and the next one half an hour ahead.

use futures::FutureExt;
use futures::future::BoxFuture;

use super::postgres::Postgres;
use super::redis::{Durability, Redis};
use crate::measured::Measured;
use crate::side::{Setting, Side, Starting};
use crate::workload::{Choice, Load};

/// Redis in memory.
pub fn redis_in_memory(_: &Setting, _: &Load) -> Starting<'static> {
    async { boxed(Redis::start(Durability::Memory).await) }.boxed()
}

/// Redis that syncs before it answers.
pub fn redis_synced(_: &Setting, _: &Load) -> Starting<'static> {
    async { boxed(Redis::start(Durability::Synced).await) }.boxed()
}

/// Postgres with row locks, by id.
pub fn postgres_by_id(_: &Setting, _: &Load) -> Starting<'static> {
    async { boxed(Postgres::start(Choice::ById).await) }.boxed()
}

/// Postgres with `SKIP LOCKED`.
pub fn postgres_best_available(_: &Setting, _: &Load) -> Starting<'static> {
    async { boxed(Postgres::start(Choice::BestAvailable).await) }.boxed()
}

fn boxed<S: Side + 'static>(started: anyhow::Result<S>) -> anyhow::Result<Box<dyn Side>> {
    Ok(Box::new(started?))
}

impl Side for Redis {
    fn round<'a>(&'a mut self, load: &'a Load) -> BoxFuture<'a, anyhow::Result<Measured>> {
        self.run(load).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, anyhow::Result<()>> {
        std::future::ready(Ok(())).boxed()
    }
}

impl Side for Postgres {
    fn round<'a>(&'a mut self, load: &'a Load) -> BoxFuture<'a, anyhow::Result<Measured>> {
        self.run(load).boxed()
    }

    fn finish(self: Box<Self>) -> BoxFuture<'static, anyhow::Result<()>> {
        std::future::ready(Ok(())).boxed()
    }
}
