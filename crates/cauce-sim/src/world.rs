//! What all connections of one stand-in share.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::{Faults, Hooks, Ledger, Messages, Objects, Options, Platform, Sessions};

pub(crate) struct World {
    pub(crate) platform: Platform,
    pub(crate) options: Options,
    pub(crate) faults: Faults,
    pub(crate) ledger: Ledger,
    pub(crate) sessions: Sessions,
    pub(crate) hooks: Hooks,
    pub(crate) messages: Messages,
    pub(crate) objects: Objects,
    traces: AtomicU64,
}

impl World {
    pub(crate) fn new(platform: Platform, options: Options) -> World {
        World {
            platform,
            faults: Faults::new(&options),
            ledger: Ledger::new(options.max_requests),
            sessions: Sessions::new(),
            hooks: Hooks::new(),
            messages: Messages::new(platform, &options),
            objects: Objects::default(),
            options,
            traces: AtomicU64::new(0),
        }
    }

    /// Unix milliseconds.
    pub(crate) fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_millis() as i64)
    }

    /// An id for an answer, as platforms put into theirs for support.
    pub(crate) fn trace(&self) -> String {
        let count = self.traces.fetch_add(1, Ordering::Relaxed);
        format!("A{:08x}{count:08x}", self.options.seed as u32)
    }
}
