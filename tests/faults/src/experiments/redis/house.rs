//! An engine, two edges before it, the Redis that they share, and a network between edges and
//! Redis that can be slowed down. What the edges say of Redis at `/metrics`.

use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use servers::Redis;

use super::super::Setting;
use super::super::stage::Stage;
use crate::client::Rest;
use crate::limits::SERVER_PATIENCE;
use crate::pause::pass;
use crate::process::Server;
use crate::proxy::Proxy;

/// How long a hold lasts: nobody's runs out.
const HOLD: Duration = Duration::from_secs(3_600);

/// Between two looks at `/metrics`.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// All processes of the experiment.
#[derive(Debug)]
pub(super) struct House {
    pub(super) stage: Stage,
    pub(super) redis: Redis,
    pub(super) proxy: Proxy,
    edges: [Server; 2],
    pub(super) rests: [Rest; 2],
}

/// What an edge says of Redis.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Seen {
    pub(super) is_in_use: bool,
    /// Requests that were counted without Redis, since it was away, slow or failed.
    pub(super) fallbacks: u64,
    /// Requests of which Redis decided.
    pub(super) by_redis: u64,
    /// Requests of a user that were refused by Redis.
    pub(super) refused_by_redis: u64,
    /// Requests of a user that were refused by the edge alone.
    pub(super) refused_by_process: u64,
}

impl House {
    /// Starts everything. `limit` is what one user may do.
    pub(super) async fn open(setting: &Setting, limit: &str) -> anyhow::Result<Self> {
        let stage = Stage::open(setting, HOLD, |server, _| server).await?;
        let engine = stage.server.address().context("the engine serves")?.to_owned();
        let redis = Redis::start(&[]).await?;
        let proxy = Proxy::start(&format!("127.0.0.1:{}", redis.port()), setting.seed).await?;
        proxy.calm();
        let url = format!("redis://{}", proxy.address());
        let (mut edges, mut rests) = (Vec::new(), Vec::new());
        for name in ["edge-1", "edge-2"] {
            let edge = Server::edge(&setting.program, stage.folder.path(), name, &engine);
            // The wide ones bind nobody, and are counted by the same call of Redis.
            let wide = "1000000/s";
            let shared = ["--redis-url", &url, "--limit-user", limit];
            let edge = edge.with_arguments(&shared);
            let mut edge = edge.with_arguments(&["--limit-address", wide, "--limit-event", wide]);
            edge.start().await?;
            rests.push(Rest::new(edge.address().context("the edge serves")?)?);
            edges.push(edge);
        }
        let two = |_| anyhow::anyhow!("there are two edges");
        let edges = <[Server; 2]>::try_from(edges).map_err(|edges| two(edges.len()))?;
        let rests = <[Rest; 2]>::try_from(rests).map_err(|rests| two(rests.len()))?;
        Ok(Self { stage, redis, proxy, edges, rests })
    }

    /// What both edges say now.
    pub(super) async fn seen(&self) -> anyhow::Result<[Seen; 2]> {
        Ok([Seen::at(&self.rests[0]).await?, Seen::at(&self.rests[1]).await?])
    }

    /// Waits until both edges use Redis, or neither does.
    pub(super) async fn until_in_use(&self, is_in_use: bool) -> anyhow::Result<()> {
        let patience = Instant::now() + SERVER_PATIENCE;
        while !self.seen().await?.iter().all(|seen| seen.is_in_use == is_in_use) {
            if Instant::now() > patience {
                let word = if is_in_use { "find" } else { "lose" };
                bail!("the edges do not {word} Redis");
            }
            pass(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Stops the edges, which have to leave in order; the engine is left.
    pub(super) async fn close(mut self) -> anyhow::Result<Stage> {
        for edge in &mut self.edges {
            edge.stop().await?;
        }
        Ok(self.stage)
    }
}

impl Seen {
    async fn at(rest: &Rest) -> anyhow::Result<Self> {
        let metrics = rest.metrics().await?;
        let sum = |name: &str, labels: &[&str]| {
            let value = metrics.sum(name, labels);
            value.map(|value| value as u64).with_context(|| format!("the edge has no {name}"))
        };
        let by_redis = "by=\"redis\"";
        let refused = "edge_rate_limit_refused_total";
        let of_user = "limit=\"user\"";
        Ok(Self {
            is_in_use: sum("edge_redis_in_use", &[])? == 1,
            fallbacks: sum("edge_redis_fallbacks_total", &["work=\"limits\""])?,
            by_redis: sum("edge_rate_limit_admitted_total", &[by_redis])?
                + sum(refused, &[by_redis])?,
            refused_by_redis: sum(refused, &[by_redis, of_user])?,
            refused_by_process: sum(refused, &["by=\"process\"", of_user])?,
        })
    }

    /// Whether Redis decided all that was asked since `before`.
    pub(super) fn was_with_redis(self, before: Self) -> bool {
        before.is_in_use && self.is_in_use && self.fallbacks == before.fallbacks
    }

    /// Whether Redis decided nothing that was asked since `before`.
    pub(super) fn was_without_redis(self, before: Self) -> bool {
        !before.is_in_use && !self.is_in_use && self.by_redis == before.by_redis
    }
}
