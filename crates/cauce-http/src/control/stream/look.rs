//! Looks at what there is to tell: once a second at most, and only while somebody reads.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::{Duration, Instant},
};

use cauce_engine::alerts::alert_id;
use cauce_events::store::Counters;
use cauce_flow::{
    id::{GroupName, QueueName, TenantId},
    time::Timestamp,
};
use cauce_store::{campaigns::campaign::Campaign, jobs::Scope};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::{
    app::App,
    feed::{Feed, Pieces},
    wire::{
        alert::AlertView,
        figures::{CampaignFigures, QueueCounters, QueueFigures, SessionFigures, TrackingFigures},
    },
};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);
/// A look that takes long is followed by a pause so many times as long, so that however many
/// tenants are watched, looking takes a tenth of one core at most.
const PAUSE_FACTOR: u32 = 9;
/// Most campaigns that are told of; of more, those that started first.
const MAX_CAMPAIGNS: usize = 100;

type Memories = BTreeMap<Option<TenantId>, Memory>;

/// Looks again and again until the server stops.
pub(crate) async fn run(app: Arc<App>, stop: CancellationToken) {
    let mut looking = Looking {
        app: Arc::clone(&app),
        memories: Memories::new(),
        number: 0,
    };
    let mut pause = None;
    loop {
        let rest = async {
            match pause {
                Some(pause) => tokio::time::sleep_until(pause).await,
                None => std::future::pending().await,
            }
        };
        let only_new = tokio::select! {
            () = stop.cancelled() => return,
            () = app.feeds.reader_came() => true,
            () = rest => false,
        };
        let began = Instant::now();
        let anybody = looking.look(only_new).await;
        let took = began.elapsed();
        if !only_new || pause.is_none() {
            let rest = PAUSE.max(took * PAUSE_FACTOR);
            pause = anybody.then(|| tokio::time::Instant::now() + rest);
        }
    }
}

struct Looking {
    app: Arc<App>,
    memories: Memories,
    number: u64,
}

/// What was found before, of one tenant or of all.
#[derive(Default)]
struct Memory {
    at: Option<Timestamp>,
    queues: BTreeMap<QueueName, QueueCounters>,
    tracked: Counters,
    campaigns: BTreeSet<GroupName>,
    alerts: BTreeSet<i64>,
}

impl Looking {
    /// Tells every board that is read, or those alone to which nothing has been told yet. Answers
    /// whether there are any.
    async fn look(&mut self, only_new: bool) -> bool {
        let boards = self.app.feeds.read_boards();
        self.memories.retain(|of, _| boards.contains_key(of));
        let read = boards.iter();
        let wanted: Vec<_> = read
            .filter(|(_, feed)| !only_new || feed.is_new())
            .collect();
        if !wanted.is_empty() {
            let under_way = under_way(&self.app).await;
            for (of, feed) in wanted {
                self.tell(of.clone(), feed, under_way.as_deref()).await;
            }
        }
        !boards.is_empty()
    }

    async fn tell(&mut self, of: Option<TenantId>, feed: &Feed, under_way: Option<&[Campaign]>) {
        let now = self.app.engine.now();
        let memory = self.memories.entry(of.clone()).or_default();
        let scope = of.map_or(Scope::All, Scope::Tenant);
        let pieces = memory.look(&self.app, (&scope, under_way), now).await;
        self.number += 1;
        feed.tell(pieces, self.number, now);
    }
}

impl Memory {
    async fn look(
        &mut self,
        app: &App,
        (scope, under_way): (&Scope, Option<&[Campaign]>),
        now: Timestamp,
    ) -> Pieces {
        let mut pieces = Pieces::new();
        let passed = self.at.map(|at| now.since(at));
        self.at = Some(now);
        self.look_at_queues(app, scope, passed, &mut pieces);
        if let Some(under_way) = under_way {
            self.look_at_campaigns(app, (scope, under_way), &mut pieces)
                .await;
        }
        self.look_at_tracking(app, scope, passed, &mut pieces);
        look_at_sessions(app, scope, &mut pieces);
        self.look_at_alerts(app, scope, &mut pieces).await;
        pieces
    }

    fn look_at_queues(
        &mut self,
        app: &App,
        scope: &Scope,
        passed: Option<Duration>,
        pieces: &mut Pieces,
    ) {
        let now = app.engine.now();
        for queue in app.engine.queues(scope) {
            let name = queue.name.clone();
            let before = self.queues.insert(name.clone(), QueueCounters::of(&queue));
            let figures = QueueFigures::new(queue, before.zip(passed), now);
            put(pieces, "queue", name.as_str(), &figures);
        }
    }

    /// Campaigns that are under way, and for a last time those that were.
    async fn look_at_campaigns(
        &mut self,
        app: &App,
        (scope, under_way): (&Scope, &[Campaign]),
        pieces: &mut Pieces,
    ) {
        let own = under_way.iter();
        let own = own.filter(|campaign| scope.covers(&campaign.tenant));
        let own = own.take(MAX_CAMPAIGNS).map(|one| one.id.clone());
        let own: BTreeSet<GroupName> = own.collect();
        let before = std::mem::replace(&mut self.campaigns, own);
        for id in self.campaigns.union(&before) {
            if let Ok(status) = app.engine.campaign_status(scope.clone(), id).await {
                put(
                    pieces,
                    "campaign",
                    id.as_str(),
                    &CampaignFigures::from(status),
                );
            }
        }
    }

    /// Alerts that fire, and for a last time those that did.
    async fn look_at_alerts(&mut self, app: &App, scope: &Scope, pieces: &mut Pieces) {
        let firing = app.engine.firing_alerts(scope);
        let ids = firing.iter().map(|alert| alert.id).collect();
        let before = std::mem::replace(&mut self.alerts, ids);
        let mut told = firing;
        for id in before.difference(&self.alerts) {
            if let Ok(ended) = app.engine.control().alert(*id, scope.clone()).await {
                told.extend(ended);
            }
        }
        for alert in told {
            let name = alert_id(alert.id);
            put(pieces, "alert", &name, &AlertView::from(alert));
        }
    }

    fn look_at_tracking(
        &mut self,
        app: &App,
        scope: &Scope,
        passed: Option<Duration>,
        pieces: &mut Pieces,
    ) {
        let tenant = match scope {
            Scope::All => None,
            Scope::Tenant(tenant) => Some(tenant),
        };
        let tracking = app.engine.tracking();
        let counters = tracking.counters(tenant);
        let buffered = tracking.health().buffer.current_size;
        let before = std::mem::replace(&mut self.tracked, counters);
        let before = passed.map(|passed| (before, passed));
        let figures = TrackingFigures::new(counters, buffered, before);
        put(pieces, "tracking", "", &figures);
    }
}

/// The campaigns of all tenants that are under way; none where nobody can say.
async fn under_way(app: &App) -> Option<Vec<Campaign>> {
    let found = app.engine.campaigns().under_way().await;
    found
        .inspect_err(|error| tracing::warn!(%error, "the stream cannot tell of campaigns"))
        .ok()
}

fn look_at_sessions(app: &App, scope: &Scope, pieces: &mut Pieces) {
    let engine = &app.engine;
    let counts = engine.batch_counts(scope);
    let unchanged = engine.update_figures().unchanged;
    let figures = SessionFigures::new(counts, unchanged, engine.cache_figures());
    put(pieces, "session", "", &figures);
}

/// Strings and numbers always have a JSON form, and it has no line breaks.
fn put(pieces: &mut Pieces, kind: &'static str, name: &str, figures: &impl Serialize) {
    let text = serde_json::to_string(figures).unwrap_or_default();
    pieces.insert((kind, name.to_owned()), text);
}
