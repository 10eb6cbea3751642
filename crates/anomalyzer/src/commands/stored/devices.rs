//! `devices`: what is known of the hosts of the site.

use super::table::{Align, Table};
use super::{PAGE, failure, open};
use crate::cli::stored::{DeviceOrder, DeviceStatus, Devices};
use crate::commands::print;
use crate::failure::Failure;
use crate::terminal::Terminal;
use anomalyzer_engine::text;
use anomalyzer_store::control::{DeviceQuery, DeviceRow};
use anomalyzer_store::{SourceId, Store};
use anomalyzer_web::records;

/// Asks and prints.
pub(in crate::commands) fn run(options: &Devices, terminal: &Terminal) -> Result<(), Failure> {
    let store = open(options.data.as_ref())?;
    let wanted = usize::try_from(options.limit).unwrap_or(usize::MAX);
    let (rows, total) = all(&store, query(options), wanted)?;
    if options.json {
        return print(&rows.iter().map(|row| records::device(row) + "\n").collect::<String>());
    }
    print(&people(&rows))?;
    if total > rows.len() as u64 {
        terminal.note(&format!("{} of {total}; --limit shows more", rows.len()));
    }
    Ok(())
}

/// Devices of a query, at most `wanted`, and how many there are in all.
pub(super) fn all(
    store: &Store,
    mut query: DeviceQuery,
    wanted: usize,
) -> Result<(Vec<DeviceRow>, u64), Failure> {
    let mut rows = Vec::new();
    loop {
        query.limit = (wanted - rows.len()).min(PAGE);
        query.offset = rows.len();
        let (page, total) = store.control().devices(&query).map_err(|e| failure(&e))?;
        let last = page.len() < query.limit;
        rows.extend(page);
        if last || rows.len() >= wanted {
            return Ok((rows, total));
        }
    }
}

fn query(options: &Devices) -> DeviceQuery {
    let (sort, descending) = match options.sort {
        DeviceOrder::Last => ("last", true),
        DeviceOrder::First => ("first", true),
        DeviceOrder::Name => ("name", false),
        DeviceOrder::Address => ("address", false),
        DeviceOrder::Vendor => ("vendor", false),
        DeviceOrder::Bytes => ("bytes", true),
    };
    let status = options.status.map(|status| match status {
        DeviceStatus::New => "new",
        DeviceStatus::Known => "known",
        DeviceStatus::Ignored => "ignored",
    });
    let words = options.text.join(" ");
    DeviceQuery {
        source: SourceId(options.source),
        text: (!words.is_empty()).then_some(words),
        status: status.map(str::to_owned),
        sort: sort.to_owned(),
        descending,
        limit: PAGE,
        offset: 0,
    }
}

fn people(rows: &[DeviceRow]) -> String {
    if rows.is_empty() {
        return "No devices.\n".to_owned();
    }
    let (left, right) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("ADDRESS", left),
        ("MAC", left),
        ("LAST", left),
        ("STATUS", left),
        ("SENT", right),
        ("RECEIVED", right),
        ("VENDOR", left),
        ("NAME", left),
    ]);
    for row in rows {
        let device = &row.device;
        let [sent, received] = device.bytes;
        let own = device.names.first().map(|(_, name)| name.clone());
        let name = if row.name.is_empty() { own.unwrap_or_default() } else { row.name.clone() };
        table.row(vec![
            device.addresses.first().map(ToString::to_string).unwrap_or_default(),
            device.mac.map(|mac| mac.to_string()).unwrap_or_default(),
            device.last.to_string().replace('T', " ").chars().take(19).collect(),
            row.status.clone(),
            text::bytes(sent),
            text::bytes(received),
            device.vendor.clone().unwrap_or_default().chars().take(24).collect(),
            name,
        ]);
    }
    table.text(Terminal::table_width())
}
