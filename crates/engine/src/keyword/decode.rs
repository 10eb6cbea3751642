//! What a web server makes of a request's bytes: percent-decoding, twice, and what hides in it.
//!
//! Attackers write the same request in many ways. Decoded are, in pieces of any size: `%XX`;
//! `%uXXXX` (as IIS reads it) where it stands for an ASCII character, also in its full-width
//! form; a plus sign as a blank, outside of headers; overlong UTF-8 of ASCII characters, as in
//! `%c0%af`; then all of it once more, for what was encoded twice. Zero bytes are left out, since
//! they only cut words in two. Everything else passes as it is: broken escapes, HTML entities
//! (a browser reads those, no server), other character sets.

/// Bytes of an escape at most: `%uXXXX`.
const ESCAPE: usize = 6;

/// Decodes a part of a request that comes in pieces.
#[derive(Clone, Debug)]
pub(super) struct Decoder {
    stages: [Stage; 4],
    plus: bool,
    /// Something was decoded: the output is not the input.
    pub(super) changed: bool,
}

impl Decoder {
    /// At the beginning of a part; `plus` where a plus sign stands for a blank.
    pub(super) fn new(plus: bool) -> Self {
        let stage = |kind| Stage { kind, held: Few::default() };
        let (escapes, overlong) = (Kind::Escapes { plus }, Kind::Overlong);
        let stages = [escapes, overlong, escapes, overlong].map(stage);
        Self { stages, plus, changed: false }
    }

    /// False when these bytes pass as they are, for certain.
    pub(super) fn may_change(&self, bytes: &[u8]) -> bool {
        bytes.iter().any(|byte| self.is_special(*byte))
    }

    /// Appends the decoded bytes to `out`; the beginning of an escape waits for the next call.
    pub(super) fn push(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) {
        loop {
            if self.stages.iter().all(|stage| stage.held.len == 0) {
                let plain = bytes.iter().take_while(|byte| !self.is_special(**byte)).count();
                let (head, rest) = bytes.split_at_checked(plain).unwrap_or((bytes, &[]));
                out.extend_from_slice(head);
                bytes = rest;
            }
            let Some((first, rest)) = bytes.split_first() else { return };
            self.changed |= run(&mut self.stages, *first, out);
            bytes = rest;
        }
    }

    /// Ends the part: what waited stands for itself.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        for at in 0..self.stages.len() {
            let Some((stage, behind)) =
                self.stages.get_mut(at..).and_then(<[Stage]>::split_first_mut)
            else {
                return;
            };
            let held = std::mem::take(&mut stage.held);
            for byte in held.bytes() {
                self.changed |= run(behind, *byte, out);
            }
        }
    }

    #[inline]
    fn is_special(&self, byte: u8) -> bool {
        matches!(byte, b'%' | 0 | 0xc0 | 0xc1 | 0xe0 | 0xf0) || byte == b'+' && self.plus
    }
}

/// Takes a byte through the stages; true when one of them decoded something.
fn run(stages: &mut [Stage], byte: u8, out: &mut Vec<u8>) -> bool {
    let Some((stage, behind)) = stages.split_first_mut() else {
        if byte != 0 {
            out.push(byte);
        }
        return byte == 0;
    };
    let mut few = Few::default();
    let changed = stage.push(byte, &mut few);
    few.bytes().iter().fold(changed, |changed, byte| run(behind, *byte, out) || changed)
}

/// One way of encoding, and the beginning of an encoded character that waits for its end.
#[derive(Clone, Debug)]
struct Stage {
    kind: Kind,
    held: Few,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// `%XX`, `%uXXXX` and, where told, the plus sign.
    Escapes { plus: bool },
    /// UTF-8 with more bytes than the character needs.
    Overlong,
}

/// What a few bytes are.
enum Verdict {
    /// An encoded character.
    Is(u8),
    /// The beginning of one.
    Wait,
    /// The first byte stands for itself.
    Plain,
}

impl Stage {
    /// Takes a byte and hands on what is decided; true when something was decoded.
    fn push(&mut self, byte: u8, out: &mut Few) -> bool {
        self.held.push(byte);
        while let [first, ..] = *self.held.bytes() {
            let verdict = match self.kind {
                Kind::Escapes { plus } => escape(self.held.bytes(), plus),
                Kind::Overlong => overlong(self.held.bytes()),
            };
            match verdict {
                Verdict::Wait => return false,
                Verdict::Is(byte) => {
                    out.push(byte);
                    self.held = Few::default();
                    return true;
                }
                Verdict::Plain => {
                    out.push(first);
                    self.held.drop_first();
                }
            }
        }
        false
    }
}

fn escape(bytes: &[u8], plus: bool) -> Verdict {
    let hex = |digits: &[u8]| {
        digits.iter().try_fold(0, |sum, digit| Some(sum << 4 | char::from(*digit).to_digit(16)?))
    };
    match bytes {
        [b'+'] if plus => Verdict::Is(b' '),
        [b'%'] | [b'%', b'u' | b'U'] => Verdict::Wait,
        [b'%', b'u' | b'U', digits @ ..] => match hex(digits) {
            Some(_) if digits.len() < 4 => Verdict::Wait,
            Some(code) => ascii(code).map_or(Verdict::Plain, Verdict::Is),
            None => Verdict::Plain,
        },
        [b'%', digits @ ..] => match hex(digits) {
            Some(_) if digits.len() < 2 => Verdict::Wait,
            Some(byte) => u8::try_from(byte).map_or(Verdict::Plain, Verdict::Is),
            None => Verdict::Plain,
        },
        _ => Verdict::Plain,
    }
}

/// The ASCII character of a code point or of its full-width form.
fn ascii(code: u32) -> Option<u8> {
    let code = if (0xff01..=0xff5e).contains(&code) { code - 0xfee0 } else { code };
    u8::try_from(code).ok().filter(u8::is_ascii)
}

fn overlong(bytes: &[u8]) -> Verdict {
    let (lead, tail) = match bytes {
        [0xc0 | 0xc1 | 0xe0 | 0xf0]
        | [0xe0, 0x80 | 0x81]
        | [0xf0, 0x80]
        | [0xf0, 0x80, 0x80 | 0x81] => return Verdict::Wait,
        [lead @ (0xc0 | 0xc1), tail]
        | [0xe0, lead @ (0x80 | 0x81), tail]
        | [0xf0, 0x80, lead @ (0x80 | 0x81), tail] => (*lead, *tail),
        _ => return Verdict::Plain,
    };
    if tail & 0xc0 == 0x80 { Verdict::Is((lead & 1) << 6 | tail & 0x3f) } else { Verdict::Plain }
}

/// A few bytes in place.
#[derive(Clone, Copy, Debug, Default)]
struct Few {
    bytes: [u8; ESCAPE],
    len: usize,
}

impl Few {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&self.bytes)
    }

    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    fn drop_first(&mut self) {
        self.bytes.rotate_left(1);
        self.len = self.len.saturating_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(pieces: &[&[u8]], plus: bool) -> (Vec<u8>, bool) {
        let (mut decoder, mut out) = (Decoder::new(plus), Vec::new());
        for piece in pieces {
            decoder.push(piece, &mut out);
        }
        decoder.finish(&mut out);
        (out, decoder.changed)
    }

    #[test]
    fn servers_read_it_so() {
        for (written, read) in [
            ("plain text / ' < ; % 100%", "plain text / ' < ; % 100%"),
            ("%2e%2E%2f", "../"),
            ("%252e%252e%252f", "../"),
            ("%25%32%65", "."),
            ("%%32%65", "."),
            ("a+b%2Bc", "a b c"),
            ("%u002e%u002f%uff1cscript%uFF1E", "./<script>"),
            ("%u4e2d", "%u4e2d"),
            ("..%c0%af..%c1%9c", "../..\\"),
            ("%e0%80%af%f0%80%80%ae", "/."),
            ("%25c0%25af", "/"),
            ("/etc/pass%00wd", "/etc/passwd"),
            ("%", "%"),
            ("%2", "%2"),
            ("%u00", "%u00"),
            ("%zz%2", "%zz%2"),
            ("%25252e", "%2e"),
            ("&lt;script&gt;", "&lt;script&gt;"),
        ] {
            let (out, changed) = decode(&[written.as_bytes()], true);
            assert_eq!(String::from_utf8_lossy(&out), read, "{written}");
            assert_eq!(changed, written != read, "{written}");
        }
        assert_eq!(decode(&[b"a+b"], false).0, b"a+b");
        assert_eq!(decode(&["\u{e4}\u{6c49}".as_bytes()], true).0, "\u{e4}\u{6c49}".as_bytes());
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            text in "[%25ue0fcFaA+.\u{0}\u{e4}]{0,60}",
            raw in prop::collection::vec(prop::sample::select(vec![0_u8, 0xc0, 0xaf, 0xe0, 0x80, 0xf0, b'%', b'2', b'5']), 0..40),
            cuts in prop::collection::vec(0_usize..100, 0..6),
        ) {
            let text = [text.into_bytes(), raw].concat();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect();
            let whole = decode(&[&text], true);
            prop_assert_eq!(&decode(&pieces, true), &whole);
            prop_assert!(whole.0.len() <= text.len());
            // Nothing is said to be unchanged that is not.
            prop_assert!(whole.1 || whole.0 == text);
        }
    }
}
