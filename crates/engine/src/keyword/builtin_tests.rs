//! The lists that come with the program hold what they promise.

use super::*;
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
            if let Find::Bytes(bytes) = &pattern.find {
                assert!(bytes.len() >= 7, "{}", pattern.name);
            }
        }
    }
}

#[test]
fn unknown_lists_are_none() {
    assert!(builtin("nothing").is_none());
}
