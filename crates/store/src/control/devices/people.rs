//! What people say of devices.

use super::query::find;
use super::{DeviceChange, DeviceRow};
use crate::control::Control;
use crate::{Result, SourceId, StoreError};
use rusqlite::params;

/// Bytes of a name, an owner.
const NAME: usize = 200;
/// Bytes of notes.
const NOTES: usize = 16 << 10;
/// Tags of a device.
const TAGS: usize = 32;
/// Bytes of a tag.
const TAG: usize = 64;

impl Control {
    /// Changes what users say of it. Name and owner have at most 200 bytes, notes 16 KiB, and there
    /// are at most 32 tags of 64 bytes.
    pub fn change_device(
        &self,
        source: SourceId,
        id: &str,
        change: &DeviceChange,
    ) -> Result<DeviceRow> {
        check(change)?;
        self.db.write_small("changing a device", |tx| {
            let kept = find(tx, source, id)?.ok_or(StoreError::Missing("device"))?;
            let mut row = kept.row;
            let set = |to: &mut String, new: &Option<String>| {
                if let Some(new) = new {
                    new.clone_into(to);
                }
            };
            set(&mut row.name, &change.name);
            set(&mut row.owner, &change.owner);
            set(&mut row.notes, &change.notes);
            set(&mut row.status, &change.status);
            if let Some(tags) = &change.tags {
                tags.clone_into(&mut row.tags);
            }
            let tags = serde_json::to_string(&row.tags).unwrap_or_default();
            tx.execute(
                "UPDATE device SET name = ?2, owner = ?3, tags = ?4, notes = ?5, status = ?6
                 WHERE key = ?1",
                params![kept.key, row.name, row.owner, tags, row.notes, row.status],
            )?;
            Ok(row)
        })
    }
}

fn check(change: &DeviceChange) -> Result<()> {
    let long = |text: &Option<String>, max| text.as_ref().is_some_and(|t| t.len() > max);
    let tags = change.tags.as_deref().unwrap_or_default();
    let what = if long(&change.name, NAME) || long(&change.owner, NAME) {
        format!("name and owner of a device have at most {NAME} bytes")
    } else if long(&change.notes, NOTES) {
        format!("notes have at most {} KiB", NOTES >> 10)
    } else if tags.len() > TAGS || tags.iter().any(|t| t.is_empty() || t.len() > TAG) {
        format!("a device has at most {TAGS} tags of 1 to {TAG} bytes")
    } else if let Some(status) = &change.status
        && !["new", "known", "ignored"].contains(&status.as_str())
    {
        "the status of a device is `new`, `known` or `ignored`".to_owned()
    } else {
        return Ok(());
    };
    Err(StoreError::Invalid(what))
}
