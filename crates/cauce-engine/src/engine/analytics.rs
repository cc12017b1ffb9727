//! Analytics, as callers of the engine see it.

use std::time::Duration;

use cauce_destinations::pixel::Platform;
use cauce_flow::{
    campaign::window::{TimeZone, zones},
    id::TenantId,
    time::Timestamp,
};
use cauce_observe::analytics::calendar::Range;
use cauce_store::{
    analytics::{Analytics, CampaignView, Error},
    jobs,
    rollups::{Rollup, Span, Step},
};

use super::Engine;
use crate::analytics::{Counting, as_planned};

/// Statistics of the pixels part are kept by the minute for a week, and by the hour after that; a
/// little less, as the newest minutes go on while it is asked.
const MINUTES_KEPT: Duration = Duration::from_secs(7 * 86_400 - 3_600);

/// Why a figure of the pixels part is no series.
#[derive(Debug, thiserror::Error)]
pub enum PixelSeriesError {
    /// The steps do not begin with whole hours of UTC, and what is older is kept by them.
    #[error(
        "statistics of conversion events that are older than a week are kept by the hour of UTC"
    )]
    ByHour,
    /// The statistics cannot be read.
    #[error(transparent)]
    Store(#[from] jobs::Error),
}

impl Engine {
    /// A figure of the pixels part between each of some moments and the next, in order: one fewer
    /// than moments.
    pub async fn pixel_series(
        &self,
        tenant: &TenantId,
        figure: fn(&Rollup) -> u64,
        moments: &[i64],
    ) -> Result<Vec<i64>, PixelSeriesError> {
        let mut points = vec![0; moments.len().saturating_sub(1)];
        let [first, .., last] = moments else {
            return Ok(points);
        };
        let by_minute = *first >= (self.now() - MINUTES_KEPT).as_millis();
        let step = if by_minute { Step::Minute } else { Step::Hour };
        if moments.iter().any(|at| at.rem_euclid(step.ms()) != 0) {
            return Err(PixelSeriesError::ByHour);
        }
        let span = Span {
            step,
            from: Timestamp::from_millis(*first),
            to: Timestamp::from_millis(*last),
            tenant: Some(tenant.clone()),
        };
        for (key, rollup) in self.inner.rollups.read(span).await? {
            let at = key.start.as_millis();
            let place = moments.partition_point(|start| *start <= at);
            let point = place.checked_sub(1).and_then(|place| points.get_mut(place));
            let is_pixel = key.queue.as_str().parse::<Platform>().is_ok();
            if let Some(point) = point.filter(|_| is_pixel) {
                *point += i64::try_from(figure(&rollup)).unwrap_or(i64::MAX);
            }
        }
        Ok(points)
    }

    /// Events about messages, conversations and conversions, and what they add up to.
    pub fn analytics(&self) -> &Analytics {
        &self.inner.analytics
    }

    /// The time zone with this name.
    pub fn zone(&self, name: &str) -> Option<TimeZone> {
        zones().get(name).ok()
    }

    /// A campaign in a range, with what its plan says of variants and costs; none where nothing was
    /// ever tracked of it.
    pub async fn campaign_analytics(
        &self,
        tenant: &TenantId,
        campaign: &str,
        range: Range,
    ) -> Result<Option<CampaignView>, Error> {
        let found = self.analytics().campaign(tenant, campaign, range).await?;
        let Some(mut view) = found else {
            return Ok(None);
        };
        as_planned(&self.inner.campaigns, tenant, campaign, &mut view).await;
        Ok(Some(view))
    }

    pub(super) fn start_analytics_loops(&self) {
        let inner = &self.inner;
        let counting = Counting {
            analytics: inner.analytics.clone(),
            messages: inner.messaging.store.clone(),
            clock: inner.clock.clone(),
        };
        let (of, stop) = (counting.clone(), inner.stop.clone());
        self.keep("counting messages", move || of.clone().count(stop.clone()));
        let (of, stop) = (counting.clone(), inner.stop.clone());
        self.keep("counting what is tracked", move || {
            of.clone().fold(stop.clone())
        });
        let stop = inner.stop.clone();
        self.keep("old figures", move || {
            counting.clone().keep_short(stop.clone())
        });
    }
}
