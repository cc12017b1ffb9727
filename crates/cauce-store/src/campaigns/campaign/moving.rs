//! What happens to a campaign: it starts, is held, goes on, ends.

use cauce_flow::{
    campaign::{
        failing::Outcomes,
        state::{Order, State},
    },
    reason::Reason,
    time::Timestamp,
};
use rusqlite::Transaction;

use super::{
    Campaign, Refused,
    row::{self, known},
};
use crate::{
    campaigns::{Campaigns, audience, walks},
    jobs::Scope,
};

/// An order to a campaign.
#[derive(Clone, Debug, PartialEq)]
pub struct Move {
    /// What is to happen.
    pub order: Order,
    /// Why, where that needs a reason.
    pub note: Option<Reason>,
    /// What comes with a start.
    pub begin: Option<Begin>,
    /// What has come out of it by now, which counts as forgiven from here on.
    pub forgiven: Option<Outcomes>,
}

/// What comes with a start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Begin {
    /// What the start is answered with.
    pub job: String,
}

impl Move {
    /// An order and nothing else.
    pub fn just(order: Order) -> Move {
        Move {
            order,
            note: None,
            begin: None,
            forgiven: None,
        }
    }
}

/// A campaign that was given an order.
#[derive(Clone, Debug, PartialEq)]
pub struct Moved {
    /// Where it stood.
    pub before: State,
    /// As it is now.
    pub campaign: Campaign,
}

impl Campaigns {
    /// Gives an order to a campaign. It is carried out, with all that comes with it, or refused.
    pub async fn move_campaign(
        &self,
        scope: Scope,
        id: &str,
        order: Move,
        now: Timestamp,
    ) -> Result<Moved, Refused> {
        let id = id.to_owned();
        self.database
            .write(move |tx| carry_out(tx, &scope, &id, order, now))
            .await
    }

    /// Notes why a campaign stands where it does.
    pub async fn note_campaign(&self, id: &str, note: Option<Reason>) -> Result<(), Refused> {
        let id = id.to_owned();
        self.database
            .write(move |tx| {
                let mut campaign = known(tx, &Scope::All, &id)?;
                campaign.note = note;
                Ok(row::write(tx, &campaign)?)
            })
            .await
    }
}

fn carry_out(
    tx: &Transaction<'_>,
    scope: &Scope,
    id: &str,
    order: Move,
    now: Timestamp,
) -> Result<Moved, Refused> {
    let mut campaign = known(tx, scope, id)?;
    let before = campaign.state;
    campaign.state = before.on(order.order)?;
    if campaign.state == before {
        return Ok(Moved { before, campaign });
    }
    if let Some(begin) = order.begin {
        start(tx, &mut campaign, begin, now)?;
    }
    campaign.note = order.note;
    campaign.forgiven = order.forgiven.unwrap_or(campaign.forgiven);
    campaign.ended_at = campaign.state.is_final().then_some(now);
    if campaign.state.is_final() {
        walks::end(tx, campaign.row)?;
    }
    campaign.updated_at = now;
    row::write(tx, &campaign)?;
    Ok(Moved { before, campaign })
}

/// Freezes who is meant: contacts that come from here on are not.
fn start(
    tx: &Transaction<'_>,
    campaign: &mut Campaign,
    begin: Begin,
    now: Timestamp,
) -> Result<(), Refused> {
    campaign.estimate = audience::estimate(tx, &campaign.audience())?.contacts;
    if campaign.estimate == 0 {
        return Err(Refused::Empty);
    }
    campaign.last_row = audience::last_row(tx)?;
    campaign.job = Some(begin.job);
    campaign.started_at = Some(now);
    let last_row = campaign.last_row;
    Ok(walks::begin(tx, &campaign.tenant, campaign.row, last_row)?)
}
