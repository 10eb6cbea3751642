//! Places of addresses, from MMDB files that the tests write themselves (format 2.0, trees with
//! records of 24 bits).

use crate::data::geo::{Geo, Place};
use anomalyzer_wire::Addr;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A value of a file.
enum Value {
    Text(String),
    Short(u16),
    Number(u32),
    Long(u64),
    Map(Vec<(&'static str, Value)>),
    List(Vec<Value>),
}

use Value::{List, Long, Map, Number, Short, Text};

/// What comes first: type and size. Types from 8 on take a byte more, and sizes from 29 on.
fn control(out: &mut Vec<u8>, kind: u8, size: usize) {
    let (high, more) = if kind < 8 { (kind, None) } else { (0, Some(kind - 7)) };
    let short = u8::try_from(size.min(29)).unwrap();
    out.push(high << 5 | short);
    out.extend(more);
    if size >= 29 {
        out.push(u8::try_from(size - 29).unwrap());
    }
}

fn write(out: &mut Vec<u8>, value: &Value) {
    let mut plain = |kind, bytes: &[u8]| {
        control(out, kind, bytes.len());
        out.extend(bytes);
    };
    match value {
        Text(text) => plain(2, text.as_bytes()),
        Short(number) => plain(5, &number.to_be_bytes()),
        Number(number) => plain(6, &number.to_be_bytes()),
        Long(number) => plain(9, &number.to_be_bytes()),
        Map(entries) => {
            control(out, 7, entries.len());
            for (key, value) in entries {
                write(out, &Text((*key).to_owned()));
                write(out, value);
            }
        }
        List(values) => {
            control(out, 11, values.len());
            for value in values {
                write(out, value);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Branch {
    Nothing,
    Node(usize),
    Data(usize),
}

/// A network: an address of it, how many bits it has, and what is said of it.
type Network = (&'static str, u32, Value);

/// A file. IPv4 networks are in a tree of their own (version 4) or below `::/96` (version 6).
fn file(version: u16, networks: &[Network]) -> Vec<u8> {
    let mut nodes = vec![[Branch::Nothing; 2]];
    let mut data = Vec::new();
    for (address, bits, value) in networks {
        let (key, bits) = match (address.parse().unwrap(), version) {
            (IpAddr::V4(v4), 4) => (u128::from(v4.to_bits()) << 96, *bits),
            (IpAddr::V4(v4), _) => (u128::from(v4.to_bits()), bits + 96),
            (IpAddr::V6(v6), _) => (v6.to_bits(), *bits),
        };
        let side = |bit: u32| usize::from(key >> (127 - bit) & 1 == 1);
        let mut at = 0;
        for bit in 0..bits - 1 {
            at = if let Branch::Node(next) = nodes[at][side(bit)] {
                next
            } else {
                let next = nodes.len();
                nodes[at][side(bit)] = Branch::Node(next);
                nodes.push([Branch::Nothing; 2]);
                next
            };
        }
        nodes[at][side(bits - 1)] = Branch::Data(data.len());
        write(&mut data, value);
    }
    let mut out = Vec::new();
    for branch in nodes.iter().flatten() {
        let value = match branch {
            Branch::Nothing => nodes.len(),
            Branch::Node(node) => *node,
            Branch::Data(place) => nodes.len() + 16 + place,
        };
        out.extend(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
    }
    out.extend([0; 16]);
    out.extend(data);
    out.extend(b"\xab\xcd\xefMaxMind.com");
    write(&mut out, &metadata(version, nodes.len()));
    out
}

fn metadata(version: u16, nodes: usize) -> Value {
    Map(vec![
        ("node_count", Number(u32::try_from(nodes).unwrap())),
        ("record_size", Short(24)),
        ("ip_version", Short(version)),
        ("database_type", Text("Test".into())),
        ("binary_format_major_version", Short(2)),
        ("binary_format_minor_version", Short(0)),
        ("build_epoch", Long(1_790_000_000)),
        ("languages", List(vec![Text("en".into())])),
        ("description", Map(vec![("en", Text("made by a test".into()))])),
    ])
}

fn named(code: &str, country: &str, city: &str) -> Value {
    let names = |name: &str| Map(vec![("en", Text(name.to_owned()))]);
    let country = Map(vec![("iso_code", Text(code.to_owned())), ("names", names(country))]);
    Map(vec![("country", country), ("city", Map(vec![("names", names(city))]))])
}

fn network(number: u32, name: &str) -> Value {
    Map(vec![
        ("autonomous_system_number", Number(number)),
        ("autonomous_system_organization", Text(name.to_owned())),
    ])
}

fn kept(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn place(geo: &Geo, address: &str) -> Option<Place> {
    let address: IpAddr = address.parse().unwrap();
    // Twice: the second answer comes from memory.
    let (first, second) = (geo.place(Addr::from(address)), geo.place(Addr::from(address)));
    assert_eq!(first, second);
    first.as_deref().cloned()
}

#[test]
fn places_come_from_all_files_together() {
    let dir = tempfile::tempdir().unwrap();
    let cities = file(
        6,
        &[
            ("203.0.113.0", 24, named("NL", "Netherlands", "Utrecht")),
            ("2001:db8:5::", 48, named("SE", "Sweden", "")),
        ],
    );
    let networks = file(4, &[("203.0.113.128", 25, network(64_500, "Example Net"))]);
    let files = [kept(dir.path(), "city.mmdb", &cities), kept(dir.path(), "asn.mmdb", &networks)];
    let geo = Geo::open(&files).unwrap();
    let utrecht = Place {
        country: Some("NL".to_owned()),
        country_name: Some("Netherlands".to_owned()),
        city: Some("Utrecht".to_owned()),
        network: None,
    };
    assert_eq!(place(&geo, "203.0.113.9"), Some(utrecht.clone()));
    let network = Some("AS64500 Example Net".to_owned());
    assert_eq!(place(&geo, "203.0.113.200"), Some(Place { network, ..utrecht }));
    let sweden = place(&geo, "2001:db8:5::1").unwrap();
    assert_eq!((sweden.country, sweden.city, sweden.network), (Some("SE".to_owned()), None, None));
    assert_eq!(place(&geo, "198.51.100.1"), None, "in no file");
    assert_eq!(place(&Geo::default(), "203.0.113.9"), None, "no files");
}

#[test]
fn addresses_that_everybody_may_have_are_nowhere() {
    let dir = tempfile::tempdir().unwrap();
    let lies = file(4, &[("10.0.0.0", 8, named("XX", "Nowhere", "Nowhere"))]);
    let geo = Geo::open(&[kept(dir.path(), "lies.mmdb", &lies)]).unwrap();
    for address in ["10.0.0.1", "127.0.0.1", "224.0.0.1", "fe80::1", "fd00::1", "::1"] {
        assert_eq!(place(&geo, address), None, "{address}");
    }
}

#[test]
fn names_are_untrusted_text() {
    let dir = tempfile::tempdir().unwrap();
    let long = "a".repeat(250);
    let hostile = file(4, &[("203.0.113.0", 24, named("\u{1b}[31m", "<script>", &long))]);
    let geo = Geo::open(&[kept(dir.path(), "hostile.mmdb", &hostile)]).unwrap();
    let place = place(&geo, "203.0.113.1").unwrap();
    assert!(!place.country.unwrap().contains('\u{1b}'));
    assert!(place.city.unwrap().len() <= 130);
}

#[test]
fn what_is_no_such_file_is_told_by_its_name_and_no_bytes_make_it_panic() {
    let dir = tempfile::tempdir().unwrap();
    for bytes in [&b""[..], b"no file of places", b"\xab\xcd\xefMaxMind.com"] {
        let path = kept(dir.path(), "broken.mmdb", bytes);
        let told = Geo::open(&[path]).unwrap_err();
        assert!(told.contains("broken.mmdb") && told.contains("MMDB"), "{told}");
    }
    assert!(Geo::open(&[dir.path().join("missing.mmdb")]).is_err());
    let whole = file(4, &[("203.0.113.0", 24, named("NL", "Netherlands", "Utrecht"))]);
    // Every byte of the tree and of the data once, damaged.
    for at in 0..whole.len() {
        let mut damaged = whole.clone();
        damaged[at] ^= 0xff;
        let path = kept(dir.path(), "damaged.mmdb", &damaged);
        if let Ok(geo) = Geo::open(&[path]) {
            let _ = place(&geo, "203.0.113.1");
        }
    }
}
