//! What one source says about the settings: flags, variables and the file all become this.
//!
//! A field here is a setting: its flag, its variable and its key in the file follow from its
//! name, and a test holds that all three are read.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::values::{
    AckWord, Address, BudgetBytes, BuyerSeats, DatabaseUrl, EngineAddress, HoldSecs, Limit,
    LogFilter, LogFormat, RedisUrl, RetentionDays, Secret, SegmentBytes, TrustedProxies, Writers,
};

/// The settings as flags of a command.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings (each is also a variable, --log-format for example \
                               HOLDFAST_LOG_FORMAT, and a key of the --config file, log_format)")]
pub(crate) struct SettingFlags {
    /// A TOML file with settings; flags and variables win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) layer: SettingLayer,
}

/// The flags of a tool that works on a data directory and on nothing else.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DataDirFlags {
    /// Where the data lies [default: holdfast-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// A TOML file with settings; flags and variables win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl From<DataDirFlags> for SettingFlags {
    fn from(flags: DataDirFlags) -> Self {
        let layer = SettingLayer { data_dir: flags.data_dir, ..SettingLayer::default() };
        Self { config: flags.config, layer }
    }
}

/// The flags of a tool that works on a database and on nothing else.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct DatabaseFlags {
    /// The database, as postgres://USER:PASSWORD@HOST/NAME; better the variable
    /// HOLDFAST_DATABASE_URL than a flag, which other users of the machine can read
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<DatabaseUrl>,
    /// A TOML file with settings; flags and variables win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl From<DatabaseFlags> for SettingFlags {
    fn from(flags: DatabaseFlags) -> Self {
        let layer = SettingLayer { database_url: flags.database_url, ..SettingLayer::default() };
        Self { config: flags.config, layer }
    }
}

/// The flags of a tool that asks a running engine and needs nothing else.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct EngineFlags {
    /// The engine to ask [default: http://127.0.0.1:7420]
    #[arg(long, value_name = "URI")]
    pub(crate) engine: Option<EngineAddress>,
    /// A TOML file with settings; flags and variables win over it
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
}

impl From<EngineFlags> for SettingFlags {
    fn from(flags: EngineFlags) -> Self {
        let layer = SettingLayer { engine: flags.engine, ..SettingLayer::default() };
        Self { config: flags.config, layer }
    }
}

/// What one source says about every setting, which may be nothing.
#[derive(Clone, Debug, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingLayer {
    /// Where the data lies [default: holdfast-data]
    #[arg(long, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Where REST is served; port 0 means any free one [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDR")]
    pub(crate) http: Option<Address>,
    /// Where gRPC is served; port 0 means any free one [default: 127.0.0.1:7420]
    #[arg(long, value_name = "ADDR")]
    pub(crate) grpc: Option<Address>,
    /// The chart that is on sale as event 1 [default: a venue of our own]
    #[arg(long, value_name = "FILE")]
    pub(crate) chart: Option<PathBuf>,
    /// The engine that an edge run apart talks to [default: http://127.0.0.1:7420]
    #[arg(long, value_name = "URI")]
    pub(crate) engine: Option<EngineAddress>,
    /// Threads that write shards [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) writers: Option<Writers>,
    /// How long a hold of event 1 lasts [default: 900]
    #[arg(long, value_name = "SECS")]
    pub(crate) hold_secs: Option<HoldSecs>,
    /// Seats of event 1 that one buyer may have [default: any number]
    #[arg(long, value_name = "N")]
    pub(crate) buyer_seats_max: Option<BuyerSeats>,
    /// What organizers' requests to the edge have to show; better a variable than a flag, which
    /// other users of the machine can read [default: none, and no such requests]
    #[arg(long, value_name = "TOKEN")]
    pub(crate) admin_token: Option<Secret>,
    /// Where edges share limits and answers, as redis:// or rediss://; better a variable than a
    /// flag if it has a password [default: nowhere]
    #[arg(long, value_name = "URL")]
    pub(crate) redis_url: Option<RedisUrl>,
    /// How often one user may change something, such as 5/s,burst=20 [default: any number]
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit_user: Option<Limit>,
    /// How often changes may come from one address [default: any number]
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit_address: Option<Limit>,
    /// How often seats of one event may be asked for, by all together [default: any number]
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit_event: Option<Limit>,
    /// How often reads may come from one address [default: any number]
    #[arg(long, value_name = "LIMIT")]
    pub(crate) limit_reads: Option<Limit>,
    /// Proxies in front of the edge whose X-Forwarded-For is believed [default: 0]
    #[arg(long, value_name = "N")]
    pub(crate) trusted_proxies: Option<TrustedProxies>,
    /// What is logged: a level, or targets with levels [default: info]
    #[arg(long, value_name = "FILTER")]
    pub(crate) log: Option<LogFilter>,
    /// How it is written [default: text]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) log_format: Option<LogFormat>,
    /// Where an engine run apart serves its metrics [default: nowhere]
    #[arg(long, value_name = "ADDR")]
    pub(crate) metrics: Option<Address>,
    /// Days that sealed history is kept; 0 keeps none [default: 90]
    #[arg(long, value_name = "DAYS")]
    pub(crate) history_retention_days: Option<RetentionDays>,
    /// A Postgres to write everything to behind the journal, as postgres://USER:PASSWORD@HOST/NAME;
    /// better a variable than a flag [default: none, and nothing is]
    #[arg(long, value_name = "URL")]
    pub(crate) database_url: Option<DatabaseUrl>,
    /// What answers wait for unless their callers say so: journal or journal+postgres
    /// [default: journal]
    #[arg(long, value_name = "WORD")]
    pub(crate) ack: Option<AckWord>,
    /// Bytes of the journal that may be behind in Postgres; near the end new holds are refused
    /// [default: 8589934592]
    #[arg(long, value_name = "BYTES")]
    pub(crate) journal_budget_bytes: Option<BudgetBytes>,
    /// Bytes of a segment of the journal, for small disks [default: 67108864]
    #[arg(long, value_name = "BYTES", hide_short_help = true)]
    pub(crate) journal_segment_bytes: Option<SegmentBytes>,
}

impl SettingLayer {
    /// What this source says, and where it says nothing, what the weaker one says.
    pub(crate) fn or(self, weaker: Self) -> Self {
        Self {
            data_dir: self.data_dir.or(weaker.data_dir),
            http: self.http.or(weaker.http),
            grpc: self.grpc.or(weaker.grpc),
            chart: self.chart.or(weaker.chart),
            engine: self.engine.or(weaker.engine),
            writers: self.writers.or(weaker.writers),
            hold_secs: self.hold_secs.or(weaker.hold_secs),
            buyer_seats_max: self.buyer_seats_max.or(weaker.buyer_seats_max),
            admin_token: self.admin_token.or(weaker.admin_token),
            redis_url: self.redis_url.or(weaker.redis_url),
            limit_user: self.limit_user.or(weaker.limit_user),
            limit_address: self.limit_address.or(weaker.limit_address),
            limit_event: self.limit_event.or(weaker.limit_event),
            limit_reads: self.limit_reads.or(weaker.limit_reads),
            trusted_proxies: self.trusted_proxies.or(weaker.trusted_proxies),
            log: self.log.or(weaker.log),
            log_format: self.log_format.or(weaker.log_format),
            metrics: self.metrics.or(weaker.metrics),
            history_retention_days: self.history_retention_days.or(weaker.history_retention_days),
            database_url: self.database_url.or(weaker.database_url),
            ack: self.ack.or(weaker.ack),
            journal_budget_bytes: self.journal_budget_bytes.or(weaker.journal_budget_bytes),
            journal_segment_bytes: self.journal_segment_bytes.or(weaker.journal_segment_bytes),
        }
    }

    /// The same with relative paths starting at `folder`.
    pub(crate) fn relative_to(self, folder: &Path) -> Self {
        let within = |path: PathBuf| folder.join(path);
        Self { data_dir: self.data_dir.map(within), chart: self.chart.map(within), ..self }
    }
}
