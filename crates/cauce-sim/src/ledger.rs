//! What arrived: every request with its time, every event that was taken and how often.
//!
//! A request arrives when its head has been read, which is the earliest moment a server knows of
//! it. An event that is taken again is *excused* if the answer to its last acceptance was lost, by
//! a fault or because the client had gone; otherwise the client repeated it of its own accord.
//! An answer that was handed to the socket counts as given, even if the client died before reading.

mod key;
mod rate;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

pub use key::EventKey;

/// The record of one stand-in; clones read the same one.
#[derive(Clone)]
pub struct Ledger(Arc<Shared>);

struct Shared {
    started: Instant,
    started_wall: SystemTime,
    max_requests: usize,
    in_flight: AtomicU32,
    max_in_flight: AtomicU32,
    checks: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    requests: Vec<Record>,
    totals: Totals,
    events: HashMap<EventKey, Event>,
    batches: BTreeMap<u32, u64>,
    refusals: BTreeMap<String, u64>,
    faults: BTreeMap<&'static str, u64>,
}

#[derive(Default)]
struct Totals {
    requests: u64,
    accepted_requests: u64,
    refused_requests: u64,
    accepted_events: u64,
    unnamed_events: u64,
    repeats: u64,
    unexcused_repeats: u64,
    bytes: u64,
}

struct Record {
    at_ns: u64,
    bytes: u32,
    events: u32,
    outcome: Outcome,
}

struct Event {
    times: u32,
    answer_lost: bool,
    unexcused: bool,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is being read or answered, or the client went away before it was judged.
    Open,
    /// Its events were taken (all, or those that could be).
    Accepted,
    /// It was judged and refused, or answered by a fault.
    Refused,
}

/// One request as it was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When its head was there, since the stand-in started.
    pub at: Duration,
    /// The same on the wall clock.
    pub wall: SystemTime,
    /// Events in it; 0 if it could not be read.
    pub events: u32,
    /// Bytes of its body.
    pub bytes: u32,
    /// What became of it.
    pub outcome: Outcome,
}

impl Ledger {
    pub(crate) fn new(max_requests: usize) -> Ledger {
        Ledger(Arc::new(Shared {
            started: Instant::now(),
            started_wall: SystemTime::now(),
            max_requests,
            in_flight: AtomicU32::new(0),
            max_in_flight: AtomicU32::new(0),
            checks: AtomicU64::new(0),
            state: Mutex::default(),
        }))
    }

    /// Requests that carried deliveries, whatever became of them.
    pub fn request_count(&self) -> u64 {
        self.0.state.lock().totals.requests
    }

    /// Requests whose events were taken.
    pub fn accepted_requests(&self) -> u64 {
        self.0.state.lock().totals.accepted_requests
    }

    /// Requests that were refused.
    pub fn refused_requests(&self) -> u64 {
        self.0.state.lock().totals.refused_requests
    }

    /// Requests that asked about a token or anything else that is no delivery.
    pub fn checks(&self) -> u64 {
        self.0.checks.load(Ordering::Relaxed)
    }

    /// Acceptances of events, repeats included.
    pub fn accepted_events(&self) -> u64 {
        self.0.state.lock().totals.accepted_events
    }

    /// Accepted events that carried no id.
    pub fn unnamed_events(&self) -> u64 {
        self.0.state.lock().totals.unnamed_events
    }

    /// Bytes of all bodies.
    pub fn bytes(&self) -> u64 {
        self.0.state.lock().totals.bytes
    }

    /// Every event that was accepted, once each, sorted.
    pub fn accepted_ids(&self) -> Vec<EventKey> {
        self.select(|_| true)
    }

    /// How often this event was accepted.
    pub fn count(&self, event_id: &str) -> u32 {
        let state = self.0.state.lock();
        let event = state.events.get(&EventKey::of(event_id));
        event.map_or(0, |event| event.times)
    }

    /// Events that were accepted more than once, sorted.
    pub fn duplicates(&self) -> Vec<EventKey> {
        self.select(|event| event.times > 1)
    }

    /// Events that were accepted again although the last acceptance had been answered, sorted.
    pub fn unexcused(&self) -> Vec<EventKey> {
        self.select(|event| event.unexcused)
    }

    /// Acceptances beyond the first of each event.
    pub fn repeats(&self) -> u64 {
        self.0.state.lock().totals.repeats
    }

    /// Repeats although the last acceptance had been answered.
    pub fn unexcused_repeats(&self) -> u64 {
        self.0.state.lock().totals.unexcused_repeats
    }

    /// How many requests were accepted with how many events each.
    pub fn batch_sizes(&self) -> BTreeMap<u32, u64> {
        self.0.state.lock().batches.clone()
    }

    /// Refusals by the platform's code: of requests, and at GA4 of the events it drops in silence.
    pub fn refusals(&self) -> BTreeMap<String, u64> {
        self.0.state.lock().refusals.clone()
    }

    /// Faults that were played, by name.
    pub fn faults(&self) -> BTreeMap<&'static str, u64> {
        self.0.state.lock().faults.clone()
    }

    /// The requests in the order of their arrival, as far as they are kept.
    pub fn requests(&self) -> Vec<Seen> {
        let state = self.0.state.lock();
        state
            .requests
            .iter()
            .map(|record| self.seen(record))
            .collect()
    }

    /// The most requests in any window of this length, its end excluded, wherever it begins.
    pub fn highest_in(&self, window: Duration) -> u32 {
        let state = self.0.state.lock();
        rate::highest_in(state.requests.iter().map(|record| record.at_ns), window)
    }

    /// Requests that arrived after `max_requests` and that `requests` and `highest_in` leave out.
    pub fn forgotten_requests(&self) -> u64 {
        let state = self.0.state.lock();
        state.totals.requests - state.requests.len() as u64
    }

    /// Requests whose answer is being made.
    pub fn in_flight(&self) -> u32 {
        self.0.in_flight.load(Ordering::Relaxed)
    }

    /// The most requests at once.
    pub fn max_in_flight(&self) -> u32 {
        self.0.max_in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn on_check(&self) {
        self.0.checks.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes down that a request's head is there.
    pub(crate) fn on_arrival(&self) -> Flight {
        let in_flight = self.0.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.0.max_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let mut state = self.0.state.lock();
        // The clock is read under the lock, so that arrivals are in order.
        let at = Instant::now();
        state.totals.requests += 1;
        let index = state.requests.len();
        if index < self.0.max_requests {
            state.requests.push(Record {
                at_ns: (at - self.0.started).as_nanos() as u64,
                bytes: 0,
                events: 0,
                outcome: Outcome::Open,
            });
        }
        Flight {
            ledger: self.clone(),
            at,
            index,
            accepted: Vec::new(),
            answered: false,
        }
    }

    fn select(&self, wanted: impl Fn(&Event) -> bool) -> Vec<EventKey> {
        let state = self.0.state.lock();
        let found = state.events.iter().filter(|(_, event)| wanted(event));
        let mut keys: Vec<_> = found.map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }

    fn seen(&self, record: &Record) -> Seen {
        let at = Duration::from_nanos(record.at_ns);
        Seen {
            at,
            wall: self.0.started_wall + at,
            events: record.events,
            bytes: record.bytes,
            outcome: record.outcome,
        }
    }
}

/// A request between its arrival and its answer. Dropped before [`Flight::answered`], its answer
/// counts as lost.
pub(crate) struct Flight {
    ledger: Ledger,
    /// When it arrived.
    pub(crate) at: Instant,
    index: usize,
    accepted: Vec<EventKey>,
    answered: bool,
}

/// What was decided about a request.
#[derive(Default)]
pub(crate) struct Decision {
    /// The events that are taken and have an id.
    pub(crate) accepted: Vec<EventKey>,
    /// How many are taken without one.
    pub(crate) unnamed: u32,
    /// All events in it.
    pub(crate) events: u32,
    /// The codes of what is refused.
    pub(crate) refusals: Vec<String>,
    /// Whether the request as a whole is taken.
    pub(crate) is_accepted: bool,
}

impl Decision {
    /// The same request with nothing of it taken.
    pub(crate) fn turned_down(self) -> Decision {
        Decision {
            events: self.events,
            refusals: self.refusals,
            ..Decision::default()
        }
    }
}

impl Flight {
    /// Writes down a fault that is being played.
    pub(crate) fn on_fault(&self, name: &'static str) {
        *self.ledger.0.state.lock().faults.entry(name).or_default() += 1;
    }

    /// Writes down what was decided, before the answer leaves.
    pub(crate) fn decide(&mut self, bytes: usize, decision: Decision) {
        let state = &mut *self.ledger.0.state.lock();
        state.decide(self.index, bytes, &decision);
        self.accepted = decision.accepted;
    }

    /// The answer has been handed over.
    pub(crate) fn answered(mut self) {
        self.answered = true;
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        self.ledger.0.in_flight.fetch_sub(1, Ordering::Relaxed);
        if self.answered || self.accepted.is_empty() {
            return;
        }
        let mut state = self.ledger.0.state.lock();
        for key in &self.accepted {
            if let Some(event) = state.events.get_mut(key) {
                event.answer_lost = true;
            }
        }
    }
}

impl State {
    fn decide(&mut self, index: usize, bytes: usize, decision: &Decision) {
        self.totals.bytes += bytes as u64;
        if let Some(record) = self.requests.get_mut(index) {
            record.bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            record.events = decision.events;
            record.outcome = match decision.is_accepted {
                true => Outcome::Accepted,
                false => Outcome::Refused,
            };
        }
        if decision.is_accepted {
            self.totals.accepted_requests += 1;
            *self.batches.entry(decision.events).or_default() += 1;
        } else {
            self.totals.refused_requests += 1;
        }
        for code in &decision.refusals {
            *self.refusals.entry(code.clone()).or_default() += 1;
        }
        self.totals.unnamed_events += u64::from(decision.unnamed);
        self.totals.accepted_events += decision.accepted.len() as u64 + u64::from(decision.unnamed);
        for key in &decision.accepted {
            self.accept(*key);
        }
    }

    fn accept(&mut self, key: EventKey) {
        let fresh = Event {
            times: 0,
            answer_lost: false,
            unexcused: false,
        };
        let event = self.events.entry(key).or_insert(fresh);
        event.times += 1;
        if event.times > 1 {
            self.totals.repeats += 1;
            event.unexcused |= !event.answer_lost;
            self.totals.unexcused_repeats += u64::from(!event.answer_lost);
        }
        event.answer_lost = false;
    }
}
