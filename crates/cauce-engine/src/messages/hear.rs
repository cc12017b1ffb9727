//! What providers tell: kept before they have their answer, and then acted on.
//!
//! A repeat has no effect, and no order is counted on: what is told of a message that is not in the
//! picture yet waits there for it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cauce_destinations::{
    message::{self, ConnectionState, State},
    senders::Hears,
};
use cauce_flow::{
    id::{AccountName, TenantId},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::{
    campaigns::{
        Opting,
        contact::{OptOut, OptedBy},
    },
    messages::{self, Bearing, Error, Heard, Hearing, Inbound, Opt, Wish, Word},
};

use super::{Messaging, bearing, words};
use crate::settings::Words;

pub use cauce_destinations::message::Told;

/// What a provider tells is no older than this: none tries again for as long.
const OLDEST: Duration = Duration::from_secs(30 * 86_400);
/// Clocks differ by this much at most.
const AHEAD: Duration = Duration::from_secs(60);

/// Wishes that are told on in one go.
const MAX_WISHES: u32 = 100;

/// An account that messages are sent from, and how its provider is heard.
#[derive(Clone)]
pub struct Sender {
    /// Its name.
    pub account: AccountName,
    /// Whose it is.
    pub tenant: TenantId,
    /// What it takes to hear its provider.
    pub hears: Arc<Hears>,
}

impl Messaging {
    /// Takes what the provider of a sender has told; answers once it is on disk.
    pub(crate) async fn take_told(
        &self,
        sender: &Sender,
        told: Vec<Told>,
        words: &Words,
    ) -> Result<Heard, Error> {
        let now = self.clock.now();
        let mut hearing = Hearing::default();
        let mut connections = Vec::new();
        for told in told {
            match told {
                Told::Status(status) => hearing.told.push(self.word(sender, status)),
                Told::Inbound(inbound) => {
                    hearing.inbound.push(self.inbound(sender, inbound, words))
                }
                Told::Connection(connection) => connections.push(connection.state),
                // A code is for whoever looks at the session, not for messages.
                Told::Qr { .. } => {}
            }
        }
        for state in connections {
            self.connect(sender, state);
        }
        if hearing.told.is_empty() && hearing.inbound.is_empty() {
            return Ok(Heard::default());
        }
        let has_wishes = hearing.inbound.iter().any(|inbound| inbound.opt.is_some())
            || hearing.told.iter().any(is_unwanted);
        let heard = self.store.hear(hearing, now).await?;
        if heard.settles {
            self.unsettled.notify_one();
        }
        if has_wishes {
            self.tell_wishes().await;
        }
        Ok(heard)
    }

    fn word(&self, sender: &Sender, status: message::Status) -> messages::Told {
        let (word, reason) = match status.state {
            // With the provider is all that `sent` says, too.
            State::Accepted | State::Sent => (Word::Sent, None),
            State::Delivered => (Word::Delivered, None),
            State::Read => (Word::Read, None),
            State::Failed(reason) => (Word::Failed, Some(reason)),
        };
        messages::Told {
            account: sender.account.clone(),
            provider_id: status.provider_id,
            job: status.job,
            word,
            reason,
            at: self.told_at(status.at),
        }
    }

    fn inbound(&self, sender: &Sender, inbound: message::Inbound, words: &Words) -> Inbound {
        let text = inbound.text.as_deref();
        Inbound {
            tenant: sender.tenant.clone(),
            account: sender.account.clone(),
            opt: text.and_then(|text| words::opt(words, text)),
            provider_id: inbound.provider_id,
            from: inbound.from.as_str().to_owned(),
            kind: inbound.kind.as_str().to_owned(),
            text: inbound.text,
            reply_to: inbound.reply_to,
            at: self.told_at(inbound.at),
        }
    }

    /// When something happened, as a provider tells: what cannot be is moved to the nearest time that
    /// can, and counted. Everything that is told from times may so rely on them.
    fn told_at(&self, at: Option<Timestamp>) -> Timestamp {
        let now = self.clock.now();
        let Some(at) = at else { return now };
        let within = within_reason(at, now);
        if within != at {
            self.moved_times.fetch_add(1, Ordering::Relaxed);
        }
        within
    }

    /// A gateway's instance that is not connected keeps its messages; they do not fail.
    fn connect(&self, sender: &Sender, state: ConnectionState) {
        if state == ConnectionState::Open {
            self.lines.release(&sender.account);
            return;
        }
        let what = format!(
            "the instance is `{}`; connect its phone again",
            state.as_str()
        );
        let reason = Reason::new("disconnected", what);
        self.lines.hold(&sender.account, reason);
    }

    /// Tells on who wants no more campaigns, or wants them again. What cannot be told now is told
    /// again later: it stays noted.
    pub(crate) async fn tell_wishes(&self) {
        // One at a time: of two wishes of a person, the later one is told last.
        let _telling = self.telling.lock().await;
        if let Err(error) = self.try_to_tell_wishes().await {
            tracing::warn!(%error, "an opt-out is noted and could not be put into force yet");
        }
    }

    async fn try_to_tell_wishes(&self) -> Result<(), WishError> {
        loop {
            let wishes = self.store.wishes(MAX_WISHES).await?;
            if wishes.is_empty() {
                return Ok(());
            }
            let optings = wishes.iter().filter(|wish| !wish.is_outdated).map(opting);
            self.people.opt(optings.collect()).await?;
            let told = wishes.into_iter().map(|wish| wish.id);
            self.store.told_on(told.collect()).await?;
        }
    }
}

/// What a wish is to whoever keeps the numbers.
fn opting(wish: &Wish) -> Opting {
    let by = match wish.id.is_of_provider() {
        true => OptedBy::Provider,
        false => OptedBy::Word,
    };
    let out = OptOut { at: wish.at, by };
    Opting {
        tenant: wish.tenant.clone(),
        phone: wish.from.clone(),
        out: (wish.opt == Opt::Out).then_some(out),
    }
}

fn within_reason(at: Timestamp, now: Timestamp) -> Timestamp {
    at.clamp(now - OLDEST, now + AHEAD)
}

/// Whether a provider says that the recipient wants no more.
fn is_unwanted(told: &messages::Told) -> bool {
    let reason = told.reason.as_ref();
    reason.is_some_and(|reason| bearing(&reason.code) == Bearing::Person)
}

#[derive(Debug, thiserror::Error)]
enum WishError {
    #[error(transparent)]
    Messages(#[from] Error),
    #[error(transparent)]
    People(#[from] cauce_store::campaigns::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_that_cannot_be_are_moved_to_the_nearest_that_can() {
        let now = Timestamp::from_millis(1_760_000_000_000);
        for (told, taken) in [
            (now, now),
            (now - OLDEST, now - OLDEST),
            (now + AHEAD, now + AHEAD),
            (Timestamp::EPOCH, now - OLDEST),
            (Timestamp::from_millis(i64::MIN), now - OLDEST),
            (Timestamp::NEVER, now + AHEAD),
        ] {
            assert_eq!(within_reason(told, now), taken, "{told:?}");
        }
    }
}
