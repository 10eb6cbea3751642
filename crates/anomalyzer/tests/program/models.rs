//! The registry of models, on the command line and of a running service.

use crate::tools::{Folder, run, stderr, stdout};
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Records of the form: browsing, and floods that get no answer.
fn records(folder: &Folder, rows: u32) -> PathBuf {
    let mut text = String::from(
        "source_ip,destination_ip,protocol,packet_size,bytes_sent,bytes_received,flag,is_anomaly\n",
    );
    for n in 0..rows {
        let odd = n.wrapping_mul(2_654_435_761) >> 20;
        let (attack, strange) = (n % 3 == 0, odd % 29 == 0);
        let tail = if attack == strange {
            format!("{},{},{},ACK", 400 + odd % 900, 500 + odd * 7, 2_000 + odd * 31)
        } else {
            format!("60,{},0,SYN", 40_000 + odd * 900)
        };
        // Writing to a string does not fail.
        let _ = writeln!(text, "10.0.1.{},10.0.0.1,TCP,{tail},{}", odd % 250, u8::from(attack));
    }
    folder.write("records.csv", text.as_bytes())
}

fn model(data: &Path, args: &[&str]) -> std::process::Output {
    let mut all = vec!["model", args[0], "--data", data.to_str().unwrap()];
    all.extend(&args[1..]);
    run(all)
}

/// The same, which must work; what it prints.
fn done(data: &Path, args: &[&str]) -> String {
    let output = model(data, args);
    assert!(output.status.success(), "{args:?}: {}", stderr(&output));
    stdout(&output).trim().to_owned()
}

#[test]
fn models_are_trained_promoted_and_taken_back() {
    let folder = Folder::new();
    let data = folder.path("data");
    let file = records(&folder, 600);
    let file = file.to_str().unwrap();
    let train = |seed: &str| {
        done(
            &data,
            &["train", "--schema", "form", "--algorithm", "gbdt", "--seed", seed, "--train", file],
        )
    };
    let (first, second) = (train("1"), train("2"));
    assert_eq!(train("1"), first, "the same records and seed give the same model");
    let listed = done(&data, &["list", "--json"]);
    let rows: Vec<Value> = listed.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(rows.len(), 2);
    assert!(rows.iter().all(|row| row["state"] == "candidate" && row["schema"] == "form"));
    done(&data, &["promote", &first]);
    let shown = done(&data, &["show", &second]);
    assert!(shown.contains("held-out records") && shown.contains("records.csv"), "{shown}");
    done(&data, &["promote", &second]);
    assert!(done(&data, &["list"]).lines().any(|l| l.contains(&second) && l.contains("active")));
    done(&data, &["rollback", "form"]);
    assert!(done(&data, &["list"]).lines().any(|l| l.contains(&first) && l.contains("active")));
    assert_eq!(model(&data, &["rollback", "form"]).status.code(), Some(2));
    // Out of one registry and into another.
    let out = folder.path("out.model");
    done(&data, &["export", &first, out.to_str().unwrap()]);
    let other = folder.path("other");
    assert_eq!(done(&other, &["import", out.to_str().unwrap()]), first);
    let pickle = folder.write("model.pkl", b"\x80\x04\x95\x10\0\0\0\0\0\0\0");
    let refused = model(&other, &["import", pickle.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("run any code"), "{}", stderr(&refused));
    let unknown = model(&data, &["train", "--schema", "nothing", "--train", file]);
    assert!(stderr(&unknown).contains("choose one of form"), "{}", stderr(&unknown));
    assert_eq!(model(&data, &["show", "none"]).status.code(), Some(2));
}

/// A service on a free port, ended when it is dropped.
struct Service {
    child: Child,
    address: String,
    token: String,
}

impl Service {
    fn start(data: &Path, token: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_anomalyzer"))
            .args(["demo", "--listen", "127.0.0.1:0", "--workers", "1", "--print-token"])
            .arg(token)
            .arg("--data")
            .arg(data)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let link = lines.find_map(|l| Some(l.ok()?.split_once("console")?.1.trim().to_owned()));
        let link = link.expect("the link is printed");
        std::thread::spawn(move || lines.for_each(drop));
        let address = link.strip_prefix("http://").unwrap().split('/').next().unwrap().to_owned();
        let token = std::fs::read_to_string(token).unwrap().trim().to_owned();
        Self { child, address, token }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    fn head(&self, method: &str, path: &str, more: &str) -> String {
        format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n{more}\r\n",
            self.address, self.token
        )
    }

    /// Peak of the resident memory, bytes.
    fn peak(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() << 10
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends so many bytes in pieces, without saying beforehand how many; the status of the answer.
fn send_much(service: &Service, bytes: u64) -> String {
    let more = "Content-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n\
                Connection: close\r\n";
    let mut stream = service.connect();
    stream
        .write_all(service.head("POST", "/api/v1/models/uploads?name=a", more).as_bytes())
        .unwrap();
    let line = b"10.0.0.1,10.0.0.2,TCP,1,1,1,SYN,1\n";
    let piece: Vec<u8> = line.iter().copied().cycle().take(1 << 20).collect();
    let mut sent = 0;
    while sent < bytes {
        let framed = [format!("{:x}\r\n", piece.len()).as_bytes(), &piece, b"\r\n"].concat();
        if stream.write_all(&framed).is_err() {
            break;
        }
        sent += piece.len() as u64;
    }
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

#[test]
#[allow(clippy::disallowed_methods)] // how long answers take is what is tested
fn a_running_service_takes_no_more_than_it_may_and_predicts_quickly() {
    let folder = Folder::new();
    let data = folder.path("data");
    let file = records(&folder, 600);
    let file = file.to_str().unwrap();
    let train = ["train", "--schema", "form", "--algorithm", "gbdt", "--train", file];
    let id = done(&data, &train);
    done(&data, &["promote", &id]);
    let service = Service::start(&data, &folder.path("token"));
    // It has the registry: what would change the model in use is refused with the way out.
    let refused = model(&data, &["rollback", "form"]);
    assert_eq!(refused.status.code(), Some(4));
    assert!(stderr(&refused).contains("page Models"), "{}", stderr(&refused));
    assert_eq!(done(&data, &train), id, "a candidate may be added");
    let took = predictions(&service, 1_000);
    println!("POST /predict: median {:?}, p99 {:?}", took[500], took[990]);
    // 5 ms on a machine that has time; here others build at the same time.
    assert!(took[500] < Duration::from_millis(5), "{:?}", took[500]);
    let before = service.peak();
    let status = send_much(&service, 300 << 20);
    assert!(status.contains(" 413 "), "{status}");
    let grown = service.peak().saturating_sub(before);
    println!("300 MB sent: {} MiB more at the peak", grown >> 20);
    assert!(grown < 64 << 20, "{grown} bytes");
    let left = std::fs::read_dir(data.join("models/uploads")).unwrap().count();
    assert_eq!(left, 0, "what was refused is removed");
}

/// Times of predictions on one connection, sorted.
#[allow(clippy::disallowed_methods)] // how long answers take is what is tested
fn predictions(service: &Service, count: usize) -> Vec<Duration> {
    let record = json!({
        "source_ip": "10.0.1.9", "destination_ip": "10.0.0.1", "protocol": "TCP",
        "packet_size": "60", "bytes_sent": "800000", "bytes_received": "0", "flag": "SYN",
    })
    .to_string();
    let more = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", record.len());
    let request = service.head("POST", "/predict", &more) + &record;
    let mut stream = service.connect();
    let mut input = BufReader::new(stream.try_clone().unwrap());
    let mut took = Vec::new();
    for _ in 0..count {
        let begin = Instant::now();
        stream.write_all(request.as_bytes()).unwrap();
        let (mut length, mut line) = (0, String::new());
        let mut first = String::new();
        loop {
            line.clear();
            input.read_line(&mut line).unwrap();
            if first.is_empty() {
                first.clone_from(&line);
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        input.read_exact(&mut body).unwrap();
        took.push(begin.elapsed());
        assert!(first.contains(" 200 "), "{first}{}", String::from_utf8_lossy(&body));
        let said: Value = serde_json::from_slice(&body).unwrap();
        assert!(!said["reasons"].as_array().unwrap().is_empty(), "{said}");
    }
    took.sort();
    took
}
