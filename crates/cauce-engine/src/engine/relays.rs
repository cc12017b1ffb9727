//! Relays, as callers of the engine see them.

use std::sync::Arc;

use bytes::Bytes;
use cauce_flow::{
    id::{AccountName, TenantId},
    priority::Priority,
};
use cauce_store::jobs::{Enqueued, Scope};

use super::Engine;
use crate::{
    relays::{self, Handed, MakeError, NewRelay, Refusal, made},
    settings::{Relay, Settings},
};

impl Engine {
    /// Takes items for a relay, all or none; answers for each once all are durable. Without a
    /// tenant, the relay may be anybody's.
    pub async fn take_relayed(
        &self,
        tenant: Option<&TenantId>,
        relay: &str,
        items: Vec<Bytes>,
        priority: Priority,
    ) -> Result<Vec<Enqueued>, Refusal> {
        let settings = Arc::clone(&self.inner.settings.read());
        let relay = relays::find(&settings, tenant, relay).ok_or(Refusal::Unknown)?;
        relays::take(
            &settings,
            relay,
            Handed { items, priority },
            self.jobs(),
            self.now(),
        )
        .await
    }

    /// The relays of a scope, each with what it was made of where the API made it.
    pub fn relays(&self, scope: &Scope) -> Vec<(Relay, String, Option<NewRelay>)> {
        let (settings, made) = (
            Arc::clone(&self.inner.settings.read()),
            self.inner.made.lock(),
        );
        let own = settings
            .relays
            .iter()
            .filter(|relay| scope.covers(&relay.tenant));
        own.map(|relay| {
            let mut accounts = settings.accounts.iter();
            let account = accounts.find(|account| account.name == relay.line.account);
            let url = account.map(|account| account.base_url.clone());
            let made = made.get(&relay.line.account).cloned();
            (relay.clone(), url.unwrap_or_default(), made)
        })
        .collect()
    }

    /// Makes a relay, which works from here on.
    pub async fn make_relay(&self, new: NewRelay) -> Result<(), MakeError> {
        let _turn = self.inner.making.lock().await;
        let settings = Arc::clone(&self.inner.settings.read());
        made::check(&new, &settings, &self.inner.made.lock())?;
        let fact = serde_json::to_value(&new).unwrap_or_default();
        let name = format!("{}{}", made::FACT_PREFIX, new.name);
        let control = self.control();
        control.put_secret_fact(&name, &fact, self.now()).await?;
        self.change_made(|made| {
            made.insert(new.name.clone(), new);
        });
        Ok(())
    }

    /// Removes a relay that was made so, and says whose it was. What waits in its queue stays there.
    pub async fn remove_relay(
        &self,
        name: &AccountName,
        scope: &Scope,
    ) -> Result<TenantId, MakeError> {
        let _turn = self.inner.making.lock().await;
        let settings = Arc::clone(&self.inner.settings.read());
        let mut relays = settings.relays.iter();
        let known = relays.find(|relay| relay.line.account == *name && scope.covers(&relay.tenant));
        let owner = known.ok_or(MakeError::Unknown)?.tenant.clone();
        if !self.inner.made.lock().contains_key(name) {
            return Err(MakeError::Configured);
        }
        self.control()
            .drop_fact(&format!("{}{name}", made::FACT_PREFIX))
            .await?;
        self.change_made(|made| {
            made.remove(name);
        });
        Ok(owner)
    }

    /// The relays that were made before, at the start.
    pub(super) async fn recall_relays(&self) {
        let facts = match self.control().secret_facts(made::FACT_PREFIX).await {
            Ok(facts) => facts,
            Err(error) => {
                return tracing::error!(%error, "the relays that were made cannot be read");
            }
        };
        let known = facts.into_iter().filter_map(|(fact, value)| {
            let relay = value.and_then(|value| serde_json::from_value::<NewRelay>(value).ok());
            if relay.is_none() {
                let relay = fact.trim_start_matches(made::FACT_PREFIX);
                tracing::error!(
                    relay,
                    "a relay cannot be read, its key is another one; put {} back, or make the relay again",
                    cauce_store::control::SEAL_FILE
                );
            }
            relay.map(|new| (new.name.clone(), new))
        });
        let known: made::Made = known.collect();
        if !known.is_empty() {
            let settings = Arc::clone(&self.inner.settings.read());
            let all = made::with_made(&settings, &made::Made::new(), &known);
            *self.inner.settings.write() = Arc::new(all);
            *self.inner.made.lock() = known;
        }
    }

    /// The settings with the relays that were made in them.
    pub(super) fn with_relays(&self, settings: &Settings) -> Settings {
        made::with_made(settings, &made::Made::new(), &self.inner.made.lock())
    }

    fn change_made(&self, change: impl FnOnce(&mut made::Made)) {
        let settings = {
            let mut made = self.inner.made.lock();
            let before = made.clone();
            change(&mut made);
            let settings = Arc::clone(&self.inner.settings.read());
            made::with_made(&settings, &before, &made)
        };
        self.take_settings(settings);
    }
}
