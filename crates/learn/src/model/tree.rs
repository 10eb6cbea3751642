//! Flattened trees: the one layout in which boosting, forests and isolation are kept and scored.
//!
//! A model is a sum of trees. What a kind of model does with its trees (a mean, a weight, a sign)
//! is folded into the values of the leaves, so scoring is the same loop for all of them.

/// In [`Node::feature`]: this node is a leaf.
const LEAF: u16 = 0x7fff;
/// In [`Node::feature`]: rows that lack the input go to the left.
const MISSING_LEFT: u16 = 0x8000;
/// Inputs that a model can have.
pub(crate) const INPUTS_MAX: usize = 4096;
/// Nodes that a tree can have.
pub(crate) const TREE_NODES_MAX: usize = 65_535;

/// Eight bytes: a question, or the value of a leaf. The left child comes right behind its parent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Node {
    /// Rows with an input up to this go to the left; of a leaf, what it adds to the score.
    value: f32,
    /// Index of the input with a flag, or [`LEAF`].
    feature: u16,
    /// Distance to the right child.
    right: u16,
}

impl Node {
    /// A leaf that adds `value`.
    pub(crate) const fn leaf(value: f32) -> Self {
        Self { value, feature: LEAF, right: 0 }
    }

    /// A question whose right child comes `right` nodes behind it.
    pub(crate) const fn split(feature: u16, cut: f32, missing_left: bool, right: u16) -> Self {
        let flag = if missing_left { MISSING_LEFT } else { 0 };
        Self { value: cut, feature: feature | flag, right }
    }

    /// The same question with its right child elsewhere.
    pub(crate) const fn with_right(self, right: u16) -> Self {
        Self { right, ..self }
    }

    const fn is_leaf(self) -> bool {
        self.feature == LEAF
    }

    const fn input(self) -> usize {
        (self.feature & !MISSING_LEFT) as usize
    }

    /// Its fields as they stand in a file.
    pub(crate) const fn to_bytes(self) -> [u8; 8] {
        let (v, f, r) =
            (self.value.to_le_bytes(), self.feature.to_le_bytes(), self.right.to_le_bytes());
        [v[0], v[1], v[2], v[3], f[0], f[1], r[0], r[1]]
    }

    /// What [`Node::to_bytes`] made; [`Trees::new`] judges it.
    pub(crate) const fn from_bytes(b: [u8; 8]) -> Self {
        Self {
            value: f32::from_le_bytes([b[0], b[1], b[2], b[3]]),
            feature: u16::from_le_bytes([b[4], b[5]]),
            right: u16::from_le_bytes([b[6], b[7]]),
        }
    }
}

/// A tree on its own, as training makes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree {
    /// The nodes, each parent right before its left subtree.
    pub(crate) nodes: Vec<Node>,
    /// For each node the mean of what its leaves add, weighted by the rows that came by.
    pub(crate) means: Vec<f32>,
}

impl Tree {
    /// Multiplies all that its leaves add.
    pub(crate) fn scale(&mut self, factor: f32) {
        for node in self.nodes.iter_mut().filter(|node| node.is_leaf()) {
            node.value *= factor;
        }
        for mean in &mut self.means {
            *mean *= factor;
        }
    }
}

/// Why nodes are not a model's trees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TreeError {
    /// A tree without nodes or with too many.
    #[error("tree {0} has no nodes, or more than {TREE_NODES_MAX}")]
    Size(usize),
    /// A child or a mean that is not there, or nodes that no path reaches.
    #[error("tree {0} does not hang together")]
    Shape(usize),
    /// A question about an input that the model does not have.
    #[error("tree {0} asks for an input that the model does not have")]
    Input(usize),
    /// A value that is not a finite number.
    #[error("tree {0} holds a value that is not a finite number")]
    Value(usize),
}

/// All trees of a model behind each other.
#[derive(Clone, Debug, Default)]
pub(crate) struct Trees {
    nodes: Vec<Node>,
    means: Vec<f32>,
    starts: Vec<u32>,
}

impl Trees {
    /// Checks and joins trees for a model with `inputs` inputs.
    pub(crate) fn new(trees: &[Tree], inputs: usize) -> Result<Self, TreeError> {
        let mut all = Self::default();
        for (at, tree) in trees.iter().enumerate() {
            check(tree, inputs, at)?;
            all.starts.push(u32::try_from(all.nodes.len()).map_err(|_| TreeError::Size(at))?);
            all.nodes.extend_from_slice(&tree.nodes);
            all.means.extend_from_slice(&tree.means);
        }
        Ok(all)
    }

    /// Number of trees.
    pub(crate) const fn len(&self) -> usize {
        self.starts.len()
    }

    /// The trees one by one, as [`Trees::new`] takes them.
    pub(crate) fn split(&self) -> impl Iterator<Item = (&[Node], &[f32])> {
        self.starts.iter().enumerate().map(|(at, &start)| {
            let end = self.starts.get(at + 1).map_or(self.nodes.len(), |&next| next as usize);
            (&self.nodes[start as usize..end], &self.means[start as usize..end])
        })
    }

    /// The sum of the leaves that a row with these inputs comes to.
    pub(crate) fn sum(&self, inputs: &[f32]) -> f32 {
        let mut sum = 0.0;
        for &start in &self.starts {
            let mut at = start as usize;
            loop {
                let node = self.nodes[at];
                if node.is_leaf() {
                    sum += node.value;
                    break;
                }
                at += step(node, inputs);
            }
        }
        sum
    }

    /// Adds to `moved`, by input, how far each question moved the row away from the mean of all.
    pub(crate) fn contributions(&self, inputs: &[f32], moved: &mut [f32]) {
        for &start in &self.starts {
            let mut at = start as usize;
            while !self.nodes[at].is_leaf() {
                let node = self.nodes[at];
                let next = at + step(node, inputs);
                moved[node.input()] += self.means[next] - self.means[at];
                at = next;
            }
        }
    }
}

/// How far behind `node` the child is that a row goes to.
#[inline]
fn step(node: Node, inputs: &[f32]) -> usize {
    let input = inputs[node.input()];
    // With a missing value both comparisons are false, so the flag alone decides.
    let left = if input.is_nan() { node.feature & MISSING_LEFT != 0 } else { input <= node.value };
    if left { 1 } else { node.right as usize }
}

/// Walks a tree once: each node is met exactly once, so every path ends at a leaf inside of it.
fn check(tree: &Tree, inputs: usize, at: usize) -> Result<(), TreeError> {
    if tree.nodes.is_empty() || tree.nodes.len() > TREE_NODES_MAX {
        return Err(TreeError::Size(at));
    }
    if tree.means.len() != tree.nodes.len() {
        return Err(TreeError::Shape(at));
    }
    // Where the right children that are still to come must stand.
    let mut open: Vec<usize> = Vec::new();
    for (place, node) in tree.nodes.iter().enumerate() {
        if !node.value.is_finite() || !tree.means[place].is_finite() {
            return Err(TreeError::Value(at));
        }
        let last = place + 1 == tree.nodes.len();
        if node.is_leaf() {
            match open.pop() {
                Some(next) if next == place + 1 && !last => {}
                None if last => {}
                _ => return Err(TreeError::Shape(at)),
            }
        } else {
            if node.input() >= inputs.min(INPUTS_MAX) {
                return Err(TreeError::Input(at));
            }
            open.push(place + node.right as usize);
        }
    }
    // What is open now has a question at its end that nobody answers.
    if open.is_empty() { Ok(()) } else { Err(TreeError::Shape(at)) }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "small numbers that are exact")]
mod tests {
    use super::*;

    /// Up to 1: -1; beyond: up to 5 of the second input 2, else 3.
    fn tree() -> Tree {
        let nodes = vec![
            Node::split(0, 1.0, true, 2),
            Node::leaf(-1.0),
            Node::split(1, 5.0, false, 2),
            Node::leaf(2.0),
            Node::leaf(3.0),
        ];
        Tree { nodes, means: vec![0.5, -1.0, 2.5, 2.0, 3.0] }
    }

    #[test]
    fn rows_find_their_leaf() {
        let trees = Trees::new(&[tree(), tree()], 2).unwrap();
        for (inputs, wanted) in [
            ([1.0, 0.0], -2.0),
            ([f32::NAN, 9.0], -2.0),
            ([2.0, 5.0], 4.0),
            ([2.0, 6.0], 6.0),
            ([2.0, f32::NAN], 6.0),
        ] {
            assert_eq!(trees.sum(&inputs), wanted);
            let mut moved = [0.0; 2];
            trees.contributions(&inputs, &mut moved);
            assert_eq!(moved.iter().sum::<f32>() + 2.0 * 0.5, wanted);
        }
    }

    #[test]
    fn trees_that_do_not_hang_together_are_refused() {
        let check = |change: &dyn Fn(&mut Tree), wanted: TreeError| {
            let mut broken = tree();
            change(&mut broken);
            assert_eq!(Trees::new(&[broken], 2).unwrap_err(), wanted);
        };
        check(&|tree| tree.nodes.clear(), TreeError::Size(0));
        check(&|tree| tree.nodes.truncate(4), TreeError::Shape(0));
        check(&|tree| tree.means.truncate(4), TreeError::Shape(0));
        check(&|tree| tree.nodes[0] = Node::split(0, 1.0, true, 0), TreeError::Shape(0));
        check(&|tree| tree.nodes[0] = Node::split(0, 1.0, true, 3), TreeError::Shape(0));
        check(&|tree| tree.nodes[0] = Node::leaf(1.0), TreeError::Shape(0));
        check(&|tree| tree.nodes[4] = Node::split(0, 1.0, true, 1), TreeError::Shape(0));
        check(&|tree| tree.nodes[2] = Node::split(2, 1.0, true, 2), TreeError::Input(0));
        check(&|tree| tree.nodes[1] = Node::leaf(f32::INFINITY), TreeError::Value(0));
        check(&|tree| tree.means[1] = f32::NAN, TreeError::Value(0));
    }
}
