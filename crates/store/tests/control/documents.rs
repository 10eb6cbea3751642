//! Documents and their versions.

use crate::{Fixture, kind};
use anomalyzer_store::control::DocumentKind::{Keywords, SavedView, Settings, ThreatList};
use anomalyzer_store::{Control, Result};

fn put(c: &Control, name: &str, text: &str, version: Option<i64>) -> Result<i64> {
    c.put_document(Keywords, name, text, true, version, "ann", 7)
}

#[test]
fn a_change_names_the_version_it_was_made_from() {
    let f = Fixture::new();
    let c = f.store.control();
    assert_eq!(kind(put(c, "web", "a", Some(1))), "conflict");
    assert_eq!(put(c, "web", "a", None).unwrap(), 1);
    assert_eq!(kind(put(c, "web", "b", None)), "conflict");
    assert_eq!(put(c, "web", "b", Some(1)).unwrap(), 2);
    assert_eq!(kind(put(c, "web", "c", Some(1))), "conflict");
    let kept = c.document(Keywords, "web").unwrap().unwrap();
    assert_eq!((kept.text.as_str(), kept.version, kept.actor.as_str()), ("b", 2, "ann"));
    assert_eq!((kept.changed, kept.enabled, kept.kind), (7, true, Keywords));
    assert_eq!(c.document(Settings, "web").unwrap(), None, "of another kind");
    c.put_document(Keywords, "web", "b", false, Some(2), "bob", 8).unwrap();
    assert!(!c.document(Keywords, "web").unwrap().unwrap().enabled);
    c.remove_document(Keywords, "web").unwrap();
    assert_eq!(kind(c.remove_document(Keywords, "web")), "missing");
    assert_eq!(c.document_versions(Keywords, "web").unwrap(), []);
    assert_eq!(kind(put(c, "web", "d", Some(3))), "conflict");
}

#[test]
fn documents_are_listed_by_name_within_their_kind() {
    let f = Fixture::new();
    let c = f.store.control();
    for name in ["b", "a", "c"] {
        put(c, name, name, None).unwrap();
    }
    c.put_document(SavedView, "a", "{}", true, None, "ann", 7).unwrap();
    let names: Vec<_> = c.documents(Keywords).unwrap().into_iter().map(|d| d.name).collect();
    assert_eq!(names, ["a", "b", "c"]);
}

#[test]
fn twenty_earlier_versions_are_kept() {
    let f = Fixture::new();
    let c = f.store.control();
    put(c, "web", "text 1", None).unwrap();
    for version in 1..=30 {
        put(c, "web", &format!("text {}", version + 1), Some(version)).unwrap();
    }
    let kept = c.document_versions(Keywords, "web").unwrap();
    let versions: Vec<i64> = kept.iter().map(|d| d.version).collect();
    assert_eq!(versions, (11..=30).rev().collect::<Vec<_>>());
    assert_eq!((kept[0].text.as_str(), kept[19].text.as_str()), ("text 30", "text 11"));
}

#[test]
fn earlier_versions_of_large_lists_do_not_fill_the_disk() {
    let f = Fixture::new();
    let c = f.store.control();
    let list = |n: u8| char::from(b'a' + n).to_string().repeat(30 << 20);
    let mut version = None;
    for n in 0..4 {
        let put = c.put_document(ThreatList, "feed", &list(n), true, version, "ann", 1);
        version = Some(put.unwrap());
    }
    let kept = c.document_versions(ThreatList, "feed").unwrap();
    assert_eq!(kept.iter().map(|d| d.version).collect::<Vec<_>>(), [3, 2]);
}

#[test]
fn number_and_size_are_limited() {
    let f = Fixture::new();
    let c = f.store.control();
    let large = "x".repeat((4 << 20) + 1);
    assert_eq!(kind(put(c, "web", &large, None)), "limit");
    put(c, "web", &large[1..], None).unwrap();
    for name in ["", "a\nb", &"x".repeat(201)] {
        assert_eq!(kind(put(c, name, "", None)), "invalid");
    }
    for n in 0..16 {
        c.put_document(Settings, &n.to_string(), "", true, None, "ann", 1).unwrap();
    }
    assert_eq!(kind(c.put_document(Settings, "more", "", true, None, "ann", 1)), "limit");
    c.put_document(Settings, "3", "new", true, Some(1), "ann", 1).unwrap();
}
