//! What may go wrong, and when: settable while the stand-in runs.
//!
//! Rules are asked in the order they were set; the first that fires decides the request. Chance is
//! drawn from the stand-in's seed. Token checks meet tokens and outages, but no other fault.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

use crate::{EventKey, Options, Random, Token};

/// How one request goes wrong.
///
/// Where the answer gets lost, `accepts` says whether the request was taken all the same: from
/// outside the two look alike, which makes them ambiguous.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// 429 of a gateway.
    TooManyRequests(RetryAfter),
    /// Over the allowance, said in the platform's own way; the minutes are Meta's estimate.
    Throttled {
        /// Minutes until access is back.
        minutes: u32,
    },
    /// This status from 500 up, with a JSON body in the platform's form.
    ServerError {
        /// The status.
        status: u16,
    },
    /// 502 with a page of HTML.
    BadGateway,
    /// The access token is taken as expired.
    TokenExpired,
    /// The access token is taken as revoked.
    TokenRevoked,
    /// The access token is taken as unknown.
    TokenInvalid,
    /// The version has been shut down: LinkedIn's 426, unknown path at the others.
    VersionSunset,
    /// 302 to another place, which a client must not follow.
    Redirect {
        /// The place.
        location: String,
    },
    /// The connection is reset as soon as the head is there.
    ResetEarly,
    /// The connection is reset once the whole request is there.
    ResetLate {
        /// Whether the request was taken.
        accepts: bool,
    },
    /// No answer ever comes.
    Hang {
        /// Whether the request was taken.
        accepts: bool,
    },
    /// The right answer, late.
    SlowAnswer {
        /// How late.
        delay: Duration,
    },
    /// The right answer, its body in four pieces.
    SlowBody {
        /// The wait before each piece.
        delay: Duration,
    },
    /// A whole answer whose JSON stops half way.
    HalfJson {
        /// Whether the request was taken.
        accepts: bool,
    },
    /// An answer that ends before the length it promised.
    ShortBody {
        /// Whether the request was taken.
        accepts: bool,
    },
    /// Bytes that are not HTTP.
    Garbage {
        /// Whether the request was taken.
        accepts: bool,
    },
    /// An answer far longer than any client should read.
    Oversized {
        /// Bytes of its body.
        bytes: usize,
        /// Whether the request was taken.
        accepts: bool,
    },
}

impl Fault {
    /// Its name, as the ledger counts it.
    pub const fn name(&self) -> &'static str {
        match self {
            Fault::TooManyRequests(_) => "too_many_requests",
            Fault::Throttled { .. } => "throttled",
            Fault::ServerError { .. } => "server_error",
            Fault::BadGateway => "bad_gateway",
            Fault::TokenExpired => "token_expired",
            Fault::TokenRevoked => "token_revoked",
            Fault::TokenInvalid => "token_invalid",
            Fault::VersionSunset => "version_sunset",
            Fault::Redirect { .. } => "redirect",
            Fault::ResetEarly => "reset_early",
            Fault::ResetLate { .. } => "reset_late",
            Fault::Hang { .. } => "hang",
            Fault::SlowAnswer { .. } => "slow_answer",
            Fault::SlowBody { .. } => "slow_body",
            Fault::HalfJson { .. } => "half_json",
            Fault::ShortBody { .. } => "short_body",
            Fault::Garbage { .. } => "garbage",
            Fault::Oversized { .. } => "oversized",
        }
    }
}

/// The `Retry-After` header of a 429 (RFC 9110, 10.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// None.
    Absent,
    /// As seconds.
    Seconds(u32),
    /// As the date that lies this far ahead, rounded up to a second.
    Date(Duration),
}

/// How an event that looks good is refused, to test what a client does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Poison {
    /// The whole batch is refused and no index is named: only bisecting finds the event.
    Unnamed,
    /// The whole batch is refused and the index is named, where the platform has a form for it.
    Named,
    /// The event is refused and the rest of the batch taken; only LinkedIn has a form for it, the
    /// others refuse the batch.
    Element,
}

/// The faults of one stand-in; clones set the same ones.
#[derive(Clone)]
pub struct Faults(Arc<Shared>);

struct Shared {
    rules_set: AtomicBool,
    usage_percent: AtomicU32,
    state: Mutex<State>,
}

struct State {
    rules: Vec<Rule>,
    random: Random,
    tokens: BTreeMap<String, Token>,
    poison: HashMap<EventKey, Poison>,
}

struct Rule {
    when: When,
    fault: Fault,
}

enum When {
    Always,
    Next(u32),
    Chance(f64),
    Between(Instant, Instant),
}

impl Faults {
    pub(crate) fn new(options: &Options) -> Faults {
        Faults(Arc::new(Shared {
            rules_set: AtomicBool::new(false),
            usage_percent: AtomicU32::new(0),
            state: Mutex::new(State {
                rules: Vec::new(),
                random: Random::new(options.seed),
                tokens: options.tokens.clone(),
                poison: HashMap::new(),
            }),
        }))
    }

    /// Every request from here on.
    pub fn always(&self, fault: Fault) {
        self.add(When::Always, fault);
    }

    /// The next so many requests.
    pub fn next(&self, requests: u32, fault: Fault) {
        self.add(When::Next(requests), fault);
    }

    /// Each request with this probability.
    pub fn chance(&self, probability: f64, fault: Fault) {
        self.add(When::Chance(probability), fault);
    }

    /// Every request of this long from here on.
    pub fn during(&self, period: Duration, fault: Fault) {
        self.between(Duration::ZERO, period, fault);
    }

    /// Every request of a period, both ends counted from here on.
    pub fn between(&self, starts_in: Duration, ends_in: Duration, fault: Fault) {
        let now = Instant::now();
        self.add(When::Between(now + starts_in, now + ends_in), fault);
    }

    /// Takes every rule away; tokens and poison stay.
    pub fn clear(&self) {
        self.0.state.lock().rules.clear();
        self.0.rules_set.store(false, Ordering::Release);
    }

    /// Makes a token known, or changes what it is worth.
    pub fn set_token(&self, text: &str, token: Token) {
        self.0.state.lock().tokens.insert(text.to_owned(), token);
    }

    /// Makes events refused although nothing is wrong with them.
    pub fn poison<'a>(&self, event_ids: impl IntoIterator<Item = &'a str>, how: Poison) {
        let keys = event_ids.into_iter().map(|id| (EventKey::of(id), how));
        self.0.state.lock().poison.extend(keys);
    }

    /// Lets Meta's answers carry usage headers with this percentage; 0 leaves them out.
    pub fn set_usage(&self, percent: u32) {
        self.0.usage_percent.store(percent, Ordering::Relaxed);
    }

    pub(crate) fn usage(&self) -> u32 {
        self.0.usage_percent.load(Ordering::Relaxed)
    }

    pub(crate) fn token(&self, text: &str) -> Option<Token> {
        self.0.state.lock().tokens.get(text).copied()
    }

    /// The poison among these events, by index.
    pub(crate) fn poison_in(&self, keys: &[Option<EventKey>]) -> Vec<(usize, Poison)> {
        let state = self.0.state.lock();
        if state.poison.is_empty() {
            return Vec::new();
        }
        let known = |key: &Option<EventKey>| state.poison.get(key.as_ref()?).copied();
        let found = keys.iter().enumerate();
        found
            .filter_map(|(i, key)| Some((i, known(key)?)))
            .collect()
    }

    /// What happens to the request that arrives at this moment.
    pub(crate) fn pick(&self, now: Instant) -> Option<Fault> {
        if !self.0.rules_set.load(Ordering::Acquire) {
            return None;
        }
        let state = &mut *self.0.state.lock();
        let random = &mut state.random;
        let fired = state
            .rules
            .iter_mut()
            .position(|rule| rule.when.fires(now, random));
        let fault = fired.map(|index| state.rules[index].fault.clone());
        state.rules.retain(|rule| !rule.when.is_over(now));
        self.0
            .rules_set
            .store(!state.rules.is_empty(), Ordering::Release);
        fault
    }

    fn add(&self, when: When, fault: Fault) {
        let mut state = self.0.state.lock();
        state.rules.push(Rule { when, fault });
        self.0.rules_set.store(true, Ordering::Release);
    }
}

impl When {
    fn fires(&mut self, now: Instant, random: &mut Random) -> bool {
        match self {
            When::Always => true,
            When::Next(0) => false,
            When::Next(left) => {
                *left -= 1;
                true
            }
            When::Chance(probability) => random.chance(*probability),
            When::Between(from, until) => (*from..*until).contains(&now),
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        match self {
            When::Always | When::Chance(_) => false,
            When::Next(left) => *left == 0,
            When::Between(_, until) => now >= *until,
        }
    }
}
