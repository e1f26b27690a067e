//! What an answer waits for: the journal's disk, or Postgres behind it as well.

use std::fmt;
use std::str::FromStr;

/// What a caller wants to be sure of before it is answered.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ack {
    /// That the change is in the journal, which survives everything but the loss of the disk.
    #[default]
    Journal,
    /// That it is in Postgres too, as long as Postgres answers.
    JournalAndPostgres,
}

/// Where a change is when its answer leaves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Durability {
    /// In the journal, on this engine's disk.
    #[default]
    Journal,
    /// There, and in Postgres.
    JournalAndPostgres,
}

/// A word that is no [`Ack`].
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("neither journal nor journal+postgres")]
pub struct AckUnknown;

const JOURNAL: &str = "journal";
const JOURNAL_AND_POSTGRES: &str = "journal+postgres";

impl Ack {
    /// The word for it in settings and headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Journal => JOURNAL,
            Self::JournalAndPostgres => JOURNAL_AND_POSTGRES,
        }
    }
}

impl Durability {
    /// The word for it in headers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Journal => JOURNAL,
            Self::JournalAndPostgres => JOURNAL_AND_POSTGRES,
        }
    }
}

impl fmt::Display for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Ack {
    type Err = AckUnknown;

    fn from_str(text: &str) -> Result<Self, AckUnknown> {
        match text {
            JOURNAL => Ok(Self::Journal),
            JOURNAL_AND_POSTGRES => Ok(Self::JournalAndPostgres),
            _ => Err(AckUnknown),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ack_is_read_by_its_own_word_and_by_no_other() {
        for ack in [Ack::Journal, Ack::JournalAndPostgres] {
            assert_eq!(ack.to_string().parse(), Ok(ack));
        }
        for other in ["", "Journal", "postgres", "journal + postgres", "journal+postgres "] {
            assert_eq!(other.parse::<Ack>(), Err(AckUnknown), "{other:?}");
        }
    }
}
