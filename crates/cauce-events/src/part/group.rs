//! One row group in memory. A column is read when it is first asked for, and stays in the compact
//! form in which it stands in the file; rows are taken from it piece by piece.

use std::{ops::Range, sync::Arc};

use bytes::Bytes;
use parquet::{
    basic::Encoding,
    column::{
        page::{Page, PageReader},
        reader::{ColumnReaderImpl, get_column_reader, get_typed_column_reader},
    },
    data_type::Int64Type,
    errors::{ParquetError, Result},
    file::reader::SerializedPageReader,
};

use super::{file::Piece, hybrid, opened::Opened};
use crate::{
    columns::{Column, Columns, TextColumn},
    fault::Fault,
    texts::Texts,
};

/// The columns of a row group.
pub(super) struct Group {
    file: Arc<Opened>,
    index: usize,
    rows: usize,
    /// Those that have been read, and of which rows.
    read: Vec<(Column, Range<usize>)>,
    ids: Vec<u128>,
    tenants: TextColumn,
    sites: Indexed<u128>,
    visitors: Indexed<u128>,
    sessions: Indexed<u128>,
    kinds: TextColumn,
    times: Vec<i64>,
    metadata: TextColumn,
    counts: Indexed<u32>,
    weights: Indexed<f64>,
    bots: Vec<bool>,
}

/// A column of which the different values are known.
struct Indexed<T> {
    values: Vec<T>,
    places: Vec<u32>,
}

impl<T> Default for Indexed<T> {
    fn default() -> Indexed<T> {
        Indexed {
            values: Vec::new(),
            places: Vec::new(),
        }
    }
}

impl Group {
    pub(super) fn new(file: Arc<Opened>, index: usize) -> Group {
        let rows = file.metadata.row_group(index).num_rows();
        Group {
            file,
            index,
            rows: usize::try_from(rows).unwrap_or(0),
            read: Vec::new(),
            ids: Vec::new(),
            tenants: TextColumn::default(),
            sites: Indexed::default(),
            visitors: Indexed::default(),
            sessions: Indexed::default(),
            kinds: TextColumn::default(),
            times: Vec::new(),
            metadata: TextColumn::default(),
            counts: Indexed::default(),
            weights: Indexed::default(),
            bots: Vec::new(),
        }
    }

    pub(super) fn rows(&self) -> usize {
        self.rows
    }

    /// Reads a column, where that has not been done. Of its pages without any row of `rows` nothing
    /// is decoded; what is there in their place means nothing.
    pub(super) fn load(&mut self, column: Column, rows: Range<usize>) -> Result<(), Fault> {
        let mut read = self.read.iter().filter(|(known, _)| *known == column);
        if read.any(|(_, there)| there.start <= rows.start && there.end >= rows.end) {
            return Ok(());
        }
        let piece = self.file.column(self.index, column)?;
        let decoded = self.decode(column, piece, &rows);
        decoded.map_err(|error| self.file.damaged(error))?;
        self.read.push((column, rows));
        Ok(())
    }

    fn decode(&mut self, column: Column, piece: Piece, needed: &Range<usize>) -> Result<()> {
        let chunk = self
            .file
            .metadata
            .row_group(self.index)
            .column(column as usize);
        let reader = SerializedPageReader::new(Arc::new(piece), chunk, self.rows, None)?;
        let rows = self.rows;
        let pages = Pages {
            reader,
            rows,
            needed,
        };
        match column {
            Column::EventId => self.ids = plain(pages, uuids)?,
            Column::TenantId => self.tenants = texts(pages)?,
            Column::SiteId => self.sites = indexed(pages, uuids)?,
            Column::VisitorId => self.visitors = indexed(pages, uuids)?,
            Column::SessionId => self.sessions = indexed(pages, uuids)?,
            Column::EventType => self.kinds = texts(pages)?,
            Column::OccurredAt => {
                let reader = get_column_reader(chunk.column_descr_ptr(), Box::new(pages.reader));
                self.times = times(get_typed_column_reader(reader), rows)?;
            }
            Column::Metadata => self.metadata = texts(pages)?,
            Column::Count => {
                self.counts = indexed(pages, numbers(u32::from_le_bytes))?;
            }
            Column::Weight => {
                self.weights = indexed(pages, numbers(f64::from_le_bytes))?;
            }
            Column::Bot => self.bots = plain(pages, bools)?,
        }
        Ok(())
    }

    /// Appends some rows of a column that is loaded.
    pub(super) fn copy(&self, column: Column, rows: Range<usize>, to: &mut Columns) {
        match column {
            Column::EventId => to.ids.extend_from_slice(&self.ids[rows]),
            Column::TenantId => to.tenants.extend(&self.tenants, rows),
            Column::SiteId => self.sites.copy(rows, &mut to.sites),
            Column::VisitorId => self.visitors.copy(rows, &mut to.visitors),
            Column::SessionId => self.sessions.copy(rows, &mut to.sessions),
            Column::EventType => to.kinds.extend(&self.kinds, rows),
            Column::OccurredAt => to.times.extend_from_slice(&self.times[rows]),
            Column::Metadata => to.metadata.extend(&self.metadata, rows),
            Column::Count => self.counts.copy(rows, &mut to.counts),
            Column::Weight => self.weights.copy(rows, &mut to.weights),
            Column::Bot => to.bots.extend_from_slice(&self.bots[rows]),
        }
    }

    /// Unmarks the rows whose id is another one. The column is loaded.
    pub(super) fn keep_id(&self, column: Column, wanted: u128, chosen: &mut [bool]) {
        let ids = match column {
            Column::SiteId => &self.sites,
            Column::VisitorId => &self.visitors,
            _ => &self.sessions,
        };
        let place = ids.values.iter().position(|id| *id == wanted);
        keep_place(place, &ids.places, chosen);
    }

    /// Unmarks the rows whose text is another one. The column is loaded.
    pub(super) fn keep_text(&self, column: Column, wanted: &[u8], chosen: &mut [bool]) {
        let texts = match column {
            Column::TenantId => &self.tenants,
            _ => &self.kinds,
        };
        let place = texts.texts.iter().position(|text| text == wanted);
        keep_place(place, &texts.places, chosen);
    }

    /// Unmarks the rows that happened at another time. The column is loaded.
    pub(super) fn keep_times(&self, wanted: &Range<i64>, chosen: &mut [bool]) {
        for (chosen, time) in chosen.iter_mut().zip(&self.times) {
            *chosen &= wanted.contains(time);
        }
    }
}

fn keep_place(wanted: Option<usize>, places: &[u32], chosen: &mut [bool]) {
    let Some(wanted) = wanted else {
        return chosen.fill(false);
    };
    for (chosen, place) in chosen.iter_mut().zip(places) {
        *chosen &= *place as usize == wanted;
    }
}

impl<T: Copy> Indexed<T> {
    fn copy(&self, rows: Range<usize>, to: &mut Vec<T>) {
        let places = self.places[rows].iter();
        to.extend(places.map(|place| self.values[*place as usize]));
    }
}

/// The pages of a column, and which rows are needed of it.
struct Pages<'a> {
    reader: SerializedPageReader<Piece>,
    rows: usize,
    needed: &'a Range<usize>,
}

impl Pages<'_> {
    fn dictionary(&mut self) -> Result<(Bytes, usize)> {
        match self.reader.get_next_page()? {
            Some(Page::DictionaryPage {
                buf, num_values, ..
            }) => Ok((buf, num_values as usize)),
            _ => Err(other()),
        }
    }

    /// Decodes all pages that have a row that is needed, and fills up for the others.
    fn values<T: Clone + Default>(
        &mut self,
        wanted: Encoding,
        decode: impl Fn(&[u8], usize, &mut Vec<T>) -> Option<()>,
    ) -> Result<Vec<T>> {
        let mut values = Vec::with_capacity(self.rows);
        while let Some(next) = self.reader.peek_next_page()? {
            let count = next.num_levels.or(next.num_rows).ok_or_else(other)?;
            let end = values.len() + count;
            if end > self.rows {
                return Err(other());
            }
            if end <= self.needed.start || values.len() >= self.needed.end {
                self.reader.skip_next_page()?;
                values.resize(end, T::default());
                continue;
            }
            match self.reader.get_next_page()? {
                Some(Page::DataPage { buf, encoding, .. }) if encoding == wanted => {
                    decode(&buf, count, &mut values).ok_or_else(other)?;
                }
                _ => return Err(other()),
            }
        }
        if values.len() == self.rows {
            Ok(values)
        } else {
            Err(other())
        }
    }
}

/// A column without a dictionary.
fn plain<T: Clone + Default>(
    mut pages: Pages<'_>,
    decode: impl Fn(&[u8], usize, &mut Vec<T>) -> Option<()>,
) -> Result<Vec<T>> {
    pages.values(Encoding::PLAIN, decode)
}

/// A column with a dictionary.
fn indexed<T>(
    mut pages: Pages<'_>,
    decode: impl Fn(&[u8], usize, &mut Vec<T>) -> Option<()>,
) -> Result<Indexed<T>> {
    let (bytes, count) = pages.dictionary()?;
    let mut values = Vec::new();
    decode(&bytes, count, &mut values).ok_or_else(other)?;
    let places = places(pages, values.len())?;
    Ok(Indexed { values, places })
}

/// A column of texts, which has a dictionary.
fn texts(mut pages: Pages<'_>) -> Result<TextColumn> {
    let (bytes, count) = pages.dictionary()?;
    let mut bounds = Vec::with_capacity(count.min(bytes.len() / 4));
    let mut at = 0usize;
    for _ in 0..count {
        let (length, _) = bytes[at..].split_first_chunk().ok_or_else(other)?;
        let length = u32::from_le_bytes(*length) as usize;
        let (start, end) = (at + 4, at + 4 + length);
        if end > bytes.len() {
            return Err(other());
        }
        bounds.push((u32::try_from(start)?, u32::try_from(end)?));
        at = end;
    }
    let texts = Texts::within(bytes.into(), bounds).ok_or_else(other)?;
    let places = places(pages, texts.len())?;
    let texts = Arc::new(texts);
    Ok(TextColumn { texts, places })
}

fn places(mut pages: Pages<'_>, values: usize) -> Result<Vec<u32>> {
    let places = pages.values(Encoding::RLE_DICTIONARY, |page, count, places| {
        let (width, packed) = page.split_first()?;
        hybrid::read(packed, *width, count, places)
    })?;
    let most = places.iter().copied().max().unwrap_or(0) as usize;
    if most < values {
        Ok(places)
    } else {
        Err(other())
    }
}

fn times(mut reader: ColumnReaderImpl<Int64Type>, rows: usize) -> Result<Vec<i64>> {
    let mut times = Vec::with_capacity(rows);
    reader.read_records(rows, None, None, &mut times)?;
    if times.len() == rows {
        Ok(times)
    } else {
        Err(other())
    }
}

fn uuids(bytes: &[u8], count: usize, out: &mut Vec<u128>) -> Option<()> {
    let (ids, rest) = bytes.as_chunks::<16>();
    out.extend(ids.iter().map(|id| u128::from_be_bytes(*id)));
    (ids.len() == count && rest.is_empty()).then_some(())
}

fn numbers<T, const N: usize>(
    from: fn([u8; N]) -> T,
) -> impl Fn(&[u8], usize, &mut Vec<T>) -> Option<()> {
    move |bytes, count, out| {
        let (numbers, rest) = bytes.as_chunks::<N>();
        out.extend(numbers.iter().map(|number| from(*number)));
        (numbers.len() == count && rest.is_empty()).then_some(())
    }
}

fn bools(bytes: &[u8], count: usize, out: &mut Vec<bool>) -> Option<()> {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
    out.extend(bits.take(count));
    (bytes.len() == count.div_ceil(8)).then_some(())
}

/// The file is whole, but another program wrote it, or a part of another version.
fn other() -> ParquetError {
    ParquetError::General("a column is not encoded as columns of parts are".to_owned())
}
