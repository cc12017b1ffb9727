//! The messages part, as callers of the engine see it.

use std::{sync::Arc, time::Duration};

use cauce_flow::id::TenantId;
use cauce_store::messages::{Error, Heard, Messages};

use super::Engine;
use crate::messages::{NewMessage, Refusal, Sender, TakenMessage, Told};

/// How often what is too old is forgotten.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Rows of each kind that are forgotten in one transaction.
const PRUNED_AT_ONCE: u32 = 2_000;

impl Engine {
    /// Takes messages of a tenant, all or none; answers for each once all are durable.
    pub async fn take_messages(
        &self,
        tenant: &TenantId,
        messages: Vec<NewMessage>,
    ) -> Result<Vec<TakenMessage>, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        self.inner.messaging.take(tenant, messages, &settings).await
    }

    /// What became of messages.
    pub fn messages(&self) -> &Messages {
        &self.inner.messaging.store
    }

    /// The accounts whose providers can be heard.
    pub fn senders(&self) -> Vec<Sender> {
        let settings = Arc::clone(&self.inner.settings.read());
        let senders = settings.accounts.iter().filter_map(|account| {
            Some(Sender {
                account: account.name.clone(),
                tenant: account.tenant.clone(),
                hears: account.hears.clone()?,
            })
        });
        senders.collect()
    }

    /// Takes what the provider of a sender has told; answers once it is on disk.
    pub async fn hear(&self, sender: &Sender, told: Vec<Told>) -> Result<Heard, Error> {
        let settings = Arc::clone(&self.inner.settings.read());
        let words = &settings.messages.words;
        self.inner.messaging.take_told(sender, told, words).await
    }

    pub(super) fn start_message_loops(&self) {
        let inner = &self.inner;
        let (messaging, stop) = (inner.messaging.clone(), inner.stop.clone());
        self.keep("messages", move || messaging.clone().follow(stop.clone()));
        let (messaging, stop) = (inner.messaging.clone(), inner.stop.clone());
        self.keep("unknown messages", move || {
            messaging.clone().settle(stop.clone())
        });
        self.keep_messages_short();
    }

    /// Forgets, once in a while, what has been kept for long enough.
    fn keep_messages_short(&self) {
        let (weak, stop) = (Arc::downgrade(&self.inner), self.inner.stop.clone());
        self.inner.loops.spawn(async move {
            let ticks = async {
                loop {
                    tokio::time::sleep(PRUNE_EVERY).await;
                    let Some(inner) = weak.upgrade() else { return };
                    let kept_for = inner.settings.read().messages.kept_for;
                    let before = inner.clock.now() - kept_for;
                    let store = &inner.messaging.store;
                    if let Err(error) = store.prune(before, PRUNED_AT_ONCE).await {
                        tracing::warn!(%error, "old messages could not be forgotten");
                    }
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = ticks => {}
            }
        });
    }
}
