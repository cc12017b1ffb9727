//! `kill -9` in the middle of everything, with a ledger outside the process that dies.
//!
//! The child works on a store and tells on its standard output what it will send, and what was
//! acknowledged to it, after it was; the parent keeps the ledger, kills the child at some moment, and
//! asks the store for exact statistics. A call that was sent and not acknowledged may be there, but
//! only as a whole. `CAUCE_KILL_CYCLES` sets how often (50).

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use cauce_events::{
    embedded::{EmbeddedEvents, Options},
    store::{Error, EventStore, Filter, Intake, Interval, Page, Shaped, StatsQuery, Taken},
};
use cauce_flow::{
    event::{Event, EventId, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

const DIR: &str = "CAUCE_EVENTS_KILL_DIR";
const FROM: &str = "CAUCE_EVENTS_KILL_FROM";
const CYCLES: &str = "CAUCE_KILL_CYCLES";

/// Events of one call. Every third is equal to the one before it.
const SIZES: [u64; 3] = [1, 6, 30];
const VISITORS: u128 = 40;
const HOUR_MS: i64 = 3_600_000;
/// All events happen within three days, in two months.
const START_MS: i64 = 1_759_190_400_000;

fn open(dir: &Path) -> Arc<EmbeddedEvents> {
    let options = Options {
        segment_bytes: 128 << 10,
        max_events: 60,
        flush_interval: Duration::from_millis(20),
        flush_pause: Duration::ZERO,
        max_known_in_memory: 700,
        ..Options::at(dir)
    };
    Arc::new(EmbeddedEvents::open(options, Arc::new(now)).expect("the store opens"))
}

fn now() -> Timestamp {
    Timestamp::from_millis(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis() as i64)
}

fn tenant() -> TenantId {
    "acme".parse().unwrap()
}

fn size(number: u64) -> u64 {
    SIZES[(number % 3) as usize]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
}

/// The call of a number is always the same: the parent knows it, too.
fn call(number: u64) -> Intake {
    let event = |place: u64| {
        let equal = place - u64::from(place % 3 == 2);
        let seed = u128::from(number) << 32 | u128::from(equal);
        let minutes = (number * 7 + equal * 2) % (3 * 1_440);
        let event = Event {
            id: EventId::from_u128(u128::from(number) << 32 | u128::from(place)),
            visitor: VisitorId::from_u128(seed % VISITORS),
            session: SessionId::from_u128(seed % (VISITORS * 3)),
            kind: ["PAGE_VIEW", "CLICK"][(equal % 2) as usize]
                .parse()
                .unwrap(),
            occurred_at: Timestamp::from_millis(START_MS + minutes as i64 * 60_000),
            metadata: Metadata::parse(&format!("{{\"n\":{seed}}}")).unwrap(),
            bot: false,
        };
        Shaped {
            event,
            weight: 1.0,
            follow_up: None,
        }
    };
    Intake {
        tenant: tenant(),
        site: SiteId::from_u128(1),
        events: (0..size(number)).map(event).collect(),
        sampled_out: 1,
        withheld: 0,
        rejected: 0,
    }
}

/// Told in a line of its own, which ends with a dot: half a line does not count.
fn tell(what: char, number: u64) {
    let mut out = std::io::stdout().lock();
    writeln!(out, "\n{what} {number}.").unwrap();
    out.flush().unwrap();
}

/// Takes a call, also if it has to be sent again because the disk is slow.
async fn take(store: &EmbeddedEvents, number: u64) -> Taken {
    loop {
        match store.take(call(number), now()).await {
            Ok(taken) => return taken,
            Err(Error::BufferFull { .. } | Error::IdsWaiting { .. }) => {
                tokio::task::yield_now().await;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn work(store: Arc<EmbeddedEvents>, next: Arc<AtomicU64>) {
    loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        tell('>', number);
        let taken = take(&store, number).await;
        assert_eq!(u64::from(taken.stored + taken.merged), size(number));
        tell('=', number);
        if number.is_multiple_of(5) {
            let again = take(&store, number).await;
            assert_eq!(u64::from(again.duplicates), size(number));
            tell('+', number);
        }
    }
}

#[test]
fn child_works_until_it_is_killed() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let from = std::env::var(FROM).unwrap().parse().unwrap();
    runtime().block_on(async {
        let store = open(&PathBuf::from(dir));
        let next = Arc::new(AtomicU64::new(from));
        for _ in 0..4 {
            tokio::spawn(work(Arc::clone(&store), Arc::clone(&next)));
        }
        std::future::pending::<()>().await;
    });
}

#[derive(Default)]
struct Ledger {
    sent: BTreeSet<u64>,
    acknowledged: BTreeSet<u64>,
    /// Calls that were known to be repeats.
    repeated: u64,
    next: u64,
}

impl Ledger {
    fn note(&mut self, told: &str) {
        let Some((what, number)) = told.split_once(' ') else {
            return;
        };
        let Some(Ok(number)) = number.strip_suffix('.').map(str::parse) else {
            return;
        };
        match what {
            ">" => {
                assert!(self.sent.insert(number));
                self.next = self.next.max(number + 1);
            }
            "=" => assert!(self.acknowledged.insert(number)),
            "+" => self.repeated += 1,
            _ => {}
        }
    }

    /// The statistics are those of the calls that are there: all that were acknowledged, and some of
    /// those that were sent.
    async fn check(&mut self, store: &EmbeddedEvents) {
        assert_eq!(store.audit(), Vec::<String>::new());
        let there = calls_there(store).await;
        assert!(there.is_superset(&self.acknowledged));
        assert!(there.is_subset(&self.sent));
        let mut expected = Expected::default();
        there.iter().for_each(|number| expected.add(&call(*number)));
        let counters = store.counters(None);
        assert!(counters.holds());
        assert_eq!(counters.stored + counters.merged, expected.events);
        // A repeat that was not acknowledged may have been counted.
        assert!(counters.sampled_out >= there.len() as u64 + self.repeated);
        expected.check(store).await;
        // What was not acknowledged and is not there was lost with the process.
        self.sent.clone_from(&there);
        self.acknowledged = there;
    }
}

#[derive(Default)]
struct Expected {
    events: u64,
    visitors: BTreeSet<u128>,
    sessions: BTreeSet<u128>,
    kinds: BTreeMap<String, u64>,
    hours: BTreeMap<i64, u64>,
}

impl Expected {
    fn add(&mut self, call: &Intake) {
        for Shaped { event, .. } in &call.events {
            self.events += 1;
            self.visitors.insert(event.visitor.as_u128());
            self.sessions.insert(event.session.as_u128());
            *self.kinds.entry(event.kind.to_string()).or_default() += 1;
            let hour = event.occurred_at.as_millis() / HOUR_MS * HOUR_MS;
            *self.hours.entry(hour).or_default() += 1;
        }
    }

    async fn check(&self, store: &EmbeddedEvents) {
        let query = StatsQuery {
            tenant: tenant(),
            site: None,
            from: Timestamp::from_millis(START_MS),
            to: Timestamp::from_millis(START_MS + 5 * 24 * HOUR_MS),
            interval: Some(Interval::Hour),
            max_top: 3,
        };
        let stats = store.stats(query).await.unwrap();
        assert_eq!(stats.total_events, self.events);
        assert_eq!(stats.visitors.count, self.visitors.len() as u64);
        assert_eq!(stats.sessions.count, self.sessions.len() as u64);
        let kinds = stats.by_kind.iter();
        let kinds = kinds.map(|(kind, found)| (kind.to_string(), found.events));
        assert_eq!(kinds.collect::<BTreeMap<_, _>>(), self.kinds);
        let hours = stats.series.iter().filter(|point| point.events > 0);
        let hours = hours.map(|point| (point.at.as_millis(), point.events));
        assert_eq!(hours.collect::<BTreeMap<_, _>>(), self.hours);
    }
}

/// The calls whose events are there, each as a whole: an equal event is in the count of another.
async fn calls_there(store: &EmbeddedEvents) -> BTreeSet<u64> {
    let all = Filter {
        tenant: None,
        site: None,
        visitor: None,
        kind: None,
        from: Timestamp::EPOCH,
        to: Timestamp::NEVER,
    };
    let page = Page {
        limit: usize::MAX - 1,
        after: None,
    };
    let mut events: BTreeMap<u64, u64> = BTreeMap::new();
    for row in store.list(all, page).await.unwrap().rows {
        let number = (row.id.as_u128() >> 32) as u64;
        *events.entry(number).or_default() += u64::from(row.count);
    }
    for (number, count) in &events {
        assert_eq!(*count, size(*number), "of call {number}");
    }
    events.into_keys().collect()
}

fn live_and_die(dir: &Path, for_ms: u64, ledger: &mut Ledger) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child_works_until_it_is_killed", "--nocapture"])
        .env(DIR, dir)
        .env(FROM, ledger.next.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let out = child.stdout.take().unwrap();
    std::thread::scope(|threads| {
        threads.spawn(|| {
            for told in BufReader::new(out).split(b'\n').map_while(Result::ok) {
                ledger.note(&String::from_utf8_lossy(&told));
            }
        });
        // The one place where time has to pass: the child is to be somewhere in the middle.
        std::thread::sleep(Duration::from_millis(for_ms));
        child.kill().unwrap();
        child.wait().unwrap();
    });
}

#[test]
fn statistics_are_exact_after_every_kill() {
    if std::env::var_os(DIR).is_some() {
        return;
    }
    let cycles = std::env::var(CYCLES)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(50u64);
    let dir = tempfile::tempdir().unwrap();
    let mut ledger = Ledger::default();
    for cycle in 0..cycles {
        // Anywhere from its start to its work, the same in every run.
        live_and_die(dir.path(), 60 + cycle * 97 % 400, &mut ledger);
        runtime().block_on(async {
            let store = open(dir.path());
            ledger.check(&store).await;
        });
    }
    assert!(
        ledger.acknowledged.len() > 200,
        "only {} calls were acknowledged",
        ledger.acknowledged.len()
    );
}
