//! The small state of the store: the fold over its log.

mod base;
mod changing;
mod fold;
mod noting;
mod shown;
mod taking;

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    sync::Arc,
};

use cauce_flow::{
    event::EventKind,
    id::TenantId,
    shape::{
        aggregator::Aggregator,
        deduplicator::{Recent, Sealed},
        sampler::Rule,
    },
    time::Timestamp,
};

pub(super) use self::{changing::Change, fold::Replay, shown::Shown, taking::Prepared};
use super::{buffer::Buffer, digest::Secret, manifest::Manifest, tally::Tally};
use crate::store::Removed;

/// The state behind its lock.
pub(super) struct State {
    pub(super) secret: Arc<Secret>,
    pub(super) counters: Tally,
    pub(super) rules: BTreeMap<(TenantId, EventKind), Rule>,
    /// Erased visitors, by digest.
    pub(super) erased: HashMap<u128, Tombstone>,
    /// The files that count, as the log says.
    pub(super) manifest: Manifest,
    /// The files that are shown to readers: the same, as soon as they have their names.
    pub(super) shown: Shown,
    pub(super) buffer: Buffer,
    pub(super) recent: Recent,
    /// Tables of known ids that are to become runs, and up to where they cover the log.
    pub(super) sealed: VecDeque<(Sealed, u64)>,
    pub(super) aggregator: Aggregator,
    /// Places of records with follow-ups that were not handed on.
    pub(super) follows: VecDeque<u64>,
    /// Follow-ups up to this place were handed on.
    pub(super) followed_through: u64,
    /// The place of the last record of a call.
    pub(super) last_events: u64,
    /// The last call of each segment, by number.
    pub(super) segments: BTreeMap<u32, Last>,
    /// The latest time that was ever handed in.
    pub(super) clock: Timestamp,
}

/// A visitor who was erased.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tombstone {
    /// What happened before is refused.
    pub(super) at: Timestamp,
    /// Files with a smaller number are still to be cleared; none once that is done.
    pub(super) before_file: Option<u64>,
    /// Names the receipt.
    pub(super) id: u128,
    /// What was removed, but for what is being removed now.
    pub(super) removed: Removed,
}

/// The last call of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Last {
    /// Where it stands.
    pub(super) position: u64,
    /// The latest time of any call.
    pub(super) at: Timestamp,
}

/// What of the state is configured.
pub(super) struct Limits {
    pub(super) aggregator: cauce_flow::shape::aggregator::Config,
    pub(super) recent: cauce_flow::shape::deduplicator::Config,
}

impl State {
    pub(super) fn new(secret: Secret, limits: Limits) -> State {
        State {
            secret: Arc::new(secret),
            counters: Tally::default(),
            rules: BTreeMap::new(),
            erased: HashMap::new(),
            manifest: Manifest::default(),
            shown: Shown::default(),
            buffer: Buffer::new(),
            recent: Recent::new(limits.recent),
            sealed: VecDeque::new(),
            aggregator: Aggregator::new(limits.aggregator),
            follows: VecDeque::new(),
            followed_through: 0,
            last_events: 0,
            segments: BTreeMap::new(),
            clock: Timestamp::EPOCH,
        }
    }

    /// Whether files hold all rows and ids of a segment.
    pub(super) fn is_covered(&self, segment: u32) -> bool {
        let through = self.manifest.rows_through.min(self.manifest.ids_through);
        let covered = |last: &Last| last.position <= through;
        self.segments.get(&segment).is_none_or(covered)
    }

    /// Erasures that are not done.
    pub(super) fn unfinished(&self) -> impl Iterator<Item = (u128, u64)> {
        let unfinished = |(visitor, tombstone): (&u128, &Tombstone)| {
            tombstone.before_file.map(|file| (*visitor, file))
        };
        self.erased.iter().filter_map(unfinished)
    }
}
