//! Statistics of a range of time.

use std::collections::BTreeMap;

use cauce_flow::{
    event::{EventKind, SiteId},
    id::TenantId,
    time::Timestamp,
};

/// What is asked.
#[derive(Clone, Debug)]
pub struct StatsQuery {
    /// Whose events.
    pub tenant: TenantId,
    /// Of one site, or of all.
    pub site: Option<SiteId>,
    /// From this time on.
    pub from: Timestamp,
    /// Before this time.
    pub to: Timestamp,
    /// The steps of the time series, if one is wanted.
    pub interval: Option<Interval>,
    /// How many top pages and referrers at most.
    pub max_top: usize,
}

/// The step of a time series, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
}

/// What is answered. Bots are left out of everything but `bot_events`.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Events kept, equal ones counted each.
    pub total_events: u64,
    /// What `total_events` stands for, sampling undone.
    pub estimated_events: f64,
    /// The same by kind.
    pub by_kind: BTreeMap<EventKind, KindStats>,
    /// Different visitors.
    pub visitors: Uniques,
    /// Different sessions.
    pub sessions: Uniques,
    /// Events of bots.
    pub bot_events: u64,
    /// One point for each step of the interval, without gaps.
    pub series: Vec<Point>,
    /// Pages, most viewed first.
    pub top_pages: Vec<Top>,
    /// Referrers, most frequent first.
    pub top_referrers: Vec<Top>,
}

/// The events of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct KindStats {
    /// Events kept, equal ones counted each.
    pub events: u64,
    /// What they stand for.
    pub estimated: f64,
}

/// How many different ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Uniques {
    /// The number.
    pub count: u64,
    /// The relative standard error where it is an estimate; none where it is exact.
    pub error: Option<f64>,
}

/// One step of a time series.
#[derive(Clone, Debug, PartialEq)]
pub struct Point {
    /// When it begins.
    pub at: Timestamp,
    /// Events kept, equal ones counted each.
    pub events: u64,
    /// What they stand for.
    pub estimated: f64,
}

/// One of the most frequent values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Top {
    /// The value.
    pub value: String,
    /// How many events had it, at least.
    pub count: u64,
    /// By how much `count` may be too small; 0 where it is exact.
    pub error: u64,
}
