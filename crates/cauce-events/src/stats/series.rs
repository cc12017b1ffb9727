//! The steps of a time series.

use cauce_flow::time::Timestamp;

use super::{Error, MAX_POINTS};
use crate::{
    rollup::Cell,
    store::{Interval, Point, StatsQuery},
};

/// How a range is cut into steps.
#[derive(Clone, Copy, Debug)]
pub(super) struct Steps {
    /// The number of the first step since the Unix epoch.
    first: i64,
    count: usize,
    step_ms: i64,
}

impl Steps {
    pub(super) fn new(query: &StatsQuery) -> Result<Steps, Error> {
        let step_ms = match query.interval {
            None => i64::MAX,
            Some(Interval::Minute) => 60_000,
            Some(Interval::Hour) => 3_600_000,
            Some(Interval::Day) => 86_400_000,
        };
        let (from, to) = (query.from.as_millis(), query.to.as_millis());
        let first = from.div_euclid(step_ms);
        let points = match query.interval {
            Some(_) if from < to => (to - 1).div_euclid(step_ms).abs_diff(first) + 1,
            _ => 0,
        };
        if points > MAX_POINTS {
            return Err(Error::TooManyPoints { points });
        }
        Ok(Steps {
            first,
            count: points as usize,
            step_ms,
        })
    }

    /// As many empty cells as there are steps.
    pub(super) fn cells(&self) -> Vec<Cell> {
        vec![Cell::default(); self.count]
    }

    /// The step that a moment belongs to.
    pub(super) fn place(&self, ms: i64) -> Option<usize> {
        let step = ms.div_euclid(self.step_ms).checked_sub(self.first)?;
        usize::try_from(step)
            .ok()
            .filter(|place| *place < self.count)
    }

    pub(super) fn points(&self, cells: &[Cell]) -> Vec<Point> {
        let starts = (self.first..).map(|step| step.saturating_mul(self.step_ms));
        let points = starts.zip(cells).map(|(at, cell)| Point {
            at: Timestamp::from_millis(at),
            events: cell.events,
            estimated: cell.estimated,
        });
        points.collect()
    }
}
