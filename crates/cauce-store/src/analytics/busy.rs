//! The campaigns in which something happened.

use cauce_flow::id::TenantId;
use cauce_observe::analytics::{Measure, calendar::Range};
use rusqlite::Connection;

use super::{
    Analytics, CampaignView, Error,
    figures::{by_campaign, campaign_view},
    read::sums_of_campaigns,
};

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
            let view = |(campaign, _): (u32, _)| {
                let view = campaign_view(of, campaign.into(), range)?;
                Ok((of.name(campaign), view))
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
) -> rusqlite::Result<Vec<(u32, [i64; BY.len()])>> {
    let cells = sums_of_campaigns(connection, tenant, &BY, range, None)?;
    let all = by_campaign(cells).into_iter();
    let found = all.map(|(campaign, sums)| (campaign, BY.map(|measure| sums.sum(measure))));
    Ok(found.filter(|(_, sums)| *sums != [0; BY.len()]).collect())
}
