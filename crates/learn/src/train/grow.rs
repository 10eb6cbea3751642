//! Grows one tree over binned rows, best split first.
//!
//! Each row brings a pull (how much, and which way, its score should move) and a weight. A leaf's
//! value is pull / (weight + lambda): with gradients and second derivatives that is boosting, with
//! a weighted yes and no it is the share of attacks, whose best split is Gini's. Pull and weight
//! are packed as integers into one word, so a row costs one addition per input, and sums do not
//! depend on the order in which they are made.

use super::bins::{Binned, MISSING};
use crate::{
    model::tree::{Node, Tree},
    num::Random,
};

/// What bounds a tree.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GrowOptions {
    pub(crate) leaves_max: usize,
    pub(crate) depth_max: usize,
    /// Least weight of a leaf.
    pub(crate) weight_min: f64,
    /// Pulls leaves with little weight towards zero.
    pub(crate) lambda: f64,
    /// Inputs that each node may choose from, out of those of the tree; 0 = all.
    pub(crate) inputs_per_node: usize,
    /// What the values of leaves are multiplied by.
    pub(crate) rate: f64,
}

/// One pull and weight as an integer: pull in the upper half, weight in the lower.
pub(crate) type Packed = u64;

/// Turns pulls and weights into integers whose sums cannot overflow.
pub(crate) struct Scale {
    pull: f64,
    weight: f64,
}

impl Scale {
    /// For rows with these sums of absolute pulls and of weights.
    pub(crate) fn new(pulls: f64, weights: f64, rows: usize) -> Self {
        // Rounding adds up to half a step a row.
        let room = f64::from(1u32 << 30) - rows as f64;
        Self { pull: room / pulls.max(1e-300), weight: room / weights.max(1e-300) }
    }

    /// One row.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 2^31 by scale"
    )]
    pub(crate) fn pack(&self, pull: f64, weight: f64) -> Packed {
        let pull = (pull * self.pull).round() as i64;
        let weight = (weight * self.weight).round() as u64;
        ((pull as u64) << 32).wrapping_add(weight)
    }

    #[expect(clippy::cast_possible_truncation, reason = "two halves of a word")]
    fn unpack(&self, sum: Packed) -> (f64, f64) {
        (f64::from((sum >> 32) as i32) / self.pull, f64::from(sum as u32) / self.weight)
    }
}

/// Room that is used again for each tree.
pub(crate) struct Grower<'a> {
    binned: &'a Binned,
    options: GrowOptions,
    spare: Vec<u32>,
    pool: Vec<Vec<Packed>>,
    gathered: Vec<Packed>,
}

/// A node that may still be split.
struct Open {
    at: usize,
    start: usize,
    end: usize,
    depth: usize,
    sum: Packed,
    histogram: Vec<Packed>,
    best: Option<Split>,
}

#[derive(Clone, Copy)]
struct Split {
    gain: f64,
    input: usize,
    bin: u8,
    missing_left: bool,
    left: Packed,
}

/// A node before the tree is flattened.
struct Draft {
    value: f64,
    weight: f64,
    split: Option<(Split, usize, usize)>,
}

/// A tree, and where the rows ended up: those from `start` up to `end` of the slice that was handed
/// in came to a leaf with this value.
pub(crate) struct Grown {
    pub(crate) tree: Tree,
    pub(crate) leaves: Vec<(usize, usize, f64)>,
}

impl<'a> Grower<'a> {
    pub(crate) fn new(binned: &'a Binned, options: GrowOptions) -> Self {
        Self { binned, options, spare: Vec::new(), pool: Vec::new(), gathered: Vec::new() }
    }

    /// Grows a tree over `rows`, which are put into another order. `packed` has an entry for each
    /// row of the table; `inputs` are those that the tree may ask about.
    pub(crate) fn grow(
        &mut self,
        rows: &mut [u32],
        packed: &[Packed],
        scale: &Scale,
        inputs: &[usize],
        random: &mut Random,
    ) -> Grown {
        let sum = rows.iter().fold(0_u64, |sum, &row| sum.wrapping_add(packed[row as usize]));
        let histogram = self.histogram(rows, packed, inputs);
        let mut drafts = vec![self.draft(sum, scale)];
        let root = Open { at: 0, start: 0, end: rows.len(), depth: 0, sum, histogram, best: None };
        let mut open = vec![self.judged(root, scale, inputs, random)];
        let mut leaves = Vec::new();
        while let Some(place) = best(&open) {
            let room = drafts.len().div_ceil(2) < self.options.leaves_max;
            let node = open.swap_remove(place);
            let Some(split) = node.best.filter(|_| room) else {
                leaves.push((node.start, node.end, drafts[node.at].value));
                self.pool.push(node.histogram);
                continue;
            };
            let middle = node.start + self.part(&mut rows[node.start..node.end], split);
            let right = node.sum.wrapping_sub(split.left);
            let at = drafts.len();
            drafts.push(self.draft(split.left, scale));
            drafts.push(self.draft(right, scale));
            drafts[node.at].split = Some((split, at, at + 1));
            for child in self.children(node, split, middle, at, rows, packed, inputs) {
                let child = self.judged(child, scale, inputs, random);
                open.push(child);
            }
        }
        Grown { tree: self.flatten(&drafts), leaves }
    }

    /// The two halves of a node. Only the smaller one is counted; the other is the difference.
    #[expect(clippy::too_many_arguments, reason = "the state of one split, used nowhere else")]
    fn children(
        &mut self,
        node: Open,
        split: Split,
        middle: usize,
        at: usize,
        rows: &[u32],
        packed: &[Packed],
        inputs: &[usize],
    ) -> [Open; 2] {
        let (start, end, depth) = (node.start, node.end, node.depth + 1);
        let right = node.sum.wrapping_sub(split.left);
        let left_smaller = middle - start < end - middle;
        let smaller = if left_smaller { &rows[start..middle] } else { &rows[middle..end] };
        let (mut small, mut large) = (Vec::new(), node.histogram);
        if depth < self.options.depth_max {
            small = self.histogram(smaller, packed, inputs);
            for (sum, part) in large.iter_mut().zip(&small) {
                *sum = sum.wrapping_sub(*part);
            }
        }
        let (first, second) = if left_smaller { (small, large) } else { (large, small) };
        [
            Open { at, start, end: middle, depth, sum: split.left, histogram: first, best: None },
            Open {
                at: at + 1,
                start: middle,
                end,
                depth,
                sum: right,
                histogram: second,
                best: None,
            },
        ]
    }

    /// Sums by bin of each input, 256 after another.
    fn histogram(&mut self, rows: &[u32], packed: &[Packed], inputs: &[usize]) -> Vec<Packed> {
        let mut sums = self.pool.pop().unwrap_or_default();
        sums.clear();
        sums.resize(inputs.len() * 256, 0);
        self.gathered.clear();
        self.gathered.extend(rows.iter().map(|&row| packed[row as usize]));
        for (&input, sums) in inputs.iter().zip(sums.as_chunks_mut::<256>().0) {
            let bins = &self.binned.columns[input].bins[..];
            for (&row, &value) in rows.iter().zip(&self.gathered) {
                let sum = &mut sums[usize::from(bins[row as usize])];
                *sum = sum.wrapping_add(value);
            }
        }
        sums
    }

    /// Finds the best split of a node.
    fn judged(&self, mut node: Open, scale: &Scale, inputs: &[usize], random: &mut Random) -> Open {
        if node.depth >= self.options.depth_max || node.end - node.start < 2 {
            return node;
        }
        let wanted = self.options.inputs_per_node;
        let some = (wanted > 0).then(|| random.choose(wanted, inputs.len()));
        let all = some.unwrap_or_else(|| (0..inputs.len()).collect());
        for place in all {
            let sums = &node.histogram[place * 256..(place + 1) * 256];
            self.scan(sums, inputs[place], node.sum, scale, &mut node.best);
        }
        node
    }

    /// Tries each cut of an input, with missing values on either side.
    fn scan(
        &self,
        sums: &[Packed],
        input: usize,
        sum: Packed,
        scale: &Scale,
        best: &mut Option<Split>,
    ) {
        let column = &self.binned.columns[input];
        let base = self.worth(sum, scale);
        let missing = sums[usize::from(MISSING)];
        // With missing values there is one cut more: behind all values that there are.
        let cuts = column.cuts.len() + usize::from(missing != 0);
        let sides = if column.missing && missing != 0 { &[false, true][..] } else { &[false][..] };
        for &missing_left in sides {
            let mut left = if missing_left { missing } else { 0 };
            for (bin, part) in sums.iter().enumerate().skip(1).take(cuts) {
                if *part == 0 {
                    continue;
                }
                left = left.wrapping_add(*part);
                let right = sum.wrapping_sub(left);
                let (Some(a), Some(b)) = (self.side(left, scale), self.side(right, scale)) else {
                    continue;
                };
                let gain = a + b - base;
                if gain > 1e-9 && best.is_none_or(|best| gain > best.gain) {
                    let bin = u8::try_from(bin).unwrap_or(u8::MAX);
                    *best = Some(Split { gain, input, bin, missing_left, left });
                }
            }
        }
    }

    /// What a side of a split is worth; `None` if it weighs too little.
    fn side(&self, sum: Packed, scale: &Scale) -> Option<f64> {
        let (pull, weight) = scale.unpack(sum);
        (weight >= self.options.weight_min).then(|| pull * pull / (weight + self.options.lambda))
    }

    fn worth(&self, sum: Packed, scale: &Scale) -> f64 {
        let (pull, weight) = scale.unpack(sum);
        pull * pull / (weight + self.options.lambda).max(1e-12)
    }

    fn draft(&self, sum: Packed, scale: &Scale) -> Draft {
        let (pull, weight) = scale.unpack(sum);
        let value = pull / (weight + self.options.lambda).max(1e-12) * self.options.rate;
        Draft { value, weight, split: None }
    }

    /// Puts the rows that go to the left in front, both sides in their order; returns how many.
    fn part(&mut self, rows: &mut [u32], split: Split) -> usize {
        let bins = &self.binned.columns[split.input].bins[..];
        self.spare.clear();
        let mut kept = 0;
        for at in 0..rows.len() {
            let row = rows[at];
            let bin = bins[row as usize];
            let left = if bin == MISSING { split.missing_left } else { bin <= split.bin };
            if left {
                rows[kept] = row;
                kept += 1;
            } else {
                self.spare.push(row);
            }
        }
        rows[kept..].copy_from_slice(&self.spare);
        kept
    }

    /// The tree in its final order: each left child right behind its parent.
    #[expect(clippy::cast_possible_truncation, reason = "scores are kept in 32 bits")]
    fn flatten(&self, drafts: &[Draft]) -> Tree {
        let means = means(drafts);
        let mut tree = Tree::default();
        // Node, and the parent whose right child it is.
        let mut open = vec![(0_usize, None::<usize>)];
        while let Some((at, parent)) = open.pop() {
            let place = tree.nodes.len();
            if let Some(parent) = parent {
                let distance = u16::try_from(place - parent).unwrap_or(u16::MAX);
                tree.nodes[parent] = tree.nodes[parent].with_right(distance);
            }
            tree.means.push(means[at] as f32);
            let draft = &drafts[at];
            if let Some((split, left, right)) = draft.split {
                let cuts = &self.binned.columns[split.input].cuts;
                let cut = cuts.get(usize::from(split.bin) - 1).copied().unwrap_or(f32::MAX);
                let input = u16::try_from(split.input).unwrap_or(u16::MAX);
                tree.nodes.push(Node::split(input, cut, split.missing_left, 0));
                open.push((right, Some(place)));
                open.push((left, None));
            } else {
                tree.nodes.push(Node::leaf(draft.value as f32));
            }
        }
        tree
    }
}

/// The open node whose split gains most, the first of equals; any other when none can be split.
fn best(open: &[Open]) -> Option<usize> {
    let mut found: Option<(usize, f64)> = None;
    for (place, node) in open.iter().enumerate() {
        let gain = node.best.map_or(0.0, |split| split.gain);
        if found.is_none_or(|(_, most)| gain > most) {
            found = Some((place, gain));
        }
    }
    found.map(|(place, _)| place)
}

/// For each node the weighted mean of its leaves. Children come behind their parents.
fn means(drafts: &[Draft]) -> Vec<f64> {
    let mut means: Vec<f64> = drafts.iter().map(|draft| draft.value).collect();
    for (at, draft) in drafts.iter().enumerate().rev() {
        if let Some((_, left, right)) = draft.split {
            let (a, b) = (drafts[left].weight, drafts[right].weight);
            means[at] = (means[left] * a + means[right] * b) / (a + b).max(1e-300);
        }
    }
    means
}
