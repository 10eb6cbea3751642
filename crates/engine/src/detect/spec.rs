//! What a detector is: its row in the table and its trait.

use crate::alert::Severity;
use crate::config::Section;
use crate::finding::Finding;
use crate::observation::{Kinds, Seen};
use anomalyzer_wire::{Addr, Timestamp};
use std::collections::BTreeSet;

/// A detector's row in the table: everything that is known about it without running it.
#[derive(Debug)]
pub struct Spec {
    /// Id, such as `port-scan`: the file's name with dashes; never reused.
    pub id: &'static str,
    /// One line for catalogues.
    pub summary: &'static str,
    /// The user's page in Markdown with four headings: `## What it sees`, `## Why it matters`,
    /// `## When it is wrong`, `## How to tune`.
    pub about: &'static str,
    /// One sentence of advice that every alert carries.
    pub advice: &'static str,
    /// Severity unless a finding or the site says otherwise.
    pub severity: Severity,
    /// Technique values that findings may carry; empty when they are free (keyword lists).
    pub techniques: &'static [&'static str],
    /// MITRE ATT&CK technique ids.
    pub attack: &'static [&'static str],
    /// Which observations it is given.
    pub sees: Kinds,
    /// Its settings.
    pub settings: &'static [Setting],
    /// What a back-test of a changed setting needs.
    pub backtest: Backtest,
    /// Most entries that its tables ever hold together, at default settings.
    pub max_entries: usize,
    /// Makes one from resolved settings. `seed` keys its hash tables.
    pub build: fn(&Section, seed: u64) -> Box<dyn Detector>,
}

/// What a back-test of a detector needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backtest {
    /// Stored flow records suffice.
    Flows,
    /// It needs the packets again.
    Capture,
}

/// One setting of a detector: always a number, flags are 0 or 1.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// Key in the configuration, snake case.
    pub key: &'static str,
    /// What the number counts.
    pub unit: Unit,
    /// Default value.
    pub default: f64,
    /// Smallest value allowed.
    pub min: f64,
    /// Largest value allowed.
    pub max: f64,
    /// One sentence, with the source or reason of the default.
    pub about: &'static str,
}

/// Units of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A whole number of things.
    Count,
    /// Seconds; fractions allowed.
    Seconds,
    /// Things per second.
    PerSecond,
    /// Bytes.
    Bytes,
    /// A ratio, usually 0 to 1.
    Ratio,
    /// Standard deviations.
    Sigma,
    /// 0 or 1, written `false` or `true`.
    Flag,
}

impl Unit {
    /// Name for docs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::PerSecond => "per second",
            Self::Bytes => "bytes",
            Self::Ratio => "ratio",
            Self::Sigma => "standard deviations",
            Self::Flag => "flag",
        }
    }
}

/// A detector at work.
pub trait Detector: Send {
    /// Looks at one observation of a kind listed in [`Spec::sees`].
    fn observe(&mut self, seen: &Seen, out: &mut Reporter<'_>);

    /// Called once stream time has reached what it asked for with [`Reporter::wake_at`].
    fn deadline(&mut self, _now: Timestamp, _out: &mut Reporter<'_>) {}

    /// Called once when the input has ended: report what is still open.
    fn finish(&mut self, _now: Timestamp, _out: &mut Reporter<'_>) {}

    /// Entries held in all tables together.
    fn entries(&self) -> usize;

    /// Entries that were evicted because a table was full.
    fn evictions(&self) -> u64 {
        0
    }

    /// What it has learned and would miss after a restart (a baseline, known devices), as JSON;
    /// `None` when there is nothing to keep. Counters of a running window need not be kept.
    fn save(&self) -> Option<serde_json::Value> {
        None
    }

    /// Takes back what [`Detector::save`] gave, before the first observation. What it says is not
    /// trusted: lengths and numbers are checked, and on an error (a sentence that says what is
    /// wrong) the detector begins afresh.
    fn restore(&mut self, _saved: &serde_json::Value) -> Result<(), String> {
        Ok(())
    }

    /// How it is, for people and programs that ask: what it has learned, how well that still fits;
    /// `None` when there is nothing to tell.
    fn status(&self) -> Option<serde_json::Value> {
        None
    }

    /// Takes new settings and keeps what it has learned.
    fn reconfigure(&mut self, section: &Section);
}

/// A detector's way out: findings, and a wake-up call. Knows the site's networks.
pub struct Reporter<'a> {
    pub(crate) findings: &'a mut Vec<Finding>,
    pub(crate) wake: &'a mut Option<Timestamp>,
    pub(crate) site: &'a dyn Fn(Addr) -> bool,
    suspects: Option<&'a dyn Fn() -> BTreeSet<Addr>>,
}

impl<'a> Reporter<'a> {
    /// Made by the correlator and by tests.
    pub fn new(
        findings: &'a mut Vec<Finding>,
        wake: &'a mut Option<Timestamp>,
        site: &'a dyn Fn(Addr) -> bool,
    ) -> Self {
        Self { findings, wake, site, suspects: None }
    }

    /// With a way to ask who is suspected.
    #[must_use]
    pub fn suspecting(mut self, suspects: &'a dyn Fn() -> BTreeSet<Addr>) -> Self {
        self.suspects = Some(suspects);
        self
    }

    /// The sources of all alerts of severity medium or above so far. Costs a walk over them.
    pub fn suspects(&self) -> BTreeSet<Addr> {
        self.suspects.map_or_else(BTreeSet::new, |suspects| suspects())
    }

    /// Says something.
    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Asks for [`Detector::deadline`] at or soon after `time`; of several wishes the earliest
    /// counts, and each call of `deadline` clears them.
    pub fn wake_at(&mut self, time: Timestamp) {
        if self.wake.is_none_or(|t| time < t) {
            *self.wake = Some(time);
        }
    }

    /// True when the address belongs to the site (its configured networks; by default the
    /// private ranges).
    pub fn is_local(&self, addr: Addr) -> bool {
        (self.site)(addr)
    }
}
