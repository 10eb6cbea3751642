//! Attacks by the tools that people use, and ordinary use: what is an attack is in the API within
//! two seconds after the evidence suffices, and what is ordinary is not told as one.

use super::support::{HERE, Lab, Service, folder, wait};
use super::victim::Helper;
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How late an alert may be.
const LATE: f64 = 2.0;
/// What the test needs; `make test` installs it.
const TOOLS: [&str; 4] = ["nmap", "hping3", "iperf3", "curl"];
/// Further addresses of the victim, for the sweep.
const MORE: std::ops::Range<u8> = 20..60;
/// The client that does nothing wrong: its number and address.
const CLIENT: usize = 2;
const CLIENT_ADDRESS: &str = "10.98.0.10";
/// Seconds with traffic before a spike is judged (`traffic-spike.warm_up`), and some more.
const WARM: Duration = Duration::from_secs(30);

/// An attack, from a host of its own.
struct Attack {
    what: &'static str,
    detector: &'static str,
    technique: &'static str,
    /// Seconds that the detector waits once it has enough, as its page says: for late answers, or
    /// for the end of the second.
    waits: f64,
    /// One of the victim's addresses must be named.
    names_victim: bool,
    tool: &'static [&'static str],
}

const ATTACKS: [Attack; 9] = [
    // First, for later on an attack explains it: statistics are folded into the alerts of floods and
    // scans of the same seconds.
    Attack {
        what: "iperf3 burst",
        detector: "traffic-spike",
        technique: "sigma ewma",
        waits: 1.0,
        names_victim: false,
        tool: &["iperf3", "-c", HERE, "-b", "400M", "-t", "3"],
    },
    Attack {
        what: "nmap SYN scan",
        detector: "port-scan",
        technique: "syn",
        waits: 2.0,
        names_victim: true,
        tool: &["nmap", "-sS", "-Pn", "-n", "-p", "1-300", HERE],
    },
    Attack {
        what: "nmap connect scan",
        detector: "port-scan",
        technique: "syn connect",
        waits: 2.0,
        names_victim: true,
        tool: &["nmap", "-sT", "-Pn", "-n", "-p", "1-300", HERE],
    },
    Attack {
        what: "nmap FIN scan",
        detector: "port-scan",
        technique: "fin",
        waits: 2.0,
        names_victim: true,
        tool: &["nmap", "-sF", "-Pn", "-n", "-p", "1-200", "--max-retries", "0", HERE],
    },
    Attack {
        what: "nmap UDP scan",
        detector: "port-scan",
        technique: "udp",
        waits: 2.0,
        names_victim: true,
        tool: &[
            "nmap",
            "-sU",
            "-Pn",
            "-n",
            "-p",
            "1000-1099",
            "--max-retries",
            "0",
            "--min-rate",
            "200",
            HERE,
        ],
    },
    Attack {
        what: "nmap sweep, TCP",
        detector: "host-sweep",
        technique: "tcp",
        waits: 3.0,
        names_victim: true,
        tool: &["nmap", "-sS", "-Pn", "-n", "-p", "23", "--max-retries", "0", "10.98.0.20-59"],
    },
    Attack {
        what: "nmap sweep, ARP",
        detector: "host-sweep",
        technique: "arp",
        waits: 3.0,
        names_victim: false,
        tool: &["nmap", "-sn", "-n", "--max-retries", "0", "10.98.0.100-163"],
    },
    Attack {
        what: "hping3 SYN flood",
        detector: "flood",
        technique: "syn",
        waits: 1.5,
        names_victim: true,
        tool: &["hping3", "-q", "-n", "-S", "-p", "80", "--faster", "-c", "3000", HERE],
    },
    Attack {
        what: "curl, keyword",
        detector: "keyword",
        technique: "web-attacks",
        waits: 0.0,
        names_victim: true,
        tool: &[
            "curl",
            "-s",
            "-o",
            "/dev/null",
            "http://10.98.0.2/list?id=1%27%20UNION%20SELECT%20name,password%20FROM%20users--",
        ],
    },
];

impl Attack {
    fn fits(&self, alert: &Value, source: &str) -> bool {
        let technique = alert["technique"].as_str().unwrap_or_default();
        let by = |list: &Value, address: &str| {
            list.as_array().is_some_and(|all| all.iter().any(|a| a == address))
        };
        // A spike of all traffic names nobody; the attacker was not there long enough for one of his.
        let total = alert["title"].as_str().is_some_and(|title| title.starts_with("The total"));
        let named = by(&alert["src"], source) || self.detector == "traffic-spike" && total;
        alert["detector"] == self.detector
            && self.technique.split(' ').any(|one| one == technique)
            && named
    }

    fn names_victim(&self, alert: &Value) -> bool {
        let network = HERE.rsplit_once('.').unwrap().0;
        let ours = |a: &Value| {
            let last = a.as_str().and_then(|a| a.strip_prefix(network)?.strip_prefix('.'));
            last.and_then(|n| n.parse().ok()).is_some_and(|n: u8| n == 2 || MORE.contains(&n))
        };
        !self.names_victim || alert["dst"].as_array().is_some_and(|all| all.iter().any(ours))
    }
}

/// Alerts as they came: when each was seen first, and how it read then.
type Seen = Mutex<BTreeMap<String, (f64, Value)>>;

/// Seconds since 1970.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

fn seconds(time: &Value) -> f64 {
    let time: jiff::Timestamp = time.as_str().unwrap().parse().unwrap();
    time.as_duration().as_secs_f64()
}

fn note(seen: &Seen, alert: &Value) {
    let id = alert["id"].as_str().unwrap().to_owned();
    seen.lock().unwrap().entry(id).or_insert_with(|| (now(), alert.clone()));
}

/// Asks for the alerts again and again.
fn poll(service: &Service<'_>, seen: &Seen, over: &AtomicBool) {
    while !over.load(Ordering::Relaxed) {
        let page = service.get("/api/v1/alerts?limit=500");
        page["items"].as_array().unwrap().iter().for_each(|alert| note(seen, alert));
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Follows the live stream until its reader ends.
fn follow(stream: impl std::io::Read, seen: &Seen) {
    let mut event = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some(kind) = line.strip_prefix("event:") {
            kind.trim().clone_into(&mut event);
        } else if let Some(data) = line.strip_prefix("data:")
            && event == "alert"
        {
            note(seen, &serde_json::from_str(data).unwrap());
        }
    }
}

/// Somebody at work: pages, names, a few pings, a file.
fn ordinary(lab: &Lab) {
    let pages = format!("http://{HERE}/page/[1-12]");
    for _ in 0..8 {
        run(lab, CLIENT, &["curl", "-s", "-o", "/dev/null", &pages]);
        std::thread::sleep(Duration::from_millis(500));
    }
    run(lab, CLIENT, &["hping3", "-q", "-n", "--icmp", "-c", "4", HERE]);
    run(lab, CLIENT, &["iperf3", "-c", HERE, "-b", "3M", "-t", "3"]);
}

fn run(lab: &Lab, host: usize, line: &[&str]) {
    let output = lab.command(host, line[0]).args(&line[1..]).output().unwrap();
    // hping3 ends with 1 when nothing answered it.
    assert!(output.status.success() || line[0] == "hping3", "{line:?}: {output:?}");
}

fn worth(alert: &Value) -> bool {
    ["medium", "high", "critical"].iter().any(|severity| alert["severity"] == *severity)
}

/// One line of the table: what came of an attack, and how late.
struct Row {
    what: &'static str,
    title: String,
    ran: f64,
    /// From the tool's start, from the tool's end, from the alert's own end: in the API.
    api: [f64; 3],
    stream: f64,
    late: f64,
}

/// Attacks, and waits for the alert in the API and on the stream.
fn attack(lab: &Lab, number: usize, api: &Seen, stream: &Seen) -> Row {
    let attack = &ATTACKS[number];
    let source = address(number);
    let began = now();
    run(lab, CLIENT + 1 + number, attack.tool);
    let ended = now();
    let found = |seen: &Seen| {
        let seen = seen.lock().unwrap();
        seen.values().find(|(at, a)| *at >= began && attack.fits(a, &source)).cloned()
    };
    let (at, alert) = wait(Duration::from_secs(15), attack.what, || found(api));
    assert!(attack.names_victim(&alert), "{}: {alert}", attack.what);
    let told = wait(Duration::from_secs(10), "the event", || found(stream)).0;
    let (from_end, from_last) = (at - ended, at - seconds(&alert["last"]));
    Row {
        what: attack.what,
        title: alert["title"].as_str().unwrap_or_default().to_owned(),
        ran: ended - began,
        api: [at - began, from_end, from_last],
        stream: told - at,
        late: from_end.max(from_last) - attack.waits,
    }
}

fn address(attack: usize) -> String {
    format!("10.98.0.{}", 61 + attack)
}

/// The segment, or why the test is skipped.
fn segment() -> Option<Lab> {
    for tool in TOOLS {
        let version = if tool == "hping3" { "-v" } else { "--version" };
        let tried = Command::new(tool).arg(version).stdout(Stdio::null()).status();
        if tried.is_err() {
            println!("skipped: {tool} is missing; install it to attack with it");
            return None;
        }
    }
    let hosts = std::iter::once(CLIENT_ADDRESS.to_owned()).chain((0..ATTACKS.len()).map(address));
    let lab = Lab::new()?.switched(&hosts.collect::<Vec<_>>());
    for last in MORE {
        lab.here(&["address", "add", &format!("10.98.0.{last}/24"), "dev", "b0"]);
    }
    Some(lab)
}

fn print(rows: &[Row]) {
    println!(
        "seconds                ran  API after: begin    end   last  stream   late (at most {LATE})"
    );
    for row in rows {
        let [begin, end, last] = row.api;
        println!(
            "{:<20} {:>5.2}            {begin:>5.2}  {end:>5.2}  {last:>5.2}   {:>5.2}  {:>5.2}",
            row.what, row.ran, row.stream, row.late
        );
        println!("    {}", row.title);
    }
}

/// What was told, for the words of a failure.
fn titles(seen: &Seen) -> String {
    let line = |(at, a): &(f64, Value)| {
        format!("{at:.1} {} {} {}", a["severity"], a["detector"], a["title"])
    };
    seen.lock().unwrap().values().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn attacks_are_told_in_time_and_ordinary_use_is_not() {
    let Some(lab) = segment() else { return };
    let dir = folder();
    let service = Service::start(&lab, dir.path(), &[], &["-i", "b0"]);
    assert_eq!(service.link("b0").0, "watching");
    let _server = Helper::part(&lab, 1, "serve");
    let _iperf = Helper::start(&lab, 1, "iperf3", &["-s"]);
    let _murmur = Helper::part(&lab, CLIENT, "murmur");
    let mut curl = lab.command(1, "curl");
    curl.args(["-s", "-N", "-H", &format!("Authorization: Bearer {}", service.token)]);
    curl.arg("http://127.0.0.1:8080/api/v1/events?kinds=alert").stdout(Stdio::piped());
    let mut curl = curl.spawn().unwrap();
    let events = curl.stdout.take().unwrap();
    let (api, stream, over) = (Seen::default(), Seen::default(), AtomicBool::new(false));
    let watch = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| poll(&service, &api, &over));
        scope.spawn(|| follow(events, &stream));
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            story(&lab, &api, &stream);
        }));
        over.store(true, Ordering::Relaxed);
        let _ = curl.kill();
        let _ = curl.wait();
        if let Err(panic) = told {
            println!("{}", titles(&api));
            std::panic::resume_unwind(panic);
        }
    });
    println!("in all {:.0} s", watch.elapsed().as_secs_f64());
}

fn story(lab: &Lab, api: &Seen, stream: &Seen) {
    wait(Duration::from_secs(10), "the web server", || {
        let page = format!("http://{HERE}/");
        let got = lab.command(CLIENT, "curl").args(["-s", "-f", "-o", "/dev/null", &page]).status();
        got.is_ok_and(|status| status.success()).then_some(())
    });
    let start = Instant::now();
    while start.elapsed() < WARM {
        ordinary(lab);
    }
    // Longer than any of the detectors below waits.
    std::thread::sleep(Duration::from_secs(4));
    let all: Vec<Value> = api.lock().unwrap().values().map(|(_, alert)| alert.clone()).collect();
    assert!(!all.iter().any(worth), "ordinary use is told as an attack:\n{}", titles(api));
    println!("of ordinary use:\n{}\n", titles(api));
    let mut rows = Vec::new();
    for number in 0..ATTACKS.len() {
        rows.push(attack(lab, number, api, stream));
    }
    print(&rows);
    let attackers: Vec<String> = (0..ATTACKS.len()).map(address).collect();
    for (_, alert) in api.lock().unwrap().values().filter(|(_, alert)| worth(alert)) {
        let theirs = |a: &Value| attackers.iter().any(|source| a == source.as_str());
        let sources = alert["src"].as_array().unwrap();
        assert!(!sources.is_empty() && sources.iter().all(theirs), "nobody did this: {alert}");
    }
    for row in rows {
        assert!(row.late <= LATE, "{}: {:.2} s late", row.what, row.late);
    }
}
