//! A filter as a tree: what is asked, and how it is written.

use super::fields::{FieldId, Shape};
use super::pattern::Pattern;
use crate::history::row::{Depth, RowRef};
use std::fmt;

/// A part of a filter. `All` and `Any` never hold their own kind, and never exactly one part.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Term(Term),
}

/// A field and what it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub(super) field: FieldId,
    pub(super) values: Values,
}

/// What a field is compared with; one of several is enough.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Values {
    /// Addresses from and to, both inclusive.
    Addrs(Vec<(u128, u128)>),
    Numbers(Vec<Span>),
    /// Places in the field's list of choices.
    Choices(Vec<u8>),
    Texts(Vec<Pattern>),
    Macs(Vec<[u8; 6]>),
    /// Sets of TCP flags, each to be there as a whole.
    Flags(Vec<u8>),
}

/// Numbers in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Span {
    One(u64),
    /// Both inclusive.
    Range(u64, u64),
    Below(u64),
    AtMost(u64),
    Above(u64),
    AtLeast(u64),
}

impl Span {
    /// True when the number is one of these.
    #[inline]
    pub(super) fn holds(self, n: u64) -> bool {
        match self {
            Self::One(value) => n == value,
            Self::Range(from, to) => from <= n && n <= to,
            Self::Below(value) => n < value,
            Self::AtMost(value) => n <= value,
            Self::Above(value) => n > value,
            Self::AtLeast(value) => n >= value,
        }
    }
}

impl Node {
    /// Several parts that must all pass.
    pub(super) fn all(parts: Vec<Node>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::single(flat).unwrap_or_else(Self::All)
    }

    /// Several parts of which one must pass.
    pub(super) fn any(parts: Vec<Node>) -> Self {
        let mut flat = Vec::new();
        for part in parts {
            match part {
                Self::Any(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        Self::single(flat).unwrap_or_else(Self::Any)
    }

    fn single(mut parts: Vec<Node>) -> Result<Node, Vec<Node>> {
        match parts.pop() {
            Some(only) if parts.is_empty() => Ok(only),
            Some(last) => {
                parts.push(last);
                Err(parts)
            }
            None => Err(parts),
        }
    }

    /// How deep a row must be read.
    pub(super) fn depth(&self) -> Depth {
        match self {
            Self::All(parts) | Self::Any(parts) => {
                parts.iter().map(Self::depth).max().unwrap_or_default()
            }
            Self::Not(inner) => inner.depth(),
            Self::Term(term) => term.field.spec().depth,
        }
    }

    /// True when the row passes.
    pub(super) fn matches(&self, row: &RowRef<'_>) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(row)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(row)),
            Self::Not(inner) => !inner.matches(row),
            Self::Term(term) => super::test::matches(term, row),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All(parts) => joined(f, parts, " ", |part| matches!(part, Self::Any(_))),
            Self::Any(parts) => joined(f, parts, " or ", |_| false),
            Self::Not(inner) => {
                f.write_str("not ")?;
                bracketed(f, inner, matches!(**inner, Self::All(_) | Self::Any(_)))
            }
            Self::Term(term) => term.fmt(f),
        }
    }
}

fn joined(
    f: &mut fmt::Formatter<'_>,
    parts: &[Node],
    between: &str,
    brackets: fn(&Node) -> bool,
) -> fmt::Result {
    for (n, part) in parts.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        bracketed(f, part, brackets(part))?;
    }
    Ok(())
}

fn bracketed(f: &mut fmt::Formatter<'_>, part: &Node, brackets: bool) -> fmt::Result {
    if brackets { write!(f, "({part})") } else { fmt::Display::fmt(part, f) }
}

impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.field.spec();
        f.write_str(spec.name)?;
        match &self.values {
            Values::Numbers(spans) => numbers(f, spans, spec.shape),
            Values::Addrs(ranges) => {
                listed(f, ranges, |(from, to)| super::value::addrs(*from, *to))
            }
            Values::Choices(places) => listed(f, places, |place| spec.choice(*place)),
            Values::Texts(patterns) => listed(f, patterns, ToString::to_string),
            Values::Macs(macs) => listed(f, macs, |mac| anomalyzer_wire::Mac(*mac).to_string()),
            Values::Flags(sets) => listed(f, sets, |set| super::value::flag_letters(*set)),
        }
    }
}

fn numbers(f: &mut fmt::Formatter<'_>, spans: &[Span], shape: Shape) -> fmt::Result {
    let text = |n: u64| super::value::number_text(n, shape);
    match spans {
        [Span::Below(n)] => write!(f, "<{}", text(*n)),
        [Span::AtMost(n)] => write!(f, "<={}", text(*n)),
        [Span::Above(n)] => write!(f, ">{}", text(*n)),
        [Span::AtLeast(n)] => write!(f, ">={}", text(*n)),
        several => listed(f, several, |span| match *span {
            Span::Range(from, to) => format!("{}-{}", text(from), text(to)),
            Span::One(n) | Span::Below(n) | Span::AtMost(n) | Span::Above(n) | Span::AtLeast(n) => {
                text(n)
            }
        }),
    }
}

fn listed<T>(f: &mut fmt::Formatter<'_>, values: &[T], text: impl Fn(&T) -> String) -> fmt::Result {
    for (n, value) in values.iter().enumerate() {
        f.write_str(if n == 0 { ":" } else { "," })?;
        f.write_str(&text(value))?;
    }
    Ok(())
}
