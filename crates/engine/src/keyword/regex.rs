//! Regular expressions among the keywords: found by a literal, then run on a bounded window.
//!
//! An automaton for every expression over every byte would cost too much, so an expression must
//! hold a literal that each match contains. The literal is found with all the other keywords; the
//! expression is then run on the bytes around it: what may stand before the literal (at most
//! [`BEFORE_MAX`] bytes) and what may stand behind (at most [`AFTER_MAX`] bytes).

use regex::bytes::{Regex, RegexBuilder};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

/// Fewest bytes of the literal that an expression must hold.
pub(super) const LITERAL_MIN: usize = 3;
/// Most bytes before the literal that an expression sees.
pub(super) const BEFORE_MAX: usize = 256;
/// Most bytes from the literal's start on that an expression sees.
pub(super) const AFTER_MAX: usize = 4_096;
/// Bytes that a compiled expression may take.
const SIZE_MAX: usize = 256 << 10;

/// A compiled expression with the literal that finds it.
#[derive(Debug)]
pub(super) struct Expression {
    /// The literal that each match contains.
    pub(super) literal: Vec<u8>,
    /// Most bytes of a match before the literal.
    pub(super) before: usize,
    /// Most bytes of a match from the literal's start on.
    pub(super) after: usize,
    regex: Regex,
}

impl Expression {
    /// Compiles; the error is a sentence for the user.
    pub(super) fn new(text: &str, case_sensitive: bool) -> Result<Self, String> {
        let (literal, before, after) = analyse(text)?;
        // Without bytes before the literal the match begins at the window's first byte, and an
        // anchor makes it fail fast elsewhere.
        let anchored = if before == 0 { format!(r"\A(?:{text})") } else { text.to_owned() };
        let regex = RegexBuilder::new(&anchored)
            .unicode(false)
            .case_insensitive(!case_sensitive)
            .dot_matches_new_line(true)
            .size_limit(SIZE_MAX)
            .build()
            .map_err(|error| format!("is no regular expression: {}", one_line(&error)))?;
        Ok(Self { literal, before, after, regex })
    }

    /// True when the expression matches within the window.
    pub(super) fn is_match(&self, window: &[u8]) -> bool {
        self.regex.is_match(window)
    }
}

/// Tells whether an expression can be used.
pub(super) fn check(text: &str) -> Result<(), String> {
    if text.len() > super::list::BYTES_MAX {
        return Err(format!("must be at most {} bytes long", super::list::BYTES_MAX));
    }
    Expression::new(text, false).map(drop)
}

/// The literal, and how many bytes a match may hold before it and from its start on.
fn analyse(text: &str) -> Result<(Vec<u8>, usize, usize), String> {
    let hir = ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .dot_matches_new_line(true)
        .nest_limit(32)
        .build()
        .parse(text)
        .map_err(|error| format!("is no regular expression: {}", one_line(&error)))?;
    let mut parts = Vec::new();
    flatten(&hir, &mut parts);
    let literals = parts.iter().enumerate().filter_map(|(i, part)| match part.kind() {
        HirKind::Literal(literal) if literal.0.len() >= LITERAL_MIN => Some((i, literal)),
        _ => None,
    });
    // One that stands first needs no bytes before it; else the longest is the rarest.
    let best = literals.max_by_key(|(i, literal)| (*i == 0, literal.0.len()));
    let Some((at, literal)) = best else {
        return Err(format!(
            "needs a plain text of at least {LITERAL_MIN} bytes that each match contains, \
             outside of brackets with alternatives (case is set by the key `case`)"
        ));
    };
    let longest = |parts: &[&Hir], cap: usize| {
        parts
            .iter()
            .map(|part| part.properties().maximum_len())
            .try_fold(0_usize, |sum, len| Some(sum.saturating_add(len?)))
            .map_or(cap, |sum| sum.min(cap))
    };
    let (head, tail) = parts.split_at(at);
    Ok((literal.0.to_vec(), longest(head, BEFORE_MAX), longest(tail, AFTER_MAX)))
}

/// The parts that follow each other in every match, groups opened.
fn flatten<'h>(hir: &'h Hir, parts: &mut Vec<&'h Hir>) {
    match hir.kind() {
        HirKind::Concat(inner) => inner.iter().for_each(|part| flatten(part, parts)),
        HirKind::Capture(group) => flatten(&group.sub, parts),
        _ => parts.push(hir),
    }
}

fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    let last = text.lines().map(str::trim).rfind(|line| !line.is_empty());
    last.unwrap_or_default().trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_literal_and_bounds_the_window() {
        let check = |text: &str, literal: &str, before: usize, after: usize| {
            let found = Expression::new(text, false).unwrap();
            assert_eq!(found.literal, literal.as_bytes(), "{text}");
            assert_eq!((found.before, found.after), (before, after), "{text}");
        };
        check(r"union\s{1,4}select", "union", 0, 15);
        check(r"(union)\s+(all\s+)?select", "union", 0, AFTER_MAX);
        check(r"[a-z]{1,8}\.exe", ".exe", 8, 4);
        check(r"[a-z]+\.exe\b", ".exe", BEFORE_MAX, 4);
        check(r"ab.passwd", "passwd", 3, 6);
    }

    #[test]
    fn refuses_what_cannot_be_found() {
        for text in ["[a-z]+", "ab", "(?i)select", "select|union", "(", "a{1000}{1000}passwd", ""] {
            assert!(Expression::new(text, false).is_err(), "{text}");
        }
    }

    #[test]
    fn matches_bytes_in_both_cases_unless_told() {
        let loose = Expression::new(r"union\s{1,4}select", false).unwrap();
        assert!(loose.is_match(b"UNION \nSelect\xff"));
        assert!(!loose.is_match(b" union select"), "anchored at the literal");
        let strict = Expression::new(r"union\s{1,4}select", true).unwrap();
        assert!(!strict.is_match(b"UNION select"));
    }
}
