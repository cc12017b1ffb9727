//! What only the log knows of a job: its payload, its attempts, why it failed.

use bytes::Bytes;
use cauce_flow::{
    id::JobId, job::State as JobState, priority::Priority, queue::settlement::Attempt,
    reason::Reason, time::Timestamp,
};
use cauce_log::Position;

use super::{
    Shared,
    record::{JobHead, Record, Settle, SettledOutcome, Standing},
    state::{SUPERSEDED, State},
    unread::Unread,
};
use crate::jobs::{
    Error, JobDetail, JobSummary,
    ends::{self, DAMAGED},
};

/// The `max_attempts` of a job that was copied forward though its record is damaged: nothing is
/// left of it but what the index knew. A job that was taken has one attempt at least.
pub(super) const STUB: u8 = 0;

/// A job's record, read: its head, what was copied forward with it, its payload.
pub(super) struct Stored {
    pub(super) head: JobHead,
    standing: Option<Standing>,
    pub(super) payload: Bytes,
}

impl Stored {
    pub(super) fn parse(of_kind: u8, body: &[u8]) -> Result<Stored, String> {
        let (head, standing) = parse_head(of_kind, body)?;
        let start = body.len().saturating_sub(head.payload_len as usize);
        Ok(Stored {
            head,
            standing,
            payload: Bytes::copy_from_slice(&body[start..]),
        })
    }

    /// The same, if it is the record of this job.
    pub(super) fn of(self, number: u64) -> Result<Stored, String> {
        if self.head.number == number {
            Ok(self)
        } else {
            Err("the index points at another job".to_owned())
        }
    }
}

/// All of a job's record but its payload.
pub(super) fn parse_head(of_kind: u8, body: &[u8]) -> Result<(JobHead, Option<Standing>), String> {
    let found = match Record::decode(of_kind, body) {
        Ok(Record::Job(head)) => (head, None),
        Ok(Record::Moved { head, standing }) => (head, Some(standing)),
        Ok(_) => return Err("the index points at a record that is not a job".to_owned()),
        Err(fault) => return Err(fault.to_string()),
    };
    if found.0.max_attempts == STUB {
        return Err("its record was damaged before it was copied forward".to_owned());
    }
    Ok(found)
}

/// What memory knows of a job, taken under the lock before the log is read.
#[derive(Clone)]
pub(super) struct Known {
    summary: JobSummary,
    position: u64,
    chain: u64,
    code: String,
    /// When it expires, where that is not what its record says.
    expires_at: Option<i64>,
}

impl State {
    /// What memory knows of a job.
    pub(super) fn known(&self, number: u64) -> Option<Known> {
        let entry = self.table.get(number)?;
        let lane = self.lane(entry);
        let end = self.finished.get(&number);
        let summary = JobSummary {
            id: self.id(number, 0),
            line: self.line_state(lane.line).line.clone(),
            tenant: lane.tenant.clone(),
            group: lane.group_name.clone(),
            state: entry.state(),
            priority: Priority::from_index(entry.priority()).unwrap_or_default(),
            attempt: entry.attempt(),
            max_attempts: 0,
            enqueued_at: Timestamp::EPOCH,
            due_at: Timestamp::from_millis(entry.due_at()),
            expires_at: Timestamp::NEVER,
            finished_at: end.map(|end| Timestamp::from_millis(end.at)),
            last_error: None,
        };
        Some(Known {
            summary,
            position: entry.position,
            chain: self.chains.get(&number).copied().unwrap_or(0),
            code: end.map(|end| end.code.to_string()).unwrap_or_default(),
            expires_at: self.renewed.get(&number).copied(),
        })
    }
}

/// One job in full; none where it is not known. `whole` reads every attempt; else the last one only.
pub(super) fn read_job(
    shared: &Shared,
    number: u64,
    whole: bool,
) -> Result<Option<JobDetail>, Error> {
    /// What is not flushed yet is read again a millisecond later, for as long as a disk may take.
    const MAX_TRIES: usize = 10_000;
    for _ in 0..MAX_TRIES {
        let Some(known) = shared.state.lock().known(number) else {
            return Ok(None);
        };
        match read_detail(shared, known.clone(), whole) {
            Ok(detail) => return Ok(Some(detail)),
            Err(Unread::Moved) => {}
            Err(Unread::Unflushed) => std::thread::sleep(std::time::Duration::from_millis(1)),
            Err(failed @ Unread::Failed(_)) => return Err(failed.into()),
            Err(Unread::Damaged(fault)) => {
                tracing::error!(number, fault, "a job cannot be read");
                return Ok(Some(known.without_record(shared.instance)));
            }
        }
        if shared.broken.borrow().is_some() {
            break;
        }
    }
    Err(shared.why_stopped())
}

impl JobDetail {
    /// Whether nothing is left of the job but what the index knows.
    pub(super) fn is_damaged(&self) -> bool {
        let damaged = |reason: &Reason| reason.code == DAMAGED;
        self.payload.is_empty() && self.summary.last_error.as_ref().is_some_and(damaged)
    }
}

impl Known {
    /// Where the record of its last attempt stands; 0 for none.
    pub(super) fn chain(&self) -> u64 {
        self.chain
    }

    /// All that is left of a job whose record is damaged.
    pub(super) fn without_record(self, instance: u32) -> JobDetail {
        let mut summary = self.summary;
        // Nearly always a job was due when it was taken.
        summary.enqueued_at = summary.due_at;
        summary.id = JobId::new(summary.id.number(), instance, summary.enqueued_at);
        summary.last_error = Some(Reason::new(
            DAMAGED,
            "its record in the log is damaged; its payload is lost",
        ));
        JobDetail {
            summary,
            attempts: Vec::new(),
            provider_id: None,
            payload: Bytes::new(),
        }
    }
}

pub(super) fn read_detail(shared: &Shared, known: Known, whole: bool) -> Result<JobDetail, Unread> {
    let Known {
        mut summary,
        position,
        chain,
        code,
        expires_at,
    } = known;
    let record = shared.reader.read(Position::from_u64(position))?;
    let stored = Stored::parse(record.kind, &record.body)
        .and_then(|stored| stored.of(summary.id.number()))
        .map_err(Unread::Damaged)?;
    let told = read_chain(shared, stored.head.number, chain, whole)?;
    let mut attempts = stored
        .standing
        .as_ref()
        .map(|s| s.attempts.clone())
        .unwrap_or_default();
    attempts.extend(told.attempts);
    summary.id = JobId::new(
        stored.head.number,
        shared.instance,
        Timestamp::from_millis(stored.head.enqueued_at),
    );
    summary.max_attempts = stored.head.max_attempts;
    summary.enqueued_at = Timestamp::from_millis(stored.head.enqueued_at);
    summary.expires_at = Timestamp::from_millis(expires_at.unwrap_or(stored.head.expires_at));
    let own_reason = stored.standing.as_ref().and_then(|s| s.reason.clone());
    let told_reason = told
        .reason
        .or(own_reason)
        .or_else(|| attempts.last().and_then(|attempt| attempt.reason.clone()));
    // An end that no attempt explains came after all attempts.
    let explains_itself = told_reason
        .as_ref()
        .is_some_and(|reason| reason.code == code);
    summary.last_error = if explains_itself {
        told_reason
    } else {
        explain(summary.state, &code).or(told_reason)
    };
    if summary.state == JobState::Completed {
        summary.last_error = None;
    }
    let copied = stored
        .standing
        .map(|s| s.provider_id)
        .filter(|id| !id.is_empty());
    let provider_id = told.provider_id.or(copied);
    Ok(JobDetail {
        summary,
        attempts,
        provider_id,
        payload: stored.payload,
    })
}

/// What an end means that no attempt explains.
fn explain(state: JobState, code: &str) -> Option<Reason> {
    match (state, code) {
        (JobState::Cancelled, SUPERSEDED) => Some(Reason::new(
            SUPERSEDED,
            "a newer one with the same key went in its place",
        )),
        _ => ends::explain(state, code),
    }
}

/// What the records of a job's attempts tell, oldest first.
#[derive(Default)]
struct Told {
    attempts: Vec<Attempt>,
    reason: Option<Reason>,
    provider_id: Option<String>,
}

fn read_chain(
    shared: &Shared,
    number: u64,
    mut position: u64,
    whole: bool,
) -> Result<Told, cauce_log::Error> {
    /// More attempts than any policy allows, so that a damaged chain ends.
    const MAX_LINKS: usize = 10_000;
    let mut told = Told::default();
    for link in 0..MAX_LINKS {
        if position == 0 || (link > 0 && !whole) {
            break;
        }
        let record = match shared.reader.read(Position::from_u64(position)) {
            Ok(record) => record,
            // The attempts before it are lost, and nothing else.
            Err(cauce_log::Error::Corrupt { .. }) => break,
            Err(error) => return Err(error),
        };
        let Ok(Record::Settle(settle)) = Record::decode(record.kind, &record.body) else {
            break;
        };
        position = told.add(&settle, number, link == 0);
    }
    told.attempts.reverse();
    Ok(told)
}

impl Told {
    /// Takes in what one record tells of the job. Answers where the record before it stands.
    fn add(&mut self, settle: &Settle, number: u64, newest: bool) -> u64 {
        let Some(job) = settle.jobs.iter().find(|job| job.number == number) else {
            return 0;
        };
        if let Some(attempt) = job
            .attempt
            .and_then(|place| settle.attempts.get(place as usize))
        {
            self.attempts.push(attempt.clone());
        }
        if newest {
            let reason = |place: u32| settle.reasons.get(place as usize).cloned();
            match &job.outcome {
                SettledOutcome::Dead { reason: place }
                | SettledOutcome::Cancelled { reason: place }
                | SettledOutcome::Unknown { reason: place } => {
                    self.reason = reason(*place);
                }
                SettledOutcome::Completed { provider_id, .. } if !provider_id.is_empty() => {
                    self.provider_id = Some(provider_id.clone());
                }
                SettledOutcome::Completed { .. }
                | SettledOutcome::Retry { .. }
                | SettledOutcome::Release
                | SettledOutcome::Snooze { .. }
                | SettledOutcome::Superseded { .. } => {}
            }
        }
        job.previous
    }
}
