//! Reads stored events, wherever they are.

use std::{borrow::Cow, collections::BTreeMap, io, sync::Arc};

use cauce_flow::{event::EventId, time::Timestamp};

use super::{digest::Secret, manifest::PartEntry, shared::Shared, state::State};
use crate::{
    fault::{Fault, in_one_line},
    part::Reader,
    row::Row,
    store::{Error, Filter, Page, Paged},
};

const DOING: &str = "reading stored events";

impl Filter {
    /// Whether a row is asked for.
    pub(crate) fn holds(&self, row: &Row) -> bool {
        (self.from..self.to).contains(&row.occurred_at)
            && self
                .tenant
                .as_ref()
                .is_none_or(|tenant| *tenant == row.tenant)
            && self.site.is_none_or(|site| site == row.site)
            && self.visitor.is_none_or(|visitor| visitor == row.visitor)
            && self.kind.as_ref().is_none_or(|kind| *kind == row.kind)
    }
}

/// All that a question has to look at, as of one moment.
pub(super) struct View {
    pub(super) readers: Vec<(PartEntry, Reader)>,
    /// Rows of the buffer that are asked for.
    pub(super) buffered: Vec<Row>,
    hidden: Hidden,
}

/// Visitors whose rows have yet to go from older files. They are shown to nobody any more.
struct Hidden {
    secret: Arc<Secret>,
    /// Their digests, and the first file that holds only what came after the erasure.
    visitors: Vec<(u128, u64)>,
}

impl Hidden {
    fn of(state: &State) -> Hidden {
        Hidden {
            secret: Arc::clone(&state.secret),
            visitors: state.unfinished().collect(),
        }
    }

    /// The rows of a file that may be shown.
    fn shown<'a>(&self, file: u64, rows: &'a [Row]) -> Cow<'a, [Row]> {
        let theirs = |(_, before): &&(u128, u64)| file < *before;
        let hidden: Vec<u128> = self
            .visitors
            .iter()
            .filter(theirs)
            .map(|(v, _)| *v)
            .collect();
        if hidden.is_empty() {
            return Cow::Borrowed(rows);
        }
        let mut scratch = Vec::new();
        let mut may = |row: &&Row| {
            let tenant = row.tenant.as_str();
            !hidden.contains(&self.secret.visitor(tenant, row.visitor, &mut scratch))
        };
        Cow::Owned(rows.iter().filter(|row| may(row)).cloned().collect())
    }
}

impl Shared {
    /// Opens the files that may hold what is asked for. They stay readable when they are replaced.
    pub(super) fn view(&self, filter: &Filter) -> Result<View, Error> {
        /// A file may be replaced between the look at the list and its opening.
        const MAX_TRIES: usize = 10;
        for _ in 1..MAX_TRIES {
            match self.try_view(filter) {
                Err(Fault::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
                view => return view.map_err(told),
            }
        }
        self.try_view(filter).map_err(told)
    }

    fn try_view(&self, filter: &Filter) -> Result<View, Fault> {
        let (parts, buffered, hidden) = {
            let state = self.state.lock();
            let buffered = state.buffer.rows().filter(|row| filter.holds(row));
            let parts = Arc::clone(&state.shown.parts);
            (parts, buffered.cloned().collect(), Hidden::of(&state))
        };
        let wanted = parts.values().filter(|entry| entry.part.may_hold(filter));
        let open = |entry: &PartEntry| {
            let reader = Reader::open(self.month(entry.month), &entry.part)?;
            Ok((entry.clone(), reader))
        };
        let readers = wanted.map(open).collect::<Result<_, _>>()?;
        Ok(View {
            readers,
            buffered,
            hidden,
        })
    }

    /// Shows all rows of a filter in pieces.
    pub(super) fn scan(
        &self,
        filter: &Filter,
        visit: &mut dyn FnMut(&[Row]) -> bool,
    ) -> Result<(), Error> {
        let view = self.view(filter)?;
        if !view.buffered.is_empty() && !visit(&view.buffered) {
            return Ok(());
        }
        for (entry, reader) in &view.readers {
            let mut scan = reader.scan(filter);
            while let Some(rows) = scan.next_rows().map_err(told)? {
                let rows = view.hidden.shown(entry.part.number, rows);
                if !rows.is_empty() && !visit(&rows) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// One page, oldest first.
    pub(super) fn page(&self, filter: &Filter, page: &Page) -> Result<Paged, Error> {
        let after = page.after.as_deref().map(Place::parse).transpose()?;
        let mut filter = filter.clone();
        if let Some(after) = after {
            filter.from = filter.from.max(after.at);
        }
        let mut rows: BTreeMap<Place, Row> = BTreeMap::new();
        let limit = page.limit;
        self.scan(&filter, &mut |piece| {
            for row in piece {
                let place = self.place(row);
                if after.is_none_or(|after| place > after) {
                    keep(&mut rows, place, row, limit + 1);
                }
            }
            true
        })?;
        let next = (rows.len() > limit).then(|| rows.pop_last());
        let next = next.and_then(|_| rows.last_key_value().map(|(place, _)| place.to_string()));
        let rows = rows.into_values().collect();
        Ok(Paged { rows, next })
    }

    fn place(&self, row: &Row) -> Place {
        Place {
            at: row.occurred_at,
            id: row.id,
            whose: self
                .secret()
                .visitor(row.tenant.as_str(), row.visitor, &mut Vec::new())
                as u64,
        }
    }
}

/// Keeps the first rows of all, adding up those of one event.
fn keep(rows: &mut BTreeMap<Place, Row>, place: Place, row: &Row, most: usize) {
    if let Some(known) = rows.get_mut(&place) {
        known.count = known.count.saturating_add(row.count);
        return;
    }
    if rows.len() >= most && rows.last_key_value().is_some_and(|(last, _)| *last < place) {
        return;
    }
    rows.insert(place, row.clone());
    if rows.len() > most {
        rows.pop_last();
    }
}

/// The place of an event in a list. Written as `<milliseconds>.<id>.<digest of whose>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    at: Timestamp,
    id: EventId,
    whose: u64,
}

impl Place {
    fn parse(text: &str) -> Result<Place, Error> {
        let parse = || {
            let (at, rest) = text.split_once('.')?;
            let (id, whose) = rest.split_once('.')?;
            Some(Place {
                at: Timestamp::from_millis(at.parse().ok()?),
                id: EventId::from_u128(u128::from_str_radix(id, 16).ok()?),
                whose: u64::from_str_radix(whose, 16).ok()?,
            })
        };
        parse().ok_or(Error::Cursor)
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Place { at, id, whose } = self;
        write!(f, "{}.{:x}.{whose:x}", at.as_millis(), id.as_u128())
    }
}

fn told(fault: Fault) -> Error {
    Error::Files {
        doing: DOING,
        why: in_one_line(&fault).into(),
    }
}
