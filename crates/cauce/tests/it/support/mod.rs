//! What the tests stand on: a server process, stand-ins for the platforms, and what was told.

pub(crate) mod campaigns;
mod gateway;
mod messenger;
mod outside;
pub(crate) mod pager;
mod post;
mod senders;
mod server;
mod setup;
mod tap;
mod told;
mod web;

use std::time::{Duration, Instant};

pub(crate) use cauce_http::testing::{Answer, call};
pub(crate) use gateway::{Backend, Caller, Gateway, numbers};
pub(crate) use messenger::{Messenger, contacts, number};
pub(crate) use outside::{Outside, QUEUES};
pub(crate) use post::Post;
pub(crate) use senders::{Senders, message};
pub(crate) use server::{Server, run};
pub(crate) use setup::{ADMIN, Setup};
pub(crate) use tap::Tap;
pub(crate) use told::{Told, event, events, id, traffic};
pub(crate) use web::{
    Listener, SITE, now_ms, track, try_track, uuid, web_batch, web_event, web_stats,
};

/// Waits until something holds, and fails with its name if it never does.
pub(crate) async fn until(what: &str, within: Duration, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !holds().await {
        assert!(Instant::now() < deadline, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The patience of a test with what should be a matter of moments, on a loaded machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);

/// Seconds.
pub(crate) const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Milliseconds.
pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
