//! What only the log knows of a job: its payload, its attempts, why it failed.

use bytes::Bytes;
use cauce_flow::{
    id::JobId,
    job::{LeasedJob, State as JobState},
    priority::Priority,
    queue::settlement::Attempt,
    reason::Reason,
    time::Timestamp,
};
use cauce_log::Position;

use super::{
    Shared,
    compactor::Move,
    record::{JobHead, Record, Settle, SettledOutcome, Standing, kind},
    state::{State, Ticket},
};
use crate::jobs::{Error, JobDetail, JobSummary};

/// A job's record, read: its head, what was copied forward with it, its payload.
struct Stored {
    head: JobHead,
    standing: Option<Standing>,
    payload: Bytes,
}

impl Stored {
    fn parse(of_kind: u8, body: &[u8]) -> Result<Stored, String> {
        let (head, standing) = match Record::decode(of_kind, body) {
            Ok(Record::Job(head)) => (head, None),
            Ok(Record::Moved { head, standing }) => (head, Some(standing)),
            Ok(_) => return Err("the index points at a record that is not a job".to_owned()),
            Err(fault) => return Err(fault.to_string()),
        };
        let start = body.len().saturating_sub(head.payload_len as usize);
        Ok(Stored {
            head,
            standing,
            payload: Bytes::copy_from_slice(&body[start..]),
        })
    }
}

/// What a claim comes to: jobs to be delivered, jobs whose time ran out, and jobs whose record is
/// damaged, with their numbers.
#[derive(Default)]
pub(super) struct Claimed {
    pub(super) jobs: Vec<LeasedJob>,
    pub(super) expired: Vec<u64>,
    pub(super) damaged: Vec<u64>,
}

/// Reads the jobs behind tickets, in their order, neighbours in one read.
pub(super) fn read_tickets(shared: &Shared, tickets: &[Ticket], now: Timestamp) -> Claimed {
    let mut claimed = Claimed::default();
    let positions: Vec<Position> = tickets
        .iter()
        .map(|ticket| Position::from_u64(ticket.position))
        .collect();
    let mut visit = |place: usize, found: Result<cauce_log::Record<'_>, cauce_log::Error>| {
        let ticket = &tickets[place];
        let parsed = found
            .map_err(|error| error.to_string())
            .and_then(|record| Stored::parse(record.kind, record.body))
            .and_then(|stored| match stored.head.number == ticket.number {
                true => Ok(stored),
                false => Err("the index points at another job".to_owned()),
            });
        match parsed {
            Ok(stored) if stored.head.expires_at <= now.as_millis() => {
                claimed.expired.push(ticket.number);
            }
            Ok(stored) => claimed.jobs.push(leased(shared.instance, ticket, stored)),
            Err(fault) => {
                tracing::error!(number = ticket.number, fault, "a job cannot be read");
                claimed.damaged.push(ticket.number);
            }
        }
    };
    shared
        .reader
        .read_many(&positions, &mut Vec::new(), &mut visit);
    claimed
}

fn leased(instance: u32, ticket: &Ticket, stored: Stored) -> LeasedJob {
    let enqueued_at = Timestamp::from_millis(stored.head.enqueued_at);
    LeasedJob {
        id: JobId::new(ticket.number, instance, enqueued_at),
        tenant: ticket.tenant.clone(),
        priority: Priority::from_index(ticket.priority.into()).unwrap_or_default(),
        attempt: ticket.attempt,
        max_attempts: stored.head.max_attempts,
        enqueued_at,
        expires_at: Timestamp::from_millis(stored.head.expires_at),
        payload: stored.payload,
    }
}

/// What memory knows of a job, taken under the lock before the log is read.
pub(super) struct Known {
    summary: JobSummary,
    position: u64,
    chain: u64,
    code: String,
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
        })
    }
}

/// One job in full. `whole` reads every attempt; else the last one only.
pub(super) fn read_detail(shared: &Shared, known: Known, whole: bool) -> Result<JobDetail, Error> {
    let Known {
        mut summary,
        position,
        chain,
        code,
    } = known;
    let damaged = |fault: String| Error::Broken(fault.into());
    let record = shared
        .reader
        .read(Position::from_u64(position))
        .map_err(|error| damaged(error.to_string()))?;
    let stored = Stored::parse(record.kind, &record.body).map_err(damaged)?;
    let told = read_chain(shared, stored.head.number, chain, whole)
        .map_err(|error| damaged(error.to_string()))?;
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
    summary.expires_at = Timestamp::from_millis(stored.head.expires_at);
    let own_reason = stored.standing.as_ref().and_then(|s| s.reason.clone());
    summary.last_error = told
        .reason
        .or(own_reason)
        .or_else(|| attempts.last().and_then(|attempt| attempt.reason.clone()))
        .or_else(|| explain(summary.state, &code));
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
        (JobState::Dead, "poison") => Some(Reason::new(
            "poison",
            "the process crashed three times with this job in hand",
        )),
        (JobState::Unknown, "crashed") => Some(Reason::new(
            "crashed",
            "the process crashed while the request was on its way; it may have been accepted",
        )),
        (JobState::Dead, "resolved") => Some(Reason::new(
            "resolved",
            "a person said that it was not delivered",
        )),
        _ => None,
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
        let record = shared.reader.read(Position::from_u64(position))?;
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
                | SettledOutcome::Unknown { reason: place } => {
                    self.reason = reason(*place);
                }
                SettledOutcome::Completed { provider_id, .. } if !provider_id.is_empty() => {
                    self.provider_id = Some(provider_id.clone());
                }
                SettledOutcome::Completed { .. }
                | SettledOutcome::Retry { .. }
                | SettledOutcome::Release
                | SettledOutcome::Snooze { .. } => {}
            }
        }
        job.previous
    }
}

/// A job of the oldest segment as it is copied forward; none where it is not needed any more, or
/// stands elsewhere already.
pub(super) fn read_move(shared: &Shared, oldest: u32, number: u64) -> Result<Option<Move>, String> {
    let Some((position, known)) = ({
        let state = shared.state.lock();
        let position = state
            .table
            .get(number)
            .map(|entry| Position::from_u64(entry.position));
        position
            .filter(|position| position.segment() == oldest)
            .zip(state.known(number))
    }) else {
        return Ok(None);
    };
    let chain = known.chain;
    let record = shared
        .reader
        .read(position)
        .map_err(|error| error.to_string())?;
    let stored = Stored::parse(record.kind, &record.body)?;
    let detail = read_detail(shared, known, true).map_err(|error| error.to_string())?;
    let standing = Standing {
        state: detail.summary.state,
        priority: 0,
        attempt: 0,
        rescues: 0,
        due_at: 0,
        finished_at: 0,
        provider_id: detail.provider_id.unwrap_or_default(),
        reason: detail.summary.last_error,
        attempts: detail.attempts,
    };
    Ok(Some(Move {
        head: stored.head,
        position: position.as_u64(),
        chain,
        standing,
        payload: detail.payload.to_vec(),
    }))
}

/// What of a record is wanted again at start: everything but payloads.
pub(super) struct JobsDigest;

impl cauce_log::Digest for JobsDigest {
    fn version(&self) -> u16 {
        1
    }

    fn digest(&self, of_kind: u8, body: &[u8], out: &mut Vec<u8>) -> cauce_log::Replay {
        let payload = match of_kind {
            kind::JOB | kind::MOVED => match Record::decode(of_kind, body) {
                Ok(Record::Job(head) | Record::Moved { head, .. }) => head.payload_len as usize,
                Ok(_) | Err(_) => 0,
            },
            _ => 0,
        };
        out.extend_from_slice(&body[..body.len().saturating_sub(payload)]);
        cauce_log::Replay::Show
    }
}
