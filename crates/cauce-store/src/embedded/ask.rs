//! What can be asked of the one writer of the job log, and how.

use std::sync::{Arc, atomic::Ordering};

use bytes::Bytes;
use cauce_flow::{
    id::{GroupName, JobId, QueueName, TenantId},
    job::{Line, State as JobState},
    queue::settlement::Settlement,
    time::Timestamp,
};
use cauce_log::Refused;
use tokio::sync::oneshot;

use super::{Shared, forward::Move, state::Reply};
use crate::jobs::{Change, Claim, Enqueue, Error, Gate, GroupGate, NeverTwice, Start};

/// What can be asked of the writer.
pub(super) enum Ask {
    Enqueue(Box<Enqueue>, Timestamp),
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
    SetGroup {
        tenant: TenantId,
        group: GroupName,
        gate: GroupGate,
        now: Timestamp,
    },
    ForgetGroup(TenantId, GroupName),
    /// Cancels some of what stopped groups have not sent.
    Sweep(Timestamp),
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

impl Shared {
    pub(super) async fn ask(self: &Arc<Self>, ask: Ask) -> Result<Reply, Error> {
        if self.closing.load(Ordering::Relaxed) {
            return Err(Error::Closed);
        }
        let (answer, reply) = oneshot::channel();
        let commands = self.commands.get().ok_or(Error::Closed)?.clone();
        match commands.try_send(Command { ask, answer }) {
            Ok(()) => {}
            Err(Refused::Stopped(_)) => return Err(self.why_stopped()),
            Err(Refused::Full(command)) => {
                // The writer is behind: wait for it off the runtime's threads.
                let sent = tokio::task::spawn_blocking(move || commands.send(command)).await;
                if !matches!(sent, Ok(Ok(()))) {
                    return Err(self.why_stopped());
                }
            }
        }
        reply.await.unwrap_or_else(|_| Err(self.why_stopped()))
    }

    pub(super) async fn ask_count(self: &Arc<Self>, ask: Ask) -> Result<u64, Error> {
        match self.ask(ask).await? {
            Reply::Count(count) => Ok(count),
            other => unreachable!("asked for a count, got {other:?}"),
        }
    }
}

/// The answer is none that anybody reads.
pub(super) fn done(reply: Reply) {
    debug_assert!(matches!(reply, Reply::Done | Reply::Count(_)), "{reply:?}");
}
