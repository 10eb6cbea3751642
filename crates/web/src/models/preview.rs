//! What a file of records looks like, before anybody decides what to do with it: its columns, its
//! first rows, which schema fits. Only its beginning is taken apart; the rest is counted.

use super::shapes::FaultItem;
use anomalyzer_learn::data::{self, Classes, Faults, Limits, ReadError};
use anomalyzer_learn::schema::{SCHEMAS, Schema};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use utoipa::ToSchema;

/// Bytes of a file that are taken apart.
const HEAD: u64 = 1 << 20;
/// Rows that are shown.
const ROWS: usize = 20;
/// Columns that are shown.
const COLUMNS: usize = 512;
/// Characters of a cell that are shown.
const CELL: usize = 120;
/// Faults that are told.
const FAULTS: usize = 20;

/// Which schema fits a file.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Guess {
    /// The schema; null when none fits as the file is.
    pub(crate) schema: Option<&'static str>,
    /// Field of the schema by column of the file, as far as names tell. Without a schema those of
    /// the one that comes nearest.
    pub(crate) mapping: BTreeMap<&'static str, String>,
}

/// The beginning of a file.
#[derive(Clone, Debug, Default)]
pub(crate) struct Preview {
    /// Names of the columns; `column 1` and so on when the file has none.
    pub(crate) columns: Vec<String>,
    /// The first rows.
    pub(crate) rows: Vec<Vec<String>>,
    /// Which schema fits.
    pub(crate) guess: Guess,
    /// Rows of the beginning that cannot be read by that schema.
    pub(crate) faults: Vec<FaultItem>,
    /// Lines of the whole file but its header.
    pub(crate) count: u64,
}

impl Preview {
    /// Looks at a file. The error says what it is instead of a table, and what to do.
    pub(crate) fn of(path: &Path) -> Result<Self, String> {
        let told = |error: std::io::Error| format!("the file cannot be read: {error}");
        let mut file = std::fs::File::open(path).map_err(told)?;
        let mut head = Vec::new();
        (&mut file).take(HEAD).read_to_end(&mut head).map_err(told)?;
        let is_whole = (head.len() as u64) < HEAD;
        let lines = count_lines(&head) + count_rest(file).map_err(told)?;
        if !is_whole {
            // The last line is cut.
            let end = head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            head.truncate(end);
        }
        let Header { names, is_header, separator } = Header::of(&head);
        let (guess, faults) = guess(&head, &names, is_header)?;
        Ok(Self {
            rows: rows(&head, separator, is_header),
            columns: names,
            guess,
            faults: faults.list.iter().take(FAULTS).map(FaultItem::from).collect(),
            count: lines.saturating_sub(u64::from(is_header)),
        })
    }
}

/// The columns of a file.
pub(super) struct Header {
    pub(super) names: Vec<String>,
    /// The first line holds their names.
    pub(super) is_header: bool,
    pub(super) separator: u8,
}

impl Header {
    /// By the first line: a line with a number in it holds no names.
    pub(super) fn of(head: &[u8]) -> Self {
        let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
        let first = head.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let separator = separator(first);
        let cells = records(first, separator).next().unwrap_or_default();
        let is_header = !cells.iter().any(|cell| cell.trim().parse::<f64>().is_ok());
        let number = |at: usize| format!("column {}", at + 1);
        let names = if is_header {
            cells.iter().map(|cell| cell.trim().to_owned()).collect()
        } else {
            (0..cells.len()).map(number).collect()
        };
        Self { names, is_header, separator }
    }
}

fn separator(line: &[u8]) -> u8 {
    let count = |byte: u8| line.iter().filter(|b| **b == byte).count();
    // The first one wins a tie.
    [b'|', b'\t', b';', b','].into_iter().max_by_key(|byte| count(*byte)).unwrap_or(b',')
}

/// Records of a text, cut for showing.
fn records(text: &[u8], separator: u8) -> impl Iterator<Item = Vec<String>> {
    let reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text);
    reader.into_byte_records().map_while(Result::ok).map(|record| {
        let cell = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes);
            text.chars().take(CELL).collect::<String>()
        };
        record.iter().take(COLUMNS).map(cell).collect()
    })
}

fn rows(head: &[u8], separator: u8, is_header: bool) -> Vec<Vec<String>> {
    records(head, separator).skip(usize::from(is_header)).take(ROWS).collect()
}

fn count_lines(bytes: &[u8]) -> u64 {
    let feeds = bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
    feeds + u64::from(bytes.last().is_some_and(|last| *last != b'\n'))
}

/// Lines of what is left of a file.
fn count_rest(file: std::fs::File) -> std::io::Result<u64> {
    let mut input = BufReader::with_capacity(256 << 10, file);
    let mut lines = 0;
    loop {
        let bytes = input.fill_buf()?;
        if bytes.is_empty() {
            return Ok(lines);
        }
        lines += bytes.iter().filter(|byte| **byte == b'\n').count() as u64;
        let length = bytes.len();
        input.consume(length);
    }
}

/// The first schema by which most of the beginning can be read.
fn guess(head: &[u8], names: &[String], is_header: bool) -> Result<(Guess, Faults), String> {
    let limits = Limits { classes: Classes::Any, faults: FAULTS, ..Limits::default() };
    for schema in SCHEMAS {
        match data::read(schema, &mut &*head, &limits) {
            Ok((table, faults)) if table.len() as u64 > faults.total => {
                let mapping = mapping(schema, names, is_header);
                return Ok((Guess { schema: Some(schema.id), mapping }, faults));
            }
            Err(error @ (ReadError::NotText { .. } | ReadError::Empty { .. })) => {
                return Err(error.to_string());
            }
            _ => {}
        }
    }
    let nearest = SCHEMAS.iter().map(|schema| mapping(schema, names, is_header));
    let mapping = nearest.max_by_key(BTreeMap::len).unwrap_or_default();
    Ok((Guess { schema: None, mapping }, Faults::default()))
}

/// Fields whose names, or other names, are those of columns.
fn mapping(
    schema: &'static Schema,
    names: &[String],
    is_header: bool,
) -> BTreeMap<&'static str, String> {
    if !is_header {
        let columns = schema.fields.iter().zip(names);
        return columns.map(|(field, name)| (field.name, name.clone())).collect();
    }
    let find = |known: &[&str]| {
        let called = |name: &&String| known.iter().any(|known| plain(known) == plain(name));
        names.iter().find(called).cloned()
    };
    let mut mapping = BTreeMap::new();
    for field in schema.fields {
        let known: Vec<&str> = std::iter::once(&field.name).chain(field.aliases).copied().collect();
        mapping.extend(find(&known).map(|name| (field.name, name)));
    }
    for known in schema.labels() {
        let first = known.first().copied().unwrap_or("label");
        mapping.extend(find(known).map(|name| (first, name)));
    }
    mapping
}

/// A name as it is compared: letters and digits, in lower case.
pub(super) fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
