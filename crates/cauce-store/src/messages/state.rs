//! What a message's state is, from the two things that are known of it: how its job stands, and
//! the best word that the provider gave of it.
//!
//! ```text
//!   job:    pending  completed  dead    unknown  expired  cancelled
//!             |         |         |        |        |         |
//!           queued    sent     failed  unknown  expired  cancelled     the provider is silent
//!           queued   failed    failed   failed   failed   failed      its best word is `failed`
//!           <----------- sent, delivered, read ------------------>    its best word is one of these
//! ```
//!
//! Both are sets that only grow, and the state is a function of them: so the order in which they
//! become known, and how often, make no difference.

use std::fmt;

use cauce_flow::job::State as JobState;

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageState {
    /// Not sent yet.
    Queued,
    /// With the provider.
    Sent,
    /// On the recipient's device.
    Delivered,
    /// Read.
    Read,
    /// Will not arrive.
    Failed,
    /// Perhaps sent; nobody knows yet.
    Unknown,
    /// Its time ran out before it was sent.
    Expired,
    /// Taken back before it was sent.
    Cancelled,
}

impl MessageState {
    /// All of them.
    pub const ALL: [MessageState; 8] = [
        MessageState::Queued,
        MessageState::Sent,
        MessageState::Delivered,
        MessageState::Read,
        MessageState::Failed,
        MessageState::Unknown,
        MessageState::Expired,
        MessageState::Cancelled,
    ];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            MessageState::Queued => "queued",
            MessageState::Sent => "sent",
            MessageState::Delivered => "delivered",
            MessageState::Read => "read",
            MessageState::Failed => "failed",
            MessageState::Unknown => "unknown",
            MessageState::Expired => "expired",
            MessageState::Cancelled => "cancelled",
        }
    }

    /// Whether it reached the provider and did not fail there.
    pub const fn is_sent(self) -> bool {
        use MessageState::{Delivered, Read, Sent};
        matches!(self, Sent | Delivered | Read)
    }

    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    pub(super) fn of_code(code: i64) -> Option<MessageState> {
        usize::try_from(code)
            .ok()
            .and_then(|at| Self::ALL.get(at).copied())
    }

    /// The state of a message whose job stands so and of which the provider's best word is this.
    pub(super) fn of(stage: Stage, word: Option<Word>) -> MessageState {
        match (word, stage) {
            (Some(Word::Read), _) => MessageState::Read,
            (Some(Word::Delivered), _) => MessageState::Delivered,
            (Some(Word::Sent), _) => MessageState::Sent,
            // The word belongs to an attempt that was replaced, or it has overtaken the job's news.
            (_, Stage::Pending) => MessageState::Queued,
            (Some(Word::Failed), _) | (None, Stage::Dead) => MessageState::Failed,
            (None, Stage::Completed) => MessageState::Sent,
            (None, Stage::Unknown) => MessageState::Unknown,
            (None, Stage::Expired) => MessageState::Expired,
            (None, Stage::Cancelled) => MessageState::Cancelled,
        }
    }
}

impl fmt::Display for MessageState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for MessageState {
    type Err = UnknownState;
    fn from_str(text: &str) -> Result<MessageState, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or(UnknownState)
    }
}

/// The text names no state of a message.
#[derive(Debug, thiserror::Error)]
#[error(
    "not the state of a message; use queued, sent, delivered, read, failed, unknown, expired or cancelled"
)]
pub struct UnknownState;

/// How the job of a message stands, as far as its message is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Pending,
    Completed,
    Dead,
    Unknown,
    Expired,
    Cancelled,
}

impl Stage {
    const ALL: [Stage; 6] = [
        Stage::Pending,
        Stage::Completed,
        Stage::Dead,
        Stage::Unknown,
        Stage::Expired,
        Stage::Cancelled,
    ];

    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    pub(super) fn of_code(code: i64) -> Option<Stage> {
        usize::try_from(code)
            .ok()
            .and_then(|at| Self::ALL.get(at).copied())
    }

    pub(super) fn of(state: JobState) -> Stage {
        match state {
            JobState::Scheduled | JobState::Waiting | JobState::Active => Stage::Pending,
            JobState::Completed => Stage::Completed,
            JobState::Dead => Stage::Dead,
            JobState::Unknown => Stage::Unknown,
            JobState::Expired => Stage::Expired,
            JobState::Cancelled => Stage::Cancelled,
        }
    }
}

/// What a provider says of a message; the order is that of what counts: a later `delivered` is
/// believed after `failed`, and nothing moves a message back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Word {
    /// It will not arrive.
    Failed,
    /// It is on its way.
    Sent,
    /// It is on the recipient's device.
    Delivered,
    /// It was read.
    Read,
}

impl Word {
    /// All of them, the least first.
    pub const ALL: [Word; 4] = [Word::Failed, Word::Sent, Word::Delivered, Word::Read];

    /// The name in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Word::Failed => "failed",
            Word::Sent => "sent",
            Word::Delivered => "delivered",
            Word::Read => "read",
        }
    }

    pub(super) const fn code(self) -> i64 {
        self as i64
    }

    pub(super) fn of_code(code: i64) -> Option<Word> {
        usize::try_from(code)
            .ok()
            .and_then(|at| Self::ALL.get(at).copied())
    }

    /// The best word of one send: `failed` ends it unless it was delivered after all.
    pub(super) fn best_of_one(words: impl IntoIterator<Item = Word>) -> Option<Word> {
        words.into_iter().max_by_key(|word| match word {
            Word::Sent => 0,
            Word::Failed => 1,
            Word::Delivered => 2,
            Word::Read => 3,
        })
    }

    /// The best word of all sends of a message: one that went well outdoes those that did not.
    pub(super) fn best_of_all(sends: impl IntoIterator<Item = Word>) -> Option<Word> {
        sends.into_iter().max()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back() {
        for state in MessageState::ALL {
            assert_eq!(MessageState::of_code(state.code()), Some(state));
            assert_eq!(state.as_str().parse::<MessageState>().unwrap(), state);
        }
        for stage in Stage::ALL {
            assert_eq!(Stage::of_code(stage.code()), Some(stage));
        }
        for word in Word::ALL {
            assert_eq!(Word::of_code(word.code()), Some(word));
        }
        assert_eq!(MessageState::of_code(8), None);
        assert_eq!(Stage::of_code(-1), None);
    }

    #[test]
    fn failed_ends_a_send_unless_it_was_delivered_after_all() {
        use Word::{Delivered, Failed, Read, Sent};
        for (words, best) in [
            (vec![], None),
            (vec![Sent, Failed], Some(Failed)),
            (vec![Failed, Sent], Some(Failed)),
            (vec![Delivered, Failed], Some(Delivered)),
            (vec![Read, Delivered, Sent], Some(Read)),
        ] {
            assert_eq!(Word::best_of_one(words.clone()), best, "{words:?}");
        }
        assert_eq!(Word::best_of_all([Failed, Sent]), Some(Sent));
    }

    #[test]
    fn a_good_word_outdoes_whatever_became_of_the_job() {
        for stage in Stage::ALL {
            assert_eq!(
                MessageState::of(stage, Some(Word::Delivered)),
                MessageState::Delivered
            );
        }
        assert_eq!(
            MessageState::of(Stage::Pending, Some(Word::Failed)),
            MessageState::Queued
        );
        assert_eq!(
            MessageState::of(Stage::Completed, Some(Word::Failed)),
            MessageState::Failed
        );
        assert_eq!(MessageState::of(Stage::Completed, None), MessageState::Sent);
    }
}
