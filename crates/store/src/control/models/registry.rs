//! The registry: candidates, the active model of each schema, and the way back.

use super::{ModelOrigin, ModelRow, ModelState, NewModel};
use crate::control::db::Step;
use crate::control::limits::{int, uint};
use crate::control::text::{text, text_or_none};
use crate::control::{Control, limits};
use crate::{Result, StoreError};
use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// Columns of [`model_of`], for a table `m`.
const COLUMNS: &str = "m.id, m.schema, m.kind, m.origin, m.created, m.actor, m.rows, m.digest, \
     m.threshold, m.state, m.before, m.metrics, m.card";
/// Bytes of an id, a schema, a kind, an actor, a digest.
const NAME: usize = 128;
/// Models that the site's traffic made, beside the active one; older ones go.
const SITE_KEPT: i64 = 3;

impl Control {
    /// Keeps a model as a candidate. One that is there already is a conflict. At most 64 models of
    /// 16 MiB; of those that the site's own traffic made, the latest stay.
    pub fn add_model(&self, model: &NewModel, now: i64) -> Result<ModelRow> {
        self.check_model(model)?;
        self.db.write("keeping a model", |tx| {
            if find(tx, &model.id)?.is_some() {
                return Err(StoreError::Conflict("this model is there already").into());
            }
            if model.origin == ModelOrigin::Site {
                forget_site(tx, &model.schema)?;
            }
            let count: i64 = tx.query_row("SELECT count(*) FROM model", [], |row| row.get(0))?;
            if count >= limits::MODELS {
                let what = format!("there are {count} models; remove some first");
                return Err(self.counters.refuse(what).into());
            }
            insert(tx, model, now)?;
            known(tx, &model.id)
        })
    }

    /// All models, the latest first.
    pub fn models(&self) -> Result<Vec<ModelRow>> {
        self.db.read("reading models", |db| {
            let sql = format!("SELECT {COLUMNS} FROM model m ORDER BY m.key DESC");
            let mut query = db.prepare_cached(&sql)?;
            let rows = query.query_map([], model_of)?;
            Ok(rows.collect::<rusqlite::Result<_>>()?)
        })
    }

    /// A model by id.
    pub fn model(&self, id: &str) -> Result<ModelRow> {
        self.db.read("reading a model", |db| known(db, id))
    }

    /// The model that is in use for a schema.
    pub fn active_model(&self, schema: &str) -> Result<Option<ModelRow>> {
        self.db.read("reading a model", |db| active(db, schema))
    }

    /// The file of a model.
    pub fn model_file(&self, id: &str) -> Result<Vec<u8>> {
        self.db.read("reading a model", |db| {
            let sql = "SELECT f.file FROM model m JOIN model_file f ON f.model = m.key
                       WHERE m.id = ?1";
            let file = db.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            Ok(file.ok_or(StoreError::Missing("model"))?)
        })
    }

    /// The records that were held out when a model was trained, if any were kept.
    pub fn model_held(&self, id: &str) -> Result<Option<Vec<u8>>> {
        self.db.read("reading a model", |db| {
            let sql = "SELECT f.held FROM model m JOIN model_file f ON f.model = m.key
                       WHERE m.id = ?1";
            let held = db.prepare_cached(sql)?.query_row([id], |row| row.get(0)).optional()?;
            Ok(held.ok_or(StoreError::Missing("model"))?)
        })
    }

    /// Puts a model to use; the one that was in use is remembered for [`Self::roll_back_model`].
    pub fn promote_model(&self, id: &str) -> Result<ModelRow> {
        self.db.write_small("promoting a model", |tx| {
            let model = known(tx, id)?;
            if model.state == ModelState::Active {
                return Err(StoreError::Conflict("this model is in use already").into());
            }
            let before = active(tx, &model.schema)?.map(|row| row.id);
            activate(tx, &model, before.as_deref())?;
            known(tx, id)
        })
    }

    /// Puts the model back to use that was in use before the present one.
    pub fn roll_back_model(&self, schema: &str) -> Result<ModelRow> {
        self.db.write_small("going back to a model", |tx| {
            let now = active(tx, schema)?.ok_or(StoreError::Missing("active model"))?;
            let before = match &now.before {
                Some(id) => find(tx, id)?,
                None => None,
            };
            let before = before.ok_or(StoreError::Conflict(
                "no model was in use before this one, or it was removed",
            ))?;
            // Its own way back stays what it was.
            activate(tx, &before, before.before.as_deref())?;
            known(tx, &before.id)
        })
    }

    /// Removes a model that is not in use.
    pub fn remove_model(&self, id: &str) -> Result<()> {
        self.db.write_small("removing a model", |tx| {
            if known(tx, id)?.state == ModelState::Active {
                let what = "this model is in use; promote another one first";
                return Err(StoreError::Conflict(what).into());
            }
            tx.execute("DELETE FROM model WHERE id = ?1", [id])?;
            Ok(())
        })
    }

    fn check_model(&self, model: &NewModel) -> Result<()> {
        let names = [&model.id, &model.schema, &model.kind, &model.actor, &model.digest];
        let named = !model.id.is_empty() && !model.schema.is_empty();
        if !named || names.iter().any(|name| name.len() > NAME) {
            return Err(StoreError::Invalid(format!("names of a model have 1 to {NAME} bytes")));
        }
        let held = model.held.as_ref().map_or(0, Vec::len);
        let texts = model.metrics.len().max(model.card.len());
        if model.file.len().max(held) > limits::MODEL || texts > limits::RECORD {
            let bytes = model.file.len();
            let what = format!("a model of {bytes} bytes is too large: at most 16 MiB fit");
            return Err(self.counters.refuse(what));
        }
        Ok(())
    }
}

fn insert(tx: &Transaction<'_>, model: &NewModel, now: i64) -> Step<()> {
    tx.execute(
        "INSERT INTO model (id, schema, kind, origin, created, actor, rows, digest, threshold,
           metrics, card) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            model.id,
            model.schema,
            model.kind,
            model.origin.number(),
            now,
            model.actor,
            int(model.rows),
            model.digest,
            model.threshold,
            model.metrics,
            model.card,
        ],
    )?;
    tx.execute(
        "INSERT INTO model_file (model, file, held) VALUES (?1, ?2, ?3)",
        params![tx.last_insert_rowid(), model.file, model.held],
    )?;
    Ok(())
}

/// Makes room for the next model of the site's own traffic.
fn forget_site(tx: &Transaction<'_>, schema: &str) -> Step<()> {
    tx.execute(
        "DELETE FROM model WHERE key IN (
           SELECT key FROM model WHERE schema = ?1 AND origin = ?2 AND state <> ?3
           ORDER BY key DESC LIMIT -1 OFFSET ?4)",
        params![schema, ModelOrigin::Site.number(), ModelState::Active.number(), SITE_KEPT - 1],
    )?;
    Ok(())
}

fn activate(tx: &Transaction<'_>, model: &ModelRow, before: Option<&str>) -> Step<()> {
    tx.execute(
        "UPDATE model SET state = ?2 WHERE schema = ?1 AND state = ?3",
        params![model.schema, ModelState::Former.number(), ModelState::Active.number()],
    )?;
    tx.execute(
        "UPDATE model SET state = ?2, before = ?3 WHERE id = ?1",
        params![model.id, ModelState::Active.number(), before],
    )?;
    Ok(())
}

fn active(db: &Connection, schema: &str) -> Step<Option<ModelRow>> {
    let sql = format!("SELECT {COLUMNS} FROM model m WHERE m.schema = ?1 AND m.state = ?2");
    let values = params![schema, ModelState::Active.number()];
    Ok(db.prepare_cached(&sql)?.query_row(values, model_of).optional()?)
}

fn find(db: &Connection, id: &str) -> Step<Option<ModelRow>> {
    let sql = format!("SELECT {COLUMNS} FROM model m WHERE m.id = ?1");
    Ok(db.prepare_cached(&sql)?.query_row([id], model_of).optional()?)
}

fn known(db: &Connection, id: &str) -> Step<ModelRow> {
    Ok(find(db, id)?.ok_or(StoreError::Missing("model"))?)
}

fn model_of(row: &Row<'_>) -> rusqlite::Result<ModelRow> {
    Ok(ModelRow {
        id: text(row, 0)?,
        schema: text(row, 1)?,
        kind: text(row, 2)?,
        origin: ModelOrigin::of_number(row.get(3)?),
        created: row.get(4)?,
        actor: text(row, 5)?,
        rows: uint(row.get(6)?),
        digest: text(row, 7)?,
        threshold: row.get(8)?,
        state: ModelState::of_number(row.get(9)?),
        before: text_or_none(row, 10)?,
        metrics: text(row, 11)?,
        card: text(row, 12)?,
    })
}
