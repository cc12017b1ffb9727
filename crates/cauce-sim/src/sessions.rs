//! What a stand-in backend knows of sessions, in the order in which it was told; and how it
//! answers: settable while it runs.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parking_lot::Mutex;

/// The sessions of one stand-in; clones read the same ones.
#[derive(Clone)]
pub struct Sessions(Arc<Shared>);

struct Shared {
    started: Instant,
    lookups: AtomicU64,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    told: BTreeMap<String, Vec<Told>>,
    failing: BTreeMap<String, Failing>,
    manner: Manner,
    known: BTreeMap<String, Known>,
    lookup: Lookup,
}

/// A state that the backend was told, and took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// When it arrived, since the stand-in started.
    pub at: Duration,
    /// What was told.
    pub what: What,
}

/// A kind of state, with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A QR code; none when it has expired.
    Qr(Option<String>),
    /// A status.
    Status(String),
}

/// How the batch routes answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Manner {
    /// With the counts.
    #[default]
    Right,
    /// The routes are not there.
    RouteMissing,
    /// With a page and 200; nothing is taken.
    Page,
    /// With 200 and nothing; nothing is taken.
    Nothing,
    /// With counts that do not fit what was sent; all is taken.
    WrongCounts,
    /// With this status and a JSON body; nothing is taken.
    Status(u16),
}

/// How a session's states fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// It is counted as failed.
    Counted,
    /// It is counted and named in `failed_ids`.
    Named,
    /// The batch is refused with 422, and its place is named.
    Invalid,
    /// The batch is refused with 422, and nobody is named.
    InvalidUnnamed,
}

/// How the route for a single session answers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lookup {
    /// It answers so late.
    pub delay: Duration,
    /// It answers with this status and nothing else.
    pub status: Option<u16>,
}

#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) status: String,
    pub(crate) qr: Option<String>,
}

impl Sessions {
    pub(crate) fn new() -> Sessions {
        Sessions(Arc::new(Shared {
            started: Instant::now(),
            lookups: AtomicU64::new(0),
            state: Mutex::default(),
        }))
    }

    /// Everything that a session was told to be, in order of arrival.
    pub fn told(&self, session: &str) -> Vec<Told> {
        self.0
            .state
            .lock()
            .told
            .get(session)
            .cloned()
            .unwrap_or_default()
    }

    /// The sessions that were told anything.
    pub fn ids(&self) -> Vec<String> {
        self.0.state.lock().told.keys().cloned().collect()
    }

    /// The statuses of a session, in order of arrival.
    pub fn statuses(&self, session: &str) -> Vec<String> {
        let told = self.told(session).into_iter();
        let status = told.filter_map(|told| match told.what {
            What::Status(status) => Some(status),
            What::Qr(_) => None,
        });
        status.collect()
    }

    /// The QR codes of a session, in order of arrival; none for each that expired.
    pub fn qrs(&self, session: &str) -> Vec<Option<String>> {
        let told = self.told(session).into_iter();
        let qr = told.filter_map(|told| match told.what {
            What::Qr(qr) => Some(qr),
            What::Status(_) => None,
        });
        qr.collect()
    }

    /// States that were taken, of all sessions.
    pub fn count(&self) -> u64 {
        self.0
            .state
            .lock()
            .told
            .values()
            .map(|told| told.len() as u64)
            .sum()
    }

    /// How often a single session was asked for.
    pub fn lookups(&self) -> u64 {
        self.0.lookups.load(Ordering::Relaxed)
    }

    /// From here on the batch routes answer so.
    pub fn answer(&self, manner: Manner) {
        self.0.state.lock().manner = manner;
    }

    /// From here on the states of a session fail, or none does.
    pub fn fail(&self, session: &str, failing: Option<Failing>) {
        let failed = &mut self.0.state.lock().failing;
        match failing {
            Some(failing) => failed.insert(session.to_owned(), failing),
            None => failed.remove(session),
        };
    }

    /// From here on the route for a single session answers so.
    pub fn look_up(&self, lookup: Lookup) {
        self.0.state.lock().lookup = lookup;
    }

    /// The route for a single session knows this one.
    pub fn know(&self, session: &str, status: &str, qr: Option<&str>) {
        let known = Known {
            status: status.to_owned(),
            qr: qr.map(str::to_owned),
        };
        self.0.state.lock().known.insert(session.to_owned(), known);
    }

    pub(crate) fn lookup_delay(&self) -> Duration {
        self.0.state.lock().lookup.delay
    }

    pub(crate) fn manner(&self) -> Manner {
        self.0.state.lock().manner
    }

    pub(crate) fn failing(&self, session: &str) -> Option<Failing> {
        self.0.state.lock().failing.get(session).copied()
    }

    pub(crate) fn lookup(&self, session: &str) -> (Lookup, Option<Known>) {
        self.0.lookups.fetch_add(1, Ordering::Relaxed);
        let state = self.0.state.lock();
        (state.lookup.clone(), state.known.get(session).cloned())
    }

    /// Takes the states of one request, all but those of these sessions.
    pub(crate) fn take(&self, items: Vec<(String, What)>, failed: &BTreeSet<String>) {
        let at = self.0.started.elapsed();
        let mut state = self.0.state.lock();
        for (session, what) in items {
            if !failed.contains(&session) {
                state
                    .told
                    .entry(session)
                    .or_default()
                    .push(Told { at, what });
            }
        }
    }
}
