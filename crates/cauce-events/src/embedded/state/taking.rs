//! Takes the events of a call: which are repeats, which are equal to an earlier one, which get a row.

use std::collections::VecDeque;

use bytes::Bytes;
use cauce_flow::{
    event::{Event, SiteId},
    id::TenantId,
    shape::{
        aggregator::{Candidate, Verdict},
        deduplicator::Seen,
    },
    time::Timestamp,
};

use super::{
    super::{
        digest::{Digests, Likeness, Secret},
        record::{EventsHead, EventsWriter, Follow},
    },
    State,
};
use crate::{
    row::Row,
    store::{Counters, Intake, Shaped, Taken},
};

/// A call with all that can be told of it without the state.
pub(in super::super) struct Prepared {
    tenant: TenantId,
    site: SiteId,
    sampled_out: u32,
    withheld: u32,
    rejected: u32,
    /// The events as rows of their own.
    rows: Vec<Row>,
    /// Of each row.
    pub(in super::super) digests: Vec<Digests>,
    /// What follows from some of them, by their places.
    follow_ups: VecDeque<(usize, Bytes)>,
    /// Which events stand in the runs of known ids; empty where none does.
    pub(in super::super) repeats: Vec<bool>,
    /// Which runs were looked into.
    pub(in super::super) runs_version: u64,
}

/// What became of a call.
pub(in super::super) struct Took {
    pub(in super::super) head: EventsHead,
    pub(in super::super) taken: Taken,
}

impl Prepared {
    /// Makes rows and digests of the events, on the thread of the caller.
    pub(in super::super) fn new(intake: Intake, secret: &Secret) -> Prepared {
        let mut prepared = Prepared {
            tenant: intake.tenant,
            site: intake.site,
            sampled_out: intake.sampled_out,
            withheld: intake.withheld,
            rejected: intake.rejected,
            rows: Vec::with_capacity(intake.events.len()),
            digests: Vec::with_capacity(intake.events.len()),
            follow_ups: VecDeque::new(),
            repeats: Vec::new(),
            runs_version: 0,
        };
        let mut scratch = Vec::with_capacity(256);
        for (place, shaped) in intake.events.into_iter().enumerate() {
            let follow_up = shaped.follow_up.clone();
            prepared
                .follow_ups
                .extend(follow_up.map(|bytes| (place, bytes)));
            prepared.push(
                row_of(&prepared.tenant, prepared.site, shaped),
                secret,
                &mut scratch,
            );
        }
        prepared
    }

    fn push(&mut self, row: Row, secret: &Secret, scratch: &mut Vec<u8>) {
        let before = self.rows.last().zip(self.digests.last());
        let visitor = match before {
            Some((before, digests)) if before.visitor == row.visitor => digests.visitor,
            _ => secret.visitor(row.tenant.as_str(), row.visitor, scratch),
        };
        self.digests.push(Digests {
            id: secret.event(&row.tenant, row.id, scratch),
            visitor,
            alike: secret.alike(&Likeness::from(&row), scratch),
        });
        self.rows.push(row);
    }

    /// How many events there are.
    pub(in super::super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Bytes that its record takes at most.
    pub(in super::super) fn max_record_bytes(&self) -> u64 {
        const HEAD: usize = 256;
        const ENTRY: usize = 128;
        let row = |row: &Row| ENTRY + row.kind.as_str().len() + row.metadata.as_str().len();
        let rows = self.rows.iter().map(row).sum::<usize>();
        let follows = self.follow_ups.iter().map(|(_, bytes)| bytes.len() + 32);
        (HEAD + rows + follows.sum::<usize>()) as u64
    }

    /// Whether it says nothing at all.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.sampled_out + self.withheld + self.rejected == 0
    }
}

fn row_of(tenant: &TenantId, site: SiteId, shaped: Shaped) -> Row {
    let Event {
        id,
        visitor,
        session,
        kind,
        occurred_at,
        metadata,
        bot,
    } = shaped.event;
    Row {
        tenant: tenant.clone(),
        site,
        visitor,
        session,
        occurred_at,
        id,
        kind,
        metadata,
        count: 1,
        weight: shaped.weight,
        bot,
    }
}

impl State {
    /// Takes the events of a call in, and writes what is to be remembered of them. New ones are
    /// also shown to `watch`, each as a row of its own.
    pub(in super::super) fn take(
        &mut self,
        mut prepared: Prepared,
        out: &mut EventsWriter,
        mut watch: Option<&mut Vec<Row>>,
        now: Timestamp,
    ) -> Took {
        out.begin();
        let mut taking = Taking {
            state: self,
            out,
            taken: Taken::default(),
            now,
        };
        let events = prepared.rows.into_iter().zip(&prepared.digests).enumerate();
        for (place, (row, digests)) in events {
            let followed = prepared
                .follow_ups
                .front()
                .is_some_and(|next| next.0 == place);
            let follow_up = if followed {
                prepared.follow_ups.pop_front()
            } else {
                None
            };
            let is_repeat = prepared.repeats.get(place).copied().unwrap_or(false);
            if taking.refuse(&row, digests, is_repeat) {
                continue;
            }
            if let Some(rows) = &mut watch {
                rows.push(row.clone());
            }
            if let Some((_, bytes)) = follow_up {
                taking.follow(&row, digests, &bytes);
            }
            taking.keep(row, digests);
        }
        let mut taken = taking.taken;
        let head = EventsHead {
            at: now,
            tenant: prepared.tenant,
            site: prepared.site,
            sampled_out: prepared.sampled_out,
            withheld: prepared.withheld,
            erased: taken.erased,
            rejected: prepared.rejected,
            duplicates: taken.duplicates,
        };
        self.clock = self.clock.max(now);
        self.count(&head, taken.stored.into(), taken.merged.into());
        taken.buffered = self.buffer.len();
        Took { head, taken }
    }

    /// Counts what became of the events of a call.
    pub(super) fn count(&mut self, head: &EventsHead, stored: u64, merged: u64) {
        let mut counters = Counters {
            received: 0,
            stored,
            sampled_out: head.sampled_out.into(),
            merged,
            duplicates: head.duplicates.into(),
            withheld: u64::from(head.withheld) + u64::from(head.erased),
            rejected: head.rejected.into(),
        };
        counters.received = counters.accounted();
        self.counters.add(&head.tenant, &counters);
    }
}

/// A call that is being taken.
struct Taking<'a> {
    state: &'a mut State,
    out: &'a mut EventsWriter,
    taken: Taken,
    now: Timestamp,
}

impl Taking<'_> {
    /// Whether the event is not to be kept. If it is, its id is known from here on.
    fn refuse(&mut self, row: &Row, digests: &Digests, is_repeat: bool) -> bool {
        let State { erased, recent, .. } = self.state;
        let tombstone = if erased.is_empty() {
            None
        } else {
            erased.get(&digests.visitor)
        };
        if tombstone.is_some_and(|tombstone| row.occurred_at < tombstone.at) {
            self.taken.erased += 1;
            return true;
        }
        let mut seen = || recent.insert(digests.id, digests.visitor as u64, self.now);
        let repeat = is_repeat || seen() == Seen::Known;
        self.taken.duplicates += u32::from(repeat);
        repeat
    }

    /// Notes what follows from the event.
    fn follow(&mut self, row: &Row, digests: &Digests, bytes: &[u8]) {
        self.out.follow(Follow {
            event: row.id,
            visitor: digests.visitor as u64,
            bytes,
        });
    }

    /// Gives the event a row, or adds it to that of an equal one.
    fn keep(&mut self, mut row: Row, digests: &Digests) {
        let State {
            aggregator, buffer, ..
        } = self.state;
        let candidate = Candidate {
            key: digests.alike,
            id: row.id,
            occurred_at: row.occurred_at,
            visitor_print: digests.visitor as u64,
            token: buffer.next_number(),
        };
        match aggregator.on_event(candidate, self.now) {
            Verdict::First => {
                self.out.row(&row, self.now, None);
                buffer.push(row, self.now);
                self.taken.stored += 1;
            }
            Verdict::MergeInto {
                id,
                occurred_at,
                token,
            } => {
                (row.id, row.occurred_at) = (id, occurred_at);
                self.out.row(&row, self.now, Some(digests.id));
                if !buffer.raise(token) {
                    buffer.push(row, self.now);
                }
                self.taken.merged += 1;
            }
        }
    }
}
