//! Files that are sent in: streamed to the disk, within the limit of their route.
//!
//! The name is whatever the client says and serves for display only; the file on the disk has a
//! name of ours, can be read by nobody else, and goes when anything fails.

use crate::error::Problem;
use crate::limits::body_problem;
use crate::state::{AppState, blocking};
use anomalyzer_wire::HostileStr;
use axum::body::Body;
use axum::http::StatusCode;
use http_body_util::BodyExt;
use ring::rand::{SecureRandom, SystemRandom};
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt;

/// Most bytes of a name that is shown.
const NAME_MAX: usize = 120;
/// Free bytes that an upload leaves on the disk.
const FREE_MIN: u64 = 512 << 20;
/// Bytes between two looks at the free space.
const LOOK_EACH: u64 = 64 << 20;

/// Writes the body to the file. How many bytes came.
pub(crate) async fn receive(
    state: &AppState,
    partial: &Partial,
    mut body: Body,
) -> Result<u64, Problem> {
    let file = tokio::fs::OpenOptions::new().write(true).open(&partial.path).await;
    let mut file = file.map_err(|error| Problem::internal(&error))?;
    let (mut bytes, mut looked) = (0_u64, None);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| body_problem(&error))?;
        let Ok(chunk) = frame.into_data() else { continue };
        if looked.is_none_or(|at| bytes - at >= LOOK_EACH) {
            leave_room(state).await?;
            looked = Some(bytes);
        }
        bytes += chunk.len() as u64;
        file.write_all(&chunk).await.map_err(|error| disk(&error))?;
    }
    file.flush().await.map_err(|error| disk(&error))?;
    if bytes == 0 {
        return Err(Problem::invalid("the body is empty; send the file as it is"));
    }
    Ok(bytes)
}

/// Refuses when the disk is nearly full: the stores come first.
async fn leave_room(state: &AppState) -> Result<(), Problem> {
    let free = blocking(state, |app| Ok(app.control.status().disk_free_bytes)).await?;
    // 0: not known yet.
    if free == 0 || free > FREE_MIN {
        return Ok(());
    }
    Err(Problem::new(
        StatusCode::INSUFFICIENT_STORAGE,
        "the disk is nearly full; remove a source or make room, then send the file again",
    ))
}

fn disk(error: &std::io::Error) -> Problem {
    if error.kind() == std::io::ErrorKind::StorageFull {
        tracing::error!(%error, "an upload filled the disk");
        return Problem::new(StatusCode::INSUFFICIENT_STORAGE, "the disk is full");
    }
    Problem::internal(error)
}

/// A file that is removed unless it is kept.
#[derive(Debug)]
pub(crate) struct Partial {
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl Partial {
    /// Makes an empty file with a name of its own that nobody else may read.
    pub(crate) fn create(directory: &Path) -> Result<Self, Problem> {
        use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
        let failed = |error: std::io::Error| disk(&error);
        std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(failed)?;
        let path = directory.join(format!("{}.upload", random_name()?));
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true).mode(0o600).open(&path).map_err(failed)?;
        Ok(Self { path })
    }

    /// It belongs to somebody else from now on.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "a partial upload stays behind");
        }
    }
}

/// 32 hex digits that nobody can guess.
pub(crate) fn random_name() -> Result<String, Problem> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Problem::internal(&"the system gives no random numbers"))?;
    Ok(bytes.iter().fold(String::new(), |name, byte| name + &format!("{byte:02x}")))
}

/// What is shown of a client's file name: the part behind the last slash, escaped and cut;
/// `unnamed` when nothing is left.
pub(crate) fn display_name(name: &str, unnamed: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or("").trim();
    let cut: String = last.chars().take(NAME_MAX).collect();
    let shown = HostileStr::capped(cut.as_bytes(), NAME_MAX).escaped();
    if shown.is_empty() { unnamed.to_owned() } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_for_display_only() {
        let cases = [
            ("office.pcap", "office.pcap"),
            ("../../etc/passwd", "passwd"),
            ("C:\\captures\\a.pcapng", "a.pcapng"),
            ("", "capture"),
            ("/", "capture"),
            ("a\x1b[2J\u{202e}b", "a\\x1b[2J\\xe2\\x80\\xaeb"),
        ];
        for (name, shown) in cases {
            assert_eq!(display_name(name, "capture"), shown);
        }
        assert!(display_name(&"é".repeat(9_000), "").len() <= 4 * NAME_MAX);
    }
}
