//! Writes columns as Parquet to anything that takes bytes.

use std::{collections::HashMap, hash::Hash, io::Write, ops::Range, sync::Arc};

use parquet::{
    data_type::{ByteArray, FixedLenByteArray},
    errors::Result,
    file::{metadata::KeyValue, statistics::Statistics, writer::SerializedFileWriter},
};

use super::{
    chunk::{Chunk, ChunkWriter, Indexed},
    schema::{MAX_GROUP_ROWS, MAX_GROUP_TEXT, PROPERTIES, SCHEMA},
};
use crate::{
    columns::{COLUMNS, Column, Columns, TextColumn},
    texts::Texts,
};

/// The key of the footer's entry with the checksums (CRC-32C) of all columns of all row groups, in
/// the order of the file, as hexadecimal numbers of eight digits.
pub(super) const CHECKSUMS: &str = "cauce.crc32c";

/// Collects rows until they make a row group, and writes it.
pub(crate) struct Encoder<W: Write + Send, O> {
    observer: O,
    writer: SerializedFileWriter<W>,
    chunks: ChunkWriter,
    waiting: Columns,
    translations: [Translation; 3],
    checksums: String,
}

/// Sees each row group before it is written.
pub(crate) trait Observer {
    /// The rows of a group, as they will stand in the file.
    fn group(&mut self, rows: &Columns);
}

impl Observer for () {
    fn group(&mut self, _: &Columns) {}
}

/// Rows that are looked at together when a batch is taken in.
const SLICE: usize = 1024;

impl<W: Write + Send, O: Observer> Encoder<W, O> {
    pub(crate) fn new(out: W, observer: O) -> Result<Encoder<W, O>> {
        Ok(Encoder {
            observer,
            writer: SerializedFileWriter::new(out, SCHEMA.clone(), PROPERTIES.clone())?,
            chunks: ChunkWriter::new()?,
            waiting: Columns::default(),
            translations: Default::default(),
            checksums: String::new(),
        })
    }

    /// Takes rows, in order. The last one stays here until the next ones come.
    pub(crate) fn push(&mut self, rows: &Columns, range: Range<usize>) -> Result<()> {
        let mut at = range.start;
        while at < range.end {
            let full = self.waiting.metadata.texts.size() >= MAX_GROUP_TEXT;
            if full || self.waiting.len() >= MAX_GROUP_ROWS {
                self.write_group()?;
            }
            let room = MAX_GROUP_ROWS - self.waiting.len();
            let end = range.end.min(at + room.min(SLICE));
            self.take(rows, at..end);
            at = end;
        }
        Ok(())
    }

    fn take(&mut self, rows: &Columns, range: Range<usize>) {
        let to = &mut self.waiting;
        let [tenants, kinds, metadata] = &mut self.translations;
        tenants.extend(&mut to.tenants, &rows.tenants, range.clone());
        kinds.extend(&mut to.kinds, &rows.kinds, range.clone());
        metadata.extend(&mut to.metadata, &rows.metadata, range.clone());
        for column in COLUMNS {
            if !matches!(
                column,
                Column::TenantId | Column::EventType | Column::Metadata
            ) {
                to.extend_column(column, rows, range.clone());
            }
        }
    }

    /// The rows that wait for their group to be full; the last row taken is the last of them.
    pub(crate) fn waiting(&self) -> &Columns {
        &self.waiting
    }

    /// Adds to the count of the last row taken.
    pub(crate) fn add_to_last(&mut self, count: u32) {
        if let Some(last) = self.waiting.counts.last_mut() {
            *last = last.saturating_add(count);
        }
    }

    /// Writes what is left and the footer. Hands the sink and the observer back.
    pub(crate) fn finish(mut self) -> Result<(W, O)> {
        if self.waiting.len() > 0 {
            self.write_group()?;
        }
        let checksums = KeyValue::new(CHECKSUMS.to_owned(), self.checksums);
        self.writer.append_key_value_metadata(checksums);
        Ok((self.writer.into_inner()?, self.observer))
    }

    fn write_group(&mut self) -> Result<()> {
        self.observer.group(&self.waiting);
        let mut group = self.writer.next_row_group()?;
        for column in COLUMNS {
            let Chunk { bytes, close } = encode(&mut self.chunks, column, &self.waiting)?;
            self.checksums += &format!("{:08x}", crc32c::crc32c(&bytes));
            group.append_column(&bytes, close)?;
        }
        group.close()?;
        self.waiting.clear();
        for column in [
            &mut self.waiting.tenants,
            &mut self.waiting.kinds,
            &mut self.waiting.metadata,
        ] {
            own(&mut column.texts).clear();
        }
        self.translations = Default::default();
        Ok(())
    }
}

/// The texts of a column that collects; nobody else gets hold of them.
fn own(texts: &mut Arc<Texts>) -> &mut Texts {
    Arc::get_mut(texts).expect("the encoder shares its texts with nobody")
}

/// Where the texts of other batches stand in this group, as far as they have been met.
#[derive(Default)]
struct Translation {
    known: Vec<(u64, Vec<u32>)>,
}

/// In a translation: not met yet.
const UNKNOWN: u32 = u32::MAX;

impl Translation {
    fn extend(&mut self, to: &mut TextColumn, from: &TextColumn, rows: Range<usize>) {
        let id = from.texts.id();
        let place = self.known.iter().rposition(|(of, _)| *of == id);
        let place = place.unwrap_or_else(|| {
            self.known.push((id, vec![UNKNOWN; from.texts.len()]));
            self.known.len() - 1
        });
        let places = &mut self.known[place].1;
        let texts = own(&mut to.texts);
        to.places.extend(from.places[rows].iter().map(|old| {
            let new = &mut places[*old as usize];
            if *new == UNKNOWN {
                *new = texts.place(from.texts.get(*old));
            }
            *new
        }));
    }
}

fn encode(chunks: &mut ChunkWriter, column: Column, rows: &Columns) -> Result<Chunk> {
    match column {
        Column::EventId => chunks.plain(column, &rows.ids, |ids, out| {
            for id in ids {
                out.extend_from_slice(&id.to_be_bytes());
            }
        }),
        Column::OccurredAt => chunks.times(&rows.times),
        Column::Bot => chunks.plain(column, &rows.bots, pack_bools),
        Column::SiteId => uuids(chunks, column, &rows.sites),
        Column::VisitorId => uuids(chunks, column, &rows.visitors),
        Column::SessionId => uuids(chunks, column, &rows.sessions),
        Column::TenantId => texts(chunks, column, &rows.tenants),
        Column::EventType => texts(chunks, column, &rows.kinds),
        Column::Metadata => texts(chunks, column, &rows.metadata),
        Column::Count => {
            let (values, places) = index(rows.counts.iter().copied());
            chunks.indexed(
                column,
                Indexed {
                    dictionary: values.iter().flat_map(|n| n.to_le_bytes()).collect(),
                    values: values.len(),
                    places: &places,
                    statistics: None,
                },
            )
        }
        Column::Weight => {
            let (values, places) = index(rows.weights.iter().map(|weight| weight.to_bits()));
            chunks.indexed(
                column,
                Indexed {
                    dictionary: values.iter().flat_map(|n| n.to_le_bytes()).collect(),
                    values: values.len(),
                    places: &places,
                    statistics: None,
                },
            )
        }
    }
}

fn uuids(chunks: &mut ChunkWriter, column: Column, ids: &[u128]) -> Result<Chunk> {
    let (values, places) = index(ids.iter().copied());
    let bound = |id: Option<&u128>| id.map(|id| fixed(id.to_be_bytes().to_vec()));
    let (least, most) = (bound(values.iter().min()), bound(values.iter().max()));
    let statistics = Statistics::fixed_len_byte_array(least, most, None, Some(0), false);
    chunks.indexed(
        column,
        Indexed {
            dictionary: values.iter().flat_map(|id| id.to_be_bytes()).collect(),
            values: values.len(),
            places: &places,
            statistics: Some(statistics),
        },
    )
}

fn fixed(bytes: Vec<u8>) -> FixedLenByteArray {
    FixedLenByteArray::from(bytes)
}

fn texts(chunks: &mut ChunkWriter, column: Column, texts: &TextColumn) -> Result<Chunk> {
    let mut dictionary = Vec::with_capacity(texts.texts.size() + 4 * texts.texts.len());
    for text in texts.texts.iter() {
        dictionary.extend_from_slice(&u32::try_from(text.len())?.to_le_bytes());
        dictionary.extend_from_slice(text);
    }
    // Nobody looks for metadata by its order, and its bounds would make footers long.
    let statistics = (column != Column::Metadata).then(|| {
        let (least, most) = (texts.texts.iter().min(), texts.texts.iter().max());
        let bound = |text: Option<&[u8]>| text.map(ByteArray::from);
        Statistics::byte_array(bound(least), bound(most), None, Some(0), false)
    });
    chunks.indexed(
        column,
        Indexed {
            dictionary,
            values: texts.texts.len(),
            places: &texts.places,
            statistics,
        },
    )
}

/// The different values, and for each value its place among them.
fn index<T: Copy + Eq + Hash>(values: impl Iterator<Item = T>) -> (Vec<T>, Vec<u32>) {
    let (mut different, mut places) = (Vec::new(), Vec::with_capacity(values.size_hint().0));
    let mut known: HashMap<T, u32> = HashMap::new();
    let mut last = None;
    for value in values {
        let place = match last {
            Some((before, place)) if before == value => place,
            _ => *known.entry(value).or_insert_with(|| {
                different.push(value);
                (different.len() - 1) as u32
            }),
        };
        last = Some((value, place));
        places.push(place);
    }
    (different, places)
}

/// Eight to a byte, the first one lowest.
fn pack_bools(bools: &[bool], out: &mut Vec<u8>) {
    for eight in bools.chunks(8) {
        let bits = eight.iter().enumerate();
        out.push(bits.fold(0, |byte, (place, bit)| byte | (u8::from(*bit) << place)));
    }
}
