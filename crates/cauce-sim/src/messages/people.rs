//! How recipients behave, and what limits there are on reaching them.

use std::time::Duration;

/// What becomes of the messages to a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// They arrive and are read.
    Reads,
    /// They arrive and are not read.
    Receives,
    /// They leave, and nothing more is heard.
    Leaves,
    /// They are refused at once with this code. An Evolution instance with a phone has no codes: there
    /// the number is not on WhatsApp.
    Refused(u32),
    /// They are taken, and a callback tells of this code.
    FailsLater(u32),
}

/// What a callback tells of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Sent,
    Delivered,
    Read,
    Failed(u32),
}

impl Treatment {
    /// The callbacks of a message.
    pub(crate) fn steps(self) -> Vec<Step> {
        match self {
            Treatment::Reads => vec![Step::Sent, Step::Delivered, Step::Read],
            Treatment::Receives => vec![Step::Sent, Step::Delivered],
            Treatment::Leaves => vec![Step::Sent],
            Treatment::FailsLater(code) => vec![Step::Failed(code)],
            Treatment::Refused(_) => Vec::new(),
        }
    }

    /// Where a message is in the end.
    pub(crate) fn last(self) -> Option<Step> {
        self.steps().last().copied()
    }
}

/// How often one sender may write to one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PairLimit {
    /// One message in so long, in the long run.
    pub every: Duration,
    /// So many at once, which are paid back.
    pub burst: u32,
}

impl Default for PairLimit {
    /// One in six seconds, with 45 in advance (WhatsApp Cloud API, throughput).
    fn default() -> PairLimit {
        PairLimit {
            every: Duration::from_secs(6),
            burst: 45,
        }
    }
}

/// Who writes to whom, as the limit on pairs asks.
pub(crate) struct Pair<'a> {
    pub(crate) from: &'a str,
    pub(crate) to: &'a str,
    /// Whether the message will be taken.
    pub(crate) takes: bool,
}

/// The state of a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Template {
    /// It can be sent.
    Good,
    /// It is paused for its quality.
    Paused,
    /// It was paused too often.
    Disabled,
}
