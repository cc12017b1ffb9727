//! Updates on their way to the backend.
//!
//! An update is a job whose key is the session: the newest of those that wait replaces the others,
//! none overtakes another. A QR code brings a second job that is due when it expires and tells the
//! backend that there is none any more; a newer code replaces it with the code before.

use std::sync::Arc;

use cauce_destinations::backend;
use cauce_flow::{
    id::TenantId,
    job::{Line, NewJob},
    priority::Priority,
    time::Timestamp,
};
use cauce_store::jobs::Enqueue;

use super::{
    Refusal, Sessions, backends,
    cache::{Slot, count},
    known::{Kind, held},
    name,
};
use crate::{
    settings::{SessionSettings, Settings},
    status::{QrTaken, StatusTaken},
};

/// An update of one session.
#[derive(Clone, Copy, Debug)]
pub struct Update<'a> {
    /// Whose session it is.
    pub tenant: &'a TenantId,
    /// The session.
    pub session: &'a str,
    /// The QR code or the status.
    pub text: &'a str,
    /// The same key within a day is the same update.
    pub idempotency_key: Option<&'a str>,
}

impl Sessions {
    /// Takes a QR code: queued unless it is the one that is shown already.
    pub(crate) async fn take_qr(
        &self,
        settings: &Settings,
        update: Update<'_>,
    ) -> Result<QrTaken, Refusal> {
        let of = &settings.sessions;
        let backends = backends(of, update.tenant);
        if backends.is_empty() {
            return Err(Refusal::NoBackend);
        }
        count(&self.counts.qrs);
        let (name, now) = (name(update.tenant, update.session), self.clock.now());
        let slot = self.cache.slot(&name).await;
        let shown = slot.known.lock().fresh(Kind::Qr, now).cloned();
        if let Some(shown) = shown.filter(|shown| shown.text.as_deref() == Some(update.text)) {
            count(&self.counts.unchanged);
            return Ok(QrTaken {
                new: false,
                queued: false,
                expires_at: shown.at + of.qr_expires,
            });
        }
        let due_at = self.next_qr(&slot, of, now);
        let expires_at = now + of.qr_expires;
        let jobs = backends.iter().flat_map(|backend| {
            let job = |qr: Option<&str>| {
                let payload = backend::qr_item(update.session, qr);
                job_of(settings, &backend.qr, update, payload, now)
            };
            let shown = NewJob {
                due_at,
                expires_at,
                ..job(Some(update.text))
            };
            let end = job(None);
            let ended = NewJob {
                due_at: expires_at,
                // Its time to live begins when it is due.
                expires_at: match end.expires_at {
                    Timestamp::NEVER => Timestamp::NEVER,
                    own => own + of.qr_expires,
                },
                idempotency_key: None,
                ..end
            };
            [shown, ended]
        });
        let sequence = self.enqueue(jobs.collect(), now).await?;
        let until = now + of.cache_ttl.qr.min(of.qr_expires);
        let state = held(Some(Arc::from(update.text)), now, until, sequence);
        self.cache.learn(&name, &slot, vec![(Kind::Qr, state)]);
        Ok(QrTaken {
            new: true,
            queued: true,
            expires_at,
        })
    }

    /// When the next QR code of a session may leave: it takes the place of one that has not left
    /// yet, and keeps its distance from one that has.
    fn next_qr(&self, slot: &Slot, of: &SessionSettings, now: Timestamp) -> Timestamp {
        let mut due = slot.qr_due.lock();
        let next = if *due > now {
            *due
        } else {
            *due + of.qr_throttle
        };
        if next > now {
            count(&self.counts.throttled);
        }
        *due = next.max(now);
        *due
    }

    /// Takes a status.
    pub(crate) async fn take_status(
        &self,
        settings: &Settings,
        update: Update<'_>,
        priority: Option<Priority>,
    ) -> Result<StatusTaken, Refusal> {
        let of = &settings.sessions;
        let backends = backends(of, update.tenant);
        if backends.is_empty() {
            return Err(Refusal::NoBackend);
        }
        count(&self.counts.statuses);
        let (name, now) = (name(update.tenant, update.session), self.clock.now());
        let is_high = of.high.iter().any(|high| high == update.text);
        let usual = if is_high {
            Priority::High
        } else {
            Priority::Normal
        };
        let priority = priority.unwrap_or(usual);
        let jobs = backends.iter().map(|backend| NewJob {
            priority,
            ..job_of(
                settings,
                &backend.status,
                update,
                backend::status_item(update.session, update.text),
                now,
            )
        });
        let sequence = self.enqueue(jobs.collect(), now).await?;
        let text: Arc<str> = Arc::from(update.text);
        let state = |ttl| held(Some(Arc::clone(&text)), now, now + ttl, sequence);
        let states = vec![
            (Kind::Status, state(of.cache_ttl.status)),
            (Kind::Connection, state(of.cache_ttl.connection)),
        ];
        let slot = self.cache.slot(&name).await;
        self.cache.learn(&name, &slot, states);
        Ok(StatusTaken {
            queued: true,
            priority,
        })
    }

    /// Answers the place of the first job in the order of what was accepted.
    async fn enqueue(&self, jobs: Vec<NewJob>, now: Timestamp) -> Result<u64, Refusal> {
        let batch = Enqueue {
            jobs,
            dropped: Vec::new(),
            mark: None,
        };
        let taken = self.jobs.enqueue(batch, now).await?;
        Ok(taken.first().map_or(0, |taken| taken.id.number()))
    }
}

fn job_of(
    settings: &Settings,
    line: &Line,
    update: Update<'_>,
    payload: bytes::Bytes,
    now: Timestamp,
) -> NewJob {
    let account = settings
        .accounts
        .iter()
        .find(|account| account.name == line.account);
    let policy = account.map(|account| &account.policy);
    let ttl = policy.and_then(|policy| policy.ttl);
    NewJob {
        line: line.clone(),
        tenant: update.tenant.clone(),
        priority: Priority::Normal,
        group: None,
        payload,
        due_at: Timestamp::EPOCH,
        expires_at: ttl.map_or(Timestamp::NEVER, |ttl| now + ttl),
        max_attempts: policy.map_or(1, |policy| policy.retry.max_attempts),
        idempotency_key: update
            .idempotency_key
            .map(|key| format!("{}:{key}", line.account)),
        coalesce: Some(update.session.to_owned()),
    }
}
