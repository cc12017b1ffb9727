//! The only code that opens outgoing connections.
//!
//! [`Transport::send`] puts one request on the wire and tells what came of it, so that nobody has
//! to guess whether the request may have been accepted:
//!
//! | the last byte of the request | and then | answer |
//! |---|---|---|
//! | was not handed to the socket | anything but an early response | [`Answer::NotSent`] |
//! | was handed to the socket | no whole response | [`Answer::Ambiguous`] |
//! | either | a response, its body whole or cut at the cap | [`Answer::Response`] |
//!
//! A request whose last byte never reached the socket cannot have been read to its end, whatever
//! the peer did with the rest. One that met a pooled connection the peer had closed is sent again
//! on another, but only while not a single byte of it had been written.
//!
//! Letters go to mail servers (`smtp`), and their answers are put the same way.
//!
//! HTTP/1.1 with keep-alive, over TCP or TLS (`tls`). Redirects are answers like any other, no
//! proxy is taken from the environment, no cookie is kept, no compression is offered. No error and
//! no `Debug` output of this module holds an address, a header or a body. Why this stands on
//! hyper's connections and not on a client with a pool of its own: `docs/adr/0004-http-client.md`.

mod body;
mod connect;
mod link;
mod pool;
mod reach;
mod smtp;
mod target;
mod tls;
mod wire;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_destinations::destination::{Answer, Fault, Request};
use parking_lot::RwLock;
use tokio::{
    sync::mpsc::Receiver,
    time::{Instant, timeout_at},
};

pub use reach::Reach;
pub use tls::{RootsError, TlsError, roots};

use crate::settings;
use connect::Connector;
use link::{Deadlines, Failure, Link, Reply};
use pool::Pool;
use smtp::Post;
use target::Target;

/// Sends requests. Clones share connections and deadlines.
#[derive(Clone)]
pub struct Transport {
    shared: Arc<Shared>,
    reach: Reach,
}

struct Shared {
    settings: RwLock<settings::Transport>,
    connector: Connector,
    post: Post,
    pool: Arc<Pool>,
}

/// What came of one request, and when.
pub struct Exchange {
    /// What came back, or what went wrong on the way.
    pub answer: Answer,
    /// When the request was handed in.
    pub started: Instant,
    /// How long each step took.
    pub timings: Timings,
}

/// How long each step took, each counted from the moment the request was handed in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Until a connection was there.
    pub connected: Option<Duration>,
    /// Whether that connection had carried a request before.
    pub reused: bool,
    /// Until the last byte of the request was handed to the socket.
    pub left: Option<Duration>,
    /// Until the first byte of an answer.
    pub first_byte: Option<Duration>,
    /// Until the end, good or bad.
    pub total: Duration,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, detail) = match &self.answer {
            Answer::Response(response) => ("response", response.status.to_string()),
            Answer::NotSent(fault) => ("not sent", fault.code().to_owned()),
            Answer::Ambiguous(fault) => ("ambiguous", fault.code().to_owned()),
        };
        write!(f, "{kind}: {detail}, {:?}", self.timings)
    }
}

impl Transport {
    /// A transport for addresses that the operator configured.
    pub fn new(settings: &settings::Transport) -> Result<Transport, TlsError> {
        Ok(Transport::with_connector(
            settings,
            Connector::new(tls::client(&settings.roots)?),
        ))
    }

    fn with_connector(settings: &settings::Transport, connector: Connector) -> Transport {
        let shared = Shared {
            settings: RwLock::new(settings.clone()),
            post: Post::new(connector.tls(), settings.roots.clone()),
            connector,
            pool: Arc::default(),
        };
        Transport {
            shared: Arc::new(shared),
            reach: Reach::Trusted,
        }
    }

    /// The same transport for addresses of another origin.
    pub fn with_reach(&self, reach: Reach) -> Transport {
        Transport {
            shared: Arc::clone(&self.shared),
            reach,
        }
    }

    /// Takes new deadlines and caps, which hold for requests sent from here on.
    pub fn reload(&self, settings: &settings::Transport) {
        *self.shared.settings.write() = settings.clone();
    }

    /// Sends one request.
    ///
    /// `left` is called once, as the last byte of the request is handed to the socket, and never
    /// where the answer is [`Answer::NotSent`]. Dropping the future closes the connection.
    pub async fn send(&self, request: Request, left: impl FnOnce() + Send + 'static) -> Exchange {
        self.exchange(request, Progress::new(left)).await
    }

    /// Asks for something large: the body of a success goes to `take`, piece by piece, and is not in
    /// the answer. Nothing caps it but what `take` makes of it and `transport.total`.
    pub async fn download(
        &self,
        request: Request,
        take: impl FnMut(Bytes) + Send + Sync + 'static,
    ) -> Exchange {
        let progress = Progress {
            take: Some(Box::new(take)),
            ..Progress::new(|| {})
        };
        self.exchange(request, progress).await
    }

    /// Sends something large, whose pieces come one by one. The answer may come before all of them
    /// were taken. The body of the request is the first piece, and must not be empty.
    pub async fn upload(&self, request: Request, pieces: Receiver<Bytes>) -> Exchange {
        let progress = Progress {
            more: Some(pieces),
            ..Progress::new(|| {})
        };
        self.exchange(request, progress).await
    }

    async fn exchange<F: FnOnce() + Send>(
        &self,
        request: Request,
        progress: Progress<F>,
    ) -> Exchange {
        let settings = self.shared.settings.read().clone();
        let mut attempt = Attempt {
            shared: &self.shared,
            settings,
            progress,
        };
        if smtp::is_for(&request) {
            let (post, patience) = (&self.shared.post, attempt.settings.total);
            let answer = post
                .send(&request, self.reach, patience, &mut attempt.progress)
                .await;
            return attempt.progress.end(answer);
        }
        let answer = match Target::of(&request, self.reach) {
            Ok(target) => answer_of(attempt.run(&request, &target).await),
            Err(fault) => Answer::NotSent(fault),
        };
        attempt.progress.end(answer)
    }
}

/// How one try to send ended.
type Outcome = Result<Reply, Failure>;

fn answer_of(outcome: Outcome) -> Answer {
    match outcome {
        Ok(reply) => Answer::Response(reply.response),
        Err(failure) if failure.left => Answer::Ambiguous(failure.fault),
        Err(failure) => Answer::NotSent(failure.fault),
    }
}

/// One request on its way.
struct Attempt<'a, F> {
    shared: &'a Shared,
    settings: settings::Transport,
    progress: Progress<F>,
}

impl<F: FnOnce() + Send> Attempt<'_, F> {
    async fn run(&mut self, request: &Request, target: &Target) -> Outcome {
        // What comes piece by piece cannot be sent a second time, so it does not try old connections.
        let once = self.progress.more.is_some();
        while !once && let Some(mut link) = self.shared.pool.take(&target.key) {
            if !link.is_usable().await {
                continue;
            }
            self.progress.timings.reused = true;
            match self.send_on(link, request, target).await {
                Err(failure) if failure.untouched => continue,
                outcome => return outcome,
            }
        }
        self.progress.timings.reused = false;
        let mut link = self.connect(target).await.map_err(Failure::before)?;
        if !link.is_usable().await {
            return Err(Failure::before(Fault::Reset));
        }
        self.send_on(link, request, target).await
    }

    /// A new connection, TLS included, within `transport.connect` and `transport.total`.
    async fn connect(&self, target: &Target) -> Result<Box<Link>, Fault> {
        let patience = self.settings.connect.min(self.settings.total);
        let deadline = self.progress.started + patience;
        timeout_at(deadline, self.shared.connector.connect(target, deadline))
            .await
            .unwrap_or(Err(Fault::ConnectTimeout))
    }

    async fn send_on(
        &mut self,
        mut link: Box<Link>,
        request: &Request,
        target: &Target,
    ) -> Outcome {
        let mut request = target.compose(request).map_err(Failure::before)?;
        request.body_mut().follow(self.progress.more.take());
        self.progress.on_connected();
        let deadlines = Deadlines {
            first_byte: Instant::now() + self.settings.first_byte,
            total: self.progress.started + self.settings.total,
            max_answer_bytes: self.settings.max_answer_bytes,
        };
        let reply = link
            .exchange(request, &deadlines, &mut self.progress)
            .await?;
        if !reply.cut && link.is_reusable().await {
            let most = self.settings.max_idle_connections;
            self.shared.pool.put(target.key.clone(), link, most);
        }
        Ok(reply)
    }
}

/// Keeps the time of one request and tells when it has left.
struct Progress<F> {
    started: Instant,
    timings: Timings,
    left: Option<F>,
    /// Takes the body of a success, where it is wanted piece by piece.
    take: Option<Box<dyn FnMut(Bytes) + Send + Sync>>,
    /// Pieces of the body that are still to come.
    more: Option<Receiver<Bytes>>,
}

impl<F: FnOnce() + Send> Progress<F> {
    fn new(left: F) -> Progress<F> {
        Progress {
            started: Instant::now(),
            timings: Timings::default(),
            left: Some(left),
            take: None,
            more: None,
        }
    }

    fn on_connected(&mut self) {
        self.timings.connected = Some(self.started.elapsed());
    }

    /// An early response means that the peer has seen the request, though it did not read it to
    /// its end: it counts as having left.
    fn end(mut self, answer: Answer) -> Exchange {
        if matches!(answer, Answer::Response(_)) {
            link::Watch::on_left(&mut self);
        }
        self.timings.total = self.started.elapsed();
        Exchange {
            answer,
            started: self.started,
            timings: self.timings,
        }
    }
}

impl<F: FnOnce() + Send> link::Watch for Progress<F> {
    fn on_left(&mut self) {
        if let Some(left) = self.left.take() {
            self.timings.left = Some(self.started.elapsed());
            left();
        }
    }

    fn on_first_byte(&mut self) {
        if self.timings.first_byte.is_none() {
            self.timings.first_byte = Some(self.started.elapsed());
        }
    }

    fn on_piece(&mut self, status: u16, piece: Bytes) -> Option<Bytes> {
        match &mut self.take {
            Some(take) if (200..300).contains(&status) => {
                take(piece);
                None
            }
            _ => Some(piece),
        }
    }
}
