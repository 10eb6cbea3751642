//! The records as readers see them.

use super::*;
use crate::fixture;
use serde_json::Value;

fn line(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.matches('\n').count(), 1, "one line");
    text.trim_end().to_owned()
}

#[test]
fn alert_is_the_contract() {
    let text = line(|out| alert(out, &fixture::port_scan(), Some("sensor-1")));
    let expected = concat!(
        r#"{"type":"alert","schema":1,"id":"a1b2c3d4e5f60718","detector":"port-scan","#,
        r#""technique":"syn","severity":"high","confidence":0.99,"#,
        r#""title":"Port scan of 192.168.1.25 by 192.168.1.10","#,
        r#""explanation":"192.168.1.10 sent SYN to 1,000 ports of 192.168.1.25 within 60 s; more "#,
        r#"than 15 within 60 s is a scan. 997 were refused, 3 answered.","#,
        r#""advice":"Find out who runs 192.168.1.10 and whether the scan was agreed.","#,
        r#""src":["192.168.1.10"],"src_count":1,"src_mac":["00:25:b3:bf:91:ee"],"#,
        r#""dst":["192.168.1.25"],"dst_count":1,"dst_ports":[22,80],"dst_port_count":1000,"#,
        r#""dst_port_count_estimated":true,"first":"2025-10-11T12:00:35.123456Z","#,
        r#""last":"2025-10-11T12:01:35.123456Z","count":1000,"evidence":{"distinct_ports":"#,
        r#"{"value":1000,"threshold":15,"window_s":60},"refused_ratio":{"value":0.997,"#,
        r#""mean":2.5,"z":31.2}},"flows":["1:wCb3OG7yAFWelaUydu0D+125CLM="],"#,
        r#""attack":["T1046"],"folded":{"rare-port":3},"sensor":"sensor-1"}"#,
    );
    assert_eq!(text, expected);
}

#[test]
fn feedback_and_suppressions_are_told() {
    let text = line(|out| alert(out, &fixture::judged(), None));
    assert!(text.ends_with(concat!(
        r#""folded":{"rare-port":3},"feedback":{"verdict":"false-alarm","reason":"our scanner","#,
        r#""given":"2025-10-11T12:01:40.123456Z"}}"#
    )));
    let text = line(|out| summary(out, &fixture::summary(), &[], None));
    assert!(text.contains(concat!(
        r#""suppressed":[{"rule":"0a1b2c3d","scope":"detector port-scan, src 192.168.1.7/32","#,
        r#""reason":"our scanner","alerts":2}]"#
    )));
}

#[test]
fn incident_and_host_are_the_contract() {
    let text = line(|out| incident(out, &fixture::incident(), Some("s")));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        text.split(r#","explanation""#).next().unwrap(),
        concat!(
            r#"{"type":"incident","schema":1,"id":"0f1e2d3c4b5a6978","severity":"critical","#,
            r#""title":"192.168.1.10, then 192.168.1.25: reconnaissance, access, exfiltration in "#,
            r#"5 alerts""#
        )
    );
    assert_eq!(value["attackers"], serde_json::json!(["192.168.1.10", "192.168.1.25"]));
    assert_eq!((&value["attacker_count"], &value["victim_count"]), (&2.into(), &1.into()));
    assert_eq!(value["stages"], serde_json::json!(["reconnaissance", "access", "exfiltration"]));
    assert_eq!(value["context"]["noisy-host"], 2);
    assert!(value["story_left_out"].is_null());
    assert_eq!(
        value["story"][0],
        serde_json::json!({
            "alert": "port-scan-35", "first": "2025-10-11T12:00:35.123456Z",
            "last": "2025-10-11T12:00:40.123456Z", "stage": "reconnaissance",
            "detector": "port-scan", "technique": "", "severity": "medium",
            "title": "Port scan of 192.168.1.25", "link": "begins"
        })
    );
    assert_eq!(value["story"][4]["link"], "hand-over");
    assert_eq!(
        value["story"][4]["hypothesis"],
        "192.168.1.25 was attacked by 192.168.1.10 before and may have been taken over."
    );
    let text = line(|out| host(out, &fixture::hosts()[0], None));
    assert_eq!(
        text,
        concat!(
            r#"{"type":"host","schema":1,"addr":"192.168.1.10","score":90.6,"as_source":90.6,"#,
            r#""as_target":0,"alerts":2,"first":"2025-10-11T12:00:35.123456Z","#,
            r#""last":"2025-10-11T12:01:35.123456Z","why":[{"alert":"a1b2c3d4e5f60718","#,
            r#""detector":"port-scan","severity":"high","role":"source","points":69.3,"#,
            r#""title":"Port scan of 192.168.1.25 by 192.168.1.10"},{"alert":"a1b2c3d4e5f60718","#,
            r#""detector":"brute-force","severity":"high","role":"source","points":69.3,"#,
            r#""title":"Port scan of 192.168.1.25 by 192.168.1.10"}]}"#,
        )
    );
}

#[test]
fn flow_has_every_field() {
    let text = line(|out| flow(out, &fixture::flow(), None));
    let expected = concat!(
        r#"{"type":"flow","schema":1,"id":"F12345","#,
        r#""community_id":"1:LQU9qZlK+B5F3KDmev6m5PMibrg=","ts":"2025-10-11T12:00:00.123456Z","#,
        r#""duration":1.500000,"src":"128.232.110.120","src_port":34855,"dst":"66.35.250.204","#,
        r#""dst_port":80,"proto":"tcp","app":"unknown","conn_state":"SF","history":"ShADadFf","#,
        r#""end":"closed","orig":{"packets":12,"bytes":2024,"ip_bytes":1856,"payload":1200,"#,
        r#""retransmissions":1,"out_of_order":2,"missed":3,"ttl":64,"tcp_flags":27},"#,
        r#""resp":{"packets":10,"bytes":9000,"ip_bytes":8860,"payload":8300,"#,
        r#""retransmissions":0,"ttl":50,"tcp_flags":27},"rtt_ms":12.345,"vlan":7,"#,
        r#""tunnel":{"kind":"vxlan","src":"10.0.0.1","dst":"10.0.0.2","id":99,"depth":1},"#,
        r#""src_mac":"02:00:00:00:00:01","dst_mac":"02:00:00:00:00:02","#,
        r#""sni":"www.example.org","alpn":"h2","ja3":"0123456789abcdef0123456789abcdef","#,
        r#""ja4":"t13d1516h2_8daaf6152771_b186095e22b6","#,
        r#""ja3s":"fedcba9876543210fedcba9876543210","#,
        r#""tls_version":"TLS 1.3","certificate":"example.org","http_host":"example.org","#,
        r#""http_target":"GET /index.html","http_status":200,"user_agent":"curl/8.0","#,
        r#""dns_query":"example.org","ssh_client":"OpenSSH_9.6","resolved":"example.org"}"#,
    );
    assert_eq!(text, expected);
}

#[test]
fn summary_and_series_can_be_read() {
    let text = line(|out| summary(out, &fixture::summary(), &fixture::sources(), None));
    let value: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["packets"], 105_123);
    assert_eq!(value["sources"][1]["damage"], "ends within packet 5,124 (at byte 81,920)");
    assert_eq!(value["link_types"][1]["name"], "LINKTYPE 9999");
    assert_eq!(value["destinations_count_estimated"], true);
    assert!(value["sources_count_estimated"].is_null());
    assert_eq!(value["per_second"]["busiest"], "2025-10-11T12:00:35.000000Z");
    assert_eq!(value["top_ports"][1]["proto"], "udp");
    assert_eq!(value["counters"]["snapped"], 17);
    assert_eq!(value["flow_digest"], "0123456789abcdef");

    let empty = line(|out| summary(out, &Summary::default(), &[], None));
    let value: Value = serde_json::from_str(&empty).unwrap();
    assert!(value["first"].is_null() && value["per_second"]["busiest"].is_null());

    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, Some("s"));
    writer.series(&fixture::series()).unwrap();
    writer.finish().unwrap();
    let lines: Vec<Value> = String::from_utf8(out)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 120);
    assert_eq!(lines[35]["ts"], "2025-10-11T12:00:35.000000Z");
    assert_eq!(lines[35]["packets"], 4000);
    assert_eq!(lines[35]["sensor"], "s");
}

#[test]
fn writer_hands_on_everything() {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out, None);
    for _ in 0..500 {
        writer.flow(&fixture::flow()).unwrap();
    }
    writer.finish().unwrap();
    let one = line(|out| flow(out, &fixture::flow(), None));
    assert_eq!(String::from_utf8(out).unwrap(), format!("{one}\n").repeat(500));
}

#[test]
fn plain_flow_leaves_out_what_it_does_not_know() {
    let text = line(|out| flow(out, &fixture::plain_flow(), None));
    for absent in ["rtt_ms", "vlan", "tunnel", "sni", "dns_query", "null"] {
        assert!(!text.contains(absent), "{absent}");
    }
}

#[test]
fn hostile_names_stay_values() {
    for name in fixture::hostile_names() {
        let text = line(|out| flow(out, &fixture::hostile_flow(&name), None));
        assert!(text.bytes().all(|b| b >= 0x20 && b != 0x7f));
        let value: Value = serde_json::from_str(&text).unwrap();
        if let Ok(utf8) = std::str::from_utf8(name.as_bytes()) {
            for key in ["sni", "http_host", "http_target", "user_agent", "ssh_server", "resolved"] {
                assert_eq!(value[key], utf8);
            }
            assert!(value["sni_hex"].is_null());
        } else {
            let mut hex = Vec::new();
            name.as_bytes().iter().for_each(|byte| put::hex(&mut hex, *byte));
            let hex = String::from_utf8(hex).unwrap();
            assert_eq!(value["sni_hex"], hex);
            assert_eq!(value["sni"], name.escaped());
        }
        let whole = fixture::Whole::hostile(&name);
        for alert_record in &whole.alerts {
            let text = line(|out| alert(out, alert_record, None));
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["title"], alert_record.title);
        }
        for record in &whole.incidents {
            let value: Value =
                serde_json::from_str(&line(|out| incident(out, record, None))).unwrap();
            assert_eq!(value["story"][0]["title"], record.title);
        }
        for record in &whole.hosts {
            let value: Value = serde_json::from_str(&line(|out| host(out, record, None))).unwrap();
            assert_eq!(value["why"][0]["title"], record.why[0].title);
        }
        let text = line(|out| summary(out, &whole.summary, &whole.sources, None));
        serde_json::from_str::<Value>(&text).unwrap();
    }
}
