//! The automaton: all literals at once, over bytes that arrive in pieces.
//!
//! Aho and Corasick's automaton ("Efficient string matching", CACM 18(6), 1975) as a dense table.
//! Its state is four bytes and survives the border between two segments, so a keyword is found
//! wherever it is cut.
//!
//! Walking the table costs one dependent load per byte. Most bytes need no walk: every literal has
//! at least `s + q - 1` bytes, so of every `s` neighbouring positions at least one begins a `q`-gram
//! that lies in the literal at an offset below `s`. The scan looks at each `s`-th position only and
//! asks a bit map whether that `q`-gram can belong to a literal; if so it walks from `s - 1` bytes
//! before. It walks the last bytes of each piece too, so the state at the end is exactly the one
//! that walking every byte would have given (a test compares them).

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::noncontiguous::NFA;
use aho_corasick::{Anchored, MatchKind};
use std::collections::{HashMap, VecDeque};

/// State before the first byte.
pub(super) const ROOT: u32 = 0;
/// Marks a step into a state in which a literal ends.
const MATCH: u32 = 1 << 31;
/// Most bytes the table may take.
const TABLE_MAX: usize = 64 << 20;
/// Most bytes of a q-gram.
const GRAM: usize = 4;
/// Most bytes from one position that is looked at to the next.
const STRIDE_MAX: usize = 4;

/// Finds literals without regard to the case of ASCII letters.
#[derive(Debug)]
pub(super) struct Automaton {
    /// Rows of `stride` entries: the state's depth, where its matches begin in `ends`, and for
    /// each class of bytes the offset of the next row with [`MATCH`].
    table: Vec<u32>,
    /// Class of each byte, as an offset into a row.
    class: [u8; 256],
    /// Literals that end in a state: runs of numbers, each run closed by `u32::MAX`.
    ends: Vec<u32>,
    filter: Filter,
}

/// Which q-grams literals begin with, at the first `stride` offsets.
#[derive(Debug)]
struct Filter {
    bits: Vec<u64>,
    shift: u32,
    mask: u32,
    gram: usize,
    stride: usize,
}

impl Automaton {
    /// Builds it; the error is a sentence for the user. Literals are numbered in order.
    pub(super) fn new(literals: &[Vec<u8>]) -> Result<Self, String> {
        let too_large = || "the lists together are too large for the automaton".to_owned();
        let nfa = NFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .prefilter(false)
            .build(literals)
            .map_err(|_| too_large())?;
        let classes = Classes::new(literals);
        let (table, ends) = Builder::build(&nfa, &classes).ok_or_else(too_large)?;
        Ok(Self { table, class: classes.of, ends, filter: Filter::new(literals) })
    }

    /// Finds nothing.
    pub(super) fn empty() -> Self {
        let filter = Filter::new(&[]);
        Self { table: Vec::new(), class: [0; 256], ends: Vec::new(), filter }
    }

    /// Bytes of the tables.
    pub(super) fn memory(&self) -> usize {
        self.table.len() * 4 + self.ends.len() * 4 + self.filter.bits.len() * 8 + 256
    }

    /// Length of the longest beginning of a literal that the bytes so far end with.
    #[inline]
    pub(super) fn depth(&self, state: u32) -> usize {
        self.table.get(state as usize).map_or(0, |depth| *depth as usize)
    }

    /// Goes on from `state` over `bytes` and calls `hit` with the number of each literal and the
    /// offset behind its last byte.
    pub(super) fn scan(
        &self,
        mut state: u32,
        bytes: &[u8],
        hit: &mut impl FnMut(u32, usize),
    ) -> u32 {
        let Filter { gram, stride, .. } = self.filter;
        // Positions before `at` are walked; `behind` is where the filter must have been asked.
        let mut at = 0;
        let mut behind = 0;
        loop {
            // Walk until what is left of a beginning lies within these bytes and is short.
            loop {
                let depth = self.depth(state);
                if at >= behind && depth < gram && depth <= at {
                    break;
                }
                let Some(byte) = bytes.get(at) else { return state };
                at += 1;
                state = self.step(state, *byte, at, hit);
            }
            // Nothing that began before `from` is alive.
            let from = at - self.depth(state);
            let next = self.filter.next(bytes, from + stride - 1);
            // `next` is where a literal may be, or the first position that could not be asked.
            let begin = next + 1 - stride;
            if begin > from {
                state = ROOT;
                at = begin;
            }
            behind = (next + gram).max(at + 1);
        }
    }

    #[inline]
    fn step(&self, state: u32, byte: u8, at: usize, hit: &mut impl FnMut(u32, usize)) -> u32 {
        let class = self.class.get(usize::from(byte)).copied().unwrap_or(0);
        let next = self.table.get(state as usize + usize::from(class)).copied().unwrap_or(ROOT);
        if next & MATCH != 0 {
            self.matches(next & !MATCH, at, hit);
        }
        next & !MATCH
    }

    #[cold]
    fn matches(&self, state: u32, at: usize, hit: &mut impl FnMut(u32, usize)) {
        let begin = self.table.get(state as usize + 1).copied().unwrap_or(u32::MAX);
        let ends = self.ends.get(begin as usize..).unwrap_or_default();
        for number in ends.iter().take_while(|n| **n != u32::MAX) {
            hit(*number, at);
        }
    }
}

/// Entries of a row before the transitions: depth and matches.
const HEAD: usize = 2;

/// Bytes that all literals treat alike, each class with one byte of it.
struct Classes {
    /// Offset of a byte's class in a row.
    of: [u8; 256],
    /// One byte of each class; the first class is of the bytes that no literal holds.
    members: Vec<Option<u8>>,
}

impl Classes {
    fn new(literals: &[Vec<u8>]) -> Self {
        let mut used = [false; 256];
        for byte in literals.iter().flatten() {
            if let Some(seen) = used.get_mut(usize::from(byte.to_ascii_lowercase())) {
                *seen = true;
            }
        }
        let holds = |byte: u8| used.get(usize::from(byte.to_ascii_lowercase())) == Some(&true);
        let mut classes = Self { of: [0; 256], members: vec![(0..=255).find(|b| !holds(*b))] };
        for byte in (0..=255_u8).filter(|b| !b.is_ascii_uppercase()) {
            let index = if holds(byte) { classes.members.len() } else { 0 };
            if index > 0 {
                classes.members.push(Some(byte));
            }
            // At most 231 classes, since 26 of the 256 bytes are folded.
            let offset = u8::try_from(HEAD + index).unwrap_or(0);
            for same in [byte, byte.to_ascii_uppercase()] {
                if let Some(class) = classes.of.get_mut(usize::from(same)) {
                    *class = offset;
                }
            }
        }
        classes
    }
}

/// The table being built, state by state outwards from the root, so that the number of steps to
/// a state is its depth.
struct Builder<'a> {
    nfa: &'a NFA,
    table: Vec<u32>,
    ends: Vec<u32>,
    rows: HashMap<StateID, u32>,
    queue: VecDeque<(StateID, u32)>,
    stride: usize,
}

impl Builder<'_> {
    /// Table and ends; `None` when the table would be too large.
    fn build(nfa: &NFA, classes: &Classes) -> Option<(Vec<u32>, Vec<u32>)> {
        let root = nfa.start_state(Anchored::No).ok()?;
        let stride = HEAD + classes.members.len();
        let mut builder = Builder {
            nfa,
            table: Vec::new(),
            ends: Vec::new(),
            rows: HashMap::new(),
            queue: VecDeque::new(),
            stride,
        };
        builder.row(root, 0)?;
        while let Some((state, depth)) = builder.queue.pop_front() {
            let row = *builder.rows.get(&state)? as usize;
            for (index, member) in classes.members.iter().enumerate() {
                let Some(byte) = *member else { continue };
                let next = nfa.next_state(Anchored::No, state, byte);
                let entry = builder.row(next, depth + 1)?;
                let mark = if nfa.is_match(next) { MATCH } else { 0 };
                *builder.table.get_mut(row + HEAD + index)? = entry | mark;
            }
        }
        Some((builder.table, builder.ends))
    }

    /// The row of a state, made when it is new.
    fn row(&mut self, state: StateID, depth: u32) -> Option<u32> {
        if let Some(row) = self.rows.get(&state) {
            return Some(*row);
        }
        let row = u32::try_from(self.table.len()).ok()?;
        if (self.table.len() + self.stride) * 4 > TABLE_MAX {
            return None;
        }
        self.table.push(depth);
        self.table.push(u32::try_from(self.ends.len()).ok()?);
        self.table.resize(row as usize + self.stride, ROOT);
        if self.nfa.is_match(state) {
            for i in 0..self.nfa.match_len(state) {
                self.ends.push(self.nfa.match_pattern(state, i).as_u32());
            }
            self.ends.push(u32::MAX);
        }
        self.rows.insert(state, row);
        self.queue.push_back((state, depth));
        Some(row)
    }
}

impl Filter {
    fn new(literals: &[Vec<u8>]) -> Self {
        let shortest = literals.iter().map(Vec::len).min().unwrap_or(GRAM);
        let gram = shortest.clamp(1, GRAM);
        let stride = (shortest + 1).saturating_sub(gram).clamp(1, STRIDE_MAX);
        let grams = literals.len().saturating_mul(stride);
        // About one bit in 32 is set, within 1 KiB (first-level cache) and 64 KiB (second-level).
        let log = grams.saturating_mul(32).next_power_of_two().ilog2().clamp(13, 19);
        let mut filter = Self {
            bits: vec![0; 1 << (log - 6)],
            shift: 32 - log,
            mask: u32::MAX >> (8 * (GRAM - gram)),
            gram,
            stride,
        };
        for literal in literals {
            for window in literal.windows(gram).take(stride) {
                let mut bytes = [0; GRAM];
                bytes.iter_mut().zip(window).for_each(|(to, from)| *to = *from);
                let bit = filter.bit(bytes);
                if let Some(word) = filter.bits.get_mut(bit >> 6) {
                    *word |= 1 << (bit & 63);
                }
            }
        }
        filter
    }

    /// The bit of a q-gram. Bit 5 of each byte is set, which folds the case of letters (and some
    /// other bytes with each other, which only costs a walk).
    #[inline]
    fn bit(&self, bytes: [u8; GRAM]) -> usize {
        let folded = (u32::from_le_bytes(bytes) | 0x2020_2020) & self.mask;
        (folded.wrapping_mul(0x9e37_79b1) >> self.shift) as usize
    }

    /// The first of the positions `at`, `at + stride`... at which a literal's q-gram may stand,
    /// or which is too near to the end to tell.
    #[inline]
    fn next(&self, bytes: &[u8], mut at: usize) -> usize {
        while let Some(&gram) = bytes.get(at..).and_then(|rest| rest.first_chunk::<GRAM>()) {
            let bit = self.bit(gram);
            let word = self.bits.get(bit >> 6).copied().unwrap_or(u64::MAX);
            if word >> (bit & 63) & 1 == 1 {
                return at;
            }
            at += self.stride;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn literals(texts: &[&str]) -> Vec<Vec<u8>> {
        texts.iter().map(|t| t.as_bytes().to_vec()).collect()
    }

    /// Hits by a search of each literal at each position.
    fn naive(literals: &[Vec<u8>], text: &[u8]) -> Vec<(usize, u32)> {
        let mut hits = Vec::new();
        for (number, literal) in literals.iter().enumerate() {
            for (at, window) in text.windows(literal.len()).enumerate() {
                if window.eq_ignore_ascii_case(literal) {
                    hits.push((at + literal.len(), u32::try_from(number).unwrap()));
                }
            }
        }
        hits.sort_unstable();
        hits
    }

    fn scan(automaton: &Automaton, pieces: &[&[u8]]) -> (Vec<(usize, u32)>, u32) {
        let (mut hits, mut state, mut before) = (Vec::new(), ROOT, 0);
        for piece in pieces {
            state = automaton.scan(state, piece, &mut |n, end| hits.push((before + end, n)));
            before += piece.len();
        }
        hits.sort_unstable();
        (hits, state)
    }

    /// The state by walking every byte.
    fn walk(automaton: &Automaton, text: &[u8]) -> u32 {
        text.iter().fold(ROOT, |state, byte| automaton.step(state, *byte, 0, &mut |_, _| ()))
    }

    #[test]
    fn finds_what_overlaps_and_what_is_inside() {
        let words = literals(&["passwd", "asswd:", "SWD", "/etc/passwd", "nc"]);
        let automaton = Automaton::new(&words).unwrap();
        let text = b"x /eTc/PASSWD: ncnc";
        assert_eq!(scan(&automaton, &[text]).0, naive(&words, text));
        assert_eq!(naive(&words, text).len(), 6);
    }

    #[test]
    fn equal_literals_are_all_told() {
        let words = literals(&["union", "UNION"]);
        let automaton = Automaton::new(&words).unwrap();
        assert_eq!(scan(&automaton, &[b"union"]).0, [(5, 0), (5, 1)]);
    }

    #[test]
    fn no_literals_find_nothing() {
        let automaton = Automaton::new(&[]).unwrap();
        assert_eq!(scan(&automaton, &[b"anything at all"]), (vec![], ROOT));
    }

    #[test]
    fn all_bytes_may_be_used() {
        let words: Vec<Vec<u8>> = (0..=255_u8).map(|b| vec![b, b ^ 1, b]).collect();
        let automaton = Automaton::new(&words).unwrap();
        let text: Vec<u8> = words.concat();
        assert_eq!(scan(&automaton, &[&text]).0, naive(&words, &text));
    }

    proptest! {
        /// A small alphabet makes near misses; every way of cutting must give the same hits, and
        /// the same state as a walk over every byte.
        #[test]
        fn equals_the_naive_search_however_it_is_cut(
            words in prop::collection::vec("[abAB/]{2,12}", 1..8),
            text in "[abcAB/]{0,80}",
            cuts in prop::collection::vec(0_usize..80, 0..5),
        ) {
            let words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
            let automaton = Automaton::new(&words).unwrap();
            let text = text.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect();
            let (hits, state) = scan(&automaton, &pieces);
            prop_assert_eq!(hits, naive(&words, text));
            prop_assert_eq!(state, walk(&automaton, text));
        }

        #[test]
        fn equals_the_naive_search_with_long_words(
            words in prop::collection::vec("[abc]{7,12}", 1..4),
            text in "[abcABC]{0,300}",
            cut in 0_usize..300,
        ) {
            let words: Vec<Vec<u8>> = words.into_iter().map(String::into_bytes).collect();
            let automaton = Automaton::new(&words).unwrap();
            let (head, tail) = text.as_bytes().split_at(cut.min(text.len()));
            let (hits, state) = scan(&automaton, &[head, tail]);
            prop_assert_eq!(hits, naive(&words, text.as_bytes()));
            prop_assert_eq!(state, walk(&automaton, text.as_bytes()));
        }
    }
}
