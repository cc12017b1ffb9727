//! Records as bytes.

use super::{
    Again, Burial, Decoder, Encode, GroupState, JobHead, Malformed, Owner, Record, Settle,
    Standing, kind,
    parts::{decode_numbers, encode_numbers, state_from_u8, state_to_u8},
};

impl Record {
    /// The kind that the log stores beside the body.
    pub(in super::super) fn kind(&self) -> u8 {
        match self {
            Record::Base(_) => kind::BASE,
            Record::Spare(_) => kind::SPARE,
            Record::Name { .. } => kind::NAME,
            Record::Job(_) => kind::JOB,
            Record::Moved { .. } => kind::MOVED,
            Record::Lease { .. } => kind::LEASE,
            Record::Begin { .. } => kind::BEGIN,
            Record::Settle(_) => kind::SETTLE,
            Record::End { .. } => kind::END,
            Record::Rescue { .. } => kind::RESCUE,
            Record::Replay { .. } => kind::AGAIN,
            Record::Resolve { .. } => kind::RESOLVE,
            Record::Forget { .. } => kind::FORGET,
            Record::Change { .. } => kind::CHANGE,
            Record::Gate { .. } => kind::GATE,
            Record::Note { .. } => kind::NOTE,
            Record::Dropped { .. } => kind::DROPPED,
            Record::Superseded { .. } => kind::SUPERSEDED,
            Record::Keys { .. } => kind::KEYS,
            Record::Lost { .. } => kind::LOST,
            Record::Agree { .. } => kind::AGREE,
            Record::Group(_) => kind::GROUP,
        }
    }

    /// Appends the body. The payload of `Job` and `Moved` is appended by the caller.
    pub(in super::super) fn encode(&self, out: &mut Vec<u8>) {
        match self {
            Record::Base(body) | Record::Spare(body) => out.extend_from_slice(body),
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
                jobs,
            } => {
                out.put_u64((*queue).into());
                out.put_u64((*account).into());
                out.put_i64(*at);
                out.put_u64((*requests).into());
                encode_numbers(jobs, out);
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
                jobs.iter().for_each(|job| job.encode(out));
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
            Record::Agree { at } => out.put_i64(*at),
            Record::Group(told) => told.encode(out),
            Record::Lost { burial, jobs } => {
                burial.encode(out);
                encode_numbers(jobs, out);
            }
            Record::Superseded {
                owner,
                at,
                by,
                jobs,
            } => {
                owner.encode(out);
                out.put_i64(*at);
                out.put_u64(*by);
                encode_numbers(jobs, out);
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
    pub(in super::super) fn decode(of_kind: u8, body: &[u8]) -> Result<Record, Malformed> {
        let mut from = Decoder::new(body);
        let from = &mut from;
        Ok(match of_kind {
            kind::BASE => Record::Base(body.to_vec()),
            kind::SPARE => Record::Spare(body.to_vec()),
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
                jobs: decode_numbers(from)?,
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
            kind::REPLAY => replay(from, Again::decode_first)?,
            kind::AGAIN => replay(from, Again::decode)?,
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
            kind::SUPERSEDED => Record::Superseded {
                owner: Owner::decode(from)?,
                at: from.i64()?,
                by: from.u64()?,
                jobs: decode_numbers(from)?,
            },
            kind::LOST => Record::Lost {
                burial: Burial::decode(from)?,
                jobs: decode_numbers(from)?,
            },
            kind::AGREE => Record::Agree { at: from.i64()? },
            kind::GROUP => Record::Group(GroupState::decode(from)?),
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

fn replay(
    from: &mut Decoder<'_>,
    job: fn(&mut Decoder<'_>) -> Result<Again, Malformed>,
) -> Result<Record, Malformed> {
    let owner = Owner::decode(from)?;
    let left = state_from_u8(from.u8()?)?;
    let count = from.count()?;
    let jobs = (0..count).map(|_| job(from)).collect::<Result<_, _>>()?;
    Ok(Record::Replay {
        owner,
        from: left,
        jobs,
    })
}
