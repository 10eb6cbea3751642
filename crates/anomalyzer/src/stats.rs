//! What `--stats` prints: how much, how fast, and what was lost.

use crate::input::Gate;
use anomalyzer_capture::LiveStats;
use anomalyzer_engine::Summary;
use anomalyzer_engine::text::{bytes, thousands};
use std::fmt;

/// Facts about a run.
pub(crate) struct Stats<'a> {
    pub(crate) gate: &'a Gate,
    pub(crate) live: Option<LiveStats>,
    pub(crate) summary: &'a Summary,
    pub(crate) seconds: f64,
    pub(crate) workers: usize,
}

impl fmt::Display for Stats<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { gate, live, summary, seconds, workers } = self;
        let rate = |n: u64| n as f64 / seconds.max(1e-6);
        writeln!(f, "packets       {}", thousands(gate.packets))?;
        writeln!(f, "filtered out  {}", thousands(gate.filtered))?;
        writeln!(f, "bytes         {} ({})", thousands(gate.bytes), bytes(gate.bytes))?;
        if let Some(live) = live {
            writeln!(f, "dropped       {} by the kernel", thousands(live.dropped))?;
            writeln!(f, "dropped       {} by the interface", thousands(live.interface_dropped))?;
        }
        writeln!(f, "seconds       {seconds:.3}")?;
        writeln!(f, "packets/s     {:.0}", rate(gate.packets))?;
        writeln!(f, "MB/s          {:.1}", rate(gate.bytes) / 1e6)?;
        writeln!(f, "workers       {workers}")?;
        writeln!(f, "flows         {}", thousands(summary.flows))?;
        write!(f, "flow digest   {:016x}", summary.flow_digest)?;
        for (name, value) in &summary.counters {
            write!(f, "\n{name:32} {}", thousands(*value))?;
        }
        Ok(())
    }
}
