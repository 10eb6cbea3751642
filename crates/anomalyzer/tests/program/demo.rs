//! The demonstration from start to end: attacks within seconds, and a day of history.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The program, ended when it is dropped.
struct Demo {
    child: Child,
    address: String,
    token: String,
    started: Instant,
    _dir: tempfile::TempDir,
}

impl Demo {
    #[allow(clippy::disallowed_methods)] // how long things take is what is tested
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let token = dir.path().join("token");
        let started = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_anomalyzer"))
            .args(["demo", "--listen", "127.0.0.1:0", "--workers", "1", "--print-token"])
            .arg(&token)
            .arg("--data")
            .arg(dir.path().join("data"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let link =
            lines.find_map(|line| Some(line.ok()?.split_once("console")?.1.trim().to_owned()));
        let link = link.expect("the link is printed");
        // Whoever closes the pipe would end the program.
        std::thread::spawn(move || lines.for_each(drop));
        let address = link.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let token = std::fs::read_to_string(token).unwrap().trim().to_owned();
        Self { child, address, token, started, _dir: dir }
    }

    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        write!(
            stream,
            "GET /api/v1/{path} HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
            self.address, self.token
        )
        .unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        let answer = String::from_utf8(answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.split_ascii_whitespace().nth(1) == Some("200"), "{path}: {head}");
        serde_json::from_str(body).unwrap()
    }

    /// Asks again until the answer will do.
    #[allow(clippy::disallowed_methods)] // how long things take is what is tested
    fn until(&self, patience: Duration, path: &str, enough: impl Fn(&Value) -> bool) -> Duration {
        let watch = Instant::now();
        loop {
            let answer = self.get(path);
            if enough(&answer) {
                return self.started.elapsed();
            }
            assert!(watch.elapsed() < patience, "{path} after {patience:?}: {answer}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn attacks_come_within_seconds_and_a_day_of_history_soon() {
    let demo = Demo::start();
    let attacks = |answer: &Value| {
        let items = answer["items"].as_array().unwrap();
        let worth = |a: &&Value| ["medium", "high", "critical"].iter().any(|s| a["severity"] == *s);
        items.iter().filter(worth).count() >= 3
    };
    let took = demo.until(Duration::from_mins(1), "alerts?limit=100", attacks);
    // 8 s on a machine that has time; a busy one may take longer, but not forever.
    assert!(took < Duration::from_secs(30), "three attacks only after {took:?}");
    println!("three attacks after {took:?}");
    let day = "series?from=-24h&by=total&points=96";
    let filled = |answer: &Value| {
        let points = answer["series"][0]["points"].as_array().unwrap();
        let bytes: Vec<f64> = points.iter().filter_map(|p| p[1].as_f64()).collect();
        // The office sleeps at night.
        let most = bytes.iter().copied().fold(0.0, f64::max);
        points.len() >= 60 && bytes.iter().filter(|b| **b < most / 8.0).count() >= 10
    };
    let took = demo.until(Duration::from_mins(4), day, filled);
    println!("a day after {took:?}");
    let known = |answer: &Value| answer["total"].as_u64().is_some_and(|total| total >= 20);
    demo.until(Duration::from_mins(1), "devices?limit=100", known);
    assert_eq!(demo.get("sources")["items"][0]["kind"], "demo");
    assert!(demo.get("settings")["detectors"].as_array().unwrap().len() >= 20);
}
