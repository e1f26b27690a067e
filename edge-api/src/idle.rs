//! A connection that ends by itself when nothing moves on it: no byte came and none went for so
//! long. Whoever opens connections and says nothing, or asks for much and reads nothing of it,
//! costs a place and memory only for a while.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

pub(crate) struct IdleLimit<T> {
    connection: T,
    timeout: Duration,
    moved_at: Instant,
    /// Runs to where the time was over when it was set, and on from there if something moved
    /// meanwhile: setting it anew for each packet would cost more.
    alarm: Pin<Box<Sleep>>,
}

impl<T> IdleLimit<T> {
    pub(crate) fn new(connection: T, timeout: Duration) -> Self {
        let moved_at = Instant::now();
        let alarm = Box::pin(sleep_until(moved_at + timeout));
        Self { connection, timeout, moved_at, alarm }
    }

    /// What became of a read or a write; an error if it waits and its time is over.
    fn judge<R>(
        &mut self,
        context: &mut Context<'_>,
        moved: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if moved.is_ready() {
            self.moved_at = Instant::now();
            return moved;
        }
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let over_at = self.moved_at + self.timeout;
            if over_at <= Instant::now() {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.alarm.as_mut().reset(over_at);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for IdleLimit<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let moved = Pin::new(&mut self.connection).poll_read(context, buffer);
        self.judge(context, moved)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for IdleLimit<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.judge(context, moved)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let moved = Pin::new(&mut self.connection).poll_write_vectored(context, bytes);
        self.judge(context, moved)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(20);

    #[tokio::test]
    async fn who_says_nothing_is_left() {
        let (_silent, ours) = duplex(64);
        let started = Instant::now();
        let error = IdleLimit::new(ours, SHORT).read_u8().await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(started.elapsed() >= SHORT);
    }

    #[tokio::test]
    async fn who_reads_nothing_is_left_too() {
        let (_theirs, ours) = duplex(64);
        let error = IdleLimit::new(ours, SHORT).write_all(&[0; 100]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn what_moved_meanwhile_counts() {
        let (mut theirs, ours) = duplex(64);
        let mut ours = IdleLimit::new(ours, Duration::from_secs(3_600));
        theirs.write_u8(7).await.unwrap();
        assert_eq!(ours.read_u8().await.unwrap(), 7);
        // As if the time since the start were over, but not that since the byte.
        ours.alarm.as_mut().reset(Instant::now());
        ours.alarm.as_mut().await;
        assert!(futures::poll!(Box::pin(ours.read_u8())).is_pending());
        assert_eq!(ours.alarm.deadline(), ours.moved_at + ours.timeout);
    }
}
