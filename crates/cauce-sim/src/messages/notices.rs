//! Callbacks that wait to go out: late, repeated, lost and out of order, drawn from the seed.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    net::SocketAddr,
    time::{Duration, Instant},
};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{Platform, Random};

/// How a messenger calls back.
#[derive(Clone, Debug)]
pub struct Callbacks {
    /// Where inbound messages and the state of the connection go, and the statuses of messages that
    /// do not name an address of their own; none sends nothing there.
    pub url: Option<String>,
    /// Whom to call instead of the host in the address, as a proxy in front of it would: the
    /// signature is over the address all the same.
    pub through: Option<SocketAddr>,
    /// What callbacks are signed with: Twilio's auth token, Meta's app secret, the key of
    /// Evolution's JWT.
    pub secret: String,
    /// Whether they are signed well.
    pub proof: Proof,
    /// Headers that go along, as Evolution lets one set.
    pub headers: Vec<(String, String)>,
    /// Each comes after a random part of this, so that their order is lost.
    pub max_delay: Duration,
    /// The probability that one comes again.
    pub repeats: f64,
    /// The probability that one never comes.
    pub lost: f64,
    /// How long until one that was not taken is tried again, twice as long each time.
    pub retry: Duration,
}

impl Default for Callbacks {
    fn default() -> Callbacks {
        Callbacks {
            url: None,
            through: None,
            secret: "ok".to_owned(),
            proof: Proof::Right,
            headers: Vec::new(),
            max_delay: Duration::from_millis(200),
            repeats: 0.2,
            lost: 0.0,
            retry: Duration::from_millis(250),
        }
    }
}

/// How a callback shows where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// As the platform does.
    Right,
    /// With a signature of something else.
    Wrong,
    /// Not at all.
    Missing,
}

/// What became of callbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallbackCounts {
    /// Different ones that were to go out.
    pub made: u64,
    /// How many of them went out twice.
    pub repeated: u64,
    /// How many of them never went out: they were to be lost, or had nowhere to go.
    pub lost: u64,
    /// Answers by status.
    pub answered: BTreeMap<u16, u64>,
    /// Requests that had no answer.
    pub unanswered: u64,
    /// How many were given up in the end.
    pub given_up: u64,
    /// The longest time to an answer.
    pub slowest: Duration,
}

/// Something to tell.
#[derive(Clone, Debug)]
pub(crate) struct Notice {
    /// Its own address; none is the configured one.
    pub(crate) url: Option<String>,
    pub(crate) content_type: &'static str,
    pub(crate) body: Bytes,
}

/// A notice with its time.
pub(crate) struct Due {
    pub(crate) notice: Notice,
    pub(crate) attempt: u32,
    at: Instant,
    order: u64,
}

/// The notices of one stand-in.
pub(crate) struct Notices {
    platform: Platform,
    more: Notify,
    waiting: watch::Sender<u64>,
    state: Mutex<State>,
}

struct State {
    callbacks: Callbacks,
    random: Random,
    heap: BinaryHeap<Reverse<Due>>,
    counts: CallbackCounts,
    times: Vec<Duration>,
    order: u64,
}

impl Notices {
    pub(super) fn new(platform: Platform, seed: u64) -> Notices {
        Notices {
            platform,
            more: Notify::new(),
            waiting: watch::Sender::new(0),
            state: Mutex::new(State {
                callbacks: Callbacks::default(),
                random: Random::new(seed ^ 0x6361_6c6c),
                heap: BinaryHeap::new(),
                counts: CallbackCounts::default(),
                times: Vec::new(),
                order: 0,
            }),
        }
    }

    pub(super) fn set(&self, callbacks: Callbacks) {
        self.state.lock().callbacks = callbacks;
    }

    pub(super) fn counts(&self) -> CallbackCounts {
        self.state.lock().counts.clone()
    }

    pub(super) fn times(&self) -> Vec<Duration> {
        self.state.lock().times.clone()
    }

    pub(super) async fn drained(&self) {
        // The sender lives as long as this does.
        let _ = self.waiting.subscribe().wait_for(|left| *left == 0).await;
    }

    pub(crate) fn callbacks(&self) -> Callbacks {
        self.state.lock().callbacks.clone()
    }

    /// Lets a notice out after a random while, perhaps twice, perhaps never.
    pub(crate) fn tell(&self, notice: Notice) {
        let now = Instant::now();
        let state = &mut *self.state.lock();
        state.counts.made += 1;
        let has_address = notice.url.is_some() || state.callbacks.url.is_some();
        if !has_address || state.random.chance(state.callbacks.lost) {
            state.counts.lost += 1;
            return;
        }
        let is_repeated = state.random.chance(state.callbacks.repeats);
        state.counts.repeated += u64::from(is_repeated);
        for _ in 0..1 + u32::from(is_repeated) {
            let delay = state.callbacks.max_delay.mul_f64(state.random.unit());
            state.push(notice.clone(), 0, now + delay);
            self.waiting.send_modify(|left| *left += 1);
        }
        self.more.notify_one();
    }

    /// The next notice when its time has come.
    pub(crate) async fn next(&self) -> Due {
        loop {
            let until = {
                let mut state = self.state.lock();
                match state.heap.peek().map(|Reverse(due)| due.at) {
                    Some(at) if at <= Instant::now() => {
                        let Reverse(due) = state.heap.pop().expect("it was just looked at");
                        return due;
                    }
                    at => at,
                }
            };
            match until {
                Some(at) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(at.into()) => {}
                        () = self.more.notified() => {}
                    }
                }
                None => self.more.notified().await,
            }
        }
    }

    /// Writes down how a request went, and brings it back if the platform would.
    pub(crate) fn on_answer(&self, due: Due, status: Option<u16>, took: Duration) {
        let state = &mut *self.state.lock();
        state.counts.slowest = state.counts.slowest.max(took);
        if status.is_some() {
            state.times.push(took);
        }
        match status {
            Some(status) => *state.counts.answered.entry(status).or_default() += 1,
            None => state.counts.unanswered += 1,
        }
        if status.is_some_and(|status| (200..300).contains(&status)) {
            return self.waiting.send_modify(|left| *left -= 1);
        }
        if due.attempt + 1 >= self.max_attempts(status) {
            state.counts.given_up += 1;
            return self.waiting.send_modify(|left| *left -= 1);
        }
        let wait = state.callbacks.retry * 2_u32.pow(due.attempt.min(8));
        state.push(due.notice, due.attempt + 1, Instant::now() + wait);
        self.more.notify_one();
    }

    /// Twilio tries again once, and only if nobody took the connection; Evolution ten times, but
    /// not after a refusal (webhook.controller.ts of 2.3.6); Meta for days.
    fn max_attempts(&self, status: Option<u16>) -> u32 {
        match (self.platform, status) {
            (Platform::Twilio, None) => 2,
            (Platform::Evolution, Some(400 | 401 | 403 | 404 | 422)) => 1,
            (Platform::Evolution, _) => 10,
            (Platform::WhatsAppCloud, _) => 20,
            _ => 1,
        }
    }
}

impl State {
    fn push(&mut self, notice: Notice, attempt: u32, at: Instant) {
        self.order += 1;
        self.heap.push(Reverse(Due {
            notice,
            attempt,
            at,
            order: self.order,
        }));
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        self.order == other.order
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}
