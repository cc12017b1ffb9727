//! Makes the rollup of a part while its rows go by in their order.

use std::{io, path::PathBuf};

use super::{
    Level, Section,
    cells::{Cell, Hour},
    day_of, facts, hour_of, is_page_view,
    set::hash,
    stretch::{Names, Stretch},
    table::{Key, TableWriter},
};
use crate::{
    columns::{Columns, TextColumn},
    fault::{Doing, Fault},
    folder::Folder,
    sink::Sink,
    texts::Texts,
};

/// Counts rows. Holds the sets and rankings of one site: some megabytes, however large the part.
pub(crate) struct Builder {
    path: PathBuf,
    table: TableWriter<Sink>,
    /// What went wrong first; what follows is dropped.
    failed: Option<io::Error>,
    key: Key,
    names: Names,
    hour: Stretch,
    day: Stretch,
    whole: Stretch,
    /// The minutes of the hour, by the place of the kind.
    minutes: Vec<[Cell; MINUTES]>,
    last_visitor: Option<u128>,
    last_session: Option<u128>,
    known: Known,
}

const MINUTES: usize = 60;
/// Most different pages and referrers that are known by place, before the rare ones are forgotten.
const MAX_VALUES: usize = 131_072;
/// Most bytes of those.
const MAX_VALUE_BYTES: usize = 16 << 20;

/// What was found out about the texts of a batch, by their places there.
struct Known {
    kinds_of: u64,
    kinds: Vec<Option<Kind>>,
    metadata_of: u64,
    metadata: Vec<Option<(u32, u32)>>,
}

#[derive(Clone, Copy)]
struct Kind {
    place: usize,
    is_page_view: bool,
}

/// In place of a value that is not there.
const NONE: u32 = u32::MAX;
/// No collection of texts has this id.
const NO_TEXTS: u64 = u64::MAX;

impl Builder {
    /// Begins a rollup at this path, in place of one that is there.
    pub(crate) fn create(folder: &Folder, path: PathBuf) -> Result<Builder, Fault> {
        let sink = Sink::create(&*folder.files, &path).doing("create", &path)?;
        let table = TableWriter::new(sink);
        Ok(Builder {
            table: table.doing("write", &path)?,
            path,
            failed: None,
            key: Key {
                tenant: Vec::new(),
                site: 0,
                bucket: 0,
            },
            names: Names {
                kinds: Texts::new(),
                values: Texts::new(),
            },
            hour: Stretch::new(Level::Hour),
            day: Stretch::new(Level::Day),
            whole: Stretch::new(Level::Whole),
            minutes: Vec::new(),
            last_visitor: None,
            last_session: None,
            known: Known::nothing(),
        })
    }

    /// Counts the next rows.
    pub(crate) fn push(&mut self, rows: &Columns) {
        self.known.turn_to(rows);
        for row in 0..rows.len() {
            self.turn(rows, row);
            let at = rows.times[row];
            self.hour.cover(at..at);
            if rows.bots[row] {
                self.hour.bots += u64::from(rows.counts[row]);
                continue;
            }
            if self.last_visitor != Some(rows.visitors[row]) {
                self.last_visitor = Some(rows.visitors[row]);
                self.hour.visitors.push(hash(rows.visitors[row]));
            }
            if self.last_session != Some(rows.sessions[row]) {
                self.last_session = Some(rows.sessions[row]);
                self.hour.sessions.push(hash(rows.sessions[row]));
            }
            self.count(rows, row);
        }
    }

    /// Ends stretches that the row does not belong to.
    fn turn(&mut self, rows: &Columns, row: usize) {
        let (tenant, hour) = (rows.tenants.get(row), hour_of(rows.times[row]));
        if self.key.site != rows.sites[row] || self.key.tenant != tenant {
            self.end_site();
            self.key.tenant.clear();
            self.key.tenant.extend_from_slice(tenant);
            self.key.site = rows.sites[row];
        } else if self.hour.bucket != hour {
            self.end_hour();
            if self.day.bucket != day_of(hour) {
                self.end_day();
            }
        }
        self.hour.bucket = hour;
        self.day.bucket = day_of(hour);
    }

    fn count(&mut self, rows: &Columns, row: usize) {
        let events = u64::from(rows.counts[row]);
        let cell = Cell {
            events,
            estimated: events as f64 * rows.weights[row],
        };
        let kind = self.known.kind(&rows.kinds, row, &mut self.names.kinds);
        if kind.place >= self.minutes.len() {
            self.minutes
                .resize(kind.place + 1, [Cell::default(); MINUTES]);
        }
        let minute = rows.times[row].div_euclid(60_000).rem_euclid(60);
        self.minutes[kind.place][minute as usize].add(cell);
        if kind.is_page_view {
            let (page, referrer) = self.facts(&rows.metadata, row);
            if page != NONE {
                self.hour.pages.add(page, events);
            }
            if referrer != NONE {
                self.hour.referrers.add(referrer, events);
            }
        }
    }

    /// The places of the page and the referrer of a row.
    fn facts(&mut self, metadata: &TextColumn, row: usize) -> (u32, u32) {
        let place = metadata.places[row] as usize;
        if let Some(known) = self.known.metadata[place] {
            return known;
        }
        let values = &self.names.values;
        if values.len() > MAX_VALUES || values.size() > MAX_VALUE_BYTES {
            self.forget_rare_values();
        }
        let facts = facts(metadata.get(row));
        let mut place_of = |value: Option<String>| {
            value.map_or(NONE, |value| self.names.values.place(value.as_bytes()))
        };
        let found = (place_of(facts.page), place_of(facts.referrer));
        self.known.metadata[place] = Some(found);
        found
    }

    /// Begins a new collection of pages and referrers with those that still count.
    fn forget_rare_values(&mut self) {
        let mut kept = Texts::new();
        for stretch in [&mut self.hour, &mut self.day, &mut self.whole] {
            for counts in [&mut stretch.pages, &mut stretch.referrers] {
                counts.prune();
                counts.translate(&self.names.values, &mut kept);
            }
        }
        self.names.values = kept;
        self.known.metadata.fill(None);
    }

    fn end_hour(&mut self) {
        if self.hour.is_empty() {
            return;
        }
        for (place, minutes) in self.minutes.iter_mut().enumerate() {
            let mut sum = Cell::default();
            minutes.iter().for_each(|cell| sum.add(*cell));
            self.hour
                .kinds
                .resize(self.hour.kinds.len().max(place + 1), Cell::default());
            self.hour.kinds[place] = sum;
        }
        self.write_minutes();
        self.minutes.fill([Cell::default(); MINUTES]);
        let mut hour = std::mem::replace(&mut self.hour, Stretch::new(Level::Hour));
        self.write(&mut hour);
        self.day.absorb(&hour);
        (self.last_visitor, self.last_session) = (None, None);
    }

    fn end_day(&mut self) {
        if self.day.is_empty() {
            return;
        }
        let mut day = std::mem::replace(&mut self.day, Stretch::new(Level::Day));
        self.write(&mut day);
        self.whole.absorb(&day);
    }

    fn end_site(&mut self) {
        self.end_hour();
        self.end_day();
        if !self.whole.is_empty() {
            let mut whole = std::mem::replace(&mut self.whole, Stretch::new(Level::Whole));
            self.write(&mut whole);
        }
        self.names.kinds.clear();
        self.names.values.clear();
        self.minutes.clear();
        self.known.forget();
    }

    fn write_minutes(&mut self) {
        let kinds = self.minutes.iter().zip(self.names.kinds.iter());
        let kinds = kinds.map(|(minutes, kind)| {
            let any = (0u8..).zip(minutes).filter(|(_, cell)| cell.events > 0);
            (
                kind,
                any.map(|(minute, cell)| (minute, *cell))
                    .collect::<Vec<_>>(),
            )
        });
        let hour = Hour {
            kinds: kinds.filter(|(_, minutes)| !minutes.is_empty()).collect(),
            bots: self.hour.bots,
        };
        let mut out = Vec::new();
        hour.write(&mut out);
        self.key.bucket = self.hour.bucket;
        put(
            &mut self.table,
            &mut self.failed,
            Section::Minutes,
            &self.key,
            &out,
        );
    }

    fn write(&mut self, stretch: &mut Stretch) {
        let Builder {
            table,
            failed,
            key,
            names,
            ..
        } = self;
        stretch.write(names, key, &mut |section, key, value| {
            put(table, failed, section, key, value);
        });
    }

    /// Ends the file and brings it onto the disk. Answers its length.
    pub(crate) fn finish(mut self, footer_crc: u32) -> Result<u64, Fault> {
        self.end_site();
        if let Some(error) = self.failed {
            return Err(error).doing("write", &self.path);
        }
        finish(self.table, footer_crc).doing("write", &self.path)
    }
}

fn finish(table: TableWriter<Sink>, footer_crc: u32) -> io::Result<u64> {
    table.finish(footer_crc)?.finish()?.size()
}

fn put(
    table: &mut TableWriter<Sink>,
    failed: &mut Option<io::Error>,
    section: Section,
    key: &Key,
    value: &[u8],
) {
    if failed.is_none() {
        *failed = table.put(section, key, value).err();
    }
}

impl Known {
    fn nothing() -> Known {
        Known {
            kinds_of: NO_TEXTS,
            kinds: Vec::new(),
            metadata_of: NO_TEXTS,
            metadata: Vec::new(),
        }
    }

    /// Makes room for what will be found out about a batch, unless its texts are known.
    fn turn_to(&mut self, rows: &Columns) {
        if self.kinds_of != rows.kinds.texts.id() {
            self.kinds_of = rows.kinds.texts.id();
            self.kinds.clear();
        }
        if self.metadata_of != rows.metadata.texts.id() {
            self.metadata_of = rows.metadata.texts.id();
            self.metadata.clear();
        }
        self.kinds.resize(rows.kinds.texts.len(), None);
        self.metadata.resize(rows.metadata.texts.len(), None);
    }

    /// Forgets where values stand, since another site begins, but not which texts it is about.
    fn forget(&mut self) {
        self.kinds.fill(None);
        self.metadata.fill(None);
    }

    fn kind(&mut self, kinds: &TextColumn, row: usize, names: &mut Texts) -> Kind {
        *self.kinds[kinds.places[row] as usize].get_or_insert_with(|| {
            let text = kinds.get(row);
            Kind {
                place: names.place(text) as usize,
                is_page_view: is_page_view(text),
            }
        })
    }
}
