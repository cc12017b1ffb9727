//! The sums that are not in the control store yet: a fold over the newest records of the log, and
//! how they are taken from it.

use std::collections::BTreeMap;

use super::{Key, Rollup, Step};
use crate::jobs::Call;

/// Minute, queue and tenant; the names by the numbers that the log gives them.
pub type Place = (i64, u32, u32);

/// Sums by their place.
pub type Sums = BTreeMap<Place, Rollup>;

/// A job store that gathers sums until they are kept elsewhere.
pub trait Gathers: Send + Sync + 'static {
    /// Tells its log from any other.
    fn instance(&self) -> u32;

    /// Takes the gathered sums away, once all that they sum up is durable, with the place in the
    /// log up to which they hold. They end in [`Gathers::gathered_kept`] or in
    /// [`Gathers::give_back_gathered`].
    fn take_gathered(&self) -> Call<'_, (u64, Sums)>;

    /// What was taken is kept up to this place.
    fn gathered_kept(&self, through: u64);

    /// What was taken could not be kept: it is gathered again.
    fn give_back_gathered(&self, sums: Sums);

    /// The sums that are in memory only.
    fn gathered(&self) -> Vec<(Key, Rollup)>;

    /// Sums under the names of their queues and tenants.
    fn named(&self, sums: &Sums) -> Vec<(Key, Rollup)>;
}

/// Sums of the records behind `after`.
#[derive(Default)]
pub(crate) struct Gathered {
    /// Off where nobody takes the sums away.
    on: bool,
    /// Records up to here are summed up elsewhere.
    after: u64,
    /// Records up to here are in `sums`.
    through: u64,
    sums: Sums,
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
        self.sums
            .entry((Step::Minute.start(at_ms), queue, tenant))
            .or_default()
    }

    /// What is gathered, for whoever asks meanwhile.
    pub(crate) fn sums(&self) -> &Sums {
        &self.sums
    }

    /// Takes what is gathered away, with the place up to which it holds. It ends in
    /// [`Gathered::kept`] or in [`Gathered::give_back`].
    pub(crate) fn take(&mut self) -> (u64, Sums) {
        (self.through, std::mem::take(&mut self.sums))
    }

    /// What was taken could not be kept: it is gathered again.
    pub(crate) fn give_back(&mut self, sums: Sums) {
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
