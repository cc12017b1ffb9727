//! Files that are written once, from their beginning to their end.

use std::{
    io::{self, Write},
    path::Path,
    sync::Arc,
};

use cauce_log::files::{File, Files, read_full, write_full};

/// Writes a file through a buffer.
pub(crate) struct Sink {
    file: Arc<dyn File>,
    buffer: Vec<u8>,
    written: u64,
}

const BUFFER_BYTES: usize = 256 << 10;

impl Sink {
    /// A new file in place of one that is there.
    pub(crate) fn create(files: &dyn Files, path: &Path) -> io::Result<Sink> {
        let file = files.create(path)?;
        Ok(Sink {
            file,
            buffer: Vec::new(),
            written: 0,
        })
    }

    /// Writes what is left and waits until the disk has all of it.
    pub(crate) fn finish(mut self) -> io::Result<Arc<dyn File>> {
        self.flush()?;
        self.file.sync_data()?;
        Ok(self.file)
    }

    /// What was written can be read from here on.
    pub(crate) fn readable(&mut self) -> io::Result<Arc<dyn File>> {
        self.flush()?;
        Ok(Arc::clone(&self.file))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_BYTES {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        write_full(&*self.file, &self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}

/// Reads exactly `bytes` bytes.
pub(crate) fn read_exact(file: &dyn File, bytes: usize, offset: u64) -> io::Result<Vec<u8>> {
    let mut buffer = vec![0; bytes];
    match read_full(file, &mut buffer, offset)? {
        read if read == bytes => Ok(buffer),
        _ => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
