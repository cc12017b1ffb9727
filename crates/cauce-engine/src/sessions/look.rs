//! Questions about sessions, answered by the first level that knows.

use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::kept::Held;

use super::{
    Refusal, Sessions, backends,
    cache::{count, read},
    known::{Kind, Known},
    name,
};
use crate::{
    settings::{SessionSettings, Settings},
    status::{CacheFigures, SessionState, Source, UpdateFigures},
};

/// What is wanted of a session.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// All of it.
    Whole,
    /// Whether it is connected.
    Connection,
}

impl Sessions {
    /// All that is known of a session.
    pub(crate) async fn get(
        &self,
        settings: &Settings,
        tenant: &TenantId,
        session: &str,
    ) -> Result<SessionState, Refusal> {
        self.look(&settings.sessions, (tenant, session), Wanted::Whole)
            .await
    }

    /// Whether a session is connected.
    pub(crate) async fn active(
        &self,
        settings: &Settings,
        tenant: &TenantId,
        session: &str,
    ) -> Result<SessionState, Refusal> {
        self.look(&settings.sessions, (tenant, session), Wanted::Connection)
            .await
    }

    async fn look(
        &self,
        settings: &SessionSettings,
        (tenant, session): (&TenantId, &str),
        wanted: Wanted,
    ) -> Result<SessionState, Refusal> {
        let name = name(tenant, session);
        let slot = self.cache.slot(&name).await;
        let enough = |known: &Known, now| match wanted {
            Wanted::Whole => known.status(|held| held.until > now).is_some(),
            Wanted::Connection => known.fresh(Kind::Connection, now).is_some(),
        };
        let now = self.clock.now();
        let known = enough(&slot.known.lock(), now);
        let failed = match (known, backends(settings, tenant).first()) {
            (true, _) | (false, None) => None,
            (false, Some(backend)) => {
                let asked = self.ask(settings, backend, (&name, &slot), enough).await;
                asked.err()
            }
        };
        let now = self.clock.now();
        let mut known = slot.known.lock();
        let shown = Shown {
            settings,
            wanted,
            now,
        };
        let Some(reason) = failed else {
            let fresh = shown.of(&known, |held| held.until > now);
            if fresh.is_none() {
                count(&self.cache.reads.absent);
                // That there is no such session may be known; else nobody could be asked.
                if !enough(&known, now) {
                    count(&self.cache.reads.unknown);
                    return Err(Refusal::Absent);
                }
            }
            let source = self.source(&mut known);
            let fresh = fresh.ok_or(Refusal::Absent)?;
            return Ok(SessionState { source, ..fresh });
        };
        let stale = |held: &Held| held.until + settings.stale_for > now;
        match shown.of(&known, stale) {
            Some(state) => {
                count(&self.cache.reads.stale);
                Ok(SessionState {
                    stale: true,
                    ..state
                })
            }
            None => {
                count(&self.cache.reads.failed);
                Err(Refusal::Unavailable(reason))
            }
        }
    }

    /// Where the answer comes from: what was brought from further away counts as that once.
    fn source(&self, known: &mut Known) -> Source {
        let reads = &self.cache.reads;
        let (source, counter) = if std::mem::take(&mut known.from_backend) {
            known.from_disk = false;
            (Source::Backend, &reads.backend)
        } else if std::mem::take(&mut known.from_disk) {
            (Source::Store, &reads.store)
        } else {
            (Source::Local, &reads.local)
        };
        count(counter);
        source
    }

    /// How the cache does.
    pub(crate) fn cache_figures(&self) -> CacheFigures {
        self.cache.figures(self.clock.now())
    }

    /// Updates since the start.
    pub(crate) fn update_figures(&self) -> UpdateFigures {
        UpdateFigures {
            qrs: read(&self.counts.qrs),
            statuses: read(&self.counts.statuses),
            unchanged: read(&self.counts.unchanged),
            throttled: read(&self.counts.throttled),
        }
    }
}

/// Turns what is known into what is shown.
struct Shown<'a> {
    settings: &'a SessionSettings,
    wanted: Wanted,
    now: Timestamp,
}

impl Shown<'_> {
    fn of(&self, known: &Known, usable: impl Fn(&Held) -> bool) -> Option<SessionState> {
        let status = match self.wanted {
            Wanted::Connection => known
                .any(Kind::Connection)
                .filter(|held| usable(held))
                .cloned(),
            Wanted::Whole => known.status(&usable),
        };
        let qr = match self.wanted {
            Wanted::Connection => None,
            Wanted::Whole => known.qr(|held| held.until > self.now),
        };
        let newest = status.as_ref().or(qr.as_ref())?;
        let (at, text) = (
            newest.at,
            status.as_ref().and_then(|held| held.text.clone()),
        );
        if text.is_none() && qr.is_none() {
            return None;
        }
        let active = text
            .as_deref()
            .is_some_and(|status| self.settings.active.iter().any(|active| active == status));
        Some(SessionState {
            active,
            status: text.map(|text| text.to_string()),
            qr_expires_at: qr.as_ref().map(|held| held.at + self.settings.qr_expires),
            qr: qr.and_then(|held| held.text).map(|text| text.to_string()),
            source: Source::Local,
            age: self.now.since(at),
            stale: false,
        })
    }
}
