//! The two ends of an attack, and how the attacked host's stack answers what it did not ask for.

use super::{Origin, Stage, outsider};
use crate::actor::{Actor, Context, MICRO, MILLI, actor};
use crate::build::icmp;
use crate::build::ip::Peer;
use crate::build::tcp::{self, ACK, FIN, RST, SYN, Segment};
use crate::rng::Rng;
use crate::world::{HostId, LINUX, Stack, WEB};

/// An attacker and its road into the office.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attacker {
    /// Its address, without a port.
    pub(crate) peer: Peer,
    pub(crate) stack: Stack,
    /// The host, when it is one of the office.
    pub(crate) host: Option<HostId>,
    /// Time for an answer to come back in nanoseconds.
    pub(crate) rtt: i64,
}

impl Attacker {
    /// The attacker of this stage; `usual` decides when the plan does not.
    pub(crate) fn of(stage: &mut Stage, usual: Origin) -> Self {
        let origin = if stage.origin == Origin::Default { usual } else { stage.origin };
        if origin == Origin::Outside { Self::outside(stage) } else { Self::inside(stage) }
    }

    pub(crate) fn outside(stage: &mut Stage) -> Self {
        let ip = outsider(stage.rng);
        let peer = stage.world.outside(ip, 0, stage.rng.range(44, 58) as u8);
        let rtt = stage.rng.span(300, 900) * MICRO;
        Self { peer, stack: LINUX, host: None, rtt }
    }

    pub(crate) fn inside(stage: &mut Stage) -> Self {
        // The last workstation, so that several attacks of one plan tell one story.
        let host = stage.world.hosts.len() - 1;
        let info = &stage.world.hosts[host];
        Self { peer: info.peer(0), stack: info.stack, host: Some(host), rtt: 220 * MICRO }
    }
}

/// What a host does when a TCP segment arrives outside any connection (RFC 9293 section 3.10.7).
pub(crate) fn tcp_answer(
    cx: &mut Context<'_>,
    at: i64,
    (victim, open): (Peer, bool),
    (attacker, probe): (Peer, &Segment),
    rng: &mut Rng,
) -> Option<u32> {
    if probe.flags & RST != 0 {
        return None;
    }
    let next = probe.seq.wrapping_add(u32::from(probe.flags & (SYN | FIN) != 0));
    let acknowledges = probe.flags & ACK != 0;
    let seq = rng.next_u64() as u32;
    let options = tcp::syn_options_plain(1_460, 7);
    let answer = match (open, acknowledges) {
        (true, false) if probe.flags & SYN != 0 => {
            Segment { seq, ack: next, flags: SYN | ACK, window: 64_240, options: &options }
        }
        // An open port drops what has neither SYN, ACK nor RST.
        (true, false) => return None,
        (_, true) => Segment { seq: probe.ack, flags: RST, ..Segment::default() },
        (false, false) => Segment { ack: next, flags: RST | ACK, ..Segment::default() },
    };
    cx.emit(at, tcp::segment(&victim, &attacker, 0, &answer, &[]));
    (answer.flags & SYN != 0).then_some(seq)
}

/// ICMP port unreachable for `cause`, which an attacker sent to a closed UDP port.
pub(crate) fn udp_answer(
    cx: &mut Context<'_>,
    at: i64,
    victim: Peer,
    attacker: Peer,
    cause: &[u8],
) {
    cx.emit(at, icmp::unreachable(&victim, &attacker, 3, cause));
}

/// The ports of `count` that a scanner tries, well-known ones among them, in random order.
pub(crate) fn ports(count: usize, rng: &mut Rng) -> Vec<u16> {
    const FIRST: [u16; 24] = [
        21, 22, 23, 25, 53, 80, 110, 111, 135, 139, 143, 443, 445, 515, 587, 631, 993, 995, 1433,
        3306, 3389, 5060, 8080, 9100,
    ];
    let mut ports: Vec<u16> = FIRST.to_vec();
    ports
        .extend((1..=u16::MAX).filter(|port| !FIRST.contains(port)).take(count.saturating_sub(24)));
    ports.truncate(count);
    for index in (1..ports.len()).rev() {
        ports.swap(index, rng.below(index as u64 + 1) as usize);
    }
    ports
}

/// A pause between probes around `mean`, as scanners that wait for answers show it.
pub(crate) fn probe_gap(rng: &mut Rng, mean: i64) -> i64 {
    (mean / 2 + rng.exponential(mean / 2)).min(500 * MILLI.max(mean))
}

/// An actor that acts `count` times with random gaps of this mean between.
pub(crate) fn repeat(
    rng: &mut Rng,
    count: u32,
    mean: i64,
    mut act: impl FnMut(&mut Context<'_>, &mut Rng, u32) + Send + 'static,
) -> Box<dyn Actor> {
    let mut rng = rng.fork();
    let mut done = 0;
    actor(move |cx| {
        act(cx, &mut rng, done);
        done += 1;
        (done < count).then(|| mean / 2 + rng.exponential(mean / 2))
    })
}

/// The public web server as a victim, and its address.
pub(crate) fn web_victim(stage: &Stage, port: u16) -> Peer {
    stage.world.hosts[WEB].peer(port)
}
