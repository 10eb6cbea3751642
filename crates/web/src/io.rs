//! Connections: how many there may be, and how long one may keep us waiting.
//!
//! A browser that does not read its answer would hold memory for good; after 30 s in which not a
//! byte could be written its connection is closed. That goes for streams, exports and files alike.

use axum_server::accept::Accept;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;

/// Most connections at once.
pub(crate) const CONNECTIONS_MAX: usize = 1_024;
/// Longest time without a byte written while some wait.
pub(crate) const STALL_MAX: Duration = Duration::from_secs(30);

/// Takes connections, up to the limit; further ones are closed at once.
#[derive(Clone, Debug)]
pub(crate) struct Bounded {
    places: Arc<Semaphore>,
    stall: Duration,
}

impl Bounded {
    /// With these limits.
    pub(crate) fn new(connections: usize, stall: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(connections)), stall }
    }
}

impl<S> Accept<TcpStream, S> for Bounded {
    type Stream = Watched<TcpStream>;
    type Service = S;
    type Future = std::future::Ready<io::Result<(Self::Stream, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let taken = Arc::clone(&self.places).try_acquire_owned().map_err(|_| {
            tracing::warn!(max = CONNECTIONS_MAX, "too many connections: one was closed");
            io::ErrorKind::ConnectionRefused.into()
        });
        let accepted = taken.and_then(|place| {
            stream.set_nodelay(true)?;
            Ok((Watched::new(stream, self.stall, Some(place)), service))
        });
        std::future::ready(accepted)
    }
}

/// A connection whose writes may not stall for long.
#[derive(Debug)]
pub(crate) struct Watched<I> {
    inner: I,
    stall: Duration,
    waiting: Option<Pin<Box<Sleep>>>,
    _place: Option<OwnedSemaphorePermit>,
}

impl<I> Watched<I> {
    fn new(inner: I, stall: Duration, place: Option<OwnedSemaphorePermit>) -> Self {
        Self { inner, stall, waiting: None, _place: place }
    }

    /// What a write gave, or an error when nothing could be written for too long.
    fn judge<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.waiting = None;
            return written;
        }
        let stall = self.stall;
        let waiting = self.waiting.get_or_insert_with(|| Box::pin(tokio::time::sleep(stall)));
        ready!(waiting.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<I: AsyncRead + Unpin> AsyncRead for Watched<I> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(context, buffer)
    }
}

impl<I: AsyncWrite + Unpin> AsyncWrite for Watched<I> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(context, bytes);
        self.judge(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(context, slices);
        self.judge(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.inner).poll_flush(context);
        self.judge(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let closed = Pin::new(&mut self.inner).poll_shutdown(context);
        self.judge(closed, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_stalls_is_dropped() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let mut watched = Watched::new(ours, STALL_MAX, None);
        let begin = tokio::time::Instant::now();
        let error = watched.write_all(&[0; 64]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(begin.elapsed(), STALL_MAX);
        let mut read = [0; 16];
        theirs.read_exact(&mut read).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_reader_is_waited_for() {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let mut watched = Watched::new(ours, STALL_MAX, None);
        let reader = tokio::spawn(async move {
            let mut read = [0; 16];
            for _ in 0..4 {
                tokio::time::sleep(STALL_MAX.saturating_sub(Duration::from_secs(1))).await;
                theirs.read_exact(&mut read).await.unwrap();
            }
        });
        watched.write_all(&[0; 64]).await.unwrap();
        reader.await.unwrap();
    }
}
