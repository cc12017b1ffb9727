//! Whether a batch may come in: all of it, or none.

use std::collections::HashMap;

use cauce_flow::{id::QueueName, job::NewJob, time::Timestamp};

use super::{Held, State};
use crate::jobs::Error;

/// The largest payload; a record of the log takes no more, with what stands around it.
const MAX_PAYLOAD_BYTES: usize = 15 << 20;

impl State {
    /// Refuses a batch that cannot be taken as a whole, and says which job is the first too many.
    /// Jobs whose key is known (`keys` has one for each job, 0 for none) need no room.
    pub(super) fn admit(
        &self,
        jobs: &[NewJob],
        keys: &[u128],
        now: Timestamp,
    ) -> Result<(), Error> {
        let mut coming = Coming::new(self);
        for (entry, (job, key)) in jobs.iter().zip(keys).enumerate() {
            self.refuse_draining(entry, job)?;
            refuse_too_large(entry, job)?;
            if *key == 0 || self.keys.find(*key, now.as_millis()).is_none() {
                coming.add(entry, job)?;
            }
        }
        Ok(())
    }

    fn refuse_draining(&self, entry: usize, job: &NewJob) -> Result<(), Error> {
        if self.gates.is_empty() {
            return Ok(());
        }
        let queue = self.names.number(job.line.queue.as_str()).unwrap_or(0);
        let tenant = self.names.number(job.tenant.as_str()).unwrap_or(0);
        if self.is_draining(queue, tenant) {
            return Err(Error::Draining {
                entry,
                queue: job.line.queue.clone(),
                tenant: job.tenant.clone(),
            });
        }
        Ok(())
    }

    /// What a queue holds of pending jobs.
    fn held_by(&self, queue: &QueueName) -> Held {
        let number = self.names.number(queue.as_str());
        let place = number.and_then(|number| self.pending.get(&number));
        place.map_or_else(Held::default, |place| self.held[*place as usize])
    }
}

fn refuse_too_large(entry: usize, job: &NewJob) -> Result<(), Error> {
    if job.payload.len() <= MAX_PAYLOAD_BYTES {
        return Ok(());
    }
    let limit = format!("{MAX_PAYLOAD_BYTES} bytes a job");
    Err(full(entry, job, limit, "max_payload_bytes"))
}

fn full(entry: usize, job: &NewJob, limit: String, setting: &'static str) -> Error {
    Error::Full {
        entry,
        queue: job.line.queue.clone(),
        tenant: job.tenant.clone(),
        limit,
        setting,
    }
}

/// What the queues would hold with the jobs so far.
struct Coming<'a> {
    state: &'a State,
    queues: HashMap<&'a QueueName, Held>,
}

impl<'a> Coming<'a> {
    fn new(state: &'a State) -> Coming<'a> {
        Coming {
            state,
            queues: HashMap::new(),
        }
    }

    fn add(&mut self, entry: usize, job: &'a NewJob) -> Result<(), Error> {
        let (state, keeping) = (self.state, &self.state.keeping);
        let name = &job.line.queue;
        let queue = self
            .queues
            .entry(name)
            .or_insert_with(|| state.held_by(name));
        queue.jobs += 1;
        queue.bytes += job.payload.len() as u64;
        if queue.jobs > keeping.max_jobs {
            let limit = format!("{} jobs", keeping.max_jobs);
            return Err(full(entry, job, limit, "max_jobs"));
        }
        if queue.bytes > keeping.max_bytes {
            let limit = format!("{} bytes", keeping.max_bytes);
            return Err(full(entry, job, limit, "max_bytes"));
        }
        Ok(())
    }
}
