//! Suricata's EVE JSON: alerts, anomalies and flows, one event per line.
//!
//! Field names and types follow the schema of Suricata 7 (`etc/schema.json`), which forbids fields
//! of one's own; what has no place of its own in it (detector, technique, ATT&CK ids) goes into
//! `alert.metadata.tag`. Our alerts have a generator id of their own, so their numbers never meet
//! those of Suricata's rules.

use crate::json::{Object, quoted, string};
use crate::{names, put};
use anomalyzer_engine::flow::{ConnState, FlowEnd};
use anomalyzer_engine::{Alert, FlowRecord, Severity};
use anomalyzer_wire::{TcpFlags, Timestamp};
use std::fmt::Write as _;

/// Generator id of our alerts.
pub const GID: u32 = 7411;

/// Detector, signature id, category (descriptions as in Suricata's `classification.config`). Ids
/// are never given again.
const SIGNATURES: [(&str, u32, &str); 28] = [
    ("port-scan", 100, SCAN),
    ("host-sweep", 200, SCAN),
    ("protocol-scan", 300, SCAN),
    ("flood", 400, DENIAL),
    ("ddos", 500, DENIAL),
    ("brute-force", 600, "Attempted User Privilege Gain"),
    ("arp-spoof", 700, "Potentially Bad Traffic"),
    ("dns-tunnel", 800, COMMAND),
    ("dga", 900, COMMAND),
    ("icmp-tunnel", 1000, COMMAND),
    ("beacon", 1100, COMMAND),
    ("exfiltration", 1200, "Potential Corporate Privacy Violation"),
    ("traffic-spike", 1300, MISC),
    ("noisy-host", 1400, MISC),
    ("rare-port", 1500, MISC),
    ("new-device", 1600, MISC),
    ("rogue-dhcp", 1700, "Potentially Bad Traffic"),
    ("keyword", 1800, "A suspicious string was detected"),
    ("malformed", 1900, "Generic Protocol Command Decode"),
    ("anomaly-model", 2000, MISC),
    ("attack-model", 2100, "Misc Attack"),
    ("suricata", 2200, "Misc Attack"),
    ("open-port", 2300, MISC),
    ("vulnerability", 2400, MISC),
    ("device-threshold", 2500, MISC),
    ("health", 2600, MISC),
    ("threat-list", 2700, "Misc Attack"),
    ("unknown", 9999, MISC),
];
const SCAN: &str = "Detection of a Network Scan";
const DENIAL: &str = "Detection of a Denial of Service Attack";
const COMMAND: &str = "Malware Command and Control Activity Detected";
const MISC: &str = "Misc activity";

/// Appends an alert as an `alert` event and a line feed.
pub fn alert(out: &mut Vec<u8>, alert: &Alert, sensor: Option<&str>) {
    let mut o = open(out, alert.last, "alert", sensor);
    subject(&mut o, alert);
    o.object("alert", |o| signature(o, alert));
    o.close_line();
}

/// Appends an alert about a malformed packet as an `anomaly` event and a line feed; of other alerts
/// nothing is written.
pub fn anomaly(out: &mut Vec<u8>, alert: &Alert, sensor: Option<&str>) {
    if alert.detector != "malformed" {
        return;
    }
    let mut o = open(out, alert.last, "anomaly", sensor);
    subject(&mut o, alert);
    o.object("anomaly", |o| {
        o.plain("type", "decode");
        o.text("event", &format!("{}.malformed", alert.technique));
    });
    o.close_line();
}

/// Appends a flow record as a `flow` event and a line feed. `alerted` when an alert names it.
pub fn flow(out: &mut Vec<u8>, flow: &FlowRecord, alerted: bool, sensor: Option<&str>) {
    let mut o = open(out, flow.last, "flow", sensor);
    o.number("flow_id", flow.id.0);
    if flow.vlan != 0 {
        o.array("vlan", [flow.vlan], |out, id| put::number(out, u64::from(id)));
    }
    o.addr("src_ip", flow.tuple.src);
    let icmp = matches!(flow.tuple.proto, 1 | 58);
    if !icmp {
        o.number("src_port", flow.tuple.src_port);
    }
    o.addr("dest_ip", flow.tuple.dst);
    if !icmp {
        o.number("dest_port", flow.tuple.dst_port);
    }
    o.plain("proto", &protocol(flow.tuple.proto));
    if icmp {
        o.number("icmp_type", flow.tuple.src_port);
        o.number("icmp_code", flow.tuple.dst_port);
    }
    if flow.app.name() != "unknown" {
        o.plain("app_proto", flow.app.name());
    }
    o.object("flow", |o| flow_facts(o, flow, alerted));
    o.plain("community_id", &flow.community_id());
    if flow.tuple.proto == 6 {
        o.object("tcp", |o| tcp(o, flow));
    }
    if flow.src_mac.is_some() || flow.dst_mac.is_some() {
        o.object("ether", |o| {
            o.mac_if("src_mac", flow.src_mac);
            o.mac_if("dest_mac", flow.dst_mac);
        });
    }
    o.close_line();
}

fn open<'a>(out: &'a mut Vec<u8>, time: Timestamp, kind: &str, sensor: Option<&str>) -> Object<'a> {
    let mut o = Object::new(out);
    timestamp(&mut o, "timestamp", time);
    o.plain("event_type", kind);
    if let Some(sensor) = sensor {
        o.text("host", sensor);
    }
    o
}

/// Who and whom: the first source and destination; the port where there is only one.
fn subject(o: &mut Object<'_>, alert: &Alert) {
    if let Some(src) = alert.src.first() {
        o.addr("src_ip", *src);
    }
    if let Some(dst) = alert.dst.first() {
        o.addr("dest_ip", *dst);
    }
    if let ([port], 1) = (alert.dst_ports.as_slice(), alert.dst_port_count.value) {
        o.number("dest_port", *port);
    }
    if let Some(id) = alert.flows.first() {
        o.text("community_id", id);
    }
}

fn signature(o: &mut Object<'_>, alert: &Alert) {
    let (id, category) = signature_of(alert.detector);
    o.plain("action", "allowed");
    o.number("gid", GID);
    o.number("signature_id", id);
    o.number("rev", 1u32);
    o.text("signature", &alert.title);
    o.plain("category", category);
    let (severity, word) = match alert.severity {
        Severity::Critical => (1u32, "Critical"),
        Severity::High => (1u32, "Major"),
        Severity::Medium => (2, "Minor"),
        Severity::Low => (3, "Informational"),
        Severity::Info => (4, "Informational"),
    };
    o.number("severity", severity);
    o.object("metadata", |o| {
        o.array("signature_severity", [word], string);
        let own = [alert.detector, &alert.technique];
        let tags = own.into_iter().chain(alert.attack.iter().copied());
        o.array("tag", tags.filter(|tag| !tag.is_empty()), string);
    });
}

/// Signature id and category of a detector.
fn signature_of(detector: &str) -> (u32, &'static str) {
    let row = SIGNATURES.iter().find(|(id, _, _)| *id == detector);
    row.map_or((9999, MISC), |(_, number, category)| (*number, category))
}

fn flow_facts(o: &mut Object<'_>, flow: &FlowRecord, alerted: bool) {
    o.number("pkts_toserver", flow.orig.packets);
    o.number("pkts_toclient", flow.resp.packets);
    o.number("bytes_toserver", flow.orig.bytes);
    o.number("bytes_toclient", flow.resp.bytes);
    timestamp(o, "start", flow.first);
    timestamp(o, "end", flow.last);
    o.number("age", (flow.last.secs() - flow.first.secs()).max(0).unsigned_abs());
    o.plain("state", state(flow));
    let reason = match flow.end {
        FlowEnd::Closed | FlowEnd::Idle => "timeout",
        FlowEnd::Active | FlowEnd::Evicted => "forced",
        FlowEnd::InputEnd => "shutdown",
    };
    o.plain("reason", reason);
    o.flag("alerted", alerted);
}

/// Suricata's flow states: new (one-way), established (two-way), closed.
const fn state(flow: &FlowRecord) -> &'static str {
    match flow.conn_state {
        ConnState::S0 | ConnState::Oth if flow.resp.packets == 0 => "new",
        ConnState::Sf if flow.tuple.proto == 6 => "closed",
        ConnState::Rej
        | ConnState::Rsto
        | ConnState::Rstr
        | ConnState::Rstos0
        | ConnState::Rstrh => "closed",
        ConnState::Sh | ConnState::Shr => "new",
        _ => "established",
    }
}

fn tcp(o: &mut Object<'_>, flow: &FlowRecord) {
    let (to_server, to_client) = (flow.orig.flags, flow.resp.flags);
    let all = TcpFlags(to_server | to_client);
    let names = [("tcp_flags", all.0), ("tcp_flags_ts", to_server), ("tcp_flags_tc", to_client)];
    for (name, flags) in names {
        quoted(o.key(name), |out| put::hex(out, flags));
    }
    let bits = [
        ("syn", TcpFlags::SYN),
        ("fin", TcpFlags::FIN),
        ("rst", TcpFlags::RST),
        ("psh", TcpFlags::PSH),
        ("ack", TcpFlags::ACK),
        ("urg", TcpFlags::URG),
        ("ecn", TcpFlags::ECE),
        ("cwr", TcpFlags::CWR),
    ];
    for (name, bit) in bits {
        if all.has(bit) {
            o.flag(name, true);
        }
    }
}

/// Suricata writes the offset as `+0000`.
fn timestamp(o: &mut Object<'_>, name: &str, time: Timestamp) {
    quoted(o.key(name), |out| {
        put::time(out, time);
        out.pop();
        out.extend_from_slice(b"+0000");
    });
}

/// Suricata's spelling of protocol names: upper case, numbers with three digits.
fn protocol(proto: u8) -> String {
    if proto == 58 {
        return "IPv6-ICMP".to_owned();
    }
    let name = names::protocol(proto);
    if !name.starts_with("proto-") {
        return name.to_uppercase();
    }
    let mut number = String::new();
    // Writing to a String cannot fail.
    let _ = write!(number, "{proto:03}");
    number
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::{Value, json};

    fn event(write: impl FnOnce(&mut Vec<u8>)) -> Value {
        let mut out = Vec::new();
        write(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.matches('\n').count(), 1);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn alert_event() {
        let value = event(|out| alert(out, &fixture::port_scan(), Some("s1")));
        let expected = json!({
            "timestamp": "2025-10-11T12:01:35.123456+0000", "event_type": "alert", "host": "s1",
            "src_ip": "192.168.1.10", "dest_ip": "192.168.1.25",
            "community_id": "1:wCb3OG7yAFWelaUydu0D+125CLM=",
            "alert": {"action": "allowed", "gid": 7411, "signature_id": 100, "rev": 1,
                "signature": "Port scan of 192.168.1.25 by 192.168.1.10",
                "category": "Detection of a Network Scan", "severity": 1,
                "metadata": {"signature_severity": ["Major"],
                    "tag": ["port-scan", "syn", "T1046"]}},
        });
        assert_eq!(value, expected);
    }

    #[test]
    fn flow_event() {
        let value = event(|out| flow(out, &fixture::flow(), true, None));
        let expected = json!({
            "timestamp": "2025-10-11T12:00:01.623456+0000", "event_type": "flow",
            "flow_id": 12345, "vlan": [7], "src_ip": "128.232.110.120", "src_port": 34855,
            "dest_ip": "66.35.250.204", "dest_port": 80, "proto": "TCP",
            "flow": {"pkts_toserver": 12, "pkts_toclient": 10, "bytes_toserver": 2024,
                "bytes_toclient": 9000, "start": "2025-10-11T12:00:00.123456+0000",
                "end": "2025-10-11T12:00:01.623456+0000", "age": 1, "state": "closed",
                "reason": "timeout", "alerted": true},
            "community_id": "1:LQU9qZlK+B5F3KDmev6m5PMibrg=",
            "tcp": {"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1b", "syn": true,
                "fin": true, "psh": true, "ack": true},
            "ether": {"src_mac": "02:00:00:00:00:01", "dest_mac": "02:00:00:00:00:02"},
        });
        assert_eq!(value, expected);

        let mut ping = fixture::flow();
        (ping.tuple.proto, ping.tuple.src_port, ping.tuple.dst_port) = (58, 128, 0);
        let value = event(|out| flow(out, &ping, false, None));
        assert_eq!(value["proto"], "IPv6-ICMP");
        assert_eq!((&value["icmp_type"], &value["icmp_code"]), (&json!(128), &json!(0)));
        assert!(value["src_port"].is_null() && value["tcp"].is_null());
    }

    #[test]
    fn anomaly_event_for_malformed_packets_only() {
        let mut out = Vec::new();
        anomaly(&mut out, &fixture::port_scan(), None);
        assert!(out.is_empty());
        let mut malformed = fixture::statistic("malformed", "x", Severity::Low);
        malformed.technique = "ipv4".into();
        let value = event(|out| anomaly(out, &malformed, None));
        assert_eq!(value["anomaly"], json!({"type": "decode", "event": "ipv4.malformed"}));
    }

    #[test]
    fn numbers_are_apart_and_names_are_suricatas() {
        let mut numbers: Vec<u32> = SIGNATURES.iter().map(|(_, number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), SIGNATURES.len());
        assert_eq!(signature_of("something-new").0, 9999);
        assert_eq!((protocol(17), protocol(253)), ("UDP".to_owned(), "253".to_owned()));
    }

    #[test]
    fn hostile_names_stay_values() {
        for name in fixture::hostile_names() {
            for record in fixture::Whole::hostile(&name).alerts {
                let value = event(|out| alert(out, &record, None));
                assert_eq!(value["alert"]["signature"], record.title);
            }
        }
    }
}
