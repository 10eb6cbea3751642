//! Events that are kept, and a queue for each browser. Everything is bounded by count and bytes.

use super::event::{Asked, Event};
use axum::body::Bytes;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Most events kept for browsers that come back, and most bytes of them.
const KEPT_MAX: usize = 10_000;
const KEPT_BYTES_MAX: usize = 16 << 20;
/// Most events in the queue of a browser, and most bytes.
const QUEUE_MAX: usize = 256;
const QUEUE_BYTES_MAX: usize = 1 << 20;
/// Most browsers at once, and most of one session.
const CLIENTS_MAX: usize = 256;
const SESSION_MAX: usize = 8;
/// How long events are still written after the last browser has gone.
const LINGER: Duration = Duration::from_mins(2);

/// Why a browser cannot be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// All places are taken.
    Full,
    /// All places of this session are taken.
    Session,
    /// The server is ending.
    Closed,
}

/// What is next for a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// It missed this many events; the number to go on from.
    Gap(u64, u64),
    /// An event.
    Event(Bytes),
    /// Nothing yet.
    Wait,
    /// No more will come.
    End,
}

#[derive(Debug)]
struct Client {
    asked: Asked,
    session: (bool, i64),
    /// While it catches up: the number of the event it gets next. Its queue is empty till then.
    behind: Option<u64>,
    queue: VecDeque<Arc<Event>>,
    bytes: usize,
    missed: u64,
    awake: Arc<Notify>,
}

/// Events and browsers.
#[derive(Debug)]
pub(crate) struct Ring {
    last: u64,
    kept: VecDeque<Arc<Event>>,
    kept_bytes: usize,
    clients: HashMap<u64, Client>,
    next_client: u64,
    dropped: u64,
    /// Until when events are written although nobody listens.
    until: Option<Instant>,
    closed: bool,
}

impl Ring {
    /// Numbers begin behind `last`.
    pub(crate) fn new(last: u64) -> Self {
        Self {
            last,
            kept: VecDeque::new(),
            kept_bytes: 0,
            clients: HashMap::new(),
            next_client: 0,
            dropped: 0,
            until: None,
            closed: false,
        }
    }

    /// True when an event should be written. When nobody listens it only gets its number, so that
    /// who comes back later sees that he missed something.
    pub(crate) fn wants(&mut self, now: Instant) -> bool {
        if !self.clients.is_empty() {
            self.until = Some(now + LINGER);
            return true;
        }
        if self.until.is_some_and(|until| now < until) {
            return true;
        }
        self.last += 1;
        self.kept.clear();
        self.kept_bytes = 0;
        false
    }

    /// Adds an event, made with its number.
    pub(crate) fn push(&mut self, make: impl FnOnce(u64) -> Event) {
        self.last += 1;
        let event = Arc::new(make(self.last));
        self.kept_bytes += event.text.len();
        self.kept.push_back(Arc::clone(&event));
        while self.kept.len() > KEPT_MAX || self.kept_bytes > KEPT_BYTES_MAX {
            let Some(old) = self.kept.pop_front() else { break };
            self.kept_bytes -= old.text.len();
        }
        for client in self.clients.values_mut() {
            if client.behind.is_none() && event.fits(client.asked) {
                self.dropped += client.take(&event);
            }
        }
    }

    /// A new browser that has seen everything up to `seen`. Its id, its bell, and the number of the
    /// latest event.
    pub(crate) fn join(
        &mut self,
        asked: Asked,
        session: (bool, i64),
        seen: Option<u64>,
    ) -> Result<(u64, Arc<Notify>, u64), Refused> {
        if self.closed {
            return Err(Refused::Closed);
        }
        if self.clients.len() >= CLIENTS_MAX {
            return Err(Refused::Full);
        }
        if self.clients.values().filter(|client| client.session == session).count() >= SESSION_MAX {
            return Err(Refused::Session);
        }
        let awake = Arc::new(Notify::new());
        // A number of the future is from another life of the program: something was missed.
        let foreign = seen.is_some_and(|seen| seen > self.last);
        let client = Client {
            asked,
            session,
            behind: seen.filter(|_| !foreign).map(|seen| seen + 1),
            queue: VecDeque::new(),
            bytes: 0,
            missed: u64::from(foreign),
            awake: Arc::clone(&awake),
        };
        self.next_client += 1;
        self.clients.insert(self.next_client, client);
        Ok((self.next_client, awake, self.last))
    }

    /// The next thing for a browser.
    pub(crate) fn next(&mut self, id: u64) -> Next {
        let last = self.last;
        let Some(client) = self.clients.get_mut(&id) else { return Next::End };
        if self.closed {
            return Next::End;
        }
        if let Some(next) = client.catch_up(&self.kept, last) {
            return next;
        }
        if client.missed > 0 {
            let missed = std::mem::take(&mut client.missed);
            // Who takes this number for the latest must get what is still queued.
            let at = client.queue.front().map_or(last, |event| event.id - 1);
            return Next::Gap(missed, at);
        }
        let Some(event) = client.queue.pop_front() else { return Next::Wait };
        client.bytes = client.bytes.saturating_sub(event.text.len());
        Next::Event(event.text.clone())
    }

    /// A browser has gone.
    pub(crate) fn leave(&mut self, id: u64, now: Instant) {
        self.clients.remove(&id);
        self.until = Some(now + LINGER);
    }

    /// Ends all streams.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.clients.values().for_each(|client| client.awake.notify_one());
    }

    /// Browsers now.
    pub(crate) fn clients(&self) -> usize {
        self.clients.len()
    }

    /// Events that browsers were too slow for.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl Client {
    /// What is next of the events that are kept; `None` when all of them were had.
    fn catch_up(&mut self, kept: &VecDeque<Arc<Event>>, last: u64) -> Option<Next> {
        let next = self.behind?;
        let oldest = kept.front().map_or(last + 1, |event| event.id);
        if next < oldest {
            self.behind = Some(oldest);
            return Some(Next::Gap(oldest - next, oldest - 1));
        }
        // Numbers of kept events have no holes.
        let at = usize::try_from(next - oldest).unwrap_or(usize::MAX);
        let found = kept.iter().skip(at).find(|event| event.fits(self.asked));
        self.behind = found.map(|event| event.id + 1);
        found.map(|event| Next::Event(event.text.clone()))
    }

    /// Takes an event; how many were dropped for it. When the queue is full all of it goes: the
    /// browser must take a snapshot anyway, and what follows the snapshot is what counts.
    fn take(&mut self, event: &Arc<Event>) -> u64 {
        let mut dropped = 0;
        let full = self.queue.len() >= QUEUE_MAX
            || (self.bytes + event.text.len() > QUEUE_BYTES_MAX && !self.queue.is_empty());
        if full {
            dropped = self.queue.len() as u64;
            self.missed += dropped;
            self.queue.clear();
            self.bytes = 0;
        }
        self.bytes += event.text.len();
        self.queue.push_back(Arc::clone(event));
        self.awake.notify_one();
        dropped
    }
}

#[cfg(test)]
mod tests {
    use super::super::event::Kinds;
    use super::*;
    use crate::clock;
    use anomalyzer_store::SourceId;

    const ALL: Asked = Asked { kinds: Kinds::ALL, source: None };
    const SESSION: (bool, i64) = (true, 1);

    fn ring(events: u64) -> Ring {
        let mut ring = Ring::new(1_000);
        push(&mut ring, events);
        ring
    }

    fn push(ring: &mut Ring, events: u64) {
        for _ in 0..events {
            ring.push(|id| Event::new(id, Kinds::SECOND, Some(SourceId(1)), "{}"));
        }
    }

    fn ids(ring: &mut Ring, client: u64) -> Vec<u64> {
        let mut ids = Vec::new();
        while let Next::Event(text) = ring.next(client) {
            let text = String::from_utf8(text.to_vec()).unwrap();
            let id = text.lines().next().unwrap().strip_prefix("id: ").unwrap();
            ids.push(id.parse().unwrap());
        }
        ids
    }

    #[test]
    fn who_comes_back_gets_what_he_missed() {
        let mut ring = ring(20);
        let (client, _, last) = ring.join(ALL, SESSION, Some(1_015)).unwrap();
        assert_eq!(last, 1_020);
        assert_eq!(ids(&mut ring, client), [1_016, 1_017, 1_018, 1_019, 1_020]);
        push(&mut ring, 1);
        assert_eq!(ids(&mut ring, client), [1_021]);
        assert_eq!(ring.next(client), Next::Wait);
    }

    #[test]
    fn who_comes_back_too_late_is_told_how_much() {
        let mut ring = ring(10_500);
        let (client, ..) = ring.join(ALL, SESSION, Some(1_100)).unwrap();
        assert_eq!(ring.next(client), Next::Gap(400, 1_500));
        assert_eq!(ids(&mut ring, client).len(), 10_000);
        let (other, ..) = ring.join(ALL, SESSION, Some(9_999_999)).unwrap();
        assert_eq!(ring.next(other), Next::Gap(1, 11_500));
    }

    #[test]
    fn a_slow_browser_loses_events_and_is_told() {
        let mut ring = ring(0);
        let (client, ..) = ring.join(ALL, SESSION, None).unwrap();
        push(&mut ring, 300);
        assert_eq!(ring.next(client), Next::Gap(256, 1_256));
        assert_eq!(ids(&mut ring, client), (1_257..=1_300).collect::<Vec<_>>());
        assert_eq!(ring.dropped(), 256);
    }

    #[test]
    fn queues_are_bounded_in_bytes() {
        let mut ring = ring(0);
        let (client, ..) = ring.join(ALL, SESSION, None).unwrap();
        let long = format!("\"{}\"", "x".repeat(400 << 10));
        for _ in 0..100 {
            ring.push(|id| Event::new(id, Kinds::ALERT, None, &long));
        }
        assert!(ring.clients[&client].bytes <= QUEUE_BYTES_MAX);
        assert!(ring.kept_bytes <= KEPT_BYTES_MAX);
        let Next::Gap(missed, _) = ring.next(client) else { panic!("no gap") };
        assert_eq!(missed + ids(&mut ring, client).len() as u64, 100);
    }

    #[test]
    fn who_catches_up_loses_nothing_to_what_comes_meanwhile() {
        let mut ring = ring(2_000);
        let (client, ..) = ring.join(ALL, SESSION, Some(1_500)).unwrap();
        assert!(matches!(ring.next(client), Next::Event(_)));
        push(&mut ring, 1_000);
        assert_eq!(ids(&mut ring, client), (1_502..=4_000).collect::<Vec<_>>());
        push(&mut ring, 1);
        assert_eq!(ids(&mut ring, client), [4_001]);
    }

    #[test]
    fn only_what_was_asked_for_comes() {
        let mut ring = ring(0);
        let alerts = Asked { kinds: Kinds::ALERT, source: Some(SourceId(2)) };
        let (client, ..) = ring.join(alerts, SESSION, None).unwrap();
        push(&mut ring, 3);
        ring.push(|id| Event::new(id, Kinds::ALERT, Some(SourceId(1)), "{}"));
        ring.push(|id| Event::new(id, Kinds::ALERT, Some(SourceId(2)), "{}"));
        assert_eq!(ids(&mut ring, client), [1_005]);
    }

    #[test]
    fn places_are_counted() {
        let mut ring = ring(0);
        let join = |ring: &mut Ring, session| ring.join(ALL, (true, session), None).map(|c| c.0);
        let first = join(&mut ring, 0).unwrap();
        assert!((1..8).all(|_| join(&mut ring, 0).is_ok()));
        assert_eq!(join(&mut ring, 0), Err(Refused::Session));
        assert!((0..248).all(|i| join(&mut ring, 1 + i / 8).is_ok()));
        assert_eq!(join(&mut ring, 99), Err(Refused::Full));
        ring.leave(first, clock::instant());
        assert!(join(&mut ring, 0).is_ok());
        ring.close();
        assert_eq!(join(&mut ring, 99), Err(Refused::Closed));
    }

    #[test]
    fn nothing_is_written_while_nobody_listens() {
        let (mut ring, now) = (ring(5), clock::instant());
        assert!(!ring.wants(now));
        let (client, _, last) = ring.join(ALL, SESSION, Some(1_005)).unwrap();
        assert_eq!((last, ring.next(client)), (1_006, Next::Gap(1, 1_006)));
        assert!(ring.wants(now));
        ring.leave(client, now);
        assert!(ring.wants(now + LINGER / 2) && !ring.wants(now + LINGER));
    }
}
