//! The stream of frames of a plan.

use anomalyzer_wire::Timestamp;

use crate::actor::{Actor, Context, Entry, Item, MINUTE, Queue, SECOND};
use crate::attacks::{self, AttackKind, Origin};
use crate::frame::Frame;
use crate::office;
use crate::plan::Plan;
use crate::rng::Rng;
use crate::truth::Truth;
use crate::world::World;

/// Frames of a plan in time order, made while they are asked for.
///
/// Memory does not grow with the length of the plan: only frames that are already under way wait.
pub struct Scenario {
    world: World,
    queue: Queue,
    truth: Vec<Truth>,
    end: Timestamp,
}

/// Starts generating `plan`.
pub fn generate(plan: &Plan) -> Scenario {
    generate_with(plan, Vec::new())
}

/// Starts generating `plan` with more actors: delay in nanoseconds, label of their frames, actor.
pub(crate) fn generate_with(plan: &Plan, more: Vec<(i64, u16, Box<dyn Actor>)>) -> Scenario {
    let mut world = World::new(plan.hosts.clamp(1, 220), &mut Rng::stream(plan.seed, "world"));
    let mut queue = Queue::default();
    if plan.office {
        for (delay, actor) in office::staff(&world, plan.seed) {
            queue.push(plan.start.plus_nanos(delay), 0, Item::Actor(actor));
        }
    }
    let length = i64::from(plan.minutes) * MINUTE;
    let mut truth = Vec::new();
    for (index, planned) in plan.attacks.iter().enumerate() {
        let mut rng = Rng::stream(plan.seed, &format!("{}#{index}", planned.kind.name()));
        let slot = length * (index as i64 + 1) / (plan.attacks.len() as i64 + 1);
        let after = planned.after_s.map_or(slot, |seconds| i64::from(seconds) * SECOND);
        for launch in attacks::launch(planned.kind, planned.origin, &mut world, &mut rng) {
            truth.push(launch.truth(planned.kind));
            let at = plan.start.plus_nanos(after + launch.delay);
            queue.push(at, truth.len() as u16, Item::Actor(launch.actor));
        }
    }
    for (delay, label, actor) in more {
        queue.push(plan.start.plus_nanos(delay), label, Item::Actor(actor));
    }
    Scenario { world, queue, truth, end: plan.start.plus_nanos(length) }
}

impl Scenario {
    /// Has one more attack begin at `at`, in a scenario that is under way. Its frames carry no label
    /// and it has no row of truth, so memory stays the same however many come. `seed` tells attacks
    /// of one kind apart.
    pub fn launch(&mut self, kind: AttackKind, origin: Origin, at: Timestamp, seed: u64) {
        let mut rng = Rng::stream(seed, kind.name());
        for launch in attacks::launch(kind, origin, &mut self.world, &mut rng) {
            self.queue.push(at.plus_nanos(launch.delay), 0, Item::Actor(launch.actor));
        }
    }

    /// One row per attack. Times and packet counts cover the frames given so far, so they are final
    /// when the iterator has ended.
    pub fn truth(&self) -> &[Truth] {
        &self.truth
    }

    /// The hosts and sites of the scenario.
    pub const fn world(&self) -> &World {
        &self.world
    }

    /// The most frames and actors that were ever waiting at once.
    pub const fn peak_pending(&self) -> usize {
        self.queue.peak()
    }

    fn deliver(&mut self, entry: &Entry, data: Vec<u8>) -> Frame {
        if let Some(truth) = usize::from(entry.label).checked_sub(1)
            && let Some(truth) = self.truth.get_mut(truth)
        {
            truth.count(entry.time);
        }
        Frame { time: entry.time, data, label: entry.label }
    }
}

impl Iterator for Scenario {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        loop {
            let mut entry = self.queue.pop()?;
            if entry.time >= self.end {
                return None;
            }
            match std::mem::replace(&mut entry.item, Item::Frame(Vec::new())) {
                Item::Frame(data) => return Some(self.deliver(&entry, data)),
                Item::Actor(mut actor) => {
                    let mut cx =
                        Context::new(entry.time, &mut self.world, &mut self.queue, entry.label);
                    if let Some(delay) = actor.wake(&mut cx) {
                        let time = entry.time.plus_nanos(delay.max(0));
                        self.queue.push(time, entry.label, Item::Actor(actor));
                    }
                }
            }
        }
    }
}
