//! How much of everything the control store takes, and counters of what it turned away.

use crate::StoreError;
use std::sync::atomic::{AtomicU64, Ordering};

/// Users.
pub(crate) const USERS: i64 = 1_000;
/// Sessions of a user; the oldest ends.
pub(crate) const SESSIONS: i64 = 32;
/// Tokens of a user.
pub(crate) const TOKENS: i64 = 100;
/// Bytes of the preferences of a user.
pub(crate) const PREFERENCES: usize = 64 << 10;
/// Values of the program itself, and bytes of one.
pub(crate) const VALUES: i64 = 1_000;
/// Bytes of a value.
pub(crate) const VALUE: usize = 1 << 20;
/// Sources.
pub(crate) const SOURCES: i64 = 1_024;
/// Devices of a source.
pub(crate) const DEVICES: i64 = 16_384;
/// Alerts of a source.
pub(crate) const ALERTS: i64 = 50_000;
/// Incidents of a source.
pub(crate) const INCIDENTS: i64 = 10_000;
/// Bytes of the record of an alert or incident.
pub(crate) const RECORD: usize = 1 << 20;
/// Addresses kept of each side of an alert.
pub(crate) const ADDRESSES: usize = 1_024;
/// What was done to one alert; the oldest goes.
pub(crate) const STORY: i64 = 200;
/// Audit entries; the oldest go.
pub(crate) const AUDIT: i64 = 500_000;
/// Bytes of the detail of an audit entry.
pub(crate) const AUDIT_DETAIL: usize = 16 << 10;
/// Rows of a page.
pub(crate) const PAGE: usize = 1_000;
/// Words of a search, and bytes of its text.
pub(crate) const WORDS: usize = 8;
/// Bytes of the text of a search.
pub(crate) const SEARCH: usize = 512;

/// Models, and bytes of the file of one, and of the records held out for it.
pub(crate) const MODELS: i64 = 64;
/// Bytes of a model's file.
pub(crate) const MODEL: usize = 16 << 20;
/// Labels of flows; the oldest go.
pub(crate) const LABELS: i64 = 100_000;
/// Predictions of a user; the oldest go.
pub(crate) const PREDICTIONS: i64 = 100;

/// What was turned away or thrown out since the start.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// Closed or slight alerts that made room for others.
    pub(crate) alerts_evicted: AtomicU64,
    /// Alerts for which no room could be made.
    pub(crate) alerts_refused: AtomicU64,
    /// Incidents that made room for others.
    pub(crate) incidents_evicted: AtomicU64,
    /// Devices not seen for long that made room for others.
    pub(crate) devices_evicted: AtomicU64,
    /// Devices for which no room could be made.
    pub(crate) devices_refused: AtomicU64,
    /// Sessions that ended because their user began more.
    pub(crate) sessions_evicted: AtomicU64,
    /// Users, tokens, sources, documents and values beyond their number or size.
    pub(crate) refused: AtomicU64,
    /// Texts that were cut.
    pub(crate) texts_cut: AtomicU64,
    /// Audit entries that were removed for their age or number.
    pub(crate) audit_expired: AtomicU64,
    /// Alerts that were removed for their age.
    pub(crate) alerts_expired: AtomicU64,
}

impl Counters {
    /// Adds to a counter.
    pub(crate) fn add(counter: &AtomicU64, n: u64) {
        counter.fetch_add(n, Ordering::Relaxed);
    }

    /// All, by name.
    pub(crate) fn all(&self) -> Vec<(&'static str, u64)> {
        let of = |c: &AtomicU64| c.load(Ordering::Relaxed);
        vec![
            ("alerts_evicted", of(&self.alerts_evicted)),
            ("alerts_expired", of(&self.alerts_expired)),
            ("alerts_refused", of(&self.alerts_refused)),
            ("audit_expired", of(&self.audit_expired)),
            ("devices_evicted", of(&self.devices_evicted)),
            ("devices_refused", of(&self.devices_refused)),
            ("incidents_evicted", of(&self.incidents_evicted)),
            ("refused", of(&self.refused)),
            ("sessions_evicted", of(&self.sessions_evicted)),
            ("texts_cut", of(&self.texts_cut)),
        ]
    }

    /// The error for what is beyond a limit; it is counted.
    pub(crate) fn refuse(&self, what: String) -> StoreError {
        Self::add(&self.refused, 1);
        StoreError::Limit(what)
    }

    /// The text, cut at a character so that it has at most `max` bytes; a cut is counted.
    pub(crate) fn cut<'a>(&self, text: &'a str, max: usize) -> &'a str {
        if text.len() <= max {
            return text;
        }
        Self::add(&self.texts_cut, 1);
        &text[..text.floor_char_boundary(max)]
    }
}

/// A count as SQLite keeps it; what no one counts to stays at the top.
pub(crate) fn int(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A count as SQLite kept it.
pub(crate) fn uint(n: i64) -> u64 {
    u64::try_from(n).unwrap_or(0)
}

/// Words of a search in lower case: as many as are looked at.
pub(crate) fn words(text: Option<&str>) -> Vec<String> {
    let text = text.unwrap_or_default();
    let text = &text[..text.floor_char_boundary(SEARCH)];
    text.split_whitespace().take(WORDS).map(str::to_ascii_lowercase).collect()
}
