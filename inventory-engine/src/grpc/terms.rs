//! What a unary call says beside its message, in its metadata: how long its caller waits and what
//! for; and what its answer says in the same way.

use std::time::{Duration, Instant};

use proto::inventory::v1::answer::Outcome;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::{Response, Status};

use crate::ack::{Ack, Durability};
use crate::answer::{Answer, Invalid, Reply};
use crate::ask::Ask;
use crate::engine::Handle;
use crate::grpc::status;

/// What a caller wants to be sure of: `journal` or `journal+postgres`.
const ACK: &str = "holdfast-ack";
/// What an answer may be sure of, in the same words.
const DURABILITY: &str = "holdfast-durability";

/// What the metadata of a change says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Terms {
    pub(crate) give_up_at: Option<Instant>,
    pub(crate) ack: Ack,
}

/// What came of a unary command, and where it is.
pub(crate) struct Settled {
    pub(crate) outcome: Outcome,
    pub(crate) durability: Durability,
}

impl Terms {
    /// Those of a call.
    ///
    /// # Errors
    /// If it wants what is not known, or what cannot be had here. Nothing was done.
    pub(crate) fn of(engine: &Handle, metadata: &MetadataMap) -> Result<Self, Status> {
        let ack = asked_ack(metadata).and_then(|asked| engine.ack_of(asked, ACK));
        let ack = ack.map_err(|invalid| status::of_failure(&invalid.into()))?;
        Ok(Self { give_up_at: give_up_at(metadata), ack })
    }

    /// What came of a unary command, or the status that says why nothing did.
    pub(crate) async fn call(
        self,
        engine: &Handle,
        ask: Result<Ask, Invalid>,
    ) -> Result<Settled, Status> {
        let ask = ask.map_err(|invalid| status::of_failure(&invalid.into()))?;
        let reply = engine.ask_for(ask, self.ack, self.give_up_at).await;
        let durability = durability_of(&reply);
        let outcome = status::outcome(reply, engine.directory())?;
        Ok(Settled { outcome, durability })
    }
}

/// Where an accepted change is; what changed nothing rests on the journal.
pub(crate) fn durability_of(reply: &Reply) -> Durability {
    match reply {
        Ok(Answer::Accepted(accepted)) => accepted.durability,
        _ => Durability::Journal,
    }
}

/// An answer that says where the change is.
pub(crate) fn respond<T>(message: T, durability: Durability) -> Response<T> {
    let mut response = Response::new(message);
    let word = AsciiMetadataValue::from_static(durability.name());
    response.metadata_mut().insert(DURABILITY, word);
    response
}

/// What the caller wants, if it says so.
fn asked_ack(metadata: &MetadataMap) -> Result<Option<Ack>, Invalid> {
    let mut values = metadata.get_all(ACK).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let ack = value.to_str().ok().and_then(|text| text.parse().ok());
    match ack {
        Some(ack) if values.next().is_none() => Ok(Some(ack)),
        _ => {
            let problem = "say journal or journal+postgres, once".to_owned();
            Err(Invalid { field: ACK, problem })
        }
    }
}

/// When the caller stops waiting, from the `grpc-timeout` header: up to eight digits and a unit
/// (the gRPC protocol over HTTP/2, "Requests").
pub(crate) fn give_up_at(metadata: &MetadataMap) -> Option<Instant> {
    let text = metadata.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let amount: u64 = digits.parse().ok()?;
    let timeout = match unit {
        "H" => Duration::from_secs(amount * 3_600),
        "M" => Duration::from_secs(amount * 60),
        "S" => Duration::from_secs(amount),
        "m" => Duration::from_millis(amount),
        "u" => Duration::from_micros(amount),
        "n" => Duration::from_nanos(amount),
        _ => return None,
    };
    Instant::now().checked_add(timeout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(values: &[(&'static str, &'static str)]) -> MetadataMap {
        let mut metadata = MetadataMap::new();
        for (name, value) in values {
            metadata.append(*name, AsciiMetadataValue::from_static(value));
        }
        metadata
    }

    #[test]
    fn timeouts_are_read_as_the_protocol_writes_them() {
        let waits = |text: &'static str| {
            let metadata = metadata(&[("grpc-timeout", text)]);
            give_up_at(&metadata).map(|at| at.saturating_duration_since(Instant::now()))
        };
        let two_seconds = waits("2000m").unwrap();
        assert!(two_seconds > Duration::from_millis(1_500) && two_seconds.as_millis() <= 2_000);
        assert!(waits("99999999H").is_some());
        for nonsense in ["", "5", "S", "-1S", "999999999S", "1x"] {
            assert_eq!(waits(nonsense), None, "{nonsense:?}");
        }
    }

    #[test]
    fn an_ack_is_said_once_in_a_word_that_is_known() {
        let asked = |values: &[&'static str]| {
            let values: Vec<_> = values.iter().map(|value| (ACK, *value)).collect();
            asked_ack(&metadata(&values)).map_err(|invalid| invalid.field)
        };
        assert_eq!(asked(&[]), Ok(None));
        assert_eq!(asked(&["journal"]), Ok(Some(Ack::Journal)));
        assert_eq!(asked(&["journal+postgres"]), Ok(Some(Ack::JournalAndPostgres)));
        for nonsense in [&["postgres"][..], &[""], &["journal", "journal"]] {
            assert_eq!(asked(nonsense), Err(ACK), "{nonsense:?}");
        }
    }
}
