//! All sendings of one request together: what it may have done, and when.

use std::collections::HashMap;

use super::{Accepted, Ask, History, NEVER_MICROS, RequestId, Said, Sending};

/// A request with all its sendings, in the order in which they left.
#[derive(Clone, Debug)]
pub struct Operation<'a> {
    /// What makes it one request.
    pub request_id: RequestId,
    /// At least one.
    pub sendings: Vec<&'a Sending>,
}

/// The requests of a history, in the order in which they first left.
pub fn operations(history: &History) -> Vec<Operation<'_>> {
    let mut by_request: HashMap<RequestId, Vec<&Sending>> = HashMap::new();
    for sending in &history.sendings {
        by_request.entry(sending.request_id).or_default().push(sending);
    }
    let mut operations: Vec<_> = by_request
        .into_iter()
        .map(|(request_id, mut sendings)| {
            sendings.sort_by_key(|sending| (sending.invoked_micros, sending.answered_micros));
            Operation { request_id, sendings }
        })
        .collect();
    operations.sort_by_key(|operation| (operation.invoked_micros(), operation.request_id));
    operations
}

impl<'a> Operation<'a> {
    /// What was asked for, by the first sending.
    pub fn ask(&self) -> &'a Ask {
        &self.sendings[0].ask
    }

    /// When it first left: it took effect no sooner.
    pub fn invoked_micros(&self) -> u64 {
        self.sendings[0].invoked_micros
    }

    /// The sending whose acknowledgement came first.
    pub fn acknowledged(&self) -> Option<(&'a Sending, &'a Accepted)> {
        let accepted = self.sendings.iter().filter_map(|sending| match &sending.said {
            Said::Accepted(accepted) => Some((*sending, accepted)),
            _ => None,
        });
        accepted.min_by_key(|(sending, _)| sending.answered_micros)
    }

    /// The first sending of which nobody knows what came, if none was acknowledged: it may take
    /// effect at any time from when it left on, or never.
    pub fn in_doubt(&self) -> Option<&'a Sending> {
        if self.acknowledged().is_some() {
            return None;
        }
        let is_open = |sending: &&&Sending| {
            sending.said == Said::Unknown || sending.answered_micros == NEVER_MICROS
        };
        self.sendings.iter().find(is_open).copied()
    }
}
