//! The host that is attacked: a small web server and a name server, and somebody who uses them.
//! They are this test program once more, in the namespace of the host that they belong to.

use super::support::{HERE, Lab};
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Stdio};
use std::time::Duration;

/// Says which part the program is to play.
const PART: &str = "LIVE_TEST_PART";
/// Time between two names asked for while little goes on.
const MURMUR: Duration = Duration::from_millis(600);

/// A program that goes on until this is dropped.
pub(crate) struct Helper(Child);

impl Helper {
    /// Starts one on a host.
    pub(crate) fn start(lab: &Lab, host: usize, program: &str, args: &[&str]) -> Self {
        let mut command = lab.command(host, program);
        command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Plays a part of this file on a host.
    pub(crate) fn part(lab: &Lab, host: usize, part: &str) -> Self {
        let itself = std::env::current_exe().unwrap();
        let mut command = lab.command(host, itself.to_str().unwrap());
        command.args(["--ignored", "--exact", &format!("victim::{part}")]).env(PART, part);
        Self(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn plays(part: &str) -> bool {
    std::env::var(PART).is_ok_and(|asked| asked == part)
}

#[test]
#[ignore = "the server that the live test attacks; started by it"]
fn serve() {
    if !plays("serve") {
        return;
    }
    std::thread::spawn(names);
    let web = TcpListener::bind((HERE, 80)).unwrap();
    for stream in web.incoming().flatten() {
        std::thread::spawn(|| page(stream));
    }
}

/// One page, from 1 to 40 kB by the length of the request.
fn page(mut stream: TcpStream) -> Option<()> {
    stream.set_read_timeout(Some(Duration::from_secs(5))).ok()?;
    let mut lines = BufReader::new(stream.try_clone().ok()?).lines();
    let request = lines.next()?.ok()?;
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty))?.ok()?;
    let text = "<p>Opening hours, prices, how to find us.</p>\n".repeat(20 + request.len() * 7);
    let head = "HTTP/1.1 200 OK\r\nServer: small\r\nContent-Type: text/html\r\nConnection: close";
    write!(stream, "{head}\r\nContent-Length: {}\r\n\r\n{text}", text.len()).ok()
}

/// Answers each question for a name with an address.
fn names() {
    let socket = UdpSocket::bind((HERE, 53)).unwrap();
    let mut buffer = [0; 512];
    while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
        if length > 12 {
            let mut answer = buffer[..length].to_vec();
            // An answer, recursion done, one record (RFC 1035, 4.1.1); its name is the question's.
            answer[2..8].copy_from_slice(&[0x81, 0x80, 0, 1, 0, 1]);
            answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 98, 0, 2]);
            let _ = socket.send_to(&answer, peer);
        }
    }
}

/// A question for the address of a name (RFC 1035, 4.1).
fn question(number: u16, name: &str) -> Vec<u8> {
    let mut bytes = number.to_be_bytes().to_vec();
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).unwrap());
        bytes.extend(label.as_bytes());
    }
    bytes.extend([0, 0, 1, 0, 1]);
    bytes
}

#[test]
#[ignore = "the client that goes on while the live test attacks; started by it"]
fn murmur() {
    if !plays("murmur") {
        return;
    }
    let hosts = ["www", "mail", "files", "time", "print", "wiki"];
    for number in 0..600_u16 {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(MURMUR)).unwrap();
        let name = format!("{}.office.example", hosts[usize::from(number) % hosts.len()]);
        let _ = socket.send_to(&question(number, &name), (HERE, 53));
        let _ = socket.recv(&mut [0; 512]);
        std::thread::sleep(MURMUR);
    }
}
