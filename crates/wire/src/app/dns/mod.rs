//! DNS messages (RFC 1035 and successors), multicast DNS and LLMNR included, and NetBIOS names.
//!
//! Our own parser rather than a library: a detector wants what can be read of a damaged message,
//! the exact bytes of names and a hard bound on compression, where libraries refuse the whole
//! message. A compression pointer must point before the part of the name that it ends, so every
//! name is read in at most 255 bytes and 127 jumps; at most 64 records of a section are kept.

mod name;
mod nbns;
mod rdata;

pub use name::DnsName;
pub use nbns::{NbnsKind, NbnsMessage, parse_nbns};
pub use rdata::Rdata;

use super::Parsed;
use super::read::Reader;

/// The most questions that are kept.
const QUESTIONS_MAX: u16 = 8;
/// The most records of one section that are kept.
const RECORDS_MAX: u16 = 64;
/// Length of the fixed header in bytes.
const HEADER_LEN: usize = 12;

/// A DNS message, as far as it could be read.
#[derive(Clone, Debug, PartialEq)]
pub struct DnsMessage {
    /// Identifier that joins query and response.
    pub id: u16,
    /// True for a response.
    pub response: bool,
    /// 0 query, 4 notify, 5 update.
    pub opcode: u8,
    /// 0 no error, 2 server failure, 3 no such name, 5 refused.
    pub rcode: u8,
    /// Authoritative answer.
    pub authoritative: bool,
    /// Cut to fit a datagram.
    pub truncated: bool,
    /// Recursion desired.
    pub recursion_desired: bool,
    /// Recursion available.
    pub recursion_available: bool,
    /// The first 8 questions.
    pub questions: Vec<Question>,
    /// The first 64 answers.
    pub answers: Vec<Record>,
    /// The first 64 authority records.
    pub authorities: Vec<Record>,
    /// The first 64 additional records.
    pub additionals: Vec<Record>,
    /// How many questions, answers, authority and additional records the header claims.
    pub counts: [u16; 4],
    /// Length of the message in bytes.
    pub message_len: u32,
    /// The message breaks off or is wrong behind what was read.
    pub damaged: bool,
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The name asked for.
    pub name: DnsName,
    /// Record type (1 A, 16 TXT, 28 AAAA, 255 ANY...).
    pub qtype: u16,
    /// Class; 1 is Internet, in multicast DNS the top bit asks for a unicast answer.
    pub qclass: u16,
}

/// One resource record.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Owner name.
    pub name: DnsName,
    /// Record type.
    pub rtype: u16,
    /// Class; for OPT the sender's UDP payload size.
    pub rclass: u16,
    /// Time to live in seconds.
    pub ttl: u32,
    /// Length of the data in bytes.
    pub data_len: u16,
    /// The data.
    pub data: Rdata,
}

/// Reads the payload of a UDP datagram. A message whose header or first question cannot be read
/// is [`Parsed::NotThis`]; damage behind that is noted in [`DnsMessage::damaged`].
pub fn parse_udp(payload: &[u8]) -> Parsed<DnsMessage> {
    match message(payload) {
        Some(fact) => Parsed::Fact { fact, consumed: payload.len() },
        None => Parsed::NotThis,
    }
}

/// Reads the next message of a TCP direction: a 16-bit length and a message.
pub fn parse_tcp(prefix: &[u8]) -> Parsed<DnsMessage> {
    let mut r = Reader::new(prefix);
    let Some(len) = r.u16() else { return Parsed::NeedMore };
    if usize::from(len) < HEADER_LEN {
        return Parsed::NotThis;
    }
    let Some(bytes) = r.take(usize::from(len)) else {
        return if is_possible(r.rest()) { Parsed::NeedMore } else { Parsed::NotThis };
    };
    match message(bytes) {
        Some(fact) => Parsed::Fact { fact, consumed: r.at() },
        None => Parsed::NotThis,
    }
}

/// True when the bytes can be the beginning of a DNS message: what is there of the header holds
/// an assigned opcode and believable counts, and what is there of the first question is a name.
pub fn is_plausible(payload: &[u8]) -> bool {
    payload.len() >= HEADER_LEN && is_possible(payload)
}

fn is_possible(payload: &[u8]) -> bool {
    let mut r = Reader::at_offset(payload, 2);
    let Some([high, _]) = r.array::<2>() else { return true };
    if !matches!(high >> 3 & 15, 0..=2 | 4..=8) {
        return false;
    }
    let Some(counts) = counts(&mut r) else { return true };
    let records = counts.iter().map(|count| usize::from(*count)).sum::<usize>();
    // The smallest question takes 5 bytes, the smallest record 11.
    records > 0 && records <= 4096 && (counts[0] == 0 || name::is_possible(payload, HEADER_LEN))
}

/// True when a datagram is DNS whatever its ports: a query or response that holds one question of
/// a usual type and class, and as a query nothing but an OPT record behind it.
pub fn is_certain(payload: &[u8]) -> bool {
    let mut r = Reader::at_offset(payload, 2);
    let Some([high, low]) = r.array::<2>() else { return false };
    let Some([1, answers, authorities, additionals]) = counts(&mut r) else { return false };
    if high & 0x78 != 0 || low & 0x40 != 0 {
        return false;
    }
    let Some(end) = name::skip(payload, HEADER_LEN) else { return false };
    let mut r = Reader::at_offset(payload, end);
    let (Some(qtype), Some(qclass)) = (r.u16(), r.u16()) else { return false };
    let usual = matches!(qtype, 1..=65 | 99 | 249..=257) && matches!(qclass & 0x7fff, 1 | 3 | 255);
    let query_ends = answers == 0
        && authorities == 0
        && additionals <= 2
        && (additionals > 0 || r.is_empty())
        && low % 16 == 0;
    usual && (high & 0x80 != 0 || query_ends)
}

fn counts(r: &mut Reader<'_>) -> Option<[u16; 4]> {
    Some([r.u16()?, r.u16()?, r.u16()?, r.u16()?])
}

fn message(bytes: &[u8]) -> Option<DnsMessage> {
    let mut r = Reader::new(bytes);
    let id = r.u16()?;
    let [high, low] = r.array()?;
    let counts = counts(&mut r)?;
    let [questions, answers, authorities, additionals] = counts;
    let mut message = DnsMessage {
        id,
        response: high & 0x80 != 0,
        opcode: high >> 3 & 15,
        rcode: low & 15,
        authoritative: high & 4 != 0,
        truncated: high & 2 != 0,
        recursion_desired: high & 1 != 0,
        recursion_available: low & 0x80 != 0,
        questions: Vec::new(),
        answers: Vec::new(),
        authorities: Vec::new(),
        additionals: Vec::new(),
        counts,
        message_len: u32::try_from(bytes.len()).unwrap_or(u32::MAX),
        damaged: false,
    };
    message.damaged = questions_of(&mut r, bytes, questions, &mut message.questions).is_none()
        || records_of(&mut r, bytes, answers, &mut message.answers).is_none()
        || records_of(&mut r, bytes, authorities, &mut message.authorities).is_none()
        || records_of(&mut r, bytes, additionals, &mut message.additionals).is_none();
    let nothing = message.questions.is_empty() && message.answers.is_empty();
    let silent = message.authorities.is_empty() && message.additionals.is_empty();
    let refused = message.response && message.rcode != 0 && !message.damaged;
    (!(nothing && silent) || refused).then_some(message)
}

/// Reads questions up to the cap; `None` when the message breaks off or the cap leaves a rest.
fn questions_of(r: &mut Reader<'_>, all: &[u8], n: u16, kept: &mut Vec<Question>) -> Option<()> {
    for _ in 0..n.min(QUESTIONS_MAX) {
        let name = DnsName::read(r, all)?;
        kept.push(Question { name, qtype: r.u16()?, qclass: r.u16()? });
    }
    (n <= QUESTIONS_MAX).then_some(())
}

/// Reads records up to the cap; those behind it are stepped over.
fn records_of<'a>(r: &mut Reader<'a>, all: &'a [u8], n: u16, kept: &mut Vec<Record>) -> Option<()> {
    for _ in 0..n.min(RECORDS_MAX) {
        kept.push(record(r, all)?);
    }
    for _ in RECORDS_MAX..n {
        *r = Reader::at_offset(all, name::skip(all, r.at())?);
        r.skip(8)?;
        r.vec16()?;
    }
    Some(())
}

fn record(r: &mut Reader<'_>, all: &[u8]) -> Option<Record> {
    let name = DnsName::read(r, all)?;
    let (rtype, rclass) = (r.u16()?, r.u16()?);
    let ttl = r.u32()?;
    let data_len = r.u16()?;
    let start = r.at();
    let data = r.take(usize::from(data_len))?;
    let data = Rdata::read(rtype, data, all, start, ttl);
    Some(Record { name, rtype, rclass, ttl, data_len, data })
}

#[cfg(test)]
mod tests;
