//! The figures that a report is made of, from the sums of analytics.

use cauce_flow::{campaign::window::TimeZone, id::TenantId};
use cauce_observe::{
    analytics::{calendar::Range, figures::Rhythm, forecast::Past, outlook},
    report::{MAX_CAMPAIGNS, Material, Outlook, Series, Side, Stretch, Told},
};
use cauce_store::analytics::{Analytics, CampaignView, Error, Figures, Metric};

use crate::{analytics::as_planned, inner::Inner};

/// Days that a report looks ahead.
const DAYS: usize = 7;

/// What the sums of one moment say for a report.
struct Gathered {
    sides: [Side; 2],
    rhythm: Rhythm,
    series: Series,
    campaigns: Vec<(String, CampaignView)>,
    coming: Past,
    past: Hours,
}

/// Messages sent in each of some hours.
struct Hours {
    starts: Vec<i64>,
    counts: Vec<i64>,
}

/// The figures of a tenant over a stretch of time, as of now.
pub(crate) async fn material(
    inner: &Inner,
    tenant: &TenantId,
    stretch: Stretch,
    (zone, zone_name): (TimeZone, String),
    now: i64,
) -> Result<Material, Error> {
    let zone_of_days = zone.clone();
    let look = move |of: &Figures<'_>| gather(of, stretch, &zone_of_days, now);
    let gathered = inner.analytics.look(tenant, look).await?;
    let [now_side, before] = gathered.sides;
    Ok(Material {
        tenant: tenant.to_string(),
        made_at: now,
        now: now_side,
        before,
        rhythm: gathered.rhythm,
        series: gathered.series,
        campaigns: told(inner, tenant, gathered.campaigns).await,
        has_business_hours: inner.analytics.has_business_hours(),
        outlook: outlook(
            &gathered.coming,
            &gathered.past,
            &zone,
            (stretch.range, now),
        ),
        stretch,
        zone,
        zone_name,
    })
}

fn gather(
    of: &Figures<'_>,
    stretch: Stretch,
    zone: &TimeZone,
    now: i64,
) -> Result<Gathered, Error> {
    let range = stretch.range.until(now);
    let coming = hours(of, zone, now)?;
    Ok(Gathered {
        sides: [side(of, range)?, side(of, stretch.before)?],
        rhythm: of.rhythm(range, zone)?,
        series: series(of, stretch.steps(zone))?,
        campaigns: of.busy_campaigns(range, MAX_CAMPAIGNS)?,
        coming: outlook::past(&coming.starts, &coming.counts, zone),
        past: hours(of, zone, stretch.range.to.min(now))?,
    })
}

fn side(of: &Figures<'_>, range: Range) -> Result<Side, Error> {
    Ok(Side {
        messages: of.messages(range)?,
        conversations: of.conversations(range)?,
        conversions: of.conversions(range)?,
        performance: of.performance(range)?,
    })
}

fn series(of: &Figures<'_>, steps: Vec<i64>) -> Result<Series, Error> {
    let one = |metric| of.series(metric, &steps, false);
    let (sent, received) = (one(Metric::MessagesSent)?, one(Metric::MessagesReceived)?);
    let (delivered, read) = (one(Metric::MessagesDelivered)?, one(Metric::MessagesRead)?);
    let failed = one(Metric::MessagesFailed)?;
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

fn hours(of: &Figures<'_>, zone: &TimeZone, before: i64) -> Result<Hours, Error> {
    let starts = outlook::hours_before(before, zone);
    let counts = of.series(Metric::MessagesSent, &starts, false)?;
    Ok(Hours { starts, counts })
}

/// The past of a metric up to now, by hour.
pub(crate) async fn past(
    of: &Analytics,
    tenant: &TenantId,
    metric: Metric,
    zone: &TimeZone,
    now: i64,
) -> Result<Past, Error> {
    let starts = outlook::hours_before(now, zone);
    let counts = of.series(tenant, metric, starts.clone(), false).await?;
    Ok(outlook::past(&starts, &counts, zone))
}

/// Campaigns with what their plans say of variants and costs.
async fn told(
    inner: &Inner,
    tenant: &TenantId,
    campaigns: Vec<(String, CampaignView)>,
) -> Vec<Told> {
    let mut told = Vec::new();
    for (name, mut view) in campaigns {
        as_planned(&inner.campaigns, tenant, &name, &mut view).await;
        told.push(Told {
            name,
            all: view.all,
            variants: view.variants,
        });
    }
    told
}

/// What to expect of the next days, and the unusual hours of the range.
fn outlook(coming: &Past, past: &Hours, zone: &TimeZone, (range, now): (Range, i64)) -> Outlook {
    let days = outlook::days_after(now, DAYS, coming, zone);
    let Hours { starts, counts } = past;
    Outlook {
        days: days
            .into_iter()
            .filter_map(|(at, expected)| Some((at, expected?)))
            .collect(),
        error: coming.error(),
        unusual: outlook::past(starts, counts, zone).unusual(range.from),
        judged_from: outlook::judged_from(starts, counts),
    }
}
