//! What the loop of a line hears, from outside and of its own tasks, and how it ends.

use cauce_flow::{
    dispatch::dispatcher::{Answered, Claimed, RequestId},
    id::{GroupName, TenantId},
    reason::Reason,
};
use cauce_store::jobs;
use tokio::sync::oneshot;

use crate::{settings::Account, status::GateStatus};

/// What the loop is told from outside.
pub(super) enum Order {
    Gate(oneshot::Sender<()>),
    /// The gate of a group has moved.
    Group(TenantId, GroupName, oneshot::Sender<()>),
    Mended,
    /// Why the account is not connected; none where it is.
    Connection(Option<Reason>),
    Follow(Box<Account>),
    Why(oneshot::Sender<Vec<GateStatus>>),
    Stop,
}

/// What the loop hears of its own tasks.
pub(super) enum Input {
    Claimed(Result<Claimed, jobs::Error>),
    Left(RequestId),
    Answered(RequestId, Answered),
    Unsent(RequestId),
    Settled,
    Look,
    Panicked(Task),
}

/// A task of the loop.
#[derive(Clone, Copy)]
pub(super) enum Task {
    Claim,
    /// A part of a claim: one of the jobs could not be looked at.
    Screen,
    Send(RequestId),
    Settle,
}

/// How the loop ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It was told to.
    Stopped,
    /// Something panicked.
    Failed,
}
