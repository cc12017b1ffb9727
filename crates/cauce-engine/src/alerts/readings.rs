//! How everything does that rules look at, as of one moment.
//!
//! [`lines`] looks at accounts, [`queues`] at queues, [`reports`] at reports, and here is the rest.
//! What cannot be looked at is not known, which is something else than good.

mod lines;
mod queues;
mod reports;

use std::{collections::BTreeMap, sync::Arc};

use cauce_flow::{size::Size, time::Timestamp};
use cauce_observe::alert::{Kind, Rule, Seen, Subject, Thing};

use super::windows::Windows;
use crate::{
    alerting::Volume,
    inner::Inner,
    settings::{Account, Settings},
    status::{Found, LineStatus},
    view,
};

/// What was found of one subject under one rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reading {
    pub(super) seen: Seen,
    pub(super) detail: String,
}

impl Reading {
    fn of(value: f64, detail: String) -> Reading {
        Reading {
            seen: Seen::Figure(value),
            detail,
        }
    }

    fn not_known() -> Reading {
        Reading {
            seen: Seen::NotKnown,
            detail: String::new(),
        }
    }

    fn state(bad: bool, detail: String) -> Reading {
        Reading::of(if bad { 1.0 } else { 0.0 }, detail)
    }
}

/// What one look finds under one rule.
pub(super) struct Readings {
    pub(super) found: BTreeMap<Subject, Reading>,
    /// Of what was not found.
    rest: Seen,
}

impl Readings {
    /// Of what is not among these there is nothing to be said.
    fn all(found: BTreeMap<Subject, Reading>) -> Readings {
        Readings {
            found,
            rest: Seen::Nothing,
        }
    }

    /// Nobody could look at what is not among these.
    fn some(found: BTreeMap<Subject, Reading>) -> Readings {
        Readings {
            found,
            rest: Seen::NotKnown,
        }
    }

    /// Nobody could look.
    fn none() -> Readings {
        Readings::some(BTreeMap::new())
    }

    /// Of one thing that concerns all.
    fn one(thing: Thing, reading: Reading) -> Readings {
        Readings::all(BTreeMap::from([(of_all(thing), reading)]))
    }

    /// Takes out what was found of a subject.
    pub(super) fn take(&mut self, subject: &Subject) -> Reading {
        let found = self.found.remove(subject);
        found.unwrap_or_else(|| Reading {
            seen: self.rest,
            detail: String::new(),
        })
    }
}

/// Campaigns that wait for a person and are looked at.
const MAX_CAMPAIGNS: usize = 10_000;

/// One look at everything.
pub(super) struct Sight<'a> {
    pub(super) inner: &'a Inner,
    pub(super) settings: Arc<Settings>,
    pub(super) windows: &'a Windows,
    /// Every account but those of channels, with its line.
    pub(super) lines: Vec<(Account, LineStatus)>,
    pub(super) now: Timestamp,
}

impl Sight<'_> {
    /// What a rule finds.
    pub(super) async fn readings(&self, rule: &Rule) -> Readings {
        match rule.kind {
            Kind::BreakerOpen => self.breakers(rule),
            Kind::ProcessingTime => self.times(rule),
            Kind::OldestJob => self.oldest(rule),
            Kind::TokenInvalid => self.bad_tokens(rule),
            Kind::TokenExpiring => self.old_tokens(rule),
            Kind::BackendRoute => self.routes(rule),
            Kind::WorkerStalled => self.stalled(rule).await,
            Kind::FailureRate => self.failure_rates(rule),
            Kind::DeadLetters => self.dead_letters(rule),
            Kind::QueueSaturated => self.saturated(rule),
            Kind::DiskFull => self.disk(),
            Kind::StoreFailing => self.stores(),
            Kind::CountersDisagree => self.counters(),
            Kind::TrackingVolume => self.volumes(rule),
            Kind::CampaignPaused => self.campaigns().await,
            Kind::ReportUndelivered => self.reports(rule).await,
        }
    }

    fn disk(&self) -> Readings {
        let total = cauce_store::embedded::disk_bytes(&self.settings.data_dir);
        if total == 0 {
            return Readings::none();
        }
        let free = self.inner.jobs.vitals().free_bytes;
        let used = total.saturating_sub(free) as f64 * 100.0 / total as f64;
        let floor = self.inner.min_free_bytes();
        let detail = format!("{} free, {} are kept free", Size(free), Size(floor));
        Readings::one(Thing::Disk, Reading::of(used, detail))
    }

    /// What readiness finds, but for the disk, which has a rule of its own.
    fn stores(&self) -> Readings {
        let checks = view::readiness(self.inner).into_iter();
        let stores = checks.filter(|check| check.name != "disk");
        let found = stores.map(|check| {
            let bad = check.found != Found::Ok;
            let thing = Thing::Store(check.name.to_owned());
            (of_all(thing), Reading::state(bad, check.detail))
        });
        Readings::all(found.collect())
    }

    fn counters(&self) -> Readings {
        let known = *self.inner.alerting.shared.disagreeing.lock();
        let reading = known.map_or_else(Reading::not_known, |count| {
            Reading::of(count as f64, String::new())
        });
        Readings::one(Thing::Store("counters".to_owned()), reading)
    }

    fn volumes(&self, rule: &Rule) -> Readings {
        let volumes = self.inner.alerting.shared.volumes.lock();
        let Some(volumes) = volumes.as_ref() else {
            return Readings::none();
        };
        let found = volumes.iter().filter_map(|(tenant, volume)| {
            let subject = Subject {
                tenant: Some(tenant.clone()),
                thing: Thing::Tracking,
            };
            let reading = match volume {
                Volume::NotKnown => Reading::not_known(),
                Volume::Known(volume) if !volume.reaches(rule.min_volume) => return None,
                Volume::Known(volume) => {
                    let (count, usual) = (volume.count, volume.expected);
                    let detail = format!("{count} events in the last hour, usual are {usual:.0}");
                    Reading::of(volume.deviations, detail)
                }
            };
            Some((subject, reading))
        });
        Readings::all(found.collect())
    }

    /// Campaigns that a rule has paused, or has not started: they wait for a person.
    async fn campaigns(&self) -> Readings {
        let held = match self.inner.campaigns.held_campaigns(MAX_CAMPAIGNS).await {
            Ok(held) => held,
            Err(error) => {
                tracing::warn!(%error, "alerts cannot look at campaigns");
                return Readings::none();
            }
        };
        let is_whole = held.len() < MAX_CAMPAIGNS;
        let found = held.into_iter().filter_map(|campaign| {
            let note = campaign.note?;
            let subject = Subject {
                tenant: Some(campaign.tenant),
                thing: Thing::Campaign(campaign.id.to_string()),
            };
            let detail = format!("{}: {}", campaign.name, note.detail);
            Some((subject, Reading::state(true, detail)))
        });
        match is_whole {
            true => Readings::all(found.collect()),
            false => Readings::some(found.collect()),
        }
    }
}

fn of_all(thing: Thing) -> Subject {
    Subject {
        tenant: None,
        thing,
    }
}
