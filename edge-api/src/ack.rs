//! What a caller wants to be sure of before it is answered, and what it may be sure of then: the
//! headers `Holdfast-Ack` and `Holdfast-Durability`, and the same words in the metadata of calls to
//! the engine.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderName, HeaderValue};
use proto::inventory::v1::{Ack, Durability};
use tonic::metadata::{AsciiMetadataValue, MetadataMap};

use crate::app::App;
use crate::problem::Problem;

const ACK: &str = "holdfast-ack";
const DURABILITY: &str = "holdfast-durability";

const JOURNAL: &str = "journal";
const JOURNAL_AND_POSTGRES: &str = "journal+postgres";

/// The `Holdfast-Ack` header; unspecified if there is none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedAck(pub(crate) Ack);

impl FromRequestParts<Arc<App>> for WantedAck {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Arc<App>) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all(ACK).iter();
        let Some(value) = values.next() else {
            return Ok(Self(Ack::Unspecified));
        };
        let ack = match value.as_bytes() {
            word if word == JOURNAL.as_bytes() => Some(Ack::Journal),
            word if word == JOURNAL_AND_POSTGRES.as_bytes() => Some(Ack::JournalAndPostgres),
            _ => None,
        };
        match ack {
            Some(ack) if values.next().is_none() => Ok(Self(ack)),
            _ => Err(Problem::invalid("Holdfast-Ack: send journal or journal+postgres, once")),
        }
    }
}

/// A reply to a change, with what its caller may be sure of.
#[derive(Debug)]
pub(crate) struct Durable<T> {
    pub(crate) durability: Durability,
    pub(crate) reply: T,
}

impl<T: IntoResponse> IntoResponse for Durable<T> {
    fn into_response(self) -> Response {
        let word = match self.durability {
            Durability::Journal => JOURNAL,
            Durability::JournalAndPostgres => JOURNAL_AND_POSTGRES,
        };
        let header = [(HeaderName::from_static(DURABILITY), HeaderValue::from_static(word))];
        (header, self.reply).into_response()
    }
}

/// Says in a call's metadata what its answer is to wait for.
pub(crate) fn ask_for(ack: Ack, metadata: &mut MetadataMap) {
    let word = match ack {
        Ack::Unspecified => return,
        Ack::Journal => JOURNAL,
        Ack::JournalAndPostgres => JOURNAL_AND_POSTGRES,
    };
    metadata.insert(ACK, AsciiMetadataValue::from_static(word));
}

/// What an answer's metadata says. An engine that says nothing has it in its journal.
pub(crate) fn durability_in(metadata: &MetadataMap) -> Durability {
    match metadata.get(DURABILITY) {
        Some(word) if word.as_bytes() == JOURNAL_AND_POSTGRES.as_bytes() => {
            Durability::JournalAndPostgres
        }
        _ => Durability::Journal,
    }
}
