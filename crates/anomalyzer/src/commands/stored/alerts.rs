//! `alerts`: what the store holds of them, or one explained.

use super::table::{Align, Table};
use super::{PAGE, failure, open, range, states};
use crate::cli::stored::Alerts;
use crate::commands::print;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::words;
use anomalyzer_engine::text;
use anomalyzer_store::control::{AlertQuery, AlertRow};
use anomalyzer_store::{SourceId, Store};
use anomalyzer_web::records;
use anomalyzer_wire::Addr;
use std::fmt::Write as _;

/// Asks and prints.
pub(in crate::commands) fn run(options: &Alerts, terminal: &Terminal) -> Result<(), Failure> {
    let store = open(options.stored.data.as_ref())?;
    if let Some(id) = &options.id {
        return one(&store, options, id);
    }
    let (rows, more) = rows(&store, options)?;
    if options.json {
        return print(&rows.iter().map(|row| records::alert(row) + "\n").collect::<String>());
    }
    print(&people(&rows))?;
    if more > 0 {
        terminal.note(&format!("and {} more; --limit shows them", text::thousands(more)));
    }
    Ok(())
}

fn rows(store: &Store, options: &Alerts) -> Result<(Vec<AlertRow>, u64), Failure> {
    let query = query(store, options)?;
    let wanted = usize::try_from(options.limit).unwrap_or(usize::MAX);
    all(store, query, wanted)
}

/// Alerts of a query, at most `wanted`, and how many more there are.
pub(super) fn all(
    store: &Store,
    mut query: AlertQuery,
    wanted: usize,
) -> Result<(Vec<AlertRow>, u64), Failure> {
    let mut rows = Vec::new();
    loop {
        query.limit = (wanted - rows.len()).min(PAGE);
        let page = store.control().alerts(&query).map_err(|e| failure(&e))?;
        rows.extend(page.rows);
        query.cursor = page.next;
        if query.cursor.is_none() || rows.len() >= wanted {
            let more = page.total.saturating_sub(rows.len() as u64);
            return Ok((rows, more));
        }
    }
}

fn query(store: &Store, options: &Alerts) -> Result<AlertQuery, Failure> {
    let address = options.address.as_deref().map(|text| {
        let parsed: Result<std::net::IpAddr, _> = text.parse();
        parsed.map(Addr::from).map_err(|_| Failure::usage(format!("--address {text}: no address")))
    });
    let bounded = options.stored.from.is_some() || options.stored.to.is_some();
    Ok(AlertQuery {
        source: Some(SourceId(options.stored.source)),
        range: bounded.then(|| range(store, &options.stored, None)).transpose()?,
        states: states(&options.state),
        severity: options.severity,
        detector: options.detector.clone(),
        address: address.transpose()?,
        text: options.text.clone(),
        incident: None,
        suppressed: options.suppressed,
        limit: PAGE,
        cursor: None,
    })
}

fn people(rows: &[AlertRow]) -> String {
    if rows.is_empty() {
        return "No alerts.\n".to_owned();
    }
    let (left, right) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("ID", left),
        ("LAST", left),
        ("SEVERITY", left),
        ("STATE", left),
        ("COUNT", right),
        ("WHAT", left),
    ]);
    for row in rows {
        table.row(vec![
            row.alert.id.clone(),
            row.alert.last.to_string().replace('T', " ").chars().take(19).collect(),
            row.alert.severity.name().to_owned(),
            records::state(row.state).to_owned(),
            text::thousands(row.alert.count),
            row.alert.title.clone(),
        ]);
    }
    table.text(Terminal::table_width())
}

fn one(store: &Store, options: &Alerts, id: &str) -> Result<(), Failure> {
    let source = SourceId(options.stored.source);
    let row = store.control().alert(source, id).map_err(|e| failure(&e))?;
    if options.json {
        return print(&(records::alert(&row) + "\n"));
    }
    let story = store.control().alert_story(source, id).map_err(|e| failure(&e))?;
    let mut page = page(&row);
    for step in story {
        let at = anomalyzer_wire::Timestamp::from_secs_nanos(step.at, 0);
        let _ = writeln!(page, "  {at}  {}: {}", step.actor, step.what);
    }
    print(&page)
}

fn page(row: &AlertRow) -> String {
    let alert = &row.alert;
    let record: serde_json::Value = serde_json::from_str(&alert.record).unwrap_or_default();
    let width = Terminal::width().saturating_sub(2);
    let mut page = format!("{}\n\n", alert.title);
    let _ = writeln!(
        page,
        "  {} · {} {} · {} · {} to {}\n",
        alert.severity.name(),
        alert.detector,
        alert.technique,
        records::state(row.state),
        alert.first,
        alert.last
    );
    for key in ["explanation", "advice"] {
        for line in words::wrap(record[key].as_str().unwrap_or_default(), width) {
            let _ = writeln!(page, "  {line}");
        }
        page.push('\n');
    }
    let evidence = record["evidence"].as_object();
    for (name, value) in evidence.into_iter().flatten() {
        let mut line = format!("  {name:24} {}", value["value"]);
        for (key, label) in
            [("threshold", "threshold"), ("mean", "usual"), ("z", "z"), ("window_s", "seconds")]
        {
            if let Some(number) = value.get(key) {
                let _ = write!(line, "  {label} {number}");
            }
        }
        let _ = writeln!(page, "{line}");
    }
    if !row.note.is_empty() {
        let _ = writeln!(page, "\n  Note: {}", row.note);
    }
    page
}
