//! What a store of events has to hold, as plain tables.

use std::{
    collections::{BTreeMap, HashMap, HashSet, VecDeque},
    time::Duration,
};

use cauce_flow::{
    event::{EventId, SiteId, VisitorId},
    id::TenantId,
    shape::month::Month,
    time::Timestamp,
};

use crate::{
    row::Row,
    store::{Counters, Intake, Shaped, Taken},
};

const DAY: Duration = Duration::from_secs(86_400);
const MINUTE: Duration = Duration::from_secs(60);
const HORIZON: Duration = Duration::from_secs(120);

/// Whoever did it, as far as erasures are concerned.
pub(super) type Whose = (TenantId, VisitorId);
/// One event, wherever its rows are.
type Key = (Timestamp, EventId, TenantId, SiteId, VisitorId);
/// All in which equal events are equal.
type Alike = (TenantId, SiteId, VisitorId, u128, String, String, u64, bool);

#[derive(Clone)]
struct First {
    id: EventId,
    occurred_at: Timestamp,
    received_at: Timestamp,
    /// Which call it came with.
    call: u64,
}

#[derive(Clone, Default)]
pub(super) struct Model {
    pub(super) rows: BTreeMap<Key, Row>,
    pub(super) counters: BTreeMap<TenantId, Counters>,
    known: HashMap<(TenantId, EventId), (Timestamp, VisitorId)>,
    firsts: HashMap<Alike, First>,
    pub(super) erased: HashMap<Whose, Timestamp>,
    pub(super) follows: VecDeque<(EventId, Whose)>,
    /// Follow-ups that were handed on.
    pub(super) handed: HashSet<(EventId, Whose)>,
    call: u64,
    /// Calls before this one have left the log with an erasure.
    cut: u64,
}

impl Model {
    pub(super) fn take(&mut self, intake: &Intake, now: Timestamp) -> Taken {
        self.call += 1;
        let mut taken = Taken::default();
        for shaped in &intake.events {
            self.take_one(intake, shaped, &mut taken, now);
        }
        let counters = self.counters.entry(intake.tenant.clone()).or_default();
        counters.stored += u64::from(taken.stored);
        counters.merged += u64::from(taken.merged);
        counters.duplicates += u64::from(taken.duplicates);
        counters.withheld += u64::from(taken.erased + intake.withheld);
        counters.sampled_out += u64::from(intake.sampled_out);
        counters.rejected += u64::from(intake.rejected);
        let beside = intake.sampled_out + intake.withheld + intake.rejected;
        counters.received += intake.events.len() as u64 + u64::from(beside);
        taken
    }

    fn take_one(&mut self, intake: &Intake, shaped: &Shaped, taken: &mut Taken, now: Timestamp) {
        let (tenant, event) = (&intake.tenant, &shaped.event);
        let whose = (tenant.clone(), event.visitor);
        if self
            .erased
            .get(&whose)
            .is_some_and(|at| event.occurred_at < *at)
        {
            taken.erased += 1;
            return;
        }
        let identity = (tenant.clone(), event.id);
        if self
            .known
            .get(&identity)
            .is_some_and(|(at, _)| now < *at + DAY)
        {
            taken.duplicates += 1;
            return;
        }
        self.known.insert(identity, (now, event.visitor));
        if shaped.follow_up.is_some() {
            self.follows.push_back((event.id, whose));
        }
        let mut row = Row {
            tenant: tenant.clone(),
            site: intake.site,
            visitor: event.visitor,
            session: event.session,
            occurred_at: event.occurred_at,
            id: event.id,
            kind: event.kind.clone(),
            metadata: event.metadata.clone(),
            count: 1,
            weight: shaped.weight,
            bot: event.bot,
        };
        let alike = alike(&row);
        let near = |first: &&First| {
            let (a, b) = (first.occurred_at, row.occurred_at);
            now < first.received_at + HORIZON && a.since(b).max(b.since(a)) < MINUTE
        };
        match self.firsts.get(&alike).filter(near) {
            Some(first) => {
                (row.id, row.occurred_at) = (first.id, first.occurred_at);
                taken.merged += 1;
            }
            None => {
                let first = First {
                    id: row.id,
                    occurred_at: row.occurred_at,
                    received_at: now,
                    call: self.call,
                };
                self.firsts.insert(alike, first);
                taken.stored += 1;
            }
        }
        // A first may have left with its month; its later ones make a row of its identity again.
        self.rows
            .entry(key(&row))
            .and_modify(|known| known.count += 1)
            .or_insert(row);
    }

    /// Forgets a visitor; answers how many rows that were.
    pub(super) fn erase(&mut self, whose: &Whose, now: Timestamp) -> u64 {
        let before = self.rows.len();
        self.rows
            .retain(|_, row| (&row.tenant, row.visitor) != (&whose.0, whose.1));
        self.known
            .retain(|(tenant, _), (_, visitor)| (tenant, *visitor) != (&whose.0, whose.1));
        self.firsts
            .retain(|alike, _| (&alike.0, alike.2) != (&whose.0, whose.1));
        self.follows.retain(|(_, theirs)| theirs != whose);
        self.handed.retain(|(_, theirs)| theirs != whose);
        self.erased.insert(whose.clone(), now);
        self.cut = self.call + 1;
        (before - self.rows.len()) as u64
    }

    /// The process begins anew: what it knew of equal events it reads from the log.
    pub(super) fn restart(&mut self) {
        let cut = self.cut;
        self.firsts.retain(|_, first| first.call >= cut);
    }

    /// Drops a month.
    pub(super) fn drop_month(&mut self, month: Month) {
        self.rows
            .retain(|_, row| Month::of(row.occurred_at) != month);
    }

    /// Tombstones that are older than what is kept are not needed.
    pub(super) fn forget_tombstones(&mut self, keep_from: Timestamp) {
        self.erased.retain(|_, at| *at >= keep_from);
    }

    pub(super) fn months(&self) -> Vec<Month> {
        let mut months: Vec<Month> = self
            .rows
            .values()
            .map(|row| Month::of(row.occurred_at))
            .collect();
        months.sort();
        months.dedup();
        months
    }
}

pub(super) fn key(row: &Row) -> Key {
    (
        row.occurred_at,
        row.id,
        row.tenant.clone(),
        row.site,
        row.visitor,
    )
}

fn alike(row: &Row) -> Alike {
    (
        row.tenant.clone(),
        row.site,
        row.visitor,
        row.session.as_u128(),
        row.kind.to_string(),
        row.metadata.as_str().to_owned(),
        row.weight.to_bits(),
        row.bot,
    )
}
