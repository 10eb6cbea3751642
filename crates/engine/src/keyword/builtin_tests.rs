//! The lists that come with the program hold what they promise.

use super::*;
use crate::keyword::regex::Expression;
use crate::keyword::{Find, Matcher, check_examples};

fn all() -> Vec<List> {
    BUILTIN.iter().map(|l| builtin(l.name).unwrap().unwrap()).collect()
}

#[test]
fn every_list_can_be_read_and_compiled_together() {
    let lists = all();
    for (list, known) in lists.iter().zip(BUILTIN) {
        assert_eq!(list.name, known.name);
        assert!(!list.about.is_empty());
    }
    let matcher = Matcher::new(&lists).unwrap();
    assert!(matcher.len() > 200);
    assert!(matcher.memory() < 2 << 20, "{} bytes", matcher.memory());
}

#[test]
fn every_pattern_has_a_reason_and_examples_that_hold() {
    for list in all() {
        for pattern in &list.patterns {
            let name = &pattern.name;
            assert!(pattern.reason.ends_with('.') && pattern.reason.len() > 20, "{name}");
            assert!(!pattern.hit.is_empty(), "{name} has no example");
            assert!(!pattern.benign.is_empty(), "{name} has no look-alike");
        }
        check_examples(&list, &list.name).unwrap_or_else(|e| panic!("{e}"));
    }
}

#[test]
fn names_are_unique_over_the_default_lists() {
    let lists = default_lists().unwrap();
    let mut names: Vec<_> =
        lists.iter().flat_map(|l| &l.patterns).map(|p| p.name.as_str()).collect();
    names.sort_unstable();
    let twice = names.windows(2).find(|pair| pair[0] == pair[1]);
    assert_eq!(twice, None);
}

#[test]
fn patterns_keep_the_search_fast() {
    for pattern in default_lists().unwrap().iter().flat_map(|list| &list.patterns) {
        let (literal, before) = match &pattern.find {
            Find::Bytes(bytes) => (bytes.len(), 0),
            Find::Regex(text) => {
                let expression = Expression::new(text, false).unwrap();
                (expression.literal.len(), expression.before)
            }
            Find::Sign(_) => continue,
        };
        if pattern.in_streams() {
            assert!(literal >= 7, "{}: {literal} bytes", pattern.name);
            // Looking back would cost memory in every direction of every flow.
            assert_eq!(before, 0, "{} looks back", pattern.name);
        } else {
            assert!(literal >= 3, "{}: {literal} bytes", pattern.name);
        }
    }
}

#[test]
fn unknown_lists_are_none() {
    assert!(builtin("nothing").is_none());
}
