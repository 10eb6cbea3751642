//! Record data of the types that detectors and device discovery look at.

use super::DnsName;
use crate::app::read::Reader;
use crate::{Addr, HostileStr};

/// The most text bytes that are kept of a TXT record.
const TEXT_MAX: usize = 1024;
/// The most protocol names that are kept of a service binding.
const ALPN_MAX: usize = 8;

/// The data of a record. Damaged data of a known type is [`Rdata::Other`].
#[derive(Clone, Debug, PartialEq)]
pub enum Rdata {
    /// IPv4 address.
    A(Addr),
    /// IPv6 address.
    Aaaa(Addr),
    /// Canonical name.
    Cname(DnsName),
    /// Name server.
    Ns(DnsName),
    /// Pointer.
    Ptr(DnsName),
    /// The text strings joined, at most 1,024 bytes.
    Txt(HostileStr),
    /// Mail exchange.
    Mx {
        /// Lower is preferred.
        preference: u16,
        /// The mail server.
        exchange: DnsName,
    },
    /// Service location (RFC 2782).
    Srv {
        /// Lower is preferred.
        priority: u16,
        /// Share among equal priorities.
        weight: u16,
        /// Port of the service.
        port: u16,
        /// Host of the service.
        target: DnsName,
    },
    /// Start of authority.
    Soa {
        /// Primary server.
        primary: DnsName,
        /// Mailbox of who is responsible, as a name.
        mailbox: DnsName,
        /// Version of the zone.
        serial: u32,
        /// How long a negative answer may be kept, in seconds.
        minimum: u32,
    },
    /// HTTPS or SVCB (RFC 9460).
    Svcb {
        /// 0 for an alias.
        priority: u16,
        /// The host behind the service.
        target: DnsName,
        /// The first 8 protocols it speaks.
        alpn: Vec<HostileStr>,
        /// It offers an encrypted ClientHello.
        ech: bool,
    },
    /// The first address of a NetBIOS name.
    Nb(Addr),
    /// EDNS (RFC 6891).
    Opt {
        /// Upper bits of the response code.
        extended_rcode: u8,
        /// EDNS version.
        version: u8,
        /// Wants DNSSEC records.
        dnssec_ok: bool,
        /// Length of the options in bytes.
        options_len: u16,
    },
    /// Another type, or data that could not be read as its type says.
    Other {
        /// Length of the data in bytes.
        len: u16,
    },
}

impl Rdata {
    /// Reads data of type `rtype` that begins `start` bytes into the message `all`.
    pub(super) fn read(rtype: u16, data: &[u8], all: &[u8], start: usize, ttl: u32) -> Self {
        let len = u16::try_from(data.len()).unwrap_or(u16::MAX);
        let end = start.saturating_add(data.len());
        // Names in the data may point anywhere before it, but must end within it.
        let mut r = Reader::at_offset(all.get(..end).unwrap_or(all), start);
        let known = match rtype {
            1 => data.try_into().ok().map(|bytes| Self::A(Addr::v4(bytes))),
            28 => data.try_into().ok().map(|bytes| Self::Aaaa(Addr::v6(bytes))),
            2 => DnsName::read(&mut r, all).map(Self::Ns),
            5 => DnsName::read(&mut r, all).map(Self::Cname),
            12 => DnsName::read(&mut r, all).map(Self::Ptr),
            15 => mx(&mut r, all),
            16 => txt(data),
            33 => srv(&mut r, all),
            6 => soa(&mut r, all),
            64 | 65 => svcb(&mut r, all),
            // NetBIOS: 16 bits of flags before each address.
            0x20 => data.get(2..6).and_then(|a| a.try_into().ok()).map(|a| Self::Nb(Addr::v4(a))),
            41 => Some(opt(ttl, len)),
            _ => None,
        };
        known.unwrap_or(Self::Other { len })
    }
}

fn mx(r: &mut Reader<'_>, all: &[u8]) -> Option<Rdata> {
    Some(Rdata::Mx { preference: r.u16()?, exchange: DnsName::read(r, all)? })
}

fn txt(data: &[u8]) -> Option<Rdata> {
    let mut r = Reader::new(data);
    let mut text = Vec::with_capacity(data.len().min(TEXT_MAX));
    while !r.is_empty() {
        let piece = r.vec8()?;
        let room = TEXT_MAX.saturating_sub(text.len());
        text.extend_from_slice(piece.get(..room).unwrap_or(piece));
    }
    Some(Rdata::Txt(HostileStr::from(text)))
}

fn srv(r: &mut Reader<'_>, all: &[u8]) -> Option<Rdata> {
    let (priority, weight, port) = (r.u16()?, r.u16()?, r.u16()?);
    Some(Rdata::Srv { priority, weight, port, target: DnsName::read(r, all)? })
}

fn soa(r: &mut Reader<'_>, all: &[u8]) -> Option<Rdata> {
    let (primary, mailbox) = (DnsName::read(r, all)?, DnsName::read(r, all)?);
    let serial = r.u32()?;
    // Refresh, retry and expire stand between.
    r.skip(12)?;
    Some(Rdata::Soa { primary, mailbox, serial, minimum: r.u32()? })
}

fn svcb(r: &mut Reader<'_>, all: &[u8]) -> Option<Rdata> {
    let priority = r.u16()?;
    let target = DnsName::read(r, all)?;
    let (mut alpn, mut ech) = (Vec::new(), false);
    while !r.is_empty() {
        let key = r.u16()?;
        let mut value = Reader::new(r.vec16()?);
        match key {
            1 => {
                let names = std::iter::from_fn(|| value.vec8());
                alpn.extend(names.take(ALPN_MAX).map(HostileStr::from));
                alpn.truncate(ALPN_MAX);
            }
            5 => ech = true,
            _ => {}
        }
    }
    Some(Rdata::Svcb { priority, target, alpn, ech })
}

/// OPT keeps its facts in the TTL field.
fn opt(ttl: u32, options_len: u16) -> Rdata {
    let [extended_rcode, version, flags, _] = ttl.to_be_bytes();
    Rdata::Opt { extended_rcode, version, dnssec_ok: flags & 0x80 != 0, options_len }
}
