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
//! 17    Spare     the base again, so that one damaged place does not cost it
//! 18    Again     as Replay, with the time that each job expires at now
//! 19    Lost      what became of jobs whose own record is damaged
//! 20    Agree     the counters were made to agree with the jobs, after other damage
//! 21    Superseded  a newer job with the same key replaced others
//! 22    Group     how a group stands: its gate, its mark, its sums; told whenever one has changed
//! ```
//!
//! Records about jobs name their queue, account and tenant, so that the durable counters can be
//! folded even where the job itself has left the log.

mod again;
mod coding;
mod group;
mod jobs;
mod lost;
mod parts;
mod settle;

use cauce_flow::job::State;

use cauce_log::codec::{Decoder, Encode, Malformed};

pub(super) use again::Again;
pub(super) use group::{GroupState, Tally};
pub(super) use jobs::{JobHead, Standing};
pub(super) use lost::Burial;
pub(super) use settle::{Settle, Settled, SettledOutcome};

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
    pub(in super::super) const SPARE: u8 = 17;
    pub(in super::super) const AGAIN: u8 = 18;
    pub(in super::super) const LOST: u8 = 19;
    pub(in super::super) const AGREE: u8 = 20;
    pub(in super::super) const SUPERSEDED: u8 = 21;
    pub(in super::super) const GROUP: u8 = 22;
    /// The first number that no kind has.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(in super::super) const FREE: u8 = GROUP + 1;
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
    pub(super) fn encode(self, out: &mut Vec<u8>) {
        out.put_u64(self.queue.into());
        out.put_u64(self.account.into());
        out.put_u64(self.tenant.into());
    }

    pub(super) fn decode(from: &mut Decoder<'_>) -> Result<Owner, Malformed> {
        Ok(Owner {
            queue: from.u32()?,
            account: from.u32()?,
            tenant: from.u32()?,
        })
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    Base(Vec<u8>),
    Spare(Vec<u8>),
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
        jobs: Vec<u64>,
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
    /// Written as `Again`; `Replay` is what the first version of the log wrote.
    Replay {
        owner: Owner,
        from: State,
        jobs: Vec<Again>,
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
    Superseded {
        owner: Owner,
        at: i64,
        by: u64,
        jobs: Vec<u64>,
    },
    Keys {
        keys: Vec<(u128, u64, i64)>,
    },
    Lost {
        burial: Burial,
        jobs: Vec<u64>,
    },
    Agree {
        at: i64,
    },
    Group(GroupState),
}
