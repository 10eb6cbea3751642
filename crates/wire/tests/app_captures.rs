//! Names and fingerprints of real captures, compared with what tshark finds in them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests")]

mod common;
mod streams;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::quic::QuicInitial;
use anomalyzer_wire::app::tls::{self, ClientHello};
use anomalyzer_wire::app::{AppProto, recognise_tcp, recognise_udp};
use streams::Flows;

/// Captures that are compared at every test run; all others with `ANOMALYZER_ALL=1`.
const QUICK: [&str; 14] = [
    "443-firefox.pcap",
    "dazn.pcapng",
    "doq.pcapng",
    "http_ipv6.pcap",
    "ja3_lots_of_cipher_suites_2_anon.pcap",
    "netflix.pcap",
    "quic-29.pcap",
    "quic-mvfst-27.pcapng",
    "quic-v2.pcapng",
    "quic_frags_ch_in_multiple_packets.pcapng",
    "quic_frags_different_dcid.pcapng",
    "tls_2_reasms.pcapng",
    "webex.pcap",
    "wechat.pcap",
];

/// Where tshark sees less or more, and why.
const EXPLAINED: [(&str, &str); 15] = [
    ("starttls", "TLS begins behind STARTTLS"),
    ("start-tls", "TLS begins behind AUTH TLS"),
    ("mysql.pcapng", "TLS begins within MySQL"),
    ("pgsql2.pcapng", "TLS begins within PostgreSQL"),
    ("openvpn", "TLS within OpenVPN"),
    ("443-opvn", "TLS within OpenVPN"),
    ("capwap_data", "within CAPWAP and 802.11, which are not opened"),
    ("quic_t5", "Google's versions T050 and T051 are not opened"),
    ("quic-mvfst-22", "draft 22 is not opened"),
    ("4in6tunnel", "tshark does not read the hello without its first segment's SYN"),
    ("KakaoTalk_chat", "tshark waits for a lost segment"),
    ("anydesk", "tshark waits for a lost segment"),
    ("ookla", "TLS on a port that tshark takes for another protocol"),
    ("quic-forcing-vn", "tshark does not open the second Initial after version negotiation"),
    ("teams.pcap", "tshark waits for a lost segment"),
];

/// Names and fingerprints of one capture.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    sni: BTreeSet<String>,
    ja3: BTreeSet<String>,
    ja3s: BTreeSet<String>,
}

impl Found {
    fn client(&mut self, hello: &ClientHello) {
        self.ja3.insert(hello.ja3());
        let name = hello.sni.as_ref().filter(|name| !name.is_empty());
        self.sni.extend(name.map(HostileStr::escaped));
    }
}

fn captures() -> Vec<PathBuf> {
    let data = std::env::var_os("ANOMALYZER_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folders = [data.join("pcap/benign"), data.join("pcap/benign/ndpi")];
    let entries = folders.iter().filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut files: Vec<_> = entries.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "pcap" || e == "pcapng"));
    files.sort();
    if files.is_empty() {
        println!("skipped: no captures in {} (set ANOMALYZER_DATA)", data.display());
    }
    files
}

fn flows_of(file: &Path) -> Flows {
    let bytes = std::fs::read(file).unwrap();
    let records = common::read(&bytes);
    Flows::of(records.iter().enumerate().map(|(n, record)| record.frame(n)))
}

fn ours(flows: &Flows) -> Found {
    let mut found = Found::default();
    for direction in flows.tcp.values() {
        let prefix = direction.prefix();
        if let Some(hello) = tls::client_hello(&prefix).fact() {
            found.client(&hello);
        }
        if let Some(hello) = tls::server_flight(&prefix).fact().and_then(|flight| flight.hello) {
            found.ja3s.insert(hello.ja3s());
        }
    }
    let mut states: BTreeMap<_, QuicInitial> = BTreeMap::new();
    for (source, target, payload) in &flows.udp {
        if recognise_udp(payload, source.1, target.1) == AppProto::Quic {
            let state = states.entry((*source, *target)).or_default();
            if let Some(fact) = state.feed(payload).fact() {
                found.client(&fact.hello);
            }
        }
    }
    found
}

/// One run of tshark over a file; `None` when it is not installed.
fn theirs(file: &Path) -> Option<Found> {
    let fields = [
        "quic.connection.number",
        "tls.handshake.extensions_server_name",
        "tls.handshake.ja3",
        "tls.handshake.ja3s",
    ];
    let mut command = Command::new("tshark");
    command.arg("-r").arg(file).args(["-2", "-Y", "tls.handshake.type in {1,2}", "-T", "fields"]);
    command.args(["-E", "separator=;", "-E", "aggregator=|"]);
    command.args(fields.iter().flat_map(|field| ["-e", field]));
    let output = command.output().ok()?;
    // Some captures are cut, which is status 2; a wrong option or field is status 1.
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() != Some(1) && !complaint.contains("aren't valid"),
        "tshark: {complaint}"
    );
    let mut found = Found::default();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let mut columns = line.split(';').map(|column| column.split('|').map(str::to_owned));
        let mut next = || columns.next().into_iter().flatten().filter(|text| !text.is_empty());
        let over_quic = next().count() > 0;
        found.sni.extend(next());
        found.ja3.extend(next());
        // The server's Initial packets are not opened.
        found.ja3s.extend(next().filter(|_| !over_quic));
    }
    Some(found)
}

fn compare(files: &[PathBuf]) {
    let (mut hellos, mut differences) = (0, Vec::new());
    for file in files {
        let Some(theirs) = theirs(file) else {
            println!("skipped: tshark is not there");
            return;
        };
        let ours = ours(&flows_of(file));
        hellos += theirs.ja3.len();
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let explained = EXPLAINED.iter().any(|(part, _)| name.contains(part));
        for (what, a, b) in [
            ("sni", &ours.sni, &theirs.sni),
            ("ja3", &ours.ja3, &theirs.ja3),
            ("ja3s", &ours.ja3s, &theirs.ja3s),
        ] {
            let (missing, extra): (Vec<_>, Vec<_>) =
                (b.difference(a).collect(), a.difference(b).collect());
            let differs = !missing.is_empty() || !extra.is_empty();
            if differs && !explained {
                differences.push(format!("{name}: {what}: not {missing:?}, but {extra:?}"));
            }
        }
    }
    println!("{} files, {hellos} distinct fingerprints of clients", files.len());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn names_and_fingerprints_are_those_of_tshark() {
    let mut files = captures();
    files.retain(|file| QUICK.iter().any(|name| file.ends_with(name)));
    compare(&files);
}

/// Minutes of tshark: only with `ANOMALYZER_ALL=1`.
#[test]
fn names_and_fingerprints_of_all_captures() {
    if std::env::var_os("ANOMALYZER_ALL").is_none() {
        println!("skipped: all captures are compared with ANOMALYZER_ALL=1");
        return;
    }
    compare(&captures());
}

/// What a capture named after a protocol must show.
#[test]
fn captures_are_recognised() {
    use AppProto as P;
    let cases: &[(&str, P)] = &[
        ("IEC104.pcap", P::Iec104),
        ("ftp.pcap", P::Ftp),
        ("git.pcap", P::Git),
        ("imap.pcap", P::Imap),
        ("ipsec_isakmp_esp.pcap", P::Ike),
        ("jabber.pcap", P::Xmpp),
        ("mqtt.pcap", P::Mqtt),
        ("mysql.pcapng", P::Mysql),
        ("nntp.pcap", P::Nntp),
        ("openvpn.pcap", P::OpenVpn),
        ("pgsql.pcap", P::Postgres),
        ("pop3.pcap", P::Pop3),
        ("rsync.pcap", P::Rsync),
        ("rtsp.pcap", P::Rtsp),
        ("s7comm.pcap", P::S7),
        ("smbv1.pcap", P::Smb),
        ("smtp.pcap", P::Smtp),
        ("snmp.pcap", P::Snmp),
        ("ssdp-m-search.pcap", P::Ssdp),
        ("stun.pcap", P::Stun),
        ("vnc.pcap", P::Vnc),
        ("dtls.pcap", P::Dtls),
        ("doq.pcapng", P::Quic),
        ("443-curl.pcap", P::Tls),
        ("dns.pcap", P::Dns),
    ];
    let files = captures();
    for (name, wanted) in cases {
        let Some(file) = files.iter().find(|file| file.ends_with(name)) else { continue };
        let told = protocols(&flows_of(file));
        assert!(told.contains(wanted), "{name}: {told:?}");
    }
}

fn protocols(flows: &Flows) -> BTreeSet<AppProto> {
    let mut told = BTreeSet::new();
    for (client, server) in flows.originators.keys() {
        let prefix = |key| flows.tcp.get(key).map(streams::Direction::prefix).unwrap_or_default();
        let (request, answer) = (prefix(&(*client, *server)), prefix(&(*server, *client)));
        told.insert(recognise_tcp(&request, &answer, server.1.min(client.1)).proto);
    }
    let udp = flows.udp.iter();
    told.extend(udp.map(|(from, to, payload)| recognise_udp(payload, from.1, to.1)));
    told
}
