//! One detector's resolved settings, with per-host overrides.

use crate::alert::Severity;
use crate::detect::{Setting, Spec, Unit};
use anomalyzer_wire::Addr;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::fmt;
use std::net::IpAddr;

/// A network: an address and how many leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prefix {
    bits: u128,
    len: u8,
}

impl Prefix {
    /// The network of `addr` with `len` leading bits (of 32 for IPv4, of 128 for IPv6); `None`
    /// when `len` is too large.
    pub fn new(addr: Addr, len: u8) -> Option<Self> {
        let len = if addr.is_v4() { len.checked_add(96).filter(|_| len <= 32)? } else { len };
        (len <= 128).then(|| Self { bits: addr.to_bits() & mask(len), len })
    }

    /// Reads `10.0.0.0/24`, `2001:db8::/32` or a single address. The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is no address or network, such as 10.0.0.0/24");
        let (addr, len) = match text.split_once('/') {
            Some((addr, len)) => (addr, Some(len)),
            None => (text, None),
        };
        let addr = Addr::from(addr.parse::<IpAddr>().map_err(|_| wrong())?);
        let most = if addr.is_v4() { 32 } else { 128 };
        let len = match len {
            Some(len) if len.bytes().all(|b| b.is_ascii_digit()) => {
                len.parse::<u8>().ok().filter(|len| *len <= most).ok_or_else(wrong)?
            }
            Some(_) => return Err(wrong()),
            None => most,
        };
        let prefix = Self::new(addr, len).ok_or_else(wrong)?;
        if prefix.bits != addr.to_bits() {
            return Err(format!("{text:?} has bits set beyond its length: write {prefix}"));
        }
        Ok(prefix)
    }

    /// True when the address is inside.
    pub const fn contains(self, addr: Addr) -> bool {
        addr.to_bits() & mask(self.len) == self.bits
    }

    /// The first address.
    pub const fn network(self) -> Addr {
        Addr::v6(self.bits.to_be_bytes())
    }

    /// Leading bits, counted in the 128-bit form.
    pub const fn len128(self) -> u8 {
        self.len
    }
}

impl TryFrom<String> for Prefix {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text)
    }
}

impl From<Prefix> for String {
    fn from(prefix: Prefix) -> Self {
        prefix.to_string()
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addr = Addr::v6(self.bits.to_be_bytes());
        // An IPv4 network is longer than the 96 bits that IPv4 addresses share here.
        let len = if addr.is_v4() { self.len.saturating_sub(96) } else { self.len };
        write!(f, "{addr}/{len}")
    }
}

const fn mask(len: u8) -> u128 {
    if len == 0 { 0 } else { u128::MAX << (128 - len as u32) }
}

/// Settings that every detector has besides its own. They are read by the alert book.
pub static COMMON: [Setting; 2] = [
    Setting {
        key: "repeat",
        unit: Unit::Count,
        default: 1.0,
        min: 1.0,
        max: 50.0,
        about: "How many separate times its threshold must be exceeded within `repeat_window` \
                before there is an alert; 1 tells of every time.",
    },
    Setting {
        key: "repeat_window",
        unit: Unit::Seconds,
        default: 3_600.0,
        min: 1.0,
        max: 2_592_000.0,
        about: "Window of `repeat`: an hour, so that what happens once a day does not add up.",
    },
];

/// How often a detector must find something before it is an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// Separate times; 1 tells of every time.
    pub times: u64,
    /// The window that they must lie in, in nanoseconds of packet time.
    pub window: i64,
}

/// Values of one detector's settings, in the order of its [`Setting`] table, then of [`COMMON`].
#[derive(Clone, Debug)]
pub struct Values {
    keys: &'static [Setting],
    numbers: Vec<f64>,
}

impl PartialEq for Values {
    /// Of the same detector: equal numbers.
    fn eq(&self, other: &Self) -> bool {
        self.numbers == other.numbers
    }
}

impl Values {
    /// The number of a setting. A key that is not in the table is our bug: debug builds say so,
    /// release builds answer 0.
    pub fn number(&self, key: &str) -> f64 {
        let found = self.settings().zip(&self.numbers).find(|(s, _)| s.key == key);
        debug_assert!(found.is_some(), "no setting `{key}` in the table");
        found.map_or(0.0, |(_, v)| *v)
    }

    fn settings(&self) -> impl Iterator<Item = &'static Setting> {
        self.keys.iter().chain(&COMMON)
    }

    /// The number as a count, rounded and never negative.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // clamped by the table's range
    pub fn count(&self, key: &str) -> u64 {
        self.number(key).round().max(0.0) as u64
    }

    /// A number of seconds as nanoseconds of packet time.
    #[allow(clippy::cast_possible_truncation)] // `as` saturates
    pub fn nanos(&self, key: &str) -> i64 {
        (self.number(key) * 1e9) as i64
    }

    /// A flag.
    pub fn flag(&self, key: &str) -> bool {
        self.number(key) != 0.0
    }

    /// Replaces the number of a setting; false when the key is not in the table.
    pub fn set(&mut self, key: &str, number: f64) -> bool {
        for (setting, value) in self.keys.iter().chain(&COMMON).zip(&mut self.numbers) {
            if setting.key == key {
                *value = number;
                return true;
            }
        }
        false
    }
}

/// Resolved settings of one detector.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    id: &'static str,
    /// False when the detector is switched off.
    pub enabled: bool,
    /// The site's own severity for this detector.
    pub severity: Option<Severity>,
    /// Values for every host without an override.
    pub values: Values,
    /// Values for hosts and networks, longest prefix first.
    pub hosts: Vec<(Prefix, Values)>,
    /// What the overrides themselves say, in the order of `hosts`.
    own: Vec<(Prefix, Own)>,
}

/// Keys and values of one override.
type Own = Vec<(&'static str, f64)>;

impl Section {
    /// The table's defaults.
    pub fn defaults(spec: &Spec) -> Self {
        let numbers = spec.settings.iter().chain(&COMMON).map(|s| s.default).collect();
        Self {
            id: spec.id,
            enabled: true,
            severity: None,
            values: Values { keys: spec.settings, numbers },
            hosts: Vec::new(),
            own: Vec::new(),
        }
    }

    /// Sets a value for every host that has no override of it; false when there is no such key.
    pub fn set(&mut self, key: &str, number: f64) -> bool {
        let known = self.values.set(key, number);
        self.inherit();
        known
    }

    /// Sets values for a host or network; what is not given is as for everybody.
    pub fn set_host(&mut self, prefix: Prefix, own: &[(&'static str, f64)]) {
        match self.own.iter_mut().find(|(p, _)| *p == prefix) {
            Some((_, before)) => before.extend_from_slice(own),
            None => self.own.push((prefix, own.to_vec())),
        }
        self.own.sort_by_key(|(p, _)| Reverse(p.len128()));
        self.inherit();
    }

    /// Forgets all overrides for hosts and networks.
    pub(crate) fn clear_hosts(&mut self) {
        self.own.clear();
        self.inherit();
    }

    fn inherit(&mut self) {
        self.hosts.clear();
        for (prefix, own) in &self.own {
            let mut values = self.values.clone();
            for (key, number) in own {
                values.set(key, *number);
            }
            self.hosts.push((*prefix, values));
        }
    }

    /// How often the detector must find something about the host, or about anything without one.
    pub fn repeat(&self, host: Option<Addr>) -> Repeat {
        let own = host.and_then(|addr| self.hosts.iter().find(|(p, _)| p.contains(addr)));
        let values = own.map_or(&self.values, |(_, values)| values);
        Repeat { times: values.count("repeat"), window: values.nanos("repeat_window") }
    }

    /// What the overrides for hosts and networks themselves say, longest prefix first.
    pub fn overrides(&self) -> impl Iterator<Item = (Prefix, &[(&'static str, f64)])> {
        self.own.iter().map(|(prefix, own)| (*prefix, own.as_slice()))
    }

    /// The detector's id.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Turns values into a detector's own typed settings, once for all hosts and once for each
    /// override.
    pub fn resolve<T>(&self, make: impl Fn(&Values) -> T) -> PerHost<T> {
        PerHost {
            all: make(&self.values),
            hosts: self.hosts.iter().map(|(p, v)| (*p, make(v))).collect(),
        }
    }
}

/// Typed settings with overrides by host or network.
#[derive(Clone, Debug)]
pub struct PerHost<T> {
    all: T,
    hosts: Vec<(Prefix, T)>,
}

impl<T> PerHost<T> {
    /// The settings that hold for an address.
    pub fn of(&self, addr: Addr) -> &T {
        self.hosts.iter().find(|(p, _)| p.contains(addr)).map_or(&self.all, |(_, t)| t)
    }

    /// The settings of hosts without an override.
    pub fn all(&self) -> &T {
        &self.all
    }
}
