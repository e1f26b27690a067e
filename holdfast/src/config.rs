//! The settings of the program, in one place.
//!
//! A setting comes from a flag (`--data-dir`), else from a variable (`HOLDFAST_DATA_DIR`), else
//! from a key of a TOML file (`data_dir`), else from its default. The three names are always the
//! same word. A name that no setting has is an error wherever it stands, and a bad value is
//! reported together with the source that held it.

mod environment;
mod error;
mod layer;
#[cfg(test)]
mod tests;
mod values;

use std::env;
use std::ffi::OsString;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use edge_api::RateLimit;
use inventory_core::limits::HOLD_TTL_MILLIS_DEFAULT;
use inventory_engine::ack::Ack;
use inventory_engine::limits::JOURNAL_BUDGET_BYTES_DEFAULT;
use inventory_engine::projected::ProjectionOptions;
use persistence::limits::SEGMENT_BYTES_DEFAULT;
use persistence_postgres::Database;

pub(crate) use self::error::ConfigError;
use self::layer::SettingLayer;
pub(crate) use self::layer::{DataDirFlags, DatabaseFlags, EngineFlags, SettingFlags};
pub(crate) use self::values::{DatabaseUrl, LogFormat, RedisUrl, Secret};

const DATA_DIR_DEFAULT: &str = "holdfast-data";
const HTTP_DEFAULT: &str = "127.0.0.1:8080";
const GRPC_DEFAULT: &str = "127.0.0.1:7420";
const ENGINE_DEFAULT: &str = "http://127.0.0.1:7420";
const LOG_DEFAULT: &str = "info";
const HISTORY_RETENTION_DAYS_DEFAULT: u64 = 90;

/// Every setting with the value that it has for this run.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Settings {
    /// Where the journal, the charts and the identity of the data lie.
    pub(crate) data_dir: PathBuf,
    /// Where REST is served. Port 0 means any free one.
    pub(crate) http: SocketAddr,
    /// Where gRPC is served. Port 0 means any free one.
    pub(crate) grpc: SocketAddr,
    /// The chart of the demonstration event, unless it is our own venue.
    pub(crate) chart: Option<PathBuf>,
    /// The engine that an edge of its own talks to, as `http://HOST:PORT`.
    pub(crate) engine: String,
    /// Threads that write shards, unless the engine chooses.
    pub(crate) writers: Option<usize>,
    /// How long a hold of the demonstration event lasts.
    pub(crate) hold_secs: u64,
    /// Seats of the demonstration event that one buyer may have, if that is limited.
    pub(crate) buyer_seats_max: Option<u32>,
    /// What organizers' requests have to show to the edge, if there may be any.
    pub(crate) admin_token: Option<Secret>,
    /// Where edges share limits and answers, if they do.
    pub(crate) redis_url: Option<RedisUrl>,
    /// How often one user may change something.
    pub(crate) limit_user: Option<RateLimit>,
    /// How often changes may come from one address.
    pub(crate) limit_address: Option<RateLimit>,
    /// How often seats of one event may be asked for.
    pub(crate) limit_event: Option<RateLimit>,
    /// How often reads may come from one address.
    pub(crate) limit_reads: Option<RateLimit>,
    /// Proxies in front whose `X-Forwarded-For` is believed.
    pub(crate) trusted_proxies: u8,
    /// What is logged, in the syntax of `tracing`'s filters.
    pub(crate) log: String,
    /// How it is written.
    pub(crate) log_format: LogFormat,
    /// Where an engine of its own serves its metrics, if it does.
    pub(crate) metrics: Option<SocketAddr>,
    /// How many days sealed history is kept.
    pub(crate) history_retention_days: u64,
    /// The Postgres that everything is written to behind the journal, if it is.
    pub(crate) database_url: Option<DatabaseUrl>,
    /// What answers wait for unless their callers say so.
    pub(crate) ack: Ack,
    /// Bytes of the journal that may be behind in that Postgres.
    pub(crate) journal_budget_bytes: u64,
    /// Bytes that a segment of the journal takes of the disk.
    pub(crate) journal_segment_bytes: u64,
}

impl Settings {
    /// Puts `flags`, this process's variables, the file that either of them names and the
    /// defaults over one another, in this order of strength.
    pub(crate) fn resolve(flags: SettingFlags) -> Result<Self, ConfigError> {
        Self::resolve_among(flags, env::vars_os())
    }

    /// The same with the variables given.
    fn resolve_among(
        flags: SettingFlags,
        variables: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        let variables = environment::read(variables)?;
        let file = match flags.config.or(variables.config) {
            Some(path) => read_file(&path)?,
            None => SettingLayer::default(),
        };
        Ok(Self::complete(flags.layer.or(variables.layer).or(file)))
    }

    fn complete(layer: SettingLayer) -> Self {
        let default_address =
            |text: &str| text.parse().expect("the defaults of this module are addresses");
        Self {
            data_dir: layer.data_dir.unwrap_or_else(|| PathBuf::from(DATA_DIR_DEFAULT)),
            http: layer.http.map_or_else(|| default_address(HTTP_DEFAULT), SocketAddr::from),
            grpc: layer.grpc.map_or_else(|| default_address(GRPC_DEFAULT), SocketAddr::from),
            chart: layer.chart,
            engine: layer.engine.map_or_else(|| ENGINE_DEFAULT.to_owned(), String::from),
            writers: layer.writers.map(|writers| writers.get() as usize),
            hold_secs: layer.hold_secs.map_or(HOLD_TTL_MILLIS_DEFAULT / 1_000, |secs| secs.get()),
            buyer_seats_max: layer.buyer_seats_max.map(|seats| seats.get() as u32),
            admin_token: layer.admin_token,
            redis_url: layer.redis_url,
            limit_user: layer.limit_user.map(RateLimit::from),
            limit_address: layer.limit_address.map(RateLimit::from),
            limit_event: layer.limit_event.map(RateLimit::from),
            limit_reads: layer.limit_reads.map(RateLimit::from),
            trusted_proxies: layer.trusted_proxies.map_or(0, |proxies| proxies.get() as u8),
            log: layer.log.map_or_else(|| LOG_DEFAULT.to_owned(), String::from),
            log_format: layer.log_format.unwrap_or_default(),
            metrics: layer.metrics.map(SocketAddr::from),
            history_retention_days: layer
                .history_retention_days
                .map_or(HISTORY_RETENTION_DAYS_DEFAULT, |days| days.get()),
            database_url: layer.database_url,
            ack: layer.ack.map(Ack::from).unwrap_or_default(),
            journal_budget_bytes: layer
                .journal_budget_bytes
                .map_or(JOURNAL_BUDGET_BYTES_DEFAULT, |bytes| bytes.get()),
            journal_segment_bytes: layer
                .journal_segment_bytes
                .map_or(SEGMENT_BYTES_DEFAULT, |bytes| bytes.get()),
        }
    }

    /// How an engine is run that a projector follows, if one is to.
    ///
    /// # Errors
    /// If answers are to wait for a database that there is not.
    pub(crate) fn projection(&self) -> Result<Option<ProjectionOptions>, ConfigError> {
        let Self { ack, journal_budget_bytes, .. } = *self;
        match (&self.database_url, ack) {
            (Some(_), _) => Ok(Some(ProjectionOptions { journal_budget_bytes, ack })),
            (None, Ack::Journal) => Ok(None),
            (None, Ack::JournalAndPostgres) => Err(ConfigError::AckWithoutDatabase),
        }
    }

    /// The database, for a tool that needs one.
    ///
    /// # Errors
    /// If there is none, or if its address makes no sense.
    pub(crate) fn database(&self) -> anyhow::Result<Database> {
        let url = self.database_url.as_ref().ok_or(ConfigError::NoDatabase)?;
        Ok(Database::at(url.reveal())?)
    }

    /// The settings that are not what they are by default, as `key=value`, in their order.
    pub(crate) fn changed(&self) -> String {
        let default = Self::complete(SettingLayer::default());
        let changed = self.shown().into_iter().zip(default.shown());
        let changed = changed.filter(|(own, default)| own != default).map(|(own, _)| own);
        let changed: Vec<_> = changed.map(|(key, value)| format!("{key}={value}")).collect();
        changed.join(" ")
    }

    /// Every setting as text.
    fn shown(&self) -> Vec<(&'static str, String)> {
        fn text(value: Option<impl ToString>) -> String {
            value.map_or_else(String::new, |value| value.to_string())
        }
        vec![
            ("data_dir", self.data_dir.display().to_string()),
            ("http", self.http.to_string()),
            ("grpc", self.grpc.to_string()),
            ("chart", text(self.chart.as_deref().map(Path::display))),
            ("engine", self.engine.clone()),
            ("writers", text(self.writers)),
            ("hold_secs", self.hold_secs.to_string()),
            ("buyer_seats_max", text(self.buyer_seats_max)),
            ("log", self.log.clone()),
            ("log_format", self.log_format.name().to_owned()),
            ("metrics", text(self.metrics)),
            // That there is one, and no more.
            ("admin_token", text(self.admin_token.as_ref().map(|_| "(set)"))),
            ("redis_url", text(self.redis_url.as_ref().map(|_| "(set)"))),
            ("limit_user", text(self.limit_user)),
            ("limit_address", text(self.limit_address)),
            ("limit_event", text(self.limit_event)),
            ("limit_reads", text(self.limit_reads)),
            ("trusted_proxies", self.trusted_proxies.to_string()),
            ("history_retention_days", self.history_retention_days.to_string()),
            ("database_url", text(self.database_url.as_ref().map(|_| "(set)"))),
            ("ack", self.ack.to_string()),
            ("journal_budget_bytes", self.journal_budget_bytes.to_string()),
            ("journal_segment_bytes", self.journal_segment_bytes.to_string()),
        ]
    }
}

/// The settings of a TOML file. Its relative paths start at its own folder, so that it means the
/// same wherever the program is started.
fn read_file(path: &Path) -> Result<SettingLayer, ConfigError> {
    let text = fs::read_to_string(path)
        .map_err(|cause| ConfigError::FileUnreadable { path: path.to_owned(), cause })?;
    let layer: SettingLayer =
        toml::from_str(&text).map_err(|cause| ConfigError::of_file(path, &text, cause))?;
    Ok(layer.relative_to(path.parent().unwrap_or(Path::new(""))))
}
