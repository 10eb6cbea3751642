//! Why a record was scored as it was, in words.
//!
//! Each question on the way through a tree moves the expectation from the mean of one node to that
//! of its child; the moves are summed by column. That is exact (all moves and the mean of all rows
//! add up to the score) and cheap, where Shapley values would ask for every subset of columns.

use super::{Model, ModelColumn};

/// What one column did to a score.
#[derive(Clone, Debug, PartialEq)]
pub struct Contribution {
    /// Name of the column.
    pub feature: String,
    /// Its value as text; empty if it is missing.
    pub value: String,
    /// How far it moved the raw score; above zero speaks for an attack.
    pub weight: f32,
    /// The same in words.
    pub text: String,
}

/// Sums what inputs moved by column and puts the strongest into words.
pub(super) fn words(
    model: &Model,
    values: &[f32],
    moved: &[f32],
    most: usize,
) -> Vec<Contribution> {
    let columns = &model.header.columns;
    let mut sums: Vec<(usize, f32)> = (0..columns.len()).map(|at| (at, 0.0)).collect();
    for (input, weight) in model.header.inputs.iter().zip(moved) {
        sums[usize::from(input.column)].1 += weight;
    }
    sums.retain(|(_, weight)| *weight != 0.0);
    sums.sort_by(|a, b| b.1.abs().total_cmp(&a.1.abs()).then(a.0.cmp(&b.0)));
    sums.truncate(most);
    sums.into_iter()
        .map(|(at, weight)| contribution(&columns[at], values.get(at).copied(), weight))
        .collect()
}

fn contribution(column: &ModelColumn, value: Option<f32>, weight: f32) -> Contribution {
    let value = value.unwrap_or(f32::NAN);
    let (shown, usual) = match &column.words {
        Some(words) => category(words, column.usual.shares.as_deref(), value),
        None => number(column.usual.range, value),
    };
    let says = if weight > 0.0 { "speaks for an attack" } else { "speaks for normal traffic" };
    let subject = if shown.is_empty() {
        format!("{} is missing", column.name)
    } else {
        format!("{} is {shown}", column.name)
    };
    let text = format!("{subject}{usual}: {says}");
    Contribution { feature: column.name.clone(), value: shown, weight, text }
}

/// A word, and how frequent it is among normal records.
fn category(words: &[String], shares: Option<&[f32]>, value: f32) -> (String, String) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let at = (value >= 0.0).then_some(value as usize).filter(|&at| at < words.len());
    let Some(at) = at else {
        return (String::new(), " or a word that no training record had".into());
    };
    let share = shares.and_then(|shares| shares.get(at).copied());
    let usual = match share {
        Some(0.0) => " (no normal record of the training data has that)".into(),
        Some(share) if share < 0.001 => " (less than 0.1 % of the normal records)".into(),
        Some(share) => format!(" ({:.1} % of the normal records)", share * 100.0),
        None => String::new(),
    };
    (words[at].clone(), usual)
}

/// A number, and where it lies among normal records.
fn number(range: Option<(f32, f32)>, value: f32) -> (String, String) {
    if value.is_nan() {
        return (String::new(), String::new());
    }
    let usual = match range {
        Some((low, high)) if low.total_cmp(&high).is_eq() => format!(" (usual: {})", plain(low)),
        Some((low, high)) => format!(" (usual: {} to {})", plain(low), plain(high)),
        None => String::new(),
    };
    (plain(value), usual)
}

/// A number without digits that say nothing.
fn plain(value: f32) -> String {
    if value.fract().abs() <= 0.0 && value.abs() < 1e9 {
        return format!("{value:.0}");
    }
    let digits = if value.abs() >= 100.0 {
        0
    } else if value.abs() >= 1.0 {
        2
    } else {
        4
    };
    let text = format!("{value:.digits$}");
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').into() } else { text }
}
