//! Whom a campaign has made messages for, as its numbers tell.

use std::collections::BTreeSet;

use cauce_flow::id::{GroupName, TenantId};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Error, Messages, hidden};

impl Messages {
    /// Which of these numbers a campaign has a message for, as soon as its first `made` recipients
    /// are known here; none before that.
    pub async fn reached(
        &self,
        tenant: &TenantId,
        campaign: &GroupName,
        made: u64,
        numbers: Vec<String>,
    ) -> Result<Option<BTreeSet<String>>, Error> {
        let personal = self.personal.clone();
        let (tenant, campaign) = (tenant.clone(), campaign.to_string());
        let read = move |connection: &Connection| {
            let name = tenant.as_str();
            if !is_known(connection, [name, &campaign], made)? {
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

/// Whether the first recipients of a campaign are known. They are numbered in the order in which
/// they come; messages that were sent beside them under the campaign's name may have made its
/// numbers higher, and then it takes as many messages of any kind.
fn is_known(connection: &Connection, own: [&str; 2], made: u64) -> rusqlite::Result<bool> {
    let newest: Option<i64> = connection
        .prepare_cached(
            "SELECT number FROM messages WHERE tenant = ?1 AND campaign = ?2 AND number IS NOT NULL
             ORDER BY job DESC LIMIT 1",
        )?
        .query_row(own, |row| row.get(0))
        .optional()?;
    if newest.map_or(0, |newest| newest.cast_unsigned() + 1) >= made {
        return Ok(true);
    }
    let all: i64 = connection
        .prepare_cached("SELECT count(*) FROM messages WHERE tenant = ?1 AND campaign = ?2")?
        .query_row(own, |row| row.get(0))?;
    Ok(all.cast_unsigned() >= made)
}
