//! The one shape in which records reach training and evaluation.

/// Index of the kind that stands for normal traffic.
pub const NORMAL: u16 = 0;

/// Name of that kind.
pub(crate) const NORMAL_NAME: &str = "normal";

/// What a column holds.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnKind {
    /// A number; `NaN` where the record has none.
    Number,
    /// The index of a word in this list, which is in order of first appearance; `NaN` where the
    /// record has none, or a word that came after the list was full.
    Category(Vec<String>),
}

/// A named column of a [`Table`].
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Name as the schema spells it.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// What is known of one row besides its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// Index into [`Table::kinds`]; [`NORMAL`] is normal traffic, all others are attacks.
    pub kind: u16,
    /// Equal in rows whose values are equal, so that they can be kept on one side of a split.
    pub group: u64,
}

impl Row {
    /// Whether the record is part of an attack.
    pub const fn is_attack(self) -> bool {
        self.kind != NORMAL
    }
}

/// Labelled records: one row of values each, all of the same columns.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// The columns, in the order of the values.
    pub columns: Vec<Column>,
    /// Names of the kinds of traffic; the first is normal traffic.
    pub kinds: Vec<String>,
    rows: Vec<Row>,
    values: Vec<f32>,
}

impl Table {
    /// An empty table with these columns.
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, kinds: vec![NORMAL_NAME.into()], rows: Vec::new(), values: Vec::new() }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Appends a record. Values that are too few are `NaN`, those that are too many are left out.
    pub fn push(&mut self, row: Row, values: &[f32]) {
        let width = self.columns.len();
        self.values.extend(values.iter().copied().chain(std::iter::repeat(f32::NAN)).take(width));
        self.rows.push(row);
    }

    /// What is known of each row.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The values of row `at`, in the order of the columns; empty behind the last row.
    pub fn values(&self, at: usize) -> &[f32] {
        let width = self.columns.len();
        self.values.get(at * width..(at + 1) * width).unwrap_or(&[])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_width() {
        let column = |name: &str| Column { name: name.into(), kind: ColumnKind::Number };
        let mut table = Table::new(vec![column("a"), column("b")]);
        let row = Row { kind: NORMAL, group: 1 };
        table.push(row, &[1.0]);
        table.push(row, &[1.0, 2.0, 3.0]);
        assert!(table.values(0)[1].is_nan());
        assert_eq!(table.values(1), [1.0, 2.0]);
        assert!(table.values(2).is_empty());
    }
}
