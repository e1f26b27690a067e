//! A word from one thread to another, as of `tokio::sync::Notify`.
//!
//! Must always hold: a word that nobody waits for is kept for the next who does, and two that
//! nobody has taken are one.

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use loom::sync::{Condvar, Mutex};

/// Wakes one thread that waits, or the next that will.
#[derive(Debug, Default)]
pub struct Notify {
    is_told: Mutex<bool>,
    told: Condvar,
}

impl Notify {
    /// Says the word.
    pub fn notify_one(&self) {
        *self.is_told.lock().expect("no model goes on after a panic") = true;
        self.told.notify_one();
    }

    /// Waits for the word. A thread of a model has nothing else to do, so it stops right here.
    pub async fn notified(&self) {
        let mut is_told = self.is_told.lock().expect("no model goes on after a panic");
        while !*is_told {
            is_told = self.told.wait(is_told).expect("no model goes on after a panic");
        }
        *is_told = false;
    }
}

/// What comes of a future that waits for nothing but [`Notify::notified`].
pub fn finish<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a model waits for something that loom does not know of"),
    }
}
