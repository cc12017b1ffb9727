//! What every route shares.

use std::sync::Arc;

use bytes::Bytes;
use cauce_engine::Engine;
use cauce_flow::id::TenantId;
use cauce_store::control::audit::Action;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    auth::Caller,
    feed::Feeds,
    metrics::HttpMetrics,
    problem::Problem,
    rate_limit::{RateLimit, Tries},
    settings::ServerSettings,
    sse::Around,
};

/// What every route shares.
pub(crate) struct App {
    /// The engine that does the work.
    pub(crate) engine: Engine,
    /// What the server was told.
    pub(crate) settings: Arc<ServerSettings>,
    /// How much each key may ask.
    pub(crate) rate_limit: RateLimit,
    /// How often an address may try to sign in.
    pub(crate) sign_in_tries: Tries,
    /// What readers of the stream are told.
    pub(crate) feeds: Feeds,
    /// What the server counts.
    pub(crate) metrics: Arc<HttpMetrics>,
    /// The calls that change something; a stop waits for them.
    pub(crate) calls: TaskTracker,
    /// Told when the server has to stop: answers without an end end then.
    pub(crate) closing: CancellationToken,
    /// What the API is, as OpenAPI in JSON. It is handed in because it is made from the routes,
    /// which name what is here.
    pub(crate) document: Bytes,
}

/// A control action: what is done, to what, and whose that is; none for everybody's, and while it is
/// not known.
pub(crate) struct Deed {
    pub(crate) verb: &'static str,
    pub(crate) object: String,
    pub(crate) tenant: Option<TenantId>,
}

impl Deed {
    /// Says whose that is what it is done to, so that its tenant finds it in the audit log.
    pub(crate) fn is_of(&mut self, tenant: &TenantId) {
        self.tenant = Some(tenant.clone());
    }
}

impl App {
    /// Nothing is being done yet.
    pub(crate) fn new(
        engine: Engine,
        settings: ServerSettings,
        document: Bytes,
        closing: CancellationToken,
    ) -> Arc<App> {
        Arc::new(App {
            engine,
            rate_limit: RateLimit::new(settings.requests_per_second),
            sign_in_tries: Tries::new(),
            feeds: Feeds::new(settings.max_stream_readers),
            settings: Arc::new(settings),
            metrics: Arc::default(),
            calls: TaskTracker::new(),
            closing,
            document,
        })
    }

    /// What answers without an end go by.
    pub(crate) fn for_streams(&self) -> Around {
        Around {
            engine: self.engine.clone(),
            closing: self.closing.clone(),
            idle_timeout: self.settings.idle_timeout,
        }
    }

    /// Does a control action and writes down who did it and how it ended.
    pub(crate) async fn audited<T>(
        &self,
        caller: &Caller,
        deed: Deed,
        work: impl Future<Output = Result<T, Problem>>,
    ) -> Result<T, Problem> {
        self.audited_of(caller, deed, work, |_, _| {}).await
    }

    /// The same where only what was done says what it was done to, or whose that is: it completes
    /// the deed.
    pub(crate) async fn audited_of<T>(
        &self,
        caller: &Caller,
        mut deed: Deed,
        work: impl Future<Output = Result<T, Problem>>,
        complete: impl FnOnce(&T, &mut Deed),
    ) -> Result<T, Problem> {
        let result = work.await;
        if let Ok(done) = &result {
            complete(done, &mut deed);
        }
        let outcome = result
            .as_ref()
            .err()
            .map_or("ok", |problem| problem.code.as_str());
        let action = Action {
            key_id: caller.key.id.clone(),
            key_name: caller.key.name.clone(),
            tenant: deed.tenant.or_else(|| caller.tenant().cloned()),
            verb: deed.verb.to_owned(),
            object: deed.object,
            outcome: outcome.to_owned(),
        };
        if let Err(error) = self
            .engine
            .control()
            .record(action, self.engine.now())
            .await
        {
            tracing::error!(%error, verb = deed.verb, "an action is missing from the audit log");
        }
        result
    }
}
