//! The sums that are not in the control store yet: a fold over the newest records of the log.

use std::collections::BTreeMap;

use super::{Rollup, Step};

/// Minute, queue and tenant; the names by the numbers that the log gives them.
pub(crate) type Place = (i64, u32, u32);

/// Sums of the records behind `after`.
#[derive(Default)]
pub(crate) struct Gathered {
    /// Off where nobody takes the sums away.
    on: bool,
    /// Records up to here are summed up elsewhere.
    after: u64,
    /// Records up to here are in `sums`.
    through: u64,
    sums: BTreeMap<Place, Rollup>,
}

impl Gathered {
    /// Gathers what stands behind `after`.
    pub(crate) fn start(&mut self, after: u64) {
        self.on = true;
        self.after = after;
        self.through = after;
    }

    /// Whether the record at `position` is to be counted.
    pub(crate) fn wants(&mut self, position: u64) -> bool {
        let wanted = self.on && position > self.after;
        if wanted {
            self.through = position;
        }
        wanted
    }

    /// The sums of a minute.
    pub(crate) fn at(&mut self, at_ms: i64, queue: u32, tenant: u32) -> &mut Rollup {
        self.sums.entry((Step::Minute.start(at_ms), queue, tenant)).or_default()
    }

    /// What is gathered, for whoever asks meanwhile.
    pub(crate) fn sums(&self) -> &BTreeMap<Place, Rollup> {
        &self.sums
    }

    /// Takes what is gathered away, with the place up to which it holds. It ends in
    /// [`Gathered::kept`] or in [`Gathered::give_back`].
    pub(crate) fn take(&mut self) -> (u64, BTreeMap<Place, Rollup>) {
        (self.through, std::mem::take(&mut self.sums))
    }

    /// What was taken could not be kept: it is gathered again.
    pub(crate) fn give_back(&mut self, sums: BTreeMap<Place, Rollup>) {
        let newer = std::mem::replace(&mut self.sums, sums);
        for (place, rollup) in newer {
            self.sums.entry(place).or_default().merge(&rollup);
        }
    }

    /// What was taken is kept.
    pub(crate) fn kept(&mut self, through: u64) {
        self.after = self.after.max(through);
    }

    /// The log must keep what stands at this place or behind it; none where nobody asks.
    pub(crate) fn needs_from(&self) -> Option<u64> {
        self.on.then_some(self.after)
    }
}
