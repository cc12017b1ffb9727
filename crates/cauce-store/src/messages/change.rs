//! What the projection is fed: what the job log tells of messages, and what providers told.

use cauce_flow::{
    id::{AccountName, GroupName, JobId, TenantId},
    job::State as JobState,
    priority::Priority,
    queue::settlement::Attempt,
    reason::Reason,
    time::Timestamp,
};

use super::state::Word;

/// Something that the job log tells of one message.
#[derive(Clone, Debug)]
pub struct Change {
    /// Its place in the log.
    pub position: u64,
    /// When it happened.
    pub at: Timestamp,
    /// The number of the message's job, which is unique within the log.
    pub number: u64,
    /// What happened.
    pub what: What,
}

/// What happened to a message's job.
#[derive(Clone, Debug)]
pub enum What {
    /// It was taken.
    Taken(Box<Taken>),
    /// A request was made, or refused before it was made, and the job went on from there.
    Tried {
        /// The request; none where none was made.
        attempt: Option<Attempt>,
        /// Where the job went.
        next: Next,
    },
    /// It reached a state in another way: it expired, was cancelled, resolved, put back.
    Moved(JobState),
    /// It is due at another time.
    Due(Timestamp),
}

/// Where a job goes from an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The provider took it, under this id.
    Completed {
        /// The provider's id.
        provider_id: Option<String>,
    },
    /// It waits until then.
    Waits {
        /// When it is due; none where it is due as before.
        due_at: Option<Timestamp>,
    },
    /// It will not be tried again.
    Dead {
        /// Why.
        reason: Reason,
    },
    /// It is taken back unsent.
    Cancelled {
        /// Why.
        reason: Reason,
    },
    /// Nobody knows whether the provider took it.
    Unknown {
        /// Why.
        reason: Reason,
    },
}

/// A message as it was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its job.
    pub job: JobId,
    /// Whose it is.
    pub tenant: TenantId,
    /// The account that sends it.
    pub sender: AccountName,
    /// Its recipient, in the one form that stands for a person.
    pub to: String,
    /// What it is: `text`, `template`, …
    pub kind: String,
    /// The campaign that it belongs to.
    pub campaign: Option<GroupName>,
    /// Its place among the recipients of that campaign; none where it was sent beside them.
    pub part: Option<Part>,
    /// The caller's conversation.
    pub conversation: Option<String>,
    /// The caller's own JSON.
    pub metadata: Option<String>,
    /// How urgent it is.
    pub priority: Priority,
    /// When it is due.
    pub due_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
}

/// A recipient's place in a campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The recipient's number, from 0.
    pub number: u64,
    /// The place of the recipient's variant among those of the campaign.
    pub variant: u16,
    /// The contact that the recipient is.
    pub contact: String,
}

/// What a provider says of a message that it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// The account it was told to.
    pub account: AccountName,
    /// The provider's id of the message.
    pub provider_id: String,
    /// The message's job, where the provider says it.
    pub job: Option<JobId>,
    /// What became of the message.
    pub word: Word,
    /// Why it failed.
    pub reason: Option<Reason>,
    /// When it did, by the provider's clock.
    pub at: Timestamp,
}

/// A message that came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inbound {
    /// Whose account it came to.
    pub tenant: TenantId,
    /// The account it came to.
    pub account: AccountName,
    /// The provider's id of it.
    pub provider_id: String,
    /// Who sent it, in the one form that stands for a person.
    pub from: String,
    /// What it is: `text`, `image`, …
    pub kind: String,
    /// What it says.
    pub text: Option<String>,
    /// The provider's id of the message that it answers.
    pub reply_to: Option<String>,
    /// When it was sent, by the provider's clock.
    pub at: Timestamp,
    /// Whether it is a word that opts out or in again.
    pub opt: Option<Opt>,
}

/// What a person wants of all campaigns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opt {
    /// No more of them.
    Out,
    /// Them again.
    In,
}

impl Opt {
    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Opt::Out => "out",
            Opt::In => "in",
        }
    }
}

/// What became of what a provider told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Heard {
    /// Words and messages that were not known.
    pub new: u64,
    /// Those that were.
    pub repeated: u64,
    /// Whether the fate of a job that nobody knew is known with it.
    pub settles: bool,
}
