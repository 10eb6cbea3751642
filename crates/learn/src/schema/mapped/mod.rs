//! Any table: the user says which columns are features, which is the label, and which of its
//! words stands for normal traffic. What the user does not say is guessed from names and from the
//! first rows.
//!
//! A mapping gives for each feature the column of the file. Two entries are no features: `label`
//! names the column of the label, and `normal` the word for normal traffic in it. Numbers stay
//! numbers, words become categories, and of an address only its class is used, never which it is.

mod guess;
mod sample;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::BufRead;

use serde::Serialize;

use super::{Header, Kind, LabelColumn, LabelRule, Layout, SCHEMAS, Schema, address, label};
use crate::data::shape::{Labels, Names, Shape, Slot};
use crate::data::sniff::{Sniffed, sniff};
use crate::data::{Column, ColumnKind, Limits, ReadError};
use sample::Sample;

/// Id of the schema.
pub const ID: &str = "mapped";
/// Entry of a mapping that names the column of the label.
pub const LABEL: &str = "label";
/// Entry of a mapping that gives the word for normal traffic.
pub const NORMAL: &str = "normal";

pub(super) const SCHEMA: Schema = Schema {
    id: ID,
    title: "Own columns",
    summary: "Any table with a header: its columns are mapped to features, a label and the word \
              for normal traffic in it.",
    fields: &[],
    header: Header::Required,
    label: LabelRule {
        columns: &[LabelColumn { names: &[LABEL], optional: false }],
        // Not used: the label of such a table is read with the word that the mapping gives.
        read: |cells| Ok(cells.first().copied().unwrap_or(label::NORMAL)),
    },
    layout: Layout::Direct,
};

/// The beginning of a file, and what is made of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Preview {
    /// Names of the columns; those of the schema for a file without header.
    pub columns: Vec<String>,
    /// The first rows, up to 20, each field cut at 100 characters.
    pub rows: Vec<Vec<String>>,
    /// What it seems to be.
    pub guess: Guess,
}

/// What a file seems to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Guess {
    /// The schema; `None` if not even a label was found.
    pub schema: Option<&'static str>,
    /// Feature to column, for [`read_mapped`](crate::data::read_mapped).
    pub mapping: BTreeMap<String, String>,
}

/// Looks at the beginning of a file.
pub fn preview(input: &mut dyn BufRead, limits: &Limits) -> Result<Preview, ReadError> {
    let sniffed = sniff(input, ID)?;
    let sample = Sample::of(&sniffed, limits)?;
    let guess = guess::schema(&sample, SCHEMAS);
    Ok(Preview { rows: sample.shown(), columns: sample.columns, guess })
}

/// What a mapping, completed by guesses, makes of a file.
pub(crate) fn shape(
    sniffed: &Sniffed<'_>,
    mapping: &BTreeMap<String, String>,
    limits: &Limits,
) -> Result<Shape, ReadError> {
    let sample = Sample::of(sniffed, limits)?;
    let wrong = |what: String| ReadError::Mapping { what };
    let label = match mapping.get(LABEL) {
        Some(column) => sample.column(column).ok_or_else(|| wrong(no_column(column)))?,
        None => guess::label(&sample).ok_or_else(|| {
            wrong("no column looks like a label: say which it is, or name it 'label'".into())
        })?,
    };
    let name = sample.name(label);
    let normal = match mapping.get(NORMAL) {
        Some(word) => word.clone(),
        None => guess::normal(&sample, label).ok_or_else(|| {
            wrong(format!("which word of column '{name}' stands for normal traffic?"))
        })?,
    };
    let mut features = Vec::new();
    for (feature, column) in mapping.iter().filter(|(name, _)| *name != LABEL && *name != NORMAL) {
        let at = sample.column(column).ok_or_else(|| wrong(no_column(column)))?;
        if at == label {
            return Err(wrong(format!("column '{column}' is the label and cannot be a feature")));
        }
        features.push((feature.clone(), at, guess::kind(&sample, at).unwrap_or(Kind::Category)));
    }
    if features.is_empty() {
        features = guess::features(&sample, label);
    }
    if features.is_empty() {
        return Err(wrong(
            "there is no column besides the label that could be learned from".into(),
        ));
    }
    Ok(shape_of(&sample, &features, name, normal))
}

fn no_column(column: &str) -> String {
    format!("there is no column '{column}' in the file")
}

fn shape_of(
    sample: &Sample,
    features: &[(String, usize, Kind)],
    label: &str,
    normal: String,
) -> Shape {
    let column = |(name, _, kind): &(String, usize, Kind)| Column {
        name: name.clone(),
        kind: match kind {
            Kind::Number | Kind::Rate { .. } => ColumnKind::Number,
            Kind::Category => ColumnKind::Category(Vec::new()),
            Kind::Address => {
                ColumnKind::Category(address::CLASSES.iter().map(ToString::to_string).collect())
            }
        },
    };
    let slot = |(name, at, kind): &(String, usize, Kind)| Slot {
        names: Names { optional: true, ..Names::exactly(name, sample.name(*at)) },
        kind: *kind,
        over: None,
    };
    Shape {
        schema: ID,
        header: Header::Required,
        columns: features.iter().map(column).collect(),
        slots: features.iter().map(slot).collect(),
        derive: None,
        labels: Labels::Named { normal },
        label_names: vec![Names { shown: Cow::Borrowed(LABEL), ..Names::exactly(LABEL, label) }],
    }
}

#[cfg(test)]
mod tests;
