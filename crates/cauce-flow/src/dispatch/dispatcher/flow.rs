//! What is claimed, what waits in hand, and what leaves.

use std::time::Duration;

use super::{
    Claim, Claimed, Command, Dispatcher, InHand, Parcel, RequestId, Send, Switch, gates::Opens,
};
use crate::{
    dispatch::batcher::{self, Flush},
    job::LeasedJob,
    observation::Observation,
    queue::{backlog::Backlog, settlement::Outcome},
    time::Timestamp,
};

/// Claimed jobs are kept in hand for a gate that opens within this time; for any other they go back
/// to the store, where they can be seen, cancelled and expired.
const PATIENCE: Duration = Duration::from_secs(5);
/// A noted start that is older than this no longer says when its request leaves.
const NOTE_HOLDS: Duration = Duration::from_millis(500);
/// Requests of several jobs that one claim fills at most, which bounds the jobs in hand.
const MAX_BATCHES_PER_CLAIM: u32 = 16;
/// Requests of one job that one claim brings at most.
const MAX_SINGLES_PER_CLAIM: u32 = 512;

impl Dispatcher {
    /// The answer to [`Command::Claim`].
    pub fn on_claimed(&mut self, claimed: Claimed, now: Timestamp) {
        assert!(self.claiming, "a claim was answered that nobody made");
        self.claiming = false;
        let nothing = claimed.is_empty();
        // A store that gives nothing although something waits would be asked for ever; it is asked
        // again when it says that the backlog has changed.
        self.backlog = if nothing {
            Backlog::default()
        } else {
            claimed.backlog
        };
        self.settle_unsent(claimed.refused, |reason| Outcome::Dead { reason });
        self.settle_unsent(claimed.cancelled, |reason| Outcome::Cancelled { reason });
        self.settle_unsent(claimed.put_off, |due_at| Outcome::Snooze { due_at });
        let requests = claimed.requests.into_iter().filter(|jobs| !jobs.is_empty());
        self.ready.extend(requests.map(|jobs| Parcel {
            jobs,
            series: None,
            noted_at: Some(now),
        }));
        self.withdraw_shut();
        self.go_on(now);
    }

    /// The body of a request has been handed to the socket.
    pub fn on_left(&mut self, request: RequestId, now: Timestamp) {
        if let Some(sent) = self.sent.get_mut(&request)
            && sent.left_at.is_none()
        {
            sent.left_at = Some(now);
            self.quota.on_left(now);
        }
        self.go_on(now);
    }

    /// A request has not left and never will: its jobs go back as if it had not been.
    pub fn on_unsent(&mut self, request: RequestId, now: Timestamp) {
        if let Some(sent) = self.sent.remove(&request) {
            let parcel = self.undo_start(sent, now);
            self.release(parcel.into_jobs());
        }
        self.go_on(now);
    }

    /// A request is lost to the edge, which ends the leases of its jobs by itself. Answers them.
    pub fn on_lost(&mut self, request: RequestId, now: Timestamp) -> Vec<LeasedJob> {
        let sent = self.sent.remove(&request);
        let lost = sent.map(|sent| self.undo_start(sent, now).into_jobs());
        self.go_on(now);
        lost.unwrap_or_default()
    }

    /// Does everything that the gates allow, and finds out when they allow more.
    pub(super) fn go_on(&mut self, now: Timestamp) {
        self.quota.advance(now);
        if self.sent.is_empty() && !self.claiming {
            self.shut.clear();
        }
        self.give_back(now);
        self.send(now);
        self.claim(now);
        self.tell_exhaustion(now);
        self.timeout = self.next_moment(now);
    }

    /// Takes back requests whose command nobody has seen yet.
    pub(super) fn take_back_sends(&mut self) {
        let (sends, others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.commands)
            .into_iter()
            .partition(|command| matches!(command, Command::Send(_)));
        self.commands.extend(others);
        for command in sends.into_iter().rev() {
            let Command::Send(send) = command else {
                continue;
            };
            if let Some(sent) = self.sent.remove(&send.request) {
                let now = sent.started_at;
                let parcel = self.undo_start(sent, now);
                self.ready.push_front(parcel);
            }
        }
    }

    /// Gives back what is in hand of shut groups.
    pub(super) fn withdraw_shut(&mut self) {
        if self.shut.is_empty() || self.ready.is_empty() {
            return;
        }
        let shut = std::mem::take(&mut self.shut);
        let goes = |job: &LeasedJob| {
            let group = job.group.clone();
            group.is_some_and(|group| shut.contains(&(job.tenant.clone(), group)))
        };
        let mut gone = Vec::new();
        for mut parcel in std::mem::take(&mut self.ready) {
            gone.extend(parcel.jobs.extract_if(.., |job| goes(job)));
            if let Some(series) = &mut parcel.series {
                gone.extend(series.rest.withdraw(goes));
            }
            match (parcel.jobs.is_empty(), parcel.series.take()) {
                (true, None) => {}
                (true, Some(series)) => self.resume_series(series),
                (false, series) => {
                    parcel.series = series;
                    self.ready.push_back(parcel);
                }
            }
        }
        self.shut = shut;
        self.release(gone);
    }

    /// Gives back the jobs in hand that would have to wait for long. A refused batch that is being
    /// sorted out is kept while only the rate is short: given back, it would come together again
    /// and be refused again.
    fn give_back(&mut self, now: Timestamp) {
        if self.ready.is_empty() {
            return;
        }
        let line = self.line_opens(now).is_far(PATIENCE, now);
        let rate = self.rate_opens(now).is_far(PATIENCE, now);
        if !line && !rate {
            return;
        }
        let parcels = std::mem::take(&mut self.ready);
        let (back, kept): (Vec<_>, Vec<_>) = parcels
            .into_iter()
            .partition(|parcel| line || parcel.series.is_none());
        self.ready.extend(kept);
        self.release(back.into_iter().flat_map(Parcel::into_jobs).collect());
    }

    fn send(&mut self, now: Timestamp) {
        let mut slots = self.slots(now);
        while slots > 0 {
            let Some(mut parcel) = self.ready.pop_front() else {
                return;
            };
            self.release_expired(&mut parcel, now);
            if !parcel.jobs.is_empty() {
                self.start(parcel, now);
                slots -= 1;
            }
        }
    }

    /// Gives back jobs whose time ran out in hand; the rest of their batch travels without them.
    fn release_expired(&mut self, parcel: &mut Parcel, now: Timestamp) {
        let expired = |job: &mut LeasedJob| job.expires_at <= now;
        let late: Vec<_> = parcel.jobs.extract_if(.., expired).collect();
        self.release(late);
        if parcel.jobs.is_empty()
            && let Some(series) = parcel.series.take()
        {
            self.resume_series(series);
        }
    }

    fn start(&mut self, parcel: Parcel, now: Timestamp) {
        let taken = self.quota.try_take(1, now);
        assert!(taken.is_ok(), "a request started without a slot");
        let request = RequestId(self.next_request);
        self.next_request += 1;
        if parcel.series.is_none() {
            let fresh = parcel.jobs.iter().filter(|job| job.attempt <= 1).count();
            self.budget.on_sent(fresh, parcel.jobs.len(), now);
        }
        self.commands.push_back(Command::Send(Send {
            request,
            jobs: parcel.jobs.clone(),
            noted: parcel.noted_at.is_some_and(|at| now.since(at) < NOTE_HOLDS),
        }));
        let sent = InHand {
            parcel,
            started_at: now,
            left_at: None,
            place: self.in_flight.on_start(),
            pass: self.breaker.on_start(now),
        };
        self.sent.insert(request, sent);
    }

    fn undo_start(&mut self, sent: InHand, now: Timestamp) -> Parcel {
        match sent.left_at {
            None => self.quota.refund(1),
            left => self.quota.on_answered(left, now),
        }
        self.in_flight.on_end(sent.place, false);
        self.breaker.on_void(sent.pass);
        sent.parcel
    }

    /// Claims for the slots that nothing in hand will take.
    fn claim(&mut self, now: Timestamp) {
        if self.claiming || self.switch != Switch::On || !self.ready.is_empty() {
            return;
        }
        let Flush::Now(trigger) = batcher::ready(&self.backlog, &self.policy.batch, now) else {
            return;
        };
        let batch = &self.policy.batch;
        let most = if batch.is_single() {
            MAX_SINGLES_PER_CLAIM
        } else {
            MAX_BATCHES_PER_CLAIM
        };
        let max_requests = self.slots(now).min(most);
        if max_requests == 0 {
            return;
        }
        let requests = max_requests as usize;
        let waiting = self.backlog.waiting;
        self.claiming = true;
        self.commands.push_back(Command::Claim(Claim {
            max_jobs: batcher::jobs_to_claim(trigger, waiting, batch.max_items, requests),
            max_bytes: batch.max_bytes.saturating_mul(requests),
            max_requests,
        }));
    }

    fn tell_exhaustion(&mut self, now: Timestamp) {
        let works = !self.ready.is_empty() || self.batch_opens(now) == Opens::Now;
        match self.quota.refusal(1, now) {
            Some(refusal) if works && !self.exhaustion_told => {
                self.exhaustion_told = true;
                let (max, per) = (refusal.window.max, refusal.window.per);
                self.observations
                    .push_back(Observation::RateExhausted { max, per });
            }
            None if !works && !self.claiming => self.exhaustion_told = false,
            Some(_) | None => {}
        }
    }

    /// When the clock alone opens the way for what waits.
    fn next_moment(&self, now: Timestamp) -> Option<Timestamp> {
        let batch = if !self.ready.is_empty() {
            Opens::Now
        } else if self.claiming || self.switch != Switch::On {
            return None;
        } else {
            self.batch_opens(now)
        };
        match self.request_opens(now).max(batch) {
            Opens::At(at) => Some(at),
            Opens::Now | Opens::WithAnswer | Opens::ByHand => None,
        }
    }
}

impl Parcel {
    /// All jobs: its own, and those of its series that are still to be sent.
    pub(super) fn into_jobs(self) -> Vec<LeasedJob> {
        let rest = self.series.map(|series| series.rest.into_rest());
        self.jobs
            .into_iter()
            .chain(rest.unwrap_or_default())
            .collect()
    }
}
