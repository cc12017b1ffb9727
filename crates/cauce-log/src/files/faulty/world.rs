//! The state behind the failing file system: what the process sees, and what the disk has.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use super::Op;

const SECTOR_BYTES: u64 = 512;

#[derive(Clone)]
pub(super) struct World {
    pub(super) chance: u64,
    /// Names as the process sees them, and as the disk has them.
    pub(super) names: BTreeMap<PathBuf, u64>,
    pub(super) kept_names: BTreeMap<PathBuf, u64>,
    /// What changed since the last sync of a folder.
    pub(super) pending: Vec<Renaming>,
    pub(super) contents: BTreeMap<u64, Content>,
    pub(super) next_content: u64,
    pub(super) capacity: u64,
    /// Counts down the calls until one fails.
    pub(super) planned: BTreeMap<Op, u32>,
    /// Whether every read fails.
    pub(super) unreadable: bool,
    /// Counts down the changes until the process dies in the middle of one.
    pub(super) dying: Option<u32>,
    /// Files and locks of an earlier life are dead.
    pub(super) life: u32,
    pub(super) locks: BTreeSet<PathBuf>,
}

#[derive(Clone)]
pub(super) enum Renaming {
    Link(PathBuf, u64),
    Unlink(PathBuf),
    Move(PathBuf, PathBuf),
}

#[derive(Clone, Default)]
pub(super) struct Content {
    pub(super) data: Vec<u8>,
    pub(super) disk: Vec<u8>,
    pub(super) dirty: BTreeSet<u64>,
}

impl World {
    /// A number below `limit`, by splitmix64.
    pub(super) fn chance(&mut self, limit: u64) -> u64 {
        draw(&mut self.chance) % limit
    }

    /// Whether this call fails, as planned or because the process dies.
    pub(super) fn fails(&mut self, op: Op) -> bool {
        match &mut self.dying {
            Some(0) => {
                self.life += 1;
                return true;
            }
            Some(changes) if !matches!(op, Op::Read | Op::ShortWrite) => *changes -= 1,
            Some(_) | None => {}
        }
        match self.planned.get_mut(&op) {
            None => false,
            Some(0) => {
                self.planned.remove(&op);
                true
            }
            Some(calls) => {
                *calls -= 1;
                false
            }
        }
    }

    pub(super) fn link(&mut self, path: &Path) -> u64 {
        let content = self.next_content;
        self.next_content += 1;
        self.names.insert(path.to_owned(), content);
        self.contents.insert(content, Content::default());
        content
    }

    pub(super) fn free(&self) -> u64 {
        let used = self
            .names
            .values()
            .map(|content| self.contents[content].data.len() as u64);
        self.capacity.saturating_sub(used.sum())
    }

    pub(super) fn change_names(&mut self, renaming: Renaming) {
        renaming.apply(&mut self.names);
        self.pending.push(renaming);
    }
}

impl Renaming {
    pub(super) fn apply(&self, names: &mut BTreeMap<PathBuf, u64>) {
        match self {
            Renaming::Link(path, content) => {
                names.insert(path.clone(), *content);
            }
            Renaming::Unlink(path) => {
                names.remove(path);
            }
            Renaming::Move(from, to) => {
                if let Some(content) = names.remove(from) {
                    names.insert(to.clone(), content);
                }
            }
        }
    }
}

impl Content {
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) {
        let (from, to) = (offset as usize, offset as usize + bytes.len());
        self.data.resize(self.data.len().max(to), 0);
        self.data[from..to].copy_from_slice(bytes);
        let sectors = offset / SECTOR_BYTES..(to as u64).div_ceil(SECTOR_BYTES);
        self.dirty.extend(sectors);
    }

    pub(super) fn sync(&mut self) {
        self.disk.resize(self.data.len(), 0);
        for sector in std::mem::take(&mut self.dirty) {
            self.keep(sector);
        }
    }

    pub(super) fn keep(&mut self, sector: u64) {
        let from = (sector * SECTOR_BYTES) as usize;
        let to = self
            .data
            .len()
            .min(self.disk.len())
            .min(from + SECTOR_BYTES as usize);
        if from < to {
            self.disk[from..to].copy_from_slice(&self.data[from..to]);
        }
    }

    pub(super) fn power_cut(&mut self, chance: &mut u64) {
        if coin(chance) {
            self.disk.resize(self.data.len(), 0);
        }
        for sector in std::mem::take(&mut self.dirty) {
            if coin(chance) {
                self.keep(sector);
            }
        }
        self.data = self.disk.clone();
    }
}

fn coin(state: &mut u64) -> bool {
    draw(state) & 1 == 0
}

/// Splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
