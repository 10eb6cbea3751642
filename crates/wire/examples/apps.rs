//! Shows what is recognised in a capture and measures it:
//! `cargo run --release -p anomalyzer-wire --example apps -- FILE.pcap`.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a tool for developers")]

#[path = "../tests/common/mod.rs"]
mod common;
#[path = "../tests/streams/mod.rs"]
mod streams;

use std::collections::BTreeSet;
use std::hint::black_box;

use anomalyzer_wire::app::tls::{self, Ja4Transport};
use anomalyzer_wire::app::{AppProto, dns, http, quic, recognise_tcp, recognise_udp};
use streams::{End, Flows};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for path in std::env::args().skip(1) {
        let file = std::fs::read(&path)?;
        let records = common::read(&file);
        let flows = Flows::of(records.iter().enumerate().map(|(n, r)| r.frame(n)));
        let name = path.rsplit('/').next().unwrap_or_default();
        tcp(name, &flows);
        udp(name, &flows);
        measure(&flows);
    }
    Ok(())
}

/// Nanoseconds a call on the openings of all flows, to standard error.
#[allow(clippy::disallowed_methods, reason = "a measurement reads the clock")]
fn measure(flows: &Flows) {
    const PASSES: usize = 200;
    let time = |name: &str, calls: usize, run: &mut dyn FnMut()| {
        let start = std::time::Instant::now();
        for _ in 0..PASSES {
            run();
        }
        let ns = start.elapsed().as_nanos() as f64 / (calls.max(1) * PASSES) as f64;
        eprintln!("{name}: {ns:.1} ns a call, {calls} inputs");
    };
    let tcp: Vec<_> = flows.tcp.iter().map(|(key, d)| (key.1.1, d.prefix())).collect();
    time("recognise_tcp", tcp.len(), &mut || {
        for (port, prefix) in &tcp {
            black_box(recognise_tcp(black_box(prefix), &[], *port));
        }
    });
    time("recognise_udp", flows.udp.len(), &mut || {
        for (from, to, payload) in &flows.udp {
            black_box(recognise_udp(black_box(payload), from.1, to.1));
        }
    });
    let dns: Vec<_> = flows.udp.iter().filter(|(from, to, _)| from.1 == 53 || to.1 == 53).collect();
    time("dns::parse_udp", dns.len(), &mut || {
        for (_, _, payload) in &dns {
            black_box(dns::parse_udp(black_box(payload)));
        }
    });
    let hellos: Vec<_> =
        tcp.iter().filter(|(_, p)| tls::client_hello(p).fact().is_some()).collect();
    time("tls::client_hello with ja3 and ja4", hellos.len(), &mut || {
        for (_, prefix) in &hellos {
            let hello = tls::client_hello(black_box(prefix)).fact();
            black_box(hello.map(|h| (h.ja3(), h.ja4(Ja4Transport::Tcp))));
        }
    });
    let requests: Vec<_> =
        tcp.iter().filter(|(_, p)| http::parse_request(p).fact().is_some()).collect();
    time("http::parse_request", requests.len(), &mut || {
        for (_, prefix) in &requests {
            black_box(http::parse_request(black_box(prefix)));
        }
    });
}

fn show((address, port): End) -> String {
    if address.is_v4() { format!("{address}:{port}") } else { format!("[{address}]:{port}") }
}

fn tcp(name: &str, flows: &Flows) {
    for (client, server) in flows.originators.keys() {
        let prefix = |key| flows.tcp.get(key).map(streams::Direction::prefix).unwrap_or_default();
        let (request, answer) = (prefix(&(*client, *server)), prefix(&(*server, *client)));
        if request.is_empty() && answer.is_empty() {
            continue;
        }
        let told = recognise_tcp(&request, &answer, server.1.min(client.1));
        let hello = tls::client_hello(&request).fact().or(tls::client_hello(&answer).fact());
        let ja4 = hello.as_ref().map(|h| h.ja4(Ja4Transport::Tcp)).unwrap_or_default();
        let sni = hello.and_then(|h| h.sni).map(|s| s.escaped()).unwrap_or_default();
        println!(
            "{name}\tTCP\t{}\t{}\t{}\t{}\t{ja4}\t{sni}",
            show(*client),
            show(*server),
            told.proto.name(),
            if told.certain { "certain" } else { "likely" },
        );
    }
}

fn udp(name: &str, flows: &Flows) {
    let mut seen = BTreeSet::new();
    for (source, target, payload) in &flows.udp {
        if !seen.insert((*source.min(target), *source.max(target))) {
            continue;
        }
        let told = recognise_udp(payload, source.1, target.1);
        let (mut state, mut ja4, mut sni) =
            (quic::QuicInitial::new(), String::new(), String::new());
        if told == AppProto::Quic {
            for (from, to, payload) in &flows.udp {
                if (from, to) == (source, target)
                    && let Some(fact) = state.feed(payload).fact()
                {
                    ja4 = fact.ja4();
                    sni = fact.hello.sni.map(|s| s.escaped()).unwrap_or_default();
                    break;
                }
            }
        }
        if let Some(hello) = tls::dtls_client_hello(payload).fact() {
            ja4 = hello.ja4(Ja4Transport::Dtls);
        }
        println!(
            "{name}\tUDP\t{}\t{}\t{}\t\t{ja4}\t{sni}",
            show(*source),
            show(*target),
            told.name(),
        );
    }
}
