//! Who waits for an answer.

use tokio::sync::{mpsc, oneshot};

use crate::answer::Reply;

/// One caller's claim to one reply.
#[derive(Debug)]
pub enum Ticket {
    /// A unary call.
    Call(oneshot::Sender<Reply>),
    /// A command of a stream, by its correlation id.
    Stream(mpsc::UnboundedSender<(u64, Reply)>, u64),
}

impl Ticket {
    /// Gives the reply to who waits for it. Who has left does not mind.
    pub(crate) fn reply(self, reply: Reply) {
        match self {
            Self::Call(caller) => drop(caller.send(reply)),
            Self::Stream(stream, correlation_id) => drop(stream.send((correlation_id, reply))),
        }
    }
}
