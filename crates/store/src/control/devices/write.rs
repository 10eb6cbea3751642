//! Devices as the engine knows them now, joined with what earlier runs knew.

use super::query::{Kept, find};
use super::{DeviceRow, NewDevice};
use crate::control::db::Step;
use crate::control::limits::{Counters, int, uint};
use crate::control::sources::check_source;
use crate::control::{Control, limits};
use crate::{Result, SourceId, StoreError};
use anomalyzer_wire::{Addr, Timestamp};
use rusqlite::{Transaction, params};

/// Bytes of an id, a vendor, a name.
const TEXT: usize = 256;
const ADDRESSES: usize = 16;
const NAMES: usize = 8;
const SERVICES: usize = 64;
/// Where counts stop, so that the sum of two is still a number: an exbibyte.
const COUNT_MAX: i64 = 1 << 60;
/// Devices thrown out at once, so that a flood of new ones does not search at each.
const EVICT: i64 = 64;

impl Control {
    /// Writes devices as they are now, in one transaction; returns those that are new or changed
    /// in more than counts and times.
    ///
    /// What earlier runs of the program knew stays: counts add up, and addresses, names and
    /// services that the engine does not name any more stand behind those that it does, as far as
    /// there is room. What was kept for an address alone is joined with the device whose hardware
    /// address turns out to have it. A source has at most 16,384 devices; the one not seen for longest, of which
    /// nobody said anything, makes room.
    pub fn put_devices(&self, source: SourceId, devices: &[NewDevice]) -> Result<Vec<DeviceRow>> {
        if devices.is_empty() {
            return Ok(Vec::new());
        }
        self.db.write("keeping devices", |tx| {
            check_source(tx, source)?;
            let sql = "SELECT count(*) FROM device WHERE source = ?1";
            let count: i64 = tx.prepare_cached(sql)?.query_row([source.0], |row| row.get(0))?;
            let mut room = limits::DEVICES - count;
            let mut changed = Vec::new();
            for device in devices {
                let Some(device) = self.shape_device(device) else { continue };
                if let Some(kept) = find(tx, source, &device.id)? {
                    changed.extend(self.known(tx, source, kept, device)?);
                    continue;
                }
                if room <= 0 {
                    room = self.evict_devices(tx, source)?;
                }
                if room <= 0 {
                    Counters::add(&self.counters.devices_refused, 1);
                    continue;
                }
                room -= 1;
                let id = device.id.clone();
                let row = self.insert(tx, source, device)?;
                let taken = self.take_in(tx, source, &row.device)?;
                changed.push(if taken { found(tx, source, &id)? } else { row });
            }
            Ok(changed)
        })
    }

    /// Writes a device that is known, after it took in what it was known as before.
    fn known(
        &self,
        tx: &Transaction<'_>,
        source: SourceId,
        kept: Kept,
        device: NewDevice,
    ) -> Step<Option<DeviceRow>> {
        let id = device.id.clone();
        if !self.take_in(tx, source, &device)? {
            return self.update(tx, kept, device);
        }
        let kept = find(tx, source, &id)?.ok_or(StoreError::Missing("device"))?;
        self.update(tx, kept, device)?;
        found(tx, source, &id).map(Some)
    }

    fn shape_device(&self, device: &NewDevice) -> Option<NewDevice> {
        if device.id.is_empty() || device.id.len() > TEXT {
            Counters::add(&self.counters.devices_refused, 1);
            return None;
        }
        let cut = |text: &str| self.counters.cut(text, TEXT).to_owned();
        let mut addresses: Vec<Addr> = Vec::new();
        join(&mut addresses, &device.addresses, ADDRESSES, |a, b| a == b);
        Some(NewDevice {
            vendor: device.vendor.as_deref().map(cut),
            addresses,
            names: device.names.iter().take(NAMES).map(|(a, b)| (cut(a), cut(b))).collect(),
            services: device
                .services
                .iter()
                .take(SERVICES)
                .map(|(proto, port, app, last)| (*proto, *port, cut(app), *last))
                .collect(),
            learned: cut(&device.learned),
            bytes: device.bytes.map(|n| n.min(uint(COUNT_MAX))),
            flows: device.flows.min(uint(COUNT_MAX)),
            ..device.clone()
        })
    }

    fn insert(&self, tx: &Transaction<'_>, source: SourceId, device: NewDevice) -> Step<DeviceRow> {
        let [sent, received, flows] = counts_of(&device);
        tx.prepare_cached(
            "INSERT INTO device (source, id, addresses, names, services, learned, first, last, run,
               run_sent, run_received, run_flows)
             VALUES (?1, ?2, '', '[]', '[]', '', 0, 0, ?3, ?4, ?5, ?6)",
        )?
        .execute(params![source.0, device.id, self.run, sent, received, flows])?;
        let key = tx.last_insert_rowid();
        write(tx, key, &device)?;
        write_addresses(tx, source, key, &device.addresses)?;
        let status = "new".to_owned();
        Ok(DeviceRow { source, device, status, ..DeviceRow::default() })
    }

    /// Writes a device that is known; answers it when more than counts and times changed.
    fn update(&self, tx: &Transaction<'_>, kept: Kept, new: NewDevice) -> Step<Option<DeviceRow>> {
        let Kept { key, run, counts, row: old } = kept;
        let now = counts_of(&new);
        // Counts that fall were begun anew: by a new run, or because the engine forgot the device.
        let anew = run != self.run || now.iter().zip(counts).any(|(new, old)| *new < old);
        let before = counts_of(&old.device);
        let past: [i64; 3] = std::array::from_fn(|n| {
            let past = before[n] - counts[n];
            if anew { (past + counts[n]).min(COUNT_MAX) } else { past }
        });
        let total = |n: usize| uint(past[n] + now[n]);
        let mut device = joined(&old.device, new);
        device.bytes = [total(0), total(1)];
        device.flows = total(2);
        if device == old.device && !anew {
            return Ok(None);
        }
        tx.prepare_cached(
            "UPDATE device SET run = ?2, run_sent = ?3, run_received = ?4, run_flows = ?5,
               past_sent = ?6, past_received = ?7, past_flows = ?8 WHERE key = ?1",
        )?
        .execute(params![key, self.run, now[0], now[1], now[2], past[0], past[1], past[2]])?;
        write(tx, key, &device)?;
        if device.addresses != old.device.addresses {
            write_addresses(tx, old.source, key, &device.addresses)?;
        }
        let news = substance(&device) != substance(&old.device);
        Ok(news.then_some(DeviceRow { device, ..old }))
    }

    fn evict_devices(&self, tx: &Transaction<'_>, source: SourceId) -> Step<i64> {
        let evicted = tx.execute(
            "DELETE FROM device WHERE key IN
               (SELECT key FROM device WHERE source = ?1 AND name = '' AND owner = ''
                  AND tags = '[]' AND notes = '' AND status = 'new' ORDER BY last LIMIT ?2)",
            [source.0, EVICT],
        )?;
        Counters::add(&self.counters.devices_evicted, evicted as u64);
        Ok(int(evicted as u64))
    }
}

fn found(tx: &Transaction<'_>, source: SourceId, id: &str) -> Step<DeviceRow> {
    Ok(find(tx, source, id)?.ok_or(StoreError::Missing("device"))?.row)
}

/// Bytes sent, bytes received and flows.
fn counts_of(device: &NewDevice) -> [i64; 3] {
    [device.bytes[0], device.bytes[1], device.flows].map(|n| int(n).min(2 * COUNT_MAX))
}

/// What the engine knows now, with what it does not know any more behind it.
pub(super) fn joined(old: &NewDevice, new: NewDevice) -> NewDevice {
    let mut all = new;
    join(&mut all.addresses, &old.addresses, ADDRESSES, |a, b| a == b);
    // Of one origin the latest names count.
    join(&mut all.names, &old.names, NAMES, |a, b| a == b);
    join(&mut all.services, &old.services, SERVICES, |a, b| (a.0, a.1) == (b.0, b.1));
    all.mac = all.mac.or(old.mac);
    all.vendor = all.vendor.take().or_else(|| old.vendor.clone());
    all.first = all.first.min(old.first);
    all.last = all.last.max(old.last);
    all
}

/// Puts what is not there yet behind, as far as there is room.
fn join<T: Clone>(all: &mut Vec<T>, more: &[T], max: usize, same: impl Fn(&T, &T) -> bool) {
    for one in more {
        if all.len() >= max {
            return;
        }
        if !all.iter().any(|a| same(a, one)) {
            all.push(one.clone());
        }
    }
}

/// What of a device is worth telling when it changes: neither counts nor times nor the order.
fn substance(device: &NewDevice) -> impl PartialEq + use<> {
    let mut addresses = device.addresses.clone();
    addresses.sort_unstable();
    let mut names = device.names.clone();
    names.sort_unstable();
    let mut services: Vec<_> =
        device.services.iter().map(|(proto, port, app, _)| (*proto, *port, app.clone())).collect();
    services.sort_unstable();
    (device.mac, device.vendor.clone(), device.learned.clone(), addresses, names, services)
}

/// Writes what the engine knows of a device, but its counts.
pub(super) fn write(tx: &Transaction<'_>, key: i64, device: &NewDevice) -> Step<()> {
    let services: Vec<_> = device
        .services
        .iter()
        .map(|(proto, port, app, last)| (proto, port, app, Timestamp::nanos(*last)))
        .collect();
    let addresses: Vec<String> = device.addresses.iter().map(Addr::to_string).collect();
    tx.prepare_cached(
        "UPDATE device SET mac = ?2, vendor = ?3, addresses = ?4, address = ?5, names = ?6,
           services = ?7, learned = ?8, first = ?9, last = ?10 WHERE key = ?1",
    )?
    .execute(params![
        key,
        device.mac.map(|m| m.to_string()),
        device.vendor,
        addresses.join(" "),
        device.addresses.first().map(|a| a.to_bits().to_be_bytes()),
        serde_json::to_string(&device.names).unwrap_or_default(),
        serde_json::to_string(&services).unwrap_or_default(),
        device.learned,
        device.first.nanos(),
        device.last.nanos(),
    ])?;
    Ok(())
}

fn write_addresses(
    tx: &Transaction<'_>,
    source: SourceId,
    key: i64,
    addresses: &[Addr],
) -> Step<()> {
    tx.prepare_cached("DELETE FROM device_address WHERE device = ?1")?.execute([key])?;
    let mut insert = tx.prepare_cached(
        "INSERT OR IGNORE INTO device_address (source, address, device, place)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    for (place, address) in (0_i64..).zip(addresses) {
        insert.execute(params![source.0, address.to_string(), key, place])?;
    }
    Ok(())
}
