//! What readers are told, put into words once for all who may see the same.
//!
//! The figures of one tenant, or of all, are a board of pieces: one for each queue, campaign and so
//! on. Once a second the pieces that differ become one frame, with one number and one piece of
//! memory for all readers. A reader is nothing but the number that it has: one that has the number
//! before gets the frame, and any other gets the whole board, because a figure that has been
//! replaced is worth nothing.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::body::Bytes;
use cauce_engine::tracking::Place;
use cauce_flow::{id::TenantId, time::Timestamp};
use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use crate::{
    sse::{self, Telling, Told},
    wire::figures::Gone,
};

/// Frames that a reader may miss before its stream is ended: it shall come back when it can read.
const MAX_MISSED: u64 = 30;

/// The name of an event, in the order in which they are told, and of its object.
pub(crate) type Name = (&'static str, String);
/// The figures of everything, in JSON.
pub(crate) type Pieces = BTreeMap<Name, String>;

/// The boards that somebody reads.
pub(crate) struct Feeds {
    run: u32,
    boards: Mutex<BTreeMap<Option<TenantId>, Arc<Feed>>>,
    readers: Arc<AtomicUsize>,
    max_readers: usize,
    came: Notify,
}

/// One board, and whoever waits for it to change.
pub(crate) struct Feed {
    run: u32,
    board: Mutex<Board>,
    newest: watch::Sender<u64>,
}

/// The newest figures.
#[derive(Default)]
struct Board {
    pieces: Pieces,
    at: Timestamp,
    /// The number of the newest frame; zero before the first.
    newest: u64,
    /// The number of the frame before it.
    before: u64,
    /// How many frames there have been.
    frames: u64,
    frame: Bytes,
    whole: Option<Bytes>,
}

impl Feeds {
    pub(crate) fn new(max_readers: usize) -> Feeds {
        Feeds {
            run: random(),
            boards: Mutex::default(),
            readers: Arc::default(),
            max_readers,
            came: Notify::new(),
        }
    }

    /// A new reader of the figures of a tenant, or of all; none where there are as many readers as
    /// there may be. It was told everything up to `last`.
    pub(crate) fn read(&self, of: Option<TenantId>, last: Option<Place>) -> Option<Reader> {
        let free = |count| (count < self.max_readers).then_some(count + 1);
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.readers.fetch_update(set, fetch, free).ok()?;
        let mut boards = self.boards.lock();
        let feed = boards
            .entry(of)
            .or_insert_with(|| Arc::new(Feed::new(self.run)));
        let has = last.filter(|last| last.run == self.run);
        let reader = Reader {
            has: has.map_or(0, |last| last.number),
            frames: feed.board.lock().frames,
            told: feed.newest.subscribe(),
            readers: Arc::clone(&self.readers),
            feed: Arc::clone(feed),
        };
        drop(boards);
        self.came.notify_one();
        Some(reader)
    }

    /// How many readers there are.
    pub(crate) fn readers(&self) -> usize {
        self.readers.load(Ordering::Relaxed)
    }

    /// Waits until a reader has come.
    pub(crate) async fn reader_came(&self) {
        self.came.notified().await;
    }

    /// The boards that somebody reads; others are forgotten.
    pub(crate) fn read_boards(&self) -> BTreeMap<Option<TenantId>, Arc<Feed>> {
        let mut boards = self.boards.lock();
        // Readers are made under the same lock, so that none can come meanwhile.
        boards.retain(|_, feed| Arc::strong_count(feed) > 1);
        boards.clone()
    }
}

impl Feed {
    fn new(run: u32) -> Feed {
        Feed {
            run,
            board: Mutex::default(),
            newest: watch::Sender::new(0),
        }
    }

    /// Whether nothing has been told yet.
    pub(crate) fn is_new(&self) -> bool {
        self.board.lock().newest == 0
    }

    /// Tells what has changed, under a number that is larger than every one before.
    pub(crate) fn tell(&self, pieces: Pieces, number: u64, now: Timestamp) {
        let place = Place {
            run: self.run,
            number,
        };
        let changed = self.board.lock().change(pieces, place, now);
        if changed {
            self.newest.send_replace(number);
        }
    }
}

impl Board {
    fn change(&mut self, pieces: Pieces, place: Place, now: Timestamp) -> bool {
        let gone = self
            .pieces
            .keys()
            .filter(|name| !pieces.contains_key(*name));
        let gone = gone
            .filter(|(kind, _)| *kind == "queue")
            .map(|(kind, name)| {
                let gone = Gone { name, gone: true };
                (*kind, serde_json::to_string(&gone).unwrap_or_default())
            });
        let differs = |(name, text): &(&Name, &String)| self.pieces.get(*name) != Some(*text);
        let news = pieces.iter().filter(differs);
        let news = news.map(|((kind, _), text)| (*kind, text.clone()));
        let events: Vec<_> = gone.chain(news).collect();
        let first = self.newest == 0;
        if events.is_empty() && !first {
            return false;
        }
        self.frame = written(&events, place);
        self.before = self.newest;
        self.newest = place.number;
        self.frames += 1;
        self.pieces = pieces;
        self.at = now;
        self.whole = None;
        true
    }

    /// All of it.
    fn whole(&mut self, run: u32) -> Bytes {
        if let Some(whole) = &self.whole {
            return whole.clone();
        }
        let begin = ("snapshot", format!("{{\"at\":\"{}\"}}", self.at));
        let pieces = self.pieces.iter();
        let pieces = pieces.map(|((kind, _), text)| (*kind, text.clone()));
        let events: Vec<_> = std::iter::once(begin).chain(pieces).collect();
        let number = self.newest;
        let whole = written(&events, Place { run, number });
        self.whole = Some(whole.clone());
        whole
    }
}

/// Events in their form on the wire. The last one alone carries the number, so that a client has it
/// when it has them all.
fn written(events: &[(&str, String)], place: Place) -> Bytes {
    let mut text = String::with_capacity(events.iter().map(|(_, data)| data.len() + 40).sum());
    for (at, (kind, data)) in events.iter().enumerate() {
        let id = match at + 1 == events.len() {
            true => format!("id: {}\n", sse::id(place)),
            false => String::new(),
        };
        text.push_str(&format!("event: {kind}\n{id}data: {data}\n\n"));
    }
    text.into()
}

/// Whoever reads. Its place is free again when it is dropped.
pub(crate) struct Reader {
    feed: Arc<Feed>,
    /// The number of the newest frame that it has; zero for none.
    has: u64,
    /// How many frames there had been by then.
    frames: u64,
    told: watch::Receiver<u64>,
    readers: Arc<AtomicUsize>,
}

impl Telling for Reader {
    fn tell(&mut self) -> Option<Told> {
        let mut board = self.feed.board.lock();
        if board.newest == self.has {
            return None;
        }
        let missed = (board.frames - self.frames).saturating_sub(1);
        let follows = board.before == self.has && self.has > 0;
        (self.has, self.frames) = (board.newest, board.frames);
        Some(match follows {
            true => Told::More(board.frame.clone()),
            false if missed > MAX_MISSED => Told::Last(sse::lagged(Some(missed))),
            false => Told::More(board.whole(self.feed.run)),
        })
    }

    async fn wait(&mut self) {
        let has = self.has;
        // The sender lives in what this reader holds.
        let _ = self.told.wait_for(|newest| *newest != has).await;
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.readers.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A number that another run of the process hardly has too.
fn random() -> u32 {
    let random = uuid::Uuid::new_v4().as_u128();
    u32::try_from(random >> 96).unwrap_or(1)
}

#[cfg(test)]
mod tests;
