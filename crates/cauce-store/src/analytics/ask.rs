//! What is asked of analytics: figures and series of a tenant over a range.

use cauce_flow::id::TenantId;
use cauce_observe::analytics::calendar::Range;
use rusqlite::Connection;

use super::{Analytics, CampaignView, Error, Figures, Metric};

impl Analytics {
    /// Looks at the figures of a tenant, in which is all that was tracked by now: what is asked of them
    /// is answered as of one moment.
    pub async fn look<T: Send + 'static>(
        &self,
        tenant: &TenantId,
        look: impl FnOnce(&Figures<'_>) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        self.fold().await?;
        let tenant = tenant.clone();
        let read = move |connection: &Connection| look(&Figures::of(connection, &tenant)?);
        self.database.read(read).await
    }

    /// [`Figures::campaign`].
    pub async fn campaign(
        &self,
        tenant: &TenantId,
        campaign: &str,
        range: Range,
    ) -> Result<Option<CampaignView>, Error> {
        let campaign = campaign.to_owned();
        self.look(tenant, move |of| of.campaign(&campaign, range))
            .await
    }

    /// [`Figures::series`].
    pub async fn series(
        &self,
        tenant: &TenantId,
        metric: Metric,
        moments: Vec<i64>,
        by_minute: bool,
    ) -> Result<Vec<i64>, Error> {
        let series = move |of: &Figures<'_>| of.series(metric, &moments, by_minute);
        self.look(tenant, series).await
    }
}
