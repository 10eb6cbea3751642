//! Answers that are written while they are sent: the writer waits for the reader, so memory stays
//! bounded, and a reader that goes away or stands still ends the work.

use crate::error::Problem;
use crate::state::AppState;
use axum::body::{Body, Bytes};
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::Response;
use std::io;
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// Bytes of a piece.
const PIECE: usize = 64 << 10;
/// Pieces on the way: at most 256 KiB for each export.
const PIECES: usize = 4;
/// How long a reader may stand still.
const STALL_MAX: Duration = Duration::from_mins(1);

/// The writing end.
pub(crate) struct PieceWriter {
    pieces: mpsc::Sender<io::Result<Bytes>>,
    runtime: Handle,
    buffer: Vec<u8>,
}

impl PieceWriter {
    fn send(&mut self, piece: io::Result<Bytes>) -> io::Result<()> {
        let sent = self.runtime.block_on(tokio::time::timeout(STALL_MAX, self.pieces.send(piece)));
        match sent {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl io::Write for PieceWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.buffer, Vec::with_capacity(PIECE + 4_096));
        self.send(Ok(piece.into()))
    }
}

/// An answer whose body `write` writes, on a thread that may block. A fault on the way breaks the
/// answer off, so that no reader takes it for whole.
pub(crate) fn streamed(
    state: &AppState,
    name: &str,
    content_type: &'static str,
    write: impl FnOnce(&AppState, &mut PieceWriter) -> Result<(), Problem> + Send + 'static,
) -> Response {
    let (pieces, receiver) = mpsc::channel(PIECES);
    let runtime = Handle::current();
    let state = state.clone();
    let span = tracing::Span::current();
    tokio::task::spawn_blocking(move || {
        let _within = span.enter();
        let mut out = PieceWriter { pieces, runtime, buffer: Vec::with_capacity(PIECE + 4_096) };
        let written = write(&state, &mut out)
            .and_then(|()| io::Write::flush(&mut out).map_err(|error| Problem::internal(&error)));
        if let Err(problem) = written {
            // The reader may be gone already.
            let _ = out.send(Err(io::Error::other(problem.detail.clone())));
        }
    });
    file(name, content_type, Body::from_stream(ReceiverStream::new(receiver)))
}

/// An answer that browsers save as a file. `name` is ours or checked: letters, digits, `-`, `.`.
pub(crate) fn file(name: &str, content_type: &'static str, body: Body) -> Response {
    let safe = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name.chars().filter(safe).take(100).collect();
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        headers.insert(CONTENT_DISPOSITION, value);
    }
    response
}
