//! A filter in the form in which it is compared with what a file holds.

use std::ops::Range;

use parquet::file::{metadata::RowGroupMetaData, statistics::Statistics};

use super::group::Group;
use crate::{columns::Column, store::Filter};

/// What a row has to be; all of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Condition {
    pub(super) tenant: Option<Vec<u8>>,
    pub(super) site: Option<u128>,
    pub(super) visitor: Option<u128>,
    pub(super) kind: Option<Vec<u8>>,
    /// From this millisecond on, and before that one.
    pub(super) time: Option<Range<i64>>,
}

/// What the statistics of a row group say of a condition on one column.
enum Says {
    Never,
    Perhaps,
    Always,
}

impl Condition {
    pub(super) fn new(filter: &Filter) -> Condition {
        Condition {
            tenant: filter.tenant.as_ref().map(|t| t.as_str().into()),
            site: filter.site.map(|site| site.as_u128()),
            visitor: filter.visitor.map(|visitor| visitor.as_u128()),
            kind: filter.kind.as_ref().map(|kind| kind.as_str().into()),
            time: Some(filter.from.as_millis()..filter.to.as_millis()),
        }
    }

    /// The columns that have to be looked at; none where the group cannot hold such a row.
    pub(super) fn tested(&self, group: &RowGroupMetaData) -> Option<Vec<Column>> {
        let uuid = |id: u128| id.to_be_bytes().to_vec();
        let exact = [
            (Column::TenantId, self.tenant.clone()),
            (Column::SiteId, self.site.map(uuid)),
            (Column::VisitorId, self.visitor.map(uuid)),
            (Column::EventType, self.kind.clone()),
        ];
        let mut tested = Vec::new();
        for (column, wanted) in exact {
            let Some(wanted) = wanted else { continue };
            match equals(group.column(column as usize).statistics(), &wanted) {
                Says::Never => return None,
                Says::Perhaps => tested.push(column),
                Says::Always => {}
            }
        }
        if let Some(time) = &self.time {
            match within(group.column(Column::OccurredAt as usize).statistics(), time) {
                Says::Never => return None,
                Says::Perhaps => tested.push(Column::OccurredAt),
                Says::Always => {}
            }
        }
        Some(tested)
    }

    /// The rows of a group that are as wanted, in runs. The tested columns are loaded.
    pub(super) fn runs(&self, group: &Group, tested: &[Column]) -> Vec<Range<usize>> {
        let mut chosen = vec![true; group.rows()];
        for column in tested {
            match (column, self) {
                (
                    Column::TenantId,
                    Condition {
                        tenant: Some(text), ..
                    },
                )
                | (
                    Column::EventType,
                    Condition {
                        kind: Some(text), ..
                    },
                ) => {
                    group.keep_text(*column, text, &mut chosen);
                }
                (Column::SiteId, Condition { site: Some(id), .. })
                | (
                    Column::VisitorId,
                    Condition {
                        visitor: Some(id), ..
                    },
                ) => {
                    group.keep_id(*column, *id, &mut chosen);
                }
                (
                    Column::OccurredAt,
                    Condition {
                        time: Some(time), ..
                    },
                ) => {
                    group.keep_times(time, &mut chosen);
                }
                _ => {}
            }
        }
        runs_of(&chosen)
    }
}

fn runs_of(chosen: &[bool]) -> Vec<Range<usize>> {
    let mut runs = Vec::new();
    let mut at = 0;
    while let Some(start) = chosen[at..].iter().position(|chosen| *chosen) {
        let start = at + start;
        let length = chosen[start..].iter().position(|chosen| !*chosen);
        at = length.map_or(chosen.len(), |length| start + length);
        runs.push(start..at);
    }
    runs
}

fn equals(statistics: Option<&Statistics>, wanted: &[u8]) -> Says {
    let bounds = statistics.and_then(|s| s.min_bytes_opt().zip(s.max_bytes_opt()));
    match bounds {
        None => Says::Perhaps,
        Some((least, most)) if wanted < least || wanted > most => Says::Never,
        Some((least, most)) if wanted == least && wanted == most => Says::Always,
        Some(_) => Says::Perhaps,
    }
}

fn within(statistics: Option<&Statistics>, wanted: &Range<i64>) -> Says {
    let Some(Statistics::Int64(statistics)) = statistics else {
        return Says::Perhaps;
    };
    let bounds = statistics.min_opt().zip(statistics.max_opt());
    match bounds {
        None => Says::Perhaps,
        Some((first, last)) if *last < wanted.start || *first >= wanted.end => Says::Never,
        Some((first, last)) if wanted.contains(first) && wanted.contains(last) => Says::Always,
        Some(_) => Says::Perhaps,
    }
}
