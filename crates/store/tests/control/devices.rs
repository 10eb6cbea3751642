//! Devices: what runs of the program learned, and what people say.

use crate::alerts::at;
use crate::{Fixture, kind};
use anomalyzer_store::control::{DeviceChange, DeviceQuery, DeviceRow, NewDevice};
use anomalyzer_store::{Control, SourceId};
use anomalyzer_wire::{Addr, Mac};

const SENSOR: SourceId = SourceId::SENSOR;

fn device(n: u8) -> NewDevice {
    NewDevice {
        id: format!("mac:00:00:00:00:00:{n:02x}"),
        mac: Some(Mac([0, 0, 0, 0, 0, n])),
        vendor: Some(format!("Vendor {}", char::from(b'Z' - n))),
        addresses: vec![Addr::v4([10, 0, 0, n])],
        names: vec![("dhcp".into(), format!("host-{n}"))],
        first: at(100),
        last: at(200 + i64::from(n)),
        services: vec![(6, 443, "tls".into(), at(150))],
        learned: "arp".into(),
        bytes: [10, 20],
        flows: 3,
    }
}

fn query() -> DeviceQuery {
    DeviceQuery { source: SENSOR, limit: 100, ..DeviceQuery::default() }
}

fn put(c: &Control, device: &NewDevice) -> Vec<DeviceRow> {
    c.put_devices(SENSOR, std::slice::from_ref(device)).unwrap()
}

#[test]
fn a_device_comes_back_as_it_was_put() {
    let f = Fixture::new();
    let c = f.store.control();
    let new = device(1);
    let rows = put(c, &new);
    assert_eq!((rows.len(), &rows[0].device, rows[0].status.as_str()), (1, &new, "new"));
    assert_eq!(c.device(SENSOR, &new.id).unwrap(), rows[0]);
    assert_eq!(kind(c.device(SENSOR, "mac:none")), "missing");
    assert_eq!(kind(c.put_devices(SourceId(9), &[new])), "missing");
    let bare = NewDevice { id: "ip:fe80::1".into(), ..NewDevice::default() };
    assert_eq!(put(c, &bare)[0].device, bare);
    assert_eq!(c.device(SENSOR, "ip:fe80::1").unwrap().device, bare);
}

#[test]
fn only_news_are_told() {
    let f = Fixture::new();
    let c = f.store.control();
    let base = device(1);
    put(c, &base);
    assert_eq!(put(c, &base), []);
    let quiet: [fn(&mut NewDevice); 4] = [
        |d| d.last = at(900),
        |d| d.bytes = [11, 22],
        |d| d.flows = 4,
        |d| d.services[0].3 = at(900),
    ];
    for (n, change) in quiet.into_iter().enumerate() {
        let mut new = c.device(SENSOR, &base.id).unwrap().device;
        change(&mut new);
        assert_eq!(put(c, &new), [], "change {n}");
        assert_eq!(c.device(SENSOR, &base.id).unwrap().device, new, "change {n}");
    }
    let news: [fn(&mut NewDevice); 5] = [
        |d| d.mac = Some(Mac([9; 6])),
        |d| d.vendor = Some("Other".into()),
        |d| d.addresses.insert(0, Addr::v4([10, 0, 0, 99])),
        |d| d.names.push(("mdns".into(), "tv".into())),
        |d| d.services.push((17, 53, "dns".into(), at(1))),
    ];
    for (n, change) in news.into_iter().enumerate() {
        let mut new = c.device(SENSOR, &base.id).unwrap().device;
        change(&mut new);
        assert_eq!(put(c, &new)[0].device, new, "change {n}");
    }
    let mut turned = c.device(SENSOR, &base.id).unwrap().device;
    turned.addresses.reverse();
    assert_eq!(put(c, &turned), [], "the order of addresses is no news");
    assert_eq!(c.device(SENSOR, &base.id).unwrap().device.addresses, turned.addresses);
}

#[test]
fn counts_add_up_over_runs() {
    let f = Fixture::new();
    let id = device(1).id;
    let counts = |f: &Fixture| {
        let d = f.store.control().device(SENSOR, &id).unwrap().device;
        (d.bytes, d.flows)
    };
    let set = |f: &Fixture, bytes, flows| {
        put(f.store.control(), &NewDevice { bytes, flows, ..device(1) });
    };
    set(&f, [10, 20], 3);
    set(&f, [15, 20], 4);
    assert_eq!(counts(&f), ([15, 20], 4));
    let f = f.again();
    assert_eq!(counts(&f), ([15, 20], 4));
    set(&f, [100, 20], 1);
    assert_eq!(counts(&f), ([115, 40], 5));
    set(&f, [100, 20], 1);
    assert_eq!(counts(&f), ([115, 40], 5));
    // The engine forgot the device and learned it anew.
    set(&f, [1, 1], 1);
    assert_eq!(counts(&f), ([116, 41], 6));
    let f = f.again();
    set(&f, [1, 1], 1);
    assert_eq!(counts(&f), ([117, 42], 7));
    set(&f, [u64::MAX, 1], 1);
    set(&f, [0, 1], 1);
    set(&f, [u64::MAX, 1], 1);
    assert_eq!(counts(&f).0[0], 1 << 61, "counts stop, and do not overflow");
}

#[test]
fn what_earlier_runs_knew_stays_behind() {
    let f = Fixture::new();
    put(f.store.control(), &device(1));
    let f = f.again();
    let c = f.store.control();
    let less = NewDevice {
        mac: None,
        vendor: None,
        addresses: vec![Addr::v4([10, 0, 0, 50])],
        names: Vec::new(),
        services: vec![(6, 22, "ssh".into(), at(300))],
        first: at(250),
        last: at(300),
        ..device(1)
    };
    put(c, &less);
    let d = c.device(SENSOR, &less.id).unwrap().device;
    assert_eq!((d.mac, d.vendor), (device(1).mac, device(1).vendor));
    assert_eq!(d.addresses, [Addr::v4([10, 0, 0, 50]), Addr::v4([10, 0, 0, 1])]);
    assert_eq!((d.names, d.services.len()), (device(1).names, 2));
    assert_eq!((d.first, d.last), (at(100), at(300)));
    let many = NewDevice {
        addresses: (0..40).map(|n| Addr::v4([10, 1, 0, n])).collect(),
        names: (0..40).map(|n| ("dhcp".into(), n.to_string())).collect(),
        services: (0..90).map(|n| (6, n, String::new(), at(1))).collect(),
        ..device(1)
    };
    put(c, &many);
    let d = c.device(SENSOR, &less.id).unwrap().device;
    assert_eq!((d.addresses.len(), d.names.len(), d.services.len()), (16, 8, 64));
    assert_eq!(c.device_at(SENSOR, Addr::v4([10, 0, 0, 1])).unwrap(), None);
}

#[test]
fn the_device_at_an_address_is_the_one_that_has_it_now() {
    let f = Fixture::new();
    let c = f.store.control();
    put(c, &device(1));
    put(c, &device(2));
    let at_1 =
        |c: &Control| c.device_at(SENSOR, Addr::v4([10, 0, 0, 1])).unwrap().map(|d| d.device.id);
    assert_eq!(at_1(c), Some(device(1).id));
    assert_eq!(c.device_at(SENSOR, Addr::v4([9, 9, 9, 9])).unwrap(), None);
    assert_eq!(c.device_at(SourceId(3), Addr::v4([10, 0, 0, 1])).unwrap(), None);
    // The second one gets the first one's address: seen later, it is the one.
    let two = NewDevice {
        addresses: vec![Addr::v4([10, 0, 0, 1]), Addr::v4([10, 0, 0, 2])],
        last: at(500),
        ..device(2)
    };
    put(c, &two);
    assert_eq!(at_1(c), Some(device(2).id));
    // The first one has it again, the second one another.
    put(c, &NewDevice { addresses: vec![Addr::v4([10, 0, 0, 7])], last: at(900), ..device(2) });
    assert_eq!(at_1(c), Some(device(1).id));
}

#[test]
fn what_people_say_stays() {
    let f = Fixture::new();
    let c = f.store.control();
    put(c, &device(1));
    let change = DeviceChange {
        name: Some("printer".into()),
        owner: Some("IT".into()),
        tags: Some(vec!["floor 2".into()]),
        notes: Some("loud".into()),
        status: Some("known".into()),
    };
    let row = c.change_device(SENSOR, &device(1).id, &change).unwrap();
    assert_eq!((row.name.as_str(), row.tags.as_slice()), ("printer", &["floor 2".to_owned()][..]));
    put(c, &NewDevice { last: at(999), ..device(1) });
    let f = f.again();
    let c = f.store.control();
    let kept = c.device(SENSOR, &device(1).id).unwrap();
    assert_eq!(
        (kept.owner.as_str(), kept.notes.as_str(), kept.status.as_str()),
        ("IT", "loud", "known")
    );
    c.change_device(SENSOR, &device(1).id, &DeviceChange::default()).unwrap();
    assert_eq!(c.device(SENSOR, &device(1).id).unwrap(), kept, "nothing named, nothing changed");
    let wrong = [
        DeviceChange { status: Some("old".into()), ..DeviceChange::default() },
        DeviceChange { name: Some("x".repeat(201)), ..DeviceChange::default() },
        DeviceChange { notes: Some("x".repeat((16 << 10) + 1)), ..DeviceChange::default() },
        DeviceChange { tags: Some(vec!["x".into(); 33]), ..DeviceChange::default() },
        DeviceChange { tags: Some(vec![String::new()]), ..DeviceChange::default() },
    ];
    for change in wrong {
        assert_eq!(kind(c.change_device(SENSOR, &device(1).id, &change)), "invalid");
    }
    let nobody = c.change_device(SENSOR, "mac:none", &DeviceChange::default());
    assert_eq!(kind(nobody), "missing");
}

#[test]
fn lists_are_sorted_searched_and_paged() {
    let f = Fixture::new();
    let c = f.store.control();
    // 10.0.0.9 comes before 10.0.0.10, whatever the letters say.
    for n in [9, 10, 1] {
        let bytes = [u64::from(n) * 7 % 10, 0];
        put(c, &NewDevice { bytes, ..device(n) });
    }
    let named = DeviceChange {
        name: Some("Aha".into()),
        status: Some("known".into()),
        ..DeviceChange::default()
    };
    c.change_device(SENSOR, &device(10).id, &named).unwrap();
    let order = |query: DeviceQuery| -> Vec<u8> {
        let (rows, _) = c.devices(&query).unwrap();
        rows.iter().map(|r| r.device.mac.unwrap().0[5]).collect()
    };
    let by = |sort: &str| DeviceQuery { sort: sort.into(), ..query() };
    for (sort, expected) in [
        ("", [1, 9, 10]),
        ("last", [1, 9, 10]),
        ("address", [1, 9, 10]),
        ("name", [10, 1, 9]),
        ("vendor", [10, 9, 1]),
        ("bytes", [10, 9, 1]),
    ] {
        assert_eq!(order(by(sort)), expected, "{sort}");
        let mut turned = expected;
        turned.reverse();
        assert_eq!(order(DeviceQuery { descending: true, ..by(sort) }), turned, "{sort}");
    }
    assert_eq!(kind(c.devices(&by("size; DROP TABLE device"))), "invalid");
    let text = |t: &str| DeviceQuery { text: Some(t.into()), ..query() };
    assert_eq!(order(text("HOST-9")), [9]);
    assert_eq!(order(text("aha 10.0.0")), [10]);
    assert_eq!(order(text("vendor y")), [1]);
    assert_eq!(order(text("nothing")), [0_u8; 0]);
    assert_eq!(order(DeviceQuery { status: Some("known".into()), ..query() }), [10]);
    let (rows, total) = c.devices(&DeviceQuery { limit: 1, offset: 1, ..query() }).unwrap();
    assert_eq!((rows.len(), total, rows[0].device.mac), (1, 3, device(9).mac));
    assert_eq!(c.new_devices(SENSOR).unwrap(), 2);
}

#[test]
fn a_full_source_forgets_devices_of_which_nobody_said_anything() {
    let f = Fixture::new();
    let c = f.store.control();
    let one = |n: i64| NewDevice { id: format!("ip:{n}"), last: at(n), ..NewDevice::default() };
    let many: Vec<_> = (0..16_384).map(one).collect();
    c.put_devices(SENSOR, &many).unwrap();
    let name = DeviceChange { name: Some("mine".into()), ..DeviceChange::default() };
    c.change_device(SENSOR, "ip:0", &name).unwrap();
    c.put_devices(SENSOR, &[one(20_000)]).unwrap();
    assert!(c.device(SENSOR, "ip:0").is_ok() && c.device(SENSOR, "ip:20000").is_ok());
    assert_eq!(kind(c.device(SENSOR, "ip:1")), "missing");
    let (_, total) = c.devices(&query()).unwrap();
    assert!((16_000..=16_384).contains(&total), "{total}");
}

#[test]
fn what_was_known_by_its_address_becomes_the_device_with_the_hardware_address() {
    let by_address = NewDevice {
        id: "ip:10.0.0.1".into(),
        mac: None,
        vendor: None,
        names: vec![("mdns".into(), "tv".into())],
        first: at(50),
        ..device(1)
    };
    let said = DeviceChange {
        name: Some("Television".into()),
        tags: Some(vec!["media".into()]),
        status: Some("known".into()),
        ..DeviceChange::default()
    };
    // An earlier run knew it by its address, this one too, and then by its hardware address.
    let f = Fixture::new();
    put(f.store.control(), &by_address);
    let f = f.again();
    let c = f.store.control();
    put(c, &by_address);
    c.change_device(SENSOR, "ip:10.0.0.1", &said).unwrap();
    // The engine has added up what it counted in this run.
    let rows = put(c, &NewDevice { bytes: [12, 24], flows: 5, ..device(1) });
    assert_eq!(kind(c.device(SENSOR, "ip:10.0.0.1")), "missing");
    let row = c.device(SENSOR, &device(1).id).unwrap();
    assert_eq!(rows, std::slice::from_ref(&row));
    assert_eq!((row.device.bytes, row.device.flows), ([22, 44], 8));
    assert_eq!((row.name.as_str(), row.status.as_str()), ("Television", "known"));
    assert_eq!((row.tags, row.device.first), (vec!["media".to_owned()], at(50)));
    assert_eq!(row.device.names.len(), 2);
    // Another address stays what it is.
    put(c, &NewDevice { id: "ip:10.0.0.9".into(), ..by_address.clone() });
    put(c, &device(2));
    assert!(c.device(SENSOR, "ip:10.0.0.9").is_ok());
    // It comes back by its address, and is taken in by a device that is known already.
    put(c, &by_address);
    put(c, &NewDevice { bytes: [13, 24], flows: 5, ..device(1) });
    assert_eq!(kind(c.device(SENSOR, "ip:10.0.0.1")), "missing");
}
