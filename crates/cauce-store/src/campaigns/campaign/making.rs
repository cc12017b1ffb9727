//! Campaigns are made, changed and taken away: the contacts that come with one, the list of them,
//! who of them is left out, and the campaign itself, all of it or nothing.

use cauce_flow::{
    campaign::{
        skip::Skip,
        state::{Order, State},
    },
    id::{AccountName, GroupName, TenantId},
    time::Timestamp,
};
use rusqlite::Transaction;

use super::{Campaign, Refused, Skipped, row, row::known, skips};
use crate::{
    campaigns::{
        Campaigns, lists, numbers, tagging, tenants,
        upsert::{Batch, Entry},
    },
    jobs::Scope,
    personal::{Personal, PhoneHash},
};

/// A campaign as it is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct NewCampaign {
    /// Its id.
    pub id: GroupName,
    /// Whose it is.
    pub tenant: TenantId,
    /// The account that sends it.
    pub sender: AccountName,
    /// What people call it.
    pub name: String,
    /// What it sends and how, as JSON.
    pub plan: String,
    /// For the contacts with any of these tags.
    pub tags: Vec<String>,
    /// And for these contacts. None keeps those that a campaign has which is changed.
    pub contacts: Option<Vec<Named>>,
    /// When it is to start by itself.
    pub scheduled_at: Option<Timestamp>,
}

/// A contact that is named one by one.
#[derive(Clone, Debug, PartialEq)]
pub enum Named {
    /// One that is known.
    Id(String),
    /// One that comes with the campaign.
    Entry(Box<Entry>),
    /// One that cannot be written to.
    Bad {
        /// Its id, where it came with one.
        id: Option<String>,
        /// Why.
        why: Skip,
    },
}

/// A campaign that was made or changed.
#[derive(Clone, Debug, PartialEq)]
pub struct Made {
    /// It.
    pub campaign: Campaign,
    /// How many of the contacts that were named are left out already, by reason.
    pub skipped: super::SkipCounts,
}

impl Campaigns {
    /// Makes a campaign, with the contacts that come with it.
    pub async fn make_campaign(&self, new: NewCampaign, now: Timestamp) -> Result<Made, Refused> {
        self.with_contacts(now, move |tx, personal, now| {
            let row = insert(tx, &new, now)?;
            let listed = Contacts::take(tx, personal, &new, row, now)?;
            tx.execute(
                "UPDATE campaigns SET list = ?2 WHERE row = ?1",
                (numbers::to(row), listed.list.map(numbers::to)),
            )?;
            Ok((new.tenant, new.id, listed.opted_out))
        })
        .await
    }

    /// Replaces a campaign that has not started by another one with the same id, where it is still
    /// the one that was last changed at `as_of`.
    pub async fn change_campaign(
        &self,
        new: NewCampaign,
        as_of: Timestamp,
        now: Timestamp,
    ) -> Result<Made, Refused> {
        self.with_contacts(now, move |tx, personal, now| {
            let scope = Scope::Tenant(new.tenant.clone());
            let mut campaign = known(tx, &scope, new.id.as_str())?;
            campaign.state.on(Order::Edit)?;
            if campaign.updated_at != as_of {
                return Err(Refused::Changed);
            }
            let order = match new.scheduled_at {
                Some(_) => Order::Schedule,
                None => Order::Unschedule,
            };
            let mut opted_out = Vec::new();
            if new.contacts.is_some() {
                forget_contacts(tx, &campaign)?;
                let listed = Contacts::take(tx, personal, &new, campaign.row, now)?;
                campaign.list = listed.list;
                opted_out = listed.opted_out;
            }
            campaign.state = campaign.state.on(order)?;
            campaign.sender = new.sender;
            campaign.name = new.name;
            campaign.plan = new.plan;
            campaign.tags = new.tags;
            campaign.scheduled_at = new.scheduled_at;
            campaign.note = None;
            // It names the version, and so two changes within a millisecond have two.
            let after = Timestamp::from_millis(as_of.as_millis() + 1);
            campaign.updated_at = now.max(after);
            row::write(tx, &campaign)?;
            Ok((new.tenant, new.id, opted_out))
        })
        .await
    }

    /// Takes a campaign away that has not started. The contacts that came with it stay.
    pub async fn delete_campaign(&self, scope: Scope, id: &str) -> Result<(), Refused> {
        let id = id.to_owned();
        self.database
            .write(move |tx| {
                let campaign = known(tx, &scope, &id)?;
                campaign.state.on(Order::Edit)?;
                forget_contacts(tx, &campaign)?;
                let row = numbers::to(campaign.row);
                tx.execute("DELETE FROM campaigns WHERE row = ?1", [row])?;
                Ok(())
            })
            .await
    }

    async fn with_contacts(
        &self,
        now: Timestamp,
        work: impl FnOnce(
            &Transaction<'_>,
            &Personal,
            Timestamp,
        ) -> Result<(TenantId, GroupName, Vec<PhoneHash>), Refused>
        + Send
        + 'static,
    ) -> Result<Made, Refused> {
        let (personal, opted_out) = (self.personal.clone(), self.opted_out.clone());
        let work = move |tx: &Transaction<'_>| -> Result<(Made, Vec<PhoneHash>), Refused> {
            let (tenant, id, hashes) = work(tx, &personal, now)?;
            let campaign = known(tx, &Scope::Tenant(tenant), id.as_str())?;
            let skipped = skips::counts(tx, campaign.row)?;
            Ok((Made { campaign, skipped }, hashes))
        };
        let then =
            move |(_, hashes): &(Made, Vec<PhoneHash>)| opted_out.add(hashes.iter().copied());
        let (made, _) = self.database.write_then(work, then).await?;
        Ok(made)
    }
}

fn insert(tx: &Transaction<'_>, new: &NewCampaign, now: Timestamp) -> rusqlite::Result<u64> {
    let state = match new.scheduled_at {
        Some(_) => State::Scheduled,
        None => State::Draft,
    };
    tx.prepare_cached(
        "INSERT INTO campaigns (id, tenant, sender, name, state, plan, tags, scheduled_at,
            created_at, updated_at, last_row, estimate, forgiven_sent, forgiven_failed,
            forgiven_barred)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, 0, 0, 0, 0, 0)",
    )?
    .execute(rusqlite::params![
        new.id.as_str(),
        new.tenant.as_str(),
        new.sender.as_str(),
        new.name,
        state.as_str(),
        new.plan,
        tagging::to_text(&new.tags),
        new.scheduled_at.map(Timestamp::as_millis),
        now.as_millis(),
    ])?;
    Ok(numbers::of(tx.last_insert_rowid()))
}

fn forget_contacts(tx: &Transaction<'_>, campaign: &Campaign) -> rusqlite::Result<()> {
    skips::forget(tx, campaign.row)?;
    if let Some(list) = campaign.list {
        lists::forget(tx, list)?;
    }
    Ok(())
}

/// The contacts that were named for a campaign, taken.
#[derive(Default)]
struct Contacts {
    list: Option<u64>,
    opted_out: Vec<PhoneHash>,
}

impl Contacts {
    fn take(
        tx: &Transaction<'_>,
        personal: &Personal,
        new: &NewCampaign,
        row: u64,
        now: Timestamp,
    ) -> Result<Contacts, Refused> {
        let Some(contacts) = new.contacts.as_ref().filter(|named| !named.is_empty()) else {
            return Ok(Contacts::default());
        };
        let mut batch = Batch::begin(tx, personal, &new.tenant, now)?;
        let (mut ids, mut places, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for (place, named) in contacts.iter().enumerate() {
            let id = match named {
                Named::Id(id) => id.clone(),
                Named::Entry(entry) => {
                    let taken = batch.take((**entry).clone())?;
                    taken.map_err(|why| Refused::Contact { place, why })?.id
                }
                Named::Bad { id, why } => {
                    left_out.push(skip(place, id.clone(), *why));
                    continue;
                }
            };
            ids.push(id);
            places.push(place);
        }
        let opted_out = batch.finish()?;
        let tenant = tenants::number(tx, &new.tenant)?;
        let listing = lists::make(tx, tenant, &ids)?;
        for (missing, why) in [
            (&listing.unknown, Skip::UnknownContact),
            (&listing.repeated, Skip::Duplicate),
        ] {
            let missing = missing.iter();
            left_out.extend(missing.map(|at| skip(places[*at], Some(ids[*at].clone()), why)));
        }
        skips::add(tx, row, &left_out)?;
        Ok(Contacts {
            list: Some(listing.list),
            opted_out,
        })
    }
}

/// Somebody who was named and has no contact of their own in the campaign: told by their place,
/// below all rows of contacts.
fn skip(place: usize, id: Option<String>, why: Skip) -> Skipped {
    Skipped {
        contact: -1 - i64::try_from(place).unwrap_or(i64::MAX - 1),
        id,
        why,
        detail: Some(format!("/contacts/{place}")),
    }
}
