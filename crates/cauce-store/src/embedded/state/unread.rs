//! Where the news that nobody has taken yet begin, and what of the log they need.

use std::collections::BTreeSet;

use cauce_flow::id::QueueName;

use super::super::{
    names::Names,
    record::{NameId, Record},
};

/// What is known of news without reading them.
#[derive(Default)]
pub(in super::super) struct Unread {
    /// The queues that somebody follows; none where nobody does.
    followed: BTreeSet<QueueName>,
    /// Their numbers, as far as they have any.
    numbers: Vec<NameId>,
    /// News up to here are kept elsewhere.
    kept: u64,
    /// The first news that are not.
    first_unkept: Option<u64>,
    /// Where reading begins, and behind which place what is read is news; none where all is taken.
    next: Option<Reading>,
    /// The last news there are.
    last: u64,
    /// Some have come since this was asked last.
    fresh: bool,
    /// Whether nothing is kept elsewhere, so that jobs are told also where they were copied forward.
    whole: bool,
    /// What stands up to here is told so.
    whole_until: u64,
}

/// Where reading goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Reading {
    /// The place of a record.
    pub(in super::super) from: u64,
    /// What stands up to here is not told again.
    pub(in super::super) after: u64,
    /// Nothing that stands behind here is news yet.
    pub(in super::super) last: u64,
}

impl Unread {
    /// Somebody follows these queues.
    pub(in super::super) fn follow(&mut self, queues: BTreeSet<QueueName>) {
        self.followed = queues;
    }

    /// News up to here are kept elsewhere.
    pub(super) fn start(&mut self, kept: Option<u64>) {
        self.kept = kept.unwrap_or(0);
        self.whole = kept.is_none();
    }

    /// The log has been read: what is copied forward from here on has been told.
    pub(in super::super) fn opened(&mut self) {
        self.whole_until = if self.whole { self.last } else { 0 };
        self.whole = false;
    }

    /// Up to where jobs are told also where they were copied forward.
    pub(in super::super) fn whole_until(&self) -> u64 {
        self.whole_until
    }

    pub(super) fn is_whole(&self) -> bool {
        self.whole
    }

    /// Learns the numbers of the followed queues, where names have come.
    pub(super) fn learn(&mut self, names: &Names) {
        let known = self.followed.iter();
        self.numbers = known
            .filter_map(|queue| names.number(queue.as_str()))
            .collect();
    }

    /// Whether the jobs of a queue are followed.
    pub(in super::super) fn follows(&self, queue: NameId) -> bool {
        self.numbers.contains(&queue)
    }

    /// The queues that are followed.
    pub(in super::super) fn numbers(&self) -> &[NameId] {
        &self.numbers
    }

    pub(super) fn is_off(&self) -> bool {
        self.followed.is_empty()
    }

    /// A record of a followed queue stands at this place.
    pub(in super::super) fn note(&mut self, position: u64) {
        if position <= self.kept {
            return;
        }
        self.last = position;
        self.first_unkept.get_or_insert(position);
        self.fresh = true;
        let reading = Reading {
            from: position,
            after: self.kept.max(position - 1),
            last: position,
        };
        self.next.get_or_insert(reading).last = position;
    }

    /// Whether news have come since this was asked last.
    pub(in super::super) fn take_fresh(&mut self) -> bool {
        std::mem::take(&mut self.fresh)
    }

    /// Where reading goes on; none where all is taken.
    pub(in super::super) fn next(&self) -> Option<Reading> {
        self.next
    }

    /// Up to where all is told when nothing is left to be read.
    pub(in super::super) fn through(&self) -> u64 {
        self.last.max(self.kept)
    }

    /// News up to here have been told.
    pub(in super::super) fn told(&mut self, through: u64) {
        let last = self.last;
        if self.next.is_none_or(|reading| through <= reading.after) {
            // Nothing was flushed yet: reading begins where it would have.
            return;
        }
        self.next = (through < last).then_some(Reading {
            from: through,
            after: through,
            last,
        });
    }

    /// News up to here are kept elsewhere.
    pub(in super::super) fn kept(&mut self, through: u64) {
        self.kept = self.kept.max(through);
        self.first_unkept = (self.kept < self.last).then_some(self.kept);
    }

    /// The log must keep what stands at this place or behind it; none where all is kept.
    pub(in super::super) fn needs_from(&self) -> Option<u64> {
        self.first_unkept
    }
}

/// The queue of the jobs that a record tells news of; none where it tells none, or names no queue.
pub(super) fn queue_of(record: &Record) -> Option<NameId> {
    match record {
        Record::Job(head) => Some(head.owner.queue),
        Record::Settle(settle) => Some(settle.owner.queue),
        Record::Lost { burial, .. } => Some(burial.owner.queue),
        Record::End { owner, .. }
        | Record::Rescue { owner, .. }
        | Record::Replay { owner, .. }
        | Record::Resolve { owner, .. }
        | Record::Superseded { owner, .. } => Some(owner.queue),
        Record::Base(_)
        | Record::Spare(_)
        | Record::Name { .. }
        | Record::Moved { .. }
        | Record::Lease { .. }
        | Record::Begin { .. }
        | Record::Forget { .. }
        | Record::Change { .. }
        | Record::Gate { .. }
        | Record::Note { .. }
        | Record::Dropped { .. }
        | Record::Keys { .. }
        | Record::Agree { .. }
        | Record::Group(_) => None,
    }
}
