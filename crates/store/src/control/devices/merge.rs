//! A device that was known by its address, until its hardware address was seen: two rows become one.

use super::query::{Kept, find};
use super::write::{joined, write};
use super::{DeviceRow, NewDevice};
use crate::SourceId;
use crate::control::Control;
use crate::control::db::Step;
use rusqlite::{Transaction, params};

/// Bytes of notes that are put together.
const NOTES: usize = 16 << 10;
/// Tags that are put together.
const TAGS: usize = 32;

impl Control {
    /// Takes the rows in that were kept for addresses which the engine now gives to a device with
    /// a hardware address. An address has one owner, so the row is nobody else's. True when there
    /// was one.
    pub(super) fn take_in(
        &self,
        tx: &Transaction<'_>,
        source: SourceId,
        device: &NewDevice,
    ) -> Step<bool> {
        if device.mac.is_none() {
            return Ok(false);
        }
        let mut taken = false;
        for address in &device.addresses {
            let id = format!("ip:{address}");
            let Some(old) = find(tx, source, &id)?.filter(|_| id != device.id) else { continue };
            let Some(kept) = find(tx, source, &device.id)? else { continue };
            self.merge(tx, &kept, &old)?;
            taken = true;
        }
        Ok(taken)
    }

    fn merge(&self, tx: &Transaction<'_>, kept: &Kept, old: &Kept) -> Step<()> {
        // What the engine counted in this run it has added up itself.
        let of = |row: &DeviceRow| {
            [row.device.bytes[0], row.device.bytes[1], row.device.flows]
                .map(|n| i64::try_from(n).unwrap_or(i64::MAX))
        };
        let counted = if old.run == self.run { old.counts } else { [0; 3] };
        let all = of(&old.row);
        let more: [i64; 3] = std::array::from_fn(|n| all[n].saturating_sub(counted[n]).max(0));
        let said = said(&kept.row, &old.row);
        tx.execute("DELETE FROM device WHERE key = ?1", [old.key])?;
        tx.execute(
            "UPDATE device SET past_sent = min(past_sent + ?2, 1 << 60),
               past_received = min(past_received + ?3, 1 << 60),
               past_flows = min(past_flows + ?4, 1 << 60),
               name = ?5, owner = ?6, tags = ?7, notes = ?8, status = ?9 WHERE key = ?1",
            params![
                kept.key,
                more[0],
                more[1],
                more[2],
                said.name,
                said.owner,
                serde_json::to_string(&said.tags).unwrap_or_default(),
                said.notes,
                said.status,
            ],
        )?;
        let device = joined(&old.row.device, kept.row.device.clone());
        write(tx, kept.key, &device)
    }
}

/// What people said of either: of names and states that of the device, of tags and notes both.
fn said(kept: &DeviceRow, old: &DeviceRow) -> DeviceRow {
    let first = |a: &str, b: &str| if a.is_empty() { b.to_owned() } else { a.to_owned() };
    let mut tags = kept.tags.clone();
    tags.extend(old.tags.iter().filter(|tag| !kept.tags.contains(tag)).cloned());
    tags.truncate(TAGS);
    let both = format!("{}\n{}", kept.notes, old.notes);
    let alike = kept.notes.is_empty() || old.notes.is_empty() || kept.notes == old.notes;
    let notes = if alike || both.len() > NOTES { first(&kept.notes, &old.notes) } else { both };
    let status = if kept.status == "new" { &old.status } else { &kept.status };
    DeviceRow {
        name: first(&kept.name, &old.name),
        owner: first(&kept.owner, &old.owner),
        tags,
        notes,
        status: status.clone(),
        ..DeviceRow::default()
    }
}
