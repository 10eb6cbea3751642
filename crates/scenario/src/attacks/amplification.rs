//! Amplification: large answers of open DNS, NTP and SNMP servers to questions that were asked in
//! the victim's name, fragmented where they exceed the MTU.

use super::ddos::source;
use super::target::{repeat, web_victim};
use super::{Launch, Stage};
use crate::actor::MICRO;
use crate::build::ber;
use crate::build::dns::{self, Record};
use crate::build::ip;
use crate::build::udp;
use crate::rng::Rng;

/// 12,000 answers in 6 s, each of three fragments.
pub(super) fn dns(stage: &mut Stage) -> Vec<Launch> {
    let answer = dns_answer(stage.rng.fork());
    reflect(stage, 53, 900, answer)
}

/// 12,000 monlist answers in 6 s.
pub(super) fn ntp(stage: &mut Stage) -> Vec<Launch> {
    let answer = monlist(stage.rng.fork());
    reflect(stage, 123, 700, answer)
}

/// 12,000 GetBulk answers in 6 s, each of three fragments.
pub(super) fn snmp(stage: &mut Stage) -> Vec<Launch> {
    reflect(stage, 161, 350, bulk_answer())
}

fn reflect(stage: &mut Stage, port: u16, servers: u64, payload: Vec<u8>) -> Vec<Launch> {
    let to_port = stage.rng.range(1_024, 65_000) as u16;
    let victim = web_victim(stage, to_port);
    let note = format!("12,000 answers of {} bytes in 6 s from {servers} servers", payload.len());
    let act = repeat(stage.rng, 12_000, 500 * MICRO, move |cx, rng, _| {
        let from = source(cx, rng.below(servers) as u32 + 1_000, port);
        let whole = udp::datagram(&from, &victim, rng.next_u64() as u16, &payload);
        if whole.len() <= 1_514 {
            cx.emit(0, whole);
            return;
        }
        for (index, piece) in ip::fragment_ipv4(&whole, 1_500).into_iter().enumerate() {
            cx.emit(index as i64 * 12 * MICRO, piece);
        }
    });
    vec![Launch::new(&"many", &victim.ip, note, act)]
}

/// An answer to "ANY" of about 3,800 bytes.
fn dns_answer(mut rng: Rng) -> Vec<u8> {
    let name = "big.example";
    let records: Vec<Record> = (0..16)
        .map(|_| {
            let text = rng.word(b"abcdefghijklmnopqrstuvwxyz0123456789", 224);
            Record::text(name, text.as_bytes(), 3_600)
        })
        .collect();
    dns::message(rng.next_u64() as u16, dns::ANSWER, (name, dns::ANY), &records)
}

/// A mode 7 answer with six entries of the monitor list.
fn monlist(mut rng: Rng) -> Vec<u8> {
    let mut bytes = vec![0xd7, 0x80, 3, 42, 0, 6, 0, 72];
    for _ in 0..6 {
        let mut entry = [0; 72];
        for (offset, value) in [(3, 90), (11, 4), (15, 12)] {
            entry[offset] = value;
        }
        entry[16..20].copy_from_slice(&[198, 51, 100, rng.range(1, 250) as u8]);
        entry[20..24].copy_from_slice(&[203, 0, 113, 9]);
        entry[28..32].copy_from_slice(&[0, 123, 3, 4]);
        bytes.extend_from_slice(&entry);
    }
    bytes
}

/// A response with 60 counters and descriptions.
fn bulk_answer() -> Vec<u8> {
    let bindings: Vec<_> = (0..60_u8)
        .map(|index| {
            let text = format!("GigabitEthernet0/{index} uplink to distribution");
            (ber::interface_column(2, index + 1), ber::tlv(4, text.as_bytes()))
        })
        .collect();
    ber::snmp(ber::RESPONSE, 0x1234, 0, &bindings)
}
