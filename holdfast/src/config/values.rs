//! The values that settings have, each checked when it is read, whatever the source.
//!
//! A flag and a variable bring text, a file brings TOML's own types; both end in the same check
//! and the same message.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use axum::http::Uri;
use clap::ValueEnum;
use edge_api::{RateLimit, RateLimitError, RedisAddress, RedisAddressError, TRUSTED_PROXIES_MAX};
use inventory_core::limits::{CHART_SEATS_MAX, HOLD_TTL_MILLIS_MAX, SHARDS};
use inventory_engine::ack::{Ack, AckUnknown};
use inventory_engine::limits::JOURNAL_BUDGET_BYTES_MIN;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

/// Threads that write shards: more than shards would idle.
pub(crate) type Writers = Bounded<1, { SHARDS as u64 }>;
/// The time of a hold in seconds, as long as the engine allows.
pub(crate) type HoldSecs = Bounded<1, { HOLD_TTL_MILLIS_MAX / 1_000 }>;
/// Days: a hundred years are as good as for ever.
pub(crate) type RetentionDays = Bounded<0, 36_500>;
/// Bytes of a segment: a group of the journal has to fit, and a start has to read one.
pub(crate) type SegmentBytes = Bounded<{ 64 << 10 }, { 1 << 30 }>;
/// Bytes of the journal that may be behind: a pebibyte is as good as any.
pub(crate) type BudgetBytes = Bounded<{ JOURNAL_BUDGET_BYTES_MIN }, { 1 << 50 }>;
/// Proxies that are trusted.
pub(crate) type TrustedProxies = Bounded<0, { TRUSTED_PROXIES_MAX as u64 }>;
/// Seats of one buyer: no chart has more.
pub(crate) type BuyerSeats = Bounded<1, { CHART_SEATS_MAX as u64 }>;

/// An address to listen on.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Address(SocketAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse().map(Self).map_err(|_| {
            "not an address to listen on, such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:0"
                .to_owned()
        })
    }
}

impl From<Address> for SocketAddr {
    fn from(address: Address) -> Self {
        address.0
    }
}

/// Where an engine answers. `grpc://` is taken as well and means the same as `http://`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct EngineAddress(String);

impl FromStr for EngineAddress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "not an engine's address, such as http://127.0.0.1:7420".to_owned();
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let authority = uri.authority().ok_or_else(expected)?;
        let is_bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        match uri.scheme_str() {
            Some("http" | "grpc") if is_bare => Ok(Self(format!("http://{authority}"))),
            Some("https" | "grpcs") => Err("TLS to the engine is not available; \
                 use http:// and let the network between them be a trusted one"
                .to_owned()),
            _ => Err(expected()),
        }
    }
}

impl From<EngineAddress> for String {
    fn from(address: EngineAddress) -> Self {
        address.0
    }
}

/// A secret that somebody has to show: 16 to 255 visible ASCII characters. Never written.
#[derive(Clone, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct Secret(String);

impl Secret {
    /// The secret itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_visible && (16..=255).contains(&text.len()) {
            Ok(Self(text.to_owned()))
        } else {
            Err("not a token of 16 to 255 visible ASCII characters".to_owned())
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem| format!("this is {problem}"))
    }
}

/// Where a Postgres is, and with what password. Never written.
#[derive(Clone, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct DatabaseUrl(String);

impl DatabaseUrl {
    /// The URL itself.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl")
    }
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let rest = ["postgres://", "postgresql://"].iter().find_map(|of| text.strip_prefix(of));
        let is_visible = text.bytes().all(|byte| byte.is_ascii_graphic());
        match rest {
            Some(rest) if !rest.is_empty() && is_visible && text.len() <= 2_048 => {
                Ok(Self(text.to_owned()))
            }
            _ => Err("not a database, such as postgres://USER:PASSWORD@HOST/NAME".to_owned()),
        }
    }
}

impl TryFrom<String> for DatabaseUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem| format!("this is {problem}"))
    }
}

/// What answers wait for.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct AckWord(Ack);

impl FromStr for AckWord {
    type Err = AckUnknown;

    fn from_str(text: &str) -> Result<Self, AckUnknown> {
        text.parse().map(Self)
    }
}

impl From<AckWord> for Ack {
    fn from(word: AckWord) -> Self {
        word.0
    }
}

/// Where Redis is. It may hold a password, so it is never written.
#[derive(Clone, Deserialize, Eq, PartialEq)]
#[serde(try_from = "String")]
pub(crate) struct RedisUrl(String);

impl RedisUrl {
    /// What the edge takes it as.
    ///
    /// # Errors
    /// None that was not found when it was read.
    pub(crate) fn address(&self) -> Result<RedisAddress, RedisAddressError> {
        RedisAddress::parse(&self.0)
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisUrl")
    }
}

impl FromStr for RedisUrl {
    type Err = RedisAddressError;

    fn from_str(text: &str) -> Result<Self, RedisAddressError> {
        RedisAddress::parse(text).map(|_| Self(text.to_owned()))
    }
}

impl TryFrom<String> for RedisUrl {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse().map_err(|problem: RedisAddressError| format!("this is {problem}"))
    }
}

/// How often something may be asked.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Limit(RateLimit);

impl FromStr for Limit {
    type Err = RateLimitError;

    fn from_str(text: &str) -> Result<Self, RateLimitError> {
        text.parse().map(Self)
    }
}

impl From<Limit> for RateLimit {
    fn from(limit: Limit) -> Self {
        limit.0
    }
}

/// What is logged: a filter that `tracing` understands.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LogFilter(String);

impl FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match EnvFilter::try_new(text) {
            Ok(_) if text.trim().is_empty() => Err("nothing; to log nothing, say off".to_owned()),
            Ok(_) => Ok(Self(text.to_owned())),
            Err(cause) => {
                Err(format!("not a log filter, such as info or warn,edge_api=debug: {cause}"))
            }
        }
    }
}

impl From<LogFilter> for String {
    fn from(filter: LogFilter) -> Self {
        filter.0
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, ValueEnum)]
#[serde(try_from = "String")]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// An object a line, for machines.
    Json,
}

impl LogFormat {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }
}

impl FromStr for LogFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        <Self as ValueEnum>::from_str(text, false).map_err(|_| "neither text nor json".to_owned())
    }
}

/// A whole number between two bounds, both included.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(try_from = "u64")]
pub(crate) struct Bounded<const MIN: u64, const MAX: u64>(u64);

impl<const MIN: u64, const MAX: u64> Bounded<MIN, MAX> {
    pub(crate) fn get(self) -> u64 {
        self.0
    }

    fn expected() -> String {
        format!("not a whole number from {MIN} to {MAX}")
    }
}

impl<const MIN: u64, const MAX: u64> TryFrom<u64> for Bounded<MIN, MAX> {
    type Error = String;

    fn try_from(number: u64) -> Result<Self, String> {
        if (MIN..=MAX).contains(&number) { Ok(Self(number)) } else { Err(Self::expected()) }
    }
}

impl<const MIN: u64, const MAX: u64> FromStr for Bounded<MIN, MAX> {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<u64>().map_err(|_| Self::expected())?.try_into()
    }
}

/// Text of a file is read like text of a flag.
macro_rules! try_from_string {
    ($($value:ty),+) => {$(
        impl TryFrom<String> for $value {
            type Error = String;

            fn try_from(text: String) -> Result<Self, String> {
                text.parse().map_err(|problem| format!("{text:?} is {problem}"))
            }
        }
    )+};
}
try_from_string!(AckWord, Address, EngineAddress, Limit, LogFilter, LogFormat);
