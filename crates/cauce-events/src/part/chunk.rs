//! One column of a row group, encoded in memory.
//!
//! The library's own encoders take every text and id as a counted slice and hash each of them once
//! more; here a value that stands in a dictionary is a number from the start.

use std::io;

use bytes::Bytes;
use parquet::{
    basic::{Compression, Encoding, PageType},
    column::{
        page::{CompressedPage, Page, PageWriter},
        writer::{ColumnCloseResult, get_column_writer},
    },
    data_type::Int64Type,
    errors::Result,
    file::{
        metadata::{ColumnChunkMetaData, PageEncodingStats},
        statistics::Statistics,
        writer::{SerializedPageWriter, TrackedWrite},
    },
    schema::types::ColumnDescPtr,
};
use zstd::bulk::Compressor;

use super::{
    hybrid,
    schema::{DESCRIPTOR, PAGE_ROWS, PROPERTIES, ZSTD_LEVEL, compression},
};
use crate::columns::Column;

/// A column of a row group as it stands in the file.
pub(super) struct Chunk {
    pub(super) bytes: Bytes,
    pub(super) close: ColumnCloseResult,
}

/// A dictionary and the places in it.
pub(super) struct Indexed<'a> {
    /// The different values, as Parquet's PLAIN encoding has them.
    pub(super) dictionary: Vec<u8>,
    /// How many they are.
    pub(super) values: usize,
    /// For each row the place of its value.
    pub(super) places: &'a [u32],
    /// The least and the greatest value.
    pub(super) statistics: Option<Statistics>,
}

/// Encodes columns; keeps what zstd works with from one page to the next.
pub(super) struct ChunkWriter {
    compressor: Compressor<'static>,
}

impl ChunkWriter {
    pub(super) fn new() -> io::Result<ChunkWriter> {
        let compressor = Compressor::new(ZSTD_LEVEL)?;
        Ok(ChunkWriter { compressor })
    }

    /// A column whose values repeat.
    pub(super) fn indexed(&mut self, column: Column, indexed: Indexed<'_>) -> Result<Chunk> {
        let bytes = indexed.dictionary.len() + indexed.places.len();
        let mut pages = Pages::new(column, &mut self.compressor, bytes);
        pages.dictionary(indexed.dictionary, indexed.values)?;
        let width = hybrid::width(indexed.values.saturating_sub(1) as u32);
        for places in indexed.places.chunks(PAGE_ROWS) {
            let mut page = Vec::with_capacity(places.len());
            page.push(width);
            hybrid::write(places, width, &mut page);
            pages.data(page, places.len(), Encoding::RLE_DICTIONARY)?;
        }
        pages.finish(indexed.places.len(), indexed.statistics)
    }

    /// A column whose values stand one after the other.
    pub(super) fn plain<T>(
        &mut self,
        column: Column,
        values: &[T],
        encode: impl Fn(&[T], &mut Vec<u8>),
    ) -> Result<Chunk> {
        let bytes = size_of_val(values) + PAGE_ROWS;
        let mut pages = Pages::new(column, &mut self.compressor, bytes);
        for piece in values.chunks(PAGE_ROWS) {
            let mut page = Vec::with_capacity(size_of_val(piece));
            encode(piece, &mut page);
            pages.data(page, piece.len(), Encoding::PLAIN)?;
        }
        pages.finish(values.len(), None)
    }

    /// The times: the library's encoder of differences.
    pub(super) fn times(&mut self, times: &[i64]) -> Result<Chunk> {
        let mut sink = TrackedWrite::new(Vec::with_capacity(size_of_val(times)));
        let pages = Box::new(SerializedPageWriter::new(&mut sink));
        let descriptor = DESCRIPTOR.column(Column::OccurredAt as usize);
        let mut writer = get_column_writer(descriptor, PROPERTIES.clone(), pages);
        let typed = parquet::column::writer::get_typed_column_writer_mut::<Int64Type>(&mut writer);
        typed.write_batch(times, None, None)?;
        let close = writer.close()?;
        let bytes = Bytes::from(sink.into_inner()?);
        Ok(Chunk { bytes, close })
    }
}

/// The pages of a column, one after the other.
struct Pages<'a> {
    compressor: &'a mut Compressor<'static>,
    descriptor: ColumnDescPtr,
    compression: Compression,
    sink: TrackedWrite<Vec<u8>>,
    dictionary_at: Option<i64>,
    data_at: Option<i64>,
    uncompressed: usize,
    stats: Vec<PageEncodingStats>,
}

impl<'a> Pages<'a> {
    /// `bytes` is about what the column will have.
    fn new(column: Column, compressor: &'a mut Compressor<'static>, bytes: usize) -> Pages<'a> {
        Pages {
            compressor,
            descriptor: DESCRIPTOR.column(column as usize),
            compression: compression(column),
            sink: TrackedWrite::new(Vec::with_capacity(bytes)),
            dictionary_at: None,
            data_at: None,
            uncompressed: 0,
            stats: Vec::new(),
        }
    }

    fn dictionary(&mut self, plain: Vec<u8>, values: usize) -> Result<()> {
        let size = plain.len();
        let page = Page::DictionaryPage {
            buf: self.compress(plain)?,
            num_values: u32::try_from(values)?,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        };
        self.dictionary_at = Some(self.write(page, size)?);
        Ok(())
    }

    fn data(&mut self, bytes: Vec<u8>, rows: usize, encoding: Encoding) -> Result<()> {
        let size = bytes.len();
        let page = Page::DataPage {
            buf: self.compress(bytes)?,
            num_values: u32::try_from(rows)?,
            encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        };
        let at = self.write(page, size)?;
        self.data_at.get_or_insert(at);
        Ok(())
    }

    fn compress(&mut self, bytes: Vec<u8>) -> Result<Bytes> {
        match self.compression {
            Compression::UNCOMPRESSED => Ok(bytes.into()),
            _ => Ok(self.compressor.compress(&bytes)?.into()),
        }
    }

    fn write(&mut self, page: Page, size: usize) -> Result<i64> {
        let (page_type, encoding) = (page.page_type(), page.encoding());
        let page = CompressedPage::new(page, size);
        let spec = SerializedPageWriter::new(&mut self.sink).write_page(page)?;
        self.uncompressed += spec.uncompressed_size;
        self.count(page_type, encoding);
        Ok(i64::try_from(spec.offset)?)
    }

    fn count(&mut self, page_type: PageType, encoding: Encoding) {
        let same = |s: &&mut PageEncodingStats| s.page_type == page_type && s.encoding == encoding;
        match self.stats.iter_mut().find(same) {
            Some(stats) => stats.count += 1,
            None => self.stats.push(PageEncodingStats {
                page_type,
                encoding,
                count: 1,
            }),
        }
    }

    fn finish(self, rows: usize, statistics: Option<Statistics>) -> Result<Chunk> {
        let mut encodings: Vec<Encoding> = self.stats.iter().map(|stats| stats.encoding).collect();
        encodings.dedup();
        let bytes = Bytes::from(self.sink.into_inner()?);
        let mut metadata = ColumnChunkMetaData::builder(self.descriptor)
            .set_compression(self.compression)
            .set_encodings(encodings)
            .set_page_encoding_stats(self.stats)
            .set_total_compressed_size(i64::try_from(bytes.len())?)
            .set_total_uncompressed_size(i64::try_from(self.uncompressed)?)
            .set_num_values(i64::try_from(rows)?)
            .set_data_page_offset(self.data_at.unwrap_or(0))
            .set_dictionary_page_offset(self.dictionary_at);
        if let Some(statistics) = statistics {
            metadata = metadata.set_statistics(statistics);
        }
        let close = ColumnCloseResult {
            bytes_written: bytes.len() as u64,
            rows_written: rows as u64,
            metadata: metadata.build()?,
            bloom_filter: None,
            column_index: None,
            offset_index: None,
        };
        Ok(Chunk { bytes, close })
    }
}
