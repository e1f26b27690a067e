//! The task that looks for Redis: connects, tries what will be asked of it, and gives the
//! connection to the requests. No request waits for any of that.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisResult, SetOptions};
use tokio::time::{Instant, sleep, timeout};

use super::Inner;
use crate::limits::{REDIS_CALLS_QUEUED_MAX, REDIS_CONNECT_TIMEOUT, REDIS_PROBE_EVERY};

/// Written to see whether writes are taken; it goes by itself.
const PROBE_KEY: &str = "{holdfast:limits}:probe";

/// Keeps a connection there for as long as it is let.
pub(super) async fn keep(inner: Arc<Inner>) {
    loop {
        let given_at = match timeout(REDIS_CONNECT_TIMEOUT, connect(&inner)).await {
            Ok(Ok(connection)) => {
                inner.put(connection);
                tracing::info!("Redis answers: limits are shared");
                let given_at = Instant::now();
                inner.lost.notified().await;
                Some(given_at)
            }
            Ok(Err(error)) => {
                inner.say_away(&error.to_string());
                None
            }
            Err(_) => {
                inner.say_away("no connection in time");
                None
            }
        };
        // Who has answered for a while is asked again at once: one slow answer is no absence.
        if given_at.is_none_or(|at| at.elapsed() < REDIS_PROBE_EVERY) {
            sleep(REDIS_PROBE_EVERY).await;
        }
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
    let answer = timeout(inner.deadline, probe.exec_async(&mut connection)).await;
    answer.unwrap_or_else(|_| Err(std::io::Error::from(std::io::ErrorKind::TimedOut).into()))?;
    Ok(connection)
}
