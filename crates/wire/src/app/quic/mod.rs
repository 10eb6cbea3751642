//! QUIC Initial packets (RFC 9000, RFC 9001, RFC 9369): anyone on the path can open them, so the
//! ClientHello inside tells name and fingerprint as over TCP.
//!
//! The cryptography is ring's: its AEAD and header protection for QUIC are the ones that rustls
//! uses, and the product builds it anyway. Everything behind the client's Initial packets is left
//! alone.

mod crypto;
mod frames;

use super::Parsed;
use super::read::{Reader, usize_of};
use super::tls::{ClientHello, Ja4Transport, client_hello_body};
use crate::HostileStr;
use crypto::Keys;
use frames::{Assembly, read_frames};

/// The longest connection id (RFC 9000 section 17.2).
const ID_MAX: usize = 20;
/// The most datagrams of one flow that are tried.
const DATAGRAMS_MAX: u8 = 16;
/// The most coalesced packets of one datagram that are looked at.
const PACKETS_MAX: usize = 8;
/// The most bytes of one packet that are opened: more than any path carries.
const PACKET_MAX: usize = 16 * 1024;

/// What a QUIC client says first.
#[derive(Clone, Debug, PartialEq)]
pub struct QuicHello {
    /// Version of the packets: 1, 0x6b3343cf for version 2, 0xff00001d for draft 29...
    pub version: u32,
    /// Connection id that the client chose for the server, at most 20 bytes.
    pub destination_id: HostileStr,
    /// The client's own connection id, at most 20 bytes.
    pub source_id: HostileStr,
    /// The hello.
    pub hello: ClientHello,
}

impl QuicHello {
    /// JA4 with the letter for QUIC.
    pub fn ja4(&self) -> String {
        self.hello.ja4(Ja4Transport::Quic)
    }
}

/// Gathers the ClientHello of one flow over the datagrams of its client. At most 16 datagrams are
/// tried and 16 KiB of hello kept.
#[derive(Debug, Default)]
pub struct QuicInitial {
    keys: Option<Box<Keys>>,
    hello: Assembly,
    datagrams: u8,
}

/// A long header up to where its protected part begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct LongHeader<'a> {
    version: u32,
    initial: bool,
    destination_id: &'a [u8],
    source_id: &'a [u8],
    /// The whole packet of this header, without those coalesced behind it.
    packet: &'a [u8],
    /// Offset of the packet number in `packet`.
    number_at: usize,
}

impl QuicInitial {
    /// A state for one flow.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next datagram from the client to the server. [`Parsed::NeedMore`] means that the
    /// hello is not whole yet; after [`Parsed::Fact`] or [`Parsed::NotThis`] the state can go.
    pub fn feed(&mut self, datagram: &[u8]) -> Parsed<QuicHello> {
        if self.datagrams >= DATAGRAMS_MAX {
            return Parsed::NotThis;
        }
        self.datagrams += 1;
        let mut rest = datagram;
        let mut initials = 0;
        for _ in 0..PACKETS_MAX {
            let Some(header) = long_header(rest) else { break };
            rest = rest.get(header.packet.len()..).unwrap_or_default();
            if !header.initial {
                continue;
            }
            initials += 1;
            if self.open(&header).is_some()
                && let Some(fact) = self.finished(&header)
            {
                return Parsed::Fact { fact, consumed: datagram.len() };
            }
        }
        if initials == 0 && self.keys.is_none() { Parsed::NotThis } else { Parsed::NeedMore }
    }

    /// Opens one Initial packet and keeps its part of the hello. The keys come from the first
    /// destination id; after a Retry the client begins anew with another.
    fn open(&mut self, header: &LongHeader<'_>) -> Option<()> {
        if let Some(plain) = self.keys.as_deref().and_then(|keys| keys.open(header)) {
            return read_frames(&plain, &mut self.hello);
        }
        let keys = Keys::of_client(header.version, header.destination_id)?;
        let plain = keys.open(header)?;
        self.keys = Some(Box::new(keys));
        read_frames(&plain, &mut self.hello)
    }

    fn finished(&self, header: &LongHeader<'_>) -> Option<QuicHello> {
        let mut r = Reader::new(self.hello.contiguous());
        let [kind] = r.array()?;
        let body = r.vec24()?;
        if kind != super::tls::MESSAGE_CLIENT_HELLO {
            return None;
        }
        Some(QuicHello {
            version: header.version,
            destination_id: header.destination_id.into(),
            source_id: header.source_id.into(),
            hello: client_hello_body(body)?,
        })
    }
}

/// Reads a datagram that holds the whole hello.
pub fn parse_udp(datagram: &[u8]) -> Parsed<QuicHello> {
    QuicInitial::new().feed(datagram)
}

/// The version of a long header, or `None` for a short one.
pub fn version(datagram: &[u8]) -> Option<u32> {
    let mut r = Reader::new(datagram);
    r.u8().filter(|first| first & 0x80 != 0)?;
    r.u32()
}

fn long_header(datagram: &[u8]) -> Option<LongHeader<'_>> {
    let mut r = Reader::new(datagram);
    let first = r.u8().filter(|first| first & 0xc0 == 0xc0)?;
    let version = r.u32()?;
    let kind = first >> 4 & 3;
    let destination_id = r.vec8().filter(|id| id.len() <= ID_MAX)?;
    let source_id = r.vec8().filter(|id| id.len() <= ID_MAX)?;
    let initial = kind == crypto::initial_type(version)?;
    if initial {
        let token_len = varint(&mut r)?;
        r.skip(token_len)?;
    } else if kind == crypto::retry_type(version)? {
        return None;
    }
    let len = varint(&mut r)?;
    let number_at = r.at();
    // Some stacks pad the datagram wrongly; what there is will fail to open if it is cut.
    r.take(len).filter(|_| len <= PACKET_MAX)?;
    let packet = datagram.get(..r.at())?;
    Some(LongHeader { version, initial, destination_id, source_id, packet, number_at })
}

/// A variable-length integer (RFC 9000 section 16) that fits a length.
fn varint(r: &mut Reader<'_>) -> Option<usize> {
    let first = r.u8()?;
    let low = usize::from(first & 0x3f);
    match first >> 6 {
        0 => Some(low),
        1 => Some(low << 8 | usize::from(r.u8()?)),
        2 => Some(low << 24 | usize_of(r.u24()?)),
        _ => {
            let high = u32::from_be_bytes([first & 0x3f, 0, 0, 0]) | r.u24()?;
            let value = r.u32()?;
            (high == 0).then_some(usize_of(value))
        }
    }
}

#[cfg(test)]
mod tests;
