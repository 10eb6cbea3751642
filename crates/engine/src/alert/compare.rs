//! What changes between two runs over the same traffic: which alerts come, go, or weigh
//! differently. The question of every back-test.

use super::Alert;
use anomalyzer_wire::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// What a run found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Alerts that stand alone.
    pub alerts: Vec<Alert>,
    /// Alerts that are told within another one, which explains them.
    pub folded: Vec<Alert>,
}

/// Alerts of two runs over the same traffic, laid side by side. Each list is in the order of the
/// run that it comes from.
#[derive(Clone, Debug, Default)]
pub struct Comparison<'a> {
    /// Only in the first run.
    pub gone: Vec<&'a Alert>,
    /// Only in the second run.
    pub come: Vec<&'a Alert>,
    /// In both, with another severity.
    pub changed: Vec<(&'a Alert, &'a Alert)>,
    /// Alone in the first run, within another alert in the second: nothing is lost.
    pub joined: Vec<&'a Alert>,
    /// Within another alert in the first run, alone in the second: nothing is new.
    pub parted: Vec<&'a Alert>,
    /// In both, with the same severity.
    pub same: usize,
}

/// Pairs the alerts of two runs: by id, and where ids differ (an alert may begin earlier or later
/// under other settings) by detector, first source, first destination and overlap in time. What
/// stands alone in both is paired first, then with what is told within another alert.
pub fn compare<'a>(before: &'a Found, after: &'a Found) -> Comparison<'a> {
    let first: Vec<&Alert> = before.alerts.iter().collect();
    let (pairs, gone, come) = pair(&first, &after.alerts);
    let (joined, gone, _) = pair(&gone, &after.folded);
    let (parted, come, _) = pair(&come, &before.folded);
    let mut comparison = Comparison {
        gone,
        come,
        joined: joined.into_iter().map(|(alert, _)| alert).collect(),
        parted: parted.into_iter().map(|(alert, _)| alert).collect(),
        ..Comparison::default()
    };
    for (alert, other) in pairs {
        if other.severity == alert.severity {
            comparison.same += 1;
        } else {
            comparison.changed.push((alert, other));
        }
    }
    comparison
}

/// Pairs, what has no partner on the left, and what has none on the right.
type Paired<'a> = (Vec<(&'a Alert, &'a Alert)>, Vec<&'a Alert>, Vec<&'a Alert>);

fn pair<'a>(alerts: &[&'a Alert], others: &'a [Alert]) -> Paired<'a> {
    let mut left = Left::new(others);
    let mut partner: Vec<Option<&Alert>> = alerts.iter().map(|a| left.take_id(&a.id)).collect();
    for (alert, partner) in alerts.iter().zip(&mut partner) {
        if partner.is_none() {
            *partner = left.take_like(alert);
        }
    }
    let mut pairs = Vec::new();
    let mut alone = Vec::new();
    for (alert, partner) in alerts.iter().zip(partner) {
        match partner {
            Some(other) => pairs.push((*alert, other)),
            None => alone.push(*alert),
        }
    }
    (pairs, alone, left.rest())
}

/// Alerts on the right that have no partner yet.
struct Left<'a> {
    alerts: &'a [Alert],
    free: Vec<bool>,
    by_id: BTreeMap<&'a str, usize>,
    by_subject: BTreeMap<Subject<'a>, VecDeque<usize>>,
}

/// Detector, first source and first destination.
type Subject<'a> = (&'a str, Option<u128>, Option<u128>);

fn subject(alert: &Alert) -> Subject<'_> {
    let bits = |list: &[anomalyzer_wire::Addr]| list.first().map(|a| a.to_bits());
    (alert.detector, bits(&alert.src), bits(&alert.dst))
}

impl<'a> Left<'a> {
    fn new(alerts: &'a [Alert]) -> Self {
        let mut by_subject: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
        for (at, alert) in alerts.iter().enumerate() {
            by_subject.entry(subject(alert)).or_default().push_back(at);
        }
        let by_id = alerts.iter().enumerate().map(|(at, a)| (a.id.as_str(), at)).collect();
        Self { alerts, free: vec![true; alerts.len()], by_id, by_subject }
    }

    fn take_id(&mut self, id: &str) -> Option<&'a Alert> {
        let at = *self.by_id.get(id)?;
        self.take(at)
    }

    fn take_like(&mut self, alert: &Alert) -> Option<&'a Alert> {
        let candidates = self.by_subject.get(&subject(alert))?;
        let (alerts, free) = (self.alerts, &self.free);
        let fits = |at: &&usize| {
            free.get(**at) == Some(&true) && alerts.get(**at).is_some_and(|a| overlap(a, alert))
        };
        let at = *candidates.iter().find(fits)?;
        self.take(at)
    }

    fn take(&mut self, at: usize) -> Option<&'a Alert> {
        let free = self.free.get_mut(at)?;
        std::mem::take(free).then(|| self.alerts.get(at)).flatten()
    }

    fn rest(self) -> Vec<&'a Alert> {
        let free = self.alerts.iter().zip(self.free);
        free.filter(|(_, free)| *free).map(|(alert, _)| alert).collect()
    }
}

fn overlap(a: &Alert, b: &Alert) -> bool {
    let before = |end: Timestamp, start: Timestamp| end < start;
    !before(a.last, b.first) && !before(b.last, a.first)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alert::Severity;
    use anomalyzer_wire::Addr;

    fn alert(id: &str, detector: &'static str, host: u8, from: i64, severity: Severity) -> Alert {
        Alert {
            id: id.into(),
            detector,
            severity,
            src: vec![Addr::v4([10, 0, 0, host])],
            first: Timestamp::from_secs_nanos(from, 0),
            last: Timestamp::from_secs_nanos(from + 10, 0),
            ..Alert::default()
        }
    }

    fn found(alerts: &[Alert], folded: &[Alert]) -> Found {
        Found { alerts: alerts.to_vec(), folded: folded.to_vec() }
    }

    #[test]
    fn what_another_alert_explains_is_not_gone() {
        let spike = alert("s", "traffic-spike", 1, 0, Severity::Low);
        let later = alert("t", "traffic-spike", 1, 4, Severity::Low);
        let flood = alert("f", "flood", 2, 0, Severity::High);
        let alone = found(&[spike], &[]);
        let within = found(&[flood], &[later]);
        let told = compare(&alone, &within);
        assert_eq!((told.gone.len(), told.joined.len(), told.come.len()), (0, 1, 1));
        let told = compare(&within, &alone);
        assert_eq!((told.gone.len(), told.parted.len(), told.come.len()), (1, 1, 0));
    }

    #[test]
    fn alerts_come_go_and_change() {
        use Severity::{High, Low, Medium};
        let before = [
            alert("a", "flood", 1, 0, Medium),
            alert("b", "flood", 2, 0, Medium),
            alert("c", "port-scan", 3, 0, Medium),
            alert("d", "port-scan", 4, 0, Low),
        ];
        let after = [
            alert("a", "flood", 1, 0, High),
            alert("x", "port-scan", 3, 5, Medium),
            alert("y", "port-scan", 4, 50, Low),
        ];
        let (before, after) = (found(&before, &[]), found(&after, &[]));
        let told = compare(&before, &after);
        let ids = |alerts: &[&Alert]| alerts.iter().map(|a| a.id.clone()).collect::<Vec<_>>();
        assert_eq!(ids(&told.gone), ["b", "d"]);
        assert_eq!(ids(&told.come), ["y"]);
        assert_eq!(told.changed.len(), 1);
        assert_eq!(told.same, 1);
    }

    #[test]
    fn each_alert_has_one_partner() {
        let low = |id, from| alert(id, "flood", 1, from, Severity::Low);
        let before = [low("a", 0), low("b", 0), low("c", 0)];
        let after = [low("x", 0), low("y", 2)];
        let (before, after) = (found(&before, &[]), found(&after, &[]));
        let told = compare(&before, &after);
        assert_eq!((told.same, told.gone.len(), told.come.len()), (2, 1, 0));
    }
}
