//! A small office at work. Each file is one activity; [`staff`] starts them all.

mod backup;
mod calls;
mod camera;
mod chatter;
mod clock;
mod developer;
mod files;
mod leases;
mod mail;
mod monitoring;
mod port_mapping;
mod print;
mod router;
mod updates;
mod video;
mod visitors;
mod web;

use anomalyzer_wire::Timestamp;

use crate::actor::{Actor, MINUTE, SECOND};
use crate::rng::Rng;
use crate::world::{HostId, World};

/// How an activity is made for one host.
type Start = fn(HostId, Rng) -> Box<dyn Actor>;

/// What every workstation does: name of its random stream, mean delay until it begins, start.
const STATIONS: [(&str, i64, Start); 9] = [
    ("lease", 20 * SECOND, leases::start),
    ("web", MINUTE, web::start),
    ("mail", 2 * MINUTE, mail::start),
    ("files", 3 * MINUTE, files::start),
    ("chatter", MINUTE, chatter::start),
    ("clock", 4 * MINUTE, clock::start),
    ("print", 40 * MINUTE, print::start),
    ("updates", 60 * MINUTE, updates::start),
    ("video", 25 * MINUTE, video::start),
];

/// Every activity with the delay of its first wake-up in nanoseconds.
pub(crate) fn staff(world: &World, seed: u64) -> Vec<(i64, Box<dyn Actor>)> {
    let mut actors: Vec<(i64, Box<dyn Actor>)> = Vec::new();
    for (name, mean, start) in STATIONS {
        let mut rng = Rng::stream(seed, name);
        for station in world.stations() {
            let delay = rng.exponential(mean);
            actors.push((delay, start(station, rng.fork())));
        }
    }
    let mut rng = Rng::stream(seed, "house");
    let first = world.stations().start;
    let house: [(i64, Box<dyn Actor>); 8] = [
        (SECOND, router::start(rng.fork())),
        (2 * SECOND, monitoring::start(rng.fork())),
        (3 * SECOND, camera::start(rng.fork())),
        (5 * SECOND, calls::registration(rng.fork())),
        (40 * SECOND, calls::conversation(rng.fork())),
        (20 * SECOND, visitors::start(rng.fork())),
        (30 * SECOND, developer::start(first, rng.fork())),
        (90 * SECOND, port_mapping::start(first, rng.fork())),
    ];
    actors.extend(house);
    actors.push((0, backup::start(rng.fork())));
    actors
}

/// How busy the office is at `time`, in per mille of its peak: nobody at night, a dip at lunch.
pub(crate) fn busyness(time: Timestamp) -> u64 {
    /// One value per hour of the day in UTC, interpolated.
    const DAY: [u64; 24] = [
        20, 20, 20, 20, 20, 30, 80, 350, 800, 1_000, 1_000, 900, 500, 750, 1_000, 950, 800, 500,
        200, 80, 50, 30, 20, 20,
    ];
    let second = time.secs().rem_euclid(86_400) as u64;
    let (hour, rest) = ((second / 3_600) as usize, second % 3_600);
    (DAY[hour] * (3_600 - rest) + DAY[(hour + 1) % 24] * rest) / 3_600
}

/// A pause with this mean at the busiest hour, longer at others.
pub(crate) fn pause(rng: &mut Rng, mean: i64, time: Timestamp) -> i64 {
    rng.exponential(mean) * 1_000 / busyness(time) as i64
}
