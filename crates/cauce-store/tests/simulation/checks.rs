//! The ledger outside the process: what every job was told, what arrived, and what must hold.
//!
//! It knows only what a caller, a destination and an operator can know. Where a crash leaves open
//! whether a call took effect, both are allowed; where an answer came, only one is.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use bytes::Bytes;
use cauce_flow::{
    dispatch::policy::Window,
    id::JobId,
    job::{LeasedJob, State},
    queue::settlement::Outcome,
    time::Timestamp,
};

use crate::destination::{Arrival, BAD_FIELD};

/// What is special about a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nature {
    Plain,
    /// A batch with it is refused.
    Poison,
    /// It is refused before it is sent.
    Unfit,
}

/// What became of a job that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No answer yet.
    Open,
    /// The process was told that the destination does not have it.
    Refused,
    /// The process was told that it has it.
    Delivered,
    /// The process was told nothing for certain.
    Ambiguous,
    /// The process ended before it was told.
    Lost,
}

/// What a caller knows of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// The process ended before it answered.
    Maybe,
    Taken,
    Refused,
}

/// One job, from outside.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) line: usize,
    pub(crate) tenant: usize,
    pub(crate) group: Option<u64>,
    /// The key of which only the newest job counts.
    pub(crate) state: Option<u64>,
    pub(crate) bytes: usize,
    pub(crate) nature: Nature,
    /// The call it was handed in with.
    pub(crate) call: usize,
    /// Known once the call was answered.
    pub(crate) id: Option<JobId>,
    /// Another job has its idempotency key.
    pub(crate) duplicate: bool,
    /// Not leased before this.
    pub(crate) due_at: Timestamp,
    /// What it had to live when it was handed in; none for ever.
    pub(crate) span: Option<Duration>,
    /// When it expires, at the earliest and at the latest.
    pub(crate) expires_at: (Timestamp, Timestamp),
    pub(crate) max_attempts: u8,
    /// Attempts used up, at least and at most.
    pub(crate) attempts: (u8, u8),
    pub(crate) arrivals: Vec<(u32, Fate)>,
    /// Of these, those since a person last put it back.
    pub(crate) since_replay: usize,
    /// The end that was made durable.
    pub(crate) done: Option<State>,
    pub(crate) leased: bool,
    /// Its fate is not known: where the destination does not deduplicate, it must not leave again.
    pub(crate) held: bool,
    /// A request with it has started under the lease.
    pub(crate) sent: bool,
    /// Crashes that may have found it in hand.
    pub(crate) crashes: u32,
    pub(crate) replays: u32,
    /// How often its destination took it.
    pub(crate) taken: u32,
    /// A call may have taken effect or not: its state has to be looked at.
    pub(crate) unsure: bool,
}

/// A throttled replay lets a job wait for so long at most.
const MAX_REPLAY_PAUSE: Duration = Duration::from_secs(8);

/// All jobs, and the first promise that was broken.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) jobs: Vec<Told>,
    pub(crate) by_id: BTreeMap<JobId, usize>,
    pub(crate) keys: BTreeMap<(usize, String), Vec<usize>>,
    /// The jobs of each key of a line and tenant, in the order in which they were handed in.
    pub(crate) states: BTreeMap<(usize, usize, u64), Vec<usize>>,
    /// Ids that a caller was told of without having them from its own call.
    pub(crate) strangers: BTreeSet<JobId>,
    /// What is known of each call that handed jobs in.
    pub(crate) calls: Vec<Call>,
    pub(crate) broken: Option<String>,
}

impl Ledger {
    /// Notes that a promise was broken; the first one counts.
    pub(crate) fn blame(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    fn require(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.blame(what());
        }
    }

    /// A job was leased; answers which one it is.
    pub(crate) fn on_leased(&mut self, job: &LeasedJob, now: Timestamp) -> Option<usize> {
        let id = job.id;
        let Some(n) = number_in(&job.payload).filter(|n| *n < self.jobs.len()) else {
            self.blame(format!("{id} came with a payload that nobody handed in"));
            return None;
        };
        let told = &mut self.jobs[n];
        let known = told.id.is_none_or(|known| known == id);
        let (before, call) = (told.clone(), self.calls[told.call]);
        told.id = Some(id);
        told.leased = true;
        told.sent = false;
        self.by_id.insert(id, n);
        let whole = payload(n, before.bytes) == job.payload;
        let counted = (before.attempts.0..=before.attempts.1).contains(&(job.attempt - 1));
        self.require(known, || format!("job {n} has two ids"));
        self.require(whole, || format!("job {n} came with a wrong payload"));
        self.require(call != Call::Refused && !before.duplicate, || {
            format!("job {n} is worked on, though nobody was told that it was taken")
        });
        self.require(!before.leased, || {
            format!("job {n} was leased twice at once")
        });
        self.require(before.done.is_none(), || {
            format!("job {n} was leased although it is {:?}", before.done)
        });
        self.require(before.due_at <= now, || {
            format!("job {n} was leased before {}", before.due_at)
        });
        self.require(counted, || {
            format!(
                "job {n}: attempt {} after {:?}",
                job.attempt, before.attempts
            )
        });
        self.require(job.attempt <= job.max_attempts, || {
            format!("job {n} has no attempt left")
        });
        self.require(job.max_attempts == before.max_attempts, || {
            format!("job {n} has {} attempts", job.max_attempts)
        });
        let beside = self.of_key(n).find(|m| *m != n && self.jobs[*m].leased);
        self.require(beside.is_none(), || {
            format!("job {n} was leased beside {beside:?}, which has the same key")
        });
        Some(n)
    }

    /// The jobs with the same key as this one, and itself; none where it has no key.
    fn of_key(&self, n: usize) -> impl Iterator<Item = usize> {
        let told = &self.jobs[n];
        let key = told.state.map(|state| (told.line, told.tenant, state));
        let same = key.and_then(|key| self.states.get(&key));
        same.into_iter().flatten().copied()
    }

    /// Whether a newer job of its key was taken: for certain, or as far as a caller knows.
    pub(crate) fn is_followed(&self, n: usize, for_certain: bool) -> bool {
        self.of_key(n).filter(|m| *m > n).any(|m| {
            let newer = &self.jobs[m];
            let taken = match self.calls[newer.call] {
                Call::Taken => true,
                Call::Maybe => !for_certain,
                Call::Refused => false,
            };
            taken && !newer.duplicate
        })
    }

    /// A job is about to be sent.
    pub(crate) fn on_send(&mut self, n: usize, never_twice: bool, now: Timestamp) {
        let told = self.jobs[n].clone();
        self.require(told.leased, || format!("job {n} is sent without a lease"));
        self.require(told.nature != Nature::Unfit, || {
            format!("job {n} is unfit and is sent")
        });
        self.require(now < told.expires_at.1, || {
            format!("job {n} is sent after its time")
        });
        self.require(!(never_twice && told.held), || {
            format!("job {n} may have arrived, and is sent again to one that does not deduplicate")
        });
        self.jobs[n].sent = true;
    }

    /// A job arrives at its destination.
    pub(crate) fn on_arrival(&mut self, n: usize, never_twice: bool, retries: bool, life: u32) {
        let told = &mut self.jobs[n];
        let before = told.arrivals[told.since_replay..].to_vec();
        told.arrivals.push((life, Fate::Open));
        let done = told.done;
        let again = before.iter().find(|(of_life, fate)| match fate {
            Fate::Refused => false,
            Fate::Ambiguous => never_twice && !retries,
            Fate::Lost => never_twice,
            Fate::Open => true,
            Fate::Delivered => never_twice || *of_life == life,
        });
        if let Some((_, fate)) = again {
            self.blame(format!(
                "job {n} arrives again, though it was {fate:?} before"
            ));
        }
        self.require(done.is_none(), || {
            format!("job {n} arrives although it is {done:?}")
        });
        let arrived = |m: &usize| *m > n && !self.jobs[*m].arrivals.is_empty();
        let overtaken = self.of_key(n).find(arrived);
        self.require(overtaken.is_none(), || {
            format!("job {n} arrives after {overtaken:?}, a newer state of the same key")
        });
    }

    /// The process was told of a job that arrived.
    pub(crate) fn on_fate(&mut self, n: usize, fate: Fate) {
        if let Some((_, open)) = self.jobs[n].arrivals.last_mut()
            && *open == Fate::Open
        {
            *open = fate;
        }
    }

    /// The end of a lease is durable.
    pub(crate) fn on_settled(&mut self, n: usize, outcome: &Outcome) {
        let told = &mut self.jobs[n];
        told.leased = false;
        match outcome {
            Outcome::Completed { .. } => told.done = Some(State::Completed),
            Outcome::Dead { .. } => told.done = Some(State::Dead),
            Outcome::Unknown { .. } => told.done = Some(State::Unknown),
            Outcome::Cancelled { .. } => told.done = Some(State::Cancelled),
            Outcome::Retry { due_at } => {
                told.attempts.0 += 1;
                told.attempts.1 += 1;
                told.due_at = *due_at;
            }
            Outcome::Snooze { due_at } => told.due_at = *due_at,
            Outcome::Release => {}
        }
        let reasoned = match outcome {
            Outcome::Dead { reason }
            | Outcome::Unknown { reason }
            | Outcome::Cancelled { reason } => !reason.code.is_empty(),
            _ => true,
        };
        self.require(reasoned, || format!("job {n} is dropped without a reason"));
        let told = &self.jobs[n];
        let untold = matches!(outcome, Outcome::Completed { .. })
            && told
                .arrivals
                .last()
                .is_none_or(|(_, fate)| *fate != Fate::Delivered);
        self.require(!untold, || {
            format!("job {n} is completed and was not delivered")
        });
    }

    /// The process ended while the end of a lease was being written.
    pub(crate) fn on_settlement_lost(&mut self, n: usize, outcome: &Outcome) {
        let told = &mut self.jobs[n];
        told.leased = false;
        told.crashes += 1;
        match outcome {
            Outcome::Retry { .. } => told.attempts.1 += 1,
            Outcome::Completed { .. }
            | Outcome::Dead { .. }
            | Outcome::Unknown { .. }
            | Outcome::Cancelled { .. }
            | Outcome::Release
            | Outcome::Snooze { .. } => {}
        }
        told.unsure = true;
    }

    /// What the store says of a job of which a call left open what became of it.
    pub(crate) fn on_seen(&mut self, n: usize, state: State) {
        let told = &mut self.jobs[n];
        told.unsure = false;
        if !state.is_pending() {
            told.done = Some(state);
        } else if told.done.is_some() {
            self.on_replayed(n, Timestamp::EPOCH);
            // Nobody knows when it was.
            self.jobs[n].expires_at.1 = Timestamp::NEVER;
        }
    }

    /// The process ended. Answers how many jobs it had in hand.
    pub(crate) fn on_crash(&mut self) -> u64 {
        let mut in_hand = 0;
        for told in &mut self.jobs {
            for (_, fate) in &mut told.arrivals {
                if *fate == Fate::Open {
                    *fate = Fate::Lost;
                }
            }
            if told.leased {
                told.leased = false;
                told.held |= told.sent;
                told.crashes += 1;
                in_hand += 1;
            }
        }
        in_hand
    }

    /// A person put a job back.
    pub(crate) fn on_replayed(&mut self, n: usize, due_at: Timestamp) {
        let told = &mut self.jobs[n];
        told.done = None;
        told.held = false;
        told.attempts = (0, 0);
        told.since_replay = told.arrivals.len();
        told.due_at = due_at;
        if let Some(span) = told.span
            && due_at > Timestamp::EPOCH
        {
            let from = due_at + span;
            told.expires_at = (from, from + MAX_REPLAY_PAUSE);
        }
        told.replays += 1;
    }

    /// What the store says of a job when everything is over.
    pub(crate) fn check_end(&mut self, n: usize, end: &End, never_twice: bool) {
        let told = self.jobs[n].clone();
        let state = end.state;
        let told_done = told.done;
        self.require(!state.is_pending(), || {
            format!("job {n} is {state} for ever")
        });
        self.require(told_done.is_none_or(|done| done == state), || {
            format!("job {n} was {told_done:?} and is {state}")
        });
        self.require(end.attempt <= told.max_attempts, || {
            format!(
                "job {n} made {} attempts of {}",
                end.attempt, told.max_attempts
            )
        });
        let delivered = told
            .arrivals
            .iter()
            .any(|(_, fate)| *fate == Fate::Delivered);
        let explained = match state {
            State::Completed => delivered && told.taken > 0,
            State::Unknown => never_twice,
            State::Expired => end.finished_at.is_some_and(|at| at >= told.expires_at.0),
            State::Cancelled if end.is_superseded() => self.is_followed(n, false),
            State::Cancelled => told_done == Some(State::Cancelled),
            State::Dead => end.code.as_ref().is_some_and(|code| !code.is_empty()),
            State::Scheduled | State::Waiting | State::Active => true,
        };
        self.require(
            explained
                || (told_done == Some(state) && state != State::Expired && !end.is_superseded()),
            || format!("job {n} is {state} and nothing explains it: {end:?} {told:?}"),
        );
        let taken_for_bad = end.code.as_deref() == Some(BAD_FIELD) && told.nature == Nature::Plain;
        self.require(!taken_for_bad, || {
            format!("job {n} is good and died for a bad one")
        });
        let poisoned = state == State::Dead && end.code.as_deref() == Some("poison");
        self.require(!poisoned || told.crashes >= 3, || {
            format!("job {n} is called poison after {} crashes", told.crashes)
        });
        let damaged = end.code.as_deref() == Some("damaged");
        self.require(!damaged, || format!("job {n} could not be read"));
    }
}

/// What the store says of a job at the end.
#[derive(Clone, Debug)]
pub(crate) struct End {
    pub(crate) state: State,
    pub(crate) attempt: u8,
    pub(crate) finished_at: Option<Timestamp>,
    pub(crate) code: Option<String>,
}

impl End {
    pub(crate) fn is_superseded(&self) -> bool {
        self.state == State::Cancelled && self.code.as_deref() == Some("superseded")
    }
}

/// The payload of job `n`: its number, and bytes that follow from it.
pub(crate) fn payload(n: usize, bytes: usize) -> Bytes {
    let mut text = format!("{n}:").into_bytes();
    let filling = (0..bytes).map(|at| b'a' + ((n * 31 + at * 7) % 26) as u8);
    text.extend(filling);
    Bytes::from(text)
}

/// The number in a payload.
pub(crate) fn number_in(payload: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(payload).ok()?;
    text.split_once(':')?.0.parse().ok()
}

/// A window that let too many through, by going over all of them.
pub(crate) fn overrun(arrivals: &[Arrival], windows: &[Window]) -> Option<String> {
    windows.iter().find_map(|window| {
        let max = window.max as usize;
        let crowd = arrivals
            .windows(max + 1)
            .find(|some| some[max].at < some[0].at + window.per)?;
        let (from, to) = (crowd[0].at, crowd[max].at);
        Some(format!(
            "{} requests from {from} to {to}, more than {window:?}",
            max + 1
        ))
    })
}

/// The most requests that one poison job in a batch of `n` may cost.
pub(crate) fn bisection_limit(n: usize) -> u32 {
    2 * n.next_power_of_two().ilog2() + 1
}
