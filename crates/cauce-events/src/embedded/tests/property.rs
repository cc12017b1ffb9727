//! Random work on a file system that fails, beside a plain model. A failure names its seed.

use std::{collections::BTreeSet, panic::AssertUnwindSafe, path::Path, sync::Arc, time::Duration};

use bytes::Bytes;
use cauce_flow::{
    event::{EventId, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    shape::month::Month,
    time::Timestamp,
};
use cauce_log::files::{FaultyFiles, Op};

use super::{
    super::{EmbeddedEvents, Options},
    NOW, all,
    model::{Model, Whose, key},
    options, runtime, tick,
};
use crate::{
    row::Row,
    store::{Error, EventStore, Intake, Interval, Page, Shaped, StatsQuery},
};

/// Splitmix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number Generators", 2014).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % limit
    }

    fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

struct Driver {
    chance: Chance,
    files: FaultyFiles,
    store: Option<EmbeddedEvents>,
    model: Model,
    now: Timestamp,
    next_id: u128,
    /// Whether a failure may be planned at this moment.
    failing: bool,
}

fn store_options() -> Options {
    Options {
        // Small enough to seal, merge and roll all the time.
        segment_bytes: 16 << 10,
        max_events: 40,
        max_known_in_memory: 60,
        max_filter_bytes: 600,
        max_waiting: 100_000,
        ..options(Path::new("/events"))
    }
}

impl Driver {
    fn new(seed: u64) -> Driver {
        let files = FaultyFiles::new(seed);
        let mut driver = Driver {
            chance: Chance(seed),
            files,
            store: None,
            model: Model::default(),
            now: NOW,
            next_id: 1,
            failing: false,
        };
        driver.open();
        driver
    }

    fn open(&mut self) {
        let files = Arc::new(self.files.clone());
        let store = EmbeddedEvents::open_on(store_options(), files).expect("the store opens");
        self.store = Some(store);
    }

    fn store(&self) -> &EmbeddedEvents {
        self.store.as_ref().expect("a store is open")
    }

    /// The process ends, well or by a crash, and begins anew.
    fn restart(&mut self) {
        match self.chance.below(3) {
            0 => {
                self.store = None;
            }
            1 => {
                self.files.kill();
                self.store = None;
            }
            _ => {
                self.files.power_cut();
                self.store = None;
            }
        }
        self.files.kill();
        self.model.restart();
        self.open();
        self.failing = false;
    }

    fn advance(&mut self) {
        let ms = match self.chance.below(40) {
            0 => 3_600_000 * self.chance.below(30),
            1..4 => 60_000 * self.chance.below(10),
            4..20 => self.chance.below(20_000),
            _ => self.chance.below(500),
        };
        self.now = self.now + Duration::from_millis(ms);
    }

    fn whose(&mut self) -> Whose {
        let tenant: TenantId = format!("tenant-{}", self.chance.below(3)).parse().unwrap();
        // Visitors are of one tenant here, and two of them share an id.
        (
            tenant,
            VisitorId::from_u128(0xabcd_0000 + u128::from(self.chance.below(8))),
        )
    }

    fn event(&mut self, visitor: VisitorId) -> Shaped {
        let repeat = self.next_id > 1 && self.chance.one_in(6);
        let id = match repeat {
            true => {
                self.next_id - 1 - u128::from(self.chance.below(60.min(self.next_id as u64 - 1)))
            }
            false => self.next_id,
        };
        self.next_id += u128::from(!repeat);
        let ago = match self.chance.below(30) {
            0 => 86_400_000 * self.chance.below(100),
            1..4 => 3_600_000 * self.chance.below(20),
            _ => self.chance.below(90_000),
        };
        let kinds = ["PAGE_VIEW", "CLICK", "SCROLL"];
        let event = cauce_flow::event::Event {
            id: EventId::from_u128(id),
            visitor,
            session: SessionId::from_u128(visitor.as_u128() * 7),
            kind: kinds[self.chance.below(3) as usize].parse().unwrap(),
            occurred_at: self.now - Duration::from_millis(ago),
            metadata: Metadata::parse(&format!("{{\"at\":{}}}", self.chance.below(2))).unwrap(),
            bot: self.chance.one_in(20),
        };
        let follow_up = self
            .chance
            .one_in(8)
            .then(|| Bytes::from(format!("follow {id}")));
        let weight = if self.chance.one_in(10) { 10.0 } else { 1.0 };
        Shaped {
            event,
            weight,
            follow_up,
        }
    }

    async fn take(&mut self) {
        let (tenant, visitor) = self.whose();
        let count = self.chance.below(12) as usize;
        let intake = Intake {
            tenant,
            site: SiteId::from_u128(u128::from(self.chance.below(2))),
            events: (0..count).map(|_| self.event(visitor)).collect(),
            sampled_out: self.chance.below(3) as u32,
            withheld: self.chance.below(2) as u32,
            rejected: self.chance.below(2) as u32,
        };
        let before = self.store().counters(None).received;
        match self.store().take(intake.clone(), self.now).await {
            Ok(mut taken) => {
                taken.buffered = 0;
                assert_eq!(taken, self.model.take(&intake, self.now));
            }
            Err(Error::Broken(_)) => {
                // It was not answered: then it is there as a whole, or not at all.
                self.restart();
                if self.store().counters(None).received != before {
                    self.model.take(&intake, self.now);
                    self.model.restart();
                }
            }
            // Nobody has written the ids of those before: nothing was changed.
            Err(Error::IdsWaiting { .. }) => {}
            Err(error) => assert!(self.failing, "{error}"),
        }
    }

    async fn erase(&mut self) {
        let whose = self.whose();
        let now = self.now;
        let segments = || self.store().shared.reader.segments();
        let newest = segments().last().map_or(0, |segment| segment.number);
        match self.store().erase(whose.0.clone(), whose.1, 9, now).await {
            Ok(receipt) => {
                // Rows that came in pieces are counted each.
                assert!(
                    receipt.removed.rows >= self.model.erase(&whose, now),
                    "{receipt:?}"
                );
            }
            Err(error) => {
                assert!(self.failing, "{error}");
                self.restart();
                if self.is_erased(&whose, now) {
                    self.model.erase(&whose, now);
                    let segments = self.store().shared.reader.segments();
                    if segments
                        .first()
                        .is_some_and(|oldest| oldest.number > newest)
                    {
                        self.model.restart();
                    }
                }
                self.settle();
            }
        }
    }

    fn is_erased(&self, whose: &Whose, at: Timestamp) -> bool {
        let state = self.store().shared.state.lock();
        let digest = state
            .secret
            .visitor(whose.0.as_str(), whose.1, &mut Vec::new());
        state
            .erased
            .get(&digest)
            .is_some_and(|tombstone| tombstone.at == at)
    }

    /// Upkeep without faults, which completes whatever was interrupted.
    fn settle(&mut self) {
        self.files.heal();
        self.failing = false;
        tick(self.store(), self.now).unwrap();
    }

    async fn maintain(&mut self) {
        let keep_from = self.now - Duration::from_secs(45 * 86_400);
        let months = self.model.months();
        match self.store().maintain(keep_from, self.now).await {
            Ok(_) => self.model.forget_tombstones(keep_from),
            Err(error) => {
                assert!(self.failing, "{error}");
                self.restart();
                self.settle();
                if self.store().maintain(keep_from, self.now).await.is_ok() {
                    self.model.forget_tombstones(keep_from);
                }
            }
        }
        if self.failing {
            self.restart();
            self.settle();
        }
        let rows = self.rows().await;
        for month in months {
            let gone = rows.iter().all(|row| Month::of(row.occurred_at) != month);
            if gone && month < Month::of(keep_from) {
                self.model.drop_month(month);
            }
        }
    }

    async fn follow(&mut self) {
        let pending = match self.store().follow_ups(5).await {
            Ok(pending) => pending,
            Err(error) => return assert!(self.failing, "{error}"),
        };
        let Some(last) = pending.last().map(|follow| follow.position) else {
            assert!(self.model.follows.is_empty(), "{:?}", self.model.follows);
            return;
        };
        if self.store().followed(last).await.is_err() {
            self.restart();
            let through = self.store().shared.state.lock().followed_through;
            self.settle();
            if through < last {
                return;
            }
        }
        for follow in pending {
            let mut pending = self.model.follows.iter();
            match pending.position(|(id, _)| *id == follow.event) {
                Some(place) => self.model.handed.extend(self.model.follows.remove(place)),
                // A crash in the middle of an erasure may have left it twice.
                None => assert!(
                    self.model.handed.iter().any(|(id, _)| *id == follow.event),
                    "{} came from nowhere",
                    follow.event
                ),
            }
        }
    }

    async fn rows(&self) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let page = Page { limit: 97, after };
            let paged = self
                .store()
                .list(all(), page)
                .await
                .expect("the list is read");
            rows.extend(paged.rows);
            match paged.next {
                Some(next) => after = Some(next),
                None => return rows,
            }
        }
    }

    async fn check(&mut self) {
        self.settle_unfinished();
        assert_eq!(self.store().audit(), Vec::<String>::new());
        assert_eq!(self.store().shared.state.lock().shown.left.lost, 0);
        for (tenant, counters) in &self.model.counters {
            assert_eq!(self.store().counters(Some(tenant)), *counters, "{tenant}");
        }
        let rows = self.rows().await;
        assert!(
            rows.is_sorted_by_key(|row| (row.occurred_at, row.id)),
            "out of order"
        );
        let found: Vec<_> = rows.iter().map(|row| (key(row), row.clone())).collect();
        for (found, expected) in found.iter().zip(&self.model.rows) {
            assert_eq!((&found.0, &found.1), expected);
        }
        assert_eq!(found.len(), self.model.rows.len());
        self.check_stats().await;
    }

    /// Statistics over a range with ragged ends are those of the rows in it.
    async fn check_stats(&mut self) {
        let (tenant, _) = self.whose();
        let ago = |ms: u64| Duration::from_millis(ms);
        let from = self.now - ago(self.chance.below(100 * 86_400_000));
        let to = from + ago(self.chance.below(100 * 86_400_000));
        let query = StatsQuery {
            tenant: tenant.clone(),
            site: None,
            from,
            to,
            interval: Some(Interval::Day),
            max_top: 3,
        };
        let stats = self
            .store()
            .stats(query)
            .await
            .expect("statistics are read");
        let rows = self.model.rows.values();
        let theirs =
            rows.filter(|row| row.tenant == tenant && (from..to).contains(&row.occurred_at));
        let (bots, people): (Vec<&Row>, Vec<&Row>) = theirs.partition(|row| row.bot);
        let events = |rows: &[&Row]| rows.iter().map(|row| u64::from(row.count)).sum::<u64>();
        assert_eq!(
            (stats.total_events, stats.bot_events),
            (events(&people), events(&bots))
        );
        let stood_for = |row: &&Row| f64::from(row.count) * row.weight;
        assert_eq!(
            stats.estimated_events,
            people.iter().map(stood_for).sum::<f64>()
        );
        assert_eq!(
            stats.series.iter().map(|point| point.events).sum::<u64>(),
            events(&people)
        );
        let different = |ids: BTreeSet<u128>| (ids.len() as u64, None);
        let visitors = different(people.iter().map(|row| row.visitor.as_u128()).collect());
        let sessions = different(people.iter().map(|row| row.session.as_u128()).collect());
        assert_eq!((stats.visitors.count, stats.visitors.error), visitors);
        assert_eq!((stats.sessions.count, stats.sessions.error), sessions);
        for (kind, found) in &stats.by_kind {
            let of_kind: Vec<&Row> = people
                .iter()
                .copied()
                .filter(|row| row.kind == *kind)
                .collect();
            assert_eq!(found.events, events(&of_kind), "{kind}");
        }
    }

    fn settle_unfinished(&mut self) {
        let unfinished = self
            .store()
            .shared
            .state
            .lock()
            .unfinished()
            .next()
            .is_some();
        if unfinished {
            self.settle();
        }
    }

    /// Lets something fail soon, or the process die.
    fn plan_a_failure(&mut self) {
        let ops = [
            Op::Write,
            Op::ShortWrite,
            Op::Sync,
            Op::SyncDir,
            Op::Rename,
            Op::Remove,
            Op::Allocate,
            Op::Create,
        ];
        let calls = self.chance.below(12) as u32;
        match self.chance.below(3) {
            0 => self.files.die_after(calls),
            _ => {
                let op = ops[self.chance.below(ops.len() as u64) as usize];
                self.files.fail_after(op, calls);
            }
        }
        self.failing = true;
    }

    fn is_broken(&self) -> bool {
        self.store().broken().borrow().is_some()
    }

    async fn step(&mut self) {
        self.advance();
        if !self.failing && self.chance.one_in(15) {
            self.plan_a_failure();
        }
        match self.chance.below(100) {
            0..55 => self.take().await,
            55..80 => {
                let ticked = tick(self.store(), self.now);
                assert!(ticked.is_ok() || self.failing, "{ticked:?}");
            }
            80..86 => {
                let flushed = self.store().flush(self.now).await;
                assert!(flushed.is_ok() || self.failing, "{flushed:?}");
            }
            86..90 => self.follow().await,
            90..92 => self.erase().await,
            92..94 => self.maintain().await,
            94..97 => self.restart(),
            _ if !self.failing => self.check().await,
            _ => {}
        }
        if self.is_broken() || (self.failing && self.chance.one_in(6)) {
            self.restart();
        }
    }
}

fn live(seed: u64, steps: usize) {
    runtime().block_on(async {
        let mut driver = Driver::new(seed);
        for _ in 0..steps {
            driver.step().await;
        }
        driver.restart();
        driver.settle();
        driver.check().await;
        while !driver.model.follows.is_empty() {
            driver.follow().await;
        }
        assert!(driver.store().follow_ups(9).await.unwrap().is_empty());
    });
}

/// `CAUCE_EVENT_SEEDS` sets how many (12), `CAUCE_EVENT_SEED` picks one.
#[test]
fn whatever_fails_the_store_holds_what_the_model_holds() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let seeds = match number("CAUCE_EVENT_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("CAUCE_EVENT_SEEDS").unwrap_or(12),
    };
    for seed in seeds {
        let lived = std::panic::catch_unwind(AssertUnwindSafe(|| live(seed, 300)));
        assert!(
            lived.is_ok(),
            "seed {seed}: set CAUCE_EVENT_SEED={seed} to see it again"
        );
    }
}
