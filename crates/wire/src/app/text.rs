//! What the line-based protocols (FTP, SMTP, POP3, IMAP, Telnet) have in common.
//!
//! Passwords are never kept: an event says that one was given, not what it was.

use crate::HostileStr;

/// The longest line that is kept; the rest of a longer one is dropped.
const LINE_MAX: usize = 512;
/// The longest verb that is kept.
const VERB_MAX: usize = 16;
/// The longest user name that is kept.
pub(crate) const USER_MAX: usize = 64;

/// What one line of a control connection said.
#[derive(Clone, Debug, PartialEq)]
pub struct TextEvent {
    /// Command or answer.
    pub kind: TextKind,
    /// What the line means for a login.
    pub login: Option<Login>,
    /// The user name that the line gave, at most 64 bytes.
    pub user: Option<HostileStr>,
}

/// A command or an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum TextKind {
    /// A client's command: its verb in upper case, at most 16 bytes.
    Command(HostileStr),
    /// A server's three-digit reply.
    Reply(u16),
    /// A server's answer in words: true for `+OK` and `OK`, false for `-ERR`, `NO` and `BAD`.
    Status(bool),
    /// Free text that told something about a login.
    Text,
}

/// What a line means for a login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Login {
    /// A user name was given.
    UserGiven,
    /// A password or another proof was given.
    PassGiven,
    /// The server accepted.
    Success,
    /// The server refused.
    Failure,
}

impl TextEvent {
    pub(crate) fn command(verb: &[u8], login: Option<Login>, user: Option<&[u8]>) -> Self {
        let verb = HostileStr::capped(&verb.to_ascii_uppercase(), VERB_MAX);
        let user = user.map(|name| HostileStr::capped(name, USER_MAX));
        Self { kind: TextKind::Command(verb), login, user }
    }

    pub(crate) const fn answer(kind: TextKind, login: Option<Login>) -> Self {
        Self { kind, login, user: None }
    }
}

/// The reply code when `line` is `DDD`, `DDD text` or `DDD-text`.
pub(crate) fn reply_code(line: &[u8]) -> Option<u16> {
    let (digits, after) = line.split_first_chunk::<3>()?;
    if !matches!(after.first(), None | Some(b' ' | b'-')) || !matches!(digits, [b'1'..=b'6', ..]) {
        return None;
    }
    super::read::decimal(digits).and_then(|code| u16::try_from(code).ok())
}

/// Cuts one direction of a stream into lines, whatever the segments.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    part: Vec<u8>,
}

impl Lines {
    /// Takes the next bytes of the direction and gives each finished line, without its end and
    /// cut to 512 bytes, to `sink`.
    pub fn feed(&mut self, bytes: &[u8], mut sink: impl FnMut(&[u8])) {
        let mut pieces = bytes.split(|byte| *byte == b'\n').peekable();
        while let Some(piece) = pieces.next() {
            let finished = pieces.peek().is_some();
            if self.part.is_empty() && finished {
                sink(trimmed(piece.get(..LINE_MAX).unwrap_or(piece)));
                continue;
            }
            let room = LINE_MAX.saturating_sub(self.part.len());
            self.part.extend_from_slice(piece.get(..room).unwrap_or(piece));
            if finished {
                sink(trimmed(&self.part));
                self.part.clear();
            }
        }
    }

    /// The unfinished line: prompts end without a line end.
    pub fn pending(&self) -> &[u8] {
        &self.part
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(chunks: &[&[u8]]) -> Vec<Vec<u8>> {
        let (mut splitter, mut out) = (Lines::default(), Vec::new());
        for chunk in chunks {
            splitter.feed(chunk, |line| out.push(line.to_vec()));
        }
        out
    }

    #[test]
    fn lines_do_not_depend_on_segments() {
        let whole = lines(&[b"USER a\r\nPASS b\n\nQUIT"]);
        assert_eq!(whole, [&b"USER a"[..], b"PASS b", b""]);
        let stream = b"USER a\r\nPASS b\n\nQUIT";
        for cut in 0..stream.len() {
            let (a, b) = stream.split_at(cut);
            assert_eq!(lines(&[a, b]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn a_line_without_end_is_bounded() {
        let mut splitter = Lines::default();
        for _ in 0..100 {
            splitter.feed(&[b'a'; 1000], |_| panic!("no line yet"));
        }
        assert_eq!(splitter.pending().len(), LINE_MAX);
    }

    #[test]
    fn reply_codes() {
        assert_eq!(reply_code(b"220 ready"), Some(220));
        assert_eq!(reply_code(b"230-first"), Some(230));
        assert_eq!(reply_code(b"530"), Some(530));
        assert_eq!(reply_code(b"2200 x"), None);
        assert_eq!(reply_code(b"abc"), None);
        assert_eq!(reply_code(b"999 x"), None);
    }
}
