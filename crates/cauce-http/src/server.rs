//! The server: accepts connections and answers on them.
//!
//! `axum::serve` has neither timeouts nor a cap on connections, so the loop is ours, on hyper. A
//! connection past the cap is answered 503 and closed at once. When the server has to stop it
//! accepts no more, lets each connection end its request and each call its work, and after a
//! deadline leaves the rest.

mod connection;
mod patience;
mod raw;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    task::JoinHandle,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{app::App, metrics::HttpMetrics, problem::Problem, settings::ServerSettings};

/// The pause after an accept that failed for lack of file descriptors, say.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Connections past the cap that are told so at the same time; more are closed without a word.
const MAX_TURNED_AWAY: usize = 128;

/// A server that listens.
pub struct Bound {
    /// Where it listens; with port 0 in the settings, the port that it was given.
    pub addr: SocketAddr,
    /// Resolves when it has stopped and its last connection and call have ended or were left.
    pub stopped: JoinHandle<()>,
}

/// What the server shares with the routes.
pub(crate) struct Shared {
    pub(crate) settings: Arc<ServerSettings>,
    pub(crate) metrics: Arc<HttpMetrics>,
    /// Calls that go on whether or not their client still waits.
    pub(crate) calls: TaskTracker,
}

impl Shared {
    pub(crate) fn of(app: &App) -> Shared {
        Shared {
            settings: Arc::clone(&app.settings),
            metrics: Arc::clone(&app.metrics),
            calls: app.calls.clone(),
        }
    }
}

/// Listens and answers with `router` until `shutdown`.
pub(crate) async fn run(
    router: Router,
    shared: Shared,
    shutdown: CancellationToken,
) -> io::Result<Bound> {
    let Shared {
        settings,
        metrics,
        calls,
    } = shared;
    let listener = bind(settings.listen).await?;
    let addr = listener.local_addr()?;
    let acceptor = Acceptor {
        free: Arc::new(Semaphore::new(settings.max_connections)),
        turned_away: Arc::new(Semaphore::new(MAX_TURNED_AWAY)),
        settings,
        metrics,
        router,
        connections: TaskTracker::new(),
        calls,
        closing: CancellationToken::new(),
        abandoned: CancellationToken::new(),
    };
    let stopped = tokio::spawn(acceptor.run(listener, shutdown));
    Ok(Bound { addr, stopped })
}

async fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(addr).await.map_err(|error| {
        let hint = match error.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there; stop it or change http.listen"
            }
            io::ErrorKind::PermissionDenied => {
                "ports below 1024 need a privilege; change http.listen"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address; change http.listen"
            }
            _ => "change http.listen",
        };
        io::Error::new(
            error.kind(),
            format!("cannot listen on {addr}: {error}; hint: {hint}"),
        )
    })
}

struct Acceptor {
    router: Router,
    settings: Arc<ServerSettings>,
    metrics: Arc<HttpMetrics>,
    free: Arc<Semaphore>,
    turned_away: Arc<Semaphore>,
    connections: TaskTracker,
    calls: TaskTracker,
    closing: CancellationToken,
    abandoned: CancellationToken,
}

impl Acceptor {
    async fn run(self, listener: TcpListener, shutdown: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.take(stream, peer),
                Err(error) => self.accept_failed(&error).await,
            }
        }
        drop(listener);
        self.drain().await;
    }

    fn take(&self, stream: TcpStream, peer: SocketAddr) {
        // An answer is one small write: waiting for more to fill a packet only delays it.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection ended before it began");
            return;
        }
        let Ok(place) = Arc::clone(&self.free).try_acquire_owned() else {
            return self.turn_away(stream);
        };
        let connection = connection::serve(
            stream,
            peer,
            self.router.clone(),
            Arc::clone(&self.settings),
            self.closing.clone(),
        );
        let (metrics, abandoned) = (Arc::clone(&self.metrics), self.abandoned.clone());
        self.connections.spawn(async move {
            let _counted = metrics.connection();
            tokio::select! {
                () = connection => {}
                () = abandoned.cancelled() => {}
            }
            drop(place);
        });
    }

    /// Says that there is no place, so that the client knows to come again.
    fn turn_away(&self, stream: TcpStream) {
        self.metrics.refused("connections");
        if let Ok(place) = Arc::clone(&self.turned_away).try_acquire_owned() {
            tokio::spawn(async move {
                connection::refuse(stream, &Problem::overloaded()).await;
                drop(place);
            });
        }
    }

    /// Most failures are of one connection; when file descriptors run out, only time helps.
    async fn accept_failed(&self, error: &io::Error) {
        use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
        if matches!(
            error.kind(),
            ConnectionAborted | ConnectionRefused | ConnectionReset
        ) {
            return;
        }
        tracing::warn!(%error, "cannot accept connections; raise the limit of open files (ulimit -n)");
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }

    async fn drain(self) {
        self.closing.cancel();
        let ended = async {
            self.connections.close();
            self.connections.wait().await;
            // No connection is left that could begin another call.
            self.calls.close();
            self.calls.wait().await;
        };
        let drained = tokio::time::timeout(self.settings.drain_timeout, ended);
        if drained.await.is_err() {
            tracing::warn!(
                connections = self.connections.len(),
                calls = self.calls.len(),
                "left what did not end in time"
            );
            self.abandoned.cancel();
        }
    }
}

#[cfg(test)]
mod tests;
