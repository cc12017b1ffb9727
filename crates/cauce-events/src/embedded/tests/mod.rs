//! The backend on real folders and on a file system that fails.

mod basics;
mod conforms;
mod damage;
mod erasing;
mod keeping;
mod limits;
mod model;
mod property;
mod together;
mod vanishing;

use std::path::Path;

use cauce_flow::{
    event::{Event, EventId, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

use super::{EmbeddedEvents, Options};
use crate::store::{Filter, Intake, Shaped};

/// Where the tests' time begins.
const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

fn options(dir: &Path) -> Options {
    Options {
        segment_bytes: 64 << 10,
        flush_pause: std::time::Duration::ZERO,
        ..Options::at(dir)
    }
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn site() -> SiteId {
    SiteId::from_u128(77)
}

/// An event that is equal to no other with another id.
fn event(id: u128, visitor: u128, at: Timestamp) -> Shaped {
    Shaped {
        event: Event {
            id: EventId::from_u128(id),
            visitor: VisitorId::from_u128(visitor),
            session: SessionId::from_u128(visitor + 1),
            kind: "PAGE_VIEW".parse().unwrap(),
            occurred_at: at,
            metadata: Metadata::parse(&format!("{{\"n\":{id}}}")).unwrap(),
            bot: false,
        },
        weight: 1.0,
        follow_up: None,
    }
}

fn intake(events: Vec<Shaped>) -> Intake {
    Intake {
        tenant: tenant(),
        site: site(),
        events,
        sampled_out: 0,
        withheld: 0,
        rejected: 0,
    }
}

fn all() -> Filter {
    Filter {
        tenant: None,
        site: None,
        visitor: None,
        kind: None,
        from: Timestamp::EPOCH,
        to: Timestamp::NEVER,
    }
}

/// Any row.
pub(super) fn some_row() -> crate::row::Row {
    crate::row::Row {
        tenant: tenant(),
        site: site(),
        visitor: VisitorId::from_u128(1),
        session: SessionId::from_u128(2),
        occurred_at: NOW,
        id: EventId::from_u128(3),
        kind: "CLICK".parse().unwrap(),
        metadata: Metadata::none(),
        count: 1,
        weight: 1.0,
        bot: false,
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

/// Does what is due, on a thread of its own, from within a runtime.
fn tick(store: &EmbeddedEvents, now: Timestamp) -> Result<(), crate::store::Error> {
    std::thread::scope(|threads| threads.spawn(|| store.tick(now)).join().unwrap())
}
