//! A database: its address, its connections, its tables.

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection, SqlSafeStr};
use tokio::time::timeout;

use crate::error::Error;
use crate::limits::{CONNECT_MAX, IDLE_IN_TRANSACTION_MAX, TRANSACTION_MAX};

/// Everything is in a schema of this name.
pub const SCHEMA: &str = "inventory";

/// What changes the tables of one release into those of the next. Numbers rise, and what was
/// published is never changed.
const MIGRATIONS: [(i64, &str, &str); 4] = [
    (1, "shards", include_str!("../migrations/0001_shards.sql")),
    (2, "inventory", include_str!("../migrations/0002_inventory.sql")),
    (3, "sales", include_str!("../migrations/0003_sales.sql")),
    (4, "archive", include_str!("../migrations/0004_archive.sql")),
];

/// A database that was named and may be away.
#[derive(Clone, Debug)]
pub struct Database {
    options: PgConnectOptions,
}

impl Database {
    /// The database at `postgres://USER:PASSWORD@HOST:PORT/NAME`, with the parameters that libpq
    /// knows, `sslmode` among them.
    pub fn at(address: &str) -> Result<Self, Error> {
        let is_postgres =
            address.starts_with("postgres://") || address.starts_with("postgresql://");
        if !is_postgres {
            return Err(Error::Address("it does not begin with postgres://".to_owned()));
        }
        let options = PgConnectOptions::from_str(address)
            .map_err(|cause| Error::Address(cause.to_string()))?;
        Ok(Self::with(options))
    }

    /// The database that these options lead to.
    pub fn with(options: PgConnectOptions) -> Self {
        let millis = |duration: Duration| duration.as_millis().to_string();
        let options = options
            .application_name("holdfast")
            .options([
                ("search_path", SCHEMA.to_owned()),
                // That something is there already is no news.
                ("client_min_messages", "warning".to_owned()),
                ("statement_timeout", millis(TRANSACTION_MAX)),
                ("idle_in_transaction_session_timeout", millis(IDLE_IN_TRANSACTION_MAX)),
            ])
            .disable_statement_logging();
        Self { options }
    }

    /// Where it is, without any password.
    pub fn place(&self) -> String {
        let (host, port) = (self.options.get_host(), self.options.get_port());
        format!("{host}:{port}/{}", self.options.get_database().unwrap_or_default())
    }

    /// A new connection.
    pub async fn connect(&self) -> Result<PgConnection, Error> {
        let connecting = PgConnection::connect_with(&self.options);
        Ok(timeout(CONNECT_MAX, connecting).await.map_err(|_| Error::TimedOut)??)
    }

    /// Makes the tables that are not there yet. Returns the newest migration that is applied.
    pub async fn migrate(&self) -> Result<i64, Error> {
        let mut connection = self.connect().await?;
        let known = MIGRATIONS.map(|(number, name, sql)| {
            let kind = MigrationType::Simple;
            Migration::new(number, name.into(), kind, sql.into_sql_str(), false)
        });
        let mut migrator = Migrator::with_migrations(known.to_vec());
        migrator.create_schema(SCHEMA);
        migrator.run(&mut connection).await?;
        connection.close().await?;
        Ok(MIGRATIONS[MIGRATIONS.len() - 1].0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_address_is_told_without_its_password() {
        for address in ["mysql://ann:secret@host/x", "postgres://ann:secret@host:port/x", "secret"]
        {
            let error = Database::at(address).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
            assert!(error.contains("postgres://USER@HOST"), "{error}");
        }
        let database = Database::at("postgres://ann:secret@db.example:5433/sale").unwrap();
        assert_eq!(database.place(), "db.example:5433/sale");
    }
}
