//! Records that a model was not trained on, as bytes: they are kept beside the model, so that it can
//! be compared with others on the same records at any time.
//!
//! ```text
//! header length u32  header (JSON: columns, kinds)  for each row: kind u16, group u64, values f32
//! ```

use anomalyzer_learn::data::{Column, ColumnKind, Row, Table};
use serde::{Deserialize, Serialize};

/// Rows that are kept.
const ROWS_MAX: usize = 20_000;
/// Bytes that are kept.
const BYTES_MAX: usize = 16 << 20;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Names, with the words of a category.
    columns: Vec<(String, Option<Vec<String>>)>,
    kinds: Vec<String>,
}

/// The table as bytes. Of a large one an even sample of its rows.
pub(super) fn write(table: &Table) -> Vec<u8> {
    let columns = table.columns.iter().map(|column| {
        let words = match &column.kind {
            ColumnKind::Number => None,
            ColumnKind::Category(words) => Some(words.clone()),
        };
        (column.name.clone(), words)
    });
    let header = Header { columns: columns.collect(), kinds: table.kinds.clone() };
    let header = serde_json::to_vec(&header).unwrap_or_default();
    let mut out = Vec::new();
    out.extend(u32::try_from(header.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend(&header);
    let row_bytes = 10 + 4 * table.columns.len();
    let most = (BYTES_MAX.saturating_sub(out.len()) / row_bytes).clamp(1, ROWS_MAX);
    let step = table.len().div_ceil(most).max(1);
    for (at, row) in table.rows().iter().enumerate().step_by(step) {
        out.extend(row.kind.to_le_bytes());
        out.extend(row.group.to_le_bytes());
        out.extend(table.values(at).iter().flat_map(|value| value.to_le_bytes()));
    }
    out
}

/// The table of such bytes; `None` when they are damaged.
pub(super) fn read(bytes: &[u8]) -> Option<Table> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    let (header, mut rest) = rest.split_at_checked(length)?;
    let Header { columns, kinds } = serde_json::from_slice(header).ok()?;
    let columns = columns.into_iter().map(|(name, words)| Column {
        name,
        kind: words.map_or(ColumnKind::Number, ColumnKind::Category),
    });
    let mut table = Table::new(columns.collect());
    let known = u16::try_from(kinds.len()).ok()?;
    table.kinds = kinds;
    let width = table.columns.len();
    let mut values = Vec::with_capacity(width);
    while !rest.is_empty() {
        let (kind, behind) = rest.split_first_chunk::<2>()?;
        let (group, behind) = behind.split_first_chunk::<8>()?;
        let (cells, behind) = behind.split_at_checked(4 * width)?;
        let row = Row { kind: u16::from_le_bytes(*kind), group: u64::from_le_bytes(*group) };
        if row.kind >= known {
            return None;
        }
        values.clear();
        values.extend(cells.as_chunks::<4>().0.iter().map(|cell| f32::from_le_bytes(*cell)));
        table.push(row, &values);
        rest = behind;
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: u16) -> Table {
        let word = ColumnKind::Category(vec!["a".into(), "b".into()]);
        let columns = [("n", ColumnKind::Number), ("w", word)];
        let columns = columns.map(|(name, kind)| Column { name: name.into(), kind });
        let mut table = Table::new(columns.into());
        table.kinds.push("flood".into());
        for n in 0..rows {
            let row = Row { kind: n % 2, group: u64::from(n) << 40 };
            table.push(row, &[f32::from(n) / 3.0, if n % 3 == 0 { f32::NAN } else { 1.0 }]);
        }
        table
    }

    #[test]
    fn a_table_comes_back_as_it_was() {
        let before = table(1_000);
        let after = read(&write(&before)).unwrap();
        assert_eq!((&after.columns, &after.kinds), (&before.columns, &before.kinds));
        assert_eq!(after.rows(), before.rows());
        for at in 0..before.len() {
            let same = before.values(at).iter().zip(after.values(at));
            assert!(same.into_iter().all(|(a, b)| a.to_bits() == b.to_bits()), "row {at}");
        }
        assert_eq!(read(&write(&table(50_000))).unwrap().len(), 16_667);
        assert_eq!(read(&write(&table(0))).unwrap().len(), 0);
    }

    #[test]
    fn damaged_bytes_are_no_table() {
        let bytes = write(&table(3));
        for end in 0..bytes.len() {
            let rows = read(&bytes[..end]).map(|table| table.len());
            assert!(rows.is_none_or(|rows| rows < 3), "{end} bytes: {rows:?}");
        }
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0xff;
            // Whatever it is, nothing panics.
            let _ = read(&damaged);
        }
    }
}
