//! Deliveries by the whole engine to a local sink: claimed, leased on disk, sent over HTTP, settled
//! on disk.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::{BufMut, BytesMut};
use cauce_destinations::destination::{
    Answer, BatchKey, CredentialState, Credentials, Destination, Judgement, Limits, Request,
    Screened,
};
use cauce_engine::{
    Engine,
    settings::{self, Account, MinFree, Settings},
};
use cauce_flow::{
    dispatch::{
        disposition::{Delivery, Disposition, Verdict},
        policy::{BatchPolicy, BreakerPolicy, OnUnknown, Policy, RetryPolicy},
    },
    id::TenantId,
    job::{LeasedJob, State},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs::{Enqueue, JobStore, Scope};

use super::{Measured, gauge, raw, sink::Sink, store};
use crate::failure::Failure;

/// A destination that takes everything.
struct Anything {
    url: String,
}

impl Destination for Anything {
    fn delivery(&self) -> Delivery {
        Delivery::Deduplicates
    }

    fn limits(&self) -> Limits {
        Limits {
            max_items: 1_000,
            max_bytes: 1 << 20,
        }
    }

    fn batch_key(&self, _job: &LeasedJob) -> BatchKey {
        BatchKey::default()
    }

    fn screen(&self, _job: &LeasedJob, _now: Timestamp) -> Screened {
        Screened::Send
    }

    fn encode(&self, jobs: &[LeasedJob], _now: Timestamp) -> Request {
        let body = match jobs {
            [only] => only.payload.clone(),
            many => {
                let mut body = BytesMut::with_capacity(many.iter().map(|j| j.payload.len()).sum());
                many.iter().for_each(|job| body.put_slice(&job.payload));
                body.freeze()
            }
        };
        raw::request(&self.url, body)
    }

    fn classify(&self, _jobs: &[LeasedJob], answer: &Answer, _now: Timestamp) -> Judgement {
        let disposition = match answer {
            Answer::Response(response) if response.status == 200 => {
                Disposition::Delivered { provider_id: None }
            }
            _ => Disposition::Retry {
                reason: Reason::new("sink", "the sink failed"),
                after: None,
            },
        };
        Judgement::from(Verdict::All(disposition))
    }

    fn check(&self, _now: Timestamp) -> Option<Request> {
        None
    }

    fn classify_check(&self, _answer: &Answer, _now: Timestamp) -> Credentials {
        Credentials {
            state: CredentialState::Unknown,
            detail: String::new(),
            expires_at: None,
        }
    }
}

fn policy(batch: usize) -> Policy {
    let second = Duration::from_secs(1);
    Policy {
        batch: BatchPolicy {
            max_items: batch,
            max_bytes: 1 << 20,
            max_wait: Duration::ZERO,
            priority_wait: Duration::ZERO,
        },
        rate: Vec::new(),
        concurrency: raw::IN_FLIGHT as u32,
        retry: RetryPolicy {
            max_attempts: 3,
            base: second,
            factor: 2.0,
            cap: second,
            jitter: 0.0,
        },
        breaker: BreakerPolicy {
            failures: 10,
            open_for: second,
            probes: 1,
        },
        ttl: None,
        on_unknown: OnUnknown::Hold,
    }
}

/// Settings of an engine with this one account.
pub(super) fn settings(folder: &Path, account: Account) -> Settings {
    let kept = Duration::from_secs(24 * 3_600);
    Settings {
        data_dir: folder.to_owned(),
        fsync: true,
        limits: settings::Limits {
            max_jobs: u64::MAX,
            max_bytes: u64::MAX,
            tenant_reserve: 0.0,
            min_free: MinFree::Bytes(64 << 20),
            max_payload_bytes: 1 << 20,
        },
        history: settings::History {
            completed: 100,
            dead: kept,
            ended: kept,
            idempotency: kept,
        },
        accounts: vec![account],
        transport: raw::transport_settings(),
        relays: Vec::new(),
        relay_policy: None,
        alerts: Default::default(),
        reports: Vec::new(),
        sessions: Default::default(),
        analytics: settings::AnalyticsSettings::default(),
        messages: Default::default(),
        campaigns: Default::default(),
        pixels: settings::Pixels {
            consent_granted: true,
            default_country: BTreeMap::new(),
            fallback_country: None,
            token_check: kept,
            stalled_after: 3,
        },
        tracking: settings::tracking::Tracking::default(),
    }
}

/// Delivers `jobs` that wait already, `batch` to a request, 50 requests in flight.
pub(super) async fn run(given: Option<&str>, jobs: u64, batch: usize) -> Result<Measured, Failure> {
    let sink = Sink::find(given)?;
    let folder = gauge::folder()?;
    let line = store::line();
    let account = Account {
        name: line.account.clone(),
        tenant: TenantId::new("bench").expect("the tenant of the benchmark has a good name"),
        queue: line.queue.clone(),
        platform: "bench",
        base_url: sink.url.clone(),
        conversions: None,
        hears: None,
        destination: Arc::new(Anything {
            url: sink.url.clone(),
        }),
        policy: policy(batch),
    };
    let settings = settings(folder.path(), account);
    let engine = Engine::start(settings)
        .await
        .map_err(|error| Failure::caused(&error))?;
    let caused = |error: cauce_store::jobs::Error| Failure::caused(&error);
    engine.pause(&line.queue, None).await.map_err(caused)?;
    for first in (0..jobs).step_by(1_000) {
        let batch = (first..jobs.min(first + 1_000))
            .map(|_| store::job())
            .collect();
        let batch = Enqueue {
            jobs: batch,
            dropped: Vec::new(),
            mark: None,
        };
        engine
            .jobs()
            .enqueue(batch, engine.now())
            .await
            .map_err(caused)?;
    }
    let gauge = gauge::Gauge::start();
    engine.resume(&line.queue, None).await.map_err(caused)?;
    until_completed(engine.jobs(), jobs).await?;
    let (seconds, cpu_seconds) = gauge.stop();
    let memory_bytes = gauge::resident_bytes();
    engine.stop(Duration::from_secs(5)).await;
    Ok(Measured {
        jobs,
        seconds,
        cpu_seconds,
        memory_bytes,
        more: Vec::new(),
    })
}

async fn until_completed(store: &dyn JobStore, jobs: u64) -> Result<(), Failure> {
    const PATIENCE: Duration = Duration::from_secs(120);
    let queue = store::line().queue;
    let began = Instant::now();
    loop {
        let counts = store.counts(&Scope::All);
        let done = counts
            .get(&queue)
            .map_or(0, |counts| counts.state(State::Completed));
        if done >= jobs {
            return Ok(());
        }
        if began.elapsed() > PATIENCE {
            return Err(Failure::failed(format!(
                "only {done} of {jobs} jobs were delivered"
            )));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}
