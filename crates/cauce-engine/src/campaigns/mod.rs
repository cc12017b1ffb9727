//! Campaigns: one message to many people, as jobs of one group in the line of their sender.
//!
//! ```text
//! draft --order--> campaigns.db --round--> expander --pieces--> job log
//!                       ^            |                             |
//!                       |            +---- gate of the group ----> |
//!                       +------ figures, marks, ends --------------+
//! ```
//!
//! `draft` checks what is to be sent, `orders` carries out what people want, `round` is the loop that
//! looks what has to be done next, `expand` and `fill` make jobs of an audience, `status` says how a
//! campaign does. What has been ordered is in the store of campaigns; how far it has come is told by
//! the jobs.

mod asked;
mod draft;
mod eta;
mod expand;
mod fill;
mod hours;
mod members;
mod orders;
mod plan;
mod preview;
mod reopen;
pub(crate) mod round;
mod status;
mod system;
mod walking;

use std::sync::Arc;

use cauce_destinations::{fault::FieldFault, message::Provider};
use cauce_flow::{
    campaign::{estimate, state, window::TimeZoneDatabase},
    id::TenantId,
};
use cauce_store::{
    campaigns::{
        self as store, Campaigns,
        campaign::{Campaign, Refused},
    },
    jobs::{self, JobStore},
    messages::{self, Messages},
};
use tokio::sync::Notify;

pub use self::{
    draft::Draft,
    orders::Started,
    plan::{Plan, SendWindow, Variant},
    preview::Preview,
    status::{Batches, CampaignStatus, Metrics, Progress, VariantStatus},
    system::{QueueFigures, SystemFigures, SystemStatus},
};
use crate::{
    catch_up::CatchUp,
    clock::Clock,
    lines::Lines,
    settings::{Account, Settings},
};
pub(crate) use hours::Hours;
pub(crate) use walking::Walking;

/// The campaigns part of a running engine. Clones share it.
#[derive(Clone)]
pub(crate) struct Campaigning {
    pub(crate) store: Campaigns,
    pub(crate) messages: Messages,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) lines: Lines,
    pub(crate) clock: Clock,
    pub(crate) zones: TimeZoneDatabase,
    /// The hours of the campaigns that are under way, for whoever sends.
    pub(crate) hours: Hours,
    /// Whether audiences are being walked.
    pub(crate) walking: Walking,
    /// Waits for the picture of messages.
    pub(crate) catch_up: CatchUp,
    /// Wakes the loop, because there may be something to do.
    pub(crate) nudge: Arc<Notify>,
    /// Wakes the loop, because messages were put back by none of those who ask it to look.
    pub(crate) put_back: Arc<Notify>,
    /// Held from a look at where a campaign stands until its gate follows, so that of two who move
    /// it the gate follows the one that was kept last.
    pub(crate) moving: Arc<tokio::sync::Mutex<()>>,
}

/// Why something was not done with a campaign. Nothing was changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such campaign (for this tenant).
    #[error("no such campaign")]
    Unknown,
    /// Where it stands does not allow it.
    #[error(transparent)]
    State(#[from] state::Refusal),
    /// It was changed since the change of it began.
    #[error("it was changed meanwhile; hint: look at it as it is, and change that")]
    Changed,
    /// What it is to be cannot be; each fault by JSON Pointer.
    #[error("the campaign cannot be sent as it is")]
    Faulty(Vec<FieldFault>),
    /// It cannot start as it is.
    #[error("the campaign cannot start: {0}")]
    Unfit(Unfit),
    /// The store of campaigns could not do it.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The job log could not do it.
    #[error(transparent)]
    Jobs(#[from] jobs::Error),
    /// What became of messages could not be read.
    #[error(transparent)]
    Messages(#[from] messages::Error),
}

/// Why a campaign cannot start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Its sender is gone.
    #[error("no account `{0}` of this tenant sends messages; hint: name another sender")]
    Sender(String),
    /// It does not fit its sender any more.
    #[error(
        "what it says does not fit the provider of its sender; hint: look at it, and send the \
         change again to have each fault named"
    )]
    Content,
    /// Nobody would get it.
    #[error("the audience is empty; hint: name contacts, or tags that contacts have")]
    Empty,
    /// Nobody has what its text asks for.
    #[error(
        "none of the {looked} contacts of its audience has `{name}`; hint: known of them are \
         {known}; give the text a word for those of whom it is not known: {{{{{name}|…}}}}"
    )]
    Variable {
        /// The name in the text.
        name: String,
        /// How many contacts were looked at.
        looked: usize,
        /// What is known of them.
        known: String,
    },
}

impl Unfit {
    /// The reason as a short code to group by.
    pub const fn code(&self) -> &'static str {
        match self {
            Unfit::Sender(_) => "unknown_sender",
            Unfit::Content => "unfit_content",
            Unfit::Empty => "empty_audience",
            Unfit::Variable { .. } => "unknown_variable",
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Refusal {
        match refused {
            Refused::Unknown => Refusal::Unknown,
            Refused::State(refusal) => Refusal::State(refusal),
            Refused::Changed => Refusal::Changed,
            Refused::Empty => Refusal::Unfit(Unfit::Empty),
            Refused::Contact { place, why } => {
                let pointer = format!("/contacts/{place}");
                Refusal::Faulty(vec![FieldFault::at(pointer, why.to_string())])
            }
            Refused::Store(error) => Refusal::Store(error),
        }
    }
}

/// The account that sends a campaign, with its provider.
pub(crate) fn sender<'a>(
    settings: &'a Settings,
    tenant: &TenantId,
    name: &str,
) -> Option<(&'a Account, Provider)> {
    let mut own = senders(settings, tenant);
    own.find(|(account, _)| account.name.as_str() == name)
}

/// The accounts of a tenant that send messages.
pub(crate) fn senders<'a>(
    settings: &'a Settings,
    tenant: &TenantId,
) -> impl Iterator<Item = (&'a Account, Provider)> {
    let own = settings.accounts.iter();
    let own = own.filter(move |account| account.tenant == *tenant);
    own.filter_map(|account| Some((account, account.platform.parse().ok()?)))
}

/// The plan that is kept with a campaign.
pub(crate) fn plan(campaign: &Campaign) -> Option<Plan> {
    serde_json::from_str(&campaign.plan).ok()
}

/// How long so many messages take at the rate of their sender.
pub(crate) fn estimated_ms(settings: &Settings, campaign: &Campaign, messages: u64) -> u64 {
    let sender = sender(settings, &campaign.tenant, campaign.sender.as_str());
    let rate = sender.map(|(account, _)| &account.policy.rate[..]);
    let takes = estimate::duration(messages, rate.unwrap_or_default());
    u64::try_from(takes.as_millis()).unwrap_or(u64::MAX)
}
