//! Taking jobs in: all of a batch, or none of it.

use std::collections::BTreeMap;

use cauce_flow::{id::JobId, job::NewJob, time::Timestamp};

use super::{
    super::{
        keys,
        record::{JobHead, NameId, Owner, Record},
    },
    fold::{DROPPED_DUPLICATE, drop_code},
    journal::Journal,
    plan::{Fault, Planned, Reply},
};
use crate::jobs::{Dropped, Enqueue, Enqueued};

impl Journal<'_> {
    pub(in super::super) fn enqueue(&mut self, batch: Enqueue, now: Timestamp) -> Planned {
        self.state.tick(now.as_millis());
        self.state
            .admit_mark(batch.mark.as_ref(), batch.jobs.is_empty())?;
        let keys: Vec<u128> = batch.jobs.iter().map(key_of).collect();
        self.state.admit(&batch.jobs, &keys, now)?;
        if let Some(mark) = &batch.mark {
            self.mark(mark)?;
        }
        let mut duplicates: BTreeMap<(NameId, NameId), u64> = BTreeMap::new();
        let mut answers = Vec::with_capacity(batch.jobs.len());
        for (job, key) in batch.jobs.iter().zip(keys) {
            let known = if key == 0 {
                None
            } else {
                self.state.keys.find(key, now.as_millis())
            };
            if let Some(first) = known {
                let queue = self.name(job.line.queue.as_str())?;
                let tenant = self.name(job.tenant.as_str())?;
                *duplicates.entry((queue, tenant)).or_default() += 1;
                let id = self.state.id(first.number, first.enqueued_at);
                answers.push(Enqueued {
                    id,
                    duplicate: true,
                });
                continue;
            }
            answers.push(Enqueued {
                id: self.take(job, key, now)?,
                duplicate: false,
            });
        }
        for ((queue, tenant), count) in duplicates {
            let (at, why) = (now.as_millis(), DROPPED_DUPLICATE);
            self.say(&Record::Dropped {
                queue,
                tenant,
                at,
                why,
                count,
            })?;
        }
        batch
            .dropped
            .into_iter()
            .try_for_each(|dropped| self.drop_events(dropped, now))?;
        Ok(Reply::Enqueued(answers))
    }

    fn drop_events(&mut self, dropped: Dropped, now: Timestamp) -> Result<(), cauce_log::Error> {
        let queue = self.name(dropped.queue.as_str())?;
        let tenant = self.name(dropped.tenant.as_str())?;
        let (at, why) = (now.as_millis(), drop_code(dropped.why));
        self.say(&Record::Dropped {
            queue,
            tenant,
            at,
            why,
            count: dropped.count,
        })?;
        Ok(())
    }

    fn take(&mut self, job: &NewJob, key: u128, now: Timestamp) -> Result<JobId, Fault> {
        let owner = Owner {
            queue: self.name(job.line.queue.as_str())?,
            account: self.name(job.line.account.as_str())?,
            tenant: self.name(job.tenant.as_str())?,
        };
        let group = match &job.group {
            Some(group) => self.name(group.as_str())?,
            None => 0,
        };
        let number = self.state.next_number;
        let head = JobHead {
            number,
            owner,
            group,
            priority: job.priority.index() as u8,
            max_attempts: job.max_attempts.max(1),
            enqueued_at: now.as_millis(),
            due_at: job.due_at.max(now).as_millis(),
            expires_at: job.expires_at.as_millis(),
            key,
            coalesce: coalesce_key(job),
            payload_len: u32::try_from(job.payload.len()).unwrap_or(u32::MAX),
        };
        self.say_with(&Record::Job(head), &job.payload)?;
        if head.coalesce != 0 {
            match head.due_at <= head.enqueued_at {
                true => self.supersede_older(number, head.enqueued_at)?,
                false => self.supersede_later(number, head.due_at, head.enqueued_at)?,
            }
        }
        Ok(self.state.id(number, head.enqueued_at))
    }
}

/// The hash of a job's idempotency key; 0 for none.
fn key_of(job: &NewJob) -> u128 {
    let key = job.idempotency_key.as_ref();
    key.map_or(0, |key| keys::hash(job.tenant.as_str(), key))
}

/// The hash of the key that the job replaces others by; 0 for none.
fn coalesce_key(job: &NewJob) -> u128 {
    let key = job.coalesce.as_ref();
    key.map_or(0, |key| keys::hash(job.tenant.as_str(), key))
}
