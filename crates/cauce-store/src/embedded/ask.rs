//! What can be asked of the one writer of the job log.

use bytes::Bytes;
use cauce_flow::{
    id::{JobId, QueueName, TenantId},
    job::{Line, State as JobState},
    queue::settlement::Settlement,
    time::Timestamp,
};
use tokio::sync::oneshot;

use super::{forward::Move, state::Reply};
use crate::jobs::{Change, Claim, Enqueue, Error, Gate, NeverTwice, Start};

/// What can be asked of the writer.
pub(super) enum Ask {
    Enqueue(Enqueue, Timestamp),
    Claim(Claim, Timestamp),
    Begin(Start, Timestamp),
    Settle(Vec<Settlement>, u32, Timestamp),
    Rescue(NeverTwice, Timestamp),
    RescueLine(Line, bool, Timestamp),
    End {
        jobs: Vec<u64>,
        state: JobState,
        leased: bool,
        now: Timestamp,
    },
    /// Leased jobs that could not be read go back to be served later.
    PutOff {
        jobs: Vec<u64>,
        until: Timestamp,
        now: Timestamp,
    },
    /// Jobs with the time that each has to live, in milliseconds.
    Replay {
        jobs: Vec<(u64, i64)>,
        first: usize,
        per_second: Option<u32>,
        now: Timestamp,
    },
    Resolve {
        job: JobId,
        delivered: bool,
        now: Timestamp,
    },
    Forget(Vec<u64>),
    Change(JobId, Change),
    SetGate(QueueName, Option<TenantId>, Gate),
    KeepNote(Line, Bytes),
    Advance(Timestamp),
    Move(Vec<Move>),
    MoveKeys(Vec<(u128, u64, i64)>),
    RemoveOldest(u32),
    TakeGathered,
}

/// A call that waits for its answer.
pub(super) struct Command {
    pub(super) ask: Ask,
    pub(super) answer: oneshot::Sender<Result<Reply, Error>>,
}
