//! The lists that come with the program hold what they promise.

use super::*;
use crate::keyword::regex::Expression;
use crate::keyword::{Find, Matcher};

#[test]
fn every_list_can_be_read_and_compiled_together() {
    let lists: Vec<List> = BUILTIN.iter().map(|l| builtin(l.name).unwrap().unwrap()).collect();
    for (list, known) in lists.iter().zip(BUILTIN) {
        assert_eq!(list.name, known.name);
        assert!(!list.about.is_empty());
    }
    let matcher = Matcher::new(&lists).unwrap();
    assert!(matcher.len() > 150);
    assert!(matcher.memory() < 2 << 20, "{} bytes", matcher.memory());
}

#[test]
fn patterns_have_reasons_and_keep_the_search_fast() {
    for known in BUILTIN.iter().filter(|l| l.by_default) {
        for pattern in builtin(known.name).unwrap().unwrap().patterns {
            assert!(pattern.reason.ends_with('.'), "{}", pattern.name);
            let literal = match &pattern.find {
                Find::Bytes(bytes) => bytes.len(),
                Find::Regex(text) => Expression::new(text, false).unwrap().literal.len(),
            };
            assert!(literal >= 7, "{}: {literal} bytes", pattern.name);
        }
    }
}

#[test]
fn unknown_lists_are_none() {
    assert!(builtin("nothing").is_none());
}
