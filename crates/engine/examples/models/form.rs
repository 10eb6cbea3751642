//! The model of the prediction form: the same flows as records that somebody types in.

use super::train::Labelled;
use anomalyzer_engine::FlowRecord;
use anomalyzer_learn::data::{Limits, read};
use anomalyzer_learn::schema::by_id;
use anomalyzer_learn::train::{Algorithm, FitOptions, Fitted, fit};
use anomalyzer_wire::TcpFlags;
use std::fmt::Write as _;

/// Share of normal records that may be taken for attacks.
const FPR: f64 = 0.02;
/// Sizes are multiplied by these too: the generator's are alike to the byte.
const SIZES: [f64; 3] = [1.0, 0.7, 1.4];

/// Writes the flows as a file of the form's schema, reads that as any other, and trains on it.
pub(crate) fn train(flows: &[Labelled]) -> Result<Fitted, String> {
    let schema = by_id("form").ok_or("there is no schema `form`")?;
    let file = file(flows);
    let (table, faults) =
        read(schema, &mut file.as_bytes(), &Limits::default()).map_err(|e| e.to_string())?;
    if let Some(fault) = faults.list.first() {
        return Err(format!("a record of ours cannot be read: {fault:?}"));
    }
    let options = FitOptions {
        algorithm: Algorithm::Gbdt,
        fpr: FPR,
        threads: 2,
        ..FitOptions::new(schema.id)
    };
    fit(&table, &options, &mut ()).map_err(|e| e.to_string())
}

fn file(flows: &[Labelled]) -> String {
    let mut file = String::from(
        "source_ip,destination_ip,protocol,packet_size,bytes_sent,bytes_received,flag,is_anomaly,\
         kind\n",
    );
    for (record, kind) in flows {
        let Some(protocol) = protocol(record.tuple.proto) else { continue };
        for size in SIZES {
            line(&mut file, record, protocol, size, *kind);
        }
    }
    file
}

fn line(file: &mut String, flow: &FlowRecord, protocol: &str, size: f64, kind: Option<&str>) {
    let (orig, resp) = (&flow.orig, &flow.resp);
    let packets = (orig.packets + resp.packets).max(1) as f64;
    let scaled = |bytes: u64| (bytes as f64 * size).round();
    let _ = writeln!(
        file,
        "{},{},{protocol},{},{},{},{},{},{}",
        flow.tuple.src,
        flow.tuple.dst,
        ((orig.ip_bytes + resp.ip_bytes) as f64 * size / packets).round(),
        scaled(orig.ip_bytes),
        scaled(resp.ip_bytes),
        flag(flow),
        u8::from(kind.is_some()),
        kind.unwrap_or_default(),
    );
}

const fn protocol(number: u8) -> Option<&'static str> {
    match number {
        6 => Some("TCP"),
        17 => Some("UDP"),
        1 | 58 => Some("ICMP"),
        _ => None,
    }
}

/// The flag that says most of how the connection went.
fn flag(flow: &FlowRecord) -> &'static str {
    if flow.tuple.proto != 6 {
        return "";
    }
    let flags = TcpFlags(flow.orig.flags | flow.resp.flags);
    match () {
        () if flags.has(TcpFlags::RST) => "RST",
        () if flags.has(TcpFlags::FIN) => "FIN",
        () if flags.has(TcpFlags::ACK) => "ACK",
        () => "SYN",
    }
}
