//! A small world around one dispatcher: a store, a destination with moods, a person who pauses and
//! reloads. Everything follows from a seed, in virtual time.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::dispatch::batcher::{Room, pack};

/// After this, the destination is well, nobody pauses, and everything has to come to an end.
const TROUBLE: i64 = 120_000;
/// By then everything has come to an end.
const END: i64 = 20 * 24 * 3_600_000;

#[derive(Clone, Debug)]
struct Plan {
    seed: u64,
    jobs: u64,
    max_items: usize,
    windows: Vec<(u32, u64)>,
    concurrency: u32,
    deduplicates: bool,
}

#[derive(Debug, Default)]
struct Stored {
    due_at: i64,
    expires_at: Option<i64>,
    attempts: u8,
    leased: bool,
    ended: Option<&'static str>,
    poison: bool,
    /// Requests with this job that the destination took.
    taken: u32,
}

#[derive(Clone, Debug)]
enum Event {
    Backlog,
    /// The store gets round to a claim, and its answer is there at once.
    Claimed(Claim),
    /// The answer to a claim that the store has made some time ago.
    Brought(Claimed),
    Left(RequestId),
    Answered(RequestId),
    Pause,
    Resume,
    Mended,
    Connected,
    ShutGroup,
    OpenGroup,
    Reload,
    Timeout,
}

#[derive(Debug)]
struct Flight {
    jobs: Vec<LeasedJob>,
    arrived: Option<i64>,
    told_left: bool,
}

struct World {
    line: Dispatcher,
    plan: Plan,
    draws: u64,
    now: i64,
    events: BTreeMap<(i64, u64), Event>,
    next_event: u64,
    timeout: Option<(i64, u64)>,
    jobs: BTreeMap<u64, Stored>,
    flying: BTreeMap<RequestId, Flight>,
    arrivals: Vec<i64>,
    claiming: bool,
    paused: bool,
    refused: bool,
    away: bool,
    /// Whether the group of some jobs is shut.
    shut: bool,
    held_until: i64,
    turns: u64,
}

impl World {
    fn new(plan: Plan) -> World {
        let mut policy = singles();
        policy.batch.max_items = plan.max_items;
        policy.batch.max_bytes = 400;
        if plan.max_items > 1 {
            policy.batch.max_wait = 2 * SECOND;
            policy.batch.priority_wait = SECOND;
        }
        policy.concurrency = plan.concurrency;
        policy.rate = windows(&plan);
        let delivery = if plan.deduplicates {
            Delivery::Deduplicates
        } else {
            Delivery::NeverTwice
        };
        let setup = Setup {
            policy,
            delivery,
            state: None,
            starts: Vec::new(),
        };
        World {
            line: Dispatcher::new(setup, ms(0)),
            draws: plan.seed,
            plan,
            now: 0,
            events: BTreeMap::new(),
            next_event: 0,
            timeout: None,
            jobs: BTreeMap::new(),
            flying: BTreeMap::new(),
            arrivals: Vec::new(),
            claiming: false,
            paused: false,
            refused: false,
            away: false,
            shut: false,
            held_until: 0,
            turns: 0,
        }
    }

    /// A whole number below `n` (SplitMix64: Steele, Lea and Flood, 2014).
    fn draw(&mut self, n: u64) -> u64 {
        self.draws = self.draws.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.draws;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    fn wait(&mut self, n: u64) -> i64 {
        self.now + i64::try_from(self.draw(n)).unwrap()
    }

    fn plan_event(&mut self, at: i64, event: Event) -> (i64, u64) {
        self.next_event += 1;
        let key = (at, self.next_event);
        self.events.insert(key, event);
        key
    }

    fn run(&mut self) {
        self.fill();
        while let Some(((at, _), event)) = self.events.pop_first() {
            assert!(
                at < END,
                "something is stuck: {:?}",
                self.line.why(ms(self.now))
            );
            self.now = at;
            self.turns += 1;
            self.happen(event);
            self.drain();
        }
        self.check_end();
    }

    fn fill(&mut self) {
        for number in 0..self.plan.jobs {
            let due_at = self.wait(30_000);
            let stored = Stored {
                due_at,
                expires_at: (self.draw(10) == 0).then(|| due_at + 20_000),
                poison: self.draw(12) == 0,
                ..Stored::default()
            };
            self.jobs.insert(number, stored);
            self.plan_event(due_at, Event::Backlog);
        }
        for _ in 0..3 {
            let at = self.wait(60_000);
            self.plan_event(at, Event::Pause);
            self.plan_event(at + 5_000, Event::Resume);
            let at = self.wait(60_000);
            self.plan_event(at, Event::Reload);
            let at = self.wait(60_000);
            self.plan_event(at, Event::ShutGroup);
            let open = at + i64::try_from(self.draw(9_000)).unwrap();
            self.plan_event(open, Event::OpenGroup);
        }
        self.plan_event(TROUBLE, Event::Resume);
        self.plan_event(TROUBLE, Event::Mended);
        self.plan_event(TROUBLE, Event::Connected);
        self.plan_event(TROUBLE, Event::OpenGroup);
    }

    fn happen(&mut self, event: Event) {
        let now = ms(self.now);
        match event {
            Event::Backlog => self.line.on_backlog(self.backlog(), now),
            Event::Claimed(claim) => {
                let claimed = self.claim(claim);
                self.bring(claimed);
            }
            Event::Brought(claimed) => self.bring(claimed),
            Event::Left(request) => {
                self.arrive(request);
                self.line.on_left(request, now);
            }
            Event::Answered(request) => self.answer(request),
            Event::Pause => {
                self.paused = true;
                self.line.on_pause(now);
            }
            Event::Resume => {
                self.paused = false;
                self.line.on_resume(now);
            }
            Event::Mended => {
                self.refused = false;
                self.line.on_credentials_mended(now);
            }
            Event::Connected => {
                self.away = false;
                self.line.on_connected(now);
            }
            Event::ShutGroup => {
                self.shut = true;
                self.line.on_group_shut(tenant(), group(), now);
                self.line.on_backlog(self.backlog(), now);
            }
            Event::OpenGroup => {
                self.shut = false;
                self.line.on_group_open(tenant(), group(), now);
                self.line.on_backlog(self.backlog(), now);
            }
            Event::Reload => {
                let mut policy = self.line.policy.clone();
                policy.concurrency = 1 + u32::try_from(self.draw(8)).unwrap();
                policy.rate.reverse();
                self.line.on_policy(policy, &[], now);
            }
            Event::Timeout => self.line.handle_timeout(now),
        }
    }

    fn backlog(&self) -> Backlog {
        let due = |job: &Stored| job.ended.is_none() && !job.leased && job.due_at <= self.now;
        let waits =
            |(number, job): &(&u64, &Stored)| due(job) && !(self.shut && in_group(**number));
        let waiting = self.jobs.iter().filter(waits).map(|(_, job)| job);
        let oldest = waiting.clone().map(|job| job.due_at).min();
        let count = waiting.count() as u64;
        Backlog {
            waiting: count,
            bytes: count * 30,
            oldest_at: oldest.map(ms),
            oldest_urgent_at: None,
        }
    }

    fn bring(&mut self, mut claimed: Claimed) {
        self.claiming = false;
        claimed.backlog = self.backlog();
        self.line.on_claimed(claimed, ms(self.now));
    }

    fn claim(&mut self, claim: Claim) -> Claimed {
        let mut leased = Vec::new();
        let (mut refused, mut cancelled, mut put_off) = (Vec::new(), Vec::new(), Vec::new());
        let mut screen = self.draw(1_000);
        for (number, stored) in &mut self.jobs {
            if leased.len() == claim.max_jobs || stored.ended.is_some() || stored.leased {
                continue;
            }
            if self.shut && in_group(*number) {
                continue;
            }
            if stored.expires_at.is_some_and(|at| at <= self.now) {
                stored.ended = Some("expired");
                continue;
            }
            if stored.due_at > self.now {
                continue;
            }
            stored.leased = true;
            screen += 1;
            if screen.is_multiple_of(50) {
                let id = job(*number).id;
                match *number % 3 {
                    0 => refused.push((id, why())),
                    1 => cancelled.push((id, why())),
                    _ => put_off.push((id, ms(self.now + 2_000))),
                }
                continue;
            }
            leased.push(LeasedJob {
                group: in_group(*number).then(group),
                attempt: stored.attempts + 1,
                expires_at: stored.expires_at.map_or(Timestamp::NEVER, ms),
                payload: vec![b'x'; 30].into(),
                ..job(*number)
            });
        }
        let batch = &self.line.policy.batch;
        let room = Room {
            max_items: batch.max_items,
            max_bytes: batch.max_bytes,
        };
        Claimed {
            requests: pack(leased, |job| job.id.number() % 3 == 0, room),
            refused,
            cancelled,
            put_off,
            backlog: Backlog::default(),
        }
    }

    fn drain(&mut self) {
        while let Some(command) = self.line.poll_command() {
            match command {
                Command::Claim(claim) => {
                    assert!(!self.claiming, "two claims at a time");
                    self.check_gates();
                    self.claiming = true;
                    let at = self.wait(5);
                    let event = match self.draw(2) {
                        0 => Event::Claimed(claim),
                        _ => Event::Brought(self.claim(claim)),
                    };
                    self.plan_event(at, event);
                }
                Command::Send(send) => self.send(send),
                Command::Settle(settlements) => {
                    settlements.into_iter().for_each(|s| self.settle(s));
                }
                Command::Persist(_) => {}
            }
        }
        while self.line.poll_observation().is_some() {}
        if let Some(key) = self.timeout.take() {
            self.events.remove(&key);
        }
        if let Some(at) = self.line.poll_timeout() {
            assert!(at > ms(self.now), "the line spins");
            self.timeout = Some(self.plan_event(at.as_millis(), Event::Timeout));
        }
    }

    fn check_gates(&self) {
        assert!(!self.paused, "paused");
        assert!(!self.refused, "refused");
        assert!(!self.away, "not connected");
        assert!(self.held_until <= self.now, "held");
    }

    fn send(&mut self, send: Send) {
        self.check_gates();
        assert!(!send.jobs.is_empty());
        assert!(send.jobs.len() <= self.plan.max_items);
        let running: BTreeSet<_> = self
            .flying
            .values()
            .flat_map(|f| &f.jobs)
            .map(|j| j.id)
            .collect();
        for job in &send.jobs {
            assert!(self.jobs[&job.id.number()].leased, "sent without a lease");
            assert!(!running.contains(&job.id), "sent twice at a time");
            assert!(!(self.shut && job.group.is_some()), "its group is shut");
            assert!(job.expires_at > ms(self.now), "sent after its time");
        }
        let flight = Flight {
            jobs: send.jobs,
            arrived: None,
            told_left: self.draw(5) > 0,
        };
        let left = self.wait(4);
        if flight.told_left {
            self.plan_event(left, Event::Left(send.request));
        }
        self.flying.insert(send.request, flight);
        let concurrency = self.line.policy.concurrency as usize;
        assert!(self.flying.len() <= concurrency, "too many in flight");
        let answered = left + 1 + i64::try_from(self.draw(300)).unwrap();
        self.plan_event(answered, Event::Answered(send.request));
    }

    /// The body arrives between leaving and the shortest guard after it, before the answer.
    fn arrive(&mut self, request: RequestId) {
        let at = self.wait(10);
        if let Some(flight) = self.flying.get_mut(&request) {
            flight.arrived = Some(at);
        }
    }

    fn answer(&mut self, request: RequestId) {
        let flight = self.flying.remove(&request).unwrap();
        let arrived = flight.arrived.unwrap_or(self.now).min(self.now);
        self.arrivals.push(arrived);
        let answered = self.judge(&flight.jobs);
        self.expect(&answered);
        let draw = self.draw(1_000) as f64 / 1_000.0;
        let now = ms(self.now);
        self.line.on_answered(request, answered, draw, now);
    }

    fn judge(&mut self, jobs: &[LeasedJob]) -> Answered {
        let mood = if self.now < TROUBLE {
            self.draw(14)
        } else {
            99
        };
        let seconds = Duration::from_secs(self.draw(12));
        let after = (self.draw(2) == 0).then_some(seconds);
        let reason = why();
        let verdict = match mood {
            0 | 1 => Verdict::All(Disposition::Retry { reason, after }),
            2 => Verdict::All(Disposition::Throttled { reason, after }),
            3 => Verdict::All(Disposition::Unauthorised { reason }),
            4 => Verdict::All(Disposition::Unknown { reason }),
            7 => Verdict::All(Disposition::Disconnected { reason }),
            8 => Verdict::All(Disposition::Snoozed {
                reason,
                after: seconds,
            }),
            5 => Verdict::Each(jobs.iter().map(|_| self.mixed()).collect()),
            _ => self.take(jobs),
        };
        let hold = (mood == 6).then_some(seconds);
        Answered {
            verdict,
            hold,
            status: 200,
        }
    }

    fn mixed(&mut self) -> Disposition {
        let reason = why();
        match self.draw(6) {
            4 => Disposition::Snoozed {
                reason,
                after: Duration::from_secs(self.draw(9)),
            },
            5 if self.draw(3) == 0 => Disposition::Disconnected { reason },
            0 => Disposition::Retry {
                reason,
                after: None,
            },
            1 => Disposition::Unknown { reason },
            2 => Disposition::Throttled {
                reason,
                after: None,
            },
            _ => Disposition::Rejected { reason },
        }
    }

    /// A destination in a good mood takes everything but batches with a poison job.
    fn take(&mut self, jobs: &[LeasedJob]) -> Verdict {
        let stored = |job: &LeasedJob| &self.jobs[&job.id.number()];
        let bad: Vec<_> = (0..jobs.len())
            .filter(|n| stored(&jobs[*n]).poison)
            .collect();
        if !bad.is_empty() {
            return match self.draw(2) {
                0 => Verdict::Bisect(why()),
                _ => Verdict::Without(bad.into_iter().map(|n| (n, why())).collect()),
            };
        }
        for job in jobs {
            self.jobs.get_mut(&job.id.number()).unwrap().taken += 1;
        }
        delivered()
    }

    /// What the world has to see from this answer on.
    fn expect(&mut self, answered: &Answered) {
        let each = match &answered.verdict {
            Verdict::All(disposition) => vec![disposition.clone()],
            Verdict::Each(each) => each.clone(),
            Verdict::Without(_) | Verdict::Bisect(_) => Vec::new(),
        };
        let mut hold = answered.hold;
        for disposition in each {
            match disposition {
                Disposition::Unauthorised { .. } if !self.refused => {
                    self.refused = true;
                    let at = self.wait(10_000);
                    self.plan_event(at, Event::Mended);
                }
                Disposition::Disconnected { .. } if !self.away => {
                    self.away = true;
                    let at = self.wait(10_000);
                    self.plan_event(at, Event::Connected);
                }
                Disposition::Throttled { after, .. } => hold = hold.max(after),
                Disposition::Unauthorised { .. }
                | Disposition::Delivered { .. }
                | Disposition::Retry { .. }
                | Disposition::Rejected { .. }
                | Disposition::Snoozed { .. }
                | Disposition::Disconnected { .. }
                | Disposition::Unknown { .. } => {}
            }
        }
        let until = self.now + i64::try_from(hold.unwrap_or_default().as_millis()).unwrap();
        self.held_until = self.held_until.max(until);
    }

    fn settle(&mut self, settlement: Settlement) {
        let number = settlement.job.number();
        let now = self.now;
        let flying = self.flying.values().flat_map(|flight| &flight.jobs);
        let flying: Vec<_> = flying.map(|job| job.id).collect();
        let stored = self.jobs.get_mut(&number).unwrap();
        assert!(stored.leased, "job {number} was settled twice");
        assert!(
            !flying.contains(&settlement.job),
            "settled while on its way"
        );
        stored.leased = false;
        let mut later = Some(now);
        match settlement.outcome {
            Outcome::Completed { .. } => stored.ended = Some("completed"),
            Outcome::Dead { .. } => stored.ended = Some("dead"),
            Outcome::Cancelled { .. } => stored.ended = Some("cancelled"),
            Outcome::Unknown { .. } => stored.ended = Some("unknown"),
            Outcome::Release => {}
            Outcome::Retry { due_at } => {
                assert!(due_at > ms(now), "a retry without a wait");
                stored.attempts += 1;
                stored.due_at = due_at.as_millis();
                later = Some(stored.due_at);
            }
            Outcome::Snooze { due_at } => {
                assert!(due_at > ms(now), "a snooze without a wait");
                stored.due_at = due_at.as_millis();
                later = Some(stored.due_at);
            }
        }
        assert!(stored.attempts < 3, "more attempts than there are");
        if let (None, Some(at)) = (stored.ended, later) {
            self.plan_event(at, Event::Backlog);
        }
    }

    fn check_end(&self) {
        assert!(self.line.is_idle(), "{:?}", self.line);
        for (number, job) in &self.jobs {
            assert!(
                job.ended.is_some() && !job.leased,
                "job {number} is left: {job:?}"
            );
            let completed = job.ended == Some("completed");
            assert_eq!(job.taken, u32::from(completed), "job {number}: {job:?}");
            assert!(!(completed && job.poison));
        }
        let limit = 400 * (self.plan.jobs + 20);
        assert!(
            self.turns < limit,
            "{} turns for {} jobs",
            self.turns,
            self.plan.jobs
        );
        let mut arrivals = self.arrivals.clone();
        arrivals.sort_unstable();
        for window in windows(&self.plan) {
            let per = i64::try_from(window.per.as_millis()).unwrap();
            for pair in arrivals.windows(window.max as usize + 1) {
                let span = pair[window.max as usize] - pair[0];
                assert!(span >= per, "more than {} in {per} ms", window.max);
            }
        }
    }
}

fn in_group(number: u64) -> bool {
    number.is_multiple_of(4)
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn group() -> GroupName {
    "spring".parse().unwrap()
}

fn windows(plan: &Plan) -> Vec<Window> {
    let window = |(max, per): &(u32, u64)| Window {
        max: *max,
        per: Duration::from_millis(*per),
    };
    plan.windows.iter().map(window).collect()
}

fn plans() -> impl Strategy<Value = Plan> {
    let items = prop_oneof![Just(1usize), Just(2), Just(7), Just(20)];
    let windows = prop::collection::vec((1..20u32, 50..20_000u64), 0..3);
    (
        any::<u64>(),
        1..150u64,
        items,
        windows,
        1..9u32,
        any::<bool>(),
    )
        .prop_map(
            |(seed, jobs, max_items, windows, concurrency, deduplicates)| Plan {
                seed,
                jobs,
                max_items,
                windows,
                concurrency,
                deduplicates,
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) })]

    #[test]
    fn every_job_comes_to_one_end_whatever_the_destination_does(plan in plans()) {
        World::new(plan).run();
    }
}
