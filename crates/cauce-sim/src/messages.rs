//! What a messenger took and whom it reached; and how its people behave: settable while it runs.
//!
//! Messages have no key by which a repeat could be told, so the only honest count is of real
//! effects: how many messages were taken for each number, whatever became of the answer.

mod notices;
mod people;
mod taken;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
    time::{Duration, Instant, SystemTime},
};

use parking_lot::Mutex;

pub use notices::{CallbackCounts, Callbacks, Proof};
pub(crate) use notices::{Due, Notice, Notices};
pub(crate) use people::{Pair, Step};
pub use people::{PairLimit, Template, Treatment};
pub(crate) use taken::Draft;
pub use taken::{Said, Taken};

use crate::{Options, Platform, Random};

/// The messages of one stand-in; clones read the same ones.
#[derive(Clone)]
pub struct Messages(Arc<Shared>);

struct Shared {
    started: Instant,
    max_messages: usize,
    notices: Notices,
    state: Mutex<State>,
}

struct State {
    random: Random,
    effects: HashMap<u64, u32>,
    count: u64,
    by_id: HashMap<String, Arc<Taken>>,
    order: VecDeque<Arc<Taken>>,
    people: HashMap<u64, Treatment>,
    others: Treatment,
    pair_limit: Option<PairLimit>,
    pairs: HashMap<(String, u64), Instant>,
    templates: BTreeMap<String, Template>,
    connection: String,
    business: bool,
    senders: Vec<String>,
}

impl Messages {
    pub(crate) fn new(platform: Platform, options: &Options) -> Messages {
        let is_cloud = platform == Platform::WhatsAppCloud;
        Messages(Arc::new(Shared {
            started: Instant::now(),
            max_messages: options.max_messages,
            notices: Notices::new(platform, options.seed),
            state: Mutex::new(State {
                random: Random::new(options.seed ^ 0x6d73_6773),
                effects: HashMap::new(),
                count: 0,
                by_id: HashMap::new(),
                order: VecDeque::new(),
                people: HashMap::new(),
                others: Treatment::Reads,
                pair_limit: is_cloud.then(PairLimit::default),
                pairs: HashMap::new(),
                templates: BTreeMap::new(),
                connection: "open".to_owned(),
                business: false,
                senders: Vec::new(),
            }),
        }))
    }

    /// Messages that were taken.
    pub fn count(&self) -> u64 {
        self.0.state.lock().count
    }

    /// How many messages were taken for each number, by its digits.
    pub fn effects(&self) -> BTreeMap<u64, u32> {
        let state = self.0.state.lock();
        state.effects.iter().map(|(to, n)| (*to, *n)).collect()
    }

    /// How many messages were taken for a number, in any form.
    pub fn effects_of(&self, number: &str) -> u32 {
        let state = self.0.state.lock();
        state.effects.get(&digits(number)).copied().unwrap_or(0)
    }

    /// The newest messages with their content, in order of arrival.
    pub fn taken(&self) -> Vec<Taken> {
        let state = self.0.state.lock();
        state.order.iter().map(|taken| (**taken).clone()).collect()
    }

    /// From here on the person of this number behaves so.
    pub fn treat(&self, number: &str, treatment: Treatment) {
        let mut state = self.0.state.lock();
        state.people.insert(digits(number), treatment);
    }

    /// From here on everybody who was not named behaves so.
    pub fn treat_others(&self, treatment: Treatment) {
        self.0.state.lock().others = treatment;
    }

    /// Limits the messages of a sender to one recipient, or lifts the limit. WhatsApp Cloud has one
    /// from the start.
    pub fn set_pair_limit(&self, limit: Option<PairLimit>) {
        let mut state = self.0.state.lock();
        state.pair_limit = limit;
        state.pairs.clear();
    }

    /// Makes a template known; as soon as one is, all others are unknown.
    pub fn set_template(&self, name: &str, template: Template) {
        let mut state = self.0.state.lock();
        state.templates.insert(name.to_owned(), template);
    }

    /// Whether the Evolution instance speaks to the Cloud API instead of a phone.
    pub fn set_business(&self, business: bool) {
        self.0.state.lock().business = business;
    }

    /// The only numbers that Twilio sends from; without any, every number does.
    pub fn set_senders(&self, senders: &[&str]) {
        self.0.state.lock().senders = senders.iter().map(|text| (*text).to_owned()).collect();
    }

    /// How status callbacks and inbound messages go out from here on.
    pub fn call_back(&self, callbacks: Callbacks) {
        self.0.notices.set(callbacks);
    }

    /// What became of the callbacks.
    pub fn callbacks(&self) -> CallbackCounts {
        self.0.notices.counts()
    }

    /// How long callbacks waited for their answers, in the order in which those came.
    pub fn callback_times(&self) -> Vec<Duration> {
        self.0.notices.times()
    }

    /// Returns when no callback waits any more.
    pub async fn called_back(&self) {
        self.0.notices.drained().await;
    }

    pub(crate) fn notices(&self) -> &Notices {
        &self.0.notices
    }

    pub(crate) fn treatment(&self, number: &str) -> Treatment {
        let state = self.0.state.lock();
        let own = state.people.get(&digits(number)).copied();
        own.unwrap_or(state.others)
    }

    pub(crate) fn template(&self, name: &str) -> Option<Template> {
        let state = self.0.state.lock();
        match state.templates.is_empty() {
            true => Some(Template::Good),
            false => state.templates.get(name).copied(),
        }
    }

    pub(crate) fn is_sender(&self, number: &str) -> bool {
        let state = self.0.state.lock();
        state.senders.is_empty() || state.senders.iter().any(|known| known == number)
    }

    pub(crate) fn is_business(&self) -> bool {
        self.0.state.lock().business
    }

    pub(crate) fn connection(&self) -> String {
        self.0.state.lock().connection.clone()
    }

    pub(crate) fn set_connection(&self, connection: &str) {
        self.0.state.lock().connection = connection.to_owned();
    }

    /// Whether the pair limit lets a message through; one that it lets through is counted.
    pub(crate) fn pass_pair(&self, pair: Pair) -> bool {
        let now = Instant::now();
        let mut state = self.0.state.lock();
        let Some(limit) = state.pair_limit else {
            return true;
        };
        let key = (pair.from.to_owned(), digits(pair.to));
        let free_at = state.pairs.get(&key).copied().unwrap_or(now).max(now);
        if free_at.duration_since(now) > limit.every * limit.burst.saturating_sub(1) {
            return false;
        }
        if pair.takes {
            state.pairs.insert(key, free_at + limit.every);
        }
        true
    }

    /// So many random bytes in upper-case hex.
    pub(crate) fn hex(&self, bytes: usize) -> String {
        let mut state = self.0.state.lock();
        let byte = |_| format!("{:02X}", state.random.below(256));
        (0..bytes).map(byte).collect()
    }

    /// The message with this id, if it is kept.
    pub(crate) fn find(&self, id: &str) -> Option<Arc<Taken>> {
        self.0.state.lock().by_id.get(id).cloned()
    }

    /// The kept messages, newest first, that are wanted.
    pub(crate) fn list(&self, max: usize, wanted: impl Fn(&Taken) -> bool) -> Vec<Arc<Taken>> {
        let state = self.0.state.lock();
        let newest = state.order.iter().rev().filter(|taken| wanted(taken));
        newest.take(max).cloned().collect()
    }

    /// Takes a message: from here on it has had its effect.
    pub(crate) fn take(&self, draft: Draft) -> Arc<Taken> {
        let at = self.0.started.elapsed();
        let mut state = self.0.state.lock();
        let to = digits(&draft.to);
        let own = state.people.get(&to).copied();
        let taken = Arc::new(Taken {
            at,
            wall: SystemTime::now(),
            treatment: own.unwrap_or(state.others),
            id: draft.id,
            from: draft.from,
            to: draft.to,
            kind: draft.kind,
            content: draft.content,
            words: draft.words,
            reference: draft.reference,
        });
        *state.effects.entry(to).or_default() += 1;
        state.count += 1;
        state.by_id.insert(taken.id.clone(), taken.clone());
        state.order.push_back(taken.clone());
        if state.order.len() > self.0.max_messages
            && let Some(oldest) = state.order.pop_front()
        {
            state.by_id.remove(&oldest.id);
        }
        taken
    }
}

/// The digits of a number as one: `whatsapp:+34 600…` and `34600…@s.whatsapp.net` are the same.
pub(crate) fn digits(number: &str) -> u64 {
    let number = number.split('@').next().unwrap_or_default();
    let digits = number.bytes().filter(u8::is_ascii_digit);
    digits.fold(0, |all, digit| {
        all.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'))
    })
}

/// Seconds of Unix time.
pub(crate) fn seconds(wall: SystemTime) -> i64 {
    let since = wall.duration_since(SystemTime::UNIX_EPOCH);
    since.unwrap_or(Duration::ZERO).as_secs() as i64
}
