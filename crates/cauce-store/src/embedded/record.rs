//! The records of the job log: each says one thing that happened, and the state of the store is
//! nothing but the fold over them.
//!
//! ```text
//! kind  record    says
//! 0     Base      the small state at the head of a segment (see `base`)
//! 1     Name      a name got a number, by which later records call it
//! 2     Job       a job was taken
//! 3     Moved     a job was copied forward with its state, so that its old segment can go
//! 4     Lease     jobs were leased, and requests start with the lease
//! 5     Begin     requests start
//! 6     Settle    leases ended
//! 7     End       unfinished jobs expired or were cancelled
//! 8     Rescue    leases that a crash left behind ended
//! 9     Replay    dead or unknown jobs were put back
//! 10    Resolve   an unknown job's fate became known
//! 11    Forget    finished jobs left the lists
//! 12    Change    a waiting job got another priority or due time
//! 13    Gate      a queue was paused, drained, opened
//! 14    Note      the dispatcher of a line keeps something
//! 15    Dropped   events did not become jobs
//! 16    Keys      idempotency keys were copied forward
//! ```
//!
//! Records about jobs name their queue, account and tenant, so that the durable counters can be
//! folded even where the job itself has left the log.

use cauce_flow::{job::State, queue::settlement::Attempt, reason::Reason, time::Timestamp};

use super::codec::{Decoder, Encode, Malformed};

/// The kinds of records, as the log stores them.
pub(super) mod kind {
    pub(in super::super) const BASE: u8 = 0;
    pub(in super::super) const NAME: u8 = 1;
    pub(in super::super) const JOB: u8 = 2;
    pub(in super::super) const MOVED: u8 = 3;
    pub(in super::super) const LEASE: u8 = 4;
    pub(in super::super) const BEGIN: u8 = 5;
    pub(in super::super) const SETTLE: u8 = 6;
    pub(in super::super) const END: u8 = 7;
    pub(in super::super) const RESCUE: u8 = 8;
    pub(in super::super) const REPLAY: u8 = 9;
    pub(in super::super) const RESOLVE: u8 = 10;
    pub(in super::super) const FORGET: u8 = 11;
    pub(in super::super) const CHANGE: u8 = 12;
    pub(in super::super) const GATE: u8 = 13;
    pub(in super::super) const NOTE: u8 = 14;
    pub(in super::super) const DROPPED: u8 = 15;
    pub(in super::super) const KEYS: u8 = 16;
}

/// The number that stands for a name. 0 is "none".
pub(super) type NameId = u32;

/// Whose jobs a record speaks of: one tenant's, in one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Owner {
    pub(super) queue: NameId,
    pub(super) account: NameId,
    pub(super) tenant: NameId,
}

impl Owner {
    fn encode(self, out: &mut Vec<u8>) {
        out.put_u64(self.queue.into());
        out.put_u64(self.account.into());
        out.put_u64(self.tenant.into());
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Owner, Malformed> {
        Ok(Owner {
            queue: from.u32()?,
            account: from.u32()?,
            tenant: from.u32()?,
        })
    }
}

/// A job as it was taken. The payload follows these fields in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct JobHead {
    pub(super) number: u64,
    pub(super) owner: Owner,
    pub(super) group: NameId,
    pub(super) priority: u8,
    pub(super) max_attempts: u8,
    pub(super) enqueued_at: i64,
    pub(super) due_at: i64,
    pub(super) expires_at: i64,
    /// Hash of tenant and idempotency key; 0 for none.
    pub(super) key: u128,
    pub(super) payload_len: u32,
}

impl JobHead {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.number);
        self.owner.encode(out);
        out.put_u64(self.group.into());
        out.push(self.priority | if self.key != 0 { 0x80 } else { 0 });
        out.push(self.max_attempts);
        out.put_i64(self.enqueued_at);
        out.put_i64(self.due_at.wrapping_sub(self.enqueued_at));
        out.put_i64(if self.expires_at == i64::MAX {
            -1
        } else {
            self.expires_at.wrapping_sub(self.enqueued_at).max(0)
        });
        if self.key != 0 {
            out.extend_from_slice(&self.key.to_le_bytes());
        }
        out.put_u64(self.payload_len.into());
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<JobHead, Malformed> {
        let number = from.u64()?;
        let owner = Owner::decode(from)?;
        let group = from.u32()?;
        let flags = from.u8()?;
        let max_attempts = from.u8()?;
        let enqueued_at = from.i64()?;
        let due_at = enqueued_at.wrapping_add(from.i64()?);
        let expires_at = match from.i64()? {
            -1 => i64::MAX,
            after => enqueued_at.wrapping_add(after),
        };
        let key = if flags & 0x80 != 0 { from.u128()? } else { 0 };
        Ok(JobHead {
            number,
            owner,
            group,
            priority: flags & 3,
            max_attempts,
            enqueued_at,
            due_at,
            expires_at,
            key,
            payload_len: from.u32()?,
        })
    }
}

/// What a job has come to, where it is copied forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    pub(super) state: State,
    pub(super) priority: u8,
    pub(super) attempt: u8,
    pub(super) rescues: u8,
    pub(super) due_at: i64,
    /// 0 while unfinished.
    pub(super) finished_at: i64,
    /// Empty for none.
    pub(super) provider_id: String,
    /// The reason of an end state that no attempt explains (poison, say).
    pub(super) reason: Option<Reason>,
    pub(super) attempts: Vec<Attempt>,
}

impl Standing {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(state_to_u8(self.state));
        out.push(self.priority);
        out.push(self.attempt);
        out.push(self.rescues);
        out.put_i64(self.due_at);
        out.put_i64(self.finished_at);
        out.put_text(&self.provider_id);
        encode_reason(self.reason.as_ref(), out);
        out.put_u64(self.attempts.len() as u64);
        for attempt in &self.attempts {
            encode_attempt(attempt, out);
        }
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Standing, Malformed> {
        Ok(Standing {
            state: state_from_u8(from.u8()?)?,
            priority: from.u8()? & 3,
            attempt: from.u8()?,
            rescues: from.u8()?,
            due_at: from.i64()?,
            finished_at: from.i64()?,
            provider_id: from.text()?.to_owned(),
            reason: decode_reason(from)?,
            attempts: {
                let count = from.count()?;
                (0..count)
                    .map(|_| decode_attempt(from))
                    .collect::<Result<_, _>>()?
            },
        })
    }
}

/// How one job left its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settled {
    pub(super) number: u64,
    pub(super) outcome: SettledOutcome,
    /// The attempt that was made, as a place in the record's table; none where none was.
    pub(super) attempt: Option<u32>,
    /// Which attempt of the job it was; 0 where none was made.
    pub(super) attempt_number: u8,
    /// Where the record of the attempt before it stands; 0 for none.
    pub(super) previous: u64,
}

/// Where a job went from its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SettledOutcome {
    /// `latency_ms` is the time from taken to delivered.
    Completed {
        provider_id: String,
        latency_ms: u64,
    },
    Retry {
        due_at: i64,
    },
    Release,
    Snooze {
        due_at: i64,
    },
    Dead {
        reason: u32,
    },
    Unknown {
        reason: u32,
    },
}

/// Ends of leases of one owner's jobs, with their attempts and reasons told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settle {
    pub(super) owner: Owner,
    pub(super) at: i64,
    /// Requests that were answered since the record before it.
    pub(super) requests: u32,
    pub(super) attempts: Vec<Attempt>,
    pub(super) reasons: Vec<Reason>,
    pub(super) jobs: Vec<Settled>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Base(Vec<u8>),
    Name {
        id: NameId,
        text: String,
    },
    Job(JobHead),
    Moved {
        head: JobHead,
        standing: Standing,
    },
    Lease {
        owner: Owner,
        at: i64,
        requests: u32,
        jobs: Vec<u64>,
    },
    Begin {
        queue: NameId,
        account: NameId,
        at: i64,
        requests: u32,
    },
    Settle(Settle),
    End {
        owner: Owner,
        at: i64,
        state: State,
        jobs: Vec<u64>,
    },
    Rescue {
        owner: Owner,
        at: i64,
        state: State,
        jobs: Vec<u64>,
    },
    Replay {
        owner: Owner,
        from: State,
        jobs: Vec<(u64, i64)>,
    },
    Resolve {
        owner: Owner,
        at: i64,
        job: u64,
        state: State,
    },
    Forget {
        jobs: Vec<u64>,
    },
    Change {
        job: u64,
        priority: u8,
        due_at: i64,
    },
    Gate {
        queue: NameId,
        tenant: NameId,
        gate: u8,
    },
    Note {
        queue: NameId,
        account: NameId,
        note: Vec<u8>,
    },
    Dropped {
        queue: NameId,
        tenant: NameId,
        at: i64,
        why: u8,
        count: u64,
    },
    Keys {
        keys: Vec<(u128, u64, i64)>,
    },
}

impl Record {
    /// The kind that the log stores beside the body.
    pub(super) fn kind(&self) -> u8 {
        match self {
            Record::Base(_) => kind::BASE,
            Record::Name { .. } => kind::NAME,
            Record::Job(_) => kind::JOB,
            Record::Moved { .. } => kind::MOVED,
            Record::Lease { .. } => kind::LEASE,
            Record::Begin { .. } => kind::BEGIN,
            Record::Settle(_) => kind::SETTLE,
            Record::End { .. } => kind::END,
            Record::Rescue { .. } => kind::RESCUE,
            Record::Replay { .. } => kind::REPLAY,
            Record::Resolve { .. } => kind::RESOLVE,
            Record::Forget { .. } => kind::FORGET,
            Record::Change { .. } => kind::CHANGE,
            Record::Gate { .. } => kind::GATE,
            Record::Note { .. } => kind::NOTE,
            Record::Dropped { .. } => kind::DROPPED,
            Record::Keys { .. } => kind::KEYS,
        }
    }

    /// Appends the body. The payload of `Job` and `Moved` is appended by the caller.
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Record::Base(body) => out.extend_from_slice(body),
            Record::Name { id, text } => {
                out.put_u64((*id).into());
                out.put_text(text);
            }
            Record::Job(head) => head.encode(out),
            Record::Moved { head, standing } => {
                standing.encode(out);
                head.encode(out);
            }
            Record::Lease {
                owner,
                at,
                requests,
                jobs,
            } => {
                owner.encode(out);
                out.put_i64(*at);
                out.put_u64((*requests).into());
                encode_numbers(jobs, out);
            }
            Record::Begin {
                queue,
                account,
                at,
                requests,
            } => {
                out.put_u64((*queue).into());
                out.put_u64((*account).into());
                out.put_i64(*at);
                out.put_u64((*requests).into());
            }
            Record::Settle(settle) => settle.encode(out),
            Record::End {
                owner,
                at,
                state,
                jobs,
            }
            | Record::Rescue {
                owner,
                at,
                state,
                jobs,
            } => {
                owner.encode(out);
                out.put_i64(*at);
                out.push(state_to_u8(*state));
                encode_numbers(jobs, out);
            }
            Record::Replay { owner, from, jobs } => {
                owner.encode(out);
                out.push(state_to_u8(*from));
                out.put_u64(jobs.len() as u64);
                for (number, due_at) in jobs {
                    out.put_u64(*number);
                    out.put_i64(*due_at);
                }
            }
            Record::Resolve {
                owner,
                at,
                job,
                state,
            } => {
                owner.encode(out);
                out.put_i64(*at);
                out.put_u64(*job);
                out.push(state_to_u8(*state));
            }
            Record::Forget { jobs } => encode_numbers(jobs, out),
            Record::Change {
                job,
                priority,
                due_at,
            } => {
                out.put_u64(*job);
                out.push(*priority);
                out.put_i64(*due_at);
            }
            Record::Gate {
                queue,
                tenant,
                gate,
            } => {
                out.put_u64((*queue).into());
                out.put_u64((*tenant).into());
                out.push(*gate);
            }
            Record::Note {
                queue,
                account,
                note,
            } => {
                out.put_u64((*queue).into());
                out.put_u64((*account).into());
                out.put_bytes(note);
            }
            Record::Dropped {
                queue,
                tenant,
                at,
                why,
                count,
            } => {
                out.put_u64((*queue).into());
                out.put_u64((*tenant).into());
                out.put_i64(*at);
                out.push(*why);
                out.put_u64(*count);
            }
            Record::Keys { keys } => {
                out.put_u64(keys.len() as u64);
                for (hash, number, at) in keys {
                    out.extend_from_slice(&hash.to_le_bytes());
                    out.put_u64(*number);
                    out.put_i64(*at);
                }
            }
        }
    }

    /// Reads a body, or the digest of one. What follows the head of a job is its payload.
    pub(super) fn decode(of_kind: u8, body: &[u8]) -> Result<Record, Malformed> {
        let mut from = Decoder::new(body);
        let from = &mut from;
        Ok(match of_kind {
            kind::BASE => Record::Base(body.to_vec()),
            kind::NAME => Record::Name {
                id: from.u32()?,
                text: from.text()?.to_owned(),
            },
            kind::JOB => Record::Job(JobHead::decode(from)?),
            kind::MOVED => Record::Moved {
                standing: Standing::decode(from)?,
                head: JobHead::decode(from)?,
            },
            kind::LEASE => Record::Lease {
                owner: Owner::decode(from)?,
                at: from.i64()?,
                requests: from.u32()?,
                jobs: decode_numbers(from)?,
            },
            kind::BEGIN => Record::Begin {
                queue: from.u32()?,
                account: from.u32()?,
                at: from.i64()?,
                requests: from.u32()?,
            },
            kind::SETTLE => Record::Settle(Settle::decode(from)?),
            kind::END => Record::End {
                owner: Owner::decode(from)?,
                at: from.i64()?,
                state: state_from_u8(from.u8()?)?,
                jobs: decode_numbers(from)?,
            },
            kind::RESCUE => Record::Rescue {
                owner: Owner::decode(from)?,
                at: from.i64()?,
                state: state_from_u8(from.u8()?)?,
                jobs: decode_numbers(from)?,
            },
            kind::REPLAY => Record::Replay {
                owner: Owner::decode(from)?,
                from: state_from_u8(from.u8()?)?,
                jobs: {
                    let count = from.count()?;
                    (0..count)
                        .map(|_| Ok((from.u64()?, from.i64()?)))
                        .collect::<Result<_, _>>()?
                },
            },
            kind::RESOLVE => Record::Resolve {
                owner: Owner::decode(from)?,
                at: from.i64()?,
                job: from.u64()?,
                state: state_from_u8(from.u8()?)?,
            },
            kind::FORGET => Record::Forget {
                jobs: decode_numbers(from)?,
            },
            kind::CHANGE => Record::Change {
                job: from.u64()?,
                priority: from.u8()? & 3,
                due_at: from.i64()?,
            },
            kind::GATE => Record::Gate {
                queue: from.u32()?,
                tenant: from.u32()?,
                gate: from.u8()?,
            },
            kind::NOTE => Record::Note {
                queue: from.u32()?,
                account: from.u32()?,
                note: from.bytes()?.to_vec(),
            },
            kind::DROPPED => Record::Dropped {
                queue: from.u32()?,
                tenant: from.u32()?,
                at: from.i64()?,
                why: from.u8()?,
                count: from.u64()?,
            },
            kind::KEYS => Record::Keys {
                keys: {
                    let count = from.count()?;
                    (0..count)
                        .map(|_| Ok((from.u128()?, from.u64()?, from.i64()?)))
                        .collect::<Result<_, _>>()?
                },
            },
            _ => return Err(Malformed("its kind is not known")),
        })
    }
}

impl Settle {
    fn encode(&self, out: &mut Vec<u8>) {
        self.owner.encode(out);
        out.put_i64(self.at);
        out.put_u64(self.requests.into());
        out.put_u64(self.attempts.len() as u64);
        for attempt in &self.attempts {
            encode_attempt(attempt, out);
        }
        out.put_u64(self.reasons.len() as u64);
        for reason in &self.reasons {
            encode_reason(Some(reason), out);
        }
        out.put_u64(self.jobs.len() as u64);
        let mut last = 0u64;
        for job in &self.jobs {
            out.put_i64(job.number.wrapping_sub(last) as i64);
            last = job.number;
            job.encode(out);
        }
    }

    fn decode(from: &mut Decoder<'_>) -> Result<Settle, Malformed> {
        let owner = Owner::decode(from)?;
        let at = from.i64()?;
        let requests = from.u32()?;
        let count = from.count()?;
        let attempts = (0..count)
            .map(|_| decode_attempt(from))
            .collect::<Result<_, _>>()?;
        let count = from.count()?;
        let reasons = (0..count)
            .map(|_| decode_reason(from)?.ok_or(Malformed("a reason is missing")))
            .collect::<Result<_, _>>()?;
        let count = from.count()?;
        let mut jobs = Vec::with_capacity(count);
        let mut last = 0u64;
        for _ in 0..count {
            last = last.wrapping_add(from.i64()? as u64);
            jobs.push(Settled::decode(last, from)?);
        }
        Ok(Settle {
            owner,
            at,
            requests,
            attempts,
            reasons,
            jobs,
        })
    }
}

/// Marks a [`Settled`] that has an attempt, and one that has a record before it.
const HAS_ATTEMPT: u8 = 0x40;
const HAS_PREVIOUS: u8 = 0x80;

impl Settled {
    fn encode(&self, out: &mut Vec<u8>) {
        let (tag, detail) = match &self.outcome {
            SettledOutcome::Completed { .. } => (0, 0),
            SettledOutcome::Retry { due_at } => (1, *due_at),
            SettledOutcome::Release => (2, 0),
            SettledOutcome::Snooze { due_at } => (3, *due_at),
            SettledOutcome::Dead { reason } => (4, i64::from(*reason)),
            SettledOutcome::Unknown { reason } => (5, i64::from(*reason)),
        };
        let attempt = if self.attempt.is_some() {
            HAS_ATTEMPT
        } else {
            0
        };
        let previous = if self.previous != 0 { HAS_PREVIOUS } else { 0 };
        out.push(tag | attempt | previous);
        match &self.outcome {
            SettledOutcome::Completed {
                provider_id,
                latency_ms,
            } => {
                out.put_text(provider_id);
                out.put_u64(*latency_ms);
            }
            SettledOutcome::Release => {}
            SettledOutcome::Retry { .. }
            | SettledOutcome::Snooze { .. }
            | SettledOutcome::Dead { .. }
            | SettledOutcome::Unknown { .. } => out.put_i64(detail),
        }
        if let Some(attempt) = self.attempt {
            out.put_u64(attempt.into());
            out.push(self.attempt_number);
        }
        if self.previous != 0 {
            out.put_u64(self.previous);
        }
    }

    fn decode(number: u64, from: &mut Decoder<'_>) -> Result<Settled, Malformed> {
        let tag = from.u8()?;
        let reason = |from: &mut Decoder<'_>| {
            u32::try_from(from.i64()?).map_err(|_| Malformed("a reason has no place"))
        };
        let outcome = match tag & 0x3f {
            0 => SettledOutcome::Completed {
                provider_id: from.text()?.to_owned(),
                latency_ms: from.u64()?,
            },
            1 => SettledOutcome::Retry {
                due_at: from.i64()?,
            },
            2 => SettledOutcome::Release,
            3 => SettledOutcome::Snooze {
                due_at: from.i64()?,
            },
            4 => SettledOutcome::Dead {
                reason: reason(from)?,
            },
            5 => SettledOutcome::Unknown {
                reason: reason(from)?,
            },
            _ => return Err(Malformed("an outcome is not known")),
        };
        let (attempt, attempt_number) = if tag & HAS_ATTEMPT != 0 {
            (Some(from.u32()?), from.u8()?)
        } else {
            (None, 0)
        };
        let previous = if tag & HAS_PREVIOUS != 0 {
            from.u64()?
        } else {
            0
        };
        Ok(Settled {
            number,
            outcome,
            attempt,
            attempt_number,
            previous,
        })
    }
}

fn encode_numbers(numbers: &[u64], out: &mut Vec<u8>) {
    out.put_u64(numbers.len() as u64);
    let mut last = 0u64;
    for number in numbers {
        out.put_i64(number.wrapping_sub(last) as i64);
        last = *number;
    }
}

fn decode_numbers(from: &mut Decoder<'_>) -> Result<Vec<u64>, Malformed> {
    let count = from.count()?;
    let mut last = 0u64;
    (0..count)
        .map(|_| {
            last = last.wrapping_add(from.i64()? as u64);
            Ok(last)
        })
        .collect()
}

fn encode_reason(reason: Option<&Reason>, out: &mut Vec<u8>) {
    match reason {
        None => out.push(0),
        Some(reason) => {
            out.push(1);
            out.put_text(&reason.code);
            out.put_text(&reason.detail);
        }
    }
}

fn decode_reason(from: &mut Decoder<'_>) -> Result<Option<Reason>, Malformed> {
    if from.u8()? == 0 {
        return Ok(None);
    }
    Ok(Some(Reason::new(from.text()?, from.text()?)))
}

fn encode_attempt(attempt: &Attempt, out: &mut Vec<u8>) {
    out.put_i64(attempt.started_at.as_millis());
    out.put_i64(attempt.ended_at.as_millis() - attempt.started_at.as_millis());
    out.put_u64(attempt.status.into());
    out.put_u64(attempt.batch.into());
    encode_reason(attempt.reason.as_ref(), out);
}

fn decode_attempt(from: &mut Decoder<'_>) -> Result<Attempt, Malformed> {
    let started_at = from.i64()?;
    Ok(Attempt {
        started_at: Timestamp::from_millis(started_at),
        ended_at: Timestamp::from_millis(started_at.wrapping_add(from.i64()?)),
        status: u16::try_from(from.u64()?).map_err(|_| Malformed("a status is too large"))?,
        batch: from.u32()?,
        reason: decode_reason(from)?,
    })
}

fn state_to_u8(state: State) -> u8 {
    state as u8
}

fn state_from_u8(byte: u8) -> Result<State, Malformed> {
    State::ALL
        .get(usize::from(byte))
        .copied()
        .ok_or(Malformed("a state is not known"))
}
