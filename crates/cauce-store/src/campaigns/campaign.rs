//! Campaigns: what each is to send and to whom, where it stands, and whom it has left out.
//!
//! What a campaign has sent is not here: its jobs are in the log of jobs, as a group with the
//! campaign's name, and the mark of that group says how far its audience has been walked. Here is
//! what has to be known before there are jobs, and of those who never become any.

mod looking;
mod making;
mod moving;
mod pruning;
mod row;
mod skips;

use cauce_flow::{
    campaign::{
        failing::Outcomes,
        skip::Skip,
        state::{self, State},
    },
    id::{AccountName, GroupName, TenantId},
    reason::Reason,
    time::Timestamp,
};

pub use self::{
    looking::{Filter, Listed},
    making::{Made, Named, NewCampaign},
    moving::{Begin, Move, Moved},
    skips::Skipped,
};
use super::{Audience, Error, upsert::Refusal};
use crate::database::Failure;

/// A campaign as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Campaign {
    /// Its place in the order in which campaigns came.
    pub row: u64,
    /// Its id, which is also the name of the group of its jobs.
    pub id: GroupName,
    /// Whose it is.
    pub tenant: TenantId,
    /// The account that sends it.
    pub sender: AccountName,
    /// What people call it.
    pub name: String,
    /// Where it stands.
    pub state: State,
    /// What it sends and how, as JSON of whoever made it.
    pub plan: String,
    /// For the contacts with any of these tags.
    pub tags: Vec<String>,
    /// And for those of this list.
    pub list: Option<u64>,
    /// When it is to start by itself.
    pub scheduled_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was started.
    pub started_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// What its start was answered with.
    pub job: Option<String>,
    /// The newest contact at its start: those that came later are not in it.
    pub last_row: u64,
    /// How many contacts it was for, as its start found.
    pub estimate: u64,
    /// Why it stands where it does, where that needs a reason.
    pub note: Option<Reason>,
    /// What had come out of it when a person last let it run.
    pub forgiven: Outcomes,
}

impl Campaign {
    /// Whom it is for.
    pub fn audience(&self) -> Audience {
        Audience {
            campaign: Some(self.row),
            tenant: self.tenant.clone(),
            tags: self.tags.clone(),
            list: self.list,
        }
    }
}

/// Why a campaign was not made or moved. Nothing was changed then.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Refused {
    /// There is none (for this tenant).
    #[error("no such campaign")]
    Unknown,
    /// Where it stands does not allow it.
    #[error(transparent)]
    State(#[from] state::Refusal),
    /// It is not as it was where the change began.
    #[error("it was changed meanwhile; hint: look at it as it is, and change that")]
    Changed,
    /// Nobody would get it.
    #[error("the audience is empty; hint: name contacts, or tags that contacts have")]
    Empty,
    /// A contact in it cannot be taken.
    #[error("contact {place}: {why}")]
    Contact {
        /// Its place among the contacts that were named.
        place: usize,
        /// Why.
        why: Refusal,
    },
    /// The store could not do it.
    #[error(transparent)]
    Store(#[from] Error),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Refused {
        Refused::Store(failure.into())
    }
}

impl From<rusqlite::Error> for Refused {
    fn from(error: rusqlite::Error) -> Refused {
        Refused::Store(error.into())
    }
}

/// How many were left out, by reason.
pub type SkipCounts = std::collections::BTreeMap<Skip, u64>;

#[cfg(test)]
mod tests;
