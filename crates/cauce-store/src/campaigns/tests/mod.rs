use cauce_flow::{id::TenantId, time::Timestamp};
use serde_json::json;
use tempfile::TempDir;

use super::{
    contact::{Number, OptedBy},
    upsert::{Change, Entry, Outcome, Refusal, TagChange, Upsert},
    *,
};

mod audience;
mod importing;
mod model;

pub(super) const NOW: Timestamp = Timestamp::from_millis(1_760_000_000_000);

pub(super) struct Bench {
    pub(super) dir: TempDir,
    pub(super) store: Campaigns,
}

pub(super) fn bench() -> Bench {
    let dir = tempfile::tempdir().unwrap();
    let store = Campaigns::open(dir.path()).unwrap();
    Bench { dir, store }
}

impl Bench {
    pub(super) async fn put(&self, entries: Vec<Entry>) -> Outcome {
        let upsert = Upsert {
            tenant: acme(),
            entries,
            all_or_none: true,
        };
        self.store.upsert(upsert, NOW).await.unwrap()
    }

    pub(super) async fn get(&self, id: &str) -> contact::Contact {
        self.store.contact(&acme(), id).await.unwrap().unwrap()
    }

    pub(super) async fn page(&self, filter: Filter) -> Vec<String> {
        let place = Place {
            after: 0,
            limit: 100,
        };
        let found = self.store.contacts(&acme(), filter, place).await.unwrap();
        found.into_iter().map(|contact| contact.id).collect()
    }

    pub(super) async fn again(self) -> Bench {
        self.store.close().await;
        Bench {
            store: Campaigns::open(self.dir.path()).unwrap(),
            dir: self.dir,
        }
    }
}

pub(super) fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

pub(super) fn number(n: u32) -> Number {
    Number(format!("+52{n:010}"))
}

pub(super) fn entry(id: &str, n: u32) -> Entry {
    Entry {
        id: Some(id.to_owned()),
        number: Some(number(n)),
        ..Entry::default()
    }
}

pub(super) fn tagged(id: &str, n: u32, tags: &[&str]) -> Entry {
    Entry {
        tags: TagChange::Set(tags.iter().map(|tag| (*tag).to_owned()).collect()),
        ..entry(id, n)
    }
}

#[tokio::test]
async fn what_an_entry_does_not_name_stays() {
    let b = bench();
    let first = Entry {
        name: Change::Set("Ana".to_owned()),
        attributes: [
            ("city".to_owned(), json!("Jaén")),
            ("n".to_owned(), json!(1)),
        ]
        .into(),
        language: Change::Set("es".to_owned()),
        ..tagged("a", 1, &["vip", "new"])
    };
    b.put(vec![first]).await;
    let second = Entry {
        id: Some("a".to_owned()),
        attributes: [("n".to_owned(), json!(null)), ("m".to_owned(), json!(true))].into(),
        tags: TagChange::Add(vec!["old".to_owned()]),
        language: Change::Clear,
        ..Entry::default()
    };
    let outcome = b.put(vec![second]).await;
    assert!(matches!(&outcome[..], [Ok(done)] if !done.made && done.id == "a"));
    let b = b.again().await;
    let found = b.get("a").await;
    assert_eq!(
        (found.number, found.name.as_deref()),
        (number(1), Some("Ana"))
    );
    assert_eq!(
        found.attributes,
        [
            ("city".to_owned(), json!("Jaén")),
            ("m".to_owned(), json!(true))
        ]
        .into()
    );
    assert_eq!(
        (found.tags, found.language),
        (
            vec!["new".to_owned(), "old".to_owned(), "vip".to_owned()],
            None
        )
    );
}

#[tokio::test]
async fn entry_without_an_id_is_for_the_oldest_contact_with_its_number() {
    let b = bench();
    b.put(vec![entry("a", 1), entry("b", 1)]).await;
    let nameless = |n| Entry {
        id: None,
        name: Change::Set("Eva".to_owned()),
        ..entry("", n)
    };
    let outcome = b.put(vec![nameless(1), nameless(2), nameless(2)]).await;
    let ids: Vec<_> = outcome.into_iter().map(|done| done.unwrap()).collect();
    assert_eq!((ids[0].id.as_str(), ids[0].made), ("a", false));
    assert!(ids[1].made && ids[1].id.starts_with("con_") && ids[1].id.len() == 20);
    assert_eq!((&ids[2].id, ids[2].made), (&ids[1].id, false));
    assert_eq!(b.store.count(&acme()).await.unwrap(), 3);
    assert_eq!(
        (b.get("a").await.name.as_deref(), b.get("b").await.name),
        (Some("Eva"), None)
    );
}

#[tokio::test]
async fn one_refused_entry_keeps_the_others_out_where_all_are_meant() {
    let b = bench();
    let bad = Entry {
        id: Some("x".to_owned()),
        ..Entry::default()
    };
    let entries = vec![tagged("a", 1, &["t"]), bad.clone(), Entry::default()];
    let outcome = b.put(entries.clone()).await;
    assert_eq!(outcome[1..], [Err(Refusal::NoNumber), Err(Refusal::Nobody)]);
    assert_eq!(b.store.count(&acme()).await.unwrap(), 0);
    assert_eq!(b.store.tags(&acme()).await.unwrap(), []);
    let upsert = Upsert {
        tenant: acme(),
        entries,
        all_or_none: false,
    };
    assert!(b.store.upsert(upsert, NOW).await.unwrap()[0].is_ok());
    assert_eq!(b.store.tags(&acme()).await.unwrap(), [("t".to_owned(), 1)]);
}

#[tokio::test]
async fn contact_holds_so_much_and_no_more() {
    let b = bench();
    let large = |bytes| Entry {
        attributes: [("x".to_owned(), json!("y".repeat(bytes)))].into(),
        ..entry("a", 1)
    };
    assert!(b.put(vec![large(contact::MAX_PERSONAL_BYTES - 100)]).await[0].is_ok());
    let refused = b.put(vec![large(contact::MAX_PERSONAL_BYTES)]).await;
    assert!(matches!(refused[0], Err(Refusal::TooLarge { .. })));
    let tags: Vec<String> = (0..=contact::MAX_TAGS).map(|n| format!("t{n}")).collect();
    let many = Entry {
        tags: TagChange::Set(tags),
        ..entry("b", 1)
    };
    assert_eq!(b.put(vec![many]).await[0], Err(Refusal::TooManyTags(51)));
}

#[tokio::test]
async fn opting_out_holds_for_a_number_whatever_contact_has_it() {
    let b = bench();
    b.put(vec![entry("a", 1), entry("b", 1), entry("c", 2)])
        .await;
    let (store, phone) = (&b.store, number(1).0);
    let out = async |by| store.opt_out(&acme(), &[&phone], by, NOW).await;
    assert_eq!(
        (
            out(OptedBy::Word).await.unwrap(),
            out(OptedBy::Api).await.unwrap()
        ),
        (1, 0)
    );
    assert!(store.is_opted_out(&acme(), &phone) && !store.is_opted_out(&acme(), &number(2).0));
    let globex = TenantId::new("globex").unwrap();
    assert!(!store.is_opted_out(&globex, &phone));
    let b = b.again().await;
    assert!(b.store.is_opted_out(&acme(), &phone));
    let found = b.get("b").await.opted_out.unwrap();
    assert_eq!((found.by, found.at), (OptedBy::Word, NOW));
    assert_eq!(
        b.page(Filter {
            opted_out: Some(true),
            ..Filter::default()
        })
        .await,
        ["a", "b"]
    );
    // One that comes later has it, too, and one that takes another number has it no longer.
    b.put(vec![entry("d", 1), entry("b", 2)]).await;
    assert_eq!(
        b.page(Filter {
            opted_out: Some(true),
            ..Filter::default()
        })
        .await,
        ["a", "d"]
    );
    assert_eq!(b.store.opt_in(&acme(), &[&phone]).await.unwrap(), 1);
    assert!(!b.store.is_opted_out(&acme(), &phone));
    assert_eq!(
        b.page(Filter {
            opted_out: Some(false),
            ..Filter::default()
        })
        .await
        .len(),
        4
    );
}

#[tokio::test]
async fn entry_may_opt_out_and_never_in() {
    let b = bench();
    let out = Entry {
        opted_out: Some(OptedBy::Import),
        ..entry("a", 1)
    };
    b.put(vec![out]).await;
    assert!(b.store.is_opted_out(&acme(), &number(1).0));
    b.put(vec![entry("a", 1)]).await;
    assert_eq!(b.get("a").await.opted_out.unwrap().by, OptedBy::Import);
    assert!(b.store.is_opted_out(&acme(), &number(1).0));
}

#[tokio::test]
async fn opt_out_outlives_its_contact() {
    let b = bench();
    b.put(vec![tagged("a", 1, &["t"])]).await;
    b.store
        .opt_out(&acme(), &[&number(1).0], OptedBy::Word, NOW)
        .await
        .unwrap();
    assert!(b.store.delete_contact(&acme(), "a").await.unwrap());
    assert!(!b.store.delete_contact(&acme(), "a").await.unwrap());
    assert_eq!(b.store.contact(&acme(), "a").await.unwrap(), None);
    assert_eq!(
        (
            b.store.count(&acme()).await.unwrap(),
            b.store.tags(&acme()).await.unwrap()
        ),
        (0, vec![])
    );
    b.put(vec![entry("a", 1)]).await;
    assert!(b.get("a").await.opted_out.is_some());
}

#[tokio::test]
async fn pages_are_told_by_filters_and_go_on_after_a_row() {
    let b = bench();
    b.put(
        (0..5)
            .map(|n| {
                tagged(
                    &format!("c{n}"),
                    n / 2,
                    if n % 2 == 0 { &["even"] } else { &["odd"] },
                )
            })
            .collect(),
    )
    .await;
    let tag = |tag: &str| Filter {
        tag: Some(tag.to_owned()),
        ..Filter::default()
    };
    assert_eq!(b.page(tag("even")).await, ["c0", "c2", "c4"]);
    assert_eq!(b.page(tag("none")).await, [""; 0]);
    let phone = Filter {
        phone: Some(number(1).0),
        ..Filter::default()
    };
    assert_eq!(b.page(phone.clone()).await, ["c2", "c3"]);
    assert_eq!(
        b.page(Filter {
            tag: Some("odd".to_owned()),
            ..phone
        })
        .await,
        ["c3"]
    );
    let third = b.get("c2").await.row;
    let place = Place {
        after: third,
        limit: 1,
    };
    let next = b
        .store
        .contacts(&acme(), Filter::default(), place)
        .await
        .unwrap();
    assert_eq!(
        next.iter().map(|c| c.id.as_str()).collect::<Vec<_>>(),
        ["c3"]
    );
    let globex = TenantId::new("globex").unwrap();
    assert_eq!(b.store.contact(&globex, "c0").await.unwrap(), None);
    b.store.opt_in(&globex, &[]).await.unwrap();
    assert_eq!(
        b.store
            .contacts(&globex, Filter::default(), Place { after: 0, limit: 9 })
            .await
            .unwrap(),
        []
    );
}

#[tokio::test]
async fn nothing_personal_stands_on_disk_in_clear() {
    let b = bench();
    let person = Entry {
        name: Change::Set("Canary Name".to_owned()),
        attributes: [("secret".to_owned(), json!("canary value"))].into(),
        ..entry("a", 123_456_789)
    };
    b.put(vec![person]).await;
    b.store
        .opt_out(&acme(), &[&number(123_456_789).0], OptedBy::Api, NOW)
        .await
        .unwrap();
    let import = b.store.begin_import(&acme(), json!({}), NOW).await.unwrap();
    b.store
        .keep_rejected(&import, 0, b"canary value,Canary Name")
        .await
        .unwrap();
    for close in [false, true] {
        if close {
            b.store.close().await;
        }
        for file in std::fs::read_dir(b.dir.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            for canary in ["Canary Name", "canary value", "0123456789"] {
                let found = bytes.windows(canary.len()).any(|w| w == canary.as_bytes());
                assert!(!found, "{canary} in {}", path.display());
            }
        }
    }
}

#[tokio::test]
async fn file_is_refused_without_the_key_it_was_written_with() {
    let b = bench();
    b.put(vec![entry("a", 1)]).await;
    b.store.close().await;
    let key = b.dir.path().join(PERSONAL_KEY_FILE);
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let Err(error) = Campaigns::open(b.dir.path()) else {
        panic!("a file was opened that cannot be read");
    };
    assert!(
        error.to_string().contains("put back the personal.key"),
        "{error}"
    );
    std::fs::write(&key, b"short").unwrap();
    assert!(matches!(
        Campaigns::open(b.dir.path()),
        Err(Error::Key { .. })
    ));
    std::fs::write(&key, kept).unwrap();
    let store = Campaigns::open(b.dir.path()).unwrap();
    assert!(store.contact(&acme(), "a").await.unwrap().is_some());
}

#[tokio::test]
async fn copy_is_made_beside_an_open_store_with_the_key_that_reads_it() {
    let b = bench();
    b.put(vec![entry("a", 1)]).await;
    let to = tempfile::tempdir().unwrap();
    assert!(Campaigns::copy(b.dir.path(), to.path()).await.unwrap());
    let copy = Campaigns::open(to.path()).unwrap();
    copy.close().await;
    let third = tempfile::tempdir().unwrap();
    assert!(Campaigns::copy(to.path(), third.path()).await.unwrap());
    assert!(
        !Campaigns::copy(&third.path().join("no"), to.path())
            .await
            .unwrap()
    );
    let copy = Campaigns::open(third.path()).unwrap();
    assert!(copy.contact(&acme(), "a").await.unwrap().is_some());
}

#[tokio::test]
async fn closed_store_says_so() {
    let b = bench();
    b.store.close().await;
    assert!(matches!(b.store.count(&acme()).await, Err(Error::Closed)));
    assert!(matches!(
        b.store.delete_contact(&acme(), "a").await,
        Err(Error::Closed)
    ));
}

#[tokio::test]
async fn store_is_open_in_one_place_alone() {
    let b = bench();
    let again = Campaigns::open(b.dir.path());
    assert!(matches!(again, Err(Error::Held { .. })));
    b.store.close().await;
    assert!(Campaigns::open(b.dir.path()).is_ok());
}
