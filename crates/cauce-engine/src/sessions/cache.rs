//! Three levels: this process, the file of the data folder, and, through `lookup`, the backend.
//!
//! A session has one slot in memory, filled from the file by whoever comes first; the others wait
//! for that. Every change goes through the slot and then into the file, and a change that raced
//! with the slot's eviction is found in the file by the next one.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use cauce_flow::{reason::Reason, time::Timestamp};
use cauce_store::kept::{Held, Kept, Name};
use parking_lot::Mutex;

use super::known::{Kind, Known};
use crate::status::CacheFigures;

/// The levels. Clones share them.
pub(crate) struct Cache {
    memory: quick_cache::sync::Cache<Name, Arc<Slot>>,
    kept: Kept,
    pub(super) reads: Reads,
}

/// Where reads found their answer.
#[derive(Default)]
pub(super) struct Reads {
    pub(super) local: AtomicU64,
    pub(super) store: AtomicU64,
    pub(super) backend: AtomicU64,
    pub(super) stale: AtomicU64,
    pub(super) absent: AtomicU64,
    pub(super) unknown: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) lookups: AtomicU64,
    pub(super) unkept: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

pub(super) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

/// One session.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) known: Mutex<Known>,
    /// When the QR code that was taken last leaves.
    pub(super) qr_due: Mutex<Timestamp>,
    /// Held while the backend is asked: one question at a time.
    pub(super) asking: tokio::sync::Mutex<()>,
    /// How the last question failed, for those who waited for its answer.
    pub(super) failure: Mutex<Option<(Instant, Reason)>>,
}

impl Cache {
    pub(crate) fn new(kept: Kept, max_cached: usize) -> Cache {
        Cache {
            memory: quick_cache::sync::Cache::new(max_cached),
            kept,
            reads: Reads::default(),
        }
    }

    /// The slot of a session.
    pub(super) async fn slot(&self, name: &Name) -> Arc<Slot> {
        if let Some(slot) = self.memory.get(name) {
            return slot;
        }
        match self.memory.get_value_or_guard_async(name).await {
            Ok(slot) => slot,
            Err(guard) => {
                let slot = Arc::new(self.read_slot(name).await);
                // Where it was removed meanwhile, the next one reads the file again.
                let _ = guard.insert(Arc::clone(&slot));
                slot
            }
        }
    }

    async fn read_slot(&self, name: &Name) -> Slot {
        let states = match self.kept.get(name.clone()).await {
            Ok(states) => states,
            Err(error) => {
                self.missed(&error);
                Default::default()
            }
        };
        Slot {
            known: Mutex::new(Known::kept(states)),
            ..Slot::default()
        }
    }

    /// Takes in what was accepted, or what the backend said.
    pub(super) fn learn(&self, name: &Name, slot: &Slot, states: Vec<(Kind, Held)>) {
        learn(slot, &states);
        let kept = states
            .iter()
            .map(|(kind, held)| (*kind as u8, held.clone()));
        if let Err(error) = self.kept.put(name.clone(), kept.collect()) {
            self.missed(&error);
        }
        if let Some(current) = self.memory.peek(name)
            && !std::ptr::eq(&*current, slot)
        {
            learn(&current, &states);
        }
    }

    fn missed(&self, error: &cauce_store::kept::Error) {
        count(&self.reads.unkept);
        tracing::debug!(%error, "a session is known in memory alone");
    }

    /// Forgets a session.
    pub(super) fn remove(&self, name: &Name) -> Result<(), cauce_store::kept::Error> {
        self.memory.remove(name);
        let removed = self.kept.remove(name.clone());
        self.memory.remove(name);
        removed
    }

    pub(super) fn prune(&self, before: Timestamp) {
        self.kept.prune(before);
    }

    /// Holds so many sessions in memory at most from here on.
    pub(super) fn follow(&self, max_cached: usize) {
        self.memory.set_capacity(max_cached as u64);
    }

    pub(super) async fn close(&self) {
        self.kept.close().await;
    }

    /// What is held in memory and how reads went.
    pub(super) fn figures(&self, now: Timestamp) -> CacheFigures {
        let mut figures = CacheFigures::default();
        for (_, slot) in self.memory.iter() {
            let known = slot.known.lock();
            figures.sessions += 1;
            figures.qr_keys += known.count(Kind::Qr, now) + known.count(Kind::SessionQr, now);
            figures.status_keys += known.count(Kind::Status, now);
            figures.connection_keys += known.count(Kind::Connection, now);
            figures.session_keys += known.count(Kind::Session, now);
        }
        let reads = &self.reads;
        figures.local_hits = read(&reads.local);
        figures.store_hits = read(&reads.store);
        figures.backend_hits = read(&reads.backend);
        figures.stale = read(&reads.stale);
        figures.absent = read(&reads.absent);
        figures.unknown = read(&reads.unknown);
        figures.failed = read(&reads.failed);
        figures.lookups = read(&reads.lookups);
        figures.unkept = read(&reads.unkept);
        figures
    }
}

fn learn(slot: &Slot, states: &[(Kind, Held)]) {
    let mut known = slot.known.lock();
    for (kind, held) in states {
        known.learn(*kind, held.clone());
    }
}
