//! What a record changes beside counters and rows, now and when the log tells it again.

use std::sync::Arc;

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_log::Position;

use super::{
    super::record::{Erasing, Forgotten, RuleRecord},
    Last, State, Tombstone,
};
use crate::store::{Erased, Removed};

impl State {
    /// Notes the place and the time of a call.
    pub(in super::super) fn note_events(&mut self, position: Position, now: Timestamp) {
        let before = self.last_events;
        self.last_events = position.as_u64();
        let last = Last {
            position: position.as_u64(),
            at: now,
        };
        let segment = self.segments.entry(position.segment()).or_insert(last);
        segment.position = last.position;
        segment.at = segment.at.max(now);
        while let Some(sealed) = self.recent.poll_sealed() {
            // Ids of this call may stand on either side.
            self.sealed.push_back((sealed, before));
        }
    }

    /// Seals the ids in memory, all of them or those that are old enough.
    pub(in super::super) fn seal_ids(&mut self, now: Timestamp, all: bool) {
        match all {
            true => self.recent.seal(),
            false => self.recent.handle_timeout(now),
        }
        let through = self.last_events;
        while let Some(sealed) = self.recent.poll_sealed() {
            self.sealed.push_back((sealed, through));
        }
    }

    /// Sets or removes a rule.
    pub(in super::super) fn set_rule(&mut self, record: RuleRecord) {
        let key = (record.tenant, record.kind);
        match record.rule {
            Some(rule) => drop(self.rules.insert(key, rule)),
            None => drop(self.rules.remove(&key)),
        }
    }

    /// Forgets what is known of a visitor outside of files; answers how much.
    pub(in super::super) fn begin_erasing(&mut self, erasing: &Erasing) -> Removed {
        let &Erasing {
            visitor,
            at,
            before_file,
            id,
            earlier,
            ..
        } = erasing;
        // No file to come may have the number of one that is to be cleared.
        self.manifest.next_file = self.manifest.next_file.max(before_file);
        let tombstone = Tombstone {
            at,
            before_file: Some(before_file),
            id,
            removed: earlier,
        };
        self.erased.insert(visitor, tombstone);
        let secret = Arc::clone(&self.secret);
        let mut scratch = Vec::new();
        let (events, rows) = self.buffer.erase(&mut |tenant: &TenantId, id| {
            secret.visitor(tenant.as_str(), id, &mut scratch) == visitor
        });
        self.manifest.left.erased += events;
        self.shown.left.erased += events;
        self.aggregator.forget(visitor as u64);
        Removed {
            rows,
            ids: self.recent.forget(visitor as u64),
            ..Removed::default()
        }
    }

    /// All that was removed of a visitor, together with so many segments: where there was nothing else
    /// to remove this time, there was nothing of the visitor in them.
    pub(in super::super) fn removed_in_all(&self, visitor: u128, segments: u64) -> Removed {
        let mut all = self
            .erased
            .get(&visitor)
            .map_or_else(Removed::default, |t| t.removed);
        if let Some(now) = self.manifest.erasing.get(&visitor)
            && *now != Removed::default()
        {
            all.add(Removed { segments, ..*now });
        }
        all
    }

    /// Nothing of the visitor is left.
    pub(in super::super) fn end_erasing(&mut self, forgotten: Forgotten) {
        self.manifest.erasing.remove(&forgotten.visitor);
        if let Some(tombstone) = self.erased.get_mut(&forgotten.visitor) {
            tombstone.before_file = None;
            tombstone.removed = forgotten.removed;
        }
    }

    /// The receipt of a visitor.
    pub(in super::super) fn receipt(&self, visitor: u128) -> Option<Erased> {
        let tombstone = self.erased.get(&visitor)?;
        Some(Erased {
            id: tombstone.id,
            at: tombstone.at,
            done: tombstone.before_file.is_none(),
            removed: self.removed_in_all(visitor, 0),
        })
    }

    /// Follow-ups up to a place were handed on.
    pub(in super::super) fn follow_through(&mut self, through: u64) {
        self.followed_through = self.followed_through.max(through);
        while self.follows.front().is_some_and(|at| *at <= through) {
            self.follows.pop_front();
        }
    }
}
