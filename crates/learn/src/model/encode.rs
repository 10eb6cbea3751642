//! From the columns of a table to the inputs of trees: words become numbers that were learned.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::data::{Column, ColumnKind};

/// A column that a model takes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelColumn {
    /// Name as the schema spells it.
    pub name: String,
    /// For a category the words that the model knows, in the order of their codes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub words: Option<Vec<String>>,
    /// What normal records of the training data hold.
    pub usual: Usual,
}

/// What normal records of the training data hold in a column.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usual {
    /// Of a number: nine of ten normal records lie between these two.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub range: Option<(f32, f32)>,
    /// Of a category: the share of each word among normal records.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub shares: Option<Vec<f32>>,
}

/// One input of the trees.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The column that it is made of.
    pub(crate) column: u16,
    /// For a category the number that stands for each word.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) table: Option<Vec<f32>>,
    /// The number of a word that is not in the table, and of no word at all.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) other: Option<f32>,
}

impl Input {
    /// A number as it is.
    pub(crate) const fn number(column: u16) -> Self {
        Self { column, table: None, other: None }
    }

    /// Its number for a value of its column.
    #[inline]
    pub(crate) fn of(&self, value: f32) -> f32 {
        // Infinities are the largest numbers there are, as in training; `NaN` stays.
        let Some(table) = &self.table else { return value.clamp(f32::MIN, f32::MAX) };
        let other = self.other.unwrap_or(f32::NAN);
        if value.is_nan() || value < 0.0 {
            return other;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an index; saturates"
        )]
        table.get(value as usize).copied().unwrap_or(other)
    }
}

/// How the columns of a table are read for a model that was trained on another one.
#[derive(Clone, Debug)]
pub struct Reading {
    columns: Vec<(usize, Option<Vec<f32>>)>,
}

impl Reading {
    /// Finds the columns of a model among those of a table. Columns that the model does not know
    /// are left out; the error names those that are missing.
    pub(crate) fn new(wanted: &[ModelColumn], given: &[Column]) -> Result<Self, Vec<String>> {
        let places: HashMap<&str, usize> =
            given.iter().enumerate().map(|(at, column)| (column.name.as_str(), at)).collect();
        let (mut columns, mut missing) = (Vec::new(), Vec::new());
        for column in wanted {
            match places.get(column.name.as_str()) {
                Some(&at) => columns.push((at, codes(column, &given[at]))),
                None => missing.push(column.name.clone()),
            }
        }
        if missing.is_empty() { Ok(Self { columns }) } else { Err(missing) }
    }

    /// The values of a table's row as the model takes them.
    pub fn row(&self, values: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.extend(self.columns.iter().map(|(at, codes)| {
            let value = values.get(*at).copied().unwrap_or(f32::NAN);
            match codes {
                Some(_) if value.is_nan() || value < 0.0 => f32::NAN,
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "an index"
                )]
                Some(codes) => codes.get(value as usize).copied().unwrap_or(f32::NAN),
                None => value,
            }
        }));
    }
}

/// For each word of a table's column its code in the model; `None` for numbers.
fn codes(wanted: &ModelColumn, given: &Column) -> Option<Vec<f32>> {
    let known = wanted.words.as_ref()?;
    let ColumnKind::Category(words) = &given.kind else {
        // A number where words are expected is a word that the model does not know.
        return Some(Vec::new());
    };
    let places: HashMap<&str, usize> =
        known.iter().enumerate().map(|(at, word)| (word.as_str(), at)).collect();
    Some(
        words
            .iter()
            .map(|word| places.get(word.as_str()).map_or(f32::NAN, |&at| at as f32))
            .collect(),
    )
}
