//! A real interface: needs the right to capture for its main part, and says so without it.

use std::net::UdpSocket;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anomalyzer_capture::{
    LiveCapture, LiveError, LiveEvent, LiveOptions, default_interface, interfaces,
};
use anomalyzer_wire::{LinkType, Timestamp};

/// Tells the copy of this program that runs without rights what it is.
const UNPRIVILEGED: &str = "ANOMALYZER_TEST_UNPRIVILEGED";

/// Opens an interface, or says why the test is skipped.
fn open(interface: &str, options: &LiveOptions) -> Option<LiveCapture> {
    match LiveCapture::open(interface, options) {
        Ok(capture) => Some(capture),
        Err(error @ LiveError::NotPermitted { .. }) => {
            eprintln!("skipped: {error}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// Sends datagrams over loopback and returns the captured ones: link type, time, length on the
/// wire, and whether the payload was captured.
fn look(interface: &str, snaplen: u32) -> Option<Vec<(LinkType, Timestamp, u32, bool)>> {
    const DATAGRAMS: usize = 20;
    const PAYLOAD: &[u8] =
        b"one hundred bytes would be more than this datagram has to say for itself";
    let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = receiver.local_addr().unwrap();
    let filter = Some(format!("udp dst port {}", to.port()));
    let options = LiveOptions { filter, snaplen, timeout_ms: 20, ..LiveOptions::default() };
    let mut capture = open(interface, &options)?;
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..DATAGRAMS {
        sender.send_to(PAYLOAD, to).unwrap();
    }
    let mut seen = Vec::new();
    let mut idle = 0;
    while seen.len() < DATAGRAMS && idle < 100 {
        match capture.next_frame().unwrap() {
            LiveEvent::Frame(frame) => {
                let whole = frame.data.ends_with(PAYLOAD);
                seen.push((frame.link, frame.time, frame.orig_len, whole));
            }
            LiveEvent::Idle => idle += 1,
        }
    }
    assert_eq!(seen.len(), DATAGRAMS);
    let stats = capture.stats().unwrap();
    assert!(stats.received >= DATAGRAMS as u64 && stats.dropped == 0, "{stats:?}");
    Some(seen)
}

#[expect(clippy::disallowed_methods, reason = "a live frame must carry the time of now")]
fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap())
}

#[test]
fn datagrams_to_oneself_are_seen() {
    let before = now();
    let Some(seen) = look("lo", 262_144) else {
        return;
    };
    let after = now();
    for (link, time, orig_len, whole) in seen {
        assert_eq!((link, orig_len, whole), (LinkType::ETHERNET, 14 + 20 + 8 + 72, true));
        assert!(
            time > before.plus_secs(-1) && time < after.plus_secs(1),
            "{before} {time} {after}"
        );
    }
}

#[test]
fn the_snap_length_cuts_frames() {
    let seen = look("lo", 60).unwrap_or_default();
    assert!(seen.iter().all(|(_, _, orig_len, whole)| *orig_len == 114 && !whole));
}

#[test]
fn any_interface_can_be_captured() {
    let seen = look("any", 262_144).unwrap_or_default();
    assert!(seen.iter().all(|(link, _, _, whole)| *link == LinkType::LINUX_SLL && *whole));
}

#[test]
fn silence_is_idle() {
    let filter = Some("udp dst port 1 and src host 192.0.2.77".to_owned());
    let options = LiveOptions { filter, timeout_ms: 10, ..LiveOptions::default() };
    if let Some(mut capture) = open("lo", &options) {
        for _ in 0..20 {
            assert!(matches!(capture.next_frame(), Ok(LiveEvent::Idle)));
        }
        assert_eq!((capture.interface(), capture.link()), ("lo", LinkType::ETHERNET));
    }
}

/// An interface that is removed again.
struct Bridge(String);

impl Bridge {
    fn new() -> Option<Self> {
        let bridge = Self(format!("anmz{}", std::process::id() % 100_000));
        let made = ip_link(&["add", &bridge.0, "type", "bridge"]);
        (made && ip_link(&["set", &bridge.0, "up"])).then_some(bridge)
    }
}

fn ip_link(arguments: &[&str]) -> bool {
    let output = Command::new("ip").arg("link").args(arguments).output();
    output.is_ok_and(|output| output.status.success())
}

impl Drop for Bridge {
    fn drop(&mut self) {
        ip_link(&["delete", &self.0]);
    }
}

#[test]
fn an_interface_that_disappears_ends_the_capture() {
    let Some(bridge) = Bridge::new() else {
        eprintln!("skipped: no interface can be made");
        return;
    };
    let name = bridge.0.clone();
    let options = LiveOptions { timeout_ms: 10, ..LiveOptions::default() };
    let Some(mut capture) = open(&name, &options) else {
        return;
    };
    assert!(interfaces().unwrap().iter().any(|interface| interface.name == name && interface.up));
    drop(bridge);
    for _ in 0..1_000 {
        match capture.next_frame() {
            Ok(_) => {}
            Err(LiveError::Lost { interface, reason }) => {
                assert!(interface == name && !reason.is_empty());
                return;
            }
            Err(error) => panic!("{error}"),
        }
    }
    panic!("the interface is gone and the capture goes on");
}

#[test]
fn a_bad_filter_is_named() {
    let filter = Some("tcp prot 80".to_owned());
    match LiveCapture::open("lo", &LiveOptions { filter, ..LiveOptions::default() }) {
        Err(LiveError::Filter(error)) => assert_eq!(error.expression, "tcp prot 80"),
        Err(error @ LiveError::NotPermitted { .. }) => eprintln!("skipped: {error}"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_unknown_interface_gets_the_list_of_those_there_are() {
    let error = LiveCapture::open("eth 99", &LiveOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("there is no interface \"eth 99\"; there are: "), "{error}");
    assert!(error.contains("lo"), "{error}");
}

#[test]
fn interfaces_are_described() {
    let all = interfaces().unwrap();
    let lo = all.iter().find(|interface| interface.name == "lo").unwrap();
    assert!(lo.loopback);
    assert!(!lo.up || lo.addresses.contains(&"127.0.0.1".parse().unwrap()));
    match default_interface() {
        Ok(name) => assert!(all.iter().any(|interface| interface.name == name && interface.up)),
        Err(error) => assert!(matches!(error, LiveError::NoInterface)),
    }
}

/// Runs itself as a user without rights when it has them.
#[test]
fn without_the_right_the_error_says_what_grants_it() {
    const NOBODY: u32 = 65_534;
    match LiveCapture::open("lo", &LiveOptions::default()) {
        Ok(_) => {
            assert!(std::env::var_os(UNPRIVILEGED).is_none(), "still privileged");
            let child = Command::new("/proc/self/exe")
                .args(["--exact", "live::without_the_right_the_error_says_what_grants_it"])
                .env(UNPRIVILEGED, "1")
                .current_dir("/")
                .uid(NOBODY)
                .gid(NOBODY)
                .output();
            match child {
                Ok(child) => {
                    let output = String::from_utf8_lossy(&child.stdout);
                    assert!(child.status.success() && output.contains("1 passed"), "{output}");
                }
                Err(error) => eprintln!("skipped: no process without rights: {error}"),
            }
        }
        Err(LiveError::NotPermitted { interface, capability, remedy }) => {
            assert_eq!((&*interface, capability), ("lo", "CAP_NET_RAW"));
            assert!(remedy.starts_with("sudo setcap cap_net_raw,cap_net_admin=eip "), "{remedy}");
        }
        Err(error) => panic!("{error}"),
    }
}
