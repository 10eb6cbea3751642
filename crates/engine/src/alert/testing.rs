//! Alerts for the tests of what is made from alerts.

use super::{Alert, Severity};
use crate::finding::{Subject, Tally};
use anomalyzer_wire::{Addr, Timestamp};

/// `10.0.0.LAST`: a host of the site.
pub(super) fn inside(last: u8) -> Addr {
    Addr::v4([10, 0, 0, last])
}

/// `203.0.113.LAST`: a host on the Internet.
pub(super) fn outside(last: u8) -> Addr {
    Addr::v4([203, 0, 113, last])
}

/// One of many hosts on the Internet.
pub(super) fn stranger(nth: usize) -> Addr {
    let [.., high, low] = nth.to_be_bytes();
    Addr::v4([198, 51, high, low])
}

/// A second of packet time.
pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_secs_nanos(1_000_000 + second, 0)
}

/// A medium alert of a minute's length by one host about one other.
pub(super) fn alert(detector: &'static str, src: Addr, dst: Addr, first: i64) -> Alert {
    Alert {
        id: format!("{detector}-{src}-{dst}-{first}"),
        detector,
        technique: String::new(),
        severity: Severity::Medium,
        confidence: 1.0,
        title: format!("{detector} of {dst} by {src}"),
        explanation: String::new(),
        advice: String::new(),
        subject: Subject { src: Some(src), dst: Some(dst), ..Subject::default() },
        src: vec![src],
        src_count: Tally::exact(1),
        src_mac: Vec::new(),
        dst: vec![dst],
        dst_count: Tally::exact(1),
        dst_mac: Vec::new(),
        dst_ports: Vec::new(),
        dst_port_count: Tally::default(),
        first: at(first),
        last: at(first + 60),
        count: 1,
        evidence: Vec::new(),
        flows: Vec::new(),
        attack: &[],
        folded: Vec::new(),
        feedback: None,
    }
}
