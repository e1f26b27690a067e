//! Who waits for an answer.
//!
//! Must always hold: every ticket is answered. One that gets lost on the way, with a thread that
//! panicked or an inbox that nobody empties any more, says so itself.

use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use crate::answer::{Failure, Reply};
use crate::settle::Unsettled;

/// One caller's claim to one reply.
#[derive(Debug)]
pub struct Ticket {
    /// `None` once it is answered.
    waiting: Option<Waiting>,
}

#[derive(Debug)]
enum Waiting {
    Call(oneshot::Sender<Reply>),
    Stream(mpsc::UnboundedSender<(u64, Reply)>, u64),
    /// In a box, so that a ticket is no larger for it.
    Unsettled(Box<ToSettle>),
}

#[derive(Debug)]
struct ToSettle {
    answers: mpsc::UnboundedSender<Unsettled>,
    correlation_id: u64,
    give_up_at: Option<Instant>,
}

impl Ticket {
    /// The ticket of a unary call.
    pub(crate) fn call(caller: oneshot::Sender<Reply>) -> Self {
        Self { waiting: Some(Waiting::Call(caller)) }
    }

    /// The ticket of a command of a stream.
    pub(crate) fn stream(
        replies: mpsc::UnboundedSender<(u64, Reply)>,
        correlation_id: u64,
    ) -> Self {
        Self { waiting: Some(Waiting::Stream(replies, correlation_id)) }
    }

    /// The ticket of a command of a stream whose answer is to be in Postgres as well.
    pub(crate) fn unsettled(
        answers: mpsc::UnboundedSender<Unsettled>,
        correlation_id: u64,
        give_up_at: Option<Instant>,
    ) -> Self {
        let to_settle = ToSettle { answers, correlation_id, give_up_at };
        Self { waiting: Some(Waiting::Unsettled(Box::new(to_settle))) }
    }

    /// Gives the reply to who waits for it.
    pub(crate) fn reply(mut self, reply: Reply) {
        self.answer(reply);
    }

    /// Who has left does not mind.
    fn answer(&mut self, reply: Reply) {
        match self.waiting.take() {
            Some(Waiting::Call(caller)) => drop(caller.send(reply)),
            Some(Waiting::Stream(replies, id)) => drop(replies.send((id, reply))),
            Some(Waiting::Unsettled(to)) => {
                let ToSettle { answers, correlation_id, give_up_at } = *to;
                drop(answers.send(Unsettled { correlation_id, give_up_at, reply }));
            }
            None => {}
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.answer(Err(Failure::Unknown));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_ticket_tells_its_caller_once() {
        let (replies, mut answered) = mpsc::unbounded_channel();
        drop(Ticket::stream(replies.clone(), 7));
        Ticket::stream(replies, 8).reply(Err(Failure::ShuttingDown));
        let mut next = || answered.try_recv().ok().map(|(id, reply)| (id, reply.unwrap_err()));
        assert_eq!(next(), Some((7, Failure::Unknown)));
        assert_eq!(next(), Some((8, Failure::ShuttingDown)));
        assert_eq!(next(), None);
        let (caller, mut reply) = oneshot::channel();
        drop(Ticket::call(caller));
        assert_eq!(reply.try_recv().unwrap().unwrap_err(), Failure::Unknown);
    }
}
