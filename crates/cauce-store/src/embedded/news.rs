//! What a record tells of the jobs in it, as news.

use bytes::Bytes;
use cauce_flow::{
    id::JobId,
    job::State as JobState,
    priority::Priority,
    queue::settlement::{Attempt, Outcome},
    reason::Reason,
    time::Timestamp,
};

use super::{
    record::{JobHead, NameId, Owner, Record, Settle, Settled, SettledOutcome, Standing},
    state::State,
};
use crate::jobs::{News, Taken, What};

/// News whose names are still numbers.
pub(super) struct Raw {
    position: u64,
    at: i64,
    number: u64,
    /// None where the record does not tell; then the index may.
    owner: Option<Owner>,
    what: What,
    group: NameId,
}

/// Adds what a record tells of jobs of the queues that are followed.
pub(super) fn tell(
    (position, record, body): (u64, Record, &[u8]),
    instance: u32,
    followed: &[NameId],
    news: &mut Vec<Raw>,
) {
    let follows = |owner: &Owner| followed.contains(&owner.queue);
    let mut say = |owner: Owner, at: i64, number: u64, what: What| {
        news.push(Raw {
            position,
            at,
            number,
            owner: Some(owner),
            what,
            group: 0,
        });
    };
    match record {
        Record::Job(head) if follows(&head.owner) => {
            let what = What::Taken(Box::new(taken(&head, instance, body)));
            say(head.owner, head.enqueued_at, head.number, what);
            if let Some(last) = news.last_mut() {
                last.group = head.group;
            }
        }
        Record::Moved { head, standing } if follows(&head.owner) => {
            let mut taken = taken(&head, instance, body);
            taken.due_at = Timestamp::from_millis(standing.due_at);
            let (owner, number) = (head.owner, head.number);
            say(
                owner,
                head.enqueued_at,
                number,
                What::Taken(Box::new(taken)),
            );
            if let Some(what) = stands(&standing) {
                say(owner, standing.finished_at, number, what);
            }
            let told = news
                .iter_mut()
                .rev()
                .take_while(|raw| raw.position == position);
            told.for_each(|raw| raw.group = head.group);
        }
        Record::Settle(settle) if follows(&settle.owner) => {
            for job in &settle.jobs {
                say(settle.owner, settle.at, job.number, settled(&settle, job));
            }
        }
        Record::End {
            owner,
            at,
            state,
            jobs,
        } if follows(&owner) => {
            let what = |number| say(owner, at, number, What::Ended { state });
            jobs.into_iter().for_each(what);
        }
        Record::Superseded {
            owner, at, jobs, ..
        } if follows(&owner) => {
            let state = JobState::Cancelled;
            let what = |number| say(owner, at, number, What::Ended { state });
            jobs.into_iter().for_each(what);
        }
        Record::Lost { burial, jobs } if follows(&burial.owner) => {
            let state = burial.state;
            let what = |number| say(burial.owner, burial.at, number, What::Ended { state });
            jobs.into_iter().for_each(what);
        }
        Record::Rescue {
            owner,
            at,
            state,
            jobs,
        } if follows(&owner) => {
            let what = |number| say(owner, at, number, What::Rescued { state });
            jobs.into_iter().for_each(what);
        }
        Record::Replay { owner, jobs, .. } if follows(&owner) => {
            for job in jobs {
                let due_at = Timestamp::from_millis(job.due_at);
                say(owner, job.due_at, job.number, What::Replayed { due_at });
            }
        }
        Record::Resolve {
            owner,
            at,
            job,
            state,
        } if follows(&owner) => {
            let delivered = state == JobState::Completed;
            say(owner, at, job, What::Resolved { delivered });
        }
        Record::Change {
            job,
            priority,
            due_at,
        } => news.push(Raw {
            position,
            at: 0,
            number: job,
            owner: None,
            what: What::Changed {
                priority: Priority::from_index(priority.into()).unwrap_or_default(),
                due_at: Timestamp::from_millis(due_at),
            },
            group: 0,
        }),
        _ => {}
    }
}

fn taken(head: &JobHead, instance: u32, body: &[u8]) -> Taken {
    let start = body.len().saturating_sub(head.payload_len as usize);
    let taken_at = Timestamp::from_millis(head.enqueued_at);
    Taken {
        job: JobId::new(head.number, instance, taken_at),
        group: None,
        priority: Priority::from_index(head.priority.into()).unwrap_or_default(),
        due_at: Timestamp::from_millis(head.due_at),
        expires_at: Timestamp::from_millis(head.expires_at),
        max_attempts: head.max_attempts,
        payload: Bytes::copy_from_slice(&body[start..]),
    }
}

/// What a job that was copied forward has come to.
fn stands(standing: &Standing) -> Option<What> {
    let attempt = standing.attempts.last().cloned();
    let reason = || {
        let last = attempt.as_ref().and_then(|attempt| attempt.reason.clone());
        standing
            .reason
            .clone()
            .or(last)
            .unwrap_or_else(|| Reason::new("", ""))
    };
    let outcome = match standing.state {
        JobState::Scheduled | JobState::Waiting | JobState::Active => return None,
        JobState::Completed => Outcome::Completed {
            provider_id: Some(standing.provider_id.clone()).filter(|id| !id.is_empty()),
        },
        JobState::Dead => Outcome::Dead { reason: reason() },
        JobState::Unknown => Outcome::Unknown { reason: reason() },
        state @ (JobState::Expired | JobState::Cancelled) => return Some(What::Ended { state }),
    };
    Some(What::Settled { outcome, attempt })
}

fn settled(settle: &Settle, job: &Settled) -> What {
    let reason = |place: u32| {
        let told = settle.reasons.get(place as usize).cloned();
        told.unwrap_or_else(|| Reason::new("", ""))
    };
    let due_at = |at: i64| Timestamp::from_millis(at);
    let outcome = match &job.outcome {
        SettledOutcome::Completed { provider_id, .. } => Outcome::Completed {
            provider_id: Some(provider_id.clone()).filter(|id| !id.is_empty()),
        },
        SettledOutcome::Retry { due_at: at } => Outcome::Retry {
            due_at: due_at(*at),
        },
        SettledOutcome::Snooze { due_at: at } => Outcome::Snooze {
            due_at: due_at(*at),
        },
        SettledOutcome::Release => Outcome::Release,
        SettledOutcome::Dead { reason: place } => Outcome::Dead {
            reason: reason(*place),
        },
        SettledOutcome::Unknown { reason: place } => Outcome::Unknown {
            reason: reason(*place),
        },
        SettledOutcome::Cancelled { reason: place } => Outcome::Cancelled {
            reason: reason(*place),
        },
        SettledOutcome::Superseded { .. } => {
            let state = JobState::Cancelled;
            return What::Ended { state };
        }
    };
    let attempt: Option<&Attempt> = job
        .attempt
        .and_then(|place| settle.attempts.get(place as usize));
    What::Settled {
        outcome,
        attempt: attempt.cloned(),
    }
}

impl State {
    /// News under the names of their queues, accounts, tenants and groups.
    pub(super) fn named_news(&self, raw: Vec<Raw>) -> Vec<News> {
        raw.into_iter().filter_map(|raw| self.named(raw)).collect()
    }

    fn named(&self, raw: Raw) -> Option<News> {
        let known = || {
            let entry = self.table.get(raw.number)?;
            Some(self.lane(entry).owner)
        };
        let owner = raw.owner.or_else(known)?;
        let mut what = raw.what;
        if let What::Taken(taken) = &mut what
            && self.names.is_known(raw.group)
        {
            taken.group = self.names.text(raw.group).parse().ok();
        }
        let at = if raw.at == 0 { self.clock } else { raw.at };
        self.unread.follows(owner.queue).then_some(News {
            position: raw.position,
            at: Timestamp::from_millis(at),
            number: raw.number,
            tenant: self.names.text(owner.tenant).parse().ok()?,
            queue: self.names.text(owner.queue).parse().ok()?,
            account: self.names.text(owner.account).parse().ok()?,
            what,
        })
    }
}
