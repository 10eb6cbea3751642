//! The replay of a file as a service: its link opens what is replayed, and its configuration is read
//! again at SIGHUP.

use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

const PROGRAM: &str = env!("CARGO_BIN_EXE_anomalyzer");

/// The program, ended when it is dropped.
struct Replay {
    child: Child,
    link: String,
    token: String,
}

impl Replay {
    fn start(dir: &Path) -> Self {
        let capture = dir.join("scan.pcapng");
        let made = Command::new(PROGRAM)
            .args(["scenario", "write"])
            .arg(&capture)
            .args(["--minutes", "1", "--attack", "port-scan-syn"])
            .status();
        assert!(made.unwrap().success());
        let token = dir.join("token");
        let mut child = Command::new(PROGRAM)
            .args(["run", "--speed", "max", "--listen", "127.0.0.1:0", "--workers", "1", "--pcap"])
            .arg(&capture)
            .arg("--print-token")
            .arg(&token)
            .arg("--data")
            .arg(dir.join("data"))
            .arg("--config")
            .arg(dir.join("settings.toml"))
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let link =
            lines.find_map(|line| Some(line.ok()?.split_once("console")?.1.trim().to_owned()));
        let link = link.expect("the link is printed");
        // Whoever closes the pipe would end the program.
        std::thread::spawn(move || lines.for_each(drop));
        let token = std::fs::read_to_string(token).unwrap().trim().to_owned();
        Self { child, link, token }
    }

    fn get(&self, path: &str) -> Value {
        let address = self.link.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!("Host: {address}\r\nAuthorization: Bearer {}", self.token);
        write!(stream, "GET /api/v1/{path} HTTP/1.0\r\n{head}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.split_ascii_whitespace().nth(1) == Some("200"), "{path}: {head}");
        serde_json::from_str(body).unwrap()
    }

    /// Sends SIGHUP; the state of the configuration after a reading that is not `before`'s.
    fn hang_up(&self, before: &Value) -> Value {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-HUP", &pid]).status().unwrap().success());
        self.until("config/status", |now| now["at"] != before["at"])
    }

    /// Asks again until the answer will do.
    fn until(&self, path: &str, enough: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..600 {
            let answer = self.get(path);
            if enough(&answer) {
                return answer;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("{path}: {}", self.get(path));
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn the_link_of_a_replay_opens_its_source() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("settings.toml"), "").unwrap();
    let replay = Replay::start(dir.path());
    let sources = replay.get("sources");
    let file = sources["items"].as_array().unwrap().iter().find(|s| s["kind"] == "file").unwrap();
    let id = file["id"].as_i64().unwrap();
    // Source 1 is the sensor, and a replay is none, not even the first.
    assert_ne!(id, 1, "{sources}");
    assert!(replay.link.contains(&format!("/setup?source={id}#token=")), "{}", replay.link);
    replay.until(&format!("alerts?source={id}"), |page| {
        page["items"].as_array().unwrap().iter().any(|alert| alert["detector"] == "port-scan")
    });
}

#[test]
fn a_reading_at_sighup_is_told_with_its_faults() {
    let dir = tempfile::tempdir().unwrap();
    let settings = dir.path().join("settings.toml");
    std::fs::write(&settings, "[detect.port-scan]\nports = 20\n").unwrap();
    let replay = Replay::start(dir.path());
    let none = replay.get("config/status");
    assert_eq!((&none["last_reload"], &none["at"]), (&"none".into(), &Value::Null), "{none}");
    std::fs::write(&settings, "[detect.port-scan]\nprots = 30\n").unwrap();
    let mut bad = none;
    for _ in 0..2 {
        bad = replay.hang_up(&bad);
        assert_eq!(bad["last_reload"], "failed", "{bad}");
        assert!(bad["message"].as_str().unwrap().contains("prots"), "{bad}");
        let status = replay.get("status");
        let told = |p: &Value| p["id"] == "config";
        assert!(status["problems"].as_array().unwrap().iter().any(told), "{status}");
    }
    std::fs::write(&settings, "[detect.port-scan]\nports = 30\n").unwrap();
    let good = replay.hang_up(&bad);
    assert_eq!(good["last_reload"], "ok", "{good}");
    assert_eq!(good["message"], "detect.port-scan.ports: 20 -> 30");
}
