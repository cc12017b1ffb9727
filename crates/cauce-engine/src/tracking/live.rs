//! Live events for whoever listens, and the newest of them for those who come back.
//!
//! Events stand in one ring with numbers that only grow. A reader is nothing but the number that it
//! wants next: there is no queue for each, so that a reader that is slow costs nothing, and falls
//! behind the ring in the end. It is told how many it missed, then.

use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use cauce_events::row::Row;
use cauce_flow::{event::VisitorId, id::TenantId};
use parking_lot::Mutex;
use tokio::sync::{
    broadcast::{Receiver, error::RecvError},
    watch,
};
use tokio_util::sync::CancellationToken;

use super::Tracking;
use crate::settings::tracking::Stream;

/// Carries new events from the store into the ring, until the engine stops.
pub(crate) async fn run(
    tracking: Tracking,
    mut rows: Receiver<Arc<[Row]>>,
    stop: CancellationToken,
) {
    loop {
        let told = tokio::select! {
            () = stop.cancelled() => return,
            told = rows.recv() => told,
        };
        match told {
            Ok(rows) => tracking.live().tell(&rows),
            Err(RecvError::Lagged(_)) => tracking.live().lose(),
            Err(RecvError::Closed) => return,
        }
    }
}

/// A stored event as readers see it: one of those that came together.
#[derive(Clone, Debug)]
pub struct LiveEvent {
    rows: Arc<[Row]>,
    place: usize,
}

impl LiveEvent {
    /// The event.
    pub fn row(&self) -> &Row {
        &self.rows[self.place]
    }
}

/// A place in the stream of one run of the process. Numbers count the events of the reader's tenant,
/// or of all for a reader of all, so that nobody learns how much others hand in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The run.
    pub run: u32,
    /// The number of the event.
    pub number: u64,
}

/// Live events.
pub struct Live {
    run: u32,
    ring: Mutex<Ring>,
    newest: watch::Sender<u64>,
    readers: Arc<AtomicUsize>,
    settings: Mutex<Stream>,
}

#[derive(Default)]
struct Ring {
    entries: VecDeque<Entry>,
    bytes: usize,
    next: u64,
    of_tenants: HashMap<TenantId, u64>,
    /// How often nobody knows how many events were lost on the way to the ring.
    losses: u64,
}

struct Entry {
    number: u64,
    of_tenant: u64,
    event: LiveEvent,
}

/// What a reader gets next.
#[derive(Debug)]
pub enum Next {
    /// Events, each with its place, oldest first.
    Events(Vec<(Place, LiveEvent)>),
    /// So many were missed, where that is known. After it, the reader goes on with the oldest that
    /// is still there.
    Missed(Option<u64>),
}

/// Most events that are handed over at once.
const MAX_AT_ONCE: usize = 256;
/// Most bytes of events that are kept for those who come back.
const MAX_BYTES: usize = 16 << 20;

impl Live {
    pub(crate) fn new(settings: Stream) -> Live {
        Live {
            run: rand::random(),
            ring: Mutex::default(),
            newest: watch::Sender::new(0),
            readers: Arc::default(),
            settings: Mutex::new(settings),
        }
    }

    pub(crate) fn follow(&self, settings: Stream) {
        *self.settings.lock() = settings;
    }

    /// Tells events that were stored.
    pub(crate) fn tell(&self, rows: &Arc<[Row]>) {
        let max = self.settings.lock().max_events;
        let mut ring = self.ring.lock();
        for place in 0..rows.len() {
            let rows = Arc::clone(rows);
            ring.push(LiveEvent { rows, place });
        }
        ring.shrink(max);
        let next = ring.next;
        drop(ring);
        self.newest.send_replace(next);
    }

    /// Some events were lost on the way here.
    fn lose(&self) {
        self.ring.lock().losses += 1;
    }

    /// Forgets the events of a visitor that was erased.
    pub(crate) fn forget(&self, tenant: &TenantId, visitor: VisitorId) {
        let mut ring = self.ring.lock();
        let is_of = |entry: &Entry| {
            let row = entry.event.row();
            row.tenant == *tenant && row.visitor == visitor
        };
        ring.entries.retain(|entry| !is_of(entry));
        ring.bytes = ring.entries.iter().map(Entry::bytes).sum();
    }

    /// A new reader of one tenant's events, or of all; none where there are as many readers as there
    /// may be. It begins after `last`, where it was before, or with what comes next.
    pub fn read(&self, tenant: Option<TenantId>, last: Option<Place>) -> Option<Reader> {
        let max = self.settings.lock().max_readers;
        let free = |count| (count < max).then_some(count + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.readers.fetch_update(set, fetch, free).ok()?;
        let ring = self.ring.lock();
        let mut reader = Reader {
            at: ring.next,
            next: ring.count(tenant.as_ref()),
            losses: ring.losses,
            lost: false,
            tenant,
            told: self.newest.subscribe(),
            readers: Arc::clone(&self.readers),
        };
        if let Some(last) = last {
            reader.at = 0;
            reader.lost = last.run != self.run;
            reader.next = if reader.lost {
                0
            } else {
                reader.next.min(last.number + 1)
            };
        }
        Some(reader)
    }

    /// How many readers there are.
    pub fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }

    /// What a reader has not seen yet and `wants`. None where there is nothing.
    pub fn next(&self, reader: &mut Reader, wants: impl Fn(&Row) -> bool) -> Option<Next> {
        let ring = self.ring.lock();
        if let Some(missed) = ring.missed(reader) {
            return Some(Next::Missed(missed));
        }
        let from = ring
            .entries
            .partition_point(|entry| entry.number < reader.at);
        let mut found = Vec::new();
        for entry in ring.entries.range(from..) {
            if found.len() == MAX_AT_ONCE {
                break;
            }
            reader.at = entry.number + 1;
            let Some(number) = entry
                .number_for(reader)
                .filter(|number| *number >= reader.next)
            else {
                continue;
            };
            reader.next = number + 1;
            if wants(entry.event.row()) {
                let run = self.run;
                found.push((Place { run, number }, entry.event.clone()));
            }
        }
        (!found.is_empty()).then_some(Next::Events(found))
    }
}

impl Ring {
    fn push(&mut self, event: LiveEvent) {
        let tenant = &event.row().tenant;
        let count = match self.of_tenants.get_mut(tenant) {
            Some(count) => count,
            None => self.of_tenants.entry(tenant.clone()).or_default(),
        };
        let entry = Entry {
            number: self.next,
            of_tenant: *count,
            event,
        };
        *count += 1;
        self.next += 1;
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
    }

    fn shrink(&mut self, max: usize) {
        while self.entries.len() > max || self.bytes > MAX_BYTES {
            let Some(oldest) = self.entries.pop_front() else {
                return;
            };
            self.bytes -= oldest.bytes();
        }
    }

    /// How many events there have been.
    fn count(&self, tenant: Option<&TenantId>) -> u64 {
        match tenant {
            None => self.next,
            Some(tenant) => self.of_tenants.get(tenant).copied().unwrap_or(0),
        }
    }

    /// Whether a reader has fallen behind, and by how much. It is put where the ring begins.
    fn missed(&self, reader: &mut Reader) -> Option<Option<u64>> {
        let lost = std::mem::take(&mut reader.lost) || reader.losses != self.losses;
        reader.losses = self.losses;
        let oldest = self.entries.front().map_or(self.next, |entry| entry.number);
        if reader.at >= oldest && !lost {
            return None;
        }
        reader.at = oldest;
        let first = self
            .entries
            .iter()
            .find_map(|entry| entry.number_for(reader));
        let first = first.unwrap_or_else(|| self.count(reader.tenant.as_ref()));
        let missed = first.saturating_sub(reader.next);
        reader.next = reader.next.max(first);
        match (lost, missed) {
            (true, _) => Some(None),
            (false, 0) => None,
            (false, missed) => Some(Some(missed)),
        }
    }
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Entry>() + size_of::<Row>() + self.event.row().metadata.as_str().len()
    }

    /// The number that it has for a reader; none where it is not the reader's.
    fn number_for(&self, reader: &Reader) -> Option<u64> {
        match &reader.tenant {
            None => Some(self.number),
            Some(tenant) => (*tenant == self.event.row().tenant).then_some(self.of_tenant),
        }
    }
}

/// Whoever listens. Its place is free again when it is dropped.
pub struct Reader {
    tenant: Option<TenantId>,
    /// Where it is in the ring.
    at: u64,
    /// The number that it wants next, in its own counting.
    next: u64,
    /// The losses that it knows of.
    losses: u64,
    /// It comes from another run of the process.
    lost: bool,
    told: watch::Receiver<u64>,
    readers: Arc<AtomicUsize>,
}

impl Reader {
    /// Waits until there may be more.
    pub async fn wait(&mut self) {
        let at = self.at;
        // The sender lives as long as the engine; a reader that outlives it is ended from outside.
        if self.told.wait_for(|newest| *newest > at).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests;
