//! What a record changes beside counters and rows, now and when the log tells it again.

use std::sync::Arc;

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_log::Position;

use super::{
    super::record::{Erasing, RuleRecord},
    Last, State, Tombstone,
};

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

    /// Forgets what is known of a visitor outside of files; answers the rows and ids.
    pub(in super::super) fn begin_erasing(&mut self, erasing: Erasing) -> (u64, u64) {
        let Erasing {
            visitor,
            at,
            before_file,
        } = erasing;
        // No file to come may have the number of one that is to be cleared.
        self.manifest.next_file = self.manifest.next_file.max(before_file);
        let before_file = Some(before_file);
        self.erased.insert(visitor, Tombstone { at, before_file });
        let secret = Arc::clone(&self.secret);
        let mut scratch = Vec::new();
        let (events, rows) = self.buffer.erase(&mut |tenant: &TenantId, id| {
            secret.visitor(tenant.as_str(), id, &mut scratch) == visitor
        });
        self.manifest.left.erased += events;
        self.shown.left.erased += events;
        self.aggregator.forget(visitor as u64);
        (rows, self.recent.forget(visitor as u64))
    }

    /// Nothing of the visitor is left.
    pub(in super::super) fn end_erasing(&mut self, visitor: u128) {
        if let Some(tombstone) = self.erased.get_mut(&visitor) {
            tombstone.before_file = None;
        }
    }

    /// Follow-ups up to a place were handed on.
    pub(in super::super) fn follow_through(&mut self, through: u64) {
        self.followed_through = self.followed_through.max(through);
        while self.follows.front().is_some_and(|at| *at <= through) {
            self.follows.pop_front();
        }
    }
}
