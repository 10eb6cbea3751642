//! The settings and what they mean for each service.

use super::attempt::Service;
use crate::config::Values;
use crate::detect::{Setting, Unit};

pub(super) static SETTINGS: &[Setting] = &[
    Setting {
        key: "failures",
        unit: Unit::Count,
        default: 9.0,
        min: 3.0,
        max: 10_000.0,
        about: "Failed SSH or Telnet log-ins of one source at one host within `window` that make \
                an attack; Slips uses 9.",
    },
    Setting {
        key: "failures_stored",
        unit: Unit::Count,
        default: 20.0,
        min: 3.0,
        max: 10_000.0,
        about: "The same for services whose clients keep a password and repeat it (FTP, mail, \
                HTTP, SMB, Kerberos), and twice as many when a single user name is tried; Zeek \
                uses 20 for FTP.",
    },
    Setting {
        key: "window",
        unit: Unit::Seconds,
        default: 600.0,
        min: 10.0,
        max: 86_400.0,
        about: "The short window; 10 minutes hold a patient guesser's tries and no working day's \
                mistakes.",
    },
    Setting {
        key: "burst",
        unit: Unit::Count,
        default: 3.0,
        min: 1.0,
        max: 1_000.0,
        about: "Failures that must come within a tenth of `window`: a mail client or a scheduled \
                job with an old password fails once in a while, evenly.",
    },
    Setting {
        key: "failures_high",
        unit: Unit::Count,
        default: 30.0,
        min: 3.0,
        max: 100_000.0,
        about: "Failures within `window_high` that raise the severity to high, and never fewer \
                than three times what makes an attack; Zeek uses 30 for SSH.",
    },
    Setting {
        key: "window_high",
        unit: Unit::Seconds,
        default: 1_800.0,
        min: 10.0,
        max: 86_400.0,
        about: "The wide window; Zeek uses 30 minutes. Sources of a distributed attack are counted \
                in it too, and a success within it after an attack counts as a breach.",
    },
    Setting {
        key: "users",
        unit: Unit::Count,
        default: 6.0,
        min: 2.0,
        max: 64.0,
        about: "Different user names that one source was refused with within `window`: password \
                spraying tries each only once or twice. CrowdSec allows 5.",
    },
    Setting {
        key: "sessions",
        unit: Unit::Count,
        default: 20.0,
        min: 3.0,
        max: 10_000.0,
        about: "Short sessions within `window` that make an attack where the refusal itself is \
                not seen (RDP, VNC, log-in forms): twice a probe each minute.",
    },
    Setting {
        key: "sessions_rpc",
        unit: Unit::Count,
        default: 100.0,
        min: 3.0,
        max: 100_000.0,
        about: "Short DCE/RPC sessions within a tenth of `window`: a bypass of Netlogon takes 256 \
                tries on average, management tools open a few per second at most.",
    },
    Setting {
        key: "sessions_other",
        unit: Unit::Count,
        default: 100.0,
        min: 3.0,
        max: 100_000.0,
        about: "Short sessions at a log-in port whose protocol was not read, within `window`; one \
                every 6 s. The alert is low: web servers use databases in this way.",
    },
    Setting {
        key: "failures_slow",
        unit: Unit::Count,
        default: 30.0,
        min: 3.0,
        max: 100_000.0,
        about: "Failures within `window_slow` that are worth a look; medium with `users` different \
                names, low otherwise, as an old password does the same.",
    },
    Setting {
        key: "window_slow",
        unit: Unit::Seconds,
        default: 86_400.0,
        min: 600.0,
        max: 604_800.0,
        about: "The long window for patient guessers: one day.",
    },
    Setting {
        key: "hosts",
        unit: Unit::Count,
        default: 5.0,
        min: 2.0,
        max: 64.0,
        about: "Hosts at which one source fails, `failures_stored` times together, that make a \
                horizontal attack with few tries at each.",
    },
    Setting {
        key: "sources",
        unit: Unit::Count,
        default: 10.0,
        min: 2.0,
        max: 64.0,
        about: "Sources that fail at one service that make a distributed attack.",
    },
    Setting {
        key: "failures_distributed",
        unit: Unit::Count,
        default: 100.0,
        min: 10.0,
        max: 1_000_000.0,
        about: "Failures of all sources at one service within `window_high` that make a \
                distributed attack, when at least two of three tries fail.",
    },
];

/// Resolved settings.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    failures: u64,
    pub(super) failures_stored: u64,
    pub(super) window: i64,
    pub(super) burst: u64,
    failures_high: u64,
    pub(super) window_high: i64,
    pub(super) users: u64,
    sessions: u64,
    sessions_rpc: u64,
    sessions_other: u64,
    pub(super) failures_slow: u64,
    pub(super) window_slow: i64,
    pub(super) hosts: u64,
    pub(super) sources: u64,
    pub(super) failures_distributed: u64,
}

impl Limits {
    pub(super) fn from(values: &Values) -> Self {
        Self {
            failures: values.count("failures"),
            failures_stored: values.count("failures_stored"),
            window: values.nanos("window"),
            burst: values.count("burst"),
            failures_high: values.count("failures_high"),
            window_high: values.nanos("window_high"),
            users: values.count("users"),
            sessions: values.count("sessions"),
            sessions_rpc: values.count("sessions_rpc"),
            sessions_other: values.count("sessions_other"),
            failures_slow: values.count("failures_slow"),
            window_slow: values.nanos("window_slow"),
            hosts: values.count("hosts"),
            sources: values.count("sources"),
            failures_distributed: values.count("failures_distributed"),
        }
    }

    /// Failures that make an attack, and those that make it severe.
    pub(super) fn failures_of(&self, service: Service, users: u64) -> (u64, u64) {
        let limit = match (service.is_repeated_by_clients(), users) {
            (false, _) => self.failures,
            (true, 1) => self.failures_stored.saturating_mul(2),
            (true, _) => self.failures_stored,
        };
        (limit, self.failures_high.max(limit.saturating_mul(3)))
    }

    /// Short sessions that count.
    pub(super) const fn sessions_of(&self, service: Service) -> u64 {
        match service {
            Service::Dcerpc => self.sessions_rpc,
            Service::Other => self.sessions_other,
            _ => self.sessions,
        }
    }

    /// The short window in nanoseconds.
    pub(super) const fn window_of(&self, service: Service) -> i64 {
        match service {
            Service::Dcerpc => self.window / 10,
            _ => self.window,
        }
    }
}
