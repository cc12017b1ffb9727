//! How far a message has come, whatever comes late, twice or out of order.
//!
//! ```text
//! queued -> sent -> delivered -> read      only forwards; steps may be left out
//! queued | sent -> failed -> delivered     a provider may find out that it arrived after all
//! ```

use super::told::State;

/// How far a message has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// It has not left the provider.
    Queued,
    /// It has left the provider.
    Sent,
    /// It will not arrive.
    Failed,
    /// It is on the person's phone.
    Delivered,
    /// The person has opened it.
    Read,
}

impl Step {
    /// The step in one word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Step::Queued => "queued",
            Step::Sent => "sent",
            Step::Failed => "failed",
            Step::Delivered => "delivered",
            Step::Read => "read",
        }
    }

    /// The step of this name.
    pub fn named(name: &str) -> Option<Step> {
        let all = [
            Step::Queued,
            Step::Sent,
            Step::Failed,
            Step::Delivered,
            Step::Read,
        ];
        all.into_iter().find(|step| step.as_str() == name)
    }

    /// The step that a provider tells of.
    pub const fn of(state: &State) -> Step {
        match state {
            State::Accepted => Step::Queued,
            State::Sent => Step::Sent,
            State::Failed(_) => Step::Failed,
            State::Delivered => Step::Delivered,
            State::Read => Step::Read,
        }
    }

    /// Whether what is told moves the message: it does not if it is late or repeated.
    pub fn moves_to(self, told: Step) -> bool {
        // The order of the variants is the whole rule: what failed has not been seen on a phone, and
        // being seen there wins.
        told > self
    }
}
