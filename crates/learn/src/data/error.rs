//! Why a file gives no table at all.

use std::io;

use super::Fault;

/// A file that cannot be used. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The reader failed.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// There is not a single byte but white space.
    #[error("the file is empty: expected records of schema {schema}")]
    Empty {
        /// Schema that was asked for.
        schema: &'static str,
    },
    /// The first bytes are those of another kind of file.
    #[error("this is {what}, not a table of records: {advice}")]
    NotText {
        /// What it is.
        what: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// Columns that the schema needs are not in the header.
    #[error(
        "the header of schema {schema} lacks {missing} (the first line has {found} columns): \
         name the columns in the first line, or map them to the schema's"
    )]
    Header {
        /// Schema that was asked for.
        schema: &'static str,
        /// Names that are missing, the first few.
        missing: String,
        /// Columns that are there.
        found: usize,
    },
    /// A file without header has the wrong number of columns.
    #[error(
        "the first line has {found} columns and schema {schema} has {expected}: is it the right \
         file, and is it separated by commas?"
    )]
    Width {
        /// Schema that was asked for.
        schema: &'static str,
        /// Columns that are there.
        found: usize,
        /// Columns that should be.
        expected: &'static str,
    },
    /// Columns were mapped to what is not there.
    #[error("the columns cannot be mapped: {what}")]
    Mapping {
        /// What is wrong.
        what: String,
    },
    /// The header is not text.
    #[error("the header is not valid UTF-8 (column {column}): save the file as UTF-8")]
    Encoding {
        /// Column, from 1.
        column: usize,
    },
    /// A record that is too long.
    #[error(
        "line {line}: the record is longer than {limit} bytes; a quotation mark may not be closed"
    )]
    LongRecord {
        /// Line at which it begins, from 1.
        line: u64,
        /// Most bytes of a record.
        limit: usize,
    },
    /// A record of too many columns.
    #[error("line {line}: the record has more than {limit} columns; leave out those not needed")]
    Columns {
        /// Line at which it begins, from 1.
        line: u64,
        /// Most columns.
        limit: usize,
    },
    /// Too many rows.
    #[error("the file has more than {limit} rows: take a sample of it")]
    Rows {
        /// Most rows.
        limit: usize,
    },
    /// More values than may be held in memory.
    #[error(
        "the file has more than {limit} values (rows times columns): take a sample of its rows, \
         or fewer columns"
    )]
    Values {
        /// Most values.
        limit: usize,
    },
    /// There are too many different labels.
    #[error(
        "column {column} has more than {limit} different labels: is it the column of the label?"
    )]
    Labels {
        /// Name of the column.
        column: String,
        /// Most labels.
        limit: usize,
    },
    /// No row could be read.
    #[error("there is no row that can be read{}", first_fault(.first.as_ref(), *.faults))]
    NoRows {
        /// Rows that are wrong.
        faults: u64,
        /// The first of them.
        first: Option<Fault>,
    },
    /// There is one class only.
    #[error(
        "all {rows} rows are {}: a model needs both normal traffic and attacks, so add rows of \
         the other class",
        if *.attack { "attacks" } else { "normal traffic" }
    )]
    OneClass {
        /// Whether all are attacks.
        attack: bool,
        /// Rows that were read.
        rows: usize,
    },
}

fn first_fault(first: Option<&Fault>, faults: u64) -> String {
    match first {
        Some(fault) => format!(": {faults} are wrong, the first at {fault}"),
        None => " behind the header: add records".to_owned(),
    }
}
