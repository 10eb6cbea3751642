//! One detector's resolved settings, with per-host overrides.

use crate::alert::Severity;
use crate::detect::{Setting, Spec};
use anomalyzer_wire::Addr;

/// A network: an address and how many leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

    /// True when the address is inside.
    pub const fn contains(self, addr: Addr) -> bool {
        addr.to_bits() & mask(self.len) == self.bits
    }

    /// Leading bits, counted in the 128-bit form.
    pub const fn len128(self) -> u8 {
        self.len
    }
}

const fn mask(len: u8) -> u128 {
    if len == 0 { 0 } else { u128::MAX << (128 - len as u32) }
}

/// Values of one detector's settings, in the order of its [`Setting`] table.
#[derive(Clone, Debug)]
pub struct Values {
    keys: &'static [Setting],
    numbers: Vec<f64>,
}

impl Values {
    /// The number of a setting. A key that is not in the table is our bug: debug builds say so,
    /// release builds answer 0.
    pub fn number(&self, key: &str) -> f64 {
        let found = self.keys.iter().zip(&self.numbers).find(|(s, _)| s.key == key);
        debug_assert!(found.is_some(), "no setting `{key}` in the table");
        found.map_or(0.0, |(_, v)| *v)
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
        for (setting, value) in self.keys.iter().zip(&mut self.numbers) {
            if setting.key == key {
                *value = number;
                return true;
            }
        }
        false
    }
}

/// Resolved settings of one detector.
#[derive(Clone, Debug)]
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
}

impl Section {
    /// The table's defaults.
    pub fn defaults(spec: &Spec) -> Self {
        let numbers = spec.settings.iter().map(|s| s.default).collect();
        Self {
            id: spec.id,
            enabled: true,
            severity: None,
            values: Values { keys: spec.settings, numbers },
            hosts: Vec::new(),
        }
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
