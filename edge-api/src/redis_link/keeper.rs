//! The task that looks for Redis: connects, tries what will be asked of it, and gives the
//! connection to the requests. No request waits for any of that.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult, SetOptions};
use tokio::time::{Instant, sleep, timeout};

use super::{Inner, in_time};
use crate::limits::{
    REDIS_CALLS_QUEUED_MAX, REDIS_CONNECT_TIMEOUT, REDIS_PROBE_EVERY, REDIS_PROBES_A_LINE,
};

/// Written to see whether writes are taken; it goes by itself.
const PROBE_KEY: &str = "{holdfast:limits}:probe";

/// Keeps a connection there for as long as it is let.
pub(super) async fn keep(inner: Arc<Inner>) {
    let mut failures = 0;
    loop {
        let tried_at = Instant::now();
        match timeout(REDIS_CONNECT_TIMEOUT, connect(&inner)).await {
            Ok(Ok(connection)) => {
                inner.put(connection);
                tracing::info!(failures, "Redis answers: limits are shared");
                failures = 0;
                inner.lost.notified().await;
                // Who has answered for a while is asked again at once: one slow answer is no
                // absence.
                if tried_at.elapsed() >= REDIS_PROBE_EVERY {
                    continue;
                }
            }
            failed => {
                // Of a long absence a line a minute.
                if failures % REDIS_PROBES_A_LINE == 0 {
                    let error = failed.map(Result::err).unwrap_or_default();
                    let unknown = || "no connection in time".to_owned();
                    inner.say_away(&error.map_or_else(unknown, |error| error.to_string()));
                }
                failures += 1;
            }
        }
        sleep(REDIS_PROBE_EVERY).await;
    }
}

/// A connection to a Redis that takes writes and answers as fast as requests need it to.
pub(super) async fn connect(inner: &Inner) -> RedisResult<MultiplexedConnection> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(None)
        .set_response_timeout(None)
        .set_pipeline_buffer_size(REDIS_CALLS_QUEUED_MAX);
    let mut connection = inner.client.get_multiplexed_async_connection_with_config(&config).await?;
    let for_a_moment = SetOptions::default()
        .with_expiration(redis::SetExpiry::PX(REDIS_PROBE_EVERY.as_millis() as u64));
    let mut probe = redis::cmd("SET");
    probe.arg(PROBE_KEY).arg(1).arg(for_a_moment);
    let answer = in_time(inner.deadline, probe.exec_async(&mut connection)).await;
    answer.unwrap_or_else(|| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?;
    Ok(connection)
}
