//! Abuse of name resolution: a tunnel in the names under one zone, and a bot that looks for its
//! controller among random names.

use super::target::{Attacker, repeat};
use super::{Launch, Stage};
use crate::actor::{Context, MICRO, MILLI};
use crate::build::dns::{self, Record};
use crate::build::ip::Peer;
use crate::build::udp;
use crate::rng::Rng;
use crate::world::DNS;

/// 900 questions with 90 bytes of data each in the name, answered by TXT records.
pub(super) fn tunnel(stage: &mut Stage) -> Vec<Launch> {
    const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
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
