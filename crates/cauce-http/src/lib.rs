//! The HTTP API.
//!
//! ```text
//! accept --> around (cap, time, panics) --> gate (key, scope, rate) --> route --> engine
//! ```
//!
//! [`server`] accepts connections, `around` and `gate` stand before every route, and the routes
//! turn wire types into calls of the engine. Everything that goes wrong is a
//! [`Problem`](problem::Problem).

mod app;
mod around;
mod assets;
mod auth;
mod body;
mod control;
mod cors;
mod cursor;
mod feed;
mod gate;
mod idempotency;
mod ingest;
mod lasting;
mod metrics;
mod openapi;
mod pages;
pub mod problem;
mod query;
mod rate_limit;
mod router;
pub mod server;
mod settings;
mod sse;
#[cfg(feature = "testing")]
pub mod testing;
mod wire;

use std::{io, sync::Arc};

use cauce_engine::Engine;
use tokio_util::sync::CancellationToken;

use self::{app::App, control::stream::look};
pub use self::{
    openapi::{openapi, openapi_json},
    server::Bound,
    settings::ServerSettings,
};

/// Listens, and answers with what the engine says until `shutdown`.
pub async fn serve(
    engine: Engine,
    settings: ServerSettings,
    shutdown: CancellationToken,
) -> io::Result<Bound> {
    let app = App::new(engine, settings, openapi::document(), shutdown.clone());
    let bound = server::run(
        router::router(&app),
        server::Shared::of(&app),
        shutdown.clone(),
    )
    .await?;
    tokio::spawn(sum_up(Arc::clone(&app), shutdown.clone()));
    tokio::spawn(look::run(Arc::clone(&app), shutdown.clone()));
    tokio::spawn(prune(app, shutdown));
    Ok(bound)
}

/// Keeps the durations of requests from piling up where nobody asks for the metrics.
async fn sum_up(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(SUM_UP_EVERY) => app.metrics.sum_up(),
        }
    }
}

/// Forgets what has outlived its time, now and then.
async fn prune(app: Arc<App>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PRUNE_EVERY) => {}
        }
        app.rate_limit.prune();
        app.sign_in_tries.prune();
        if let Err(error) = app.engine.control().prune(app.engine.now()).await {
            tracing::warn!(%error, "cannot forget old answers; trying again in a while");
        }
    }
}

const SUM_UP_EVERY: std::time::Duration = std::time::Duration::from_secs(10);
const PRUNE_EVERY: std::time::Duration = std::time::Duration::from_secs(600);
