//! Keeps interfaces open while they come and go.
//!
//! A thread of its own, the only one that needs the right to capture, looks at the interfaces four
//! times a second, opens what can be opened and hands the rings to the [`Sensor`]. It never gives
//! up: an interface that is down, gone, renamed or not permitted is tried again for ever. Counters
//! go on over re-openings.

use super::links::{Link, links};
use super::queue::{Queue, Shared};
use super::sensor::{Attach, Sensor};
use super::{ANY, LiveCapture, LiveError, LiveOptions, LiveStats};
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded, unbounded};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Time between two looks at the interfaces.
const PAUSE: Duration = Duration::from_millis(250);
/// Time before an interface that could not be opened is tried again.
const RETRY: Duration = Duration::from_secs(1);
/// Most interfaces watched at a time.
const INTERFACES_MAX: usize = 64;
/// Most rings of an interface.
const QUEUES_MAX: usize = 64;
/// Longest time that the kernel holds a frame back when frames of several rings are merged.
pub(super) const MERGED_TIMEOUT_MS: u32 = 20;

/// How to watch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchOptions {
    /// How each ring is opened.
    pub live: LiveOptions,
    /// Rings of each interface, 1 to 64.
    pub queues: usize,
}

/// How it stands with an interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Frames are read.
    Watching,
    /// Switched off, or not connected.
    #[default]
    Down,
    /// There is no interface of that name.
    Gone,
    /// The right is missing.
    NotPermitted,
    /// It cannot be opened for another reason.
    Failed,
}

impl Phase {
    /// `watching`, `down`, `gone`, `not-permitted`, `failed`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Watching => "watching",
            Self::Down => "down",
            Self::Gone => "gone",
            Self::NotPermitted => "not-permitted",
            Self::Failed => "failed",
        }
    }
}

/// A watched interface now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WatchState {
    /// The name under which it was asked for.
    pub name: String,
    /// How it stands.
    pub phase: Phase,
    /// In words, with what to do.
    pub problem: Option<String>,
    /// Counters since it is watched, over all its openings.
    pub stats: LiveStats,
    /// How often it was opened.
    pub openings: u64,
}

/// What to do, sent to the thread.
enum Order {
    Watch(Vec<String>),
    Options(WatchOptions),
    Stop,
}

#[derive(Debug, Default)]
struct Board {
    states: Mutex<(u64, Vec<WatchState>)>,
    changed: Condvar,
}

/// Watches interfaces. Dropping it ends that.
#[derive(Debug)]
pub struct Watcher {
    orders: Sender<Order>,
    board: Arc<Board>,
    thread: Option<std::thread::JoinHandle<()>>,
}

/// Begins to watch; the frames come out of the [`Sensor`]. The thread inherits the rights of the
/// caller and is the only one that uses them.
pub fn watch(options: WatchOptions, names: &[String]) -> std::io::Result<(Watcher, Sensor)> {
    let (orders, taken) = unbounded();
    let (attach, attached) = bounded(INTERFACES_MAX * 4);
    let board = Arc::new(Board::default());
    let told = Arc::clone(&board);
    let mut control = Control { options, attach, entries: Vec::new(), told, round: 0 };
    control.set(names);
    let job = move || control.run(&taken);
    let thread = std::thread::Builder::new().name("capture-control".into()).spawn(job)?;
    Ok((Watcher { orders, board, thread: Some(thread) }, Sensor::new(attached)))
}

impl Watcher {
    /// Watches these from now on (at most 64); returns once each was tried, or after 3 s.
    pub fn set(&self, names: &[String]) {
        let before = self.round();
        if self.orders.send(Order::Watch(names.to_vec())).is_ok() {
            self.wait(before + 2);
        }
    }

    /// Opens everything again in another way.
    pub fn reopen(&self, options: &WatchOptions) {
        let before = self.round();
        if self.orders.send(Order::Options(options.clone())).is_ok() {
            self.wait(before + 2);
        }
    }

    /// How it stands with each, once each was tried (waits at most 3 s for that).
    pub fn tried(&self) -> Vec<WatchState> {
        self.wait(1);
        self.states()
    }

    /// How it stands with each now.
    pub fn states(&self) -> Vec<WatchState> {
        self.board.states.lock().unwrap_or_else(PoisonError::into_inner).1.clone()
    }

    fn round(&self) -> u64 {
        self.board.states.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    /// Waits for a round of looks.
    fn wait(&self, round: u64) {
        let states = self.board.states.lock().unwrap_or_else(PoisonError::into_inner);
        let patience = Duration::from_secs(3);
        let waited = self.board.changed.wait_timeout_while(states, patience, |s| s.0 < round);
        drop(waited);
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _ = self.orders.send(Order::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The thread's own.
struct Control {
    options: WatchOptions,
    attach: Sender<Attach>,
    entries: Vec<Entry>,
    told: Arc<Board>,
    round: u64,
}

impl Control {
    fn run(mut self, orders: &Receiver<Order>) {
        loop {
            self.look();
            match orders.recv_timeout(PAUSE) {
                Ok(Order::Watch(names)) => self.set(&names),
                Ok(Order::Options(options)) if options != self.options => {
                    self.entries.iter_mut().for_each(Entry::close);
                    self.options = options;
                }
                Ok(Order::Options(_)) | Err(RecvTimeoutError::Timeout) => {}
                Ok(Order::Stop) | Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.entries.iter_mut().for_each(Entry::close);
    }

    /// Changes what is watched. When one ring becomes several, or the other way round, all are
    /// opened again.
    fn set(&mut self, names: &[String]) {
        let alone = self.alone();
        let mut entries: Vec<Entry> = Vec::new();
        for name in names.iter().take(INTERFACES_MAX) {
            if entries.iter().any(|e| e.state.name == *name) {
                continue;
            }
            let kept = self.entries.iter().position(|e| e.state.name == *name);
            entries.push(kept.map_or_else(|| Entry::new(name), |at| self.entries.swap_remove(at)));
        }
        self.entries.iter_mut().for_each(Entry::close);
        self.entries = entries;
        if alone != self.alone() {
            self.entries.iter_mut().for_each(Entry::close);
        }
    }

    fn queues(&self) -> usize {
        self.options.queues.clamp(1, QUEUES_MAX)
    }

    /// True when there is one ring in all.
    fn alone(&self) -> bool {
        self.entries.len() == 1 && self.queues() == 1
    }

    /// Looks at every interface and tells how it stands.
    fn look(&mut self) {
        let alone = self.alone();
        let queues = self.queues();
        let mut live = self.options.live.clone();
        if !alone {
            live.timeout_ms = MERGED_TIMEOUT_MS;
        }
        if let Some(links) = links() {
            for entry in &mut self.entries {
                if entry.look(&links) {
                    entry.open(&live, queues, alone, &self.attach);
                }
            }
        }
        self.round += 1;
        let states = self.entries.iter().map(Entry::told).collect();
        *self.told.states.lock().unwrap_or_else(PoisonError::into_inner) = (self.round, states);
        self.told.changed.notify_all();
    }
}

/// An interface that shall be watched.
struct Entry {
    state: WatchState,
    /// The kernel's number of what is open, or was.
    index: Option<usize>,
    rings: Vec<Arc<Shared>>,
    /// Rings that are closed but still in the hands of their reader.
    ending: Vec<Arc<Shared>>,
    /// What it is called now.
    called: String,
    /// Counters of openings that have ended.
    before: LiveStats,
    /// Why it could not be opened, and when that was.
    refused: Option<(Phase, String, Instant)>,
}

impl Entry {
    fn new(name: &str) -> Self {
        let state = WatchState { name: name.to_owned(), ..WatchState::default() };
        Self {
            state,
            index: None,
            rings: Vec::new(),
            ending: Vec::new(),
            called: name.to_owned(),
            before: LiveStats::default(),
            refused: None,
        }
    }

    /// The link that is meant: the one with the name, or the one that had it.
    fn link<'a>(&self, links: &'a [Link]) -> Option<&'a Link> {
        let named = links.iter().find(|l| l.name == self.state.name);
        named.or_else(|| self.index.and_then(|index| links.iter().find(|l| l.index == index)))
    }

    /// Sees how it stands; true when it should be opened.
    fn look(&mut self, links: &[Link]) -> bool {
        self.settle();
        if self.rings.iter().any(|ring| ring.lost().is_some()) {
            self.close();
        }
        let any = Link { name: ANY.into(), index: 0, up: true, running: true };
        let link = if self.state.name == ANY { Some(&any) } else { self.link(links) };
        let Some(link) = link else {
            self.close();
            self.refused = None;
            self.say(Phase::Gone, "there is no such interface now; it is watched once it comes");
            return false;
        };
        if !self.rings.is_empty() && self.index != Some(link.index) {
            self.close();
        }
        if !link.up {
            self.say(Phase::Down, "the interface is switched off (ip link set up)");
            return false;
        }
        if self.rings.is_empty() {
            self.index = Some(link.index);
            self.called.clone_from(&link.name);
            let patience = |(_, _, at): &(Phase, String, Instant)| at.elapsed() >= RETRY;
            return self.refused.as_ref().is_none_or(patience);
        }
        self.refused = None;
        self.say_open(link);
        false
    }

    fn say_open(&mut self, link: &Link) {
        if !link.running {
            self.say(Phase::Down, "no carrier: the cable or the other side is missing");
        } else if link.name == self.state.name {
            self.state.phase = Phase::Watching;
            self.state.problem = None;
        } else {
            let words = format!("the interface is called {} now; it is still watched", link.name);
            self.say(Phase::Watching, &words);
        }
    }

    fn say(&mut self, phase: Phase, problem: &str) {
        self.state.phase = phase;
        self.state.problem = Some(problem.to_owned());
    }

    /// Opens it and hands the rings over.
    #[allow(clippy::disallowed_methods)] // when to try again
    fn open(&mut self, live: &LiveOptions, queues: usize, alone: bool, to: &Sender<Attach>) {
        let captures = match LiveCapture::open_queues(&self.called, live, queues) {
            Ok(captures) => captures,
            Err(error) => {
                let phase = match error {
                    LiveError::NotPermitted { .. } => Phase::NotPermitted,
                    LiveError::NoSuchInterface { .. } => Phase::Gone,
                    _ => Phase::Failed,
                };
                self.say(phase, &error.to_string());
                self.refused = Some((phase, error.to_string(), Instant::now()));
                return;
            }
        };
        for capture in captures {
            let queue = Queue::new(capture);
            self.rings.push(Arc::clone(&queue.shared));
            if to.try_send(Attach { queue, alone }).is_err() {
                self.close();
                return self.say(Phase::Failed, "nobody reads the frames; trying again");
            }
        }
        self.refused = None;
        self.state.openings += 1;
        self.state.phase = Phase::Watching;
        self.state.problem = None;
    }

    /// Lets go of what is open; its counters are kept.
    fn close(&mut self) {
        self.rings.iter().for_each(|ring| ring.close());
        self.ending.append(&mut self.rings);
    }

    /// Takes the last counters of rings that their reader has let go of.
    fn settle(&mut self) {
        let before = &mut self.before;
        self.ending.retain(|ring| {
            let held = Arc::strong_count(ring) > 1;
            if !held {
                *before = sum(*before, ring.stats());
            }
            held
        });
    }

    fn told(&self) -> WatchState {
        let stats = self
            .rings
            .iter()
            .chain(&self.ending)
            .fold(self.before, |all, ring| sum(all, ring.stats()));
        WatchState { stats, ..self.state.clone() }
    }
}

fn sum(a: LiveStats, b: LiveStats) -> LiveStats {
    LiveStats {
        received: a.received + b.received,
        dropped: a.dropped + b.dropped,
        interface_dropped: a.interface_dropped + b.interface_dropped,
    }
}
