//! Two hosts joined by a cable, and the program on one of them.

use serde_json::Value;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The watched host's address, and the other one's.
pub(crate) const HERE: &str = "10.98.0.2";
pub(crate) const PEER: &str = "10.98.0.1";

/// Two namespaces: the program runs in the one with `b0`; `a0` is the other end. Gone when dropped.
pub(crate) struct Lab {
    names: Vec<String>,
}

impl Lab {
    /// Makes both, or says why the test is skipped.
    pub(crate) fn new() -> Option<Self> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = |side| format!("anz-live-{}-{number}-{side}", std::process::id());
        let lab = Self { names: vec![name("a"), name("b")] };
        if !lab.names.iter().all(|name| make_host(name)) {
            println!("skipped: no network namespace can be made; this test needs root and ip");
            return None;
        }
        lab.join();
        Some(lab)
    }

    /// Makes the other host a switch with further hosts at these addresses, as [`Lab::command`]
    /// numbers them: from 2 on.
    pub(crate) fn switched(mut self, addresses: &[String]) -> Self {
        let switch = self.names[0].clone();
        ip(&["-n", &switch, "address", "flush", "dev", "a0"]);
        ip(&["-n", &switch, "link", "add", "sw", "type", "bridge"]);
        ip(&["-n", &switch, "link", "set", "sw", "up"]);
        ip(&["-n", &switch, "link", "set", "a0", "master", "sw"]);
        for (number, address) in addresses.iter().enumerate() {
            let host = format!("{switch}{number}");
            assert!(make_host(&host), "{host} could not be made");
            let port = format!("p{number}");
            let cable = ["type", "veth", "peer", "e0", "netns", &host];
            ip(&[&["-n", &switch, "link", "add", &port], &cable[..]].concat());
            ip(&["-n", &switch, "link", "set", &port, "master", "sw", "up"]);
            ip(&["-n", &host, "address", "add", &format!("{address}/24"), "dev", "e0"]);
            ip(&["-n", &host, "link", "set", "e0", "up"]);
            self.names.push(host);
        }
        self
    }

    /// Lays the cable.
    pub(crate) fn join(&self) {
        let [a, b] = [&self.names[0], &self.names[1]];
        ip(&["link", "add", "a0", "netns", a, "type", "veth", "peer", "b0", "netns", b]);
        for (host, link, address) in [(a, "a0", PEER), (b, "b0", HERE)] {
            ip(&["-n", host, "address", "add", &format!("{address}/24"), "dev", link]);
            ip(&["-n", host, "link", "set", link, "up"]);
        }
    }

    /// `ip` on the watched host.
    pub(crate) fn here(&self, args: &[&str]) {
        let mut all = vec!["-n", &self.names[1]];
        all.extend(args);
        ip(&all);
    }

    /// A program on the other host, to its end.
    pub(crate) fn peer(&self, program: &str, args: &[&str]) -> Output {
        self.command(0, program).args(args).output().unwrap()
    }

    /// A program on a host: 0 is the other one, 1 the watched one, then those of the switch.
    pub(crate) fn command(&self, host: usize, program: &str) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.names[host], program]).stdin(Stdio::null());
        command
    }

    /// One datagram to the watched host.
    pub(crate) fn poke(&self) {
        self.peer("hping3", &["-q", "-n", "--udp", "-p", "9", "-c", "1", "-i", "u1", HERE]);
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for name in &self.names {
            let _ = try_ip(&["netns", "delete", name]);
        }
    }
}

/// A namespace without IPv6; false when that is not permitted.
fn make_host(name: &str) -> bool {
    if !try_ip(&["netns", "add", name]) {
        return false;
    }
    let quiet = ["-q", "-w", "net.ipv6.conf.all.disable_ipv6=1"];
    let _ = Command::new("ip").args(["netns", "exec", name, "sysctl"]).args(quiet).status();
    ip(&["-n", name, "link", "set", "lo", "up"]);
    true
}

fn try_ip(args: &[&str]) -> bool {
    Command::new("ip").args(args).output().is_ok_and(|output| output.status.success())
}

fn ip(args: &[&str]) {
    let output = Command::new("ip").args(args).output().unwrap();
    assert!(output.status.success(), "ip {args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The program, serving on the watched host.
pub(crate) struct Service<'a> {
    lab: &'a Lab,
    pub(crate) child: Child,
    pub(crate) token: String,
    pub(crate) dir: &'a Path,
}

/// A folder for one program.
pub(crate) fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// `anomalyzer` with these arguments on the watched host, `before` in front of it.
pub(crate) fn program(lab: &Lab, before: &[&str], args: &[&str]) -> Command {
    let binary = assert_cmd::cargo::cargo_bin!("anomalyzer").to_str().unwrap().to_owned();
    let mut line: Vec<String> = before.iter().map(ToString::to_string).collect();
    line.push(binary);
    let mut command = lab.command(1, &line[0].clone());
    command.args(&line[1..]).args(args).env("LC_ALL", "C.UTF-8");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("ANOMALYZER_") {
            command.env_remove(name);
        }
    }
    command
}

impl<'a> Service<'a> {
    /// Starts it and waits until it answers.
    pub(crate) fn start(lab: &'a Lab, dir: &'a Path, before: &[&str], args: &[&str]) -> Self {
        let token = dir.join("token");
        let log = std::fs::File::create(dir.join("log")).unwrap();
        let _ = std::fs::remove_file(&token);
        let child = program(lab, before, &["run"])
            .args(args)
            .args(["--listen", "127.0.0.1:8080", "--print-token"])
            .arg(&token)
            .arg("--data")
            .arg(dir.join("data"))
            .stderr(log)
            .spawn()
            .unwrap();
        let mut service = Self { lab, child, token: String::new(), dir };
        wait(Duration::from_secs(20), "the token", || {
            assert!(service.child.try_wait().unwrap().is_none(), "ended: {}", service.log());
            std::fs::read_to_string(&token).ok()?.trim().clone_into(&mut service.token);
            Some(())
        });
        service
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }

    /// A request to the API, as a script would send it.
    pub(crate) fn request(&self, method: &str, path: &str, body: Option<&str>) -> (u16, String) {
        let mut command = self.lab.command(1, "curl");
        command.args(["-s", "-m", "5", "-X", method, "-w", "\n%{http_code}"]);
        command.args(["-H", &format!("Authorization: Bearer {}", self.token)]);
        if let Some(body) = body {
            command.args(["-H", "Content-Type: application/json", "-d", body]);
        }
        let output = command.arg(format!("http://127.0.0.1:8080{path}")).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, code) = text.rsplit_once('\n').unwrap();
        (code.parse().unwrap(), body.to_owned())
    }

    /// What the API answers.
    pub(crate) fn get(&self, path: &str) -> Value {
        let (code, body) = self.request("GET", path, None);
        assert_eq!(code, 200, "{path}: {body}\n{}", self.log());
        serde_json::from_str(&body).unwrap()
    }

    /// State and frames received of the interface.
    pub(crate) fn link(&self, name: &str) -> (String, u64) {
        let status = self.get("/api/v1/status");
        let links = status["interfaces"].as_array().unwrap();
        let link = links.iter().find(|l| l["name"] == name).unwrap();
        (link["state"].as_str().unwrap().to_owned(), link["received"].as_u64().unwrap())
    }

    /// Its process; `ip netns exec` becomes the program itself.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM and waits for the end: exit code and how long it took.
    pub(crate) fn stop(&mut self) -> (Option<i32>, Duration) {
        let watch = Instant::now();
        Command::new("kill").arg(self.pid().to_string()).status().unwrap();
        let code = wait(Duration::from_secs(20), "the end", || self.child.try_wait().unwrap());
        (code.code(), watch.elapsed())
    }
}

impl Drop for Service<'_> {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits until there is an answer, and gives it.
pub(crate) fn wait<T>(patience: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let watch = Instant::now();
    loop {
        if let Some(answer) = look() {
            return answer;
        }
        assert!(watch.elapsed() < patience, "{what} did not come within {patience:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
