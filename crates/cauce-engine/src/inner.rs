//! What all parts of a running engine share, and how it is opened.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cauce_destinations::message::Provider;
use cauce_events::embedded::{self as events, EmbeddedEvents};
use cauce_flow::{
    campaign::window,
    id::{AccountName, QueueName},
    job::Line,
    reason::Reason,
};
use cauce_store::{
    analytics::Analytics,
    campaigns::Campaigns,
    control::Control,
    embedded::{EmbeddedStore, Options},
    jobs::{Error, Followed, JobStore},
    messages::Messages,
    rollups::Rollups,
};
use parking_lot::{Mutex, RwLock};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    alerting::Alerting,
    campaigns::{Campaigning, Hours, Walking},
    catch_up::CatchUp,
    clock::Clock,
    contacts::MAX_IMPORTS,
    line::Surroundings,
    lines::Lines,
    messages::{self, CampaignScreen, Messaging},
    relays::made::Made,
    sessions::{Means, Sessions},
    settings::{MinFree, Settings},
    tokens::Tokens,
    tracking::Tracking,
    transport::Transport,
};

/// What all parts of a running engine share.
pub(crate) struct Inner {
    pub(crate) settings: RwLock<Arc<Settings>>,
    pub(crate) store: Arc<EmbeddedStore>,
    pub(crate) jobs: Arc<dyn JobStore>,
    pub(crate) control: Control,
    pub(crate) campaigns: Campaigns,
    /// How many files of contacts may still begin to come.
    pub(crate) imports: Semaphore,
    pub(crate) rollups: Arc<Rollups>,
    min_free_bytes: AtomicU64,
    pub(crate) clock: Clock,
    pub(crate) transport: Transport,
    pub(crate) lines: Lines,
    pub(crate) tokens: Tokens,
    pub(crate) events: Arc<EmbeddedEvents>,
    pub(crate) tracking: Tracking,
    pub(crate) sessions: Sessions,
    pub(crate) messaging: Messaging,
    pub(crate) analytics: Analytics,
    pub(crate) campaigning: Campaigning,
    pub(crate) alerting: Alerting,
    /// The relays that were made through the API.
    pub(crate) made: Mutex<Made>,
    /// Held while one is made or removed.
    pub(crate) making: tokio::sync::Mutex<()>,
    pub(crate) stop: CancellationToken,
    pub(crate) loops: TaskTracker,
}

/// What the lines tell of their accounts, as it happens.
pub(crate) struct Told {
    /// Those that a destination refused, with the reason.
    pub(crate) refused: mpsc::UnboundedReceiver<(Line, Reason)>,
    /// Those that are not connected.
    pub(crate) disconnected: mpsc::UnboundedReceiver<AccountName>,
}

/// Why the engine did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data folder cannot be used.
    #[error("{0}")]
    Folder(String),
    /// The job log cannot be opened.
    #[error(transparent)]
    Jobs(#[from] cauce_store::embedded::OpenError),
    /// The event store cannot be opened.
    #[error(transparent)]
    Events(#[from] cauce_events::embedded::OpenError),
    /// The control store cannot be opened.
    #[error(transparent)]
    Control(#[from] cauce_store::control::Error),
    /// The store of contacts cannot be opened.
    #[error(transparent)]
    Campaigns(#[from] cauce_store::campaigns::Error),
    /// What became of messages cannot be opened.
    #[error(transparent)]
    Messages(#[from] cauce_store::messages::Error),
    /// Analytics cannot be opened.
    #[error(transparent)]
    Analytics(#[from] cauce_store::analytics::Error),
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] crate::transport::TlsError),
    /// The store refused a step of the start.
    #[error("the store refused a step of the start: {0}")]
    Step(Error),
}

impl Inner {
    /// Opens the data folder. No loop runs yet.
    pub(crate) async fn open(settings: Settings) -> Result<(Inner, Told), StartError> {
        let transport = Transport::new(&settings.transport)?;
        let folder = settings.data_dir.clone();
        crate::data_dir::make(&folder).map_err(|error| {
            StartError::Folder(format!("{} cannot be made: {error}", folder.display()))
        })?;
        let control = Control::open(&folder)?;
        let kept_through = Rollups::kept_through(&control).await?;
        let messages = Messages::open(&folder, settings.messages.batch_size, messages::bearing)?;
        let mut options = store_options(&settings, kept_through);
        options.followed = Some(followed(&messages).await?);
        let min_free_bytes = options.min_free_bytes;
        let opened = tokio::task::spawn_blocking(move || EmbeddedStore::open(options)).await;
        let store = Arc::new(opened.map_err(|error| StartError::Folder(error.to_string()))??);
        // After the jobs, whose lock says which process has the folder.
        let campaigns = Campaigns::open(&folder)?;
        let alerting = Alerting::default();
        alerting.recall(&control).await?;
        let analytics = Analytics::open(&folder, settings.analytics.clone())?;
        crate::analytics::warn_of_other_rules(&analytics);
        let rollups = Rollups::new(Arc::clone(&store), control.clone());
        let jobs: Arc<dyn JobStore> = Arc::clone(&store) as _;
        let clock = Clock::start(jobs.latest());
        let tokens = Tokens::recall(transport.clone(), clock.clone(), control.clone()).await;
        let zones = window::zones();
        let hours = Hours::new(zones.clone());
        let (refused, told_refused) = mpsc::unbounded_channel();
        let (disconnected, told_disconnected) = mpsc::unbounded_channel();
        let lines = Lines::new(Surroundings {
            store: Arc::clone(&jobs),
            transport: transport.clone(),
            clock: clock.clone(),
            refused,
            disconnected,
            screen: Some(Arc::new(CampaignScreen {
                people: campaigns.clone(),
                hours: hours.clone(),
            })),
        });
        let events = open_events(&settings, min_free_bytes, clock.clone()).await?;
        let tracking = Tracking::new(Arc::clone(&events) as _, settings.tracking.clone());
        let means = Means {
            jobs: Arc::clone(&jobs),
            transport: transport.clone(),
            lines: lines.clone(),
            clock: clock.clone(),
        };
        let sessions = Sessions::open(&folder, settings.sessions.max_cached, means)
            .map_err(|error| StartError::Folder(format!("sessions cannot be kept: {error}")))?;
        let (walking, catch_up) = (Walking::default(), CatchUp::default());
        let campaigning = Campaigning {
            store: campaigns.clone(),
            messages: messages.clone(),
            jobs: Arc::clone(&jobs),
            lines: lines.clone(),
            clock: clock.clone(),
            zones,
            hours,
            walking: walking.clone(),
            catch_up: catch_up.clone(),
            nudge: Arc::default(),
            put_back: Arc::default(),
            moving: Arc::default(),
        };
        let messaging = Messaging {
            store: messages,
            jobs: Arc::clone(&jobs),
            log: Arc::clone(&store) as _,
            people: campaigns.clone(),
            lines: lines.clone(),
            transport: transport.clone(),
            clock: clock.clone(),
            walking,
            catch_up,
            unsettled: Arc::default(),
            put_back: Arc::clone(&campaigning.put_back),
            moved_times: Arc::default(),
            telling: Arc::default(),
        };
        let inner = Inner {
            settings: RwLock::new(Arc::new(settings)),
            store,
            jobs,
            control,
            campaigns,
            imports: Semaphore::new(MAX_IMPORTS),
            rollups: Arc::new(rollups),
            min_free_bytes: AtomicU64::new(min_free_bytes),
            clock,
            transport,
            lines,
            tokens,
            events,
            tracking,
            sessions,
            messaging,
            analytics,
            campaigning,
            alerting,
            made: Mutex::default(),
            making: tokio::sync::Mutex::default(),
            stop: CancellationToken::new(),
            loops: TaskTracker::new(),
        };
        let told = Told {
            refused: told_refused,
            disconnected: told_disconnected,
        };
        Ok((inner, told))
    }

    /// Takes new limits for what is already open.
    pub(crate) fn follow(&self, settings: Settings) {
        self.transport.reload(&settings.transport);
        let options = store_options(&settings, BTreeMap::new());
        self.min_free_bytes
            .store(options.min_free_bytes, Ordering::Relaxed);
        self.store.follow(&options);
        self.tracking.follow(settings.tracking.clone());
        self.sessions.follow(&settings.sessions);
        self.analytics.follow(settings.analytics.clone());
        crate::analytics::warn_of_other_rules(&self.analytics);
        *self.settings.write() = Arc::new(settings);
    }

    /// Bytes of the disk that are kept free.
    pub(crate) fn min_free_bytes(&self) -> u64 {
        self.min_free_bytes.load(Ordering::Relaxed)
    }
}

/// The queues of messages, and up to where their news are kept.
async fn followed(messages: &Messages) -> Result<Followed, StartError> {
    let queues = Provider::ALL.map(|provider| QueueName::new(provider.queue()));
    Ok(Followed {
        queues: queues.into_iter().flatten().collect(),
        kept: messages.kept_through().await?,
    })
}

/// Opens the event store; its threads go by the engine's clock.
async fn open_events(
    settings: &Settings,
    min_free_bytes: u64,
    clock: Clock,
) -> Result<Arc<EmbeddedEvents>, StartError> {
    let options = event_options(settings, min_free_bytes);
    let time: events::Clock = Arc::new(move || clock.now());
    let opened = tokio::task::spawn_blocking(move || EmbeddedEvents::open(options, time)).await;
    let opened = opened.map_err(|error| StartError::Folder(error.to_string()))?;
    Ok(Arc::new(opened?))
}

/// How the event store is opened.
pub(crate) fn event_options(settings: &Settings, min_free_bytes: u64) -> events::Options {
    let buffer = &settings.tracking.buffer;
    events::Options {
        fsync: settings.fsync,
        max_events: buffer.max_events,
        flush_interval: buffer.flush_interval,
        max_waiting: buffer.max_waiting,
        min_free_bytes,
        aggregate: settings.tracking.aggregation,
        ..events::Options::at(settings.data_dir.join(TRACKING_DIR))
    }
}

/// Bytes of one segment of the job log.
const SEGMENT_BYTES: u64 = 64 << 20;
/// The folder of the job log in the data folder.
pub(crate) const JOBS_DIR: &str = "jobs";
/// The folder of the event store in the data folder.
pub(crate) const TRACKING_DIR: &str = "tracking";

pub(crate) fn store_options(settings: &Settings, kept_through: BTreeMap<u32, u64>) -> Options {
    let dir = settings.data_dir.join(JOBS_DIR);
    Options {
        min_free_bytes: match settings.limits.min_free {
            MinFree::Bytes(bytes) => bytes,
            MinFree::Percent(percent) => {
                let total = cauce_store::embedded::disk_bytes(&settings.data_dir);
                (total as f64 * percent / 100.0) as u64
            }
        },
        dir,
        fsync: settings.fsync,
        segment_bytes: SEGMENT_BYTES,
        max_jobs: settings.limits.max_jobs,
        max_bytes: settings.limits.max_bytes,
        tenant_reserve: settings.limits.tenant_reserve,
        completed: settings.history.completed,
        dead_for: settings.history.dead,
        ended_for: settings.history.ended,
        keys_for: settings.history.idempotency,
        instance: rand::random(),
        rollups_through: Some(kept_through),
        followed: None,
    }
}
