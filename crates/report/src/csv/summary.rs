//! summary.csv: the facts as section, name, metric, value; series.csv: traffic over time.

use super::sheet::Sheet;
use crate::names;
use anomalyzer_engine::Summary;
use anomalyzer_engine::series::Series;
use anomalyzer_engine::summary::PerSecond;
use anomalyzer_wire::Timestamp;
use std::io;

/// Writes summary.csv: one value in a row, so that it reads well into any tool.
pub fn summary(out: &mut dyn io::Write, summary: &Summary) -> io::Result<()> {
    let mut facts = Facts(Sheet::new(out, ["section", "name", "metric", "value"])?);
    facts.totals(summary)?;
    facts.per_second(&summary.per_second)?;
    for (link, packets) in &summary.link_types {
        facts.count("link_type", &link.to_string(), "packets", *packets)?;
    }
    let shares = [("protocol", &summary.protocols), ("application", &summary.applications)];
    for (section, shares) in shares {
        for share in shares {
            facts.shares(section, &share.name, share.packets, share.bytes, share.flows)?;
        }
    }
    let hosts = [("source", &summary.top_sources), ("destination", &summary.top_destinations)];
    for (section, hosts) in hosts {
        for host in hosts {
            let name = host.addr.to_string();
            facts.shares(section, &name, host.packets, host.bytes, host.flows)?;
        }
    }
    for port in &summary.top_ports {
        let name = format!("{}/{}", port.port, names::protocol(port.proto));
        facts.shares("port", &name, port.packets, port.bytes, port.flows)?;
    }
    for keyword in &summary.keywords {
        let name = format!("{}/{}", keyword.list, keyword.pattern);
        facts.count("keyword", &name, "hits", keyword.hits)?;
    }
    for (name, n) in &summary.counters {
        facts.count("counter", name, "value", *n)?;
    }
    facts.0.finish()
}

/// Writes series.csv: one row for each interval that had traffic.
pub fn series(out: &mut dyn io::Write, series: &Series) -> io::Result<()> {
    let header =
        ["time", "width_s", "packets", "bytes", "tcp", "udp", "icmp", "arp", "other", "flows"];
    let mut sheet = Sheet::new(out, header)?;
    for p in series.points() {
        sheet.time(Timestamp::from_secs_nanos(p.second, 0));
        sheet.number(series.width_secs().unsigned_abs());
        for n in [p.packets, p.bytes, p.tcp, p.udp, p.icmp, p.arp, p.other, p.flows] {
            sheet.number(n);
        }
        sheet.end()?;
    }
    sheet.finish()
}

struct Facts<W: io::Write>(Sheet<W>);

impl<W: io::Write> Facts<W> {
    fn totals(&mut self, summary: &Summary) -> io::Result<()> {
        let tallies = [
            ("sources", summary.sources),
            ("destinations", summary.destinations),
            ("ports", summary.ports),
        ];
        self.count("total", "", "packets", summary.packets)?;
        self.count("total", "", "bytes", summary.bytes)?;
        self.count("total", "", "flows", summary.flows)?;
        for (metric, tally) in tallies {
            let section = if tally.estimated { "estimate" } else { "total" };
            self.count(section, "", metric, tally.value)?;
        }
        for (metric, time) in [("first", summary.first), ("last", summary.last)] {
            if let Some(time) = time {
                self.fact("total", "", metric, |sheet| sheet.time(time))?;
            }
        }
        Ok(())
    }

    fn per_second(&mut self, rate: &PerSecond) -> io::Result<()> {
        let floats = [
            ("packets_mean", rate.packets_mean),
            ("packets_sd", rate.packets_sd),
            ("bytes_mean", rate.bytes_mean),
            ("bytes_sd", rate.bytes_sd),
        ];
        for (metric, value) in floats {
            self.fact("per_second", "", metric, |sheet| sheet.float(value))?;
        }
        self.count("per_second", "", "packets_max", rate.packets_max)?;
        self.count("per_second", "", "bytes_max", rate.bytes_max)?;
        self.count("per_second", "", "active_seconds", rate.active)?;
        if rate.active > 0 {
            let busiest = Timestamp::from_secs_nanos(rate.busiest, 0);
            self.fact("per_second", "", "busiest", |sheet| sheet.time(busiest))?;
        }
        Ok(())
    }

    fn shares(
        &mut self,
        section: &str,
        name: &str,
        packets: u64,
        bytes: u64,
        flows: u64,
    ) -> io::Result<()> {
        self.count(section, name, "packets", packets)?;
        self.count(section, name, "bytes", bytes)?;
        self.count(section, name, "flows", flows)
    }

    fn count(&mut self, section: &str, name: &str, metric: &str, n: u64) -> io::Result<()> {
        self.fact(section, name, metric, |sheet| sheet.number(n))
    }

    fn fact(
        &mut self,
        section: &str,
        name: &str,
        metric: &str,
        value: impl FnOnce(&mut Sheet<W>),
    ) -> io::Result<()> {
        self.0.plain(section);
        self.0.text(name);
        self.0.plain(metric);
        value(&mut self.0);
        self.0.end()
    }
}
