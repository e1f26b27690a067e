//! What stands here for `std::sync` and `tokio::sync`.
//!
//! Must always hold: whatever one thread may learn from another by these, loom knows of. The
//! plain things that are shared and never change, and what only counts owners, are the real ones.

pub mod atomic;
mod notify;

pub use loom::sync::{Mutex, MutexGuard};
pub use real_std::sync::{Arc, LazyLock, PoisonError};

pub use self::notify::{Notify, finish};
