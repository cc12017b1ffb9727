//! Messages to people on WhatsApp: taken as jobs in the line of their sender, followed through the
//! job log and through what their provider tells, and looked at.
//!
//! ```text
//! take --> job log --follow--> messages.db <--hear-- webhooks
//!                                   |
//!                                settle --> job log      what was unknown, once somebody knows
//! ```
//!
//! `take` turns messages into jobs; `follow` feeds what becomes of them into the picture of them;
//! `hear` takes what providers tell; `settle` acts on what is known by then: jobs whose fate was
//! unknown, people who want no more campaigns. `words` knows their words; `screen` keeps campaigns
//! from them.

mod follow;
mod hear;
mod screen;
mod settle;
mod take;
mod words;

use std::sync::{Arc, atomic::AtomicU64};

use cauce_destinations::message::Meaning;
use cauce_store::{
    campaigns::Campaigns,
    jobs::{Follow, JobStore},
    messages::{Bearing, Messages},
};
use tokio::sync::Notify;

#[cfg(test)]
pub(crate) use self::follow::change;
pub(crate) use self::screen::CampaignScreen;
pub use self::{
    hear::{Sender, Told},
    take::{MessageFault, NewMessage, Refusal, TakenMessage, is_past},
};
use crate::{
    campaigns::Walking, catch_up::CatchUp, clock::Clock, lines::Lines, transport::Transport,
};

/// The most messages of one call.
pub const MAX_MESSAGES: usize = 100;

/// Whom the failure of a message concerns, by its code.
pub(crate) fn bearing(code: &str) -> Bearing {
    match Meaning::of(code) {
        Meaning::OptedOut => Bearing::Person,
        Meaning::QualityLow => Bearing::Sender,
        Meaning::ThisMessage | Meaning::BadNumber | Meaning::TemplatePaused => Bearing::Message,
    }
}

/// The messages part of a running engine. Clones share it.
#[derive(Clone)]
pub(crate) struct Messaging {
    pub(crate) store: Messages,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) log: Arc<dyn Follow>,
    pub(crate) people: Campaigns,
    pub(crate) lines: Lines,
    pub(crate) transport: Transport,
    pub(crate) clock: Clock,
    /// Whether audiences are being walked.
    pub(crate) walking: Walking,
    /// Who waits for the loop that follows the log.
    pub(crate) catch_up: CatchUp,
    /// Wakes the loop that settles, because there may be something to settle.
    pub(crate) unsettled: Arc<Notify>,
    /// Wakes the loop of campaigns, because messages were put back.
    pub(crate) put_back: Arc<Notify>,
    /// Times of providers that could not be, and were moved.
    pub(crate) moved_times: Arc<AtomicU64>,
    /// Held by whoever tells on what people wish.
    pub(crate) telling: Arc<tokio::sync::Mutex<()>>,
}
