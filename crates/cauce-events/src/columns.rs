//! Rows as columns: the form in which files are read, merged and written.
//!
//! A row on its own costs an allocation for each of its texts. Here a text is its place among the
//! different texts of the batch, so that whoever looks at texts looks at each of them once.

use std::{borrow::Borrow, ops::Range, sync::Arc};

use cauce_flow::{
    event::{EventId, EventKind, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

use crate::{row::Row, texts::Texts};

/// The columns, in the order of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    EventId,
    TenantId,
    SiteId,
    VisitorId,
    SessionId,
    EventType,
    OccurredAt,
    Metadata,
    Count,
    Weight,
    Bot,
}

/// All of them.
pub(crate) const COLUMNS: [Column; 11] = [
    Column::EventId,
    Column::TenantId,
    Column::SiteId,
    Column::VisitorId,
    Column::SessionId,
    Column::EventType,
    Column::OccurredAt,
    Column::Metadata,
    Column::Count,
    Column::Weight,
    Column::Bot,
];

impl Column {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Column::EventId => "event_id",
            Column::TenantId => "tenant_id",
            Column::SiteId => "site_id",
            Column::VisitorId => "visitor_id",
            Column::SessionId => "session_id",
            Column::EventType => "event_type",
            Column::OccurredAt => "occurred_at",
            Column::Metadata => "metadata",
            Column::Count => "count",
            Column::Weight => "weight",
            Column::Bot => "bot",
        }
    }
}

/// A column of texts.
pub(crate) struct TextColumn {
    /// The different texts.
    pub(crate) texts: Arc<Texts>,
    /// For each row the place of its text.
    pub(crate) places: Vec<u32>,
}

impl TextColumn {
    pub(crate) fn get(&self, row: usize) -> &[u8] {
        self.texts.get(self.places[row])
    }

    /// Takes over the texts of another column, where they are not the same already, and then rows.
    pub(crate) fn extend(&mut self, from: &TextColumn, rows: Range<usize>) {
        if self.texts.id() != from.texts.id() {
            debug_assert!(
                self.places.is_empty(),
                "a batch has one collection of texts"
            );
            self.texts = from.texts.clone();
        }
        self.places.extend_from_slice(&from.places[rows]);
    }
}

impl Default for TextColumn {
    fn default() -> TextColumn {
        TextColumn {
            texts: Arc::new(Texts::new()),
            places: Vec::new(),
        }
    }
}

/// Rows, column by column. A column that nobody asked for is empty; the others are equally long.
#[derive(Default)]
pub(crate) struct Columns {
    pub(crate) tenants: TextColumn,
    pub(crate) sites: Vec<u128>,
    pub(crate) visitors: Vec<u128>,
    pub(crate) sessions: Vec<u128>,
    pub(crate) times: Vec<i64>,
    pub(crate) ids: Vec<u128>,
    pub(crate) kinds: TextColumn,
    pub(crate) metadata: TextColumn,
    pub(crate) counts: Vec<u32>,
    pub(crate) weights: Vec<f64>,
    pub(crate) bots: Vec<bool>,
}

/// What rows are sorted by; see [`Row::key`].
pub(crate) type Key<'a> = (&'a [u8], u128, i64, u128, u128, i64, u128);

impl Columns {
    /// The columns of some rows.
    pub(crate) fn from_rows<R: Borrow<Row>>(rows: &[R]) -> Columns {
        let (mut tenants, mut kinds, mut metadata) = (Texts::new(), Texts::new(), Texts::new());
        let mut columns = Columns::default();
        for row in rows {
            let row = row.borrow();
            let tenant = tenants.place(row.tenant.as_str().as_bytes());
            columns.tenants.places.push(tenant);
            let kind = kinds.place(row.kind.as_str().as_bytes());
            columns.kinds.places.push(kind);
            let text = metadata.place(row.metadata.as_str().as_bytes());
            columns.metadata.places.push(text);
            columns.sites.push(row.site.as_u128());
            columns.visitors.push(row.visitor.as_u128());
            columns.sessions.push(row.session.as_u128());
            columns.times.push(row.occurred_at.as_millis());
            columns.ids.push(row.id.as_u128());
            columns.counts.push(row.count);
            columns.weights.push(row.weight);
            columns.bots.push(row.bot);
        }
        columns.tenants.texts = Arc::new(tenants);
        columns.kinds.texts = Arc::new(kinds);
        columns.metadata.texts = Arc::new(metadata);
        columns
    }

    /// Rows, where all columns are there.
    pub(crate) fn len(&self) -> usize {
        self.times.len()
    }

    pub(crate) fn clear(&mut self) {
        self.tenants.places.clear();
        self.sites.clear();
        self.visitors.clear();
        self.sessions.clear();
        self.times.clear();
        self.ids.clear();
        self.kinds.places.clear();
        self.metadata.places.clear();
        self.counts.clear();
        self.weights.clear();
        self.bots.clear();
    }

    /// The key of one row, in the order of [`Row::key`].
    pub(crate) fn key(&self, row: usize) -> Key<'_> {
        (
            self.tenants.get(row),
            self.sites[row],
            Row::hour(Timestamp::from_millis(self.times[row])),
            self.visitors[row],
            self.sessions[row],
            self.times[row],
            self.ids[row],
        )
    }

    /// Adds one column of some rows of another batch.
    pub(crate) fn extend_column(&mut self, column: Column, from: &Columns, rows: Range<usize>) {
        match column {
            Column::EventId => self.ids.extend_from_slice(&from.ids[rows]),
            Column::TenantId => self.tenants.extend(&from.tenants, rows),
            Column::SiteId => self.sites.extend_from_slice(&from.sites[rows]),
            Column::VisitorId => self.visitors.extend_from_slice(&from.visitors[rows]),
            Column::SessionId => self.sessions.extend_from_slice(&from.sessions[rows]),
            Column::EventType => self.kinds.extend(&from.kinds, rows),
            Column::OccurredAt => self.times.extend_from_slice(&from.times[rows]),
            Column::Metadata => self.metadata.extend(&from.metadata, rows),
            Column::Count => self.counts.extend_from_slice(&from.counts[rows]),
            Column::Weight => self.weights.extend_from_slice(&from.weights[rows]),
            Column::Bot => self.bots.extend_from_slice(&from.bots[rows]),
        }
    }
}

/// What a file holds in place of something readable.
pub(crate) type Unreadable = &'static str;

/// Turns columns back into rows. A text that stands in many rows is checked and allocated once.
#[derive(Default)]
pub(crate) struct RowMaker {
    tenants: Made<TenantId>,
    kinds: Made<EventKind>,
    metadata: Made<Metadata>,
}

/// What was made of the texts of one collection, by their places.
struct Made<T> {
    of: Option<u64>,
    values: Vec<Option<T>>,
}

impl<T> Default for Made<T> {
    fn default() -> Made<T> {
        Made {
            of: None,
            values: Vec::new(),
        }
    }
}

impl RowMaker {
    /// One row; the complaint names the column that is not as it was written.
    pub(crate) fn row(&mut self, columns: &Columns, row: usize) -> Result<Row, Unreadable> {
        let tenant = self
            .tenants
            .get(&columns.tenants, row, |text| TenantId::new(text).ok());
        Ok(Row {
            tenant: tenant.ok_or("tenant_id holds no name of a tenant")?,
            site: SiteId::from_u128(columns.sites[row]),
            visitor: VisitorId::from_u128(columns.visitors[row]),
            session: SessionId::from_u128(columns.sessions[row]),
            occurred_at: Timestamp::from_millis(columns.times[row]),
            id: EventId::from_u128(columns.ids[row]),
            kind: self.kind(columns, row)?,
            metadata: self
                .metadata
                .get(&columns.metadata, row, |text| {
                    Some(Metadata::from_canonical(Arc::from(text)))
                })
                .ok_or("metadata is no text")?,
            count: columns.counts[row],
            weight: columns.weights[row],
            bot: columns.bots[row],
        })
    }

    /// The kind of one row.
    pub(crate) fn kind(&mut self, columns: &Columns, row: usize) -> Result<EventKind, Unreadable> {
        let kind = self
            .kinds
            .get(&columns.kinds, row, |text| EventKind::new(text).ok());
        kind.ok_or("event_type holds no kind of an event")
    }
}

impl<T: Clone> Made<T> {
    fn get(
        &mut self,
        column: &TextColumn,
        row: usize,
        make: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        if self.of != Some(column.texts.id()) {
            self.of = Some(column.texts.id());
            self.values.clear();
            self.values.resize(column.texts.len(), None);
        }
        let value = &mut self.values[column.places[row] as usize];
        if value.is_none() {
            *value = std::str::from_utf8(column.get(row)).ok().and_then(make);
        }
        value.clone()
    }
}
