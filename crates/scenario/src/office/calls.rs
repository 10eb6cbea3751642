//! Telephony: the phones register with the exchange, and talk to each other now and then.

use crate::actor::{Actor, Context, MICRO, MILLI, MINUTE, SECOND, actor};
use crate::build::udp;
use crate::build::voip::{self, Call};
use crate::net;
use crate::office::pause;
use crate::rng::Rng;
use crate::world::{EXCHANGE, HostId, PHONE_A, PHONE_B};

/// Every phone registers every five minutes.
pub(super) fn registration(mut rng: Rng) -> Box<dyn Actor> {
    let mut sequence = 0;
    actor(move |cx| {
        sequence += 1;
        for (phone, number) in [(PHONE_A, "201"), (PHONE_B, "202")] {
            let call = call(cx, phone, &format!("reg{number}"), (number, number), sequence);
            let delay = if phone == PHONE_A { 0 } else { 2 * SECOND };
            send(cx, delay, (phone, EXCHANGE), &call.request("REGISTER", None));
            let answer = call.response("200 OK", "REGISTER", None);
            send(cx, delay + 3 * MILLI, (EXCHANGE, phone), &answer);
        }
        Some(5 * MINUTE + rng.span(0, 3 * SECOND))
    })
}

/// Calls from the first phone to the second, each of half a minute to some minutes.
pub(super) fn conversation(mut rng: Rng) -> Box<dyn Actor> {
    actor(move |cx| {
        let id = format!("{:x}", rng.next_u64());
        let call = call(cx, PHONE_A, &id, ("201", "202"), 1);
        let ports = [rng.range(8_000, 12_000) as u16 * 2, rng.range(8_000, 12_000) as u16 * 2];
        let ring = rng.span(2 * SECOND, 9 * SECOND);
        let length = 15 * SECOND + rng.exponential(80 * SECOND);
        set_up(cx, &call, ports, ring);
        cx.spawn(ring + 60 * MILLI, media([PHONE_A, PHONE_B], ports, length, rng.fork()));
        cx.spawn(
            ring + 62 * MILLI,
            media([PHONE_B, PHONE_A], [ports[1], ports[0]], length, rng.fork()),
        );
        hang_up(cx, &call, ring + length + 100 * MILLI);
        Some(ring + length + MINUTE + pause(&mut rng, 18 * MINUTE, cx.now))
    })
}

fn call(cx: &Context<'_>, via: HostId, id: &str, (from, to): (&str, &str), sequence: u32) -> Call {
    let via = cx.world.hosts[via].peer(0).ip;
    Call { id: id.to_owned(), from: from.to_owned(), to: to.to_owned(), via, sequence }
}

fn send(cx: &mut Context<'_>, delay: i64, (from, to): (HostId, HostId), message: &[u8]) {
    let delay = delay + net::neighbour(cx, from, to, false);
    let (from, to) = (cx.world.hosts[from].peer(5_060), cx.world.hosts[to].peer(5_060));
    cx.emit(delay, udp::datagram(&from, &to, 0, message));
}

/// INVITE through the exchange to the other phone, and the answers back.
fn set_up(cx: &mut Context<'_>, call: &Call, ports: [u16; 2], ring: i64) {
    let caller = Some((cx.world.hosts[PHONE_A].peer(0).ip, ports[0]));
    let called = Some((cx.world.hosts[PHONE_B].peer(0).ip, ports[1]));
    let invite = call.request("INVITE", caller);
    let accept = call.response("200 OK", "INVITE", called);
    let ringing = call.response("180 Ringing", "INVITE", None);
    let trying = call.response("100 Trying", "INVITE", None);
    let steps = [
        (0, PHONE_A, EXCHANGE, &invite),
        (2 * MILLI, EXCHANGE, PHONE_A, &trying),
        (5 * MILLI, EXCHANGE, PHONE_B, &invite),
        (90 * MILLI, PHONE_B, EXCHANGE, &ringing),
        (92 * MILLI, EXCHANGE, PHONE_A, &ringing),
        (ring, PHONE_B, EXCHANGE, &accept),
        (ring + 2 * MILLI, EXCHANGE, PHONE_A, &accept),
    ];
    for (delay, from, to, message) in steps {
        send(cx, delay, (from, to), message);
    }
    let ack = call.request("ACK", None);
    send(cx, ring + 12 * MILLI, (PHONE_A, EXCHANGE), &ack);
    send(cx, ring + 14 * MILLI, (EXCHANGE, PHONE_B), &ack);
}

fn hang_up(cx: &mut Context<'_>, call: &Call, at: i64) {
    let call = Call { sequence: 2, ..call.clone() };
    let (bye, done) = (call.request("BYE", None), call.response("200 OK", "BYE", None));
    for (delay, from, to, message) in [
        (0, PHONE_A, EXCHANGE, &bye),
        (2 * MILLI, EXCHANGE, PHONE_B, &bye),
        (9 * MILLI, PHONE_B, EXCHANGE, &done),
        (11 * MILLI, EXCHANGE, PHONE_A, &done),
    ] {
        send(cx, at + delay, (from, to), message);
    }
}

/// One direction of sound: a packet every 20 ms with a little jitter.
fn media([from, to]: [HostId; 2], ports: [u16; 2], length: i64, mut rng: Rng) -> Box<dyn Actor> {
    let source = rng.next_u64() as u32;
    let (mut index, count) = (0_u32, (length / (20 * MILLI)) as u32);
    actor(move |cx| {
        let [from, to] =
            [(from, ports[0]), (to, ports[1])].map(|(host, port)| cx.world.hosts[host].peer(port));
        let sound = rng.bytes::<160>();
        let jitter = rng.span(0, 900) * MICRO;
        cx.emit(jitter, udp::datagram(&from, &to, index as u16, &voip::rtp(index, source, &sound)));
        index += 1;
        (index < count).then_some(20 * MILLI)
    })
}
