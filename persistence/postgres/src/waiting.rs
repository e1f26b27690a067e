//! Work that waits for the disk, on the threads of the runtime that may.

use tokio::task::spawn_blocking;

use crate::error::Error;

/// Does it, and says what came of it.
pub(crate) async fn waiting<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    match spawn_blocking(work).await {
        Ok(done) => done,
        Err(lost) if lost.is_panic() => std::panic::resume_unwind(lost.into_panic()),
        // The runtime is going down, and so is whoever asked.
        Err(_) => std::future::pending().await,
    }
}
