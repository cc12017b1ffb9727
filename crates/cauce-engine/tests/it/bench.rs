//! An engine with one account, and an outside system that takes everything.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cauce_destinations::destination::{
    Answer, BatchKey, CredentialState, Credentials, Destination, Judgement, Limits as Most,
    Request, Screened,
};
use cauce_engine::{
    Engine,
    settings::{
        Account, History, Limits, MinFree, Pixels, Settings, Transport, tracking::Tracking,
    },
};
use cauce_flow::{
    dispatch::{
        disposition::{Delivery, Disposition, Verdict},
        policy::{BatchPolicy, BreakerPolicy, OnUnknown, Policy, RetryPolicy},
    },
    id::{AccountName, GroupName, JobId, QueueName, TenantId},
    job::{LeasedJob, Line, NewJob, State},
    priority::Priority,
    reason::Reason,
    time::Timestamp,
};
use cauce_store::jobs::{Enqueue, JobDetail, Scope};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::timeout,
};

/// Longer than anything takes here.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Where the destination panics, for a job whose payload is `boom`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Panics {
    Never,
    Screen,
    BatchKey,
    Encode,
    Classify,
    /// Once, in the loop itself: as it asks whether to note the start of the first request.
    Loop,
}

/// The start of the engine, the start of the line, the first request.
const CALL_IN_LOOP: u32 = 3;

/// An outside system that takes everything, and whose code is faulty.
pub(crate) struct Faulty {
    pub(crate) url: String,
    pub(crate) panics: Panics,
    pub(crate) delivery: Delivery,
    pub(crate) max_items: usize,
    pub(crate) calls: AtomicU32,
}

impl Faulty {
    pub(crate) fn new(panics: Panics, delivery: Delivery, max_items: usize) -> Faulty {
        Faulty {
            url: String::new(),
            panics,
            delivery,
            max_items,
            calls: AtomicU32::new(0),
        }
    }

    fn at(&self, place: Panics, job: &LeasedJob) {
        assert!(
            self.panics != place || job.payload != "boom",
            "a fault in the code"
        );
    }
}

impl Destination for Faulty {
    fn delivery(&self) -> Delivery {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        assert!(
            self.panics != Panics::Loop || call != CALL_IN_LOOP,
            "a fault in the code"
        );
        self.delivery
    }

    fn limits(&self) -> Most {
        Most {
            max_items: self.max_items,
            max_bytes: 1 << 20,
        }
    }

    fn batch_key(&self, job: &LeasedJob) -> BatchKey {
        self.at(Panics::BatchKey, job);
        BatchKey::default()
    }

    fn screen(&self, job: &LeasedJob, _: Timestamp) -> Screened {
        self.at(Panics::Screen, job);
        Screened::Send
    }

    fn encode(&self, jobs: &[LeasedJob], _: Timestamp) -> Request {
        jobs.iter().for_each(|job| self.at(Panics::Encode, job));
        Request {
            method: http::Method::POST,
            url: self.url.clone(),
            headers: Vec::new(),
            body: Bytes::from(jobs.len().to_string()),
        }
    }

    fn classify(&self, jobs: &[LeasedJob], answer: &Answer, _: Timestamp) -> Judgement {
        jobs.iter().for_each(|job| self.at(Panics::Classify, job));
        let disposition = match answer {
            Answer::Response(_) => Disposition::Delivered { provider_id: None },
            Answer::NotSent(fault) | Answer::Ambiguous(fault) => Disposition::Retry {
                reason: Reason::new(fault.code(), "no answer"),
                after: None,
            },
        };
        Verdict::All(disposition).into()
    }

    fn check(&self, _: Timestamp) -> Option<Request> {
        None
    }

    fn classify_check(&self, _: &Answer, _: Timestamp) -> Credentials {
        Credentials {
            state: CredentialState::Unknown,
            detail: String::new(),
            expires_at: None,
        }
    }
}

pub(crate) struct Bench {
    dir: tempfile::TempDir,
    pub(crate) engine: Engine,
    outside: JoinHandle<()>,
}

impl Bench {
    /// An engine that delivers to a destination of this kind.
    pub(crate) async fn start(faulty: Faulty) -> Bench {
        Bench::start_in(tempfile::tempdir().unwrap(), faulty).await
    }

    /// The same, with what is in this folder.
    pub(crate) async fn start_in(dir: tempfile::TempDir, faulty: Faulty) -> Bench {
        let (url, outside) = outside().await;
        let settings = settings(dir.path(), Faulty { url, ..faulty });
        let engine = Engine::start(settings).await.unwrap();
        Bench {
            dir,
            engine,
            outside,
        }
    }

    pub(crate) async fn stop(self) {
        drop(self.leave().await);
    }

    /// Stops it and answers its folder.
    pub(crate) async fn leave(self) -> tempfile::TempDir {
        self.engine.stop(Duration::from_secs(5)).await;
        self.outside.abort();
        self.dir
    }

    pub(crate) async fn enqueue(&self, payloads: &[&'static str]) -> Vec<JobId> {
        self.take(payloads.iter().map(|payload| job(payload)).collect())
            .await
    }

    /// Takes a job of a group.
    pub(crate) async fn enqueue_in(&self, group: &GroupName) -> JobId {
        let group = Some(group.clone());
        self.take(vec![NewJob { group, ..job("g") }]).await[0]
    }

    async fn take(&self, jobs: Vec<NewJob>) -> Vec<JobId> {
        let batch = Enqueue {
            jobs,
            dropped: Vec::new(),
            mark: None,
        };
        let taken = self.engine.jobs().enqueue(batch, self.engine.now()).await;
        taken.unwrap().into_iter().map(|job| job.id).collect()
    }

    pub(crate) async fn job(&self, id: JobId) -> JobDetail {
        self.engine.jobs().job(id, Scope::All).await.unwrap()
    }

    /// Waits until a job is in this state.
    pub(crate) async fn becomes(&self, id: JobId, state: State) -> JobDetail {
        let seen = async {
            loop {
                let job = self.job(id).await;
                if job.summary.state == state {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        match timeout(SOON, seen).await {
            Ok(job) => job,
            Err(_) => panic!("the job is {}", self.job(id).await.summary.state),
        }
    }
}

pub(crate) fn queue() -> QueueName {
    QueueName::new("test").unwrap()
}

pub(crate) fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(crate) fn account() -> AccountName {
    AccountName::new("acme-test").unwrap()
}

fn job(payload: &'static str) -> NewJob {
    NewJob {
        line: Line {
            queue: queue(),
            account: account(),
        },
        tenant: tenant(),
        priority: Priority::Normal,
        group: None,
        payload: Bytes::from_static(payload.as_bytes()),
        due_at: Timestamp::EPOCH,
        expires_at: Timestamp::NEVER,
        max_attempts: 3,
        idempotency_key: None,
        coalesce: None,
    }
}

/// Answers 200 to whatever comes.
async fn outside() -> (String, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let serving = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    (url, serving)
}

/// One connection; its requests have one line of body each.
async fn answer(stream: TcpStream) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.ok().filter(|n| *n > 0)?;
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(told) = line.strip_prefix("content-length: ") {
                length = told.parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
        stream.write_all(answer).await.ok()?;
    }
}

fn settings(dir: &std::path::Path, faulty: Faulty) -> Settings {
    let second = Duration::from_secs(1);
    let account = Account {
        name: account(),
        tenant: tenant(),
        queue: queue(),
        platform: "test",
        base_url: String::new(),
        conversions: None,
        hears: None,
        policy: policy(faulty.max_items),
        destination: Arc::new(faulty),
    };
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
            dead: 60 * second,
            ended: 60 * second,
            idempotency: 60 * second,
        },
        accounts: vec![account],
        transport: Transport {
            connect: 5 * second,
            first_byte: 5 * second,
            total: 5 * second,
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
            token_check: 3_600 * second,
            stalled_after: 3,
        },
        tracking: Tracking::default(),
    }
}

fn policy(max_items: usize) -> Policy {
    let second = Duration::from_secs(1);
    Policy {
        batch: BatchPolicy {
            max_items,
            max_bytes: 1 << 20,
            max_wait: Duration::ZERO,
            priority_wait: Duration::ZERO,
        },
        rate: Vec::new(),
        concurrency: 4,
        retry: RetryPolicy {
            max_attempts: 3,
            base: second,
            factor: 2.0,
            cap: 10 * second,
            jitter: 0.0,
        },
        breaker: BreakerPolicy {
            failures: 5,
            open_for: 60 * second,
            probes: 1,
        },
        ttl: None,
        on_unknown: OnUnknown::Hold,
    }
}
