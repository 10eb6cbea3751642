//! `flows`: flow records of the history, or sums over them.

use super::table::{Align, Table};
use super::{PAGE, failure, open, range};
use crate::cli::stored::{FlowOrder, Flows, Form, GroupBy as By};
use crate::commands::print;
use crate::failure::Failure;
use crate::terminal::Terminal;
use anomalyzer_engine::{FlowRecord, text};
use anomalyzer_report as report;
use anomalyzer_store::history::{FlowQuery, FlowSort, Group, GroupBy};
use anomalyzer_store::{Filter, SourceId, Store};
use anomalyzer_wire::HostileStr;
use std::fmt::Write as _;
use std::io::{self, Write};

/// Without --from, flows of the last hour.
const DEFAULT_FROM: &str = "-1h";

/// Asks and prints.
pub(in crate::commands) fn run(options: &Flows, terminal: &Terminal) -> Result<(), Failure> {
    let filter = parse(&options.filter.join(" "))?;
    let store = open(options.stored.data.as_ref())?;
    match options.by {
        Some(by) => groups(&store, options, &filter, by),
        None => rows(&store, options, filter, terminal),
    }
}

/// Reads a filter; a fault is shown under the text.
pub(super) fn parse(words: &str) -> Result<Filter, Failure> {
    Filter::parse(words).map_err(|error| {
        let before = words.get(..error.start).unwrap_or_default().chars().count();
        let wide = words.get(error.start..error.end).unwrap_or_default().chars().count().max(1);
        let mark = format!("{}{}", " ".repeat(before), "^".repeat(wide));
        Failure::usage(format!("the filter is not understood: {error}\n  {words}\n  {mark}"))
    })
}

fn rows(
    store: &Store,
    options: &Flows,
    filter: Filter,
    terminal: &Terminal,
) -> Result<(), Failure> {
    let wanted = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let mut query = FlowQuery {
        source: SourceId(options.stored.source),
        range: range(store, &options.stored, Some(DEFAULT_FROM))?,
        filter,
        sort: sort(options.sort),
        descending: !options.ascending,
        limit: wanted.min(PAGE),
        cursor: None,
    };
    let mut writer = Writer::new(options)?;
    let mut written = 0;
    loop {
        query.limit = (wanted - written).min(PAGE);
        let page = store.history().query(&query).map_err(|e| failure(&e))?;
        for flow in &page.rows {
            writer.flow(&flow.record)?;
        }
        written += page.rows.len();
        query.cursor = page.next;
        if query.cursor.is_none() || written >= wanted {
            break;
        }
    }
    writer.finish()?;
    if query.cursor.is_some() {
        terminal.note(&format!("the first {written}; --limit gives more"));
    }
    Ok(())
}

/// Where rows go.
enum Writer {
    People(Table),
    Json(Vec<u8>),
    Csv(Box<report::csv::Flows<io::Stdout>>),
}

impl Writer {
    fn new(options: &Flows) -> Result<Self, Failure> {
        if options.form.json {
            return Ok(Self::Json(Vec::new()));
        }
        if options.form.csv {
            let sheet = report::csv::Flows::new(io::stdout()).map_err(|e| failed(&e))?;
            return Ok(Self::Csv(Box::new(sheet)));
        }
        let (left, right) = (Align::Left, Align::Right);
        Ok(Self::People(Table::new(&[
            ("ENDED", left),
            ("SOURCE", left),
            ("DESTINATION", left),
            ("APP", left),
            ("STATE", left),
            ("DURATION", right),
            ("PACKETS", right),
            ("BYTES", right),
            ("NAME", left),
        ])))
    }

    fn flow(&mut self, flow: &FlowRecord) -> Result<(), Failure> {
        match self {
            Self::People(table) => table.row(cells(flow)),
            Self::Json(line) => {
                line.clear();
                report::ndjson::flow(line, flow, None);
                io::stdout().lock().write_all(line).map_err(|e| failed(&e))?;
            }
            Self::Csv(sheet) => sheet.row(flow).map_err(|e| failed(&e))?,
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Failure> {
        match self {
            Self::People(table) => print(&table.text(Terminal::table_width())),
            Self::Json(_) => io::stdout().flush().map_err(|e| failed(&e)),
            Self::Csv(sheet) => sheet.finish().map_err(|e| failed(&e)),
        }
    }
}

fn failed(error: &io::Error) -> Failure {
    Failure::writing("standard output", error)
}

fn cells(flow: &FlowRecord) -> Vec<String> {
    let tuple = &flow.tuple;
    let end = |addr, port| match tuple.proto {
        6 | 17 | 132 => format!("{addr} {port}"),
        _ => format!("{addr}"),
    };
    let names = flow.names.as_deref();
    let name = names.and_then(|n| {
        [&n.sni, &n.http_host, &n.dns_query, &n.resolved].into_iter().find_map(Option::as_ref)
    });
    let protocol = text::ip_protocol(tuple.proto);
    let app = match flow.app.name() {
        "unknown" => protocol.into_owned(),
        app => format!("{protocol}/{app}"),
    };
    vec![
        flow.last.to_string().replace('T', " ").chars().take(19).collect(),
        end(tuple.src, tuple.src_port),
        end(tuple.dst, tuple.dst_port),
        app,
        flow.conn_state.name().to_owned(),
        text::duration(flow.duration_s()),
        text::thousands(flow.orig.packets + flow.resp.packets),
        text::bytes(flow.orig.bytes + flow.resp.bytes),
        name.map(HostileStr::escaped).unwrap_or_default(),
    ]
}

fn groups(store: &Store, options: &Flows, filter: &Filter, by: By) -> Result<(), Failure> {
    let top = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let range = range(store, &options.stored, Some(DEFAULT_FROM))?;
    let source = SourceId(options.stored.source);
    let groups = store.history().groups(source, range, filter, group_by(by), top);
    let groups = groups.map_err(|e| failure(&e))?;
    let text = match options.form {
        Form { json: true, .. } => lines(&groups),
        Form { csv: true, .. } => sheet(&groups).map_err(|e| failed(&e))?,
        _ => people(&groups),
    };
    print(&text)
}

fn lines(groups: &[Group]) -> String {
    let mut text = String::new();
    for group in groups {
        let _ = writeln!(text, "{}", object(group));
    }
    text
}

fn sheet(groups: &[Group]) -> io::Result<String> {
    let mut out = Vec::new();
    let columns = ["key", "flows", "packets", "bytes", "bytes_orig", "peers"];
    let mut table = report::csv::Table::new(&mut out, &columns)?;
    for group in groups {
        let counts = [group.flows, group.packets, group.bytes, group.bytes_orig, group.peers];
        let counts = counts.map(|n| n.to_string());
        table.row(std::iter::once(group.key.as_str()).chain(counts.iter().map(String::as_str)))?;
    }
    table.finish()?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

fn object(group: &Group) -> serde_json::Value {
    serde_json::json!({
        "type": "group", "schema": 1, "key": group.key, "flows": group.flows,
        "packets": group.packets, "bytes": group.bytes, "bytes_orig": group.bytes_orig,
        "peers": group.peers,
    })
}

fn people(groups: &[Group]) -> String {
    let (left, right) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("FLOWS", right),
        ("PACKETS", right),
        ("BYTES", right),
        ("SENT", right),
        ("PEERS", right),
        ("WHAT", left),
    ]);
    for group in groups {
        table.row(vec![
            text::thousands(group.flows),
            text::thousands(group.packets),
            text::bytes(group.bytes),
            text::bytes(group.bytes_orig),
            text::thousands(group.peers),
            group.key.clone(),
        ]);
    }
    table.text(Terminal::table_width())
}

const fn sort(order: FlowOrder) -> FlowSort {
    match order {
        FlowOrder::Last => FlowSort::Last,
        FlowOrder::First => FlowSort::First,
        FlowOrder::Bytes => FlowSort::Bytes,
        FlowOrder::Packets => FlowSort::Packets,
        FlowOrder::Duration => FlowSort::Duration,
        FlowOrder::Src => FlowSort::Src,
        FlowOrder::Dst => FlowSort::Dst,
        FlowOrder::Dport => FlowSort::DstPort,
    }
}

const fn group_by(by: By) -> GroupBy {
    match by {
        By::Src => GroupBy::Src,
        By::Dst => GroupBy::Dst,
        By::Pair => GroupBy::Pair,
        By::Dport => GroupBy::DstPort,
        By::App => GroupBy::App,
        By::Proto => GroupBy::Proto,
        By::State => GroupBy::ConnState,
        By::Name => GroupBy::Name,
    }
}
