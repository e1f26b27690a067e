//! Why the settings are not usable, each with the source that is to be changed.

use std::io;
use std::path::{Path, PathBuf};

/// A source of settings holds what cannot be used. The program does not start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// A variable that is no setting.
    #[error("the variable {name} is no setting of this program{}", suggestion(close))]
    VariableUnknown { name: String, close: Vec<String> },
    /// A variable with a value that its setting cannot have.
    #[error("the variable {name} holds {value:?}, which is {problem}")]
    VariableInvalid { name: String, value: String, problem: String },
    /// The settings file is not there, or not ours to read.
    #[error(
        "the settings file {} (--config or HOLDFAST_CONFIG) cannot be read: {cause}",
        path.display()
    )]
    FileUnreadable { path: PathBuf, cause: io::Error },
    /// The settings file has an unknown key, a bad value, or is not TOML.
    #[error("the settings file {} is not valid: {}", path.display(), told(cause))]
    FileInvalid { path: PathBuf, cause: toml::de::Error },
    /// The same where the line has a secret, which is not shown.
    #[error("the settings file {} is not valid: line {line}: {problem}", path.display())]
    FileSecretInvalid { path: PathBuf, line: usize, problem: String },
    /// A tool of databases has none.
    #[error(
        "there is no database: give --database-url, or better the variable HOLDFAST_DATABASE_URL, \
         as postgres://USER:PASSWORD@HOST/NAME"
    )]
    NoDatabase,
    /// Answers are to wait for a database that there is not.
    #[error(
        "ack is journal+postgres, but there is no database_url (--database-url or \
         HOLDFAST_DATABASE_URL): answers could never be in Postgres. Give one, or leave ack out"
    )]
    AckWithoutDatabase,
}

/// Keys with values that nobody may see.
const SECRETS: [&str; 3] = ["admin_token", "database_url", "redis_url"];

impl ConfigError {
    /// What is wrong with the text of a file.
    pub(super) fn of_file(path: &Path, text: &str, cause: toml::de::Error) -> Self {
        let path = path.to_owned();
        let start = cause.span().map_or(0, |span| span.start.min(text.len()));
        let before = text.get(..start).unwrap_or_default();
        let line = text.lines().nth(before.matches('\n').count()).unwrap_or_default();
        if SECRETS.iter().any(|secret| line.contains(secret)) {
            let line = before.matches('\n').count() + 1;
            return Self::FileSecretInvalid { path, line, problem: cause.message().to_owned() };
        }
        Self::FileInvalid { path, cause }
    }
}

/// What is wrong with a file, with the line that it is about, unless a secret stands there.
fn told(cause: &toml::de::Error) -> String {
    const SECRETS: [&str; 2] = ["admin_token", "redis_url"];
    let whole = cause.to_string();
    let quoted = whole.lines().filter_map(|line| line.split_once('|'));
    let mut keys = quoted.map(|(_, code)| code.trim_start());
    if keys.any(|code| SECRETS.iter().any(|secret| code.starts_with(secret))) {
        let place = whole.lines().next().unwrap_or_default();
        return format!("{place}\n{}", cause.message());
    }
    whole.trim_end().to_owned()
}

fn suggestion(close: &[String]) -> String {
    if close.is_empty() {
        "; unset it, or see --help for those that are".to_owned()
    } else {
        format!("; close to it: {}", close.join(", "))
    }
}
