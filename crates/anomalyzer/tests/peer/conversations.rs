//! Flows against tshark's conversations: the same tuples, packets and bytes of each direction.
//!
//! `tshark -z conv` gives tuples and packets exactly, but bytes in units (`12 kB`). So there are two
//! comparisons: with sums over `tshark -T fields`, frame by frame, which must be equal in
//! everything; and with the conversations themselves, whose bytes need only agree within the unit.

use crate::support::{analyze, captures, lines};
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;
use std::process::Command;

/// A capture, and how many conversations it holds at least (so that it cannot pass by being empty).
struct Capture {
    file: &'static str,
    conversations: usize,
    /// ICMP errors in it quote datagrams. tshark dissects what they quote and counts the frames as
    /// packets of the quoted conversation; here they are packets of ICMP only. They are left out of
    /// the sums over fields, and the conversations, where they cannot be left out, not compared.
    quotes: bool,
}

const fn capture(file: &'static str, conversations: usize) -> Capture {
    Capture { file, conversations, quotes: false }
}

/// Left out on purpose: captures with fragments whose rest is missing (a flow here, nothing in
/// tshark) and with tunnels (the innermost packet's flow here, several conversations in tshark).
const CAPTURES: [Capture; 14] = [
    capture("benign/web_espn.pcapng", 39),
    capture("benign/smb2_copy.pcap", 1),
    capture("benign/ftp_session.pcapng", 2),
    capture("benign/dns_normal_67.pcap", 423),
    capture("benign/irc_dcc.pcapng", 3),
    capture("benign/quic_firefox.pcap", 1),
    capture("benign/p2p_gnutella.pcap", 243),
    capture("benign/ndpi/http_ipv6.pcap", 10),
    capture("benign/ndpi/skinny.pcap", 5),
    capture("attack/scan_nmap_version.pcap", 1_008),
    capture("attack/sweep_tcp_syn80.pcapng", 511),
    capture("attack/web_nikto_rce.pcap", 797),
    capture("attack/lateral_psexec.pcapng", 3),
    Capture { file: "attack/scan_nmap_udp.pcap", conversations: 1_030, quotes: true },
];

/// Protocol and two ends, the lower first.
type Tuple = (String, (IpAddr, u16), (IpAddr, u16));

/// Packets and bytes that the lower end sent, then those of the higher.
type Table = BTreeMap<Tuple, [u64; 4]>;

fn add(table: &mut Table, proto: &str, from: (IpAddr, u16), to: (IpAddr, u16), sums: [u64; 4]) {
    let [packets, bytes, back, back_bytes] = sums;
    let (low, high, sums) =
        if from <= to { (from, to, sums) } else { (to, from, [back, back_bytes, packets, bytes]) };
    let row = table.entry((proto.to_owned(), low, high)).or_default();
    for (sum, more) in row.iter_mut().zip(sums) {
        *sum += more;
    }
}

/// Flows of TCP and UDP as the program prints them.
fn flows(file: &Path) -> Table {
    let output = analyze("flows", file);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let mut table = Table::new();
    for flow in lines(&output) {
        let proto = flow["proto"].as_str().unwrap();
        if !matches!(proto, "tcp" | "udp") {
            continue;
        }
        assert!(flow.get("tunnel").is_none(), "{flow}");
        let end = |ip: &str, port: &str| {
            let port = flow[port].as_u64().unwrap();
            (flow[ip].as_str().unwrap().parse().unwrap(), u16::try_from(port).unwrap())
        };
        let count = |side: &str, what: &str| flow[side][what].as_u64().unwrap();
        let sums = [
            count("orig", "packets"),
            count("orig", "bytes"),
            count("resp", "packets"),
            count("resp", "bytes"),
        ];
        add(&mut table, proto, end("src", "src_port"), end("dst", "dst_port"), sums);
    }
    table
}

/// Runs tshark; `None` when it is not installed.
fn tshark(file: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("tshark").arg("-n").arg("-r").arg(file).args(args).output().ok()?;
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).unwrap())
}

/// The exact sums, frame by frame. Frames that hold an ICMP message are not counted.
fn frames(file: &Path) -> Option<Table> {
    const FIELDS: [&str; 11] = [
        "frame.len",
        "ip.src",
        "ip.dst",
        "ipv6.src",
        "ipv6.dst",
        "tcp.srcport",
        "tcp.dstport",
        "udp.srcport",
        "udp.dstport",
        "icmp.type",
        "icmpv6.type",
    ];
    let mut args = vec!["-Y", "tcp or udp", "-T", "fields", "-E", "separator=|"];
    args.extend(FIELDS.iter().flat_map(|field| ["-e", field]));
    let mut table = Table::new();
    for line in tshark(file, &args)?.lines() {
        let fields: Vec<&str> = line.split('|').collect();
        let [len, src, dst, src6, dst6, tcp, tcp_to, udp, udp_to, icmp, icmp6] = fields[..] else {
            panic!("{line}");
        };
        if !icmp.is_empty() || !icmp6.is_empty() {
            continue;
        }
        let (src, dst) = if src.is_empty() { (src6, dst6) } else { (src, dst) };
        let (proto, from, to) =
            if tcp.is_empty() { ("udp", udp, udp_to) } else { ("tcp", tcp, tcp_to) };
        let end = |ip: &str, port: &str| (ip.parse().expect(line), port.parse().expect(line));
        add(&mut table, proto, end(src, from), end(dst, to), [1, len.parse().unwrap(), 0, 0]);
    }
    Some(table)
}

/// A conversation as tshark prints it, with the unit of its bytes.
struct Conversation {
    tuple: Tuple,
    /// Packets, bytes and unit that the lower end sent, then those of the higher.
    sides: [(u64, u64, u64); 2],
}

/// `A:port <-> B:port  packets bytes unit (B to A)  packets bytes unit (A to B)  ...`
fn conversation(proto: &str, line: &str) -> Option<Conversation> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [a, "<->", b, back, back_bytes, back_unit, packets, bytes, unit, ..] = words[..] else {
        return None;
    };
    let end = |text: &str| -> (IpAddr, u16) {
        let (ip, port) = text.rsplit_once(':').expect(line);
        (ip.parse().expect(line), port.parse().expect(line))
    };
    let side = |packets: &str, bytes: &str, unit: &str| -> (u64, u64, u64) {
        let unit = match unit {
            "bytes" => 1,
            "kB" => 1_000,
            "MB" => 1_000_000,
            _ => panic!("unit in {line}"),
        };
        (packets.parse().expect(line), bytes.parse().expect(line), unit)
    };
    let (a, b) = (end(a), end(b));
    let (sent, received) = (side(packets, bytes, unit), side(back, back_bytes, back_unit));
    let (low, high, sides) =
        if a <= b { (a, b, [sent, received]) } else { (b, a, [received, sent]) };
    Some(Conversation { tuple: (proto.to_owned(), low, high), sides })
}

/// Compares with the conversations; how many there were.
fn compare(file: &str, path: &Path, ours: &Table) -> Option<usize> {
    let text = tshark(path, &["-q", "-z", "conv,tcp", "-z", "conv,udp"])?;
    // tuple -> [packets, least bytes, most bytes] of each side. A port used again is two rows.
    let mut theirs: BTreeMap<Tuple, [[u64; 3]; 2]> = BTreeMap::new();
    let mut proto = "";
    for line in text.lines() {
        match line {
            "TCP Conversations" => proto = "tcp",
            "UDP Conversations" => proto = "udp",
            _ => {}
        }
        let Some(row) = conversation(proto, line) else { continue };
        let sums = theirs.entry(row.tuple).or_default();
        for (sum, (packets, bytes, unit)) in sums.iter_mut().zip(row.sides) {
            sum[0] += packets;
            sum[1] += (bytes * unit).saturating_sub(unit - 1);
            sum[2] += bytes * unit + (unit - 1);
        }
    }
    assert!(ours.keys().eq(theirs.keys()), "{file}: not the same conversations");
    for (tuple, sides) in &theirs {
        let [packets, bytes, back, back_bytes] = ours[tuple];
        for ([expected, least, most], (packets, bytes)) in
            sides.iter().zip([(packets, bytes), (back, back_bytes)])
        {
            assert_eq!(packets, *expected, "{file}: packets of {tuple:?}");
            assert!((*least..=*most).contains(&bytes), "{file}: bytes of {tuple:?}: {bytes}");
        }
    }
    Some(theirs.len())
}

#[test]
fn flows_are_the_conversations_of_tshark() {
    let Some(folder) = captures() else { return };
    for Capture { file, conversations, quotes } in CAPTURES {
        let path = folder.join(file);
        let Some(expected) = frames(&path) else {
            println!("skipped: tshark is not installed");
            return;
        };
        let flows = flows(&path);
        for (tuple, sums) in &expected {
            assert_eq!(flows.get(tuple), Some(sums), "{file}: {tuple:?}");
        }
        let more: Vec<_> = flows.keys().filter(|tuple| !expected.contains_key(tuple)).collect();
        assert!(more.is_empty(), "{file}: {more:?}");
        assert!(flows.len() >= conversations, "{file}: {} conversations", flows.len());
        if !quotes {
            assert_eq!(compare(file, &path, &flows), Some(flows.len()), "{file}");
        }
    }
}
