//! How leases ended.

use cauce_flow::{job::State, queue::settlement::Attempt, reason::Reason};

use super::{
    Decoder, Encode, Malformed, Owner,
    parts::{decode_attempt, decode_reason, encode_attempt, encode_reason},
};

/// How one job left its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Settled {
    pub(in super::super) number: u64,
    pub(in super::super) outcome: SettledOutcome,
    /// The attempt that was made, as a place in the record's table; none where none was.
    pub(in super::super) attempt: Option<u32>,
    /// Which attempt of the job it was; 0 where none was made.
    pub(in super::super) attempt_number: u8,
    /// Where the record of the attempt before it stands; 0 for none.
    pub(in super::super) previous: u64,
}

/// Where a job went from its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum SettledOutcome {
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
    /// A newer job with its key, this one, goes in its place.
    Superseded {
        by: u64,
    },
    Dead {
        reason: u32,
    },
    Unknown {
        reason: u32,
    },
    /// Taken back unsent.
    Cancelled {
        reason: u32,
    },
}

impl SettledOutcome {
    /// The end state that it leads to, if it is an end.
    pub(in super::super) fn end(&self) -> Option<State> {
        match self {
            SettledOutcome::Completed { .. } => Some(State::Completed),
            SettledOutcome::Dead { .. } => Some(State::Dead),
            SettledOutcome::Unknown { .. } => Some(State::Unknown),
            SettledOutcome::Superseded { .. } | SettledOutcome::Cancelled { .. } => {
                Some(State::Cancelled)
            }
            SettledOutcome::Retry { .. }
            | SettledOutcome::Release
            | SettledOutcome::Snooze { .. } => None,
        }
    }
}

/// Ends of leases of one owner's jobs, with their attempts and reasons told once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Settle {
    pub(in super::super) owner: Owner,
    pub(in super::super) at: i64,
    /// Requests that were answered since the record before it.
    pub(in super::super) requests: u32,
    pub(in super::super) attempts: Vec<Attempt>,
    pub(in super::super) reasons: Vec<Reason>,
    pub(in super::super) jobs: Vec<Settled>,
}

impl Settle {
    pub(super) fn encode(&self, out: &mut Vec<u8>) {
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

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Settle, Malformed> {
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
            SettledOutcome::Superseded { by } => (6, *by as i64),
            SettledOutcome::Cancelled { reason } => (7, i64::from(*reason)),
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
            | SettledOutcome::Superseded { .. }
            | SettledOutcome::Cancelled { .. }
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
            6 => SettledOutcome::Superseded {
                by: from.i64()? as u64,
            },
            7 => SettledOutcome::Cancelled {
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
