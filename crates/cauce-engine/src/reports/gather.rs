//! The figures that a report is made of, from the sums of analytics.

use cauce_flow::{campaign::window::TimeZone, id::TenantId};
use cauce_observe::{
    analytics::{calendar::Range, forecast::Past, outlook},
    report::{MAX_CAMPAIGNS, Material, Outlook, Series, Side, Stretch, Told},
};
use cauce_store::analytics::{Analytics, Error, Metric};
use futures_util::try_join;

use crate::{analytics::name_variants, inner::Inner};

/// Days that a report looks ahead.
const DAYS: usize = 7;

/// The figures of a tenant over a stretch of time, as of now.
pub(crate) async fn material(
    inner: &Inner,
    tenant: &TenantId,
    stretch: Stretch,
    (zone, zone_name): (TimeZone, String),
    now: i64,
) -> Result<Material, Error> {
    let (of, range) = (&inner.analytics, stretch.range);
    let steps = stretch.steps(&zone);
    let (now_side, before, rhythm, series, campaigns, outlook) = try_join!(
        side(of, tenant, range),
        side(of, tenant, stretch.before),
        of.rhythm(tenant, range, zone.clone()),
        series(of, tenant, steps),
        campaigns(inner, tenant, range),
        outlook(of, tenant, &zone, (range, now)),
    )?;
    Ok(Material {
        tenant: tenant.to_string(),
        made_at: now,
        now: now_side,
        before,
        rhythm,
        series,
        campaigns,
        outlook,
        stretch,
        zone,
        zone_name,
    })
}

/// The past of a metric up to now, by hour.
pub(crate) async fn past(
    of: &Analytics,
    tenant: &TenantId,
    metric: Metric,
    zone: &TimeZone,
    now: i64,
) -> Result<Past, Error> {
    let (starts, counts) = hours(of, tenant, metric, zone, now).await?;
    Ok(outlook::past(&starts, &counts, zone))
}

async fn hours(
    of: &Analytics,
    tenant: &TenantId,
    metric: Metric,
    zone: &TimeZone,
    now: i64,
) -> Result<(Vec<i64>, Vec<i64>), Error> {
    let starts = outlook::hours_before(now, zone);
    let counts = of.series(tenant, metric, starts.clone(), false).await?;
    Ok((starts, counts))
}

async fn side(of: &Analytics, tenant: &TenantId, range: Range) -> Result<Side, Error> {
    let (messages, conversations, conversions, performance) = try_join!(
        of.messages(tenant, range),
        of.conversations(tenant, range),
        of.conversions(tenant, range),
        of.performance(tenant, range),
    )?;
    Ok(Side {
        messages,
        conversations,
        conversions,
        performance,
    })
}

async fn series(of: &Analytics, tenant: &TenantId, steps: Vec<i64>) -> Result<Series, Error> {
    let one = |metric| of.series(tenant, metric, steps.clone(), false);
    let (sent, received, delivered, read, failed) = try_join!(
        one(Metric::MessagesSent),
        one(Metric::MessagesReceived),
        one(Metric::MessagesDelivered),
        one(Metric::MessagesRead),
        one(Metric::MessagesFailed),
    )?;
    let mut starts = steps;
    starts.pop();
    Ok(Series {
        starts,
        sent,
        received,
        delivered,
        read,
        failed,
    })
}

async fn campaigns(inner: &Inner, tenant: &TenantId, range: Range) -> Result<Vec<Told>, Error> {
    let of = &inner.analytics;
    let busy = of.busy_campaigns(tenant, range, MAX_CAMPAIGNS).await?;
    let mut told = Vec::new();
    for (name, mut view) in busy {
        name_variants(&inner.campaigns, tenant, &name, &mut view).await;
        told.push(Told {
            name,
            all: view.all,
            variants: view.variants,
        });
    }
    Ok(told)
}

/// What to expect of the next days, and the unusual hours of the range.
async fn outlook(
    of: &Analytics,
    tenant: &TenantId,
    zone: &TimeZone,
    (range, now): (Range, i64),
) -> Result<Outlook, Error> {
    let end = range.to.min(now);
    let sent = Metric::MessagesSent;
    let (coming, (starts, counts)) = try_join!(
        past(of, tenant, sent, zone, now),
        hours(of, tenant, sent, zone, end),
    )?;
    let days = outlook::days_after(now, DAYS, &coming, zone);
    Ok(Outlook {
        days: days
            .into_iter()
            .filter_map(|(at, expected)| Some((at, expected?)))
            .collect(),
        error: coming.error(),
        unusual: outlook::past(&starts, &counts, zone).unusual(range.from),
        judged_from: outlook::judged_from(&starts, &counts),
    })
}
