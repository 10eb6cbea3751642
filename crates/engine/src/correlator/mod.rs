//! The correlator: merges what the workers saw, in order, and runs the detectors.

mod facts;
mod judged;
mod listed;
mod live;
mod memory;
mod merge;
mod ranked;
mod reconfigure;
mod resolved;

use crate::alert::incident::{self, Joining};
use crate::alert::risk::{self, Weighing};
use crate::alert::{AlertBook, View};
use crate::config::{Config, Section};
use crate::detect::{DETECTORS, Detector, Reporter, Spec};
use crate::device::Inventory;
use crate::finding::Finding;
use crate::flow::FlowRecord;
use crate::observation::{ListedSeen, Observation, SecondTotals, Seen};
use crate::rollup::Row;
use crate::series::Series;
use crate::state::State;
use crate::summary::Summary;
use crate::threat::Indicators;
use crate::worker::{EpochBatch, Marker};
use anomalyzer_wire::{Addr, Timestamp};
use facts::Facts;
pub use judged::Judged;
use live::Live;
pub use reconfigure::Reconfigured;
use resolved::Resolved;
use std::sync::Arc;

/// Number of observation kinds.
const KINDS: usize = 12;

/// The time of what a second adds up to: the marker may stand hours behind the second that it ends.
fn within_second(marker: &Marker) -> Timestamp {
    marker.time.min(Timestamp::from_secs_nanos(marker.second.saturating_add(1), -1))
}

/// Where finished things go while the input is read.
pub trait Output {
    /// A flow record was written.
    fn flow(&mut self, record: &FlowRecord);

    /// A second is complete, with its traffic by protocol, application, port and device. Only of a
    /// correlator that is [`Correlator::live`], and only of seconds with frames.
    fn second(&mut self, _totals: &SecondTotals, _rows: &[Row]) {}
}

/// Runs the detectors over the merged observations of all workers.
pub struct Correlator {
    config: Arc<Config>,
    running: Vec<Running>,
    /// Detectors by the kind of observation that they see.
    by_kind: [Vec<usize>; KINDS],
    findings: Vec<Finding>,
    book: AlertBook,
    facts: Facts,
    resolved: Resolved,
    /// What was restored and belongs to no running detector.
    carried: State,
    seed: u64,
    indicators: Arc<Indicators>,
    /// What the observation at hand has to do with threat lists.
    listed: Vec<ListedSeen>,
    live: Option<Box<Live>>,
    /// The book's revision when rules or verdicts changed last.
    judged_at: u64,
}

struct Running {
    spec: &'static Spec,
    section: Section,
    detector: Box<dyn Detector>,
    wake: Option<Timestamp>,
}

/// Where detectors hand in what they found.
struct Desk<'a> {
    findings: &'a mut Vec<Finding>,
    book: &'a mut AlertBook,
    site: &'a dyn Fn(Addr) -> bool,
}

impl Running {
    /// Lets the detector look and enters what it reports.
    fn ask(
        &mut self,
        desk: &mut Desk<'_>,
        look: impl FnOnce(&mut dyn Detector, &mut Reporter<'_>),
    ) {
        let book: &AlertBook = desk.book;
        let suspects = || book.suspects();
        let mut reporter =
            Reporter::new(desk.findings, &mut self.wake, desk.site).suspecting(&suspects);
        look(self.detector.as_mut(), &mut reporter);
        for finding in desk.findings.drain(..) {
            desk.book.enter(finding, self.spec, &self.section);
        }
    }
}

/// Detectors by the kind of observation that they see.
fn by_kind(running: &[Running]) -> [Vec<usize>; KINDS] {
    std::array::from_fn(|bit| {
        let sees = |r: &Running| r.spec.sees.0 & (1 << bit) != 0;
        running.iter().enumerate().filter(|(_, r)| sees(r)).map(|(i, _)| i).collect()
    })
}

impl Correlator {
    /// A correlator for any number of workers; `seed` keys its hash tables.
    pub fn new(config: &Arc<Config>, seed: u64) -> Self {
        let running: Vec<Running> = DETECTORS
            .iter()
            .filter_map(|spec| {
                let section = config.section(spec)?.clone();
                let detector = section.enabled.then(|| (spec.build)(&section, seed))?;
                Some(Running { spec, section, detector, wake: None })
            })
            .collect();
        Self {
            config: Arc::clone(config),
            by_kind: by_kind(&running),
            running,
            findings: Vec::new(),
            book: AlertBook::new(config.limits.alerts, seed),
            facts: Facts::new(config, seed),
            resolved: Resolved::new(config.limits.hosts, seed),
            carried: State::default(),
            seed,
            indicators: Arc::default(),
            listed: Vec::new(),
            live: None,
            judged_at: 0,
        }
    }

    /// Keeps traffic by second and the inventory of devices too, for a program that goes on; to be
    /// called before the first epoch. Rows go to [`Output::second`].
    #[must_use]
    pub fn live(mut self) -> Self {
        self.live = Some(Box::new(Live::new(&self.config, self.seed)));
        self
    }

    /// The devices of the site; `None` unless [`Self::live`].
    pub fn devices(&self) -> Option<&Inventory> {
        self.live.as_ref().map(|live| &live.devices)
    }

    /// The settings that hold.
    pub fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// Takes threat lists, in place of those before.
    pub fn set_indicators(&mut self, indicators: &Arc<Indicators>) {
        self.indicators = Arc::clone(indicators);
    }

    /// Takes the batches of all workers for one epoch.
    pub fn epoch(&mut self, marker: &Marker, mut batches: Vec<EpochBatch>, out: &mut dyn Output) {
        merge::by_key(
            batches.iter_mut().map(|b| std::mem::take(&mut b.seen)).collect(),
            |seen| seen.seq,
            |seen| self.observe(seen, out),
        );
        for times in batches.iter().filter_map(|b| b.times) {
            self.facts.times(times);
        }
        if marker.ends_second() {
            self.end_second(marker, &mut batches, out);
        } else {
            self.digests(marker, &mut batches, out);
        }
        self.deadlines(marker.time);
        if marker.end {
            for totals in batches.iter().filter_map(|b| b.totals.as_ref()) {
                self.facts.totals(totals);
            }
            self.finish(marker.time);
        }
    }

    fn end_second(&mut self, marker: &Marker, batches: &mut [EpochBatch], out: &mut dyn Output) {
        let at = |what| Seen { seq: marker.seq, time: marker.time, what };
        merge::by_key(
            batches.iter_mut().map(|b| std::mem::take(&mut b.expired)).collect(),
            |expired| expired.record.id,
            |expired| {
                for seen in expired.seen {
                    self.observe(seen, out);
                }
                self.observe(at(Observation::FlowEnded(expired.record)), out);
            },
        );
        self.digests(marker, batches, out);
        let mut second = SecondTotals { second: marker.second, ..SecondTotals::default() };
        for part in batches.iter().filter_map(|b| b.second.as_ref()) {
            crate::series::add(&mut second, part);
        }
        if second.packets > 0 {
            self.facts.second(&second);
            let time = within_second(marker);
            let what = Observation::Second(second);
            self.observe(Seen { seq: marker.seq, time, what }, out);
            if let Some(live) = &mut self.live {
                out.second(&second, live.rollup.end(&second));
            }
        }
    }

    fn digests(&mut self, marker: &Marker, batches: &mut [EpochBatch], out: &mut dyn Output) {
        let time = within_second(marker);
        merge::by_key(
            batches.iter_mut().map(|b| std::mem::take(&mut b.digests)).collect(),
            |digest| digest.id,
            |digest| {
                let what = Observation::Traffic(digest);
                self.observe(Seen { seq: marker.seq, time, what }, out);
            },
        );
    }

    fn observe(&mut self, mut seen: Seen, out: &mut dyn Output) {
        match &mut seen.what {
            Observation::FlowEnded(record) => {
                self.resolved.join(record);
                self.facts.flow(record);
                out.flow(record);
            }
            Observation::App(app) => self.resolved.learn(app),
            Observation::Arp(arp) => self.facts.arp(arp),
            Observation::Keyword(hit) => self.facts.keyword(hit),
            _ => {}
        }
        if let Some(live) = &mut self.live {
            live.observe(&seen, &self.config);
        }
        self.ask(&seen);
        if self.indicators.is_empty() {
            return;
        }
        listed::look(&self.indicators, &seen, &mut self.listed);
        for listed in std::mem::take(&mut self.listed) {
            self.ask(&Seen { what: Observation::Listed(Box::new(listed)), ..seen });
        }
    }

    /// Lets every detector look that sees this kind of observation.
    fn ask(&mut self, seen: &Seen) {
        let kind = seen.what.kind().0.trailing_zeros() as usize;
        let Some(detectors) = self.by_kind.get(kind) else { return };
        let config = &self.config;
        let site = |addr: Addr| config.is_local(addr);
        let mut desk = Desk { findings: &mut self.findings, book: &mut self.book, site: &site };
        for &index in detectors {
            let Some(running) = self.running.get_mut(index) else { continue };
            running.ask(&mut desk, |detector, reporter| detector.observe(seen, reporter));
        }
    }

    /// Calls the detectors whose wake-up time has come.
    fn deadlines(&mut self, now: Timestamp) {
        let config = &self.config;
        let site = |addr: Addr| config.is_local(addr);
        let mut desk = Desk { findings: &mut self.findings, book: &mut self.book, site: &site };
        for running in &mut self.running {
            if running.wake.is_some_and(|at| at <= now) {
                running.wake = None;
                running.ask(&mut desk, |detector, reporter| detector.deadline(now, reporter));
            }
        }
    }

    fn finish(&mut self, now: Timestamp) {
        let config = &self.config;
        let site = |addr: Addr| config.is_local(addr);
        let mut desk = Desk { findings: &mut self.findings, book: &mut self.book, site: &site };
        for running in &mut self.running {
            running.ask(&mut desk, |detector, reporter| detector.finish(now, reporter));
        }
    }

    /// Alerts, incidents and hosts at risk so far. Each call makes them anew.
    pub fn view(&self) -> View {
        let (alerts, hidden) = self.judged();
        let config = &self.config;
        let seconds = |s: u32| i64::from(s).saturating_mul(1_000_000_000);
        let joining = Joining { gap: seconds(config.incidents.gap_s) };
        let weighing = Weighing {
            half_life: seconds(config.risk.half_life_s),
            period: seconds(config.risk.period_s),
        };
        let incidents = incident::incidents(&alerts, joining, &|addr| config.is_local(addr));
        let now = self.facts.last().unwrap_or_default();
        let hosts = risk::hosts(&alerts, weighing, now);
        View { alerts, hidden, incidents, hosts }
    }

    /// The facts so far (totals of protocols and counters at the end of the input only).
    pub fn summary(&self) -> Summary {
        let mut summary = self.facts.summary();
        let book = self.book.counters();
        summary.counters.push(("alerts_dropped", book.dropped));
        summary.counters.push(("alerts_evicted", book.evicted));
        summary.counters.push(("repeats_dropped", book.forgotten));
        summary.counters.push(("repeats_waiting", book.waiting));
        summary.counters.push(("findings", book.findings));
        let evictions = self.running.iter().map(|r| r.detector.evictions()).sum();
        summary.counters.push(("detector_evictions", evictions));
        if let Some(devices) = self.devices() {
            summary.counters.push(("devices_evicted", devices.evictions()));
        }
        summary.counters.sort_unstable();
        summary
    }

    /// Traffic over time.
    pub fn series(&self) -> &Series {
        self.facts.series()
    }

    /// What running detectors tell of themselves, by id.
    pub fn detector_status(&self) -> Vec<(&'static str, serde_json::Value)> {
        self.running.iter().filter_map(|r| Some((r.spec.id, r.detector.status()?))).collect()
    }

    /// Entries and evictions of each running detector.
    pub fn detector_entries(&self) -> Vec<(&'static str, usize, u64)> {
        let row = |r: &Running| (r.spec.id, r.detector.entries(), r.detector.evictions());
        self.running.iter().map(row).collect()
    }
}
