//! A thread with a small runtime of its own for all clients of a peer, so that they take no more
//! than one processor away from what they ask.

use anyhow::Context;

/// Runs the future on a new thread; its result.
pub(super) async fn on_one_thread<F, T>(future: F) -> anyhow::Result<T>
where
    F: Future<Output = anyhow::Result<T>> + Send + 'static,
    T: Send + 'static,
{
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.context("no runtime for the clients")?.block_on(future)
    };
    tokio::task::spawn_blocking(run).await.context("the clients' thread panicked")?
}
