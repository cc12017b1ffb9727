//! Relays: batches of whatever is handed in, to an endpoint of one's own.

pub(crate) mod made;

use bytes::Bytes;
use cauce_destinations::webhook::key_of;
use cauce_flow::{id::TenantId, job::NewJob, priority::Priority, time::Timestamp};
use cauce_store::jobs::{Enqueue, Enqueued, Error, JobStore};
use serde_json::Value;

pub use self::made::{MakeError, NewRelay};
use crate::settings::{Relay, Settings};

/// Most bytes of a key.
const MAX_KEY_BYTES: usize = 256;

/// Why a relay does not take what it was handed.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such relay (for this tenant).
    #[error("there is no such relay")]
    Unknown,
    /// Items that cannot be taken: place, where in it, what is wrong.
    #[error("some items cannot be taken")]
    Faulty(Vec<(usize, String, String)>),
    /// The store refuses it.
    #[error(transparent)]
    Store(#[from] Error),
}

/// The relay of a name that the tenant may use; with no tenant, anybody's.
pub(crate) fn find<'a>(
    settings: &'a Settings,
    tenant: Option<&TenantId>,
    name: &str,
) -> Option<&'a Relay> {
    let mut named = settings
        .relays
        .iter()
        .filter(|relay| relay.line.account.as_str() == name);
    named.find(|relay| tenant.is_none_or(|tenant| relay.tenant == *tenant))
}

/// Items that were handed in together.
pub(crate) struct Handed {
    pub(crate) items: Vec<Bytes>,
    pub(crate) priority: Priority,
}

/// Makes jobs of items, all or none.
pub(crate) async fn take(
    settings: &Settings,
    relay: &Relay,
    handed: Handed,
    store: &dyn JobStore,
    now: Timestamp,
) -> Result<Vec<Enqueued>, Refusal> {
    let Handed { items, priority } = handed;
    let mut faults = Vec::new();
    let mut jobs = Vec::with_capacity(items.len());
    let account = settings
        .accounts
        .iter()
        .find(|account| account.name == relay.line.account);
    let policy = account
        .map(|account| &account.policy)
        .ok_or(Refusal::Unknown)?;
    for (place, item) in items.into_iter().enumerate() {
        let (has, most) = (item.len(), settings.limits.max_payload_bytes);
        if has > most {
            let what = format!("it has {has} bytes, more than {most} (setting limits.max_payload)");
            faults.push((place, String::new(), what));
            continue;
        }
        match coalesce_key(relay, &item) {
            Ok(coalesce) => jobs.push(NewJob {
                line: relay.line.clone(),
                tenant: relay.tenant.clone(),
                priority,
                group: None,
                payload: item,
                due_at: Timestamp::EPOCH,
                expires_at: policy.ttl.map_or(Timestamp::NEVER, |ttl| now + ttl),
                max_attempts: policy.retry.max_attempts,
                idempotency_key: None,
                coalesce,
            }),
            Err((pointer, what)) => faults.push((place, pointer, what)),
        }
    }
    if !faults.is_empty() {
        return Err(Refusal::Faulty(faults));
    }
    let batch = Enqueue {
        jobs,
        dropped: Vec::new(),
        mark: None,
    };
    match batch.is_empty() {
        true => Ok(Vec::new()),
        false => Ok(store.enqueue(batch, now).await?),
    }
}

/// The key of an item, where the relay has one.
fn coalesce_key(relay: &Relay, item: &[u8]) -> Result<Option<String>, (String, String)> {
    let Some(pointer) = &relay.key else {
        return Ok(None);
    };
    let value: Value = serde_json::from_slice(item).unwrap_or_default();
    let wrong = |what: String| (pointer.clone(), what);
    match key_of(&value, pointer) {
        Some(key) if key.is_empty() => Err(wrong("the key of the relay is empty".to_owned())),
        Some(key) if key.len() > MAX_KEY_BYTES => {
            let what = format!("the key of the relay has more than {MAX_KEY_BYTES} bytes");
            Err(wrong(what))
        }
        Some(key) => Ok(Some(key)),
        None => {
            let what = "missing: the relay keeps the newest item of each key, a text or a number";
            Err(wrong(what.to_owned()))
        }
    }
}
