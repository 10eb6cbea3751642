//! What the sizes of encrypted SSH packets tell about a login (RFC 4252, RFC 4253).
//!
//! Behind the key exchange nothing can be read, but sizes stay. The server accepts the service
//! with a payload of 17 bytes, refuses an attempt with 14 and more, and lets in with a single
//! byte: whatever the cipher, acceptance is one or two cipher blocks (16 bytes) smaller than any
//! other answer of the log-in. What follows from a session that ended without it is left to the
//! engine.

use super::{MSG_NEWKEYS, PACKET_MAX};
use crate::app::read::usize_of;

/// Bytes of a line before the banner, or of the banner, that are looked at.
const MARK: usize = 4;
/// Lines a server may send before its banner.
const LINES_MAX: u8 = 16;
/// How much smaller acceptance is than the other answers of the log-in.
const SMALLER: u32 = 16;
/// Acceptance with the longest tag in use (64 bytes): 4 + 16 + 64.
const ACCEPTED_MAX: u32 = 84;
/// An answer longer than this holds more than one message.
const ANSWER_MAX: u32 = 132;
/// Turns of the client within which a log-in is decided: six attempts with a question each.
const TURNS_MAX: u8 = 24;

/// What became known of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SshEvent {
    /// The key exchange is done: so many bytes of the client and of the server were in the clear.
    Sealed([u64; 2]),
    /// The server let the client in.
    LoggedIn,
}

/// Watches one connection; fixed size, whatever is sent.
#[derive(Clone, Debug, Default)]
pub struct SshWatch {
    sides: [Clear; 2],
    sealed: bool,
    /// Turns of the client behind the key exchange.
    turns: u8,
    /// The server has answered the turn.
    answered: bool,
    /// The smallest first answer to a turn so far.
    least: Option<u32>,
    over: bool,
}

/// How far the clear part of a direction has been walked.
#[derive(Clone, Debug, Default)]
struct Clear {
    stage: Stage,
    bytes: u64,
}

#[derive(Clone, Debug)]
enum Stage {
    /// In a line: its first bytes, how many there are, and how many lines were before it.
    Line { mark: [u8; MARK], len: usize, lines: u8 },
    /// In the first six bytes of a packet: length, padding length, message.
    Head { bytes: [u8; 6], len: usize },
    /// In the rest of a packet.
    Body { left: usize, last: bool },
    /// Encrypted.
    Sealed,
    /// Not SSH as we know it.
    Lost,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Line { mark: [0; MARK], len: 0, lines: 0 }
    }
}

impl SshWatch {
    /// True when nothing more can be learned.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Takes the next bytes of a direction, as they came in one segment.
    pub fn feed(&mut self, by_client: bool, data: &[u8]) -> Option<SshEvent> {
        if self.over {
            return None;
        }
        let side = self.sides.get_mut(usize::from(!by_client))?;
        let sealed = side.walk(data);
        if matches!(side.stage, Stage::Lost) {
            self.over = true;
            return None;
        }
        if !sealed.is_empty() {
            let size = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
            if self.answer(by_client, size) {
                self.over = true;
                return Some(SshEvent::LoggedIn);
            }
        }
        let [client, server] = &self.sides;
        let both = matches!((&client.stage, &server.stage), (Stage::Sealed, Stage::Sealed));
        if both && !self.sealed {
            self.sealed = true;
            return Some(SshEvent::Sealed([client.bytes, server.bytes]));
        }
        None
    }

    /// Judges encrypted bytes; true when they let the client in.
    fn answer(&mut self, by_client: bool, size: u32) -> bool {
        if by_client {
            // Several segments without an answer between them are one turn.
            if self.turns == 0 || self.answered {
                self.turns += 1;
                self.answered = false;
                self.over = self.turns > TURNS_MAX;
            }
            return false;
        }
        if self.turns == 0 || self.answered {
            return false;
        }
        self.answered = true;
        let accepted = size <= ACCEPTED_MAX
            && self.least.is_some_and(|least| size.saturating_add(SMALLER) <= least);
        if size <= ANSWER_MAX {
            self.least = Some(self.least.map_or(size, |least| least.min(size)));
        }
        accepted
    }
}

impl Clear {
    /// Walks over what is in the clear; gives what is not.
    fn walk<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        let mut rest = data;
        while !rest.is_empty() && !matches!(self.stage, Stage::Sealed | Stage::Lost) {
            let before = rest.len();
            rest = self.step(rest);
            self.bytes += (before - rest.len()) as u64;
        }
        rest
    }

    fn step<'a>(&mut self, data: &'a [u8]) -> &'a [u8] {
        match &mut self.stage {
            Stage::Line { mark, len, lines } => {
                let end = data.iter().position(|byte| *byte == b'\n');
                let line = data.get(..end.unwrap_or(data.len())).unwrap_or(data);
                for byte in line {
                    if let Some(place) = mark.get_mut(*len) {
                        *place = *byte;
                        *len += 1;
                    }
                }
                let Some(end) = end else { return &[] };
                self.stage = match &*mark {
                    b"SSH-" => Stage::head(),
                    _ if *lines >= LINES_MAX => Stage::Lost,
                    _ => Stage::Line { mark: [0; MARK], len: 0, lines: *lines + 1 },
                };
                data.get(end + 1..).unwrap_or_default()
            }
            Stage::Head { bytes, len } => {
                let Some((first, rest)) = data.split_first() else { return &[] };
                if let Some(place) = bytes.get_mut(*len) {
                    *place = *first;
                }
                *len += 1;
                if *len == bytes.len() {
                    self.stage = Stage::behind(*bytes);
                }
                rest
            }
            Stage::Body { left, last } => {
                let taken = (*left).min(data.len());
                *left -= taken;
                if *left == 0 {
                    self.stage = if *last { Stage::Sealed } else { Stage::head() };
                }
                data.get(taken..).unwrap_or_default()
            }
            Stage::Sealed | Stage::Lost => data,
        }
    }
}

impl Stage {
    const fn head() -> Self {
        Self::Head { bytes: [0; 6], len: 0 }
    }

    /// What follows a packet's length, padding length and message number.
    fn behind(head: [u8; 6]) -> Self {
        let [a, b, c, d, _, message] = head;
        let len = u32::from_be_bytes([a, b, c, d]);
        if !(3..=PACKET_MAX).contains(&len) {
            return Self::Lost;
        }
        Self::Body { left: usize_of(len) - 2, last: message == MSG_NEWKEYS }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(message: u8, len: u32) -> Vec<u8> {
        let mut bytes = (len + 2).to_be_bytes().to_vec();
        bytes.extend([0, message]);
        bytes.resize(bytes.len() + len as usize, 7);
        bytes
    }

    fn clear() -> Vec<u8> {
        [b"SSH-2.0-x\r\n".to_vec(), packet(20, 800), packet(31, 400), packet(21, 4)].concat()
    }

    /// A connection behind its key exchange, fed with encrypted pieces (by client, size).
    fn outcome(pieces: &[(bool, usize)]) -> bool {
        let mut watch = SshWatch::default();
        let clear = clear();
        assert_eq!(watch.feed(false, &clear), None);
        let size = clear.len() as u64;
        assert_eq!(watch.feed(true, &clear), Some(SshEvent::Sealed([size, size])));
        let fed = |(by_client, size): &(bool, usize)| watch.feed(*by_client, &vec![9; *size]);
        pieces.iter().map(fed).any(|event| event == Some(SshEvent::LoggedIn))
    }

    #[test]
    fn acceptance_is_the_smallest_answer() {
        const C: bool = true;
        const S: bool = false;
        // ChaCha20-Poly1305: service accepted 44, refused 52, let in 28, then host keys.
        let refused = [(C, 44), (S, 44), (C, 68), (S, 52), (C, 148), (S, 52), (C, 148), (S, 52)];
        assert!(!outcome(&refused));
        let let_in = [(C, 44), (S, 44), (C, 68), (S, 52), (C, 148), (S, 28), (S, 500), (C, 112)];
        assert!(outcome(&let_in));
        // AES with a separate tag of 32 bytes; the server's extensions come with its acceptance of
        // the service.
        assert!(outcome(&[(C, 68), (S, 300), (C, 84), (S, 84), (C, 148), (S, 52)]));
        assert!(!outcome(&[(C, 68), (S, 300), (C, 84), (S, 84), (C, 148), (S, 84)]));
        // A question on the way, and a client that sends in pieces.
        assert!(outcome(&[(C, 44), (S, 44), (C, 68), (C, 60), (S, 60), (C, 80), (S, 28)]));
        assert!(!outcome(&[(C, 44), (S, 44), (C, 68), (S, 44), (C, 68), (S, 44)]));
    }

    #[test]
    fn the_clear_part_does_not_depend_on_segments() {
        let stream = [&b"hello\r\n"[..], &clear(), b"sealed"].concat();
        for cut in 0..stream.len() {
            let mut side = Clear::default();
            let (a, b) = stream.split_at(cut);
            let sealed = [side.walk(a), side.walk(b)].concat();
            assert_eq!(sealed, b"sealed", "cut at {cut}");
            assert_eq!(side.bytes, stream.len() as u64 - 6);
        }
    }

    #[test]
    fn other_things_are_given_up() {
        for bytes in [&b"SSH-2.0-x\n\xff\xff\xff\xff\x00\x14"[..], &b"x\n".repeat(20)] {
            let mut watch = SshWatch::default();
            assert_eq!(watch.feed(true, bytes), None);
            assert!(watch.is_over());
        }
    }

    #[test]
    fn an_endless_login_is_given_up() {
        let mut watch = SshWatch::default();
        watch.feed(false, &clear());
        watch.feed(true, &clear());
        for _ in 0..40 {
            watch.feed(true, &[1; 60]);
            watch.feed(false, &[1; 60]);
        }
        assert!(watch.is_over());
    }
}
