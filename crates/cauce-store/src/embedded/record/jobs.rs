//! A job in the log: as it was taken, and as it is copied forward.

use cauce_flow::{job::State, queue::settlement::Attempt, reason::Reason};

use super::{
    Decoder, Encode, Malformed, NameId, Owner,
    parts::{
        decode_attempt, decode_reason, encode_attempt, encode_reason, state_from_u8, state_to_u8,
    },
};

/// A job as it was taken. The payload follows these fields in the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct JobHead {
    pub(in super::super) number: u64,
    pub(in super::super) owner: Owner,
    pub(in super::super) group: NameId,
    pub(in super::super) priority: u8,
    pub(in super::super) max_attempts: u8,
    pub(in super::super) enqueued_at: i64,
    pub(in super::super) due_at: i64,
    pub(in super::super) expires_at: i64,
    /// Hash of tenant and idempotency key; 0 for none.
    pub(in super::super) key: u128,
    /// Hash of tenant and the key that jobs replace each other by; 0 for none.
    pub(in super::super) coalesce: u128,
    pub(in super::super) payload_len: u32,
}

/// Marks a [`JobHead`] with an idempotency key, and one that replaces others.
const HAS_KEY: u8 = 0x80;
const COALESCES: u8 = 0x40;

impl JobHead {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.put_u64(self.number);
        self.owner.encode(out);
        out.put_u64(self.group.into());
        let flag = |bit, hash| if hash != 0 { bit } else { 0 };
        out.push(self.priority | flag(HAS_KEY, self.key) | flag(COALESCES, self.coalesce));
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
        if self.coalesce != 0 {
            out.extend_from_slice(&self.coalesce.to_le_bytes());
        }
        out.put_u64(self.payload_len.into());
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<JobHead, Malformed> {
        let number = from.u64()?;
        let owner = Owner::decode(from)?;
        let group = from.u32()?;
        let flags = from.u8()?;
        let max_attempts = from.u8()?;
        let enqueued_at = from.i64()?;
        let due_at = enqueued_at.wrapping_add(from.i64()?);
        let expires_at = match from.i64()? {
            -1 => i64::MAX,
            ..-1 => return Err(Malformed("a job expires before it was taken")),
            after => enqueued_at.wrapping_add(after),
        };
        let mut hash = |bit| if flags & bit != 0 { from.u128() } else { Ok(0) };
        let (key, coalesce) = (hash(HAS_KEY)?, hash(COALESCES)?);
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
            coalesce,
            payload_len: from.u32()?,
        })
    }
}

/// What a job has come to, where it is copied forward.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Standing {
    pub(in super::super) state: State,
    pub(in super::super) priority: u8,
    pub(in super::super) attempt: u8,
    pub(in super::super) rescues: u8,
    /// Its request may have left.
    pub(in super::super) leaving: bool,
    /// A newer job with its key has come since.
    pub(in super::super) outdated: bool,
    pub(in super::super) due_at: i64,
    /// When it expires, where a replay has changed that; else 0.
    pub(in super::super) expires_at: i64,
    /// 0 while unfinished.
    pub(in super::super) finished_at: i64,
    /// Empty for none.
    pub(in super::super) provider_id: String,
    /// The reason of an end state that no attempt explains (poison, say).
    pub(in super::super) reason: Option<Reason>,
    pub(in super::super) attempts: Vec<Attempt>,
}

/// Marks a [`Standing`] whose request may have left.
const LEAVING: u8 = 0x80;
/// Marks the priority of a [`Standing`] that tells when the job expires.
const RENEWED: u8 = 0x80;
/// Marks the priority of a [`Standing`] that a newer job outdates.
const OUTDATED: u8 = 0x40;

impl Standing {
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        out.push(state_to_u8(self.state));
        let renewed = if self.expires_at != 0 { RENEWED } else { 0 };
        let outdated = if self.outdated { OUTDATED } else { 0 };
        out.push(self.priority | renewed | outdated);
        out.push(self.attempt);
        out.push(self.rescues.min(0x7f) | if self.leaving { LEAVING } else { 0 });
        out.put_i64(self.due_at);
        if self.expires_at != 0 {
            out.put_i64(self.expires_at);
        }
        out.put_i64(self.finished_at);
        out.put_text(&self.provider_id);
        encode_reason(self.reason.as_ref(), out);
        out.put_u64(self.attempts.len() as u64);
        for attempt in &self.attempts {
            encode_attempt(attempt, out);
        }
    }

    pub(in super::super) fn decode(from: &mut Decoder<'_>) -> Result<Standing, Malformed> {
        let state = state_from_u8(from.u8()?)?;
        let (flags, attempt, crashes) = (from.u8()?, from.u8()?, from.u8()?);
        Ok(Standing {
            state,
            priority: flags & 3,
            attempt,
            rescues: crashes & !LEAVING,
            leaving: crashes & LEAVING != 0,
            outdated: flags & OUTDATED != 0,
            due_at: from.i64()?,
            expires_at: match flags & RENEWED {
                0 => 0,
                _ => from.i64()?,
            },
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
