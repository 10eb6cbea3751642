//! What several test files need: an independent checksum verifier and a tshark run.

#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::unwrap_used)]

use std::io::Write;
use std::process::{Command, Stdio};

use anomalyzer_scenario::Frame;

/// Why the lengths or checksums of an Ethernet frame are wrong, if they are. Written apart from the
/// builders: it reads the finished bytes only.
pub fn verify(frame: &[u8]) -> Result<(), String> {
    match be16(frame, 12)? {
        0x0806 => (frame.len() >= 42).then_some(()).ok_or_else(|| "short ARP".to_owned()),
        0x0800 => ipv4(&frame[14..]),
        0x86dd => ipv6(&frame[14..]),
        other => Err(format!("ethertype {other:04x}")),
    }
}

fn ipv4(ip: &[u8]) -> Result<(), String> {
    let header = usize::from(ip[0] & 15) * 4;
    let total = usize::from(be16(ip, 2)?);
    if total > ip.len() || total < header {
        return Err(format!("total length {total} of {}", ip.len()));
    }
    if ones(&ip[..header]) != 0xffff {
        return Err("IPv4 header checksum".to_owned());
    }
    if be16(ip, 6)? & 0x3fff != 0 {
        return Ok(()); // A fragment's transport checksum covers more than the fragment.
    }
    let mut pseudo = ip[12..20].to_vec();
    pseudo.extend_from_slice(&[0, ip[9]]);
    pseudo.extend_from_slice(&((total - header) as u16).to_be_bytes());
    transport(ip[9], &pseudo, &ip[header..total])
}

fn ipv6(ip: &[u8]) -> Result<(), String> {
    let length = usize::from(be16(ip, 4)?);
    let (mut next, mut payload) = (ip[6], ip.get(40..40 + length).ok_or("IPv6 length")?);
    if next == 0 {
        next = payload[0];
        payload = &payload[8 + usize::from(payload[1]) * 8..];
    }
    let mut pseudo = ip[8..40].to_vec();
    pseudo.extend_from_slice(&(payload.len() as u32).to_be_bytes());
    pseudo.extend_from_slice(&[0, 0, 0, next]);
    transport(next, &pseudo, payload)
}

fn transport(protocol: u8, pseudo: &[u8], payload: &[u8]) -> Result<(), String> {
    let covered = match protocol {
        1 => payload.to_vec(),
        6 | 17 | 58 => [pseudo, payload].concat(),
        _ => return Ok(()),
    };
    if protocol == 17 && usize::from(be16(payload, 4)?) != payload.len() {
        return Err("UDP length".to_owned());
    }
    match ones(&covered) {
        0xffff => Ok(()),
        other => Err(format!("checksum of protocol {protocol}: {other:04x}")),
    }
}

fn ones(bytes: &[u8]) -> u32 {
    let mut sum = 0_u32;
    for pair in bytes.chunks(2) {
        sum += u32::from(pair[0]) << 8 | pair.get(1).map_or(0, |low| u32::from(*low));
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum
}

fn be16(bytes: &[u8], at: usize) -> Result<u16, String> {
    let two = bytes.get(at..at + 2).ok_or_else(|| format!("no bytes at {at}"))?;
    Ok(u16::from_be_bytes([two[0], two[1]]))
}

/// Frames that tshark finds broken, one line each; `None` when tshark is not installed.
pub fn tshark_complaints(frames: impl Iterator<Item = Frame>) -> Option<Vec<String>> {
    let filter = "_ws.malformed || _ws.expert.severity == error || ip.checksum.status == bad \
                  || tcp.checksum.status == bad || udp.checksum.status == bad";
    let mut command = Command::new("tshark");
    command.args(["-r", "-", "-Y", filter]);
    for protocol in ["ip", "tcp", "udp"] {
        command.args(["-o", &format!("{protocol}.check_checksum:TRUE")]);
    }
    let spawned =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let Ok(mut child) = spawned else {
        eprintln!("skipped: tshark is not installed");
        return None;
    };
    let mut input = child.stdin.take().unwrap();
    let reader = std::thread::spawn(move || child.wait_with_output().unwrap());
    let mut buffer = pcap_header();
    for frame in frames {
        pcap_record(&mut buffer, &frame);
        if buffer.len() > 1 << 20 {
            input.write_all(&buffer).unwrap();
            buffer.clear();
        }
    }
    input.write_all(&buffer).unwrap();
    drop(input);
    let output = reader.join().unwrap();
    Some(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
}

/// Header of a classic capture file with nanosecond times.
pub fn pcap_header() -> Vec<u8> {
    let mut header = Vec::new();
    for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, 1] {
        header.extend_from_slice(&word.to_le_bytes());
    }
    header
}

/// Appends one record.
pub fn pcap_record(buffer: &mut Vec<u8>, frame: &Frame) {
    let length = frame.data.len() as u32;
    let nanos = frame.time.nanos().rem_euclid(1_000_000_000) as u32;
    for word in [frame.time.secs() as u32, nanos, length, length] {
        buffer.extend_from_slice(&word.to_le_bytes());
    }
    buffer.extend_from_slice(&frame.data);
}

/// A digest of times and bytes (FNV-1a), to compare streams without keeping them.
pub fn digest(frames: impl Iterator<Item = Frame>) -> (u64, u64) {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut count = 0;
    for frame in frames {
        count += 1;
        for byte in frame.time.nanos().to_le_bytes().iter().chain(&frame.data) {
            hash = (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    (count, hash)
}
