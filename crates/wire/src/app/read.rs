//! A checked cursor over bytes, and the few text helpers that all line-based parsers share.

/// Reads forward through bytes. Every access is checked; a read past the end gives `None` and
/// leaves the cursor where it was.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    data: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0 }
    }

    /// A cursor that starts `at` bytes into `data`.
    pub(crate) const fn at_offset(data: &'a [u8], at: usize) -> Self {
        Self { data, at }
    }

    /// Bytes read so far.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.at >= self.data.len()
    }

    /// Exactly `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(n)?;
        let taken = self.data.get(self.at..end)?;
        self.at = end;
        Some(taken)
    }

    /// `n` bytes or as many as there are.
    pub(crate) fn take_up_to(&mut self, n: usize) -> &'a [u8] {
        let rest = self.rest();
        let taken = rest.get(..n).unwrap_or(rest);
        self.at += taken.len();
        taken
    }

    pub(crate) fn skip(&mut self, n: usize) -> Option<()> {
        self.take(n).map(|_| ())
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub(crate) fn u8(&mut self) -> Option<u8> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u24(&mut self) -> Option<u32> {
        self.array().map(|[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn u16_le(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32_le(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// A vector with an 8-bit length before it.
    pub(crate) fn vec8(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let len = usize::from(ahead.u8()?);
        let taken = ahead.take(len)?;
        *self = ahead;
        Some(taken)
    }

    /// A vector with a 16-bit length before it.
    pub(crate) fn vec16(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let len = usize::from(ahead.u16()?);
        let taken = ahead.take(len)?;
        *self = ahead;
        Some(taken)
    }

    /// A vector with a 24-bit length before it.
    pub(crate) fn vec24(&mut self) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let len = usize_of(ahead.u24()?);
        let taken = ahead.take(len)?;
        *self = ahead;
        Some(taken)
    }
}

/// A 32-bit length as `usize`; saturates where `usize` is narrower.
pub(crate) fn usize_of(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

/// Where `needle` first occurs.
pub(crate) fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len().max(1)).position(|window| window == needle)
}

/// True when `needle` (given in lower case) occurs in `haystack` in any case.
pub(crate) fn contains_no_case(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len().max(1)).any(|window| window.eq_ignore_ascii_case(needle))
}

/// True when `text` begins with `head` in any case.
pub(crate) fn starts_no_case(text: &[u8], head: &[u8]) -> bool {
    text.get(..head.len()).is_some_and(|start| start.eq_ignore_ascii_case(head))
}

/// The first line without its end (`\n` or `\r\n`) and what follows it; `None` without a line end.
pub(crate) fn split_line(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|byte| *byte == b'\n')?;
    let line = text.get(..end)?;
    let rest = text.get(end + 1..).unwrap_or_default();
    Some((line.strip_suffix(b"\r").unwrap_or(line), rest))
}

/// Up to the first space or tab, and what follows the blanks.
pub(crate) fn split_word(text: &[u8]) -> (&[u8], &[u8]) {
    match text.iter().position(|byte| matches!(byte, b' ' | b'\t')) {
        Some(end) => (
            text.get(..end).unwrap_or_default(),
            text.get(end..).unwrap_or_default().trim_ascii_start(),
        ),
        None => (text, &[]),
    }
}

/// A decimal number that fills `digits` wholly; saturating, `None` without a digit.
pub(crate) fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |value, byte| {
        byte.is_ascii_digit()
            .then(|| value.saturating_mul(10).saturating_add(u64::from(byte - b'0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_read_leaves_the_cursor() {
        let mut r = Reader::new(&[0, 5, 1, 2]);
        assert_eq!(r.vec16(), None);
        assert_eq!(r.at(), 0);
        assert_eq!(r.u16(), Some(5));
        assert_eq!(r.u24(), None);
        assert_eq!(r.take_up_to(9), &[1, 2]);
        assert!(r.is_empty());
    }

    #[test]
    fn text_helpers() {
        assert_eq!(split_line(b"a\r\nb"), Some((&b"a"[..], &b"b"[..])));
        assert_eq!(split_line(b"a\nb"), Some((&b"a"[..], &b"b"[..])));
        assert_eq!(split_line(b"ab"), None);
        assert_eq!(split_word(b"USER  me"), (&b"USER"[..], &b"me"[..]));
        assert_eq!(decimal(b"42"), Some(42));
        assert_eq!(decimal(b""), None);
        assert_eq!(decimal(b"4x"), None);
        assert_eq!(decimal(b"99999999999999999999999"), Some(u64::MAX));
        assert!(contains_no_case(b"220 My FTP", b"ftp") && !contains_no_case(b"ft", b"ftp"));
        assert_eq!(find(b"abc", b"c"), Some(2));
    }
}
