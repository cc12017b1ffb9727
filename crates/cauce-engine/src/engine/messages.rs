//! The messages part, as callers of the engine see it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use cauce_destinations::message::Provider;
use cauce_flow::id::{QueueName, TenantId};
use cauce_store::{
    jobs::{self, Gate, Scope},
    messages::{Error, Heard, Messages},
};

use super::Engine;
use crate::{
    messages::{NewMessage, Refusal, Sender, TakenMessage, Told},
    settings::Account,
    status::{MessageQueues, SenderStatus},
    view,
};

/// Gates that say that an account cannot send, whatever else is open.
const HOLDS: [&str; 2] = ["credentials", "disconnected"];

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

    /// The queues that messages of a scope go through: those with accounts, and those that hold or
    /// held jobs.
    pub async fn message_queues(&self, scope: &Scope) -> MessageQueues {
        let inner = &self.inner;
        let found = view::queues(inner, scope).into_iter();
        let queues = found.filter(|queue| is_of_messages(&queue.name));
        let accounts = inner.lines.accounts().into_iter();
        let own = accounts
            .filter(|account| scope.covers(&account.tenant) && account.provider().is_some());
        let mut senders = Vec::new();
        for account in own {
            senders.extend(self.sender_status(&account).await);
        }
        let recent = inner.recent_of(scope, is_of_messages);
        MessageQueues {
            queues: queues.map(|queue| (queue.name, queue.counts)).collect(),
            senders,
            completed_per_minute: recent.per_minute,
            latency: recent.latency,
        }
    }

    async fn sender_status(&self, account: &Account) -> Option<SenderStatus> {
        let status = self.inner.lines.status(&account.name)?;
        let gates = self.inner.lines.why(&account.line()).await?;
        Some(SenderStatus {
            account: account.name.clone(),
            platform: account.platform,
            breaker: status.breaker,
            in_flight: status.in_flight,
            is_held: gates.iter().any(|gate| HOLDS.contains(&gate.name)),
            rate: status.rate,
        })
    }

    /// Moves the gates of all queues of messages, for one tenant or for all.
    pub async fn move_message_gates(
        &self,
        tenant: Option<TenantId>,
        gate: Gate,
    ) -> Result<(), jobs::Error> {
        for queue in message_queues() {
            self.move_gate(&queue, tenant.clone(), gate).await?;
        }
        Ok(())
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

    /// Times that providers told and that could not be: they were moved to the nearest that can.
    pub fn moved_times(&self) -> u64 {
        self.inner.messaging.moved_times.load(Ordering::Relaxed)
    }

    /// Puts wishes into force, before anything is sent, that were noted and not yet told on.
    pub(super) async fn recall_wishes(&self) {
        self.inner.messaging.tell_wishes().await;
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

/// The names of the queues that messages go through.
pub fn message_queues() -> Vec<QueueName> {
    let mut names = Provider::ALL.map(Provider::queue).to_vec();
    names.sort_unstable();
    names.dedup();
    let names = names.into_iter().map(QueueName::new);
    names.collect::<Result<_, _>>().expect("they are names")
}

fn is_of_messages(queue: &QueueName) -> bool {
    Provider::ALL
        .iter()
        .any(|provider| provider.queue() == queue.as_str())
}
