//! What is counted of an hour, a day or a whole part of one site.

use std::ops::Range;

use super::{
    Level, Section,
    cells::{Cell, Kinds, Summary},
    set::Set,
    table::Key,
    top::Counts,
};
use crate::texts::Texts;

/// The places of a stretch's texts.
pub(super) struct Names {
    pub(super) kinds: Texts,
    /// Pages and referrers.
    pub(super) values: Texts,
}

/// One stretch while it is counted.
pub(super) struct Stretch {
    level: Level,
    /// The number of the hour or day.
    pub(super) bucket: i64,
    /// By the place of the kind.
    pub(super) kinds: Vec<Cell>,
    pub(super) bots: u64,
    pub(super) span: Option<(i64, i64)>,
    pub(super) visitors: Set,
    pub(super) sessions: Set,
    pub(super) pages: Counts,
    pub(super) referrers: Counts,
    /// The shorter stretches in it: the first one, and how many.
    parts: (i64, u32),
}

impl Stretch {
    pub(super) fn new(level: Level) -> Stretch {
        Stretch {
            level,
            bucket: 0,
            kinds: Vec::new(),
            bots: 0,
            span: None,
            visitors: Set::new(),
            sessions: Set::new(),
            pages: Counts::default(),
            referrers: Counts::default(),
            parts: (0, 0),
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.span.is_none()
    }

    /// Widens the span.
    pub(super) fn cover(&mut self, times: Range<i64>) {
        let (first, last) = self.span.unwrap_or((times.start, times.end));
        self.span = Some((first.min(times.start), last.max(times.end)));
    }

    /// Takes in a shorter stretch that is complete.
    pub(super) fn absorb(&mut self, part: &Stretch) {
        if let Some((first, last)) = part.span {
            self.cover(first..last);
        }
        if self.parts.1 == 0 {
            self.parts.0 = part.bucket;
        }
        self.parts.1 += 1;
        self.kinds
            .resize(self.kinds.len().max(part.kinds.len()), Cell::default());
        for (sum, cell) in self.kinds.iter_mut().zip(&part.kinds) {
            sum.add(*cell);
        }
        self.bots += part.bots;
        self.visitors.absorb(&part.visitors);
        self.sessions.absorb(&part.sessions);
        self.pages.absorb(&part.pages);
        self.referrers.absorb(&part.referrers);
    }

    /// Hands its entries to `put`.
    pub(super) fn write(
        &mut self,
        names: &Names,
        key: &mut Key,
        put: &mut dyn FnMut(Section, &Key, &[u8]),
    ) {
        let level = self.level;
        key.bucket = self.bucket;
        let only = (level != Level::Hour && self.parts.1 == 1).then_some(self.parts.0);
        let mut out = Vec::new();
        let summary = Summary {
            kinds: self.cells(names),
            bots: self.bots,
            span: self.span.unwrap_or_default(),
            only,
        };
        summary.write(&mut out);
        put(Section::Cells(level), key, &out);
        if only.is_some() {
            return;
        }
        let sets = [
            (Section::Visitors(level), Section::VisitorHashes(level)),
            (Section::Sessions(level), Section::SessionHashes(level)),
        ];
        for (set, (section, hashes)) in [&mut self.visitors, &mut self.sessions]
            .into_iter()
            .zip(sets)
        {
            let (mut entry, mut elsewhere) = (Vec::new(), Vec::new());
            set.settle();
            set.write(&mut entry, &mut elsewhere);
            put(section, key, &entry);
            if !elsewhere.is_empty() {
                put(hashes, key, &elsewhere);
            }
        }
        let rankings = [
            (Section::Pages(level), &self.pages),
            (Section::Referrers(level), &self.referrers),
        ];
        for (section, counts) in rankings
            .into_iter()
            .filter(|(_, counts)| !counts.is_empty())
        {
            let mut entry = Vec::new();
            counts.write(&names.values, &mut entry);
            put(section, key, &entry);
        }
    }

    fn cells<'a>(&self, names: &'a Names) -> Kinds<'a> {
        let cells = self.kinds.iter().zip(names.kinds.iter());
        let any = cells.filter(|(cell, _)| cell.events > 0);
        any.map(|(cell, kind)| (kind, *cell)).collect()
    }
}
