//! The campaigns in which something happened.

use std::collections::BTreeMap;

use cauce_flow::id::TenantId;
use cauce_observe::analytics::{Measure, calendar::Range};
use rusqlite::{Connection, params};

use super::{Analytics, CampaignView, Error, figures::campaign_view, read::stretches};

/// What makes a campaign busy: it converts, it sends, it costs.
const BY: [Measure; 3] = [Measure::Converted, Measure::Sent, Measure::Cost];

impl Analytics {
    /// The campaigns that sent, converted or cost something in a range: those of most people who
    /// converted first, then those of most messages; at most so many.
    pub async fn busy_campaigns(
        &self,
        tenant: &TenantId,
        range: Range,
        max: usize,
    ) -> Result<Vec<(String, CampaignView)>, Error> {
        self.look(tenant, move |of| {
            let mut busy = busy(of.connection, of.tenant, range)?;
            busy.sort_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(&two.0)));
            busy.truncate(max);
            let view = |(campaign, _): (i64, _)| {
                let name = of.name(u32::try_from(campaign).unwrap_or(0));
                Ok((name, campaign_view(of, campaign, range)?))
            };
            busy.into_iter().map(view).collect()
        })
        .await
    }
}

/// Campaigns by their numbers, each with its sums of [`BY`].
fn busy(
    connection: &Connection,
    tenant: i64,
    range: Range,
) -> rusqlite::Result<Vec<(i64, [i64; BY.len()])>> {
    let mut found: BTreeMap<i64, [i64; BY.len()]> = BTreeMap::new();
    let mut rows = connection.prepare_cached(
        "SELECT series.campaign, sum(sums.sum)
         FROM series JOIN sums ON sums.series = series.id
         WHERE series.tenant = ?1 AND series.measure = ?2 AND series.campaign > 0
             AND sums.grain = ?3 AND sums.start >= ?4 AND sums.start < ?5
         GROUP BY series.campaign",
    )?;
    for (place, measure) in BY.into_iter().enumerate() {
        for stretch in stretches(range) {
            let of = params![
                tenant,
                measure.code(),
                stretch.grain as i64,
                stretch.from,
                stretch.to
            ];
            let mut rows = rows.query(of)?;
            while let Some(row) = rows.next()? {
                found.entry(row.get(0)?).or_default()[place] += row.get::<_, i64>(1)?;
            }
        }
    }
    let some = found.into_iter().filter(|(_, sums)| *sums != [0; BY.len()]);
    Ok(some.collect())
}
