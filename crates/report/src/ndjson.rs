//! NDJSON: one object per line, told apart by `type`: `alert`, `incident`, `host`, `flow`,
//! `series`, `summary`.
//!
//! The alert record is a stable contract (`schema` 1). Times are packet times in UTC; counts that
//! are estimates carry a `..._estimated` mark; fields without a value are left out.

use crate::json::{Object, quoted, string};
use crate::source::Source;
use crate::{names, put};
use anomalyzer_engine::alert::{Contribution, Feedback, Hidden, Step};
use anomalyzer_engine::flow::{FlowNames, SideRecord};
use anomalyzer_engine::observation::SecondTotals;
use anomalyzer_engine::series::Series;
use anomalyzer_engine::summary::{HostShare, PerSecond, PortShare, Share};
use anomalyzer_engine::{Alert, Evidence, FlowRecord, HostRisk, Incident, Summary, Tally};
use anomalyzer_wire::{Addr, Mac, Timestamp, Tunnel};
use std::io;

/// Version of the records' shape.
pub const SCHEMA: u32 = 1;

/// Bytes gathered before they are handed on.
const BUFFER: usize = 64 * 1024;

/// Writes NDJSON lines. Call [`Writer::finish`] at the end; dropping it loses what is buffered.
pub struct Writer<'a> {
    out: &'a mut dyn io::Write,
    buffer: Vec<u8>,
    sensor: Option<&'a str>,
}

impl<'a> Writer<'a> {
    /// A writer to `out`; `sensor`, when given, is written into every object.
    pub fn new(out: &'a mut dyn io::Write, sensor: Option<&'a str>) -> Self {
        Self { out, buffer: Vec::with_capacity(BUFFER + 4096), sensor }
    }

    /// Writes an alert.
    pub fn alert(&mut self, record: &Alert) -> io::Result<()> {
        alert(&mut self.buffer, record, self.sensor);
        self.pass_on()
    }

    /// Writes an incident.
    pub fn incident(&mut self, record: &Incident) -> io::Result<()> {
        incident(&mut self.buffer, record, self.sensor);
        self.pass_on()
    }

    /// Writes a host's risk.
    pub fn host(&mut self, record: &HostRisk) -> io::Result<()> {
        host(&mut self.buffer, record, self.sensor);
        self.pass_on()
    }

    /// Writes a flow record.
    #[inline]
    pub fn flow(&mut self, record: &FlowRecord) -> io::Result<()> {
        flow(&mut self.buffer, record, self.sensor);
        self.pass_on()
    }

    /// Writes the facts of the capture.
    pub fn summary(&mut self, record: &Summary, sources: &[Source]) -> io::Result<()> {
        summary(&mut self.buffer, record, sources, self.sensor);
        self.pass_on()
    }

    /// Writes traffic over time, one line for each interval that had traffic.
    pub fn series(&mut self, record: &Series) -> io::Result<()> {
        for point in record.points() {
            interval(&mut self.buffer, point, record.width_secs(), self.sensor);
            self.pass_on()?;
        }
        Ok(())
    }

    /// Hands on what is buffered and flushes.
    pub fn finish(mut self) -> io::Result<()> {
        self.out.write_all(&self.buffer)?;
        self.buffer.clear();
        self.out.flush()
    }

    fn pass_on(&mut self) -> io::Result<()> {
        if self.buffer.len() >= BUFFER {
            self.out.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }
}

/// Appends an alert and a line feed.
pub fn alert(out: &mut Vec<u8>, alert: &Alert, sensor: Option<&str>) {
    let mut o = open(out, "alert");
    alert_fields(&mut o, alert);
    close(o, sensor);
}

/// The fields of an alert in their order.
pub(crate) fn alert_fields(o: &mut Object<'_>, alert: &Alert) {
    o.text("id", &alert.id);
    o.plain("detector", alert.detector);
    o.text("technique", &alert.technique);
    o.plain("severity", alert.severity.name());
    o.float("confidence", alert.confidence);
    o.text("title", &alert.title);
    o.text("explanation", &alert.explanation);
    o.text("advice", &alert.advice);
    side(o, ["src", "src_count", "src_mac"], &alert.src, alert.src_count, &alert.src_mac);
    side(o, ["dst", "dst_count", "dst_mac"], &alert.dst, alert.dst_count, &alert.dst_mac);
    o.array("dst_ports", &alert.dst_ports, |out, port| put::number(out, u64::from(*port)));
    tally(o, "dst_port_count", alert.dst_port_count);
    o.time("first", alert.first);
    o.time("last", alert.last);
    o.number("count", alert.count);
    o.object("evidence", |o| alert.evidence.iter().for_each(|e| evidence(o, e)));
    o.array("flows", &alert.flows, |out, id| string(out, id));
    o.array("attack", alert.attack, |out, id| string(out, id));
    if !alert.folded.is_empty() {
        o.object("folded", |o| alert.folded.iter().for_each(|(id, n)| o.number(id, *n)));
    }
    if let Some(said) = &alert.feedback {
        o.object("feedback", |o| feedback(o, said));
    }
}

/// Appends an incident and a line feed. `story` names alerts by their `id`.
pub fn incident(out: &mut Vec<u8>, incident: &Incident, sensor: Option<&str>) {
    let mut o = open(out, "incident");
    o.text("id", &incident.id);
    o.plain("severity", incident.severity.name());
    o.text("title", &incident.title);
    o.text("explanation", &incident.explanation);
    o.text("advice", incident.advice);
    hosts(&mut o, ["attackers", "attacker_count"], &incident.attackers, incident.attacker_count);
    hosts(&mut o, ["victims", "victim_count"], &incident.victims, incident.victim_count);
    o.time("first", incident.first);
    o.time("last", incident.last);
    o.array("stages", &incident.stages, |out, stage| string(out, stage.name()));
    o.number("alerts", incident.alerts);
    o.objects("story", &incident.story, step);
    o.number_unless_0("story_left_out", incident.steps_left_out);
    if !incident.context.is_empty() {
        o.object("context", |o| incident.context.iter().for_each(|(id, n)| o.number(id, *n)));
    }
    close(o, sensor);
}

/// Appends a host's risk and a line feed. `why` names alerts by their `id`.
pub fn host(out: &mut Vec<u8>, host: &HostRisk, sensor: Option<&str>) {
    let mut o = open(out, "host");
    o.addr("addr", host.addr);
    o.float("score", host.score);
    o.float("as_source", host.as_source);
    o.float("as_target", host.as_target);
    o.number("alerts", host.alerts);
    o.time("first", host.first);
    o.time("last", host.last);
    o.objects("why", &host.why, contribution);
    close(o, sensor);
}

/// Appends a flow record and a line feed.
pub fn flow(out: &mut Vec<u8>, flow: &FlowRecord, sensor: Option<&str>) {
    let mut o = open(out, "flow");
    quoted(o.key("id"), |out| {
        out.push(b'F');
        put::number(out, flow.id.0);
    });
    o.plain("community_id", &flow.community_id());
    o.time("ts", flow.first);
    put::seconds(o.key("duration"), flow.last.since(flow.first));
    o.addr("src", flow.tuple.src);
    o.number("src_port", flow.tuple.src_port);
    o.addr("dst", flow.tuple.dst);
    o.number("dst_port", flow.tuple.dst_port);
    o.plain("proto", &names::protocol(flow.tuple.proto));
    o.plain("app", flow.app.name());
    o.plain("conn_state", flow.conn_state.name());
    o.text("history", &flow.history);
    o.plain("end", flow.end.name());
    o.object("orig", |o| side_record(o, &flow.orig));
    o.object("resp", |o| side_record(o, &flow.resp));
    if let Some(rtt) = flow.rtt_ns {
        put::millis(o.key("rtt_ms"), rtt);
    }
    o.number_unless_0("vlan", flow.vlan);
    if let Some(outer) = &flow.tunnel {
        o.object("tunnel", |o| tunnel(o, outer));
    }
    o.mac_if("src_mac", flow.src_mac);
    o.mac_if("dst_mac", flow.dst_mac);
    if let Some(names) = &flow.names {
        flow_names(&mut o, names);
    }
    close(o, sensor);
}

/// Appends the facts of a capture and a line feed.
pub fn summary(out: &mut Vec<u8>, summary: &Summary, sources: &[Source], sensor: Option<&str>) {
    let mut o = open(out, "summary");
    o.objects("sources", sources, source);
    o.number("packets", summary.packets);
    o.number("bytes", summary.bytes);
    if let (Some(first), Some(last)) = (summary.first, summary.last) {
        o.time("first", first);
        o.time("last", last);
        put::seconds(o.key("duration"), last.since(first));
    }
    o.objects("link_types", &summary.link_types, |o, (link, packets)| {
        o.text("name", &link.to_string());
        o.number("packets", *packets);
    });
    o.number("flows", summary.flows);
    tally(&mut o, "sources_count", summary.sources);
    tally(&mut o, "destinations_count", summary.destinations);
    tally(&mut o, "ports_count", summary.ports);
    o.object("per_second", |o| per_second(o, &summary.per_second));
    o.objects("protocols", &summary.protocols, share);
    o.objects("applications", &summary.applications, share);
    o.objects("top_sources", &summary.top_sources, host_share);
    o.objects("top_destinations", &summary.top_destinations, host_share);
    o.objects("top_ports", &summary.top_ports, port_share);
    if !summary.suppressed.is_empty() {
        o.objects("suppressed", &summary.suppressed, hidden);
    }
    if !summary.keywords.is_empty() {
        o.objects("keywords", &summary.keywords, |o, keyword| {
            o.text("list", &keyword.list);
            o.text("pattern", &keyword.pattern);
            o.number("hits", keyword.hits);
        });
    }
    o.object("counters", |o| summary.counters.iter().for_each(|(name, n)| o.number(name, *n)));
    o.plain("flow_digest", &format!("{:016x}", summary.flow_digest));
    close(o, sensor);
}

/// Appends one interval of the traffic over time and a line feed; `width` in seconds.
pub fn interval(out: &mut Vec<u8>, point: &SecondTotals, width: i64, sensor: Option<&str>) {
    let mut o = open(out, "series");
    o.time("ts", Timestamp::from_secs_nanos(point.second, 0));
    o.number("width_s", width.unsigned_abs());
    o.number("packets", point.packets);
    o.number("bytes", point.bytes);
    o.number("tcp", point.tcp);
    o.number("udp", point.udp);
    o.number("icmp", point.icmp);
    o.number("arp", point.arp);
    o.number("other", point.other);
    o.number("flows", point.flows);
    close(o, sensor);
}

fn open<'a>(out: &'a mut Vec<u8>, kind: &str) -> Object<'a> {
    let mut o = Object::new(out);
    o.plain("type", kind);
    o.number("schema", SCHEMA);
    o
}

fn close(mut o: Object<'_>, sensor: Option<&str>) {
    if let Some(sensor) = sensor {
        o.text("sensor", sensor);
    }
    o.close_line();
}

fn side(o: &mut Object<'_>, names: [&str; 3], addrs: &[Addr], count: Tally, macs: &[Mac]) {
    let [list, total, hardware] = names;
    o.array(list, addrs, |out, addr| quoted(out, |out| put::addr(out, *addr)));
    tally(o, total, count);
    if !macs.is_empty() {
        o.array(hardware, macs, |out, mac| quoted(out, |out| put::mac(out, *mac)));
    }
}

fn feedback(o: &mut Object<'_>, said: &Feedback) {
    o.plain("verdict", said.verdict.name());
    o.text("reason", &said.reason);
    if let Some(given) = said.given {
        o.time("given", given);
    }
}

fn hidden(o: &mut Object<'_>, hidden: &Hidden) {
    o.text("rule", &hidden.rule);
    o.text("scope", &hidden.scope);
    o.text("reason", &hidden.reason);
    o.number("alerts", hidden.alerts);
}

fn hosts(o: &mut Object<'_>, [list, total]: [&str; 2], addrs: &[Addr], count: u64) {
    o.array(list, addrs, |out, addr| quoted(out, |out| put::addr(out, *addr)));
    o.number(total, count);
}

fn step(o: &mut Object<'_>, step: &Step) {
    o.text("alert", &step.alert);
    o.time("first", step.first);
    o.time("last", step.last);
    if let Some(stage) = step.stage {
        o.plain("stage", stage.name());
    }
    o.plain("detector", step.detector);
    o.text("technique", &step.technique);
    o.plain("severity", step.severity.name());
    o.text("title", &step.title);
    o.plain("link", step.link.name());
    if let Some(hypothesis) = step.link.hypothesis() {
        o.text("hypothesis", &hypothesis);
    }
}

fn contribution(o: &mut Object<'_>, part: &Contribution) {
    o.text("alert", &part.alert);
    o.plain("detector", part.detector);
    o.plain("severity", part.severity.name());
    o.plain("role", part.role.name());
    o.float("points", part.points);
    o.text("title", &part.title);
}

fn tally(o: &mut Object<'_>, name: &str, tally: Tally) {
    o.number(name, tally.value);
    if tally.estimated {
        o.flag(&format!("{name}_estimated"), true);
    }
}

fn evidence(o: &mut Object<'_>, evidence: &Evidence) {
    o.object(evidence.name, |o| {
        o.float("value", evidence.value);
        let more = [
            ("threshold", evidence.threshold),
            ("window_s", evidence.window_s),
            ("mean", evidence.mean),
            ("z", evidence.z),
        ];
        for (name, value) in more {
            if let Some(value) = value {
                o.float(name, value);
            }
        }
    });
}

fn side_record(o: &mut Object<'_>, side: &SideRecord) {
    o.number("packets", side.packets);
    o.number("bytes", side.bytes);
    o.number("ip_bytes", side.ip_bytes);
    o.number("payload", side.payload);
    o.number("retransmissions", side.retransmissions);
    o.number_unless_0("out_of_order", side.out_of_order);
    o.number_unless_0("missed", side.missed);
    o.number("ttl", side.ttl);
    o.number_unless_0("tcp_flags", side.flags);
}

fn tunnel(o: &mut Object<'_>, tunnel: &Tunnel) {
    o.plain("kind", tunnel.kind.name());
    o.addr("src", tunnel.outer_src);
    o.addr("dst", tunnel.outer_dst);
    o.number("id", tunnel.id);
    o.number("depth", tunnel.depth);
}

fn flow_names(o: &mut Object<'_>, names: &FlowNames) {
    o.hostile_if("sni", names.sni.as_ref());
    o.hostile_if("alpn", names.alpn.as_ref());
    for (key, value) in [("ja3", &names.ja3), ("ja4", &names.ja4), ("ja3s", &names.ja3s)] {
        if let Some(value) = value {
            o.text(key, value);
        }
    }
    if names.tls_version != 0 {
        o.plain("tls_version", &names::tls_version(names.tls_version));
    }
    o.hostile_if("certificate", names.certificate.as_ref());
    o.hostile_if("http_host", names.http_host.as_ref());
    o.hostile_if("http_target", names.http_target.as_ref());
    o.number_unless_0("http_status", names.http_status);
    o.hostile_if("user_agent", names.user_agent.as_ref());
    o.hostile_if("dns_query", names.dns_query.as_ref());
    let [client, server] = &names.ssh;
    o.hostile_if("ssh_client", client.as_ref());
    o.hostile_if("ssh_server", server.as_ref());
    o.hostile_if("resolved", names.resolved.as_ref());
}

fn source(o: &mut Object<'_>, source: &Source) {
    o.hostile("name", &source.name);
    o.text("format", &source.format);
    if let Some(damage) = &source.damage {
        o.text("damage", damage);
    }
}

fn per_second(o: &mut Object<'_>, rate: &PerSecond) {
    o.number("active", rate.active);
    o.number("span", rate.span);
    o.float("packets_mean", rate.packets_mean);
    o.float("packets_sd", rate.packets_sd);
    o.number("packets_max", rate.packets_max);
    o.float("bytes_mean", rate.bytes_mean);
    o.float("bytes_sd", rate.bytes_sd);
    o.number("bytes_max", rate.bytes_max);
    if rate.active > 0 {
        o.time("busiest", Timestamp::from_secs_nanos(rate.busiest, 0));
    }
}

fn share(o: &mut Object<'_>, share: &Share) {
    o.text("name", &share.name);
    o.number("packets", share.packets);
    o.number("bytes", share.bytes);
    o.number("flows", share.flows);
}

fn host_share(o: &mut Object<'_>, share: &HostShare) {
    o.addr("addr", share.addr);
    o.number("packets", share.packets);
    o.number("bytes", share.bytes);
    o.number("flows", share.flows);
}

fn port_share(o: &mut Object<'_>, share: &PortShare) {
    o.plain("proto", &names::protocol(share.proto));
    o.number("port", share.port);
    o.number("packets", share.packets);
    o.number("bytes", share.bytes);
    o.number("flows", share.flows);
}

#[cfg(test)]
mod tests;
