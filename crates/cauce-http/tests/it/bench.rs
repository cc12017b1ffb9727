//! A real engine with one account whose destination is not there, and a server on it.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use cauce_destinations::catalog;
use cauce_engine::{
    Engine,
    settings::{
        Account, History, Limits, MinFree, Pixels, Settings, Transport, tracking::Tracking,
    },
};
use cauce_flow::{
    dispatch::policy::{BatchPolicy, BreakerPolicy, OnUnknown, Policy, RetryPolicy},
    id::{AccountName, QueueName, TenantId},
};
use cauce_http::{
    Bound, ServerSettings,
    testing::{Answer, call},
};
use cauce_store::{
    control::{KeyScope, NewKey},
    jobs::Scope,
};
use serde_json::json;
use tokio_util::sync::CancellationToken;

/// Longer than any answer is remembered.
pub(crate) const DAYS: Duration = Duration::from_secs(3 * 86_400);

pub(crate) const EVENT: &str = r#"{"eventId":"0192f0c1-2d3e-7a4b-8c5d-6e7f8a9b0c1d","eventType":"lead",
    "user":{"email":"canary@example.org"},"client":{"ip":"203.0.113.9","userAgent":"Canary/1"},
    "page":{"url":"https://shop.example/x"}}"#;

pub(crate) struct Bench {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) engine: Engine,
    pub(crate) bound: Bound,
    pub(crate) shutdown: CancellationToken,
    /// A key of `acme` with every scope.
    pub(crate) key: String,
}

impl Bench {
    pub(crate) async fn start() -> Bench {
        Bench::with(ServerSettings::new(([127, 0, 0, 1], 0).into())).await
    }

    pub(crate) async fn with(server: ServerSettings) -> Bench {
        Bench::of(server, |_| {}).await
    }

    /// With other settings of the engine.
    pub(crate) async fn of(server: ServerSettings, change: impl FnOnce(&mut Settings)) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings(dir.path());
        change(&mut settings);
        let engine = Engine::start(settings).await.unwrap();
        let shutdown = CancellationToken::new();
        let bound = cauce_http::serve(engine.clone(), server, shutdown.clone())
            .await
            .unwrap();
        let key = key(&engine, Some("acme"), KeyScope::ALL).await.1;
        Bench {
            dir,
            engine,
            bound,
            shutdown,
            key,
        }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.bound.addr
    }

    pub(crate) async fn ask(&self, request: &str, body: Option<&str>) -> Answer {
        self.ask_with(request, &[], body).await
    }

    pub(crate) async fn ask_with(
        &self,
        request: &str,
        more: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let mut headers = vec![("authorization", bearer.as_str())];
        headers.extend_from_slice(more);
        call(self.addr(), request, &headers, body).await.unwrap()
    }

    /// A job of `acme` that waits.
    pub(crate) async fn job(&self) -> String {
        let taken = self.ask("POST /api/pixels/events", Some(EVENT)).await;
        assert_eq!(taken.status, 202, "{}", taken.body);
        let jobs = self.ask("GET /api/queues/meta/jobs", None).await.json();
        jobs["items"][0]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn stop(self) {
        self.shutdown.cancel();
        self.bound.stopped.await.unwrap();
        self.engine.stop(Duration::from_secs(2)).await;
    }
}

pub(crate) async fn key<const N: usize>(
    engine: &Engine,
    tenant: Option<&str>,
    scopes: [KeyScope; N],
) -> (String, String) {
    let new = NewKey {
        name: "test".to_owned(),
        tenant: tenant.map_or(Scope::All, |name| {
            Scope::Tenant(TenantId::new(name).unwrap())
        }),
        scopes: scopes.into(),
        expires_at: None,
        site: None,
        origins: Vec::new(),
    };
    let made = engine
        .control()
        .create_key(new, engine.now())
        .await
        .unwrap();
    (made.key.id.clone(), made.secret)
}

/// The account of a tenant with Meta.
pub(crate) fn account(tenant: &str) -> Account {
    let meta = json!({
        "platform": "meta",
        "dataset_id": "1",
        "access_token": "canary-token",
        "base_url": "http://127.0.0.1:9",
    });
    Account {
        name: AccountName::new(&format!("{tenant}-meta")).unwrap(),
        tenant: TenantId::new(tenant).unwrap(),
        queue: QueueName::new("meta").unwrap(),
        platform: "meta",
        base_url: "http://127.0.0.1:9".to_owned(),
        conversions: None,
        hears: None,
        destination: Arc::from(catalog::build(serde_json::from_value(meta).unwrap()).unwrap()),
        policy: policy(),
    }
}

pub(crate) fn settings(dir: &std::path::Path) -> Settings {
    Settings {
        data_dir: dir.to_owned(),
        fsync: false,
        limits: Limits {
            max_jobs: 1_000,
            max_bytes: 1 << 30,
            tenant_reserve: 0.1,
            min_free: MinFree::Bytes(0),
            max_payload_bytes: 1 << 20,
        },
        history: History {
            completed: 100,
            dead: Duration::from_secs(60),
            ended: Duration::from_secs(60),
            idempotency: Duration::from_secs(60),
        },
        accounts: vec![account("acme")],
        transport: Transport {
            connect: Duration::from_secs(1),
            first_byte: Duration::from_secs(1),
            total: Duration::from_secs(1),
            max_answer_bytes: 1 << 20,
            max_idle_connections: 1,
            roots: Vec::new(),
        },
        relays: Vec::new(),
        relay_policy: None,
        alerts: Default::default(),
        reports: Vec::new(),
        sessions: Default::default(),
        messages: Default::default(),
        campaigns: Default::default(),
        analytics: Default::default(),
        pixels: Pixels {
            consent_granted: true,
            default_country: BTreeMap::new(),
            fallback_country: None,
            token_check: Duration::from_secs(3_600),
            stalled_after: 3,
        },
        tracking: Tracking::default(),
    }
}

/// Jobs wait an hour for company, so that they stay where the tests look for them.
fn policy() -> Policy {
    Policy {
        batch: BatchPolicy {
            max_items: 100,
            max_bytes: 1 << 20,
            max_wait: Duration::from_secs(3_600),
            priority_wait: Duration::from_secs(3_600),
        },
        rate: Vec::new(),
        concurrency: 1,
        retry: RetryPolicy {
            max_attempts: 3,
            base: Duration::from_secs(1),
            factor: 2.0,
            cap: Duration::from_secs(10),
            jitter: 0.0,
        },
        breaker: BreakerPolicy {
            failures: 5,
            open_for: Duration::from_secs(60),
            probes: 1,
        },
        ttl: Some(Duration::from_secs(86_400)),
        on_unknown: OnUnknown::Hold,
    }
}
