//! A reply that is written out already: its bytes can be kept and given to many.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::header;
use serde::Serialize;

use crate::problem::Problem;

/// A document as the bytes of its JSON.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct JsonBytes(pub(crate) Bytes);

impl JsonBytes {
    /// Writes a document out.
    ///
    /// # Errors
    /// If it cannot be written as JSON, which is a defect.
    pub(crate) fn of(document: &impl Serialize) -> Result<Self, Problem> {
        match serde_json::to_vec(document) {
            Ok(body) => Ok(Self(body.into())),
            Err(error) => {
                tracing::error!(%error, "an answer cannot be written as JSON");
                Err(Problem::internal())
            }
        }
    }
}

impl IntoResponse for JsonBytes {
    fn into_response(self) -> Response {
        ([(header::CONTENT_TYPE, "application/json")], self.0).into_response()
    }
}
