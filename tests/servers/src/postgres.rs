//! A Postgres of one's own.
//!
//! Must always hold: nothing that a server has answered is lost when it is killed. Syncs stay on,
//! for durability is what is tested here; only the making of the cluster does without.

mod programs;

use rustix::process::Signal;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use tempfile::TempDir;

use crate::disk_folder;
use crate::server::Server;
use programs::Programs;
pub use programs::server as program;

/// The superuser of each cluster, and who runs it where we are root, which Postgres refuses.
pub const USER: &str = "postgres";

/// A setting with its value.
pub type SettingOf = (&'static str, &'static str);

/// A cluster, and the server that it has while it is up.
#[derive(Debug)]
pub struct Postgres {
    server: Server,
}

impl Postgres {
    /// Makes a cluster and starts it with these settings over the defaults.
    pub async fn start(settings: &[SettingOf]) -> anyhow::Result<Self> {
        Self::start_in(disk_folder()?, settings).await
    }

    /// The same in a folder that the user who runs Postgres may use.
    pub async fn start_in(folder: TempDir, settings: &[SettingOf]) -> anyhow::Result<Self> {
        let programs = Programs::find()?;
        programs.initialize(folder.path())?;
        let settings = settings.to_vec();
        // Fast shutdown may wait for a checkpoint; an immediate one ends all processes at once.
        let server = Server::start(folder, Signal::QUIT, move |folder, port| {
            let mut command = programs.command("postgres");
            command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
            command.arg("-c").arg("listen_addresses=127.0.0.1");
            command.arg("-c").arg(format!("unix_socket_directories={}", folder.display()));
            for (name, value) in &settings {
                command.arg("-c").arg(format!("{name}={value}"));
            }
            command
        })?;
        let mut postgres = Self { server };
        postgres.ready().await?;
        Ok(postgres)
    }

    /// How its database `name` is reached.
    pub fn options(&self, name: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port())
            .username(USER)
            .database(name)
            .ssl_mode(PgSslMode::Disable)
    }

    /// The address of its database `name`, as `--database-url` takes it.
    pub fn url(&self, name: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{name}?sslmode=disable", self.port())
    }

    /// Makes an empty database.
    pub async fn create_database(&self, name: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect_with(&self.options("postgres")).await?;
        let statement = AssertSqlSafe(format!("CREATE DATABASE \"{name}\""));
        sqlx::query(statement).execute(&mut connection).await?;
        Ok(connection.close().await?)
    }

    /// Where it listens, on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// Ends all its processes at once, as a crash would: what was not committed is gone.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.server.stop(Signal::QUIT)
    }

    /// Starts it where it was, and waits until it answers.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.server.start_again()?;
        self.ready().await
    }

    async fn ready(&mut self) -> anyhow::Result<()> {
        let options = self.options("postgres");
        let connect = || {
            let options = options.clone();
            async move { PgConnection::connect_with(&options).await }
        };
        let connection = self.server.ready(connect).await?;
        Ok(connection.close().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_committed_is_there_after_a_kill() {
        let mut postgres = Postgres::start(&[("max_connections", "20")]).await.unwrap();
        postgres.create_database("sale").await.unwrap();
        let options = postgres.options("sale");
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let write = "CREATE TABLE seats AS SELECT 7 AS seat";
        sqlx::query(write).execute(&mut connection).await.unwrap();
        postgres.kill().unwrap();
        assert!(PgConnection::connect_with(&options).await.is_err());
        postgres.start_again().await.unwrap();
        let mut connection = PgConnection::connect_with(&options).await.unwrap();
        let ask = sqlx::query_scalar::<_, i32>("SELECT seat FROM seats");
        assert_eq!(ask.fetch_one(&mut connection).await.unwrap(), 7);
        let ask = sqlx::query_scalar::<_, String>("SHOW max_connections");
        assert_eq!(ask.fetch_one(&mut connection).await.unwrap(), "20");
    }
}
