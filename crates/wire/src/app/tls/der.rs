//! A forward-only reader of DER (X.690), enough for certificates and Kerberos.

use crate::app::read::{Reader, usize_of};

pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OBJECT_ID: u8 = 0x06;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// One element: its tag byte, its contents, and the whole of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) contents: &'a [u8],
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after another. Tags above 30 and indefinite lengths do not occur in what we
/// read and end the reading.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Der<'a> {
    data: &'a [u8],
}

impl<'a> Der<'a> {
    pub(crate) const fn new(data: &'a [u8]) -> Self {
        Self { data }
    }

    pub(crate) fn next(&mut self) -> Option<Element<'a>> {
        let mut r = Reader::new(self.data);
        let tag = r.u8().filter(|tag| tag & 0x1f != 0x1f)?;
        let len = length(&mut r)?;
        let contents = r.take(len)?;
        let whole = self.data.get(..r.at())?;
        self.data = r.rest();
        Some(Element { tag, contents, whole })
    }

    /// The next element when it has this tag; else nothing is read.
    pub(crate) fn next_if(&mut self, tag: u8) -> Option<Element<'a>> {
        if self.data.first() == Some(&tag) { self.next() } else { None }
    }

    /// The contents of the next element, which must have this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next_if(tag).map(|element| element.contents)
    }

    /// The first element with this tag among those that follow.
    pub(crate) fn find(mut self, tag: u8) -> Option<&'a [u8]> {
        std::iter::from_fn(|| self.next()).find(|e| e.tag == tag).map(|e| e.contents)
    }
}

fn length(r: &mut Reader<'_>) -> Option<usize> {
    let first = r.u8()?;
    match first {
        0..=0x7f => Some(usize::from(first)),
        0x81 => r.u8().map(usize::from),
        0x82 => r.u16().map(usize::from),
        0x83 => r.u24().map(usize_of),
        0x84 => r.u32().map(usize_of),
        _ => None,
    }
}

/// A non-negative INTEGER of at most 32 bits.
pub(crate) fn small_integer(contents: &[u8]) -> Option<u32> {
    let digits = contents.strip_prefix(&[0]).unwrap_or(contents);
    if contents.is_empty() || digits.len() > 4 || contents.first().is_some_and(|b| b & 0x80 != 0) {
        return None;
    }
    Some(digits.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}
