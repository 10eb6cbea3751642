//! What to generate.

use anomalyzer_wire::Timestamp;

use crate::attacks::{AttackKind, Origin};

/// What to generate. Equal plans give equal bytes on every machine.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Seed of all randomness.
    pub seed: u64,
    /// Time of the first possible frame; the hour of the day (UTC) sets how busy the office is.
    pub start: Timestamp,
    /// Length in minutes.
    pub minutes: u32,
    /// Workstations of the office, 1 to 220.
    pub hosts: u16,
    /// Whether the office works at all; without it the attacks stand alone.
    pub office: bool,
    /// Attacks in the order of the rows of [`Scenario::truth`](crate::Scenario::truth).
    pub attacks: Vec<PlannedAttack>,
}

/// One attack of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlannedAttack {
    /// What.
    pub kind: AttackKind,
    /// Seconds after the start of the plan; `None` spreads attacks evenly.
    pub after_s: Option<u32>,
    /// From where.
    pub origin: Origin,
}

impl From<AttackKind> for PlannedAttack {
    fn from(kind: AttackKind) -> Self {
        Self { kind, after_s: None, origin: Origin::Default }
    }
}

/// 2026-03-03T09:00:00Z, a Tuesday morning.
const TUESDAY_MORNING: i64 = 1_772_528_400;

impl Plan {
    /// The quiet office of 24 workstations from a Tuesday at 09:00.
    pub fn office(seed: u64, minutes: u32) -> Self {
        let start = Timestamp::from_secs_nanos(TUESDAY_MORNING, 0);
        Self { seed, start, minutes, hosts: 24, office: true, attacks: Vec::new() }
    }

    /// This plan with one more attack at an evenly spread time.
    #[must_use]
    pub fn with(mut self, kind: AttackKind) -> Self {
        self.attacks.push(kind.into());
        self
    }

    /// This plan with one more attack `after_s` seconds after the start.
    #[must_use]
    pub fn with_at(mut self, kind: AttackKind, after_s: u32, origin: Origin) -> Self {
        self.attacks.push(PlannedAttack { kind, after_s: Some(after_s), origin });
        self
    }

    /// The demonstration: ten minutes of the office, and in them one workstation that sweeps the
    /// network, scans the file server, guesses its passwords and carries data out, while others
    /// attack the web server from outside.
    pub fn demo(seed: u64) -> Self {
        use AttackKind as Kind;
        let story = [
            (Kind::HostSweepArp, 60, Origin::Inside),
            (Kind::PortScanSyn, 100, Origin::Inside),
            (Kind::BruteForceSmb, 150, Origin::Inside),
            (Kind::Keyword, 200, Origin::Outside),
            (Kind::ExfiltrationSmall, 260, Origin::Inside),
            (Kind::DnsTunnel, 340, Origin::Inside),
            (Kind::ArpSpoof, 420, Origin::Inside),
            (Kind::DdosSyn, 520, Origin::Outside),
        ];
        let office = Self { hosts: 14, ..Self::office(seed, 10) };
        story
            .into_iter()
            .fold(office, |plan, (kind, after_s, origin)| plan.with_at(kind, after_s, origin))
    }

    /// Name of the story that [`Plan::with_intrusion`] adds.
    pub const INTRUSION: &str = "intrusion";

    /// This plan with an intrusion: one workstation sweeps the network, scans a server, guesses
    /// passwords and carries data out, at evenly spread times.
    #[must_use]
    pub fn with_intrusion(self) -> Self {
        use AttackKind as Kind;
        let steps =
            [Kind::HostSweepTcp, Kind::PortScanSyn, Kind::BruteForceSmb, Kind::Exfiltration];
        steps.into_iter().fold(self, |mut plan, kind| {
            plan.attacks.push(PlannedAttack { kind, after_s: None, origin: Origin::Inside });
            plan
        })
    }

    /// One attack without any office traffic around it.
    pub fn attack_alone(seed: u64, kind: AttackKind, origin: Origin) -> Self {
        let plan = Self { office: false, ..Self::office(seed, 60) };
        plan.with_at(kind, 1, origin)
    }
}
