//! A file system in memory that fails on request, the way disks and kernels do.
//!
//! - Loss of power: of every file, each sector written since the last sync is on the disk or not,
//!   independently; of the changes of names since the last sync of a folder, a prefix is.
//! - The end of the process: everything written stays, synced or not; open files are dead.
//! - A failed sync: the pages count as clean from then on, although the disk never got them. A
//!   second sync of the same file succeeds and brings nothing; only a new write does.
//! - A failed write: a prefix of it has happened.
//!
//! All chance comes from the seed.

mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use parking_lot::Mutex;

use self::world::{Content, Renaming, World};
use super::{File, Files, Lock};

/// What can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Op {
    /// A read fails.
    Read,
    /// A write fails after a part of it.
    Write,
    /// A write takes fewer bytes than given, without an error.
    ShortWrite,
    /// A sync of a file fails, and its pages are taken for clean.
    Sync,
    /// A sync of a folder fails.
    SyncDir,
    /// A rename fails.
    Rename,
    /// A removal fails.
    Remove,
    /// Reserving space fails, as if the disk were full.
    Allocate,
    /// A file cannot be made.
    Create,
    /// A file cannot be cut.
    SetLen,
}

/// A file system in memory. Clones are the same file system.
#[derive(Clone)]
pub struct FaultyFiles(Arc<Mutex<World>>);

impl FaultyFiles {
    /// An empty file system whose chance comes from `seed`.
    pub fn new(seed: u64) -> FaultyFiles {
        FaultyFiles(Arc::new(Mutex::new(World {
            chance: seed,
            names: BTreeMap::new(),
            kept_names: BTreeMap::new(),
            pending: Vec::new(),
            contents: BTreeMap::new(),
            next_content: 0,
            capacity: u64::MAX,
            planned: BTreeMap::new(),
            unreadable: false,
            dying: None,
            life: 0,
            locks: BTreeSet::new(),
        })))
    }

    /// An independent copy of the file system as it is.
    pub fn fork(&self) -> FaultyFiles {
        FaultyFiles(Arc::new(Mutex::new(self.0.lock().clone())))
    }

    /// Makes one call fail: the next one after `calls` more of its kind.
    pub fn fail_after(&self, op: Op, calls: u32) {
        self.0.lock().planned.insert(op, calls);
    }

    /// From here on every read fails.
    pub fn fail_reads(&self) {
        self.0.lock().unreadable = true;
    }

    /// Plans no failure any more.
    pub fn heal(&self) {
        let mut world = self.0.lock();
        world.planned.clear();
        world.unreadable = false;
    }

    /// Sets how many bytes the disk takes in all.
    pub fn set_capacity(&self, bytes: u64) {
        self.0.lock().capacity = bytes;
    }

    /// The process ends: open files and locks are dead, everything written stays.
    pub fn kill(&self) {
        let mut world = self.0.lock();
        world.life += 1;
        world.locks.clear();
        world.planned.clear();
        world.dying = None;
    }

    /// The process dies in the middle of a change: of the next one after `changes` more. What
    /// follows until [`kill`](FaultyFiles::kill) or [`power_cut`](FaultyFiles::power_cut) fails.
    pub fn die_after(&self, changes: u32) {
        self.0.lock().dying = Some(changes);
    }

    /// The power fails: of what was not synced, chance decides what stays.
    pub fn power_cut(&self) {
        self.kill();
        let world = &mut *self.0.lock();
        let kept = world.chance(world.pending.len() as u64 + 1) as usize;
        for renaming in world.pending.drain(..).take(kept) {
            renaming.apply(&mut world.kept_names);
        }
        world.names = world.kept_names.clone();
        let chance = &mut world.chance;
        world
            .contents
            .values_mut()
            .for_each(|content| content.power_cut(chance));
    }

    /// The bytes of a file, as the process sees them.
    pub fn contents(&self, path: &Path) -> Option<Vec<u8>> {
        let world = self.0.lock();
        world
            .names
            .get(path)
            .map(|content| world.contents[content].data.clone())
    }

    /// Puts a file there, durably.
    pub fn put(&self, path: &Path, bytes: &[u8]) {
        let world = &mut *self.0.lock();
        let content = world.link(path);
        world.kept_names.insert(path.to_owned(), content);
        let (data, disk) = (bytes.to_vec(), bytes.to_vec());
        world.contents.insert(
            content,
            Content {
                data,
                disk,
                dirty: BTreeSet::new(),
            },
        );
    }

    /// The paths of all files.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.0.lock().names.keys().cloned().collect()
    }

    fn handle(&self, path: &Path, content: u64) -> Arc<dyn File> {
        let life = self.0.lock().life;
        Arc::new(Handle {
            files: self.clone(),
            path: path.to_owned(),
            content,
            life,
        })
    }
}

impl Files for FaultyFiles {
    fn create_dir(&self, _dir: &Path) -> io::Result<()> {
        Ok(())
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let world = self.0.lock();
        let here = world.names.keys().filter(|path| path.parent() == Some(dir));
        Ok(here
            .filter_map(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
            .collect())
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let content = self.0.lock().names.get(path).copied();
        content
            .map(|content| self.handle(path, content))
            .ok_or(io::ErrorKind::NotFound.into())
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        self.open(path)
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let content = {
            let mut world = self.0.lock();
            if world.fails(Op::Create) {
                return Err(broken());
            }
            let content = world.link(path);
            world.pending.push(Renaming::Link(path.to_owned(), content));
            content
        };
        Ok(self.handle(path, content))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        if world.fails(Op::Rename) {
            return Err(broken());
        }
        world.change_names(Renaming::Move(from.to_owned(), to.to_owned()));
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        if world.fails(Op::Remove) {
            return Err(broken());
        }
        if !world.names.contains_key(path) {
            return Err(io::ErrorKind::NotFound.into());
        }
        world.change_names(Renaming::Unlink(path.to_owned()));
        Ok(())
    }

    fn sync_dir(&self, _dir: &Path) -> io::Result<()> {
        let mut world = self.0.lock();
        if world.fails(Op::SyncDir) {
            return Err(broken());
        }
        world.kept_names = world.names.clone();
        world.pending.clear();
        Ok(())
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.0.lock().free())
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let mut world = self.0.lock();
        if !world.locks.insert(path.to_owned()) {
            return Ok(Lock::Taken { pid: None });
        }
        let (files, path, life) = (self.clone(), path.to_owned(), world.life);
        Ok(Lock::Held(Box::new(HeldLock { files, path, life })))
    }
}

/// Gives the lock back, unless the process that took it has been killed.
struct HeldLock {
    files: FaultyFiles,
    path: PathBuf,
    life: u32,
}

impl Drop for HeldLock {
    fn drop(&mut self) {
        let mut world = self.files.0.lock();
        if world.life == self.life {
            world.locks.remove(&self.path);
        }
    }
}

struct Handle {
    files: FaultyFiles,
    path: PathBuf,
    content: u64,
    life: u32,
}

impl Handle {
    fn alive<T>(&self, act: impl FnOnce(&mut World) -> io::Result<T>) -> io::Result<T> {
        let mut world = self.files.0.lock();
        if world.life != self.life {
            return Err(io::Error::other(format!(
                "{} of a dead process",
                self.path.display()
            )));
        }
        act(&mut world)
    }

    fn content<'w>(&self, world: &'w mut World) -> &'w mut Content {
        world
            .contents
            .get_mut(&self.content)
            .expect("contents outlive their names")
    }
}

impl File for Handle {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.alive(|world| {
            if world.fails(Op::Read) || world.unreadable {
                return Err(broken());
            }
            let data = &self.content(world).data;
            let from = data.len().min(offset as usize);
            let to = data.len().min(from + buffer.len());
            buffer[..to - from].copy_from_slice(&data[from..to]);
            Ok(to - from)
        })
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.alive(|world| {
            let fails = world.fails(Op::Write);
            let mut taken = bytes.len();
            if fails || world.fails(Op::ShortWrite) {
                taken = 1 + world.chance(bytes.len() as u64) as usize;
            }
            let free = world.free();
            let content = self.content(world);
            let room = (content.data.len() as u64 + free).saturating_sub(offset);
            if room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            taken = taken.min(usize::try_from(room).unwrap_or(usize::MAX));
            content.write(&bytes[..taken], offset);
            if fails { Err(broken()) } else { Ok(taken) }
        })
    }

    fn sync_data(&self) -> io::Result<()> {
        self.alive(|world| {
            if world.fails(Op::Sync) {
                self.content(world).dirty.clear();
                return Err(broken());
            }
            self.content(world).sync();
            Ok(())
        })
    }

    fn size(&self) -> io::Result<u64> {
        self.alive(|world| Ok(self.content(world).data.len() as u64))
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.alive(|world| {
            if world.fails(Op::SetLen) {
                return Err(broken());
            }
            self.content(world).data.resize(bytes as usize, 0);
            Ok(())
        })
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        self.alive(|world| {
            let (fails, free) = (world.fails(Op::Allocate), world.free());
            let data = &mut self.content(world).data;
            let wanted = bytes.saturating_sub(data.len() as u64);
            if fails || wanted > free {
                return Err(io::ErrorKind::StorageFull.into());
            }
            data.resize(data.len().max(bytes as usize), 0);
            Ok(())
        })
    }
}

fn broken() -> io::Error {
    io::Error::other("input/output error, as planned")
}
