//! What a campaign may do next.
//!
//! ```text
//!            schedule             start (by a person, or its time)
//!  +-------+ --------> +-----------+ -------> +--------+  admit   +---------+  all ended  +-----------+
//!  | draft |           | scheduled |          | queued | -------> | sending | ----------> | completed |
//!  +-------+ <-------- +-----------+          +--------+          +---------+             +-----------+
//!      |    unschedule       |                 ^     |               |     |
//!      +---------------------|-----------------+     | pause         | pause|   cannot be
//!             start          |                 ^     v               v     |   prepared    +--------+
//!                            |                 |    +----------------+     +-------------> | failed |
//!                            |                 +--- |     paused     |                     +--------+
//!                            |               resume +----------------+                         ^
//!                            |                             | stop (of queued, sending, too)    |
//!                            |  stop                       v                                   |
//!                            +----------------------> +---------+      missed its time         |
//!                                                     | stopped |      (from scheduled) --------+
//!                                                     +---------+
//! ```
//!
//! For example: a campaign is made (`draft`), started (`queued`), finds ten others of its sender
//! under way and waits, is admitted (`sending`), paused by a person, resumed (`queued`, admitted at
//! once), and `completed` when the last of its messages has reached an end. Where some of these are
//! put back into their line, it is `sending` again until they have ended, too.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Where a campaign stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is being written.
    Draft,
    /// It starts by itself at its time.
    Scheduled,
    /// It has started and waits for its sender to have room for it.
    Queued,
    /// Its messages go out.
    Sending,
    /// A person, or a rule, holds it.
    Paused,
    /// A person ended it before it was through.
    Stopped,
    /// All of its messages have reached an end.
    Completed,
    /// It could not be sent.
    Failed,
}

/// What is to happen to a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Order {
    /// Start at a time.
    Schedule,
    /// Back to a draft.
    Unschedule,
    /// Change or delete it.
    Edit,
    /// Start now.
    Start,
    /// The sender has room for it.
    Admit,
    /// Hold it.
    Pause,
    /// Let it go on.
    Resume,
    /// End it for good.
    Stop,
    /// All of its messages have reached an end.
    Complete,
    /// Some of its messages were put back.
    Reopen,
    /// It cannot be sent.
    Fail,
}

/// Why an order does not fit a campaign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the campaign is {state}, which does not allow to {order} it; hint: {}", .state.hint())]
pub struct Refusal {
    /// Where it stands.
    pub state: State,
    /// What was asked.
    pub order: Order,
}

impl State {
    /// All of them, in the order of a campaign's life.
    pub const ALL: [State; 8] = [
        State::Draft,
        State::Scheduled,
        State::Queued,
        State::Sending,
        State::Paused,
        State::Stopped,
        State::Completed,
        State::Failed,
    ];

    /// Where the order leads. What is so already stays so, but for a start, which nobody means to
    /// give twice.
    pub fn on(self, order: Order) -> Result<State, Refusal> {
        let next = match (self, order) {
            (State::Draft | State::Scheduled, Order::Schedule) => State::Scheduled,
            (State::Draft | State::Scheduled, Order::Unschedule) => State::Draft,
            (State::Draft | State::Scheduled, Order::Edit) => self,
            (State::Draft | State::Scheduled, Order::Start) => State::Queued,
            (State::Queued, Order::Admit) => State::Sending,
            (State::Queued | State::Sending | State::Paused, Order::Pause) => State::Paused,
            (State::Paused, Order::Resume) => State::Queued,
            (State::Queued | State::Sending, Order::Resume) => self,
            (State::Scheduled | State::Queued | State::Sending | State::Paused, Order::Stop)
            | (State::Stopped, Order::Stop) => State::Stopped,
            (State::Sending, Order::Complete) => State::Completed,
            (State::Completed, Order::Reopen) => State::Sending,
            (State::Scheduled | State::Queued | State::Sending, Order::Fail) => State::Failed,
            (state, order) => return Err(Refusal { state, order }),
        };
        Ok(next)
    }

    /// Whether it is over: no order of a person leads out of it.
    pub const fn is_final(self) -> bool {
        matches!(self, State::Stopped | State::Completed | State::Failed)
    }

    /// Whether it has started, so that it has a ledger of recipients.
    pub const fn has_started(self) -> bool {
        !matches!(self, State::Draft | State::Scheduled)
    }

    /// The name in the API and on disk.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Draft => "draft",
            State::Scheduled => "scheduled",
            State::Queued => "queued",
            State::Sending => "sending",
            State::Paused => "paused",
            State::Stopped => "stopped",
            State::Completed => "completed",
            State::Failed => "failed",
        }
    }

    /// The one with this name.
    pub fn named(name: &str) -> Option<State> {
        State::ALL.into_iter().find(|state| state.as_str() == name)
    }

    const fn hint(self) -> &'static str {
        match self {
            State::Draft => "start it, or delete it",
            State::Scheduled => "start it now, change scheduledAt, or stop it",
            State::Queued | State::Sending => "it has started; pause it, or stop it",
            State::Paused => "it has started; resume it, or stop it",
            State::Stopped | State::Completed | State::Failed => "it is over; make a new campaign",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Schedule => "schedule",
            Order::Unschedule => "unschedule",
            Order::Edit => "change",
            Order::Start => "start",
            Order::Admit => "admit",
            Order::Pause => "pause",
            Order::Resume => "resume",
            Order::Stop => "stop",
            Order::Complete => "complete",
            Order::Reopen => "reopen",
            Order::Fail => "fail",
        })
    }
}

#[cfg(test)]
mod tests;
