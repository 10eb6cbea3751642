//! NetBIOS name service (RFC 1002 section 4.2): DNS messages whose names are encoded twice.

use super::{DnsMessage, DnsName, Rdata, message};
use crate::app::Parsed;
use crate::{Addr, HostileStr};

/// A NetBIOS name service message.
#[derive(Clone, Debug, PartialEq)]
pub struct NbnsMessage {
    /// Transaction id.
    pub id: u16,
    /// What it is.
    pub kind: NbnsKind,
    /// True for a response.
    pub response: bool,
    /// Result of a response; 0 is success.
    pub rcode: u8,
    /// The name, at most 15 bytes, without its padding.
    pub name: HostileStr,
    /// The 16th byte: 0x00 workstation, 0x1c domain controllers, 0x20 file server...
    pub suffix: u8,
    /// The address that a registration or a response gives.
    pub address: Option<Addr>,
}

/// Kinds of NetBIOS name service messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NbnsKind {
    /// Name query or node status.
    Query,
    /// Registration.
    Registration,
    /// Release.
    Release,
    /// Wait for acknowledgement.
    Wait,
    /// Refresh.
    Refresh,
    /// Another opcode.
    Other(u8),
}

/// Reads the payload of a UDP datagram (port 137).
pub fn parse_nbns(payload: &[u8]) -> Parsed<NbnsMessage> {
    match message(payload).and_then(|message| from_dns(&message)) {
        Some(fact) => Parsed::Fact { fact, consumed: payload.len() },
        None => Parsed::NotThis,
    }
}

fn from_dns(message: &DnsMessage) -> Option<NbnsMessage> {
    let owner = message.questions.first().map(|question| &question.name);
    let owner = owner.or(message.answers.first().map(|record| &record.name))?;
    let (name, suffix) = decode_name(owner)?;
    let kind = match message.opcode {
        0 => NbnsKind::Query,
        5 => NbnsKind::Registration,
        6 => NbnsKind::Release,
        7 => NbnsKind::Wait,
        8 | 9 => NbnsKind::Refresh,
        other => NbnsKind::Other(other),
    };
    let address =
        message.answers.iter().chain(&message.additionals).find_map(|record| match record.data {
            Rdata::Nb(address) => Some(address),
            _ => None,
        });
    Some(NbnsMessage {
        id: message.id,
        kind,
        response: message.response,
        rcode: message.rcode,
        name,
        suffix,
        address,
    })
}

/// First-level encoding: each half byte is a letter from `A` to `P` (RFC 1001 section 14.1).
fn decode_name(name: &DnsName) -> Option<(HostileStr, u8)> {
    let encoded: &[u8; 32] = name.labels().next()?.try_into().ok()?;
    let mut plain = [0u8; 16];
    for (byte, pair) in plain.iter_mut().zip(encoded.chunks_exact(2)) {
        let [high, low] = <[u8; 2]>::try_from(pair).ok()?.map(|c| c.to_ascii_uppercase());
        if !(b'A'..=b'P').contains(&high) || !(b'A'..=b'P').contains(&low) {
            return None;
        }
        *byte = (high - b'A') << 4 | (low - b'A');
    }
    let (suffix, text) = plain.split_last()?;
    let end = text.iter().rposition(|byte| !matches!(byte, b' ' | 0)).map_or(0, |last| last + 1);
    Some((HostileStr::capped(text, end), *suffix))
}
