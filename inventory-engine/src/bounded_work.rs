//! Work that takes much of the machine, a bounded number of pieces at a time.
//!
//! Must always hold: a piece keeps its place until it is done, whether or not anybody still waits
//! for it. Who asks and leaves, again and again, gets no more than one who stays.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for one kind of work. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct BoundedWork {
    places: Arc<Semaphore>,
}

/// The runtime ends, or the work has panicked: nobody knows what came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Lost;

impl BoundedWork {
    /// So many pieces at a time.
    pub(crate) fn new(pieces_max: usize) -> Self {
        Self { places: Arc::new(Semaphore::new(pieces_max)) }
    }

    /// Does a piece that keeps a thread busy, once there is a place for it.
    pub(crate) async fn block<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Lost> {
        let place = self.place().await;
        let done = tokio::task::spawn_blocking(move || {
            let _place = place;
            work()
        });
        done.await.map_err(|_cancelled| Lost)
    }

    /// Does a piece that waits for others, once there is a place for it.
    pub(crate) async fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Result<T, Lost> {
        let place = self.place().await;
        let done = tokio::spawn(async move {
            let _place = place;
            work.await
        });
        done.await.map_err(|_cancelled| Lost)
    }

    async fn place(&self) -> OwnedSemaphorePermit {
        let place = Arc::clone(&self.places).acquire_owned().await;
        place.expect("places are never closed")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn a_place_is_kept_by_work_that_nobody_waits_for_any_more() {
        let works = BoundedWork::new(1);
        let (begun, has_begun) = oneshot::channel();
        let (finish, finished) = mpsc::channel::<()>();
        let caller = tokio::spawn({
            let works = works.clone();
            let work = move || {
                begun.send(()).unwrap();
                finished.recv().unwrap_err();
            };
            async move { works.block(work).await }
        });
        has_begun.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert_eq!(works.places.available_permits(), 0, "its caller has left, it has not");
        drop(finish);
        assert_eq!(works.block(|| 7).await, Ok(7));

        let (begun, has_begun) = oneshot::channel();
        let (finish, finished) = oneshot::channel::<()>();
        let caller = tokio::spawn({
            let works = works.clone();
            let work = async move {
                begun.send(()).unwrap();
                finished.await.unwrap_err();
            };
            async move { works.wait(work).await }
        });
        has_begun.await.unwrap();
        caller.abort();
        assert!(caller.await.unwrap_err().is_cancelled());
        assert_eq!(works.places.available_permits(), 0, "its caller has left, it has not");
        drop(finish);
        assert_eq!(works.wait(async { 8 }).await, Ok(8));
        assert_eq!(works.places.available_permits(), 1);
    }

    #[tokio::test]
    async fn a_piece_that_panics_is_lost_and_leaves_its_place() {
        let works = BoundedWork::new(1);
        assert_eq!(works.block(|| -> u8 { panic!("a bug") }).await, Err(Lost));
        assert_eq!(works.block(|| 1).await, Ok(1));
    }
}
