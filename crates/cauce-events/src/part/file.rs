//! The bytes of a part's file, read piece by piece and checked.

use std::io;

use bytes::{Buf, Bytes};
use cauce_log::files::File;
use parquet::{
    errors::{ParquetError, Result},
    file::reader::{ChunkReader, Length},
};

use crate::sink::read_exact;

/// One piece of a file in memory, which the library addresses as if it were the whole file.
pub(super) struct Piece {
    from: u64,
    bytes: Bytes,
}

impl Piece {
    /// Reads a piece.
    pub(super) fn read(file: &dyn File, from: u64, length: usize) -> io::Result<Piece> {
        let bytes = Bytes::from(read_exact(file, length, from)?);
        Ok(Piece { from, bytes })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn crc(&self) -> u32 {
        crc32c::crc32c(&self.bytes)
    }

    fn slice(&self, start: u64) -> Result<Bytes> {
        let at = start
            .checked_sub(self.from)
            .and_then(|at| usize::try_from(at).ok());
        let at = at.filter(|at| *at <= self.bytes.len());
        let outside = || ParquetError::General("a page stands outside of its column".to_owned());
        Ok(self.bytes.slice(at.ok_or_else(outside)?..))
    }
}

impl Length for Piece {
    fn len(&self) -> u64 {
        self.from + self.bytes.len() as u64
    }
}

impl ChunkReader for Piece {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.slice(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let mut bytes = self.slice(start)?;
        if bytes.len() < length {
            return Err(ParquetError::EOF(
                "a page is longer than its column".to_owned(),
            ));
        }
        bytes.truncate(length);
        Ok(bytes)
    }
}
