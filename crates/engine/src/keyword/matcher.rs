//! Keyword lists at work on streams, datagrams and requests.
//!
//! The automaton finds literals; this file keeps what is needed to be sure of them across the
//! borders of segments: bytes before a word, bytes behind it, the case of letters, the window of
//! a regular expression. It does not know flows: whoever calls it keeps a [`ScanState`] for each
//! direction and says where the bytes came from.
//!
//! Patterns for HTTP requests have an automaton of their own, which only sees requests: what is
//! sought there does not slow down the search of everything else.
//!
//! Memory: a direction costs 16 bytes. More is kept on the heap only while a literal of three
//! bytes or more has begun and not ended at the end of a segment (its bytes, at most 281), while
//! a regular expression waits for the rest of its window (at most 4.3 KiB), or for every
//! direction (at most 281 bytes) when a list holds a regular expression with something before
//! its literal.

use super::automaton::{Automaton, ROOT};
use super::list::{Direction, Find, List, Pattern};
use super::protocols::Protocols;
use super::regex::{AFTER_MAX, BEFORE_MAX, Expression};
use super::view::View;
use super::{KeywordHit, Place, Sign};
use crate::alert::Severity;
use crate::config::{ConfigError, Fault};
use crate::flow::{FiveTuple, FlowId};
use anomalyzer_wire::HostileStr;
use anomalyzer_wire::app::AppProto;
use std::sync::Arc;

/// Bytes that an excerpt shows.
const EXCERPT: usize = 64;
/// Most bytes of an excerpt before the keyword.
const EXCERPT_BEFORE: usize = 24;
/// Most keywords of a direction that wait for more bytes.
const PENDING_MAX: usize = 16;
/// Last bytes of a direction that cost no heap.
pub(super) const INLINE: usize = 3;

/// Finds the keywords of all lists at once. Made once, shared by all workers.
#[derive(Debug)]
pub struct Matcher {
    rules: Vec<Rule>,
    /// Patterns for streams and datagrams as they are.
    pub(super) stream: Lookup,
    /// Patterns for HTTP requests.
    pub(super) request: Lookup,
    /// IP protocols that some pattern may be found in.
    protocols: Protocols,
}

/// Patterns that are searched for together.
#[derive(Debug)]
pub(super) struct Lookup {
    automaton: Automaton,
    /// Number of the pattern over all lists, for each literal of the automaton.
    rules: Vec<u32>,
    /// Bytes of each direction that a regular expression may want to look back on.
    look_back: usize,
}

/// Where bytes come from.
#[derive(Clone, Copy, Debug)]
pub struct ScanContext {
    /// Application protocol of the flow as far as it is known by now.
    pub app: AppProto,
    /// Originator, responder, ports, protocol.
    pub tuple: FiveTuple,
    /// Sent by the originator.
    pub to_server: bool,
    /// Offset of the first byte in the direction's stream (or in the part of a request); 0 for
    /// datagrams.
    pub offset: u64,
    /// What the bytes are a part of.
    pub place: Place,
}

/// A keyword that was found, before it is described by [`Matcher::describe`].
#[derive(Clone, Debug, PartialEq)]
pub struct RawHit {
    /// Number of the pattern over all lists.
    pub(super) rule: u32,
    /// Further hits of the same pattern in the same call.
    pub(super) repeats: u32,
    /// Offset of the last byte.
    offset: u64,
    place: Place,
    /// Found in what decoding made of the bytes.
    pub(super) decoded: bool,
    excerpt: HostileStr,
}

/// What is remembered of one direction from segment to segment.
///
/// Default is the state before the first byte; put it back to that at a gap.
#[derive(Clone, Debug, Default)]
pub struct ScanState {
    state: u32,
    last: [u8; INLINE],
    last_len: u8,
    carry: Option<Box<Carry>>,
}

impl ScanState {
    /// True when a keyword waits for more bytes: at the direction's end, [`Matcher::finish`]
    /// decides it.
    pub fn waits(&self) -> bool {
        self.carry.as_ref().is_some_and(|carry| !carry.pending.is_empty())
    }
}

/// Bytes kept beyond [`INLINE`], and keywords that wait for more bytes.
#[derive(Clone, Debug, Default)]
struct Carry {
    tail: Vec<u8>,
    pending: Vec<Pending>,
}

/// A keyword that waits: for the byte behind a whole word, or for a regular expression's window.
#[derive(Clone, Debug)]
struct Pending {
    rule: u32,
    /// Offset in the stream of the literal's first byte.
    start: u64,
    /// Bytes that the expression has seen already.
    tried: usize,
}

/// One pattern, ready to be checked.
#[derive(Debug)]
struct Rule {
    list: Arc<str>,
    name: Arc<str>,
    reason: Arc<str>,
    attack: Option<Arc<str>>,
    pattern: Pattern,
    literal: Vec<u8>,
    expression: Option<Expression>,
}

/// Looks for nothing.
impl Default for Matcher {
    fn default() -> Self {
        let protocols = Protocols::default();
        let (stream, request) = (Lookup::empty(), Lookup::empty());
        Self { rules: Vec::new(), stream, request, protocols }
    }
}

impl Matcher {
    /// Compiles lists; the error tells all faults.
    pub fn new(lists: &[List]) -> Result<Self, ConfigError> {
        let mut faults = Vec::new();
        let mut rules = Vec::new();
        for list in lists {
            let name: Arc<str> = list.name.as_str().into();
            for pattern in &list.patterns {
                match Rule::new(&name, pattern) {
                    Ok(rule) => rules.push(rule),
                    Err(text) => faults.push(fault(&list.name, Some(pattern), text)),
                }
            }
        }
        let stream = Lookup::new(&rules, Pattern::in_streams);
        let request = Lookup::new(&rules, Pattern::in_requests);
        for text in [&stream, &request].into_iter().filter_map(|l| l.as_ref().err()) {
            faults.push(fault("keywords", None, text.clone()));
        }
        match (stream, request) {
            (Ok(stream), Ok(request)) if faults.is_empty() => {
                let streamed = rules.iter().filter(|rule| rule.pattern.in_streams());
                let protocols = Protocols::of(streamed.map(|rule| rule.pattern.proto));
                Ok(Self { rules, stream, request, protocols })
            }
            _ => Err(ConfigError { faults }),
        }
    }

    /// True when there is nothing to look for.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// True when some pattern may be found in payloads of that IP protocol.
    pub fn wants(&self, proto: u8) -> bool {
        self.protocols.holds(proto)
    }

    /// Patterns of all lists.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// True when some pattern is for HTTP requests.
    pub fn wants_requests(&self) -> bool {
        !self.request.rules.is_empty()
    }

    /// Bytes that the automata take.
    pub fn memory(&self) -> usize {
        self.stream.automaton.memory() + self.request.automaton.memory()
    }

    /// The patterns for a sign that a protocol's parser has seen.
    pub fn sign(&self, sign: Sign, context: &ScanContext, hits: &mut Vec<RawHit>) {
        let wanted = |rule: &Rule| {
            matches!(rule.pattern.find, Find::Sign(wanted) if wanted == sign)
                && rule.applies(context)
        };
        let found = (0..).zip(&self.rules).filter(|(_, rule)| wanted(rule));
        hits.extend(found.map(|(number, _)| RawHit {
            rule: number,
            repeats: 0,
            offset: context.offset,
            place: context.place,
            decoded: false,
            excerpt: HostileStr::default(),
        }));
    }

    /// A hit with everything that is known of its pattern.
    pub fn describe(
        &self,
        hit: RawHit,
        id: FlowId,
        tuple: FiveTuple,
        by_originator: bool,
    ) -> KeywordHit {
        let rule = self.rules.get(hit.rule as usize);
        let text =
            |of: fn(&Rule) -> &Arc<str>| rule.map_or_else(|| "".into(), |r| Arc::clone(of(r)));
        KeywordHit {
            id,
            tuple,
            by_originator,
            list: text(|r| &r.list),
            pattern: text(|r| &r.name),
            severity: rule.map_or(Severity::Info, |r| r.pattern.severity),
            reason: text(|r| &r.reason),
            attack: rule.and_then(|r| r.attack.clone()),
            place: hit.place,
            decoded: hit.decoded,
            offset: hit.offset,
            repeats: hit.repeats,
            excerpt: hit.excerpt,
        }
    }

    /// Searches the next bytes of a direction. Hits are added to `hits`, which is empty before;
    /// of one pattern at most one per call, with a count of the others.
    pub fn scan(
        &self,
        state: &mut ScanState,
        chunk: &[u8],
        context: &ScanContext,
        hits: &mut Vec<RawHit>,
    ) {
        self.scan_with(&self.stream, state, chunk, context, hits);
    }

    /// Searches with the patterns of one lookup; a state belongs to the lookup it was used with.
    pub(super) fn scan_with(
        &self,
        lookup: &Lookup,
        state: &mut ScanState,
        chunk: &[u8],
        context: &ScanContext,
        hits: &mut Vec<RawHit>,
    ) {
        if chunk.is_empty() || lookup.rules.is_empty() {
            return;
        }
        let mut carry = state.carry.take();
        let (tail, pending) = match &mut carry {
            Some(carry) => (carry.tail.as_slice(), std::mem::take(&mut carry.pending)),
            None => (state.last.get(..usize::from(state.last_len)).unwrap_or_default(), Vec::new()),
        };
        let view = View { tail, chunk, offset: context.offset };
        let mut job = Job { matcher: self, view, context, hits, pending: Vec::new() };
        for waiting in pending {
            self.resume(&mut job, waiting);
        }
        state.state = lookup.automaton.scan(state.state, chunk, &mut |literal, end| {
            let number = lookup.rules.get(literal as usize).copied().unwrap_or(u32::MAX);
            self.literal(&mut job, number, end);
        });
        let Job { view, pending, .. } = job;
        let need = lookup.need(state.state, &view, &pending);
        let kept = if need > INLINE { Some(view.last(need)) } else { None };
        let short = view.inline();
        (state.last, state.last_len) = short;
        state.carry = kept.map(|tail| {
            let mut carry = carry.unwrap_or_default();
            carry.tail = tail;
            carry.pending = pending;
            carry
        });
    }

    /// Goes on in a direction that another matcher has searched so far. The bytes that were kept
    /// of it (at least those of every keyword that had begun, and of those that wait) are searched
    /// again without telling: a keyword that begins in them and ends behind them is found.
    pub fn resume_scan(&self, state: &mut ScanState, context: &ScanContext) {
        let old = std::mem::take(state);
        let tail = match &old.carry {
            Some(carry) => carry.tail.as_slice(),
            None => old.last.get(..usize::from(old.last_len)).unwrap_or_default(),
        };
        let offset = context.offset.saturating_sub(tail.len() as u64);
        self.scan_with(
            &self.stream,
            state,
            tail,
            &ScanContext { offset, ..*context },
            &mut Vec::new(),
        );
    }

    /// Ends a direction: what waited for more bytes is decided with those there are.
    pub fn finish(&self, state: &mut ScanState, context: &ScanContext, hits: &mut Vec<RawHit>) {
        let Some(carry) = std::mem::take(state).carry else { return };
        let view = View { tail: &carry.tail, chunk: &[], offset: context.offset };
        let mut job = Job { matcher: self, view, context, hits, pending: Vec::new() };
        for waiting in carry.pending {
            let Some(rule) = self.rules.get(waiting.rule as usize) else { continue };
            if job.matches_expression(rule, waiting.start) {
                job.found(waiting.rule, waiting.start);
            }
        }
    }

    /// Searches a datagram, which is whole in itself.
    pub fn scan_datagram(&self, bytes: &[u8], context: &ScanContext, hits: &mut Vec<RawHit>) {
        self.scan_whole(&self.stream, bytes, context, hits);
    }

    /// Searches bytes that are whole in themselves.
    pub(super) fn scan_whole(
        &self,
        lookup: &Lookup,
        bytes: &[u8],
        context: &ScanContext,
        hits: &mut Vec<RawHit>,
    ) {
        let mut state = ScanState::default();
        self.scan_with(lookup, &mut state, bytes, context, hits);
        let end = context.offset.saturating_add(bytes.len() as u64);
        self.finish(&mut state, &ScanContext { offset: end, ..*context }, hits);
    }

    /// A literal ended at `end` of the chunk.
    fn literal(&self, job: &mut Job<'_>, number: u32, end: usize) {
        let Some(rule) = self.rules.get(number as usize) else { return };
        if !rule.applies(job.context) {
            return;
        }
        let Some(start) = job.view.start(end, rule.literal.len()) else { return };
        if rule.pattern.case_sensitive && !job.view.holds(start, &rule.literal) {
            return;
        }
        let waiting = Pending { rule: number, start, tried: 0 };
        if rule.pattern.whole_word {
            if start > 0 && job.view.byte(start - 1).is_some_and(is_word) {
                return;
            }
            match job.view.byte(start + rule.literal.len() as u64) {
                None => return job.wait(waiting),
                Some(byte) if is_word(byte) => return,
                Some(_) => {}
            }
        }
        match rule.expression {
            Some(_) => self.resume(job, waiting),
            None => job.found(number, start),
        }
    }

    /// Goes on with a keyword that waited for more bytes, or an expression that begins.
    fn resume(&self, job: &mut Job<'_>, mut waiting: Pending) {
        let Some(rule) = self.rules.get(waiting.rule as usize) else { return };
        let Some(expression) = &rule.expression else {
            let behind = waiting.start + rule.literal.len() as u64;
            if !job.view.byte(behind).is_some_and(is_word) {
                job.found(waiting.rule, waiting.start);
            }
            return;
        };
        let there = job.view.behind(waiting.start);
        let whole = there >= expression.after;
        // Each try looks at twice as much as the last one, so many small segments cost no more
        // than a few large ones.
        if whole || there >= waiting.tried.saturating_mul(2) {
            if job.matches_expression(rule, waiting.start) {
                return job.found(waiting.rule, waiting.start);
            }
            waiting.tried = there;
        }
        if !whole {
            job.wait(waiting);
        }
    }
}

impl Lookup {
    fn empty() -> Self {
        Self { automaton: Automaton::empty(), rules: Vec::new(), look_back: 0 }
    }

    /// Of the patterns that are wanted here; the error is a sentence for the user.
    fn new(rules: &[Rule], wanted: fn(&Pattern) -> bool) -> Result<Self, String> {
        let chosen = (0..).zip(rules).filter(|(_, rule)| wanted(&rule.pattern));
        let (numbers, chosen): (Vec<u32>, Vec<&Rule>) = chosen.unzip();
        let literals: Vec<Vec<u8>> = chosen.iter().map(|rule| rule.literal.clone()).collect();
        let before = chosen.iter().filter_map(|r| r.expression.as_ref()).map(|e| e.before).max();
        let automaton = Automaton::new(&literals)?;
        Ok(Self { automaton, rules: numbers, look_back: before.unwrap_or(0) })
    }

    /// Bytes of the direction that the next call will want.
    fn need(&self, state: u32, view: &View<'_>, pending: &[Pending]) -> usize {
        let depth = if state == ROOT { 0 } else { self.automaton.depth(state) };
        let mut need = if depth == 0 { 0 } else { depth + 1 };
        if need > INLINE {
            need += EXCERPT_BEFORE;
        }
        if self.look_back > 0 {
            need = need.max(self.look_back + depth + 1);
        }
        for waiting in pending {
            let before = EXCERPT_BEFORE.max(self.look_back);
            need = need.max(view.behind(waiting.start).saturating_add(before));
        }
        need.min(BEFORE_MAX + AFTER_MAX + EXCERPT)
    }
}

impl Rule {
    fn new(list: &Arc<str>, pattern: &Pattern) -> Result<Self, String> {
        let (literal, expression) = match &pattern.find {
            Find::Bytes(bytes) => (bytes.clone(), None),
            Find::Regex(text) => {
                let expression = Expression::new(text, pattern.case_sensitive)?;
                (expression.literal.clone(), Some(expression))
            }
            Find::Sign(_) => (Vec::new(), None),
        };
        if literal.len() < 2 && !matches!(pattern.find, Find::Sign(_)) {
            return Err("must be at least 2 bytes".into());
        }
        Ok(Self {
            list: Arc::clone(list),
            name: pattern.name.as_str().into(),
            reason: pattern.reason.as_str().into(),
            attack: pattern.attack.as_deref().map(Into::into),
            pattern: Pattern { hit: Vec::new(), benign: Vec::new(), ..pattern.clone() },
            literal,
            expression,
        })
    }

    fn applies(&self, context: &ScanContext) -> bool {
        let pattern = &self.pattern;
        (match pattern.direction {
            Direction::Both => true,
            Direction::ToServer => context.to_server,
            Direction::ToClient => !context.to_server,
        }) && (pattern.ports.is_empty() || pattern.ports.contains(&context.tuple.dst_port))
            && pattern.proto.is_none_or(|proto| proto == context.tuple.proto)
            && pattern.app.as_deref().is_none_or(|app| app == context.app.name())
            && pattern.place.holds(context.place)
    }
}

/// One call's work.
struct Job<'a> {
    matcher: &'a Matcher,
    view: View<'a>,
    context: &'a ScanContext,
    hits: &'a mut Vec<RawHit>,
    pending: Vec<Pending>,
}

impl Job<'_> {
    /// Keeps a keyword for the next bytes. Beyond the limit it is told at once: better one alert
    /// too many than one that an attacker can suppress.
    fn wait(&mut self, waiting: Pending) {
        if self.pending.len() < PENDING_MAX {
            self.pending.push(waiting);
        } else {
            self.found(waiting.rule, waiting.start);
        }
    }

    /// True without an expression, or when it matches around the literal at `start`.
    fn matches_expression(&self, rule: &Rule, start: u64) -> bool {
        let Some(expression) = &rule.expression else { return true };
        let from = start.saturating_sub(expression.before as u64);
        let to = start.saturating_add(expression.after as u64);
        expression.is_match(&self.view.range(from, to))
    }

    /// Tells a hit; further ones of the same pattern within a call are only counted.
    fn found(&mut self, number: u32, start: u64) {
        if let Some(hit) = self.hits.iter_mut().find(|hit| hit.rule == number) {
            hit.repeats = hit.repeats.saturating_add(1);
            return;
        }
        let Some(rule) = self.matcher.rules.get(number as usize) else { return };
        let length = rule.literal.len();
        let before = (EXCERPT.saturating_sub(length) / 2).min(EXCERPT_BEFORE) as u64;
        let from = start.saturating_sub(before);
        let excerpt = self.view.range(from, from.saturating_add(EXCERPT as u64));
        self.hits.push(RawHit {
            rule: number,
            repeats: 0,
            offset: (start + length as u64).saturating_sub(1),
            place: self.context.place,
            decoded: false,
            excerpt: HostileStr::capped(&excerpt, EXCERPT),
        });
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn fault(list: &str, pattern: Option<&Pattern>, text: String) -> Fault {
    Fault {
        origin: list.to_owned(),
        line: pattern.map(|p| p.line),
        key: pattern.map(|p| p.name.clone()).unwrap_or_default(),
        text,
    }
}

#[cfg(test)]
#[path = "matcher_tests.rs"]
mod tests;
