//! What columns are by their names and first values. A guess is shown to the user before anything
//! is learned from it, so it may be wrong; but it never takes a label for a feature by its name.

use std::collections::{BTreeMap, HashSet};

use super::sample::Sample;
use super::{Guess, ID, LABEL, NORMAL};
use crate::data::shape::{Names, Shape};
use crate::data::value;
use crate::schema::{Kind, Schema, address, key, label as words};

/// Names of labels as they are compared, the best first.
const LABELS: &[&str] = &[
    "label",
    "isanomaly",
    "isattack",
    "anomaly",
    "attack",
    "ismalicious",
    "malicious",
    "class",
    "target",
    "outcome",
    "attackcat",
    "attacktype",
    "detailedlabel",
    "category",
];
/// Names of what was made from a label.
const FROM_LABELS: &[&str] =
    &["difficulty", "difficultylevel", "attackkind", "kind", "severity", "prediction", "score"];
/// Names of what tells one record from another, or when it was: nothing to learn from.
const RECORD_NAMES: &[&str] = &[
    "id",
    "uid",
    "flowid",
    "rowid",
    "index",
    "no",
    "number",
    "unnamed0",
    "ts",
    "timestamp",
    "time",
    "date",
    "datetime",
    "starttime",
    "endtime",
    "stime",
    "ltime",
    "starttimestamp",
];
/// Different words of a column in the sample above which it is text and no category.
const WORDS_MAX: usize = 100;

/// The schema of a file: one whose fields are all there, or any table with a label.
pub(super) fn schema(sample: &Sample, schemas: &'static [Schema]) -> Guess {
    let known = schemas.iter().filter(|schema| !schema.fields.is_empty());
    for schema in known {
        if let Some(mapping) = all_fields(sample, schema) {
            return Guess { schema: Some(schema.id), mapping };
        }
    }
    let Some(at) = label(sample) else {
        return Guess::default();
    };
    let feature = |(name, at, _): (String, usize, Kind)| (name, sample.name(at).to_owned());
    let mut mapping: BTreeMap<String, String> =
        features(sample, at).into_iter().map(feature).collect();
    mapping.insert(LABEL.into(), sample.name(at).to_owned());
    if let Some(word) = normal(sample, at) {
        mapping.insert(NORMAL.into(), word);
    }
    Guess { schema: Some(ID), mapping }
}

/// Where the fields of a schema are, if none is missing.
fn all_fields(sample: &Sample, schema: &'static Schema) -> Option<BTreeMap<String, String>> {
    let shape = Shape::of(schema);
    let keys: Vec<String> = sample.columns.iter().map(|name| key(name)).collect();
    let find = |names: &Names| {
        let mut columns = sample.columns.iter().zip(&keys);
        columns.find(|(name, key)| names.match_name(name, key)).map(|(name, _)| name.trim())
    };
    let mut mapping = BTreeMap::new();
    for names in shape.slots.iter().map(|slot| &slot.names).chain(&shape.label_names) {
        match find(names) {
            Some(column) => {
                mapping.insert(names.shown.clone().into_owned(), column.to_owned());
            }
            None if names.optional => {}
            None => return None,
        }
    }
    Some(mapping)
}

/// The column of the label.
pub(super) fn label(sample: &Sample) -> Option<usize> {
    let keys: Vec<String> = sample.columns.iter().map(|name| key(name)).collect();
    LABELS.iter().find_map(|label| keys.iter().position(|key| key == label))
}

/// The word for normal traffic in the column of the label.
pub(super) fn normal(sample: &Sample, label: usize) -> Option<String> {
    let calm = |cell: &&str| {
        words::yes_or_no(cell.trim_end_matches('.')) == Some(false)
            || ["background", "legitimate", "legit", "clean", "good"].contains(&key(cell).as_str())
    };
    sample.cells(label).find(calm).map(str::to_owned)
}

/// All columns that look like features: name, place and kind.
pub(super) fn features(sample: &Sample, label: usize) -> Vec<(String, usize, Kind)> {
    let mut names = HashSet::new();
    let feature = |at: usize| {
        let name = sample.name(at);
        let key = key(name);
        let named = |list: &[&str]| list.contains(&key.as_str());
        if at == label || named(LABELS) || named(FROM_LABELS) || named(RECORD_NAMES) {
            return None;
        }
        let kind = kind(sample, at)?;
        (name != LABEL && name != NORMAL).then(|| (name.to_owned(), at, kind))
    };
    (0..sample.columns.len())
        .filter_map(feature)
        .filter(|(name, ..)| names.insert(name.clone()))
        .collect()
}

/// What a column holds; `None` if nothing can be learned from it.
pub(super) fn kind(sample: &Sample, at: usize) -> Option<Kind> {
    let there = sample.cells(at).filter(|cell| !value::is_missing(cell.as_bytes()));
    if there.clone().next().is_none() {
        // Empty at the beginning at least; as a number it is missing, and words are told.
        return Some(Kind::Number);
    }
    if there.clone().all(|cell| value::number(cell.as_bytes()).is_some()) {
        return Some(Kind::Number);
    }
    if there.clone().all(|cell| address::parse(cell).is_some()) {
        return Some(Kind::Address);
    }
    let words: HashSet<&str> = there.collect();
    (words.len() <= WORDS_MAX).then_some(Kind::Category)
}
