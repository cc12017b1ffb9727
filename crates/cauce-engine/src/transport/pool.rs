//! Connections that wait for the next request to their host.
//!
//! The newest is taken first, so the others age and are closed. They are closed before the peer
//! does it: a request that crosses the peer's goodbye on the wire is ambiguous.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use parking_lot::Mutex;
use tokio::time::{Instant, sleep};

use super::{link::Link, target::Key};

/// How long a connection waits at most: less than the 5 s after which Node and Apache hang up by
/// default (<https://nodejs.org/api/http.html#serverkeepalivetimeout>,
/// <https://httpd.apache.org/docs/2.4/mod/core.html#keepalivetimeout>); others wait longer.
const MAX_IDLE: Duration = Duration::from_secs(4);

/// Connections that wait for the next request to their host.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<Idle>,
}

#[derive(Default)]
struct Idle {
    links: HashMap<Key, Vec<Waiting>>,
    swept: bool,
}

struct Waiting {
    link: Box<Link>,
    since: Instant,
}

impl Pool {
    /// The connection that has waited least, if any has not waited too long.
    pub(super) fn take(&self, key: &Key) -> Option<Box<Link>> {
        let mut idle = self.idle.lock();
        let waiting = idle.links.get_mut(key)?.pop()?;
        (waiting.since.elapsed() < MAX_IDLE).then_some(waiting.link)
    }

    /// Keeps a connection for the next request, if fewer than `most` wait for this host.
    pub(super) fn put(self: &Arc<Pool>, key: Key, link: Box<Link>, most: usize) {
        let mut idle = self.idle.lock();
        let links = idle.links.entry(key).or_default();
        if links.len() >= most {
            return;
        }
        let since = Instant::now();
        links.push(Waiting { link, since });
        if !std::mem::replace(&mut idle.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }
}

/// Closes what has waited too long, and ends when nothing waits.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(MAX_IDLE).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle.lock();
        idle.links.retain(|_, links| {
            links.retain(|waiting| waiting.since.elapsed() < MAX_IDLE);
            !links.is_empty()
        });
        idle.swept = !idle.links.is_empty();
        if !idle.swept {
            return;
        }
    }
}
