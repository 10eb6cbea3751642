//! Abuse of name resolution: tunnels in the names under one zone or many, commands in answers, and
//! bots that look for their controller among made-up names.

use std::net::IpAddr;

use super::target::{Attacker, repeat};
use super::{Launch, Stage};
use crate::actor::{Context, MICRO, MILLI};
use crate::build::dns::{self, Record};
use crate::build::ip::Peer;
use crate::build::udp;
use crate::rng::Rng;
use crate::world::DNS;

const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8] = b"0123456789abcdef";

/// 900 questions with 90 bytes of data each in the name, answered by TXT records.
pub(super) fn tunnel(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[DNS].peer(53);
    let act = repeat(stage.rng, 900, 110 * MILLI, move |cx, rng, index| {
        let name = format!(
            "{}.{}.{index:x}.t.relay-zone.example",
            rng.word(BASE32, 60),
            rng.word(BASE32, 48)
        );
        let text = rng.word(BASE32, 150);
        let answer = Record::text(&name, text.as_bytes(), 0);
        ask(cx, rng, (attacker.peer, server), (&name, dns::TXT), Some(answer));
    });
    let note = "900 questions under t.relay-zone.example";
    vec![Launch::new(&attacker.peer.ip, &server.ip, note, act)]
}

/// One question of 55 bytes of data a minute, for an hour, answered by an address that is never
/// connected to.
pub(super) fn slow_tunnel(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[DNS].peer(53);
    let act = repeat(stage.rng, 60, 58_000 * MILLI, move |cx, rng, index| {
        let (a, b) = (rng.word(HEX, 60), rng.word(HEX, 50));
        let name = format!("{a}.{b}.{index:x}.relay-zone.example");
        let answer = Record::address(&name, IpAddr::from([192, 0, 2, 9]), 60);
        ask(cx, rng, (attacker.peer, server), (&name, dns::A), Some(answer));
    });
    let note = "one question a minute under relay-zone.example";
    vec![Launch::new(&attacker.peer.ip, &server.ip, note, act)]
}

/// 300 questions with 30 bytes of data each, every one under another zone.
pub(super) fn many_zones(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[DNS].peer(53);
    let act = repeat(stage.rng, 300, 300 * MILLI, move |cx, rng, index| {
        let data = rng.word(HEX, 60);
        let zone = rng.word(b"abcdefghijklmnopqrstuvwxyz", 9);
        let top = ["com", "net", "org"][index as usize % 3];
        let name = format!("{data}.{zone}.{top}");
        let answer = Record::text(&name, rng.word(HEX, 24).as_bytes(), 0);
        ask(cx, rng, (attacker.peer, server), (&name, dns::TXT), Some(answer));
    });
    vec![Launch::new(&attacker.peer.ip, &server.ip, "300 questions under 300 zones", act)]
}

/// 40 numbered questions, each answered by a piece of a script in a TXT record.
pub(super) fn commands(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[DNS].peer(53);
    let act = repeat(stage.rng, 40, 2_000 * MILLI, move |cx, rng, index| {
        let name = format!("c.{index}.relay-zone.example");
        let answer = Record::text(&name, rng.word(BASE64, 180).as_bytes(), 0);
        ask(cx, rng, (attacker.peer, server), (&name, dns::TXT), Some(answer));
    });
    let note = "40 pieces of a script in TXT records under relay-zone.example";
    vec![Launch::new(&attacker.peer.ip, &server.ip, note, act)]
}

/// 160 names of two words that do not exist, in 80 seconds.
pub(super) fn word_dga(stage: &mut Stage) -> Vec<Launch> {
    const WORDS: [&str; 24] = [
        "morning", "silver", "garden", "captain", "winter", "letter", "bridge", "orange", "market",
        "doctor", "little", "summer", "forest", "mother", "yellow", "window", "paper", "river",
        "soldier", "picture", "evening", "history", "engine", "water",
    ];
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[DNS].peer(53);
    let act = repeat(stage.rng, 160, 500 * MILLI, move |cx, rng, _| {
        let name = format!("{}{}.net", rng.pick(&WORDS), rng.pick(&WORDS));
        ask(cx, rng, (attacker.peer, server), (&name, dns::A), None);
    });
    let note = "160 names of two words that do not exist";
    vec![Launch::new(&attacker.peer.ip, &server.ip, note, act)]
}

/// 240 random names that do not exist, in four minutes.
pub(super) fn dga(stage: &mut Stage) -> Vec<Launch> {
    let attacker = Attacker::inside(stage);
    let server = stage.world.hosts[DNS].peer(53);
    let act = repeat(stage.rng, 240, 1_000 * MILLI, move |cx, rng, _| {
        let length = rng.range(12, 20) as usize;
        let word = rng.word(b"abcdefghijklmnopqrstuvwxyz", length);
        let zone = *rng.pick(&["com", "net", "info", "biz"]);
        ask(cx, rng, (attacker.peer, server), (&format!("{word}.{zone}"), dns::A), None);
    });
    vec![Launch::new(&attacker.peer.ip, &server.ip, "240 names that do not exist", act)]
}

fn ask(
    cx: &mut Context<'_>,
    rng: &mut Rng,
    (client, server): (Peer, Peer),
    (name, kind): (&str, u16),
    answer: Option<Record>,
) {
    let client = client.port(rng.range(10_000, 60_000) as u16);
    let id = rng.next_u64() as u16;
    let question = dns::message(id, dns::QUERY, (name, kind), &[]);
    let flags = if answer.is_some() { dns::ANSWER } else { dns::NX_DOMAIN };
    let answers: Vec<Record> = answer.into_iter().collect();
    let reply = dns::message(id, flags, (name, kind), &answers);
    cx.emit(0, udp::datagram(&client, &server, rng.next_u64() as u16, &question));
    let wait = rng.span(9 * MILLI, 60 * MILLI) + 100 * MICRO;
    cx.emit(wait, udp::datagram(&server, &client, rng.next_u64() as u16, &reply));
}
