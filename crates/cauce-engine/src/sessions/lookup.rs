//! Asks the backend for one session: one question at a time for each, and none while the backend
//! keeps failing.

use std::{collections::BTreeMap, time::Instant};

use cauce_destinations::backend::{self, Looked};
use cauce_flow::{
    dispatch::breaker::{Admits, Breaker},
    id::AccountName,
    reason::Reason,
    time::Timestamp,
};
use cauce_store::kept::Name;
use parking_lot::Mutex;

use super::{
    Sessions,
    cache::{Slot, count},
    known::{Kind, Known, held},
};
use crate::settings::{Backend, SessionSettings};

/// The breakers of lookups, by the account that they ask through.
#[derive(Default)]
pub(super) struct Breakers(Mutex<BTreeMap<AccountName, Breaker>>);

impl Breakers {
    fn with<T>(&self, backend: &Backend, work: impl FnOnce(&mut Breaker) -> T) -> T {
        let mut breakers = self.0.lock();
        let breaker = breakers
            .entry(backend.status.account.clone())
            .or_insert_with(|| Breaker::new(backend.breaker));
        work(breaker)
    }
}

impl Sessions {
    /// Asks the backend, unless somebody just did, and takes in what it says. `enough` tells
    /// whether what is known by then is all that was wanted.
    pub(super) async fn ask(
        &self,
        settings: &SessionSettings,
        backend: &Backend,
        (name, slot): (&Name, &Slot),
        enough: impl Fn(&Known, Timestamp) -> bool,
    ) -> Result<(), Reason> {
        let since = Instant::now();
        let _turn = slot.asking.lock().await;
        if enough(&slot.known.lock(), self.clock.now()) {
            return Ok(());
        }
        // Whoever waited for a question that failed shares its fate, or a crowd would ask in turn.
        if let Some((at, reason)) = &*slot.failure.lock()
            && *at >= since
        {
            return Err(reason.clone());
        }
        let asked = self.ask_now(settings, backend, (name, slot)).await;
        if let Err(reason) = &asked {
            *slot.failure.lock() = Some((Instant::now(), reason.clone()));
        }
        asked
    }

    async fn ask_now(
        &self,
        settings: &SessionSettings,
        backend: &Backend,
        (name, slot): (&Name, &Slot),
    ) -> Result<(), Reason> {
        let now = self.clock.now();
        let line = self.lines.status(&backend.status.account);
        let line_is_open = line.is_some_and(|line| line.breaker == "open");
        let admitted = self
            .breakers
            .with(backend, |breaker| match breaker.admits(now) {
                Admits::All if !line_is_open => Some(breaker.on_start(now)),
                Admits::Probes(1..) => Some(breaker.on_start(now)),
                Admits::All | Admits::Probes(0) | Admits::NoneUntil(_) => None,
            });
        let Some(pass) = admitted else {
            let detail = "the backend keeps failing and is left alone for a while";
            return Err(Reason::new("breaker_open", detail));
        };
        let request = backend::lookup(&backend.config, &settings.lookup_path, &name.session)
            .map_err(|error| Reason::new("backend_headers", error.to_string()))?;
        count(&self.cache.reads.lookups);
        let pass = PassOn {
            pass: Some(pass),
            breakers: &self.breakers,
            backend,
        };
        let exchange = self.transport.send(request, || {}).await;
        let looked = backend::looked(&exchange.answer);
        pass.judge(matches!(looked, Looked::Unavailable(_)), self.clock.now());
        self.take_answer(settings, (name, slot), looked, now)
    }

    fn take_answer(
        &self,
        settings: &SessionSettings,
        (name, slot): (&Name, &Slot),
        looked: Looked,
        asked_at: Timestamp,
    ) -> Result<(), Reason> {
        let ttl = &settings.cache_ttl;
        let (status, qr) = match looked {
            Looked::Unavailable(reason) => return Err(reason),
            Looked::Absent => (None, None),
            Looked::Found { status, qr } => (Some(status.into()), qr.map(Into::into)),
        };
        let state = |text, ttl| held(text, asked_at, asked_at + ttl, 0);
        let states = vec![
            (Kind::Session, state(status.clone(), ttl.session)),
            (Kind::Connection, state(status, ttl.connection)),
            (Kind::SessionQr, state(qr, ttl.qr)),
        ];
        self.cache.learn(name, slot, states);
        slot.known.lock().from_backend = true;
        Ok(())
    }
}

/// A request that the breaker let pass; dropped without an answer, it says nothing.
struct PassOn<'a> {
    pass: Option<cauce_flow::dispatch::breaker::Pass>,
    breakers: &'a Breakers,
    backend: &'a Backend,
}

impl PassOn<'_> {
    fn judge(mut self, failed: bool, now: Timestamp) {
        if let Some(pass) = self.pass.take() {
            self.breakers.with(self.backend, |breaker| match failed {
                true => breaker.on_failure(pass, now),
                false => breaker.on_success(pass),
            });
        }
    }
}

impl Drop for PassOn<'_> {
    fn drop(&mut self) {
        if let Some(pass) = self.pass.take() {
            self.breakers
                .with(self.backend, |breaker| breaker.on_void(pass));
        }
    }
}
