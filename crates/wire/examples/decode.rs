//! Measures decoding: `cargo run --release -p anomalyzer-wire --example decode -- FILE.pcap`.

#[path = "../tests/common/mod.rs"]
mod common;

use std::hint::black_box;

use anomalyzer_wire::{Body, Packet, RawFrame, Transport, decode, flow_addresses};

const PASSES: usize = 5;
/// Frames that are decoded again and again for the warm figure: they fit the cache.
const WARM_FRAMES: usize = 256;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("usage: decode FILE")?;
    let file = std::fs::read(path)?;
    let records = common::read(&file);
    let frames: Vec<_> = records.iter().enumerate().map(|(n, record)| record.frame(n)).collect();
    let tcp: Vec<_> =
        frames.iter().filter(|frame| is_tcp(&decode(frame))).take(WARM_FRAMES).copied().collect();
    println!("{} frames, Packet is {} bytes", frames.len(), size_of::<Packet<'_>>());
    measure("decode, all frames", &frames, 1, |frame| {
        let packet = decode(frame);
        black_box(&packet);
    });
    measure("flow_addresses, all frames", &frames, 1, |frame| {
        black_box(flow_addresses(frame));
    });
    measure("decode, warm TCP", &tcp, 10_000, |frame| {
        let packet = decode(frame);
        black_box(&packet);
    });
    measure("flow_addresses, warm TCP", &tcp, 10_000, |frame| {
        black_box(flow_addresses(frame));
    });
    Ok(())
}

fn is_tcp(packet: &Packet<'_>) -> bool {
    matches!(&packet.body, Body::Ip(ip) if ip.version == 4
        && ip.tunnel.is_none()
        && matches!(ip.transport, Transport::Tcp(_)))
}

// A measurement is about real time.
#[allow(clippy::disallowed_methods)]
fn measure(name: &str, frames: &[RawFrame<'_>], repeat: usize, mut run: impl FnMut(&RawFrame<'_>)) {
    let mut best = f64::INFINITY;
    for _ in 0..PASSES {
        let start = std::time::Instant::now();
        for _ in 0..repeat {
            for frame in frames {
                run(black_box(frame));
            }
        }
        let runs = (frames.len() * repeat).max(1);
        best = best.min(start.elapsed().as_nanos() as f64 / runs as f64);
    }
    println!("{name}: {best:.1} ns");
}
