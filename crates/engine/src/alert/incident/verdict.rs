//! How severe the steps are together.
//!
//! A scan alone is reconnaissance, as anybody on the Internet does it. A scan and then an attempt
//! to get in is somebody who means this site. What a host does that is under control, or data that
//! leaves, after either of them is an attack that seems to have succeeded.

use super::{Severity, Stage};

/// The severity of the steps together, and why when it is above that of each one.
pub(super) fn verdict(worst: Severity, stages: &[Stage]) -> (Severity, Option<String>) {
    let has = |stage: Stage| stages.contains(&stage);
    let early = [Stage::Reconnaissance, Stage::Access].into_iter().find(|stage| has(*stage));
    let late = [Stage::Exfiltration, Stage::Control].into_iter().find(|stage| has(*stage));
    let raised = match (early, late) {
        (Some(early), Some(late)) => Some((Severity::Critical, early, late)),
        (_, _) if has(Stage::Reconnaissance) && has(Stage::Access) => {
            Some((Severity::High, Stage::Reconnaissance, Stage::Access))
        }
        (None, _) if has(Stage::Control) && has(Stage::Exfiltration) => {
            Some((Severity::High, Stage::Control, Stage::Exfiltration))
        }
        (Some(other), None) | (None, Some(other)) if has(Stage::Impact) => {
            Some((Severity::High, other, Stage::Impact))
        }
        _ => None,
    };
    match raised {
        Some((severity, a, b)) if severity > worst => {
            let text = format!(
                "Its severity is {}, above the {} of its worst alert, because {} and {} came \
                 together.",
                severity.name(),
                worst.name(),
                a.name(),
                b.name(),
            );
            (severity, Some(text))
        }
        _ => (worst, None),
    }
}

/// What to do about an incident that has come this far.
pub(super) fn advice(stages: &[Stage]) -> &'static str {
    match stages.iter().copied().max() {
        Some(Stage::Exfiltration) => {
            "Take the hosts that carried data out off the network, keep their memory and disks for \
             examination, and find out what left; then look at every host of the story."
        }
        Some(Stage::Control) => {
            "Isolate the hosts that talk to the outside under control, block what they talk to, \
             and look for the way in at the steps before."
        }
        Some(Stage::Impact) => {
            "Block the source where it enters, see whether the service has recovered, and look at \
             the steps before for what it was after."
        }
        Some(Stage::Access) => {
            "Block the source, look at the attacked hosts for log-ins and processes since the \
             first step, and change passwords that may have been guessed."
        }
        Some(Stage::Reconnaissance) | None => {
            "Find out whether the source is allowed to do this; if not, block it and see which \
             services it found open."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Stage::{Access, Control, Exfiltration, Impact, Reconnaissance};

    #[test]
    fn stages_together_raise_the_severity() {
        let check = |worst, stages: &[Stage], expected| {
            let (severity, why) = verdict(worst, stages);
            assert_eq!(severity, expected, "{stages:?}");
            assert_eq!(why.is_some(), severity > worst, "{stages:?}");
        };
        let (medium, high, critical) = (Severity::Medium, Severity::High, Severity::Critical);
        check(medium, &[], medium);
        check(medium, &[Reconnaissance], medium);
        check(medium, &[Access], medium);
        check(medium, &[Control], medium);
        check(medium, &[Reconnaissance, Access], high);
        check(critical, &[Reconnaissance, Access], critical);
        check(medium, &[Control, Exfiltration], high);
        check(medium, &[Reconnaissance, Exfiltration], critical);
        check(high, &[Access, Control], critical);
        check(medium, &[Control, Access], critical);
        check(medium, &[Reconnaissance, Impact], high);
        check(medium, &[Control, Impact], high);
        check(high, &[Impact], high);
    }
}
