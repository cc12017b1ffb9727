//! Takes conversion events: checks each one, makes a job of it for each account of its tenant, and
//! keeps all of them in one commit.

use cauce_destinations::{
    catalog,
    normalize::country::Country,
    pixel::{Choice, Consent, Defaults, PixelEvent, Platform, Prepared},
};
use cauce_flow::{
    id::{QueueName, TenantId},
    job::NewJob,
    priority::Priority,
    time::Timestamp,
};
use cauce_store::jobs::{DropReason, Dropped, Enqueue, Enqueued};

use crate::{
    settings::{Account, Pixels},
    status::PixelOutcome,
};

/// What holds for the events of one tenant.
pub(crate) struct Rules<'a> {
    pub(crate) tenant: &'a TenantId,
    /// The tenant's accounts, and no other's.
    pub(crate) accounts: Vec<&'a Account>,
    pub(crate) settings: &'a Pixels,
    pub(crate) max_payload_bytes: usize,
}

/// Events on their way into the store.
#[derive(Default)]
pub(crate) struct Intake {
    pub(crate) batch: Enqueue,
    pending: Vec<Pending>,
}

/// What is known of one event before the store has answered.
pub(crate) enum Pending {
    Taken {
        event_id: String,
        /// The platform of each of its jobs, in the order of the batch.
        platforms: Vec<Platform>,
        withheld: Vec<(Platform, String)>,
    },
    Rejected(Vec<(String, String)>),
}

impl Rules<'_> {
    /// Makes jobs of events.
    pub(crate) fn take(&self, events: Vec<PixelEvent>, now: Timestamp) -> Intake {
        let mut intake = Intake::default();
        let country = self.country();
        for event in events {
            let pending = match self.faults(&event, now) {
                faults if faults.is_empty() => self.take_one(event, country, &mut intake, now),
                faults => self.reject(&event, faults, &mut intake),
            };
            intake.pending.push(pending);
        }
        intake
    }

    fn country(&self) -> Option<Country> {
        let own = self.settings.default_country.get(self.tenant);
        own.or(self.settings.fallback_country.as_ref())
            .and_then(|code| Country::find(code))
    }

    /// Every bad field, and the platforms that the tenant has no account of.
    fn faults(&self, event: &PixelEvent, now: Timestamp) -> Vec<(String, String)> {
        let mut faults: Vec<(String, String)> = event
            .check(now)
            .into_iter()
            .map(|fault| (fault.pointer, fault.detail))
            .collect();
        if self.accounts.is_empty() {
            faults.push((
                String::new(),
                "no pixel account is configured for this tenant".to_owned(),
            ));
        }
        for (place, name) in event.platforms.iter().flatten().enumerate() {
            let known = self.accounts.iter().any(|account| account.platform == name);
            if name.parse::<Platform>().is_ok() && !known {
                let detail = format!("no {name} account is configured for this tenant");
                faults.push((format!("/platforms/{place}"), detail));
            }
        }
        faults
    }

    fn reject(
        &self,
        event: &PixelEvent,
        faults: Vec<(String, String)>,
        intake: &mut Intake,
    ) -> Pending {
        // Counted where it would have gone, which is everywhere if it does not say.
        let named = event.platforms();
        for account in &self.accounts {
            let wanted = named.as_ref().is_none_or(|platforms| {
                platforms.is_empty() || platforms.iter().any(|p| p.as_str() == account.platform)
            });
            if wanted {
                self.drop_event(&account.queue, DropReason::Rejected, intake);
            }
        }
        Pending::Rejected(faults)
    }

    fn take_one(
        &self,
        mut event: PixelEvent,
        country: Option<Country>,
        intake: &mut Intake,
        now: Timestamp,
    ) -> Pending {
        event.complete(|| uuid::Uuid::new_v4().to_string(), now);
        let event_id = event.event_id.clone().expect("a completed event has an id");
        let wanted = event.platforms();
        let consent = match self.settings.consent_granted {
            true => Choice::Granted,
            false => Choice::Denied,
        };
        let mut platforms = Vec::new();
        let mut withheld = Vec::new();
        let mut jobs = Vec::new();
        for account in &self.accounts {
            let Ok(platform) = account.platform.parse::<Platform>() else {
                continue;
            };
            if wanted
                .as_ref()
                .is_some_and(|wanted| !wanted.contains(&platform))
            {
                continue;
            }
            let defaults = Defaults {
                tenant: self.tenant,
                country,
                consent: Consent::all(consent),
                conversions: account.conversions.as_ref(),
            };
            match catalog::prepare(&event, platform, defaults, now) {
                Prepared::Job { payload } if payload.len() > self.max_payload_bytes => {
                    let (has, most) = (payload.len(), self.max_payload_bytes);
                    let detail = format!(
                        "it makes {has} bytes for {platform}, more than {most} (setting limits.max_payload)"
                    );
                    return self.reject(&event, vec![(String::new(), detail)], intake);
                }
                Prepared::Job { payload } => {
                    platforms.push(platform);
                    jobs.push(self.job(account, &event, payload, now));
                }
                Prepared::Withheld(why) => {
                    self.drop_event(&account.queue, DropReason::Withheld, intake);
                    withheld.push((platform, why.code().to_owned()));
                }
                Prepared::Rejected(faults) => {
                    let faults = faults.into_iter().map(|f| (f.pointer, f.detail)).collect();
                    return self.reject(&event, faults, intake);
                }
            }
        }
        intake.batch.jobs.extend(jobs);
        Pending::Taken {
            event_id,
            platforms,
            withheld,
        }
    }

    fn job(
        &self,
        account: &Account,
        event: &PixelEvent,
        payload: bytes::Bytes,
        now: Timestamp,
    ) -> NewJob {
        let ttl = account.policy.ttl;
        NewJob {
            line: account.line(),
            tenant: self.tenant.clone(),
            priority: event.priority.unwrap_or(Priority::Normal),
            group: None,
            payload,
            due_at: Timestamp::EPOCH,
            expires_at: ttl.map_or(Timestamp::NEVER, |ttl| now + ttl),
            max_attempts: account.policy.retry.max_attempts,
            idempotency_key: event
                .event_id
                .as_ref()
                .map(|id| format!("pixel:{}:{id}", account.name)),
            coalesce: None,
        }
    }

    fn drop_event(&self, queue: &QueueName, why: DropReason, intake: &mut Intake) {
        let dropped = &mut intake.batch.dropped;
        let same = dropped
            .iter_mut()
            .find(|d| d.queue == *queue && d.why == why);
        match same {
            Some(known) => known.count += 1,
            None => dropped.push(Dropped {
                tenant: self.tenant.clone(),
                queue: queue.clone(),
                why,
                count: 1,
            }),
        }
    }
}

impl Intake {
    /// What became of each event, now that the store has answered for each job.
    pub(crate) fn outcomes(
        pending: Vec<Pending>,
        answers: &[Enqueued],
        queued_on: &'static str,
    ) -> Vec<PixelOutcome> {
        let mut answers = answers.iter();
        let settle = |pending| match pending {
            Pending::Rejected(faults) => PixelOutcome::Rejected { faults },
            Pending::Taken {
                event_id,
                platforms,
                withheld,
            } => {
                let own: Vec<&Enqueued> = answers.by_ref().take(platforms.len()).collect();
                let duplicate = !own.is_empty() && own.iter().all(|answer| answer.duplicate);
                PixelOutcome::Taken {
                    event_id,
                    platforms: platforms.into_iter().map(Platform::as_str).collect(),
                    withheld: withheld
                        .into_iter()
                        .map(|(p, why)| (p.as_str(), why))
                        .collect(),
                    duplicate,
                    queued_on,
                }
            }
        };
        pending.into_iter().map(settle).collect()
    }

    /// The batch for the store, and what is needed to make sense of its answer.
    pub(crate) fn into_parts(self) -> (Enqueue, Vec<Pending>) {
        (self.batch, self.pending)
    }
}
