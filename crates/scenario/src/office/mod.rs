//! A small office at work. Each file is one activity; [`staff`] starts them all.

mod web;

use anomalyzer_wire::Timestamp;

use crate::actor::{Actor, MINUTE};
use crate::rng::Rng;
use crate::world::World;

/// Every activity with the delay of its first wake-up in nanoseconds.
pub(crate) fn staff(world: &World, seed: u64) -> Vec<(i64, Box<dyn Actor>)> {
    let mut actors: Vec<(i64, Box<dyn Actor>)> = Vec::new();
    let mut rng = Rng::stream(seed, "web");
    for station in world.stations() {
        actors.push((rng.exponential(MINUTE), Box::new(web::Browsing::new(station, rng.fork()))));
    }
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
