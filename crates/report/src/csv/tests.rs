//! The files as a reader gets them.

use super::*;
use crate::fixture::{self, Whole};
use anomalyzer_engine::flow::features::{COUNT, FlowFeatures};
use anomalyzer_wire::{Arp, Body, LinkInfo, Mac, Packet};

/// Header and rows; fails when rows differ in length.
fn read(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn flows(flow: &anomalyzer_engine::FlowRecord) -> Vec<u8> {
    let mut out = Vec::new();
    let mut file = Flows::new(&mut out).unwrap();
    file.row(flow).unwrap();
    file.finish().unwrap();
    out
}

#[test]
fn flow_row() {
    let rows = read(&flows(&fixture::flow()));
    let cell = |name: &str| {
        let column = rows[0].iter().position(|title| title == name).unwrap();
        rows[1][column].as_str()
    };
    assert_eq!(cell("flow_id"), "12345");
    assert_eq!(cell("first"), "2025-10-11T12:00:00.123456Z");
    assert_eq!((cell("src_ip"), cell("dst_port")), ("128.232.110.120", "80"));
    assert_eq!((cell("orig_bytes"), cell("resp_ttl")), ("2024", "50"));
    assert_eq!((cell("rtt_ms"), cell("tunnel"), cell("vlan")), ("12.345", "vxlan", "7"));
    assert_eq!((cell("sni"), cell("tls_version")), ("www.example.org", "TLS 1.3"));
    assert_eq!((cell("http_status"), cell("dns_query")), ("200", "example.org"));
    assert_eq!(cell("resolved"), "example.org");
}

#[test]
fn features_keep_their_columns_and_their_signs() {
    let mut flow = fixture::flow();
    let mut values = [0.25; COUNT];
    (values[0], values[1], values[2]) = (-1.5, f64::NAN, 3e20);
    flow.features = FlowFeatures::of(values);
    let mut out = Vec::new();
    let mut file = Features::new(&mut out, &["a", "b", "c"]).unwrap();
    file.row(&flow).unwrap();
    file.finish().unwrap();
    let text = String::from_utf8(out).unwrap();
    let expected = "flow_id,src_ip,src_port,dst_ip,dst_port,protocol,a,b,c\n\
                    12345,128.232.110.120,34855,66.35.250.204,80,tcp,-1.5,,3e20\n";
    assert_eq!(text, expected);
}

#[test]
fn packet_rows() {
    let arp = Arp {
        operation: 1,
        sender_mac: Mac::default(),
        sender_ip: fixture::addr("10.0.0.1"),
        target_mac: Mac::default(),
        target_ip: fixture::addr("10.0.0.2"),
        tunnel: None,
    };
    let mut out = Vec::new();
    let mut file = Packets::new(&mut out).unwrap();
    for body in [Body::Arp(arp), Body::Other { ether_type: 0x88cc }, Body::UnknownLink] {
        let packet = Packet {
            time: fixture::at(0),
            wire_len: 60,
            link: LinkInfo::default(),
            body,
            malformed: None,
        };
        file.row(&packet).unwrap();
    }
    file.finish().unwrap();
    let expected = "timestamp,src_ip,dst_ip,src_port,dst_port,protocol,packet_size\n\
                    2025-10-11T12:00:00.123456Z,10.0.0.1,10.0.0.2,,,arp,60\n\
                    2025-10-11T12:00:00.123456Z,,,,,0x88cc,60\n\
                    2025-10-11T12:00:00.123456Z,,,,,unknown,60\n";
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn alert_row() {
    let mut out = Vec::new();
    let mut file = Alerts::new(&mut out).unwrap();
    for alert in fixture::alerts() {
        file.row(&alert).unwrap();
    }
    file.finish().unwrap();
    let rows = read(&out);
    assert_eq!(rows.len(), 5);
    assert_eq!(
        rows[1][0..6].join("|"),
        "a1b2c3d4e5f60718|port-scan|syn|high|0.99|Port scan of 192.168.1.25 by 192.168.1.10"
    );
    assert_eq!(
        rows[1][17..22].join("|"),
        "22 80|1000|true|distinct_ports=1000 refused_ratio=0.997|T1046"
    );
}

#[test]
fn incident_and_host_rows() {
    let whole = Whole::usual();
    let mut out = Vec::new();
    incidents(&mut out, &whole.incidents).unwrap();
    let rows = read(&out);
    assert_eq!(
        rows[1][5..13].join("|"),
        concat!(
            "192.168.1.10 192.168.1.25|2|192.168.1.25|1|reconnaissance access exfiltration|5|",
            "port-scan-35 brute-force-50 brute-force-60 brute-force-70 exfiltration-80|noisy-host=2"
        )
    );
    let mut out = Vec::new();
    hosts(&mut out, &whole.hosts).unwrap();
    let rows = read(&out);
    assert_eq!(rows[2][0..5].join("|"), "192.168.1.25|57.3|0|57.3|2");
    assert_eq!(rows[2][7], "a1b2c3d4e5f60718=34.7 a1b2c3d4e5f60718=34.7");
}

#[test]
fn summary_and_series_rows() {
    let whole = Whole::usual();
    let mut out = Vec::new();
    summary(&mut out, &whole.summary).unwrap();
    let rows: Vec<String> = read(&out).iter().map(|row| row.join("|")).collect();
    for row in [
        "total||packets|105123",
        "estimate||destinations|70123",
        "per_second||busiest|2025-10-11T12:00:35.000000Z",
        "protocol|tcp|bytes|50000000",
        "port|53/udp|flows|40",
        "source|192.168.1.10|packets|50000",
        "counter|snapped|value|17",
    ] {
        assert!(rows.iter().any(|r| r == row), "{row}");
    }
    let mut out = Vec::new();
    series(&mut out, &whole.series).unwrap();
    let rows = read(&out);
    assert_eq!(rows.len(), 121);
    assert_eq!(rows[36][0..4].join("|"), "2025-10-11T12:00:35.000000Z|1|4000|2160000");
}

#[test]
fn no_cell_of_a_hostile_name_is_a_formula() {
    for name in fixture::hostile_names() {
        let whole = Whole::hostile(&name);
        let mut out = flows(&fixture::hostile_flow(&name));
        let mut alerts = Vec::new();
        let mut file = Alerts::new(&mut alerts).unwrap();
        for alert in &whole.alerts {
            file.row(alert).unwrap();
        }
        file.finish().unwrap();
        let mut facts = Vec::new();
        summary(&mut facts, &whole.summary).unwrap();
        let mut made = Vec::new();
        incidents(&mut made, &whole.incidents).unwrap();
        hosts(&mut made, &whole.hosts).unwrap();
        out = [out, alerts, facts, made].concat();
        assert!(out.iter().all(|b| *b == b'\n' || (*b >= 0x20 && *b != 0x7f)));
        let mut reader =
            ::csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(&out[..]);
        for row in reader.records() {
            for cell in &row.unwrap() {
                assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell:?}");
            }
        }
    }
}

#[test]
fn errors_of_the_writer_come_out() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut file = Alerts::new(Full).unwrap();
    let wrote = (0..1_000).try_for_each(|_| file.row(&fixture::port_scan()));
    assert_eq!(wrote.unwrap_err().kind(), std::io::ErrorKind::StorageFull);
}
