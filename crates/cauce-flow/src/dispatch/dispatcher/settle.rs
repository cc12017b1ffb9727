//! What an answer means for each job: how it leaves its lease.

use std::time::Duration;

use super::{Answered, Command, Dispatcher, InHand};
use crate::{
    dispatch::{
        backoff::MAX_AFTER,
        disposition::{Delivery, Disposition, Verdict},
        policy::OnUnknown,
    },
    id::JobId,
    job::LeasedJob,
    observation::Observation,
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};

/// A job that is to wait for no time at all would be sent again and again.
const SHORTEST_SNOOZE: Duration = Duration::from_secs(1);

/// The jobs of one answer, counted.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    delivered: u32,
    retried: u32,
    due_at: Timestamp,
    died: u32,
    unknown: u32,
    released: u32,
    snoozed: u32,
    /// Jobs of which the destination said something for good.
    definite: u32,
    /// The batch was refused as a whole, which shows that the destination works.
    sorting: bool,
    /// The destination wants less.
    pub(super) throttled: bool,
    /// It wants to be left alone for so long, because the answer or what it says of some job asks
    /// for it.
    pub(super) hold: Option<Duration>,
    /// It refuses the account.
    pub(super) refused: Option<Reason>,
    /// The account is not connected.
    pub(super) away: Option<Reason>,
    /// The first thing that went wrong.
    reason: Option<Reason>,
}

impl Tally {
    /// Whether the destination did what it is there for.
    pub(super) fn is_good(&self) -> bool {
        self.is_definite() && !self.throttled && self.is_account_fine()
    }

    /// Whether it said something definite of some job, or of the batch as a whole.
    pub(super) fn is_definite(&self) -> bool {
        self.definite > 0 || self.sorting
    }

    /// Whether it failed: no job got a definite answer.
    pub(super) fn is_failure(&self) -> bool {
        !self.is_definite() && self.is_account_fine()
    }

    fn is_account_fine(&self) -> bool {
        self.refused.is_none() && self.away.is_none()
    }
}

impl Dispatcher {
    /// Settles all jobs of an answer but those that go again at once.
    pub(super) fn judge(
        &mut self,
        sent: &InHand,
        answered: &Answered,
        draw: f64,
        now: Timestamp,
    ) -> Tally {
        let jobs = &sent.parcel.jobs;
        let mut judge = Judge {
            delivery: self.delivery,
            on_unknown: self.policy.on_unknown,
            now,
            attempt: attempt(sent, answered.status, now),
            due: Vec::new(),
            settlements: Vec::with_capacity(jobs.len()),
            tally: Tally {
                hold: told(answered.hold),
                ..Tally::default()
            },
        };
        match &answered.verdict {
            Verdict::All(disposition) => judge.all(jobs, disposition),
            Verdict::Each(each) => judge.each(jobs, each),
            Verdict::Without(named) => judge.without(jobs, named),
            Verdict::Bisect(reason) => judge.bisect(jobs, reason),
        }
        self.finish(judge, draw)
    }

    /// Settles jobs that no request carried.
    pub(super) fn settle_unsent<T>(
        &mut self,
        jobs: Vec<(JobId, T)>,
        outcome: impl Fn(T) -> Outcome,
    ) {
        if jobs.is_empty() {
            return;
        }
        let settle = |(job, why)| Settlement {
            job,
            outcome: outcome(why),
            attempt: None,
        };
        let settlements: Vec<_> = jobs.into_iter().map(settle).collect();
        let died = count(&settlements, |outcome| {
            matches!(outcome, Outcome::Dead { .. })
        });
        let released = count(&settlements, |outcome| *outcome == Outcome::Release);
        self.tell(died, |count| Observation::JobsDied { count });
        let snoozed = count(&settlements, |outcome| {
            matches!(outcome, Outcome::Snooze { .. })
        });
        let cancelled = count(&settlements, |outcome| {
            matches!(outcome, Outcome::Cancelled { .. })
        });
        self.tell(released, |count| Observation::JobsReleased { count });
        self.tell(snoozed, |count| Observation::JobsSnoozed { count });
        self.tell(cancelled, |count| Observation::JobsCancelled { count });
        self.commands.push_back(Command::Settle(settlements));
    }

    /// Gives jobs back to their places.
    pub(super) fn release(&mut self, jobs: Vec<LeasedJob>) {
        let jobs = jobs.into_iter().map(|job| (job.id, ())).collect();
        self.settle_unsent(jobs, |()| Outcome::Release);
    }

    pub(super) fn tell_answer(
        &mut self,
        sent: &InHand,
        status: u16,
        tally: &Tally,
        now: Timestamp,
    ) {
        self.observations.push_back(Observation::RequestAnswered {
            status,
            jobs: u32::try_from(sent.parcel.jobs.len()).unwrap_or(u32::MAX),
            took: now.since(sent.started_at),
            reason: tally.reason.clone(),
        });
        self.tell(tally.delivered, |count| Observation::JobsDelivered {
            count,
        });
        let due_at = tally.due_at;
        self.tell(tally.retried, |count| Observation::JobsRetried {
            count,
            due_at,
        });
        self.tell(tally.died, |count| Observation::JobsDied { count });
        self.tell(tally.unknown, |count| Observation::JobsLeftUnknown {
            count,
        });
        self.tell(tally.released, |count| Observation::JobsReleased { count });
        self.tell(tally.snoozed, |count| Observation::JobsSnoozed { count });
    }

    fn tell(&mut self, count: u32, observation: impl Fn(u32) -> Observation) {
        if count > 0 {
            self.observations.push_back(observation(count));
        }
    }

    /// Gives the jobs that go again their due time. They share one draw and one place in the retry
    /// budget, so that they come back together and travel together.
    fn finish(&mut self, mut judge: Judge, draw: f64) -> Tally {
        let now = judge.now;
        if !judge.due.is_empty() {
            let owed = self.budget.on_retry(now);
            for (place, number, after) in judge.due {
                let wait = self.policy.retry.delay(number, after, draw).max(owed);
                let due_at = now + wait;
                judge.tally.due_at = judge.tally.due_at.max(due_at);
                judge.settlements[place].outcome = Outcome::Retry { due_at };
            }
        }
        if !judge.settlements.is_empty() {
            self.commands.push_back(Command::Settle(judge.settlements));
        }
        judge.tally
    }
}

/// Turns dispositions into settlements.
struct Judge {
    delivery: Delivery,
    on_unknown: OnUnknown,
    now: Timestamp,
    /// The attempt that each job made, without a reason yet.
    attempt: Attempt,
    /// Settlements that wait for their due time: place, attempt made, what was asked for.
    due: Vec<(usize, u8, Option<Duration>)>,
    settlements: Vec<Settlement>,
    tally: Tally,
}

impl Judge {
    fn all(&mut self, jobs: &[LeasedJob], disposition: &Disposition) {
        for job in jobs {
            self.one(job, disposition.clone());
        }
    }

    /// A job that the answer passes over may have been accepted or not.
    fn each(&mut self, jobs: &[LeasedJob], each: &[Disposition]) {
        let silent = || Disposition::Unknown {
            reason: Reason::new("answer_too_short", "the answer does not mention this job"),
        };
        for (place, job) in jobs.iter().enumerate() {
            self.one(job, each.get(place).cloned().unwrap_or_else(silent));
        }
    }

    fn without(&mut self, jobs: &[LeasedJob], named: &[(usize, Reason)]) {
        self.tally.sorting = true;
        self.tally.reason = named.first().map(|(_, reason)| reason.clone());
        if !names_any(named, jobs.len()) {
            let reason = Reason::new(
                "refused",
                "the batch was refused for a job it does not hold",
            );
            return self.bisect(jobs, &reason);
        }
        for (place, job) in jobs.iter().enumerate() {
            if let Some((_, reason)) = named.iter().find(|(at, _)| *at == place) {
                let reason = reason.clone();
                self.one(job, Disposition::Rejected { reason });
            }
        }
    }

    fn bisect(&mut self, jobs: &[LeasedJob], reason: &Reason) {
        self.tally.sorting = true;
        self.tally.reason = Some(reason.clone());
        if let [job] = jobs {
            let reason = reason.clone();
            self.one(job, Disposition::Rejected { reason });
        }
    }

    fn one(&mut self, job: &LeasedJob, disposition: Disposition) {
        self.tally.definite += u32::from(is_definite(&disposition));
        match disposition {
            Disposition::Delivered { provider_id } => {
                self.tally.delivered += 1;
                self.settle(job, Outcome::Completed { provider_id }, None);
            }
            Disposition::Retry { reason, after } => self.again(job, reason, after),
            Disposition::Rejected { reason } => self.dead(job, reason),
            Disposition::Unauthorised { reason } => {
                self.tally.refused.get_or_insert_with(|| reason.clone());
                self.back(job, reason);
            }
            Disposition::Disconnected { reason } => {
                self.tally.away.get_or_insert_with(|| reason.clone());
                self.back(job, reason);
            }
            Disposition::Snoozed { reason, after } => self.snooze(job, reason, after),
            Disposition::Throttled { reason, after } => {
                self.tally.throttled = true;
                self.tally.hold = self.tally.hold.max(told(after));
                self.back(job, reason);
            }
            Disposition::Unknown { reason } => self.unknown(job, reason),
        }
    }

    fn unknown(&mut self, job: &LeasedJob, reason: Reason) {
        match (self.delivery, self.on_unknown) {
            (Delivery::Deduplicates, _) | (Delivery::NeverTwice, OnUnknown::Retry) => {
                self.again(job, reason, None);
            }
            (Delivery::NeverTwice, OnUnknown::Hold) => {
                self.tally.unknown += 1;
                let because = reason.clone();
                self.settle(job, Outcome::Unknown { reason }, Some(because));
            }
        }
    }

    fn again(&mut self, job: &LeasedJob, reason: Reason, after: Option<Duration>) {
        if job.attempt >= job.max_attempts {
            return self.dead(job, reason);
        }
        self.tally.retried += 1;
        self.due.push((self.settlements.len(), job.attempt, after));
        let due_at = self.now;
        self.settle(job, Outcome::Retry { due_at }, Some(reason));
    }

    fn dead(&mut self, job: &LeasedJob, reason: Reason) {
        self.tally.died += 1;
        let because = reason.clone();
        self.settle(job, Outcome::Dead { reason }, Some(because));
    }

    fn back(&mut self, job: &LeasedJob, reason: Reason) {
        self.tally.released += 1;
        self.settle(job, Outcome::Release, Some(reason));
    }

    fn snooze(&mut self, job: &LeasedJob, reason: Reason, after: Duration) {
        self.tally.snoozed += 1;
        let due_at = self.now + after.clamp(SHORTEST_SNOOZE, MAX_AFTER);
        self.settle(job, Outcome::Snooze { due_at }, Some(reason));
    }

    fn settle(&mut self, job: &LeasedJob, outcome: Outcome, reason: Option<Reason>) {
        if self.tally.reason.is_none() {
            self.tally.reason.clone_from(&reason);
        }
        let mut attempt = self.attempt.clone();
        attempt.reason = reason;
        self.settlements.push(Settlement {
            job: job.id,
            outcome,
            attempt: Some(attempt),
        });
    }
}

fn attempt(sent: &InHand, status: u16, now: Timestamp) -> Attempt {
    Attempt {
        started_at: sent.left_at.unwrap_or(sent.started_at),
        ended_at: now,
        status,
        batch: u32::try_from(sent.parcel.jobs.len()).unwrap_or(u32::MAX),
        reason: None,
    }
}

fn count(settlements: &[Settlement], is: impl Fn(&Outcome) -> bool) -> u32 {
    let found = settlements
        .iter()
        .filter(|settlement| is(&settlement.outcome));
    u32::try_from(found.count()).unwrap_or(u32::MAX)
}

/// Whether the destination named at least one job that is there; otherwise sending the rest again
/// would be sending the same again.
pub(super) fn names_any(named: &[(usize, Reason)], jobs: usize) -> bool {
    named.iter().any(|(place, _)| *place < jobs)
}

/// Whether the destination did its work on the job, one way or the other.
const fn is_definite(disposition: &Disposition) -> bool {
    matches!(
        disposition,
        Disposition::Delivered { .. } | Disposition::Rejected { .. } | Disposition::Snoozed { .. }
    )
}

/// A hold that says something: one of no length does not.
fn told(hold: Option<Duration>) -> Option<Duration> {
    hold.filter(|hold| !hold.is_zero())
}
