//! X.509 certificates (RFC 5280), as far as an observer wants them.
//!
//! A walker over DER of our own: x509-parser brings a dozen crates and refuses certificates with
//! one odd field, while damaged and home-made certificates are what this looks for.

use super::der::{Der, INTEGER, OBJECT_ID, SEQUENCE, SET};
use crate::HostileStr;
use crate::app::digest::{hex, sha1, sha256};
use crate::app::read::{Reader, decimal};

/// The longest name that is kept.
const NAME_MAX: usize = 255;
/// The most alternative names that are kept.
const NAMES_MAX: usize = 32;
/// The longest serial number that is kept (RFC 5280 allows 20 bytes).
const SERIAL_MAX: usize = 32;
/// The most parts of a distinguished name and extensions that are looked at.
const PARTS_MAX: usize = 64;

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const ORGANISATION: &[u8] = &[0x55, 4, 10];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];

/// Facts of one certificate. Nothing is verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Certificate {
    /// Common name of the subject.
    pub subject_cn: Option<HostileStr>,
    /// Organisation of the subject.
    pub subject_organisation: Option<HostileStr>,
    /// Common name of the issuer.
    pub issuer_cn: Option<HostileStr>,
    /// Organisation of the issuer.
    pub issuer_organisation: Option<HostileStr>,
    /// The first 32 alternative DNS names.
    pub dns_names: Vec<HostileStr>,
    /// Beginning of validity, seconds since 1970.
    pub not_before: Option<i64>,
    /// End of validity, seconds since 1970.
    pub not_after: Option<i64>,
    /// Issuer and subject are the same name.
    pub self_signed: bool,
    /// Serial number, at most 32 bytes.
    pub serial: Vec<u8>,
    /// SHA-1 of the certificate.
    pub sha1: [u8; 20],
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
    /// The certificate breaks off or is wrong behind what was read.
    pub damaged: bool,
}

impl Certificate {
    /// Reads a certificate in DER; `None` when it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let mut outer = Der::new(Der::new(der).expect(SEQUENCE)?);
        let tbs = outer.expect(SEQUENCE)?;
        let mut certificate = Self {
            subject_cn: None,
            subject_organisation: None,
            issuer_cn: None,
            issuer_organisation: None,
            dns_names: Vec::new(),
            not_before: None,
            not_after: None,
            self_signed: false,
            serial: Vec::new(),
            sha1: sha1(der),
            sha256: sha256(der),
            damaged: false,
        };
        certificate.damaged = certificate.read(Der::new(tbs)).is_none();
        Some(certificate)
    }

    /// SHA-1 in hex, as lists of known certificates write it.
    pub fn sha1_hex(&self) -> String {
        hex(&self.sha1)
    }

    fn read(&mut self, mut tbs: Der<'_>) -> Option<()> {
        // Version [0] is absent in version 1.
        tbs.next_if(0xa0);
        let serial = tbs.expect(INTEGER)?;
        let digits = serial.strip_prefix(&[0]).filter(|rest| !rest.is_empty()).unwrap_or(serial);
        self.serial = digits.iter().copied().take(SERIAL_MAX).collect();
        tbs.expect(SEQUENCE)?;
        let issuer = tbs.next_if(SEQUENCE)?;
        (self.issuer_cn, self.issuer_organisation) = names_of(issuer.contents);
        let mut validity = Der::new(tbs.expect(SEQUENCE)?);
        self.not_before = validity.next().and_then(|e| unix_time(e.tag, e.contents));
        self.not_after = validity.next().and_then(|e| unix_time(e.tag, e.contents));
        let subject = tbs.next_if(SEQUENCE)?;
        (self.subject_cn, self.subject_organisation) = names_of(subject.contents);
        self.self_signed = issuer.whole == subject.whole;
        // Public key, then optional unique ids, then extensions [3].
        tbs.expect(SEQUENCE)?;
        let Some(extensions) = tbs.find(0xa3) else { return Some(()) };
        self.extensions(Der::new(Der::new(extensions).expect(SEQUENCE)?));
        Some(())
    }

    fn extensions(&mut self, mut list: Der<'_>) {
        for _ in 0..PARTS_MAX {
            let Some(extension) = list.next() else { return };
            let mut fields = Der::new(extension.contents);
            if fields.expect(OBJECT_ID) == Some(ALTERNATIVE_NAMES) {
                // An OCTET STRING, behind a flag that may be absent.
                let names = fields.find(4).and_then(|value| Der::new(value).expect(SEQUENCE));
                let mut names = Der::new(names.unwrap_or_default());
                let dns = std::iter::from_fn(|| names.next()).filter(|name| name.tag == 0x82);
                let dns = dns.map(|name| HostileStr::capped(name.contents, NAME_MAX));
                self.dns_names = dns.take(NAMES_MAX).collect();
            }
        }
    }
}

/// The first certificate of a Certificate message (up to TLS 1.2) and how many there are.
pub(super) fn of_chain(body: &[u8]) -> (Option<Certificate>, u8) {
    let mut r = Reader::new(body);
    let mut list = Reader::new(r.vec24().unwrap_or_default());
    let first = list.vec24();
    let more = std::iter::from_fn(|| list.vec24()).take(usize::from(u8::MAX) - 1).count();
    let count = first.map_or(0, |_| more + 1);
    (first.and_then(Certificate::parse), u8::try_from(count).unwrap_or(u8::MAX))
}

/// Common name and organisation of a distinguished name; the last of several is the most
/// specific.
fn names_of(name: &[u8]) -> (Option<HostileStr>, Option<HostileStr>) {
    let (mut common, mut organisation) = (None, None);
    let mut parts = Der::new(name);
    for _ in 0..PARTS_MAX {
        let Some(set) = parts.expect(SET) else { break };
        let Some(pair) = Der::new(set).expect(SEQUENCE) else { break };
        let mut pair = Der::new(pair);
        let (Some(kind), Some(value)) = (pair.expect(OBJECT_ID), pair.next()) else { continue };
        let slot = match kind {
            COMMON_NAME => &mut common,
            ORGANISATION => &mut organisation,
            _ => continue,
        };
        *slot = Some(HostileStr::capped(value.contents, NAME_MAX));
    }
    (common, organisation)
}

/// UTCTime (23) or GeneralizedTime (24) in UTC as seconds since 1970.
fn unix_time(tag: u8, text: &[u8]) -> Option<i64> {
    let digits = text.strip_suffix(b"Z")?;
    let number =
        |from: usize, to: usize| decimal(digits.get(from..to)?).and_then(|n| i64::try_from(n).ok());
    let (year, at) = match tag {
        // RFC 5280 section 4.1.2.5.1: 50 and above are of the twentieth century.
        23 => (number(0, 2).map(|y| if y >= 50 { 1900 + y } else { 2000 + y })?, 2),
        24 => (number(0, 4)?, 4),
        _ => return None,
    };
    let (month, day) = (number(at, at + 2)?, number(at + 2, at + 4)?);
    let (hour, minute) = (number(at + 4, at + 6)?, number(at + 6, at + 8)?);
    let second = number(at + 8, at + 10).unwrap_or(0);
    let valid = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60;
    valid.then(|| days_from_civil(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, "chrono-Compatible
/// Low-Level Date Algorithms", `days_from_civil`).
const fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (if month > 2 { month - 3 } else { month + 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times() {
        assert_eq!(unix_time(23, b"700101000000Z"), Some(0));
        assert_eq!(unix_time(23, b"191217011728Z"), Some(1_576_545_448));
        assert_eq!(unix_time(24, b"20500101000000Z"), Some(2_524_608_000));
        assert_eq!(unix_time(23, b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(unix_time(23, b"501231235959Z"), Some(-599_616_001));
        assert_eq!(unix_time(23, b"191317011728Z"), None);
        assert_eq!(unix_time(23, b"1912"), None);
        assert_eq!(unix_time(99, b"700101000000Z"), None);
    }
}
