//! A Postgres of an experiment's own, and what is done to it while a server writes to it.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use servers::{Postgres, disk_folder};
use sqlx::{AssertSqlSafe, PgConnection};
use tempfile::TempDir;

use crate::limits::CATCH_UP_PATIENCE;
use crate::pause::pass;

/// The database that the server writes to.
const NAME: &str = "sale";

/// Connections that the cluster takes, so that all of them can be had.
const CONNECTIONS_MAX: &str = "16";

/// How long a row of the archive takes while Postgres is slow.
const SLOW: &str = "
    CREATE FUNCTION inventory.slow() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(0.2); RETURN new; END $$;
    CREATE TRIGGER slow BEFORE INSERT ON inventory.fact_batches
        FOR EACH ROW EXECUTE FUNCTION inventory.slow()";
const NOT_SLOW: &str = "DROP FUNCTION inventory.slow() CASCADE";
const FACTS: &str = "SELECT coalesce(sum(lsn), 0)::bigint FROM inventory.shards";
const SEND_AWAY: &str = "
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE application_name = 'holdfast'";
const THERE: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'holdfast'";

/// A Postgres with an empty database.
pub struct Database {
    postgres: Postgres,
    /// Goes behind the cluster that is on it.
    disk: Option<SmallMount>,
}

impl Database {
    /// Starts one on the disk that builds are on.
    ///
    /// # Errors
    /// If it does not come to answer.
    pub async fn start() -> anyhow::Result<Self> {
        let postgres = Postgres::start(&[("max_connections", CONNECTIONS_MAX)]).await?;
        postgres.create_database(NAME).await?;
        Ok(Self { postgres, disk: None })
    }

    /// Starts one on a file system of so many bytes, which takes root to mount.
    ///
    /// # Errors
    /// If it cannot be mounted, or Postgres does not come to answer.
    pub async fn start_on_a_small_disk(bytes: u64) -> anyhow::Result<Self> {
        let disk = SmallMount::new(bytes)?;
        let folder = tempfile::Builder::new().prefix("cluster-").tempdir_in(disk.path())?;
        allow_all(folder.path())?;
        let settings = [("max_wal_size", "64MB"), ("max_connections", CONNECTIONS_MAX)];
        let postgres = Postgres::start_in(folder, &settings).await?;
        postgres.create_database(NAME).await?;
        Ok(Self { postgres, disk: Some(disk) })
    }

    /// Its address, as `--database-url` takes it.
    pub fn url(&self) -> String {
        self.postgres.url(NAME)
    }

    /// Ends all of it at once.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.postgres.kill()
    }

    /// Starts it again where it was.
    ///
    /// # Errors
    /// If it does not come to answer.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        self.postgres.start_again().await
    }

    /// A connection as its superuser.
    ///
    /// # Errors
    /// If there is none to be had.
    pub async fn connect(&self) -> anyhow::Result<PgConnection> {
        use sqlx::Connection;
        Ok(PgConnection::connect_with(&self.postgres.options(NAME)).await?)
    }

    /// Makes each transaction that writes facts slow, or lets them be.
    ///
    /// # Errors
    /// If it cannot be said.
    pub async fn set_slow(&self, is_slow: bool) -> anyhow::Result<()> {
        let statements = if is_slow { SLOW } else { NOT_SLOW };
        let mut connection = self.connect().await?;
        for statement in statements.split_inclusive(";\n") {
            sqlx::query(AssertSqlSafe(statement)).execute(&mut connection).await?;
        }
        Ok(())
    }

    /// Takes all connections there are, the server's own among them.
    ///
    /// # Errors
    /// If the server keeps coming back.
    pub async fn take_all_connections(&self) -> anyhow::Result<Vec<PgConnection>> {
        let mut taken = vec![self.connect().await?];
        let started = Instant::now();
        loop {
            ensure!(started.elapsed() < CATCH_UP_PATIENCE, "the server is always first");
            sqlx::query(SEND_AWAY).execute(&mut taken[0]).await?;
            while let Ok(connection) = self.connect().await {
                taken.push(connection);
            }
            let there: i64 = sqlx::query_scalar(THERE).fetch_one(&mut taken[0]).await?;
            if there == 0 {
                return Ok(taken);
            }
        }
    }

    /// Fills its disk, or makes space on it again.
    ///
    /// # Errors
    /// If it is not on a small disk, or that fails for anything but want of space.
    pub fn set_full(&self, is_full: bool) -> anyhow::Result<()> {
        let disk = self.disk.as_ref().context("it is on no small disk")?;
        if is_full { disk.fill() } else { disk.free() }
    }

    /// How many facts it has.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn facts(&self) -> anyhow::Result<i64> {
        let mut connection = self.connect().await?;
        Ok(sqlx::query_scalar(FACTS).fetch_one(&mut connection).await?)
    }

    /// Waits until it has more facts than these.
    ///
    /// # Errors
    /// If it never has.
    pub async fn has_more_than(&self, facts: i64) -> anyhow::Result<()> {
        let started = Instant::now();
        loop {
            let now = self.facts().await.unwrap_or(0);
            if now > facts {
                return Ok(());
            }
            if started.elapsed() > CATCH_UP_PATIENCE {
                bail!("Postgres had {facts} facts, is back, and gets no more");
            }
            pass(Duration::from_millis(50)).await;
        }
    }

    /// Waits until it gets no more facts.
    ///
    /// # Errors
    /// If it does not answer.
    pub async fn has_all(&self) -> anyhow::Result<()> {
        let (started, mut before) = (Instant::now(), -1);
        while started.elapsed() < CATCH_UP_PATIENCE {
            let now = self.facts().await?;
            if now == before {
                return Ok(());
            }
            before = now;
            pass(Duration::from_secs(1)).await;
        }
        bail!("Postgres gets more and more facts")
    }
}

/// A small file system in memory that every process sees.
struct SmallMount {
    folder: TempDir,
}

impl SmallMount {
    fn new(bytes: u64) -> anyhow::Result<Self> {
        let folder = disk_folder()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={bytes},mode=777"), "tmpfs"])
            .arg(folder.path())
            .status()?;
        ensure!(mounted.success(), "a small disk for Postgres can be mounted by root alone");
        Ok(Self { folder })
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn fill(&self) -> anyhow::Result<()> {
        use std::io::Write;
        let mut file = std::fs::File::create(self.path().join("ballast"))?;
        loop {
            match file.write_all(&[1; 64 << 10]) {
                Ok(()) => {}
                Err(error) if error.kind() == std::io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.path().join("ballast"))?)
    }
}

impl Drop for SmallMount {
    fn drop(&mut self) {
        // Lazily, should anybody still look into it; the folder goes behind it.
        let _ = Command::new("umount").arg("--lazy").arg(self.path()).status();
    }
}

fn allow_all(folder: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o777))?)
}
