//! Which rows are trained on and which are held out.
//!
//! Each row and each kind of attack belongs to a fold. For fold f a model learns from the rows of
//! the other folds without the kinds of fold f, and is then asked about three sorts of rows that
//! it has not seen: normal records, attacks of kinds that it knows, and attacks of kinds that it
//! does not know. The last are the honest stand-in for tomorrow's attacks. Rows that are equal are
//! in one fold, so nobody is asked about what was learned by heart.

use std::collections::HashMap;

use crate::{
    data::Table,
    num::{Random, mix},
};

/// Folds of a validation.
pub(crate) const FOLDS: usize = 6;

/// The fold of each row and of each kind.
#[derive(Clone, Debug)]
pub(crate) struct Folds {
    rows: Vec<u8>,
    /// `u8::MAX` for kinds that are never left out: normal traffic, and an only kind of attack.
    kinds: Vec<u8>,
    kind_of: Vec<u16>,
}

impl Folds {
    /// Deals rows and kinds out. With `unseen`, kinds of attacks are left out in turn.
    pub(crate) fn new(table: &Table, count: usize, unseen: bool, seed: u64) -> Self {
        let kind_of: Vec<u16> = table.rows().iter().map(|row| row.kind).collect();
        let kinds =
            if unseen { deal_kinds(table, count, seed) } else { vec![u8::MAX; table.kinds.len()] };
        Self { rows: deal_rows(table, count, seed), kinds, kind_of }
    }

    /// Rows that the model of a fold learns from.
    pub(crate) fn train(&self, fold: usize) -> Vec<u32> {
        self.all(|at| usize::from(self.rows[at]) != fold && !self.unseen(at, fold))
    }

    /// Rows that the model of a fold is asked about.
    pub(crate) fn held(&self, fold: usize) -> Vec<u32> {
        self.all(|at| usize::from(self.rows[at]) == fold || self.unseen(at, fold))
    }

    /// Rows of the folds for which `first` says yes, and all others.
    pub(crate) fn partition(&self, first: impl Fn(usize) -> bool) -> (Vec<u32>, Vec<u32>) {
        let side = |wanted: bool| self.all(|at| first(usize::from(self.rows[at])) == wanted);
        (side(true), side(false))
    }

    /// Whether a row is of a kind that the model of a fold has not seen.
    pub(crate) fn unseen(&self, row: usize, fold: usize) -> bool {
        usize::from(self.kinds[usize::from(self.kind_of[row])]) == fold
    }

    #[expect(clippy::cast_possible_truncation, reason = "tables have fewer rows than 2^32")]
    fn all(&self, wanted: impl Fn(usize) -> bool) -> Vec<u32> {
        (0..self.rows.len()).filter(|&at| wanted(at)).map(|at| at as u32).collect()
    }
}

/// Deals the rows of each kind out in turn, equal rows to one fold.
fn deal_rows(table: &Table, count: usize, seed: u64) -> Vec<u8> {
    let mut given: HashMap<u64, u8> = HashMap::new();
    let mut next = vec![0_usize; table.kinds.len()];
    let mut folds = Vec::with_capacity(table.len());
    for row in table.rows() {
        let turn = &mut next[usize::from(row.kind)];
        let fold = *given.entry(row.group).or_insert_with(|| {
            // In each round of the deal every fold comes once, in an order of the round's own.
            let (round, place) = (*turn / count, *turn % count);
            *turn += 1;
            let start = usize::try_from(
                mix(seed ^ mix(u64::from(row.kind) << 32 | round as u64)) % count as u64,
            )
            .unwrap_or(0);
            u8::try_from((start + place) % count).unwrap_or(0)
        });
        folds.push(fold);
    }
    folds
}

/// Deals the kinds of attacks out, by size, so that no fold has all the large ones.
fn deal_kinds(table: &Table, count: usize, seed: u64) -> Vec<u8> {
    let mut sizes = vec![0_usize; table.kinds.len()];
    table.rows().iter().for_each(|row| sizes[usize::from(row.kind)] += 1);
    let mut kinds: Vec<usize> = (1..sizes.len()).filter(|&kind| sizes[kind] > 0).collect();
    kinds.sort_by_key(|&kind| (std::cmp::Reverse(sizes[kind]), kind));
    let mut dealt = vec![u8::MAX; sizes.len()];
    if kinds.len() < 2 {
        return dealt;
    }
    let mut random = Random::new(seed, 5);
    for round in kinds.chunks(count) {
        let mut folds: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            folds.swap(at, random.below(at + 1));
        }
        for (&kind, fold) in round.iter().zip(folds) {
            dealt[kind] = u8::try_from(fold).unwrap_or(u8::MAX);
        }
    }
    dealt
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Row;

    /// 1200 rows in pairs of equal ones, of normal traffic and kinds 1 to `kinds`.
    fn table(kinds: u16) -> Table {
        let mut table = Table::new(Vec::new());
        (1..=kinds).for_each(|kind| table.kinds.push(kind.to_string()));
        for at in 0..1200_u64 {
            let pair = at / 2;
            table.push(
                Row { kind: u16::try_from(pair % u64::from(kinds + 1)).unwrap(), group: pair },
                &[],
            );
        }
        table
    }

    #[test]
    fn nothing_that_is_asked_about_was_learned() {
        for kinds in [1, 2, 8, 23] {
            let table = table(kinds);
            let folds = Folds::new(&table, FOLDS, true, 3);
            let mut asked = vec![0; table.len()];
            let mut unseen_kinds = std::collections::BTreeSet::new();
            for fold in 0..FOLDS {
                let train = folds.train(fold);
                let learned: std::collections::HashSet<u64> =
                    train.iter().map(|&row| table.rows()[row as usize].group).collect();
                let seen: std::collections::HashSet<u16> =
                    train.iter().map(|&row| table.rows()[row as usize].kind).collect();
                assert!(seen.len() > 1, "a model needs attacks and normal records");
                for row in folds.held(fold) {
                    let row = row as usize;
                    asked[row] += 1;
                    assert!(!learned.contains(&table.rows()[row].group));
                    assert_eq!(folds.unseen(row, fold), !seen.contains(&table.rows()[row].kind));
                    if folds.unseen(row, fold) {
                        unseen_kinds.insert(table.rows()[row].kind);
                    }
                }
            }
            assert!(asked.iter().all(|&times| (1..=2).contains(&times)));
            assert_eq!(unseen_kinds.len(), if kinds == 1 { 0 } else { usize::from(kinds) });
        }
    }
}
