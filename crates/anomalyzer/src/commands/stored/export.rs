//! `store export`: flows, alerts or devices as a file.

use super::flows::parse;
use super::{alerts, devices, failure, open, range};
use crate::cli::stored::{Export, Format, What};
use crate::failure::Failure;
use anomalyzer_engine::{FlowRecord, Severity};
use anomalyzer_report as report;
use anomalyzer_store::control::{AlertQuery, DeviceQuery};
use anomalyzer_store::{SourceId, Store};
use anomalyzer_web::records::{self, ALERT_COLUMNS, DEVICE_COLUMNS};
use std::fs::File;
use std::io::{self, BufWriter, Write};

/// Bytes that are written at a time.
const BUFFER: usize = 256 << 10;

/// Writes the file.
pub(super) fn run(options: &Export) -> Result<(), Failure> {
    if matches!((options.what, options.format), (What::Devices, Format::Eve)) {
        return Err(Failure::usage("EVE has no events about devices: write ndjson or csv"));
    }
    let store = open(options.stored.data.as_ref())?;
    let name = options.output.display().to_string();
    let mut out = output(options)?;
    let written = match options.what {
        What::Flows => flows(&store, options, &mut out)?,
        What::Alerts => alert_rows(&store, options, &mut out)?,
        What::Devices => device_rows(&store, options, &mut out)?,
    };
    written.and_then(|()| out.flush()).map_err(|e| Failure::writing(&name, &e))
}

fn output(options: &Export) -> Result<Box<dyn Write>, Failure> {
    if options.output.as_os_str() == crate::input::STDIN {
        return Ok(Box::new(BufWriter::with_capacity(BUFFER, io::stdout())));
    }
    let name = options.output.display().to_string();
    let file = File::create(&options.output).map_err(|e| Failure::writing(&name, &e))?;
    Ok(Box::new(BufWriter::with_capacity(BUFFER, file)))
}

type Written = Result<io::Result<()>, Failure>;

fn flows(store: &Store, options: &Export, out: &mut dyn Write) -> Written {
    let filter = parse(options.filter.as_deref().unwrap_or_default())?;
    let range = range(store, &options.stored, None)?;
    let source = SourceId(options.stored.source);
    let each = |write: &mut dyn FnMut(&FlowRecord) -> io::Result<()>| -> Written {
        let mut result = Ok(());
        let scanned = store.history().scan(source, range, &filter, &mut |flow| {
            result = write(&flow.record);
            result.is_ok()
        });
        scanned.map_err(|e| failure(&e))?;
        Ok(result)
    };
    let mut line = Vec::with_capacity(1_024);
    match options.format {
        Format::Csv => match report::csv::Flows::new(out) {
            Ok(mut sheet) => {
                let rows = each(&mut |flow| sheet.row(flow))?;
                Ok(rows.and_then(|()| sheet.finish()))
            }
            Err(error) => Ok(Err(error)),
        },
        Format::Ndjson => each(&mut |flow| {
            line.clear();
            report::ndjson::flow(&mut line, flow, None);
            out.write_all(&line)
        }),
        Format::Eve => each(&mut |flow| {
            line.clear();
            report::eve::flow(&mut line, flow, false, None);
            out.write_all(&line)
        }),
    }
}

fn alert_rows(store: &Store, options: &Export, out: &mut dyn Write) -> Written {
    let bounded = options.stored.from.is_some() || options.stored.to.is_some();
    let query = AlertQuery {
        source: Some(SourceId(options.stored.source)),
        range: bounded.then(|| range(store, &options.stored, None)).transpose()?,
        states: Vec::new(),
        severity: Severity::Info,
        detector: None,
        address: None,
        text: None,
        incident: None,
        suppressed: true,
        limit: super::PAGE,
        cursor: None,
    };
    let (rows, _) = alerts::all(store, query, usize::MAX)?;
    Ok(match options.format {
        Format::Csv => sheet(out, &ALERT_COLUMNS, rows.iter().map(records::alert)),
        Format::Ndjson => lines(out, rows.iter().map(records::alert)),
        Format::Eve => {
            let mut text = Vec::new();
            for row in &rows {
                records::alert_eve(&mut text, row);
            }
            out.write_all(&text)
        }
    })
}

fn device_rows(store: &Store, options: &Export, out: &mut dyn Write) -> Written {
    let query = DeviceQuery {
        source: SourceId(options.stored.source),
        sort: "first".into(),
        ..DeviceQuery::default()
    };
    let (rows, _) = devices::all(store, query, usize::MAX)?;
    let records = rows.iter().map(records::device);
    Ok(match options.format {
        Format::Csv => sheet(out, &DEVICE_COLUMNS, records),
        _ => lines(out, records),
    })
}

fn sheet(
    out: &mut dyn Write,
    columns: &[&str],
    mut records: impl Iterator<Item = String>,
) -> io::Result<()> {
    let mut sheet = records::Sheet::new(out, columns)?;
    records.try_for_each(|record| sheet.record(&record))?;
    sheet.finish()
}

fn lines(out: &mut dyn Write, mut records: impl Iterator<Item = String>) -> io::Result<()> {
    records.try_for_each(|record| writeln!(out, "{record}"))
}
