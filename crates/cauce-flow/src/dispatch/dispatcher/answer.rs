//! What an answer means for the line: its breaker, its holds, its credentials, its refused batches.

use std::time::Duration;

use super::{
    Answered, Dispatcher, InHand, Parcel, RequestId, Series,
    settle::{Tally, names_any},
};
use crate::{
    dispatch::{
        backoff::MAX_AFTER,
        bisect::{Bisection, Side},
        breaker::{Change, Pass},
        disposition::Verdict,
    },
    job::LeasedJob,
    observation::Observation,
    reason::Reason,
    time::Timestamp,
};

/// The hold after the first throttled answer that does not say for how long; it doubles with each
/// further one.
const FIRST_HOLD: Duration = Duration::from_secs(1);
/// The longest such hold.
const LONGEST_HOLD: Duration = Duration::from_secs(60);
/// What is left of the rate after a throttled answer that does not say for how long.
const SHRUNK_PERCENT: u32 = 50;
/// For how long after the hold the rate stays so.
const SHRUNK_FOR: Duration = Duration::from_secs(60);

impl Dispatcher {
    /// A request has been answered, or has failed. `draw` is a number in `0.0..1.0` for the jitter
    /// of a retry. An answer to a request that is not on its way is ignored.
    pub fn on_answered(
        &mut self,
        request: RequestId,
        answered: Answered,
        draw: f64,
        now: Timestamp,
    ) {
        let Some(sent) = self.sent.remove(&request) else {
            return;
        };
        self.quota.on_answered(sent.left_at, now);
        let tally = self.judge(&sent, &answered, draw, now);
        self.tell_answer(&sent, answered.status, &tally, now);
        self.follow(&sent, &tally, now);
        self.sort_out(sent.parcel, answered.verdict, &tally);
        self.withdraw_shut();
        self.go_on(now);
    }

    /// What the answer says of the destination and the account.
    fn follow(&mut self, sent: &InHand, tally: &Tally, now: Timestamp) {
        let held_before = self.held_until;
        let new_burst = self.throttled_at.is_none_or(|at| sent.started_at > at);
        self.in_flight.on_end(sent.place, tally.is_good());
        if let Some(hold) = tally.hold {
            self.hold_for(hold, now);
        }
        if tally.throttled && new_burst {
            self.on_new_burst(tally, now);
        }
        let change = self.judge_destination(sent.pass, tally, new_burst, now);
        if let Some(reason) = &tally.refused {
            self.refuse_account(reason);
        }
        if let Some(reason) = &tally.away {
            self.note_away(reason.clone());
        }
        if tally.is_good() && tally.hold.is_none() {
            self.throttles = 0;
        }
        self.tell_breaker(change);
        if change.is_some() || held_before != self.held_until {
            self.persist(now);
        }
    }

    /// The first throttled answer of a burst. One that does not say for how long holds the line
    /// longer each time, and shrinks the rate beyond that.
    fn on_new_burst(&mut self, tally: &Tally, now: Timestamp) {
        self.throttled_at = Some(now);
        if tally.hold.is_some() {
            return;
        }
        let doubled = FIRST_HOLD * 2u32.pow(self.throttles.min(6));
        let hold = doubled.min(LONGEST_HOLD);
        self.throttles += 1;
        let shrunk_until = now + hold + SHRUNK_FOR;
        self.quota.shrink(SHRUNK_PERCENT, shrunk_until, now);
        self.hold_for(hold, now);
    }

    /// Tells the breaker how the destination did; the header of [`super`] says what counts.
    fn judge_destination(
        &mut self,
        pass: Pass,
        tally: &Tally,
        new_burst: bool,
        now: Timestamp,
    ) -> Option<Change> {
        if tally.throttled && tally.hold.is_some() && !new_burst {
            self.breaker.on_void(pass);
            return None;
        }
        if tally.throttled || tally.is_failure() {
            return self.breaker.on_failure(pass, now);
        }
        self.breaker.on_success(pass)
    }

    fn tell_breaker(&mut self, change: Option<Change>) {
        match change {
            Some(Change::Opened { until }) => {
                self.in_flight.restart();
                self.observations
                    .push_back(Observation::BreakerOpened { until });
            }
            Some(Change::Closed) => self.observations.push_back(Observation::BreakerClosed),
            None => {}
        }
    }

    /// Leaves the destination alone for so long; a hold that lasts longer stays as it is.
    fn hold_for(&mut self, hold: Duration, now: Timestamp) {
        let until = now + hold.min(MAX_AFTER);
        if until <= now || self.held_until.is_some_and(|held| held >= until) {
            return;
        }
        self.held_until = Some(until);
        self.in_flight.restart();
        self.observations
            .push_back(Observation::AccountHeld { until });
    }

    fn refuse_account(&mut self, reason: &Reason) {
        if self.refused.is_none() {
            self.refused = Some(reason.clone());
            let reason = reason.clone();
            self.observations
                .push_back(Observation::AccountRefused { reason });
        }
    }

    pub(super) fn note_away(&mut self, reason: Reason) {
        if self.away.is_none() {
            self.away = Some(reason.clone());
            self.observations
                .push_back(Observation::AccountDisconnected { reason });
        }
    }

    /// Puts up to be sent at once what a refused batch leaves to be sent.
    fn sort_out(&mut self, parcel: Parcel, verdict: Verdict, tally: &Tally) {
        let Parcel { jobs, series, .. } = parcel;
        match verdict {
            Verdict::Bisect(_) if jobs.len() > 1 => self.bisect(jobs, series),
            Verdict::Without(named) if names_any(&named, jobs.len()) => {
                let mut series = series.unwrap_or_else(Series::new);
                series.rest.push(without(jobs, &named));
                self.resume_series(series);
            }
            Verdict::Without(_) if jobs.len() > 1 => self.bisect(jobs, series),
            Verdict::All(_) | Verdict::Each(_) | Verdict::Without(_) | Verdict::Bisect(_) => {
                let Some(mut series) = series else { return };
                if tally.is_definite() {
                    series.rest.on_taken(series.side);
                }
                self.resume_series(series);
            }
        }
    }

    fn bisect(&mut self, jobs: Vec<LeasedJob>, series: Option<Series>) {
        let mut series = match series {
            Some(series) => series,
            None => {
                let jobs = u32::try_from(jobs.len()).unwrap_or(u32::MAX);
                self.observations
                    .push_back(Observation::BatchBisected { jobs });
                Series::new()
            }
        };
        let alone = series.rest.on_refused(jobs);
        assert!(alone.is_none(), "a batch of one is rejected, not halved");
        self.resume_series(series);
    }

    /// The next part of a series goes before everything else.
    pub(super) fn resume_series(&mut self, series: Series) {
        let mut rest = series.rest;
        if let Some((jobs, side)) = rest.next_part() {
            self.ready.push_front(Parcel {
                jobs,
                series: Some(Series { rest, side }),
                noted_at: None,
            });
        }
    }
}

impl Series {
    fn new() -> Series {
        Series {
            rest: Bisection::new(),
            side: Side::Alone,
        }
    }
}

/// The jobs that were not named.
fn without(jobs: Vec<LeasedJob>, named: &[(usize, Reason)]) -> Vec<LeasedJob> {
    let is_named = |place: usize| named.iter().any(|(at, _)| *at == place);
    let unnamed = jobs
        .into_iter()
        .enumerate()
        .filter(|(place, _)| !is_named(*place));
    unnamed.map(|(_, job)| job).collect()
}
