//! What the cases have in common: a store, a time, and a look at the law after each step.

use std::{sync::Arc, time::Duration};

use cauce_flow::{
    event::{Event, EventId, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

use super::Opener;
use crate::{
    row::Row,
    store::{Counters, EventStore, Filter, Intake, Page, Shaped, Taken},
};

pub(super) struct Scene {
    store: Option<Arc<dyn EventStore>>,
    opener: Opener,
    pub(super) now: Timestamp,
}

pub(super) fn acme() -> TenantId {
    TenantId::new("acme").expect("a name")
}

pub(super) fn other() -> TenantId {
    TenantId::new("other").expect("a name")
}

/// An event of the visitor 1.
pub(super) fn event(id: u128, at: Timestamp, kind: &str) -> Shaped {
    Shaped {
        event: Event {
            id: EventId::from_u128(id),
            visitor: VisitorId::from_u128(1),
            session: SessionId::from_u128(2),
            kind: kind.parse().expect("a kind"),
            occurred_at: at,
            metadata: Metadata::none(),
            bot: false,
        },
        weight: 1.0,
        follow_up: None,
    }
}

/// The same of another visitor.
pub(super) fn by(visitor: u128, mut shaped: Shaped) -> Shaped {
    shaped.event.visitor = VisitorId::from_u128(visitor);
    shaped
}

/// The same with metadata.
pub(super) fn with(metadata: &str, mut shaped: Shaped) -> Shaped {
    shaped.event.metadata = Metadata::parse(metadata).expect("an object");
    shaped
}

pub(super) fn intake(tenant: TenantId, events: Vec<Shaped>) -> Intake {
    Intake {
        tenant,
        site: SiteId::from_u128(77),
        events,
        sampled_out: 0,
        withheld: 0,
        rejected: 0,
    }
}

/// Everything of a tenant.
pub(super) fn all_of(tenant: TenantId) -> Filter {
    Filter {
        tenant: Some(tenant),
        site: None,
        visitor: None,
        kind: None,
        from: Timestamp::EPOCH,
        to: Timestamp::NEVER,
    }
}

impl Scene {
    pub(super) async fn new(opener: Opener) -> Scene {
        let store = opener().await;
        assert_eq!(
            store.counters(None),
            Counters::default(),
            "a case begins with an empty store"
        );
        Scene {
            store: Some(store),
            opener,
            now: Timestamp::from_millis(1_760_000_000_000),
        }
    }

    pub(super) fn store(&self) -> &Arc<dyn EventStore> {
        self.store.as_ref().expect("the store is open")
    }

    /// Closes the store and opens it again.
    pub(super) async fn reopen(&mut self) {
        drop(self.store.take());
        self.store = Some((self.opener)().await);
        self.lawful();
    }

    pub(super) fn wait(&mut self, seconds: u64) {
        self.now = self.at(seconds);
    }

    /// So many seconds from now.
    pub(super) fn at(&self, seconds: u64) -> Timestamp {
        self.now + Duration::from_secs(seconds)
    }

    pub(super) async fn take(&self, events: Vec<Shaped>) -> Taken {
        self.take_all(intake(acme(), events)).await
    }

    pub(super) async fn take_all(&self, intake: Intake) -> Taken {
        let taken = self.store().take(intake, self.now).await;
        self.lawful();
        let mut taken = taken.expect("the events are taken");
        taken.buffered = 0;
        taken
    }

    pub(super) async fn flush(&self) {
        self.store().flush(self.now).await.expect("a flush");
        self.lawful();
    }

    /// All rows of a filter, a few a page.
    pub(super) async fn list(&self, filter: Filter) -> Vec<Row> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let page = Page { limit: 3, after };
            let paged = self.store().list(filter.clone(), page).await;
            let paged = paged.expect("a list");
            assert!(paged.rows.len() <= 3, "a page has more rows than asked for");
            rows.extend(paged.rows);
            match paged.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }

    /// The ids and counts of all rows of a tenant, oldest first.
    pub(super) async fn ids(&self, tenant: TenantId) -> Vec<(u128, u32)> {
        let rows = self.list(all_of(tenant)).await;
        rows.iter()
            .map(|row| (row.id.as_u128(), row.count))
            .collect()
    }

    fn lawful(&self) {
        assert_eq!(self.store().audit(), Vec::<String>::new());
    }
}

/// What became of the events of a call.
pub(super) fn taken(stored: u32, merged: u32, duplicates: u32) -> Taken {
    Taken {
        stored,
        merged,
        duplicates,
        ..Taken::default()
    }
}
