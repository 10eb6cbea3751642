//! Texts of rows. A flipped bit on the disk can make text that is none; one letter lost is better
//! than a page of alerts that cannot be shown.

use rusqlite::Row;
use rusqlite::types::{Type, ValueRef};

/// The text of a column; what is not UTF-8 is replaced.
pub(super) fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    Ok(text_or_none(row, column)?.unwrap_or_default())
}

/// The same for a column that may be empty.
pub(super) fn text_or_none(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<String>> {
    match row.get_ref(column)? {
        ValueRef::Null => Ok(None),
        ValueRef::Text(bytes) => Ok(Some(String::from_utf8_lossy(bytes).into_owned())),
        other => {
            let found: Type = other.data_type();
            let name = row.as_ref().column_name(column).unwrap_or_default().to_owned();
            Err(rusqlite::Error::InvalidColumnType(column, name, found))
        }
    }
}
