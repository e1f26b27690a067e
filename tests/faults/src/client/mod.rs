//! Clients that record: doors to a server (lanes of `Pipeline` streams, and unary calls), a crowd
//! that asks through them and asks again with the same request id until it knows, an organizer
//! who puts events on sale and takes the server's last word, and who asks an edge over REST.

mod crowd;
mod lane;
mod organizer;
mod rest;
mod unary;
mod wire;

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::future::BoxFuture;

pub use self::crowd::{Crowd, Habits, Sold};
pub use self::lane::Lane;
pub use self::organizer::{Organizer, SaleError};
pub use self::rest::{Metrics, Reply, Rest};
pub use self::unary::Unary;
pub use self::wire::{command, said_of_outcome};
use crate::history::{Ask, RequestId, Said};

/// A way to a server.
pub trait Door: Debug + Send + Sync {
    /// Sends a request once; `None` if it surely did not leave.
    fn send<'a>(&'a self, request_id: RequestId, ask: &'a Ask) -> BoxFuture<'a, Option<Said>>;
}

/// How many requests have left and were not answered; a clone counts with it.
#[derive(Clone, Debug, Default)]
pub struct InFlight(Arc<AtomicUsize>);

impl InFlight {
    /// At this moment.
    pub fn now(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn leave(&self, count: usize) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn end(&self, count: usize) {
        self.0.fetch_sub(count, Ordering::Relaxed);
    }
}
