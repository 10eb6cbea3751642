//! The alert book: the only maker of alerts.

use super::Alert;
use crate::finding::Finding;

/// What the book did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BookCounters {
    /// Findings received.
    pub findings: u64,
    /// Findings that did not fit.
    pub dropped: u64,
}

/// Keeps one alert per incident.
#[derive(Debug, Default)]
pub struct AlertBook {
    alerts: Vec<Alert>,
    counters: BookCounters,
}

impl AlertBook {
    /// Enters a finding.
    pub fn enter(&mut self, finding: Finding) {
        let _ = finding;
        self.counters.findings += 1;
    }

    /// All alerts.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// What happened so far.
    pub fn counters(&self) -> BookCounters {
        self.counters
    }
}
