use std::time::Duration;

use cauce_flow::{campaign::state::Order, id::AccountName};
use proptest::prelude::*;

use super::*;
use crate::{
    campaigns::{
        Campaigns, Walk,
        contact::Number,
        upsert::{Entry, TagChange, Upsert},
    },
    jobs::Scope,
};

fn ms(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn acme() -> Scope {
    Scope::Tenant(tenant())
}

fn entry(id: &str, number: u64) -> Entry {
    Entry {
        id: Some(id.to_owned()),
        number: Some(Number(format!("+34600{number:06}"))),
        tags: TagChange::Set(vec!["vip".to_owned()]),
        ..Entry::default()
    }
}

async fn with_contacts(store: &Campaigns, count: u64) {
    let upsert = Upsert {
        tenant: tenant(),
        entries: (0..count).map(|n| entry(&format!("c{n}"), n)).collect(),
        all_or_none: true,
    };
    store.upsert(upsert, ms(0)).await.unwrap();
}

fn new(id: &str) -> NewCampaign {
    NewCampaign {
        id: GroupName::new(id).unwrap(),
        tenant: tenant(),
        sender: AccountName::new("acme-wa").unwrap(),
        name: "Navidad".to_owned(),
        plan: "{}".to_owned(),
        tags: vec!["vip".to_owned()],
        contacts: None,
        scheduled_at: None,
    }
}

fn start() -> Move {
    Move {
        begin: Some(Begin {
            job: "campaign_1_5".to_owned(),
        }),
        ..Move::just(Order::Start)
    }
}

struct Open {
    store: Campaigns,
    folder: tempfile::TempDir,
}

impl Open {
    fn new() -> Open {
        let folder = tempfile::tempdir().unwrap();
        let store = Campaigns::open(folder.path()).unwrap();
        Open { store, folder }
    }

    async fn again(self) -> Open {
        self.store.close().await;
        let store = Campaigns::open(self.folder.path()).unwrap();
        Open { store, ..self }
    }
}

#[tokio::test]
async fn numbers_of_contacts_that_were_changed_are_told_apart_until_the_walk_ends() {
    let open = Open::new();
    let store = &open.store;
    with_contacts(store, 5).await;
    let made = store.make_campaign(new("campaign_a"), ms(1)).await.unwrap();
    let put = async |entries: Vec<Entry>| {
        let upsert = Upsert {
            tenant: tenant(),
            entries,
            all_or_none: true,
        };
        store.upsert(upsert, ms(2)).await.unwrap();
    };
    let touched = async || {
        let walk = Walk {
            after: 0,
            upto: u64::MAX,
            limit: 10,
        };
        let audience = made.campaign.audience();
        let found = store.walk(&audience, walk).await.unwrap().into_iter();
        let touched = found.filter(|member| member.touched);
        touched.map(|member| member.id).collect::<Vec<_>>()
    };
    // Before the start it makes no difference.
    put(vec![entry("c0", 7)]).await;
    assert!(touched().await.is_empty());
    let started = store.move_campaign(acme(), "campaign_a", start(), ms(3));
    started.await.unwrap();
    // As it was; of another audience from here on; new.
    put(vec![entry("c0", 7), entry("twin", 1), entry("new", 3)]).await;
    assert!(touched().await.is_empty());
    // `c1` and `twin` have the number that the one had; `c3` and `new` have that of the other.
    put(vec![entry("c2", 1)]).await;
    assert_eq!(touched().await, ["c1", "c2", "twin"]);
    assert!(store.delete_contact(&tenant(), "c3").await.unwrap());
    assert_eq!(touched().await, ["c1", "c2", "twin", "new"]);
    store.walked(made.campaign.row).await.unwrap();
    assert!(touched().await.is_empty());
    put(vec![entry("c4", 1)]).await;
    assert!(touched().await.is_empty());
}

#[tokio::test]
async fn contacts_that_are_named_are_taken_or_left_out_with_a_reason() {
    let open = Open::new();
    with_contacts(&open.store, 2).await;
    let contacts = vec![
        Named::Id("c0".to_owned()),
        Named::Id("nobody".to_owned()),
        Named::Entry(Box::new(entry("new", 77))),
        Named::Id("c0".to_owned()),
        Named::Bad {
            id: None,
            why: Skip::BadNumber,
        },
    ];
    let made = open
        .store
        .make_campaign(
            NewCampaign {
                tags: Vec::new(),
                contacts: Some(contacts),
                ..new("campaign_a")
            },
            ms(1),
        )
        .await
        .unwrap();
    let skipped: SkipCounts = [
        (Skip::UnknownContact, 1),
        (Skip::Duplicate, 1),
        (Skip::BadNumber, 1),
    ]
    .into();
    assert_eq!(made.skipped, skipped);
    assert_eq!(made.campaign.state, State::Draft);
    let walk = Walk {
        after: 0,
        upto: u64::MAX,
        limit: 10,
    };
    let members = open
        .store
        .walk(&made.campaign.audience(), walk)
        .await
        .unwrap();
    let ids: Vec<&str> = members.iter().map(|member| member.id.as_str()).collect();
    assert_eq!(ids, ["c0", "new"]);
    let open = open.again().await;
    let (kept, counts) = open
        .store
        .campaign(acme(), "campaign_a")
        .await
        .unwrap()
        .unwrap();
    assert_eq!((kept, counts), (made.campaign, skipped));
    let told = open
        .store
        .skipped(acme(), "campaign_a", None, 10)
        .await
        .unwrap();
    let places: Vec<i64> = told.iter().map(|skipped| skipped.contact).collect();
    assert_eq!(places, [-5, -4, -2]);
    let details: Vec<&str> = told
        .iter()
        .filter_map(|one| one.detail.as_deref())
        .collect();
    assert_eq!(details, ["/contacts/4", "/contacts/3", "/contacts/1"]);
}

#[tokio::test]
async fn a_campaign_with_a_contact_that_cannot_be_taken_leaves_nothing() {
    let open = Open::new();
    let contacts = vec![
        Named::Entry(Box::new(entry("new", 77))),
        Named::Entry(Box::new(Entry {
            id: Some("without".to_owned()),
            ..Entry::default()
        })),
    ];
    let new = NewCampaign {
        contacts: Some(contacts),
        ..new("campaign_a")
    };
    let refused = open.store.make_campaign(new, ms(1)).await.unwrap_err();
    assert!(
        matches!(refused, Refused::Contact { place: 1, .. }),
        "{refused}"
    );
    assert_eq!(open.store.count(&tenant()).await.unwrap(), 0);
    assert_eq!(
        open.store.campaign(acme(), "campaign_a").await.unwrap(),
        None
    );
}

#[tokio::test]
async fn a_start_freezes_who_is_meant_and_happens_once() {
    let open = Open::new();
    with_contacts(&open.store, 3).await;
    let store = &open.store;
    store.make_campaign(new("campaign_a"), ms(1)).await.unwrap();
    let other = Scope::Tenant(TenantId::new("other").unwrap());
    let unseen = store
        .move_campaign(other, "campaign_a", start(), ms(5))
        .await;
    assert!(matches!(unseen, Err(Refused::Unknown)));
    let moved = store
        .move_campaign(acme(), "campaign_a", start(), ms(5))
        .await
        .unwrap();
    assert_eq!(
        (moved.before, moved.campaign.state),
        (State::Draft, State::Queued)
    );
    assert_eq!((moved.campaign.estimate, moved.campaign.last_row), (3, 3));
    assert_eq!(moved.campaign.started_at, Some(ms(5)));
    let twice = store
        .move_campaign(acme(), "campaign_a", start(), ms(6))
        .await;
    assert!(matches!(twice, Err(Refused::State(_))));
    let edited = store.change_campaign(new("campaign_a"), ms(1), ms(7)).await;
    assert!(matches!(edited, Err(Refused::State(_))));
    let deleted = store.delete_campaign(acme(), "campaign_a").await;
    assert!(matches!(deleted, Err(Refused::State(_))));
    assert_eq!(store.under_way().await.unwrap(), [moved.campaign]);
}

#[tokio::test]
async fn a_start_for_nobody_is_refused_and_changes_nothing() {
    let open = Open::new();
    let made = open
        .store
        .make_campaign(new("campaign_a"), ms(1))
        .await
        .unwrap();
    let refused = open
        .store
        .move_campaign(acme(), "campaign_a", start(), ms(5))
        .await;
    assert!(matches!(refused, Err(Refused::Empty)));
    let (kept, _) = open
        .store
        .campaign(acme(), "campaign_a")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept, made.campaign);
}

#[tokio::test]
async fn campaigns_come_due_in_order_but_for_one_that_waits_for_a_person() {
    let open = Open::new();
    for (id, at) in [("late", 10), ("soon", 20), ("later", 30)] {
        let new = NewCampaign {
            scheduled_at: Some(ms(at)),
            ..new(id)
        };
        open.store.make_campaign(new, ms(1)).await.unwrap();
    }
    let note = Some(Reason::new("late", "it waits for a person"));
    open.store.note_campaign("late", note).await.unwrap();
    let (due, next) = open.store.due_campaigns(ms(19)).await.unwrap();
    assert_eq!((due, next), (vec![], Some(ms(20))));
    let (due, next) = open.store.due_campaigns(ms(20)).await.unwrap();
    assert_eq!(
        (due[0].id.as_str(), due.len(), next),
        ("soon", 1, Some(ms(30)))
    );
    // Changing it is a person's word.
    let again = NewCampaign {
        scheduled_at: Some(ms(15)),
        ..new("late")
    };
    open.store
        .change_campaign(again, ms(1), ms(12))
        .await
        .unwrap();
    let (due, _) = open.store.due_campaigns(ms(16)).await.unwrap();
    assert_eq!(due[0].id.as_str(), "late");
}

#[tokio::test]
async fn of_two_changes_that_began_from_the_same_campaign_the_second_is_refused() {
    let open = Open::new();
    let made = open.store.make_campaign(new("campaign_a"), ms(1)).await;
    let as_of = made.unwrap().campaign.updated_at;
    let named = |name: &str| NewCampaign {
        name: name.to_owned(),
        ..new("campaign_a")
    };
    // Also where the clock stands still.
    let first = open
        .store
        .change_campaign(named("First"), as_of, ms(1))
        .await;
    let second = open
        .store
        .change_campaign(named("Second"), as_of, ms(1))
        .await;
    assert!(matches!(second, Err(Refused::Changed)));
    let kept = open.store.campaign(acme(), "campaign_a").await.unwrap();
    assert_eq!(kept.unwrap().0, first.unwrap().campaign);
}

#[tokio::test]
async fn a_list_goes_page_by_page_newest_first() {
    let open = Open::new();
    for n in 0..5 {
        open.store
            .make_campaign(new(&format!("c{n}")), ms(n))
            .await
            .unwrap();
    }
    let filter = |before| Filter {
        scope: acme(),
        state: Some(State::Draft),
        sender: None,
        before,
        limit: 2,
    };
    let (mut seen, mut before) = (Vec::new(), None);
    loop {
        let page = open.store.campaigns(filter(before)).await.unwrap();
        seen.extend(
            page.campaigns
                .into_iter()
                .map(|campaign| campaign.id.to_string()),
        );
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["c4", "c3", "c2", "c1", "c0"]);
    let counts = open.store.campaign_counts(acme()).await.unwrap();
    assert_eq!(counts, [(State::Draft, 5)]);
    let others = Scope::Tenant(TenantId::new("other").unwrap());
    assert_eq!(open.store.campaign_counts(others).await.unwrap(), []);
}

#[tokio::test]
async fn a_campaign_that_goes_on_after_its_end_has_none_until_it_is_through_again() {
    let open = Open::new();
    with_contacts(&open.store, 1).await;
    open.store.make_campaign(new("a"), ms(1)).await.unwrap();
    let give = async |order: Move, at: i64| {
        let moved = open.store.move_campaign(acme(), "a", order, ms(at)).await;
        moved.unwrap().campaign.ended_at
    };
    assert_eq!(give(start(), 2).await, None);
    assert_eq!(give(Move::just(Order::Admit), 3).await, None);
    assert_eq!(give(Move::just(Order::Complete), 4).await, Some(ms(4)));
    assert_eq!(open.store.completed_campaigns().await.unwrap().len(), 1);
    assert_eq!(give(Move::just(Order::Reopen), 5).await, None);
    assert!(open.store.completed_campaigns().await.unwrap().is_empty());
    assert_eq!(give(Move::just(Order::Complete), 6).await, Some(ms(6)));
}

#[tokio::test]
async fn who_was_left_out_is_forgotten_a_while_after_the_end_and_the_campaign_long_after() {
    let open = Open::new();
    with_contacts(&open.store, 1).await;
    let store = &open.store;
    let named = vec![Named::Id("c0".to_owned()), Named::Id("nobody".to_owned())];
    let new = NewCampaign {
        contacts: Some(named),
        ..new("campaign_a")
    };
    store.make_campaign(new, ms(1)).await.unwrap();
    store
        .move_campaign(acme(), "campaign_a", start(), ms(2))
        .await
        .unwrap();
    let stop = Move::just(Order::Stop);
    store
        .move_campaign(acme(), "campaign_a", stop, ms(3))
        .await
        .unwrap();
    let day = Duration::from_secs(86_400);
    assert_eq!(store.prune_campaigns(ms(2) + 7 * day).await.unwrap(), 0);
    assert_eq!(store.prune_campaigns(ms(3) + 7 * day).await.unwrap(), 1);
    let (kept, counts) = store.campaign(acme(), "campaign_a").await.unwrap().unwrap();
    assert_eq!(kept.list, None);
    assert_eq!(counts, [(Skip::UnknownContact, 1)].into());
    assert_eq!(
        store.skipped(acme(), "campaign_a", None, 9).await.unwrap(),
        []
    );
    assert_eq!(store.prune_campaigns(ms(3) + 760 * day).await.unwrap(), 1);
    assert_eq!(store.campaign(acme(), "campaign_a").await.unwrap(), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// A piece of an audience whose jobs were not taken is walked again, perhaps cut otherwise and
    /// with another outcome. What counts is what was found last.
    #[test]
    fn pieces_that_are_walked_again_count_once(
        pieces in prop::collection::vec((1u64..20, prop::collection::vec(0usize..3, 20), any::<bool>()), 1..6),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let open = Open::new();
            let made = open.store.make_campaign(new("campaign_a"), ms(1)).await.unwrap();
            let row = made.campaign.row;
            let (mut expected, mut after) = (SkipCounts::new(), 0);
            for (length, outcomes, taken) in pieces {
                let skipped: Vec<Skipped> = (after + 1..=after + length)
                    .zip(outcomes)
                    .filter(|(_, outcome)| *outcome > 0)
                    .map(|(contact, outcome)| Skipped {
                        contact: contact.cast_signed(),
                        id: None,
                        why: Skip::ALL[outcome],
                        detail: None,
                    })
                    .collect();
                open.store.skip(row, after, skipped.clone()).await.unwrap();
                if taken {
                    after += length;
                    for one in skipped {
                        *expected.entry(one.why).or_default() += 1;
                    }
                }
            }
            open.store.skip(row, after, Vec::new()).await.unwrap();
            assert_eq!(open.store.skip_counts(row).await.unwrap(), expected);
            let told = open.store.skipped(acme(), "campaign_a", None, 1_000).await.unwrap();
            assert_eq!(told.len() as u64, expected.values().sum::<u64>());
        });
    }
}
