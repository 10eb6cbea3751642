//! What a file of records looks like, before anybody decides what to do with it: its columns, its
//! first rows, which schema fits. Only its beginning is taken apart; the rest is counted.

use super::shapes::FaultItem;
use anomalyzer_learn::data::{self, Classes, Faults, Limits};
use anomalyzer_learn::schema::{self, mapped};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use utoipa::ToSchema;

/// Bytes of a file that are taken apart.
const HEAD: u64 = 1 << 20;
/// Faults that are told.
const FAULTS: usize = 20;
/// Bytes that are read at once.
const BUFFER: usize = 256 << 10;

/// Which schema fits a file.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Guess {
    /// The schema; null when none fits, not even `mapped` for lack of a label.
    pub(crate) schema: Option<&'static str>,
    /// Field of the schema by column of the file; of schema `mapped` also `label` by the column of
    /// the label, and `normal` by the word for normal traffic in it.
    pub(crate) mapping: BTreeMap<String, String>,
}

/// The beginning of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preview {
    /// Names of the columns.
    pub(crate) columns: Vec<String>,
    /// The first rows.
    pub(crate) rows: Vec<Vec<String>>,
    /// Which schema fits.
    pub(crate) guess: Guess,
    /// Rows of the beginning that cannot be read by that schema.
    pub(crate) faults: Vec<FaultItem>,
    /// Lines of the whole file.
    pub(crate) lines: u64,
}

impl Preview {
    /// Looks at a file. The error says what it is instead of a table, and what to do.
    pub(crate) fn of(path: &Path) -> Result<Self, String> {
        let told = |error: io::Error| format!("the file cannot be read: {error}");
        let mut file = File::open(path).map_err(told)?;
        let mut head = Vec::new();
        (&mut file).take(HEAD).read_to_end(&mut head).map_err(told)?;
        let lines = count_lines(&head, file).map_err(told)?;
        if head.len() as u64 == HEAD {
            // The last line is cut.
            let end = head.iter().rposition(|byte| *byte == b'\n').map_or(head.len(), |at| at + 1);
            head.truncate(end);
        }
        let limits = Limits { classes: Classes::Any, faults: FAULTS, ..Limits::default() };
        let seen = mapped::preview(&mut &*head, &limits).map_err(|error| error.to_string())?;
        let guess = Guess { schema: seen.guess.schema, mapping: seen.guess.mapping };
        let faults = faults(&head, &guess, &limits);
        Ok(Self {
            columns: seen.columns,
            rows: seen.rows,
            faults: faults.list.iter().take(FAULTS).map(FaultItem::from).collect(),
            guess,
            lines,
        })
    }
}

/// What of the beginning cannot be read by the schema that fits.
fn faults(head: &[u8], guess: &Guess, limits: &Limits) -> Faults {
    let Some(schema) = guess.schema.and_then(schema::by_id) else { return Faults::default() };
    let read = data::read_mapped(schema, &guess.mapping, &mut &*head, limits);
    read.map(|(_, faults)| faults).unwrap_or_default()
}

/// Lines of a file, of which the beginning is read already.
fn count_lines(head: &[u8], rest: File) -> io::Result<u64> {
    let mut input = BufReader::with_capacity(BUFFER, head.chain(rest));
    let (mut lines, mut last) = (0, b'\n');
    loop {
        let bytes = input.fill_buf()?;
        let Some(end) = bytes.last() else { break };
        last = *end;
        lines += bytes.split(|byte| *byte == b'\n').count() as u64 - 1;
        let length = bytes.len();
        input.consume(length);
    }
    Ok(lines + u64::from(last != b'\n'))
}
