//! Which step of an attack a detector's alerts tell of.
//!
//! The steps are the tactics of MITRE ATT&CK, drawn together to five. Statistics are no step: a
//! spike or a new device says that something is unusual, not what somebody did.

/// A step of an attack, in the order in which an attack usually takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Looking for hosts and services (Reconnaissance TA0043, Discovery TA0007).
    Reconnaissance,
    /// Getting in or in between (Initial Access TA0001, Execution TA0002, Credential Access
    /// TA0006).
    Access,
    /// Talking to a host that was taken over (Command and Control TA0011).
    Control,
    /// Carrying data out (Exfiltration TA0010).
    Exfiltration,
    /// Taking a service down (Impact TA0040).
    Impact,
}

impl Stage {
    /// All, in their usual order.
    pub const ALL: [Self; 5] =
        [Self::Reconnaissance, Self::Access, Self::Control, Self::Exfiltration, Self::Impact];

    /// Name as in records.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reconnaissance => "reconnaissance",
            Self::Access => "access",
            Self::Control => "command-and-control",
            Self::Exfiltration => "exfiltration",
            Self::Impact => "impact",
        }
    }

    /// True when the stage's alerts name the host that was taken over as their source.
    pub const fn by_victim(self) -> bool {
        matches!(self, Self::Control | Self::Exfiltration)
    }
}

/// The stage of each detector's alerts; `None` for statistics.
///
/// Every detector needs a row, which a test holds it to; rows of detectors that a build does not
/// have do no harm.
pub const STAGES: &[(&str, Option<Stage>)] = &[
    ("port-scan", Some(Stage::Reconnaissance)),
    ("host-sweep", Some(Stage::Reconnaissance)),
    ("protocol-scan", Some(Stage::Reconnaissance)),
    ("brute-force", Some(Stage::Access)),
    ("keyword", Some(Stage::Access)),
    ("arp-spoof", Some(Stage::Access)),
    ("rogue-dhcp", Some(Stage::Access)),
    ("beacon", Some(Stage::Control)),
    ("dga", Some(Stage::Control)),
    ("dns-tunnel", Some(Stage::Control)),
    ("icmp-tunnel", Some(Stage::Control)),
    ("threat-list", Some(Stage::Control)),
    ("attack-model", None),
    ("anomaly-model", None),
    ("exfiltration", Some(Stage::Exfiltration)),
    ("flood", Some(Stage::Impact)),
    ("ddos", Some(Stage::Impact)),
    ("traffic-spike", None),
    ("noisy-host", None),
    ("rare-port", None),
    ("malformed", None),
    ("new-device", None),
];

/// The stage of a detector's alerts; `None` for statistics and for detectors without a row.
pub fn stage_of(detector: &str) -> Option<Stage> {
    STAGES.iter().find(|(id, _)| *id == detector).and_then(|(_, stage)| *stage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::DETECTORS;
    use std::collections::BTreeSet;

    #[test]
    fn every_detector_has_a_row() {
        let rows: BTreeSet<&str> = STAGES.iter().map(|(id, _)| *id).collect();
        assert_eq!(rows.len(), STAGES.len(), "a detector has two rows in STAGES");
        for spec in DETECTORS {
            assert!(
                rows.contains(spec.id),
                "detector `{}` has no row in STAGES (crates/engine/src/alert/stage.rs): add one \
                 with the stage of an attack that its alerts tell of, or None for statistics",
                spec.id
            );
        }
    }

    #[test]
    fn stages_stand_in_their_order() {
        assert!(Stage::ALL.is_sorted());
        assert_eq!(stage_of("port-scan"), Some(Stage::Reconnaissance));
        assert_eq!(stage_of("noisy-host"), None);
        assert_eq!(stage_of("no-such-detector"), None);
    }
}
