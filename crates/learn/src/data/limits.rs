//! How much of a file is read at most, and what a table must hold.

/// Which classes a table must hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Classes {
    /// Normal traffic and attacks: nothing can be learned from one of them alone.
    #[default]
    Both,
    /// Labels, but one class is enough, as in a file of attacks only that is to be judged.
    Any,
    /// Records may come without labels; they then count as normal. For scoring, and for models
    /// that learn what is usual.
    None,
}

/// Limits of a reader. More than that is an error and never a shorter table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows, with those that are left out. Default 5 million.
    pub rows: usize,
    /// Columns of the file. Default 4,096.
    pub columns: usize,
    /// Rows times columns of the table, 4 bytes each. Default 2^27 (512 MiB).
    pub values: usize,
    /// Different words of a column; those that come later are missing values, and counted.
    /// Default 1,024.
    pub words: usize,
    /// Bytes of a record. Default 256 KiB.
    pub record_bytes: usize,
    /// Faults that are kept; all are counted. Default 100.
    pub faults: usize,
    /// Which classes must be there.
    pub classes: Classes,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            rows: 5_000_000,
            columns: 4_096,
            values: 1 << 27,
            words: 1_024,
            record_bytes: 256 << 10,
            faults: 100,
            classes: Classes::Both,
        }
    }
}
