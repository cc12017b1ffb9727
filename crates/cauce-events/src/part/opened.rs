//! The file of a part, open for reading. Every byte is checked before anyone makes sense of it.

use std::{io, path::PathBuf, sync::Arc};

use cauce_log::files::File;

use parquet::{
    errors::ParquetError,
    file::metadata::{ParquetMetaData, ParquetMetaDataReader},
};

use super::{Part, encode::CHECKSUMS, file::Piece, parquet_path, schema::SCHEMA};
use crate::{
    columns::{COLUMNS, Column},
    fault::{Doing, Fault},
    folder::Folder,
};

/// Bytes at the end of a Parquet file: the length of the footer and the magic.
const TAIL: u64 = 8;

/// The file and what its footer says.
pub(super) struct Opened {
    pub(super) path: PathBuf,
    file: Arc<dyn File>,
    pub(super) metadata: ParquetMetaData,
    checksums: Vec<u32>,
}

impl Opened {
    pub(super) fn new(folder: &Folder, part: &Part) -> Result<Opened, Fault> {
        let path = parquet_path(folder, part.number);
        let file = folder.files.open_read(&path).doing("open", &path)?;
        let size = file.size().doing("read", &path)?;
        if size != part.bytes {
            let why = format!("it has {size} bytes instead of {}", part.bytes);
            return Err(Fault::damaged(&path, why));
        }
        let footer = read_footer(&*file, size).doing("read", &path)?;
        if footer.crc() != part.footer_crc {
            return Err(Fault::damaged(&path, "its footer is not what was written"));
        }
        let metadata = ParquetMetaDataReader::new().parse_and_finish(&footer);
        let metadata = metadata.map_err(|error| Fault::damaged(&path, error))?;
        let checksums = checksums(&metadata).ok_or_else(|| {
            Fault::damaged(&path, "its columns and checksums are not those of a part")
        })?;
        Ok(Opened {
            path,
            file,
            metadata,
            checksums,
        })
    }

    /// A column of a row group as it stands in the file.
    pub(super) fn column(&self, group: usize, column: Column) -> Result<Piece, Fault> {
        let chunk = self.metadata.row_group(group).column(column as usize);
        let (from, length) = chunk.byte_range();
        let piece = Piece::read(&*self.file, from, length as usize).doing("read", &self.path)?;
        if piece.crc() != self.checksums[group * COLUMNS.len() + column as usize] {
            let why = format!(
                "{} of row group {group} is not what was written",
                column.name()
            );
            return Err(Fault::damaged(&self.path, why));
        }
        Ok(piece)
    }

    pub(super) fn damaged(&self, error: ParquetError) -> Fault {
        Fault::damaged(&self.path, error)
    }
}

/// The end of the file, from the beginning of its footer on.
pub(super) fn read_footer(file: &dyn File, size: u64) -> io::Result<Piece> {
    let tail = Piece::read(file, size.saturating_sub(TAIL), TAIL.min(size) as usize)?;
    let length = tail
        .bytes()
        .first_chunk()
        .map_or(0, |n| u32::from_le_bytes(*n));
    let length = (u64::from(length) + TAIL).min(size);
    Piece::read(file, size - length, length as usize)
}

/// One for each column of each row group; none where the file was not written here.
fn checksums(metadata: &ParquetMetaData) -> Option<Vec<u32>> {
    let file = metadata.file_metadata();
    let schema = file.schema_descr().root_schema();
    if schema.get_fields() != SCHEMA.get_fields() {
        return None;
    }
    let entries = file.key_value_metadata()?;
    let entry = entries.iter().find(|entry| entry.key == CHECKSUMS)?;
    let text = entry.value.as_ref()?.as_bytes();
    let numbers = text.chunks(8).map(|digits| {
        let digits = std::str::from_utf8(digits).ok()?;
        u32::from_str_radix(digits, 16).ok()
    });
    let numbers: Option<Vec<u32>> = numbers.collect();
    numbers.filter(|numbers| numbers.len() == metadata.num_row_groups() * COLUMNS.len())
}
