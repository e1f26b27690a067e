//! A Redis of one's own.

use std::process::Command;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client};
use rustix::process::Signal;

use crate::disk_folder;
use crate::server::Server;

/// A server that keeps nothing unless its arguments say so.
#[derive(Debug)]
pub struct Redis {
    server: Server,
}

impl Redis {
    /// Starts a `redis-server` with these arguments behind the usual ones, which turn snapshots
    /// and the append-only file off.
    pub async fn start(arguments: &'static [&'static str]) -> anyhow::Result<Self> {
        let server = Server::start(disk_folder()?, Signal::KILL, move |folder, port| {
            let mut command = Command::new("redis-server");
            command.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
            command.args(["--appendonly", "no"]).arg("--dir").arg(folder).args(arguments);
            command
        })?;
        let mut redis = Self { server };
        redis.ready().await?;
        Ok(redis)
    }

    /// Its address, as `--redis-url` takes it.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// A connection that waits for answers however long they take.
    pub async fn connect(&mut self) -> anyhow::Result<MultiplexedConnection> {
        let client = Client::open(self.url())?;
        let config = AsyncConnectionConfig::new().set_response_timeout(None);
        let connect = async || client.get_multiplexed_async_connection_with_config(&config).await;
        self.server.ready(connect).await
    }

    /// Ends it at once.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.server.stop(Signal::KILL)
    }

    /// Starts it where it was, and waits until it answers.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.server.start_again()?;
        self.ready().await
    }

    /// Stops it in the middle: connections stay, and nothing is answered.
    pub fn pause(&self) -> anyhow::Result<()> {
        self.server.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub fn resume(&self) -> anyhow::Result<()> {
        self.server.signal(Signal::CONT)
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let mut connection = self.connect().await?;
        Ok(redis::cmd("PING").exec_async(&mut connection).await?)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn one_that_is_paused_answers_later() {
        let mut redis = Redis::start(&[]).await.unwrap();
        let mut connection = redis.connect().await.unwrap();
        redis.pause().unwrap();
        let ping = redis::cmd("PING");
        let asked = ping.query_async::<String>(&mut connection);
        tokio::pin!(asked);
        assert!(tokio::time::timeout(Duration::from_millis(100), &mut asked).await.is_err());
        redis.resume().unwrap();
        assert_eq!(asked.await.unwrap(), "PONG");
        redis.kill().unwrap();
        redis.start_again().await.unwrap();
        redis.connect().await.unwrap();
    }
}
