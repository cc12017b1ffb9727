//! Takes conversion events: checks each one, makes a job of it for each account of its tenant, and
//! keeps all of them in one commit.

use std::collections::BTreeMap;

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
use cauce_store::jobs::{DropReason, Dropped, Enqueue, Enqueued, Error, Gate, JobStore};

use crate::{
    settings::{Account, Settings},
    status::{PixelOutcome, PixelRefusal},
};

/// What holds for the events of one tenant.
struct Rules<'a> {
    tenant: TenantId,
    /// The tenant's accounts, and no other's.
    accounts: Vec<&'a Account>,
    settings: &'a Settings,
    country: Option<Country>,
}

/// Events on their way into the store.
#[derive(Default)]
pub(crate) struct Intake {
    batch: Enqueue,
    pending: Vec<Pending>,
}

/// What is known of one event before the store has answered.
pub(crate) enum Pending {
    Taken {
        tenant: TenantId,
        event_id: String,
        /// The platform of each of its jobs, in the order of the batch.
        platforms: Vec<Platform>,
        withheld: Vec<(Platform, String)>,
    },
    Rejected(Vec<(String, String)>),
}

/// Makes jobs of events, each of them under the rules of its tenant.
pub(crate) fn take(
    events: Vec<(TenantId, PixelEvent)>,
    settings: &Settings,
    now: Timestamp,
) -> Intake {
    let mut intake = Intake::default();
    let mut by_tenant: BTreeMap<TenantId, Rules<'_>> = BTreeMap::new();
    for (tenant, event) in events {
        let rules = by_tenant
            .entry(tenant)
            .or_insert_with_key(|tenant| Rules::of(tenant, settings));
        let pending = rules.take(event, &mut intake, now);
        intake.pending.push(pending);
    }
    intake
}

/// Which events a refusal is about, so that the caller can leave the platform out of them.
pub(crate) fn refusal(
    error: Error,
    pending: &[Pending],
    settings: &Settings,
    jobs: &dyn JobStore,
) -> PixelRefusal {
    // A queue may be full, or drained, for some tenants alone.
    let refuses: Box<dyn Fn(&Account) -> bool> = match &error {
        Error::Full { queue, tenant, .. } => {
            let (queue, tenant) = (queue.clone(), tenant.clone());
            Box::new(move |account| account.queue == queue && account.tenant == tenant)
        }
        Error::Draining { .. } => {
            Box::new(|account| jobs.gate(&account.queue, Some(&account.tenant)) == Gate::Draining)
        }
        _ => Box::new(|_| false),
    };
    let refusing: Vec<&Account> = settings.accounts.iter().filter(|a| refuses(a)).collect();
    let entries = pending.iter().enumerate().filter_map(|(place, pending)| {
        let platforms = pending.platforms_of(&refusing);
        (!platforms.is_empty()).then_some((place, platforms))
    });
    PixelRefusal {
        entries: entries.collect(),
        error,
    }
}

impl Pending {
    /// The platforms among its jobs that these accounts stand for.
    fn platforms_of(&self, accounts: &[&Account]) -> Vec<&'static str> {
        let Pending::Taken {
            tenant, platforms, ..
        } = self
        else {
            return Vec::new();
        };
        let mine = accounts.iter().filter(|a| a.tenant == *tenant);
        let named = mine.map(|account| account.platform);
        let mut found: Vec<&str> = named
            .filter(|name| platforms.iter().any(|p| p.as_str() == *name))
            .collect();
        found.dedup();
        found
    }
}

impl<'a> Rules<'a> {
    fn of(tenant: &TenantId, settings: &'a Settings) -> Rules<'a> {
        let accounts = settings.accounts.iter();
        let own = settings.pixels.default_country.get(tenant);
        let country = own.or(settings.pixels.fallback_country.as_ref());
        Rules {
            tenant: tenant.clone(),
            accounts: accounts
                .filter(|a| a.tenant == *tenant && a.is_pixel())
                .collect(),
            settings,
            country: country.and_then(|code| Country::find(code)),
        }
    }

    fn take(&self, event: PixelEvent, intake: &mut Intake, now: Timestamp) -> Pending {
        match self.faults(&event, now) {
            faults if faults.is_empty() => self.take_one(event, intake, now),
            faults => self.reject(&event, faults, intake),
        }
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

    fn take_one(&self, mut event: PixelEvent, intake: &mut Intake, now: Timestamp) -> Pending {
        event.complete(|| uuid::Uuid::new_v4().to_string(), now);
        let event_id = event.event_id.clone().expect("a completed event has an id");
        let wanted = event.platforms();
        let consent = match self.settings.pixels.consent_granted {
            true => Choice::Granted,
            false => Choice::Denied,
        };
        let max_payload = self.settings.limits.max_payload_bytes;
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
                tenant: &self.tenant,
                country: self.country,
                consent: Consent::all(consent),
                conversions: account.conversions.as_ref(),
            };
            match catalog::prepare(&event, platform, defaults, now) {
                Prepared::Job { payload } if payload.len() > max_payload => {
                    let has = payload.len();
                    let detail = format!(
                        "it makes {has} bytes for {platform}, more than {max_payload} (setting limits.max_payload)"
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
            tenant: self.tenant.clone(),
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
            .find(|d| d.tenant == self.tenant && d.queue == *queue && d.why == why);
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
                ..
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
