//! Reads many runs as one.

use std::{cmp::Reverse, io, sync::Arc};

use cauce_flow::shape::deduplicator::Entry;

use super::run::Run;

/// The ids of some runs as one, but for those that are not to be kept. Of an id that stands in many
/// the newest comes first.
pub(in super::super) fn merged<'a>(
    runs: &'a [Arc<Run>],
    keep: &'a dyn Fn(&Entry) -> bool,
) -> impl Iterator<Item = io::Result<Entry>> + 'a {
    let mut heads: Vec<Cursor<'a>> = runs.iter().map(|run| Cursor::new(run)).collect();
    std::iter::from_fn(move || next_of(&mut heads)).filter(move |id| id.as_ref().map_or(true, keep))
}

/// Where a run is being read.
struct Cursor<'a> {
    run: &'a Run,
    next_block: u64,
    ids: std::vec::IntoIter<Entry>,
    head: Option<Entry>,
}

impl<'a> Cursor<'a> {
    fn new(run: &'a Run) -> Cursor<'a> {
        Cursor {
            run,
            next_block: 0,
            ids: Vec::new().into_iter(),
            head: None,
        }
    }

    /// Makes `head` the next id of the run, or none at its end.
    fn fill(&mut self) -> io::Result<()> {
        if self.head.is_some() {
            return Ok(());
        }
        self.head = self.ids.next();
        while self.head.is_none() && self.next_block < self.run.blocks() {
            self.ids = self.run.block(self.next_block)?.into_iter();
            self.next_block += 1;
            self.head = self.ids.next();
        }
        Ok(())
    }
}

fn next_of(heads: &mut [Cursor<'_>]) -> Option<io::Result<Entry>> {
    for head in heads.iter_mut() {
        if let Err(error) = head.fill() {
            // Nothing more is to come after an error.
            heads.iter_mut().for_each(|head| head.next_block = u64::MAX);
            return Some(Err(error));
        }
    }
    let order = |id: &Entry| (id.digest, Reverse(id.received_at));
    let next = heads.iter_mut().filter(|head| head.head.is_some());
    next.min_by_key(|head| head.head.as_ref().map(order))?
        .head
        .take()
        .map(Ok)
}
