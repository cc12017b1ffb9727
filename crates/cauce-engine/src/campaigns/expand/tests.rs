use std::collections::{BTreeMap, BTreeSet};

use cauce_destinations::message::{Content, Message, Provider};
use cauce_flow::{
    campaign::{skip::Skip, state::Order, window::zones},
    id::{AccountName, GroupName, QueueName, TenantId},
    job::Line,
    priority::Priority,
};
use cauce_store::{
    campaigns::{
        campaign::{Begin, Move, NewCampaign},
        contact::{Number, OptedBy},
        upsert::{Change, Entry, TagChange, Upsert},
    },
    embedded::{EmbeddedStore, Options},
    jobs::{Claim, Follow, Followed, GroupGate, Scope},
    messages::{Bearing, Change as News, Messages},
};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::{
    campaigns::{
        fill::Filling,
        plan::{Plan, Script},
    },
    messages,
};

/// Contacts of one piece here.
const SMALL: usize = 40;

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn group() -> GroupName {
    GroupName::new("campaign_a").unwrap()
}

fn line() -> Line {
    Line {
        queue: QueueName::new("campaigns").unwrap(),
        account: AccountName::new("acme-wa").unwrap(),
    }
}

/// The folder of a process that dies now and then.
struct World {
    folder: TempDir,
    campaign: Campaign,
}

/// One life of the process.
struct Life {
    store: Campaigns,
    jobs: Arc<EmbeddedStore>,
    messages: Messages,
    clock: Clock,
}

/// A contact with a number, with or without a name.
fn entry(id: &str, number: u64, named: bool) -> Entry {
    Entry {
        id: Some(id.to_owned()),
        number: Some(Number(format!("+34600{number:06}"))),
        name: match named {
            true => Change::Set(format!("Ana {id}")),
            false => Change::Keep,
        },
        tags: TagChange::Set(vec!["vip".to_owned()]),
        ..Entry::default()
    }
}

impl World {
    /// With so many contacts, of whom every 7th has no name and every 11th has opted out.
    async fn new(contacts: u64) -> World {
        let entries = (1..=contacts).map(|n| Entry {
            opted_out: (n % 11 == 0).then_some(OptedBy::Api),
            ..entry(&format!("c{n}"), n, n % 7 != 0)
        });
        World::of(entries.collect()).await
    }

    async fn of(entries: Vec<Entry>) -> World {
        let folder = tempfile::tempdir().unwrap();
        let store = Campaigns::open(folder.path()).unwrap();
        let now = Timestamp::from_millis(1);
        let upsert = Upsert {
            tenant: tenant(),
            entries,
            all_or_none: true,
        };
        store.upsert(upsert, now).await.unwrap();
        let new = NewCampaign {
            id: group(),
            tenant: tenant(),
            sender: line().account,
            name: "Navidad".to_owned(),
            plan: "{}".to_owned(),
            tags: vec!["vip".to_owned()],
            contacts: None,
            scheduled_at: None,
        };
        store.make_campaign(new, now).await.unwrap();
        let start = Move {
            begin: Some(Begin {
                job: "campaign_a_1".to_owned(),
            }),
            ..Move::just(Order::Start)
        };
        let moved = store
            .move_campaign(Scope::All, "campaign_a", start, now)
            .await
            .unwrap();
        store.close().await;
        World {
            folder,
            campaign: moved.campaign,
        }
    }

    async fn live(&self) -> Life {
        self.live_with(1_000_000).await
    }

    /// With room for so many jobs.
    async fn live_with(&self, max_jobs: u64) -> Life {
        let messages = Messages::open(self.folder.path(), 100, |_| Bearing::Message).unwrap();
        let followed = Followed {
            queues: [line().queue].into(),
            kept: messages.kept_through().await.unwrap(),
        };
        let day = Duration::from_secs(86_400);
        let options = Options {
            dir: self.folder.path().join("jobs"),
            fsync: false,
            segment_bytes: 64 << 20,
            max_jobs,
            max_bytes: 1 << 30,
            tenant_reserve: 0.1,
            min_free_bytes: 0,
            completed: 100,
            dead_for: day,
            ended_for: day,
            keys_for: day,
            instance: 1,
            rollups_through: None,
            followed: Some(followed),
        };
        let jobs = Arc::new(EmbeddedStore::open(options).unwrap());
        Life {
            store: Campaigns::open(self.folder.path()).unwrap(),
            clock: Clock::start(jobs.latest()),
            jobs,
            messages,
        }
    }

    fn expander(&self, life: &Life) -> Expander {
        let plan = Plan {
            content: Some(Content::Text("Hola {{name}}".to_owned())),
            variants: Vec::new(),
            window: None,
            priority: Priority::Normal,
            late: None,
            cost: None,
            currency: None,
        };
        Expander {
            store: life.store.clone(),
            jobs: Arc::clone(&life.jobs) as _,
            messages: life.messages.clone(),
            clock: life.clock.clone(),
            campaign: self.campaign.clone(),
            filling: Arc::new(Filling {
                id: group(),
                tenant: tenant(),
                line: line(),
                script: Script::of(&plan, Provider::Twilio).unwrap(),
                zones: zones(),
                default_zone: "UTC".to_owned(),
                max_attempts: 6,
                ttl: None,
                max_payload_bytes: 1 << 20,
            }),
            walking: Walking::default(),
            retries: 0,
            retry_delay: Duration::ZERO,
            piece: SMALL,
        }
    }
}

impl Life {
    /// Ends it as a crash would: what is on its way is finished or lost, nobody is told.
    async fn end(self) {
        self.store.close().await;
        self.messages.close().await;
        let jobs = self.jobs;
        tokio::task::spawn_blocking(move || jobs.close())
            .await
            .unwrap();
    }

    /// Walks to the end, while somebody follows the log.
    async fn walk(&self, expander: Expander) -> Expanded {
        tokio::select! {
            ended = expander.run(CancellationToken::new()) => ended,
            never = self.follow() => match never {},
        }
    }

    async fn follow(&self) -> std::convert::Infallible {
        let news = self.jobs.news();
        loop {
            let told = news.notified();
            let batch = self.jobs.take_news(1_000).await.unwrap();
            let changes = batch.news.into_iter().filter_map(messages::change);
            let changes: Vec<News> = changes.collect();
            let log = self.jobs.instance();
            let projected = self.messages.project(log, batch.through, changes);
            projected.await.unwrap();
            if !batch.more {
                told.await;
            }
        }
    }

    /// The contacts of all jobs that were made, each with its number.
    async fn recipients(&self) -> BTreeMap<String, u64> {
        let claim = Claim {
            line: line(),
            max_jobs: 1_000_000,
            max_bytes: 1 << 30,
            requests: 0,
        };
        let jobs = self.jobs.claim(claim, self.clock.now()).await.unwrap();
        let mut recipients = BTreeMap::new();
        for job in jobs {
            let part = Message::of_payload(&job.payload).unwrap().campaign.unwrap();
            let twice = recipients.insert(part.contact, part.number);
            assert_eq!(twice, None, "somebody has two jobs");
        }
        recipients
    }
}

fn check_ledger(recipients: &BTreeMap<String, u64>, contacts: u64) {
    let fit = |n: &u64| !n.is_multiple_of(7) && !n.is_multiple_of(11);
    let wanted: BTreeSet<String> = (1..=contacts)
        .filter(fit)
        .map(|n| format!("c{n}"))
        .collect();
    let found: BTreeSet<String> = recipients.keys().cloned().collect();
    assert_eq!(found, wanted);
    let numbers: BTreeSet<u64> = recipients.values().copied().collect();
    let all: BTreeSet<u64> = (0..wanted.len() as u64).collect();
    assert_eq!(
        numbers, all,
        "the numbers have no gap and none is given twice"
    );
}

async fn check_skips(store: &Campaigns, row: u64, contacts: u64) {
    let count = |which: &dyn Fn(u64) -> bool| (1..=contacts).filter(|n| which(*n)).count() as u64;
    let opted_out = count(&|n| n % 11 == 0);
    let nameless = count(&|n| n % 7 == 0 && n % 11 != 0);
    let counts = store.skip_counts(row).await.unwrap();
    assert_eq!(counts.get(&Skip::OptedOut).copied().unwrap_or(0), opted_out);
    assert_eq!(
        counts.get(&Skip::MissingVariable).copied().unwrap_or(0),
        nameless
    );
}

#[tokio::test]
async fn everybody_of_an_audience_has_one_job_or_a_reason_why_not() {
    for contacts in [1, 7, SMALL as u64, SMALL as u64 + 1] {
        let world = World::new(contacts).await;
        let life = world.live().await;
        let ended = world.expander(&life).run(CancellationToken::new()).await;
        assert_eq!(ended, Expanded::Over);
        let figures = life.jobs.group(&tenant(), &group()).unwrap();
        assert!(figures.mark.done);
        check_ledger(&life.recipients().await, contacts);
        check_skips(&life.store, world.campaign.row, contacts).await;
        // Asked again, it finds nothing to do.
        let again = world.expander(&life).run(CancellationToken::new()).await;
        assert_eq!(again, Expanded::Over);
        assert!(life.recipients().await.is_empty());
        life.end().await;
    }
}

#[tokio::test]
async fn of_contacts_with_one_number_the_first_that_can_be_written_to_is() {
    for piece in [1, 2, 100] {
        let world = World::of(vec![
            entry("nameless", 1, false),
            entry("whole", 1, true),
            entry("second", 1, true),
            entry("late", 1, false),
            entry("alone", 2, false),
            entry("also", 2, false),
        ]);
        let world = world.await;
        let life = world.live().await;
        let expander = Expander {
            piece,
            ..world.expander(&life)
        };
        let ended = expander.run(CancellationToken::new()).await;
        assert_eq!(ended, Expanded::Over);
        let recipients = life.recipients().await;
        assert_eq!(recipients.keys().collect::<Vec<_>>(), ["whole"], "{piece}");
        let counts = life.store.skip_counts(world.campaign.row).await.unwrap();
        let expected = [(Skip::Duplicate, 2), (Skip::MissingVariable, 3)];
        assert_eq!(counts, expected.into(), "{piece}");
        life.end().await;
    }
}

#[tokio::test]
async fn a_number_that_a_thousand_contacts_have_gets_one_message() {
    let most = cauce_store::campaigns::MAX_EARLIER;
    // The first who can be written to: one of the few that are looked at, or beyond them.
    for first in [0, most - 1, most, most + 1, 301, 990] {
        let entries = (0..1_000).map(|n| entry(&format!("c{n:04}"), 1, n >= first));
        let world = World::of(entries.collect()).await;
        let life = world.live().await;
        let expander = Expander {
            piece: 300,
            ..world.expander(&life)
        };
        assert_eq!(life.walk(expander).await, Expanded::Over);
        let recipients: Vec<String> = life.recipients().await.into_keys().collect();
        assert_eq!(recipients, [format!("c{first:04}")]);
        let counts = life.store.skip_counts(world.campaign.row).await.unwrap();
        let unfit = counts.get(&Skip::MissingVariable).copied().unwrap_or(0);
        assert!(unfit >= first.min(most) as u64, "{first}: {unfit}");
        assert_eq!(counts.values().sum::<u64>(), 999, "{first}");
        life.end().await;
    }
}

#[tokio::test]
async fn a_number_gets_one_message_whatever_is_changed_while_its_contacts_are_walked() {
    let entries = vec![
        entry("renumbered", 1, true),
        entry("moved", 2, true),
        entry("gone", 3, true),
        entry("unnamed", 4, true),
        entry("named", 5, false),
        entry("filler", 9, true),
        entry("twin of moved", 2, true),
        entry("twin of gone", 3, true),
        entry("twin of unnamed", 4, true),
        entry("twin of named", 5, true),
        entry("late", 6, true),
        entry("other", 7, true),
    ];
    for piece in [1, 3, 100] {
        let world = World::of(entries.clone()).await;
        // There is room for the first four.
        let life = world.live_with(4).await;
        let one_by_one = Expander {
            piece: 1,
            ..world.expander(&life)
        };
        assert!(matches!(one_by_one.walk().await, Err(Obstacle::Wait)));
        let changes = vec![
            entry("renumbered", 6, true),
            entry("moved", 22, true),
            Entry {
                name: Change::Clear,
                ..entry("unnamed", 4, true)
            },
            entry("named", 5, true),
            entry("other", 6, true),
        ];
        let upsert = Upsert {
            tenant: tenant(),
            entries: changes,
            all_or_none: true,
        };
        life.store.upsert(upsert, life.clock.now()).await.unwrap();
        assert!(life.store.delete_contact(&tenant(), "gone").await.unwrap());
        life.end().await;

        let life = world.live().await;
        let expander = Expander {
            piece,
            ..world.expander(&life)
        };
        assert_eq!(life.walk(expander).await, Expanded::Over);
        let recipients: Vec<String> = life.recipients().await.into_keys().collect();
        let expected = [
            "filler",
            "gone",
            "late",
            "moved",
            "renumbered",
            "twin of named",
            "unnamed",
        ];
        assert_eq!(recipients, expected, "{piece}");
        let counts = life.store.skip_counts(world.campaign.row).await.unwrap();
        let expected = [(Skip::Duplicate, 4), (Skip::MissingVariable, 1)];
        assert_eq!(counts, expected.into(), "{piece}");
        life.end().await;
    }
}

#[tokio::test]
async fn a_stopped_campaign_gets_no_more_jobs() {
    let world = World::new(10).await;
    let life = world.live().await;
    let (jobs, now) = (&life.jobs, life.clock.now());
    jobs.set_group(tenant(), group(), GroupGate::Stopped, now)
        .await
        .unwrap();
    let ended = world.expander(&life).run(CancellationToken::new()).await;
    assert_eq!(ended, Expanded::Over);
    assert!(life.recipients().await.is_empty());
    life.end().await;
}

#[tokio::test]
async fn a_walk_that_cannot_go_on_says_why() {
    let world = World::new(10).await;
    let life = world.live().await;
    life.store.close().await;
    let ended = world.expander(&life).run(CancellationToken::new()).await;
    let Expanded::Failed(why) = ended else {
        panic!("{ended:?}");
    };
    assert!(why.contains("closed"), "{why}");
    life.end().await;
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// The walk is cut off wherever it happens to be, again and again, and each time another life
    /// goes on with it.
    #[test]
    fn nobody_is_left_out_or_taken_twice_whenever_the_process_dies(
        deaths in prop::collection::vec(0u32..30, 1..6),
    ) {
        let contacts = 4 * SMALL as u64 + 17;
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
        runtime.block_on(async {
            let world = World::new(contacts).await;
            for polls in deaths {
                let life = world.live().await;
                let walk = world.expander(&life).run(CancellationToken::new());
                die_after(walk, polls).await;
                life.end().await;
            }
            let life = world.live().await;
            let ended = world.expander(&life).run(CancellationToken::new()).await;
            assert_eq!(ended, Expanded::Over);
            check_ledger(&life.recipients().await, contacts);
            check_skips(&life.store, world.campaign.row, contacts).await;
            life.end().await;
        });
    }
}

/// Polls a walk so many times at most, and drops it where it is then.
async fn die_after(walk: impl Future<Output = Expanded>, polls: u32) {
    let (mut walk, mut left) = (std::pin::pin!(walk), polls);
    std::future::poll_fn(|cx| {
        if left == 0 {
            return std::task::Poll::Ready(());
        }
        left -= 1;
        walk.as_mut().poll(cx).map(drop)
    })
    .await;
}
