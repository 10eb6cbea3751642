//! Records and models in files.

use crate::failure::{Failure, Kind};
use crate::terminal::Terminal;
use anomalyzer_capture::open_unpacked;
use anomalyzer_learn::data::{self, Limits, Table};
use anomalyzer_learn::model::{FILE_BYTES_MAX, Model};
use anomalyzer_learn::schema::{self, SCHEMAS, Schema};
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

/// Faults that are told one by one.
const FAULTS_TOLD: usize = 5;

/// The schema of this name.
pub(super) fn schema(id: &str) -> Result<&'static Schema, Failure> {
    schema::by_id(id).ok_or_else(|| {
        let known: Vec<&str> = SCHEMAS.iter().map(|schema| schema.id).collect();
        Failure::usage(format!("there is no schema {id:?}; choose one of {}", known.join(", ")))
    })
}

/// Reads labelled records; rows that cannot be read are told and left out.
pub(super) fn records(
    schema: &'static Schema,
    path: &Path,
    limits: &Limits,
    terminal: &Terminal,
) -> Result<Table, Failure> {
    let stream = open_unpacked(path, &anomalyzer_capture::Limits::default());
    let stream = stream.map_err(|error| opening(path, &error))?;
    let (table, faults) = data::read(schema, &mut BufReader::new(stream), limits)
        .map_err(|error| Failure::usage(format!("{}: {error}", path.display())))?;
    if faults.total > 0 {
        let rows = faults.total;
        terminal
            .note(&format!("{}: {rows} rows could not be read and are left out", path.display()));
        for fault in faults.list.iter().take(FAULTS_TOLD) {
            terminal.note(&format!("  {fault}"));
        }
    }
    Ok(table)
}

/// Reads a model file.
pub(super) fn model(path: &Path) -> Result<Model, Failure> {
    let bytes = model_bytes(path)?;
    Model::read(&bytes).map_err(|error| Failure::usage(format!("{}: {error}", path.display())))
}

/// The bytes of a model file.
pub(super) fn model_bytes(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    // One byte more than allowed is enough to see that it is too large.
    let most = FILE_BYTES_MAX as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut bytes))
        .map_err(|error| opening(path, &error))?;
    Ok(bytes)
}

fn opening(path: &Path, error: &std::io::Error) -> Failure {
    let kind = match error.kind() {
        std::io::ErrorKind::PermissionDenied => Kind::Permission,
        std::io::ErrorKind::NotFound | std::io::ErrorKind::IsADirectory => Kind::Usage,
        _ => Kind::Runtime,
    };
    Failure::new(kind, format!("{}: {error}", path.display()))
}
