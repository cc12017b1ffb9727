//! What the cases have in common: a store, a time, and a look at the law after each step.

use std::{sync::Arc, time::Duration};

use cauce_flow::{
    id::JobId,
    job::{LeasedJob, Line, NewJob, State},
    priority::Priority,
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};

use super::{Limits, Opener};
use crate::jobs::{
    Claim, Enqueue, Enqueued, Error, GroupFigures, GroupGate, JobDetail, JobStore, Mark,
    NeverTwice, QueueCounts, Rescued, Scope, Select,
};

pub(super) const TENANT: &str = "acme";

pub(super) struct Scene {
    store: Option<Arc<dyn JobStore>>,
    opener: Opener,
    limits: Limits,
    pub(super) now: Timestamp,
}

impl Scene {
    pub(super) async fn new(opener: Opener, limits: Limits) -> Scene {
        let store = opener(limits).await;
        assert_eq!(store.lines(), [], "a case begins with an empty store");
        Scene {
            store: Some(store),
            opener,
            limits,
            now: Timestamp::from_millis(1_760_000_000_000),
        }
    }

    pub(super) fn store(&self) -> &Arc<dyn JobStore> {
        self.store.as_ref().expect("the store is open")
    }

    /// Closes the store and opens it again, as after a crash: what was leased is not settled.
    pub(super) async fn reopen(&mut self) {
        drop(self.store.take());
        self.store = Some((self.opener)(self.limits).await);
        self.lawful();
    }

    pub(super) async fn rescue(&self, never_twice: bool) -> Rescued {
        let decide: NeverTwice = Box::new(move |_| never_twice);
        let rescued = self
            .store()
            .rescue(decide, self.now)
            .await
            .expect("a rescue");
        self.lawful();
        rescued
    }

    /// Time goes on; the store is told.
    pub(super) async fn wait(&mut self, duration: Duration) {
        self.now = self.now + duration;
        while self.store().advance(self.now).await.expect("time goes on") == Some(self.now) {}
        self.lawful();
    }

    pub(super) async fn try_enqueue(&self, jobs: Vec<NewJob>) -> Result<Vec<Enqueued>, Error> {
        let batch = Enqueue {
            jobs,
            dropped: Vec::new(),
            mark: None,
        };
        let answer = self.store().enqueue(batch, self.now).await;
        self.lawful();
        answer
    }

    /// The same with a mark of the tenant's own group.
    pub(super) async fn try_mark(
        &self,
        jobs: Vec<NewJob>,
        group: &str,
        (upto, done): (u64, bool),
    ) -> Result<Vec<Enqueued>, Error> {
        let batch = Enqueue {
            jobs,
            dropped: Vec::new(),
            mark: Some(Mark {
                tenant: TENANT.parse().expect("a name"),
                group: group.parse().expect("a name"),
                upto,
                done,
            }),
        };
        let answer = self.store().enqueue(batch, self.now).await;
        self.lawful();
        answer
    }

    /// Sets the gate of the tenant's own group.
    pub(super) async fn set_group(&self, group: &str, gate: GroupGate) -> Result<u64, Error> {
        let (tenant, group) = (TENANT.parse(), group.parse());
        let (tenant, group) = (tenant.expect("a name"), group.expect("a name"));
        let set = self.store().set_group(tenant, group, gate, self.now).await;
        self.lawful();
        set
    }

    /// The figures of the tenant's own group.
    pub(super) fn group(&self, group: &str) -> GroupFigures {
        let (tenant, group) = (TENANT.parse(), group.parse());
        let kept = self
            .store()
            .group(&tenant.expect("a name"), &group.expect("a name"));
        kept.expect("a group that is kept")
    }

    pub(super) async fn enqueue(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        let answers = self.try_enqueue(jobs).await.expect("the jobs are taken");
        answers.into_iter().map(|answer| answer.id).collect()
    }

    pub(super) async fn claim(&self, max_jobs: usize) -> Vec<LeasedJob> {
        self.claim_bytes(max_jobs, usize::MAX).await
    }

    pub(super) async fn claim_bytes(&self, max_jobs: usize, max_bytes: usize) -> Vec<LeasedJob> {
        let claim = Claim {
            line: line(),
            max_jobs,
            max_bytes,
            requests: 1,
        };
        let leased = self.store().claim(claim, self.now).await.expect("a claim");
        self.lawful();
        leased
    }

    pub(super) async fn claim_ids(&self, max_jobs: usize) -> Vec<JobId> {
        self.claim(max_jobs)
            .await
            .into_iter()
            .map(|job| job.id)
            .collect()
    }

    /// Settles one job; an attempt was made unless it was released.
    pub(super) async fn settle(&self, job: JobId, outcome: Outcome) {
        let attempt = Attempt {
            started_at: self.now,
            ended_at: self.now,
            status: 200,
            batch: 1,
            reason: match &outcome {
                Outcome::Completed { .. } => None,
                _ => Some(reason("http_503")),
            },
        };
        let made = !matches!(outcome, Outcome::Release);
        let settlement = Settlement {
            job,
            outcome,
            attempt: Some(attempt).filter(|_| made),
        };
        self.store()
            .settle(vec![settlement], 1, self.now)
            .await
            .expect("a settlement");
        self.lawful();
    }

    pub(super) async fn complete(&self, jobs: &[LeasedJob]) {
        for job in jobs {
            self.settle(job.id, Outcome::Completed { provider_id: None })
                .await;
        }
    }

    /// Makes dead letters of so many new jobs.
    pub(super) async fn bury(&self, count: usize, code: &str) -> Vec<JobId> {
        let ids = self.enqueue(vec![job(); count]).await;
        let leased = self.claim(count).await;
        assert_eq!(leased.len(), count);
        for job in leased {
            self.settle(
                job.id,
                Outcome::Dead {
                    reason: reason(code),
                },
            )
            .await;
        }
        ids
    }

    pub(super) async fn job(&self, job: JobId) -> JobDetail {
        self.store()
            .job(job, Scope::All)
            .await
            .expect("a known job")
    }

    pub(super) async fn state(&self, job: JobId) -> State {
        self.job(job).await.summary.state
    }

    pub(super) fn counts(&self) -> QueueCounts {
        let queue = line().queue;
        self.store()
            .counts(&Scope::All)
            .remove(&queue)
            .unwrap_or_default()
    }

    pub(super) fn count(&self, state: State) -> u64 {
        self.counts().state(state)
    }

    /// The law of conservation, as the store itself sees it and as its figures tell it.
    pub(super) fn lawful(&self) {
        assert_eq!(self.store().audit(), []);
        for (queue, counts) in self.store().counts(&Scope::All) {
            let all: u64 = State::ALL.iter().map(|state| counts.state(*state)).sum();
            assert_eq!(counts.accepted, all, "{queue}: {counts:?}");
            let events = counts.accepted + counts.duplicates + counts.withheld + counts.rejected;
            assert_eq!(counts.received, events, "{queue}: {counts:?}");
        }
    }
}

pub(super) fn line() -> Line {
    Line {
        queue: "meta".parse().expect("a name"),
        account: "main".parse().expect("a name"),
    }
}

pub(super) fn job() -> NewJob {
    NewJob {
        line: line(),
        tenant: TENANT.parse().expect("a name"),
        priority: Priority::Normal,
        group: None,
        payload: "{\"n\":1}".into(),
        due_at: Timestamp::EPOCH,
        expires_at: Timestamp::NEVER,
        max_attempts: 5,
        idempotency_key: None,
        coalesce: None,
    }
}

pub(super) fn job_of(tenant: &str) -> NewJob {
    NewJob {
        tenant: tenant.parse().expect("a name"),
        ..job()
    }
}

pub(super) fn urgent(priority: Priority) -> NewJob {
    NewJob { priority, ..job() }
}

pub(super) fn grouped(group: &str) -> NewJob {
    NewJob {
        group: Some(group.parse().expect("a name")),
        ..job()
    }
}

pub(super) fn keyed(tenant: &str, key: &str) -> NewJob {
    NewJob {
        idempotency_key: Some(key.to_owned()),
        ..job_of(tenant)
    }
}

pub(super) fn reason(code: &str) -> Reason {
    Reason::new(code, format!("it said {code}"))
}

pub(super) fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

pub(super) fn own(tenant: &str) -> Scope {
    Scope::Tenant(tenant.parse().expect("a name"))
}

pub(super) fn everything() -> Select {
    Select::all(Scope::All)
}
