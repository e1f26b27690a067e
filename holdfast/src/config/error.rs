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
    #[error("the settings file {} is not valid: {}", path.display(), cause.to_string().trim_end())]
    FileInvalid { path: PathBuf, cause: toml::de::Error },
}

fn suggestion(close: &[String]) -> String {
    if close.is_empty() {
        "; unset it, or see --help for those that are".to_owned()
    } else {
        format!("; close to it: {}", close.join(", "))
    }
}
