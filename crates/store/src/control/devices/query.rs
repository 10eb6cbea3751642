//! Devices as rows, and lists of them.

use super::{DeviceQuery, DeviceRow, NewDevice};
use crate::control::limits::uint;
use crate::control::text::{text, text_or_none};
use crate::control::{Control, limits};
use crate::{Result, SourceId, StoreError};
use anomalyzer_wire::{Addr, Mac, Timestamp};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use std::fmt::Write;
use std::net::IpAddr;

/// Columns of [`device_of`], for a table `d`.
pub(super) const COLUMNS: &str = "d.key, d.source, d.id, d.mac, d.vendor, d.addresses, d.names, \
     d.services, d.learned, d.first, d.last, d.past_sent + d.run_sent, \
     d.past_received + d.run_received, d.past_flows + d.run_flows, d.name, d.owner, d.tags, \
     d.notes, d.status, d.run, d.run_sent, d.run_received, d.run_flows";

/// A device, with what only this module needs.
pub(super) struct Kept {
    /// The row's key.
    pub(super) key: i64,
    /// The run of the program that wrote it last.
    pub(super) run: i64,
    /// Bytes sent, bytes received and flows as the engine counted them in that run.
    pub(super) counts: [i64; 3],
    /// The device.
    pub(super) row: DeviceRow,
}

impl Control {
    /// Devices and how many there are in all. A text's words must each be in a name, an address,
    /// the vendor, a tag, the owner or the notes.
    pub fn devices(&self, query: &DeviceQuery) -> Result<(Vec<DeviceRow>, u64)> {
        let order = order(query)?;
        let mut condition = "d.source = ?1".to_owned();
        let mut values = vec![Value::Integer(query.source.0)];
        if let Some(status) = &query.status {
            condition.push_str(" AND d.status = ?2");
            values.push(Value::Text(status.clone()));
        }
        for word in limits::words(query.text.as_deref()) {
            values.push(Value::Text(word));
            // Writing to a string does not fail.
            let _ = write!(
                condition,
                " AND instr(lower(concat_ws(' ', d.id, d.vendor, d.addresses, d.names, d.name, \
                 d.owner, d.tags, d.notes)), ?{})",
                values.len()
            );
        }
        let limit = query.limit.clamp(1, limits::PAGE);
        self.db.read("reading devices", |db| {
            let sql = format!("SELECT count(*) FROM device d WHERE {condition}");
            let total: i64 =
                db.prepare_cached(&sql)?.query_row(params_from_iter(&values), |row| row.get(0))?;
            let sql = format!(
                "SELECT {COLUMNS} FROM device d WHERE {condition} ORDER BY {order} \
                 LIMIT {limit} OFFSET {}",
                query.offset.min(1 << 31)
            );
            let mut statement = db.prepare_cached(&sql)?;
            let rows = statement.query_map(params_from_iter(&values), device_of)?;
            let rows = rows.map(|kept| kept.map(|k| k.row)).collect::<rusqlite::Result<_>>()?;
            Ok((rows, uint(total)))
        })
    }

    /// One device by id.
    pub fn device(&self, source: SourceId, id: &str) -> Result<DeviceRow> {
        self.db.read("reading a device", |db| {
            let kept = find(db, source, id)?;
            Ok(kept.ok_or(StoreError::Missing("device"))?.row)
        })
    }

    /// The device that has this address, if any: of several that had it, the one that shows it as
    /// its latest, then the one seen last.
    pub fn device_at(&self, source: SourceId, addr: Addr) -> Result<Option<DeviceRow>> {
        self.db.read("looking a device up", |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM device_address x JOIN device d ON d.key = x.device
                 WHERE x.source = ?1 AND x.address = ?2
                 ORDER BY x.place = 0 DESC, d.last DESC, x.place, d.key LIMIT 1"
            );
            let mut query = db.prepare_cached(&sql)?;
            let found = query.query_row(params![source.0, addr.to_string()], device_of);
            Ok(found.optional()?.map(|kept| kept.row))
        })
    }

    /// Devices with status `new`.
    pub fn new_devices(&self, source: SourceId) -> Result<u64> {
        self.db.read("counting devices", |db| {
            let sql = "SELECT count(*) FROM device WHERE source = ?1 AND status = 'new'";
            let count = db.prepare_cached(sql)?.query_row([source.0], |row| row.get(0))?;
            Ok(uint(count))
        })
    }
}

/// The order of a list; what is equal is ordered by key, so that pages do not overlap.
fn order(query: &DeviceQuery) -> Result<String> {
    let by = match query.sort.as_str() {
        "" | "last" => "d.last",
        "first" => "d.first",
        "name" => {
            "lower(coalesce(nullif(d.name, ''), json_extract(d.names, '$[0][1]'), d.addresses))"
        }
        "address" => "d.address",
        "vendor" => "lower(d.vendor)",
        "bytes" => "d.past_sent + d.run_sent + d.past_received + d.run_received",
        other => {
            let what = format!(
                "devices are not sorted by `{}`; use last, first, name, address, vendor or bytes",
                other.escape_debug()
            );
            return Err(StoreError::Invalid(what));
        }
    };
    let way = if query.descending { "DESC" } else { "ASC" };
    Ok(format!("{by} {way} NULLS LAST, d.key {way}"))
}

/// A device by id, inside a transaction.
pub(super) fn find(db: &Connection, source: SourceId, id: &str) -> rusqlite::Result<Option<Kept>> {
    let sql = format!("SELECT {COLUMNS} FROM device d WHERE d.source = ?1 AND d.id = ?2");
    db.prepare_cached(&sql)?.query_row(params![source.0, id], device_of).optional()
}

fn device_of(row: &Row<'_>) -> rusqlite::Result<Kept> {
    let services: Vec<(u8, u16, String, i64)> =
        serde_json::from_str(&text(row, 7)?).unwrap_or_default();
    let device = NewDevice {
        id: text(row, 2)?,
        mac: text_or_none(row, 3)?.as_deref().and_then(mac_of),
        vendor: text_or_none(row, 4)?,
        addresses: addresses_of(&text(row, 5)?),
        names: serde_json::from_str(&text(row, 6)?).unwrap_or_default(),
        first: Timestamp::from_nanos(row.get(9)?),
        last: Timestamp::from_nanos(row.get(10)?),
        services: services
            .into_iter()
            .map(|(proto, port, app, last)| (proto, port, app, Timestamp::from_nanos(last)))
            .collect(),
        learned: text(row, 8)?,
        bytes: [uint(row.get(11)?), uint(row.get(12)?)],
        flows: uint(row.get(13)?),
    };
    let row_of = DeviceRow {
        source: SourceId(row.get(1)?),
        device,
        name: text(row, 14)?,
        owner: text(row, 15)?,
        tags: serde_json::from_str(&text(row, 16)?).unwrap_or_default(),
        notes: text(row, 17)?,
        status: text(row, 18)?,
    };
    let counts = [row.get(20)?, row.get(21)?, row.get(22)?];
    Ok(Kept { key: row.get(0)?, run: row.get(19)?, counts, row: row_of })
}

fn addresses_of(text: &str) -> Vec<Addr> {
    text.split_whitespace().filter_map(|a| a.parse::<IpAddr>().ok()).map(Addr::from).collect()
}

fn mac_of(text: &str) -> Option<Mac> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    Some(Mac(bytes))
}
