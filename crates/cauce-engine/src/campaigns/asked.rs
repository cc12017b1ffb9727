//! Numbers of which only what a campaign has made by now says whether they have got their message:
//! one of their contacts was changed since its start, or too many contacts have them.

use std::{collections::HashMap, time::Duration};

use cauce_flow::{campaign::skip::Skip, time::Timestamp};
use cauce_store::{
    campaigns::{
        campaign::{Campaign, Skipped},
        contact::Number,
    },
    messages::{Error, Messages},
};
use tokio::time::{Instant, timeout_at};

use super::{
    fill::{Filled, Filling, skipped},
    members::Candidate,
};

/// How long it waits until everything that was accepted is known.
const PATIENCE: Duration = Duration::from_secs(2);
/// Numbers that are held at once; past it they are asked for again.
const MAX_HELD: usize = 100_000;

/// What is known of such numbers, for the time of one walk.
#[derive(Default)]
pub(super) struct Asked(HashMap<Number, bool>);

impl Asked {
    /// Asks for the numbers of contacts that are not known yet, once so many messages of their campaign
    /// are. Answers whether they were in time.
    pub(super) async fn ask(
        &mut self,
        messages: &Messages,
        campaign: &Campaign,
        accepted: u64,
        candidates: &[Candidate],
    ) -> Result<bool, Error> {
        if self.0.len() > MAX_HELD {
            self.0.clear();
        }
        let asking = candidates.iter().filter(|candidate| candidate.asks);
        let numbers = asking.map(|candidate| &candidate.member.number);
        let new: Vec<&Number> = numbers.filter(|one| !self.0.contains_key(*one)).collect();
        if new.is_empty() {
            return Ok(true);
        }
        let (tenant, id) = (&campaign.tenant, &campaign.id);
        let (until, more) = (Instant::now() + PATIENCE, messages.has_projected());
        let reached = loop {
            // Before the look: what becomes known meanwhile is not missed.
            let told = more.notified();
            let wanted = new.iter().map(|number| number.0.clone()).collect();
            if let Some(reached) = messages.reached(tenant, id, accepted, wanted).await? {
                break reached;
            }
            if timeout_at(until, told).await.is_err() {
                return Ok(false);
            }
        };
        let found = new
            .into_iter()
            .map(|new| (new.clone(), reached.contains(&new.0)));
        let found: Vec<_> = found.collect();
        self.0.extend(found);
        Ok(true)
    }

    /// The message of a contact, which is recipient `number` of its campaign; none where another
    /// one with its number has got it.
    pub(super) fn fill(
        &mut self,
        filling: &Filling,
        candidate: &Candidate,
        number: u64,
        now: Timestamp,
    ) -> Result<Filled, Skipped> {
        let Candidate { member, asks } = candidate;
        if *asks && self.0.get(&member.number) == Some(&true) {
            return Err(skipped(member, Skip::Duplicate, None));
        }
        let filled = filling.fill(member, number, now)?;
        if *asks {
            self.0.insert(member.number.clone(), true);
        }
        Ok(filled)
    }
}
