//! Whether a batch may come in: all of it, or none.

use std::collections::HashMap;

use cauce_flow::{
    id::{QueueName, TenantId},
    job::NewJob,
    time::Timestamp,
};

use super::{Held, State};
use crate::jobs::{Error, GroupGate};

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
            self.refuse_stopped(job)?;
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

    fn refuse_stopped(&self, job: &NewJob) -> Result<(), Error> {
        let Some(group) = job.group.as_ref().filter(|_| self.groups.any_stopped()) else {
            return Ok(());
        };
        match self.group_gate(&job.tenant, group) {
            GroupGate::Open | GroupGate::Paused => Ok(()),
            GroupGate::Stopped => Err(Error::Stopped {
                group: group.clone(),
                tenant: job.tenant.clone(),
            }),
        }
    }

    /// What a tenant has pending in a queue.
    fn held_by_tenant(&self, queue: &QueueName, tenant: &TenantId) -> Held {
        let queue = self.names.number(queue.as_str());
        let tenant = self.names.number(tenant.as_str());
        let known = queue.zip(tenant);
        let counters = known.and_then(|(queue, tenant)| self.counters.get(queue, tenant));
        counters.map_or_else(Held::default, |counters| Held {
            jobs: counters.present[..3].iter().sum(),
            bytes: counters.pending_bytes,
        })
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

/// What the queues and their tenants would hold with the jobs so far.
struct Coming<'a> {
    state: &'a State,
    queues: HashMap<&'a QueueName, Held>,
    tenants: HashMap<(&'a QueueName, &'a TenantId), Held>,
}

/// One of the two limits of a queue, with what the queue and one of its tenants would hold.
struct Measure {
    setting: &'static str,
    unit: &'static str,
    max: u64,
    reserve: u64,
    queue: u64,
    tenant: u64,
}

impl<'a> Coming<'a> {
    fn new(state: &'a State) -> Coming<'a> {
        Coming {
            state,
            queues: HashMap::new(),
            tenants: HashMap::new(),
        }
    }

    fn add(&mut self, entry: usize, job: &'a NewJob) -> Result<(), Error> {
        let (state, keeping) = (self.state, &self.state.keeping);
        let (queue, tenant) = (&job.line.queue, &job.tenant);
        let of_queue = || state.held_by(queue);
        let of_tenant = || state.held_by_tenant(queue, tenant);
        let held = self.queues.entry(queue).or_insert_with(of_queue);
        let own = self
            .tenants
            .entry((queue, tenant))
            .or_insert_with(of_tenant);
        for held in [&mut *held, &mut *own] {
            held.jobs += 1;
            held.bytes += job.payload.len() as u64;
        }
        let jobs = Measure {
            setting: "max_jobs",
            unit: "jobs",
            max: keeping.max_jobs,
            reserve: keeping.reserve_jobs,
            queue: held.jobs,
            tenant: own.jobs,
        };
        let bytes = Measure {
            setting: "max_bytes",
            unit: "bytes",
            max: keeping.max_bytes,
            reserve: keeping.reserve_bytes,
            queue: held.bytes,
            tenant: own.bytes,
        };
        jobs.admit(entry, job)?;
        bytes.admit(entry, job)
    }
}

impl Measure {
    /// A full queue has a reserve for those who did not fill it: a tenant still gets in while it
    /// holds no more than what is left of the reserve. So no tenant can use up the reserve either:
    /// there is always some left for the next one.
    fn admit(&self, entry: usize, job: &NewJob) -> Result<(), Error> {
        let past = self.queue.saturating_sub(self.max);
        if past == 0 || self.tenant <= self.reserve.saturating_sub(past) {
            return Ok(());
        }
        let Measure {
            max, reserve, unit, ..
        } = self;
        if self.tenant > *reserve {
            return Err(full(entry, job, format!("{max} {unit}"), self.setting));
        }
        let limit = format!("{max} {unit}, and the reserve of {reserve} is used");
        Err(full(entry, job, limit, "tenant_reserve"))
    }
}
