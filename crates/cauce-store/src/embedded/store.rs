//! The embedded backend as a [`JobStore`].

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    id::{GroupName, JobId, QueueName, TenantId},
    job::{LeasedJob, Line, State as JobState},
    queue::{backlog::Backlog, settlement::Settlement},
    time::Timestamp,
};
use tokio::sync::Notify;

use super::{
    EmbeddedStore,
    ask::{Ask, done},
    fetching,
    looking::off_thread,
    state::Reply,
};
use crate::jobs::{
    Call, Change, Claim, DeadReason, Discrepancy, Enqueue, Enqueued, Error, Gate, GroupFigures,
    GroupGate, JobDetail, JobStore, Listed, NeverTwice, Page, QueueCounts, Recall, Replay, Rescued,
    Scope, Select, Start, Vitals,
};

use std::sync::atomic::Ordering;

/// Jobs that one commit ends, puts back or forgets.
const JOBS_A_COMMIT: usize = 5_000;
/// A job that the disk could not read is served again after so long.
const UNREAD_PAUSE: Duration = Duration::from_secs(10);

const UNFINISHED: [JobState; 2] = [JobState::Scheduled, JobState::Waiting];
const REPLAYABLE: [JobState; 2] = [JobState::Dead, JobState::Unknown];
const CLEANABLE: [JobState; 4] = [
    JobState::Completed,
    JobState::Dead,
    JobState::Expired,
    JobState::Cancelled,
];

impl JobStore for EmbeddedStore {
    fn enqueue(&self, batch: Enqueue, now: Timestamp) -> Call<'_, Vec<Enqueued>> {
        Box::pin(async move {
            match self.shared.ask(Ask::Enqueue(Box::new(batch), now)).await? {
                Reply::Enqueued(answers) => Ok(answers),
                other => unreachable!("asked to enqueue, got {other:?}"),
            }
        })
    }

    fn claim(&self, claim: Claim, now: Timestamp) -> Call<'_, Vec<LeasedJob>> {
        Box::pin(async move {
            let tickets = match self.shared.ask(Ask::Claim(claim, now)).await? {
                Reply::Leased(tickets) => tickets,
                other => unreachable!("asked for a claim, got {other:?}"),
            };
            if tickets.is_empty() {
                return Ok(Vec::new());
            }
            // What was taken lately is in the page cache: the read is a copy, not a wait.
            let mut claimed = fetching::read_tickets(&self.shared, &tickets, now);
            for (jobs, state) in claimed.ended() {
                if !jobs.is_empty() {
                    self.shared
                        .ask(Ask::End {
                            jobs,
                            state,
                            leased: true,
                            now,
                        })
                        .await?;
                }
            }
            if !claimed.unread.is_empty() {
                let (jobs, until) = (claimed.unread, now + UNREAD_PAUSE);
                self.shared.ask(Ask::PutOff { jobs, until, now }).await?;
            }
            Ok(claimed.jobs)
        })
    }

    fn begin(&self, start: Start, at: Timestamp) -> Call<'_, ()> {
        Box::pin(async move { self.shared.ask(Ask::Begin(start, at)).await.map(done) })
    }

    fn settle(&self, settlements: Vec<Settlement>, requests: u32, now: Timestamp) -> Call<'_, ()> {
        Box::pin(async move {
            self.shared
                .ask(Ask::Settle(settlements, requests, now))
                .await
                .map(done)
        })
    }

    fn rescue_line(&self, line: Line, never_twice: bool, now: Timestamp) -> Call<'_, Rescued> {
        Box::pin(async move {
            match self
                .shared
                .ask(Ask::RescueLine(line, never_twice, now))
                .await?
            {
                Reply::Rescued(rescued) => Ok(rescued),
                other => unreachable!("asked for a rescue, got {other:?}"),
            }
        })
    }

    fn rescue(&self, never_twice: NeverTwice, now: Timestamp) -> Call<'_, Rescued> {
        Box::pin(async move {
            match self.shared.ask(Ask::Rescue(never_twice, now)).await? {
                Reply::Rescued(rescued) => Ok(rescued),
                other => unreachable!("asked for a rescue, got {other:?}"),
            }
        })
    }

    fn cancel(&self, select: Select, now: Timestamp) -> Call<'_, u64> {
        Box::pin(async move {
            let numbers = self.shared.select(select, &UNFINISHED).await?;
            let mut count = 0;
            for step in numbers.chunks(JOBS_A_COMMIT) {
                let (jobs, state) = (step.to_vec(), JobState::Cancelled);
                count += self
                    .shared
                    .ask_count(Ask::End {
                        jobs,
                        state,
                        leased: false,
                        now,
                    })
                    .await?;
            }
            Ok(count)
        })
    }

    fn replay(&self, replay: Replay, now: Timestamp) -> Call<'_, u64> {
        Box::pin(async move {
            let mut numbers = self.shared.select(replay.select, &REPLAYABLE).await?;
            if replay.dry_run {
                return Ok(numbers.len() as u64);
            }
            // Oldest first, as they came.
            numbers.reverse();
            let (mut count, mut first) = (0, 0);
            for step in numbers.chunks(JOBS_A_COMMIT) {
                let (shared, jobs) = (Arc::clone(&self.shared), step.to_vec());
                let jobs = off_thread(move || fetching::read_spans(&shared, &jobs)).await??;
                let per_second = replay.per_second;
                let ask = Ask::Replay {
                    jobs,
                    first,
                    per_second,
                    now,
                };
                count += self.shared.ask_count(ask).await?;
                first += step.len();
            }
            Ok(count)
        })
    }

    fn resolve(&self, job: JobId, scope: Scope, delivered: bool, now: Timestamp) -> Call<'_, ()> {
        Box::pin(async move {
            self.shared.guard(job, scope).await?;
            self.shared
                .ask(Ask::Resolve {
                    job,
                    delivered,
                    now,
                })
                .await
                .map(done)
        })
    }

    fn forget(&self, job: JobId, scope: Scope, _now: Timestamp) -> Call<'_, ()> {
        Box::pin(async move {
            let found = self.shared.guard(job, scope).await?;
            match self
                .shared
                .ask_count(Ask::Forget(vec![job.number()]))
                .await?
            {
                0 => Err(Error::State { job, found }),
                _ => Ok(()),
            }
        })
    }

    fn change(&self, job: JobId, scope: Scope, change: Change, _now: Timestamp) -> Call<'_, ()> {
        Box::pin(async move {
            self.shared.guard(job, scope).await?;
            self.shared.ask(Ask::Change(job, change)).await.map(done)
        })
    }

    fn set_gate(
        &self,
        queue: QueueName,
        tenant: Option<TenantId>,
        gate: Gate,
        _now: Timestamp,
    ) -> Call<'_, ()> {
        Box::pin(async move {
            self.shared
                .ask(Ask::SetGate(queue, tenant, gate))
                .await
                .map(done)
        })
    }

    fn set_group(
        &self,
        tenant: TenantId,
        group: GroupName,
        gate: GroupGate,
        now: Timestamp,
    ) -> Call<'_, u64> {
        Box::pin(self.shared.set_group(tenant, group, gate, now))
    }

    fn forget_group(&self, tenant: TenantId, group: GroupName, _now: Timestamp) -> Call<'_, bool> {
        Box::pin(self.shared.forget_group(tenant, group))
    }

    fn clean(&self, select: Select, before: Timestamp, limit: u64) -> Call<'_, u64> {
        Box::pin(async move {
            let mut numbers = self.shared.select(select, &CLEANABLE).await?;
            {
                let state = self.shared.state.lock();
                numbers.retain(|number| {
                    state
                        .finished
                        .get(number)
                        .is_some_and(|end| end.at < before.as_millis())
                });
            }
            // The oldest go first.
            numbers.reverse();
            numbers.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let mut count = 0;
            for step in numbers.chunks(JOBS_A_COMMIT) {
                count += self.shared.ask_count(Ask::Forget(step.to_vec())).await?;
            }
            Ok(count)
        })
    }

    fn keep_note(&self, line: Line, note: Bytes) -> Call<'_, ()> {
        Box::pin(async move { self.shared.ask(Ask::KeepNote(line, note)).await.map(done) })
    }

    fn advance(&self, now: Timestamp) -> Call<'_, Option<Timestamp>> {
        Box::pin(async move {
            match self.shared.ask(Ask::Advance(now)).await? {
                Reply::Next(next) => Ok(next),
                other => unreachable!("asked to advance, got {other:?}"),
            }
        })
    }

    fn backlog(&self, line: &Line) -> Backlog {
        let mut state = self.shared.state.lock();
        state
            .line_number(line)
            .map(|line| state.backlog(line))
            .unwrap_or_default()
    }

    fn wakeup(&self, line: &Line) -> Arc<Notify> {
        self.shared.state.lock().wakeup(line)
    }

    fn nudge(&self) -> Arc<Notify> {
        Arc::clone(&self.shared.nudge)
    }

    fn gate(&self, queue: &QueueName, tenant: Option<&TenantId>) -> Gate {
        let state = self.shared.state.lock();
        let number = |name: &str| state.names.number(name).unwrap_or(0);
        match number(queue.as_str()) {
            0 => Gate::Open,
            queue => state.gate(queue, tenant.map_or(0, |tenant| number(tenant.as_str()))),
        }
    }

    fn group_gate(&self, tenant: &TenantId, group: &GroupName) -> GroupGate {
        self.shared.state.lock().group_gate(tenant, group)
    }

    fn group(&self, tenant: &TenantId, group: &GroupName) -> Option<GroupFigures> {
        self.shared.state.lock().group_figures(tenant, group)
    }

    fn latest(&self) -> Timestamp {
        Timestamp::from_millis(self.shared.state.lock().clock)
    }

    fn recall(&self, line: &Line, since: Timestamp) -> Recall {
        let state = self.shared.state.lock();
        let Some(line) = state.line_number(line) else {
            return Recall::default();
        };
        let line = state.line_state(line);
        let recent = line
            .starts
            .iter()
            .filter(|(at, _)| *at >= since.as_millis());
        Recall {
            starts: recent
                .map(|(at, n)| (Timestamp::from_millis(at), n))
                .collect(),
            note: line.note.clone(),
        }
    }

    fn counts(&self, scope: &Scope) -> BTreeMap<QueueName, QueueCounts> {
        self.shared.state.lock().counts(scope)
    }

    fn lines(&self) -> Vec<Line> {
        self.shared
            .state
            .lock()
            .line_states()
            .map(|line| line.line.clone())
            .collect()
    }

    fn list(&self, select: Select, page: Page) -> Call<'_, Listed> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { off_thread(move || shared.list(&select, page)).await? })
    }

    fn job(&self, job: JobId, scope: Scope) -> Call<'_, JobDetail> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { off_thread(move || shared.detail(job, &scope, true)).await? })
    }

    fn place(&self, job: JobId) -> Option<u64> {
        self.shared.state.lock().place_of(job.number())
    }

    fn waits_for(&self, job: JobId, scope: Scope) -> Call<'_, Option<JobId>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(async move { off_thread(move || shared.waits_for(job, &scope)).await? })
    }

    fn dead_reasons(&self, select: Select) -> Call<'_, Vec<DeadReason>> {
        let shared = Arc::clone(&self.shared);
        Box::pin(off_thread(move || shared.dead_reasons(&select)))
    }

    fn audit(&self) -> Vec<Discrepancy> {
        self.shared.state.lock().audit()
    }

    fn vitals(&self) -> Vitals {
        let (live_bytes, index_bytes) = {
            let state = self.shared.state.lock();
            (state.live_bytes(), state.index_bytes() as u64)
        };
        Vitals {
            backend: "embedded",
            disk_bytes: self.shared.log_bytes(),
            live_bytes,
            free_bytes: self.shared.free_bytes.load(Ordering::Relaxed),
            index_bytes,
            commits: self.shared.commits.load(Ordering::Relaxed),
            quarantined: self.shared.quarantined,
            broken: self.shared.broken.borrow().clone(),
        }
    }
}
