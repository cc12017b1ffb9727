//! The file layer: what the log asks of a file system, so that tests can stand in for one.

#[cfg(feature = "faults")]
mod faulty;
mod real;

use std::{any::Any, io, path::Path, sync::Arc};

#[cfg(feature = "faults")]
pub use faulty::{FaultyFiles, Op};
pub use real::RealFiles;

/// A file system.
pub trait Files: Send + Sync {
    /// Makes a folder, and those above it, where missing.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;
    /// The names of the files in a folder, in no order.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;
    /// Opens a file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Opens a file for reading.
    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Makes an empty file, in place of one that is there.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>>;
    /// Gives a file another name.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file; who has it open can go on reading.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, dir: &Path) -> io::Result<()>;
    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// What the disk of this folder has left for this process.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
    /// Locks a file against other processes and writes this process's number into it.
    fn lock(&self, path: &Path) -> io::Result<Lock>;
}

/// An open file. Reads and writes name their place, so that many can share it.
pub trait File: Send + Sync {
    /// Reads once; fewer bytes than asked for at the end of the file.
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes once; may write fewer bytes than given.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Returns when the content, and what is needed to read it again, is on the disk.
    fn sync_data(&self) -> io::Result<()>;
    /// The length in bytes.
    fn size(&self) -> io::Result<u64>;
    /// Cuts the file, or extends it with zeros.
    fn set_len(&self, bytes: u64) -> io::Result<()>;
    /// Reserves the disk space of the first `bytes` bytes; what is new reads as zeros.
    fn allocate(&self, bytes: u64) -> io::Result<()>;
}

/// The outcome of [`Files::lock`].
pub enum Lock {
    /// Held until the value is dropped.
    Held(Box<dyn Any + Send + Sync>),
    /// Another process holds it.
    Taken {
        /// The number that it has written.
        pid: Option<u32>,
    },
}

/// Reads until `buffer` is full or the file ends; says how much was read.
pub fn read_full(file: &dyn File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    let mut done = 0;
    while done < buffer.len() {
        match file.read_at(&mut buffer[done..], offset + done as u64) {
            Ok(0) => break,
            Ok(read) => done += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// Writes all of `bytes`.
pub fn write_full(file: &dyn File, bytes: &[u8], offset: u64) -> io::Result<()> {
    let mut done = 0;
    while done < bytes.len() {
        match file.write_at(&bytes[done..], offset + done as u64) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => done += written,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Overwrites in place: cutting the file would give its reserved space away on a full disk.
pub(crate) fn write_zeros(file: &dyn File, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0; 64 << 10];
    let mut offset = from;
    while offset < to {
        let piece = (to - offset).min(zeros.len() as u64);
        write_full(file, &zeros[..piece as usize], offset)?;
        offset += piece;
    }
    Ok(())
}
