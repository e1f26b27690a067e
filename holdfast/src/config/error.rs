//! Why the settings are not usable, each with the source that is to be changed.

use std::io;
use std::path::PathBuf;

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
