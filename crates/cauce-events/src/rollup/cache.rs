//! Open rollups and the pieces of them that were read last, in bounded memory.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_log::files::Files;
use parking_lot::Mutex;

use super::{
    Section,
    table::{Key, Rollup, Unusable, Wanted, entries},
};
use crate::coding::Bytes;

/// Shared by all who ask for statistics.
pub struct Cache {
    max_bytes: usize,
    state: Mutex<State>,
    /// Held while a rollup is made again.
    making: Mutex<()>,
}

/// A rollup that is open, and where it is.
pub(crate) struct Opened {
    path: PathBuf,
    rollup: Arc<Rollup>,
}

#[derive(Default)]
struct State {
    held: HashMap<Slot, (u64, Held)>,
    /// By when they were last used, oldest first.
    order: BTreeMap<u64, Slot>,
    turn: u64,
    bytes: usize,
}

/// A rollup, or a piece of it.
type Slot = (PathBuf, Option<usize>);

#[derive(Clone)]
enum Held {
    Rollup(Arc<Rollup>),
    Piece(Arc<[u8]>),
}

impl Held {
    fn weight(&self) -> usize {
        match self {
            Held::Rollup(rollup) => rollup.weight(),
            Held::Piece(piece) => piece.len() + 128,
        }
    }
}

impl Cache {
    /// A cache of at most so many bytes.
    pub fn new(max_bytes: usize) -> Cache {
        Cache {
            max_bytes,
            state: Mutex::default(),
            making: Mutex::default(),
        }
    }

    /// Bytes that are held.
    pub fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    /// The rollup at a path, which has to be the one of a part.
    pub(crate) fn open(
        &self,
        files: &dyn Files,
        path: &Path,
        footer_crc: u32,
    ) -> Result<Opened, Unusable> {
        let path = path.to_owned();
        let slot = (path.clone(), None);
        if let Some(Held::Rollup(rollup)) = self.state.lock().get(&slot) {
            return Ok(Opened { path, rollup });
        }
        let rollup = Arc::new(Rollup::open(files, &path, footer_crc)?);
        self.put(slot, Held::Rollup(rollup.clone()));
        Ok(Opened { path, rollup })
    }

    /// Shows the wanted entries of a section.
    pub(crate) fn entries(
        &self,
        opened: &Opened,
        section: Section,
        wanted: &Wanted<'_>,
        visit: &mut dyn FnMut(&Key, Bytes<'_>) -> Option<()>,
    ) -> Result<(), Unusable> {
        for place in opened.rollup.pieces(section, wanted) {
            let piece = self.piece(opened, place)?;
            entries(&piece, wanted, visit).ok_or(Unusable::Damaged)?;
        }
        Ok(())
    }

    fn piece(&self, opened: &Opened, place: usize) -> Result<Arc<[u8]>, Unusable> {
        let slot = (opened.path.clone(), Some(place));
        if let Some(Held::Piece(piece)) = self.state.lock().get(&slot) {
            return Ok(piece);
        }
        let piece = opened.rollup.load(place)?;
        self.put(slot, Held::Piece(piece.clone()));
        Ok(piece)
    }

    /// Does something that two must not do at once: the second one may find it done.
    pub(crate) fn one_at_a_time<T>(&self, work: impl FnOnce() -> T) -> T {
        let _making = self.making.lock();
        work()
    }

    /// Forgets what is held of a rollup.
    pub(crate) fn forget(&self, path: &Path) {
        let mut state = self.state.lock();
        let gone: Vec<Slot> = state
            .held
            .keys()
            .filter(|slot| slot.0 == path)
            .cloned()
            .collect();
        for slot in gone {
            state.remove(&slot);
        }
    }

    fn put(&self, slot: Slot, held: Held) {
        let mut state = self.state.lock();
        state.remove(&slot);
        state.bytes += held.weight();
        state.turn += 1;
        let turn = state.turn;
        state.order.insert(turn, slot.clone());
        state.held.insert(slot, (turn, held));
        while state.bytes > self.max_bytes {
            let Some(oldest) = state.order.values().next().cloned() else {
                break;
            };
            state.remove(&oldest);
        }
    }
}

impl State {
    fn get(&mut self, slot: &Slot) -> Option<Held> {
        let (used, held) = self.held.get_mut(slot)?;
        let held = held.clone();
        self.turn += 1;
        self.order.remove(used);
        *used = self.turn;
        self.order.insert(self.turn, slot.clone());
        Some(held)
    }

    fn remove(&mut self, slot: &Slot) {
        if let Some((used, held)) = self.held.remove(slot) {
            self.order.remove(&used);
            self.bytes -= held.weight();
        }
    }
}
