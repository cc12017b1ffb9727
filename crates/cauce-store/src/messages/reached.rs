//! Whom a campaign has made messages for, as its numbers tell.

use std::{collections::BTreeSet, sync::Arc};

use cauce_flow::id::{GroupName, TenantId};
use rusqlite::{Connection, params};
use tokio::sync::Notify;

use super::{Error, Messages, figures, hidden};

impl Messages {
    /// Wakes all who wait for what the log tells, each time that more of it is known.
    pub fn has_projected(&self) -> Arc<Notify> {
        Arc::clone(&self.projected)
    }

    /// Which of these numbers a campaign has a message for, as soon as so many messages under its name
    /// are known here, whoever sent them; none before that.
    pub async fn reached(
        &self,
        tenant: &TenantId,
        campaign: &GroupName,
        accepted: u64,
        numbers: Vec<String>,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let personal = self.personal.clone();
        let (tenant, campaign) = (tenant.clone(), campaign.to_string());
        let read = move |connection: &Connection| {
            let name = tenant.as_str();
            // They come in the order in which they were accepted, so that all of them are known then.
            if figures::known(connection, name, &campaign)? < accepted {
                return Ok::<_, Error>(None);
            }
            let mut find = connection.prepare_cached(
                "SELECT 1 FROM messages WHERE phone_hash = ?1 AND +tenant = ?2 AND +campaign = ?3
                     AND number IS NOT NULL",
            )?;
            let mut reached = BTreeSet::new();
            for number in numbers {
                let hash = hidden::phone_hash(&personal, &tenant, &number);
                if find.exists(params![hash, name, campaign])? {
                    reached.insert(number);
                }
            }
            Ok(Some(reached))
        };
        self.database.read(read).await
    }
}
