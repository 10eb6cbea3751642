//! What users said of flows: attack or not, with what a model sees of each.

use super::{LabelRow, NewLabel};
use crate::control::limits::uint;
use crate::control::sources::check_source;
use crate::control::text::text;
use crate::control::{Control, limits};
use crate::{Result, SourceId, StoreError};
use rusqlite::params;

/// Bytes of a flow's key, and of a kind.
const NAME: usize = 128;
/// Values of a vector.
const VALUES: usize = 1_024;

impl Control {
    /// Keeps labels of flows; what was said before of the same flow is replaced. At most 100,000,
    /// of which the oldest go. How many were kept.
    pub fn put_labels(
        &self,
        source: SourceId,
        labels: &[NewLabel],
        actor: &str,
        now: i64,
    ) -> Result<u64> {
        for label in labels {
            let named = !label.flow.is_empty() && label.flow.len() <= NAME;
            if !named || label.kind.len() > NAME || label.vector.len() > VALUES {
                return Err(StoreError::Invalid(format!(
                    "a label needs the key of a flow and at most {VALUES} values"
                )));
            }
        }
        self.db.write("keeping labels", |tx| {
            check_source(tx, source)?;
            let mut insert = tx.prepare_cached(
                "INSERT OR REPLACE INTO label (source, flow, attack, kind, at, actor, vector)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?;
            for label in labels {
                let vector = bytes(&label.vector);
                insert.execute(params![
                    source.0,
                    label.flow,
                    label.attack,
                    label.kind,
                    now,
                    actor,
                    vector
                ])?;
            }
            tx.execute(
                "DELETE FROM label WHERE id IN
                   (SELECT id FROM label ORDER BY id DESC LIMIT -1 OFFSET ?1)",
                [limits::LABELS],
            )?;
            Ok(labels.len() as u64)
        })
    }

    /// How many flows were called attacks, and how many normal.
    pub fn label_counts(&self) -> Result<(u64, u64)> {
        self.db.read("counting labels", |db| {
            let sql = "SELECT coalesce(sum(attack), 0), coalesce(sum(NOT attack), 0) FROM label";
            let mut query = db.prepare_cached(sql)?;
            Ok(query.query_row([], |row| Ok((uint(row.get(0)?), uint(row.get(1)?))))?)
        })
    }

    /// All labels, in the order in which they were given.
    pub fn labels(&self) -> Result<Vec<LabelRow>> {
        self.db.read("reading labels", |db| {
            let mut query =
                db.prepare_cached("SELECT attack, kind, vector FROM label ORDER BY id")?;
            let rows = query.query_map([], |row| {
                let vector: Vec<u8> = row.get(2)?;
                Ok(LabelRow { attack: row.get(0)?, kind: text(row, 1)?, vector: values(&vector) })
            })?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }
}

fn bytes(vector: &[f32]) -> Vec<u8> {
    vector.iter().flat_map(|value| value.to_le_bytes()).collect()
}

fn values(bytes: &[u8]) -> Vec<f32> {
    let (values, _) = bytes.as_chunks::<4>();
    values.iter().map(|value| f32::from_le_bytes(*value)).collect()
}
