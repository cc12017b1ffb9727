//! What streams without an end have in common: Server-Sent Events
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>).

use std::{collections::VecDeque, time::Duration};

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::Response,
};
use cauce_engine::{Engine, tracking::Place};
use futures_util::{Stream, stream};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{auth::Caller, problem::Problem};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// A sign of life while nothing happens. Connections that rest longer are closed on the way.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How often it is looked whether a reader is still let in.
const LOOK_AT_CALLER: Duration = Duration::from_secs(1);
/// For how long a client waits before it comes back.
const RETRY: &str = "retry: 2000\n: events follow\n\n";
/// When whoever found no place may ask again.
pub(crate) const FULL_AFTER: Duration = Duration::from_secs(10);

/// Where a client was when it went away, if it says so.
pub(crate) fn last_place(headers: &HeaderMap) -> Result<Option<Place>, Problem> {
    headers.get(LAST_EVENT_ID).map(place).transpose()
}

/// The place that an id of a stream names.
fn place(id: &HeaderValue) -> Result<Place, Problem> {
    let parsed = id.to_str().ok().and_then(|id| {
        let (run, number) = id.split_once('-')?;
        Some(Place {
            run: u32::from_str_radix(run, 16).ok()?,
            number: number.parse().ok()?,
        })
    });
    parsed.ok_or_else(|| {
        Problem::bad_parameter(
            "Last-Event-ID",
            "not an id of this stream; leave it out to begin anew",
        )
    })
}

/// The id of a place.
pub(crate) fn id(place: Place) -> String {
    format!("{:08x}-{}", place.run, place.number)
}

/// Says how much was missed; none where nobody knows.
pub(crate) fn lagged(missed: Option<u64>) -> Bytes {
    let missed = missed.map_or("null".to_owned(), |missed| missed.to_string());
    format!("event: lagged\ndata: {{\"missed\":{missed}}}\n\n").into()
}

/// What a reader is told, and how it waits for more.
pub(crate) trait Telling: Send + Sync + 'static {
    /// What it is told next; none where there is nothing by now.
    fn tell(&mut self) -> Option<Told>;

    /// Waits until there may be more.
    fn wait(&mut self) -> impl Future<Output = ()> + Send;
}

/// What a reader is told.
pub(crate) enum Told {
    /// This, and there may be more.
    More(Bytes),
    /// This is the last that it is told.
    Last(Bytes),
}

/// What an answer without an end goes by.
pub(crate) struct Around {
    /// Knows who is still let in.
    pub(crate) engine: Engine,
    /// Told when the server has to stop.
    pub(crate) closing: CancellationToken,
    /// How long a connection may rest.
    pub(crate) idle_timeout: Duration,
}

/// The answer that goes on for as long as its reader stays and is let in.
pub(crate) fn answer(around: Around, caller: Caller, telling: impl Telling) -> Response {
    let body = Body::from_stream(pieces(Attended {
        heartbeat: HEARTBEAT.min(around.idle_timeout / 3),
        looked_at: Instant::now(),
        told_at: Instant::now(),
        waiting: VecDeque::from([Bytes::from_static(RETRY.as_bytes())]),
        ended: false,
        around,
        caller,
        telling,
    }));
    let mut response = Response::new(body);
    let kind = HeaderValue::from_static("text/event-stream");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    // Proxies of this kind would hold events back until there are many.
    let unbuffered = HeaderValue::from_static("no");
    response
        .headers_mut()
        .insert("x-accel-buffering", unbuffered);
    response
}

fn pieces(attended: Attended<impl Telling>) -> impl Stream<Item = std::io::Result<Bytes>> {
    stream::unfold(attended, |mut attended| async move {
        let piece = attended.next().await?;
        Some((Ok(piece), attended))
    })
}

/// One reader.
struct Attended<T> {
    around: Around,
    caller: Caller,
    telling: T,
    waiting: VecDeque<Bytes>,
    heartbeat: Duration,
    /// When it was last looked whether the caller is let in.
    looked_at: Instant,
    /// When something was last told.
    told_at: Instant,
    ended: bool,
}

impl<T: Telling> Attended<T> {
    /// The next piece; none at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(piece) = self.waiting.pop_front() {
                return Some(self.told(piece));
            }
            self.look_at_caller();
            if self.ended || self.around.closing.is_cancelled() {
                return None;
            }
            match self.telling.tell() {
                Some(Told::More(piece)) => return Some(self.told(piece)),
                Some(Told::Last(piece)) => {
                    self.ended = true;
                    return Some(piece);
                }
                None => self.wait().await,
            }
        }
    }

    fn told(&mut self, piece: Bytes) -> Bytes {
        self.told_at = Instant::now();
        piece
    }

    /// Waits for news, and shows a sign of life where nothing was told for long. Where there is no
    /// news, it is looked at the caller all the same.
    async fn wait(&mut self) {
        let alive_at = self.told_at + self.heartbeat;
        let look_at = self.looked_at + self.look_every();
        tokio::select! {
            () = self.around.closing.cancelled() => {}
            () = self.telling.wait() => {}
            () = tokio::time::sleep_until(look_at.min(alive_at)) => {
                if alive_at <= Instant::now() {
                    self.waiting.push_back(Bytes::from_static(b": still here\n\n"));
                }
            }
        }
    }

    /// Whoever has signed out, or whose key was taken back, is told nothing any more, also where
    /// there is always something new.
    fn look_at_caller(&mut self) {
        if self.looked_at.elapsed() < self.look_every() {
            return;
        }
        self.looked_at = Instant::now();
        let engine = &self.around.engine;
        self.ended |= !self.caller.is_still_let_in(engine.control(), engine.now());
    }

    fn look_every(&self) -> Duration {
        self.heartbeat.min(LOOK_AT_CALLER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn place_of_an_event_comes_back() {
        let found = place(&HeaderValue::from_static("0000a1b2-42")).unwrap();
        assert_eq!((found.run, found.number), (0xa1b2, 42));
        assert_eq!(id(found), "0000a1b2-42");
        for id in ["", "42", "x-1", "1-x", "1-2-3", "-1"] {
            assert!(place(&HeaderValue::from_static(id)).is_err(), "{id}");
        }
    }
}
