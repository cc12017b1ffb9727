//! Taking jobs in: all of a batch, or none of it.

use std::collections::BTreeMap;

use cauce_flow::{
    id::{JobId, QueueName},
    job::NewJob,
    time::Timestamp,
};

use super::{
    super::{
        keys,
        record::{JobHead, NameId, Owner, Record},
    },
    Held, State,
    fold::{DROPPED_DUPLICATE, drop_code},
    journal::Journal,
    plan::{Fault, Planned, Reply},
};
use crate::jobs::{Dropped, Enqueue, Enqueued, Error};

/// The largest payload; a record of the log takes no more, with what stands around it.
pub(in super::super) const MAX_PAYLOAD_BYTES: usize = 15 << 20;

impl Journal<'_> {
    pub(in super::super) fn enqueue(&mut self, batch: Enqueue, now: Timestamp) -> Planned {
        self.state.tick(now.as_millis());
        self.state.admit(&batch.jobs)?;
        let mut duplicates: BTreeMap<(NameId, NameId), u64> = BTreeMap::new();
        let mut answers = Vec::with_capacity(batch.jobs.len());
        for job in &batch.jobs {
            let key = match &job.idempotency_key {
                Some(key) => keys::hash(job.tenant.as_str(), key),
                None => 0,
            };
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
            payload_len: u32::try_from(job.payload.len()).unwrap_or(u32::MAX),
        };
        self.say_with(&Record::Job(head), &job.payload)?;
        Ok(self.state.id(number, head.enqueued_at))
    }
}

impl State {
    /// Refuses a batch that a queue cannot take.
    fn admit(&self, jobs: &[NewJob]) -> Result<(), Error> {
        let mut queues: Vec<(&QueueName, u64, u64)> = Vec::new();
        for job in jobs {
            let bytes = job.payload.len() as u64;
            match queues
                .iter_mut()
                .find(|(queue, ..)| **queue == job.line.queue)
            {
                Some((_, count, sum)) => {
                    *count += 1;
                    *sum += bytes;
                }
                None => queues.push((&job.line.queue, 1, bytes)),
            }
            self.refuse_draining(job)?;
            refuse_too_large(job)?;
        }
        queues
            .into_iter()
            .try_for_each(|(queue, count, bytes)| self.has_room(queue, count, bytes))
    }

    fn refuse_draining(&self, job: &NewJob) -> Result<(), Error> {
        if self.gates.is_empty() {
            return Ok(());
        }
        let queue = self.names.number(job.line.queue.as_str()).unwrap_or(0);
        let tenant = self.names.number(job.tenant.as_str()).unwrap_or(0);
        if self.is_draining(queue, tenant) {
            return Err(Error::Draining {
                queue: job.line.queue.clone(),
            });
        }
        Ok(())
    }

    fn has_room(&self, queue: &QueueName, count: u64, bytes: u64) -> Result<(), Error> {
        let Some(number) = self.names.number(queue.as_str()) else {
            return Ok(());
        };
        let held = self.pending.get(&number);
        let Held { jobs, bytes: held } =
            held.map_or_else(Held::default, |at| self.held[*at as usize]);
        let full = |limit, setting| Error::Full {
            queue: queue.clone(),
            limit,
            setting,
        };
        if jobs + count > self.keeping.max_jobs {
            return Err(full(format!("{} jobs", self.keeping.max_jobs), "max_jobs"));
        }
        if held + bytes > self.keeping.max_bytes {
            return Err(full(
                format!("{} bytes", self.keeping.max_bytes),
                "max_bytes",
            ));
        }
        Ok(())
    }
}

fn refuse_too_large(job: &NewJob) -> Result<(), Error> {
    if job.payload.len() <= MAX_PAYLOAD_BYTES {
        return Ok(());
    }
    Err(Error::Full {
        queue: job.line.queue.clone(),
        limit: format!("{MAX_PAYLOAD_BYTES} bytes a job"),
        setting: "max_payload_bytes",
    })
}
