//! flows.csv: one row for each flow record; features.csv: its feature vector.

use super::sheet::Sheet;
use crate::names;
use anomalyzer_engine::FlowRecord;
use anomalyzer_engine::flow::{FlowNames, SideRecord};
use std::io;

const HEADER: [&str; 46] = [
    "flow_id",
    "community_id",
    "first",
    "last",
    "duration_s",
    "src_ip",
    "src_port",
    "dst_ip",
    "dst_port",
    "protocol",
    "app",
    "conn_state",
    "history",
    "end",
    "orig_packets",
    "orig_bytes",
    "orig_ip_bytes",
    "orig_payload",
    "orig_retransmissions",
    "orig_out_of_order",
    "orig_missed",
    "orig_ttl",
    "resp_packets",
    "resp_bytes",
    "resp_ip_bytes",
    "resp_payload",
    "resp_retransmissions",
    "resp_out_of_order",
    "resp_missed",
    "resp_ttl",
    "rtt_ms",
    "vlan",
    "tunnel",
    "src_mac",
    "dst_mac",
    "sni",
    "ja3",
    "ja4",
    "ja3s",
    "tls_version",
    "http_host",
    "http_target",
    "http_status",
    "user_agent",
    "dns_query",
    "resolved",
];

/// Writes flows.csv.
pub struct Flows<W: io::Write>(Sheet<W>);

impl<W: io::Write> Flows<W> {
    /// Begins the file.
    pub fn new(out: W) -> io::Result<Self> {
        Sheet::new(out, HEADER).map(Self)
    }

    /// Adds a flow.
    pub fn row(&mut self, flow: &FlowRecord) -> io::Result<()> {
        let sheet = &mut self.0;
        sheet.number(flow.id.0);
        sheet.plain(&flow.community_id());
        sheet.time(flow.first);
        sheet.time(flow.last);
        sheet.seconds(flow.last.since(flow.first));
        tuple(sheet, flow);
        sheet.plain(flow.app.name());
        sheet.plain(flow.conn_state.name());
        sheet.text(&flow.history);
        sheet.plain(flow.end.name());
        side(sheet, &flow.orig);
        side(sheet, &flow.resp);
        sheet.millis(flow.rtt_ns);
        sheet.number(flow.vlan);
        sheet.plain(flow.tunnel.map_or("", |tunnel| tunnel.kind.name()));
        sheet.mac(flow.src_mac);
        sheet.mac(flow.dst_mac);
        match &flow.names {
            Some(names) => flow_names(sheet, names),
            None => flow_names(sheet, &FlowNames::default()),
        }
        sheet.end()
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.0.finish()
    }
}

/// Writes features.csv.
pub struct Features<W: io::Write> {
    sheet: Sheet<W>,
    columns: usize,
}

impl<W: io::Write> Features<W> {
    /// Begins the file; `names` are those of the features, in the order of the records' vectors.
    pub fn new(out: W, names: &[&str]) -> io::Result<Self> {
        let who = ["flow_id", "src_ip", "src_port", "dst_ip", "dst_port", "protocol"];
        let sheet = Sheet::new(out, who.into_iter().chain(names.iter().copied()))?;
        Ok(Self { sheet, columns: names.len() })
    }

    /// Adds a flow. Features that are missing or not finite are empty cells.
    pub fn row(&mut self, flow: &FlowRecord) -> io::Result<()> {
        self.sheet.number(flow.id.0);
        tuple(&mut self.sheet, flow);
        let missing = std::iter::repeat(f64::NAN);
        for value in flow.features.vector().into_iter().chain(missing).take(self.columns) {
            self.sheet.float(value);
        }
        self.sheet.end()
    }

    /// Ends the file.
    pub fn finish(self) -> io::Result<()> {
        self.sheet.finish()
    }
}

fn tuple<W: io::Write>(sheet: &mut Sheet<W>, flow: &FlowRecord) {
    sheet.addr(Some(flow.tuple.src));
    sheet.number(flow.tuple.src_port);
    sheet.addr(Some(flow.tuple.dst));
    sheet.number(flow.tuple.dst_port);
    sheet.plain(&names::protocol(flow.tuple.proto));
}

fn side<W: io::Write>(sheet: &mut Sheet<W>, side: &SideRecord) {
    sheet.number(side.packets);
    sheet.number(side.bytes);
    sheet.number(side.ip_bytes);
    sheet.number(side.payload);
    sheet.number(side.retransmissions);
    sheet.number(side.out_of_order);
    sheet.number(side.missed);
    sheet.number(side.ttl);
}

fn flow_names<W: io::Write>(sheet: &mut Sheet<W>, names: &FlowNames) {
    sheet.hostile(names.sni.as_ref());
    for print in [&names.ja3, &names.ja4, &names.ja3s] {
        sheet.text(print.as_deref().unwrap_or(""));
    }
    if names.tls_version == 0 {
        sheet.plain("");
    } else {
        sheet.plain(&names::tls_version(names.tls_version));
    }
    sheet.hostile(names.http_host.as_ref());
    sheet.hostile(names.http_target.as_ref());
    if names.http_status == 0 {
        sheet.plain("");
    } else {
        sheet.number(names.http_status);
    }
    sheet.hostile(names.user_agent.as_ref());
    sheet.hostile(names.dns_query.as_ref());
    sheet.hostile(names.resolved.as_ref());
}
