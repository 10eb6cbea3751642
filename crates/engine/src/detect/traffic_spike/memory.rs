//! The busiest second of each hour, as it usually is.

use super::Of;
use super::series::Volume;
use crate::count::{Clock, Expected, Habits, Hour};
use anomalyzer_wire::{Addr, Timestamp};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Measures (packets or bytes of a series) with a baseline.
pub(super) const MEASURES: usize = 4_096;

/// A series, and whether it is of bytes.
type Measure = (Of, bool);

pub(super) struct Memory {
    pub(super) clock: Clock,
    usual: Habits<Measure>,
}

impl Memory {
    pub(super) fn new(seed: u64) -> Self {
        Self { clock: Clock::default(), usual: Habits::new(MEASURES, seed) }
    }

    pub(super) fn len(&self) -> usize {
        self.usual.len()
    }

    pub(super) fn evictions(&self) -> u64 {
        self.usual.evictions()
    }

    /// Takes the busiest second of an hour; of an hour that was hardly seen nothing is learned.
    pub(super) fn learn(&mut self, of: Of, weekly: bool, hour: &Hour, peak: Volume) {
        if hour.share().is_some() {
            self.usual.learn((of, false), weekly, hour.start, peak.packets);
            self.usual.learn((of, true), weekly, hour.start, peak.bytes);
        }
    }

    /// True when something was learned of it.
    pub(super) fn knows(&self, of: Of) -> bool {
        self.usual.knows(&(of, false))
    }

    /// What the busiest second of this hour usually is.
    pub(super) fn expect(&self, of: Of, of_bytes: bool, time: Timestamp) -> Option<Expected> {
        self.usual.expect(&(of, of_bytes), time)
    }

    pub(super) fn save(&self) -> Option<Value> {
        (self.len() > 0)
            .then(|| json!({"clock": self.clock.save(), "usual": self.usual.save(name)}))
    }

    pub(super) fn restore(&mut self, saved: &Value) -> Result<(), String> {
        let part = |name: &str| saved.get(name).ok_or_else(|| format!("it has no `{name}`"));
        self.clock.restore(part("clock")?)?;
        self.usual.restore(part("usual")?, parse)
    }
}

/// `total packets`, `10.0.0.1 bytes`, `port 6 443 bytes`.
fn name((of, of_bytes): &Measure) -> String {
    let what = if *of_bytes { "bytes" } else { "packets" };
    match of {
        Of::Total => format!("total {what}"),
        Of::Source(addr) => format!("{addr} {what}"),
        Of::Port(proto, port) => format!("port {proto} {port} {what}"),
    }
}

fn parse(name: &str) -> Option<Measure> {
    let (of, what) = name.rsplit_once(' ')?;
    let of_bytes = match what {
        "bytes" => true,
        "packets" => false,
        _ => return None,
    };
    let port = |rest: &str| {
        let (proto, port) = rest.split_once(' ')?;
        Some(Of::Port(proto.parse().ok()?, port.parse().ok()?))
    };
    let of = match of.strip_prefix("port ") {
        Some(rest) => port(rest)?,
        None if of == "total" => Of::Total,
        None => Of::Source(Addr::from(of.parse::<IpAddr>().ok()?)),
    };
    Some((of, of_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_have_names_that_are_read_again() {
        let source = |text: &str| Of::Source(Addr::from(text.parse::<IpAddr>().unwrap()));
        for of in [Of::Total, source("10.0.0.1"), source("2001:db8::1"), Of::Port(17, 53)] {
            for of_bytes in [false, true] {
                assert_eq!(parse(&name(&(of, of_bytes))), Some((of, of_bytes)));
            }
        }
        for bad in ["", "total", "x bytes", "port 6 bytes", "port 999 1 bytes", "total octets"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
