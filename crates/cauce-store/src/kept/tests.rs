use super::*;

fn name(session: &str) -> Name {
    Name {
        tenant: TenantId::new("acme").unwrap(),
        session: session.into(),
    }
}

fn held(text: &str, at: i64, until: i64, sequence: u64) -> Held {
    Held {
        text: Some(text.into()),
        at: Timestamp::from_millis(at),
        until: Timestamp::from_millis(until),
        sequence,
    }
}

#[tokio::test]
async fn states_survive_and_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(
        name("a"),
        vec![(1, held("x", 1, 9, 1)), (2, held("y", 1, 50, 2))],
    )
    .await
    .unwrap();
    kept.put(name("b"), vec![(1, held("z", 1, 9, 3))])
        .await
        .unwrap();
    kept.close().await;
    assert!(matches!(kept.get(name("a")).await, Err(Error::Closed)));
    let kept = Kept::open(dir.path()).unwrap();
    let found = kept.get(name("a")).await.unwrap();
    assert_eq!(
        found,
        States::from([(1, held("x", 1, 9, 1)), (2, held("y", 1, 50, 2))])
    );
    kept.prune(Timestamp::from_millis(10));
    assert_eq!(kept.get(name("a")).await.unwrap().len(), 1);
    kept.remove(name("a")).await.unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap(), States::new());
}

#[tokio::test]
async fn what_was_accepted_earlier_replaces_nothing_that_is_good() {
    let dir = tempfile::tempdir().unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(name("a"), vec![(1, held("new", 5, 9, 7))])
        .await
        .unwrap();
    kept.put(name("a"), vec![(1, held("old", 4, 9, 6))])
        .await
        .unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap()[&1], held("new", 5, 9, 7));
    kept.put(name("a"), vec![(1, held("asked", 9, 20, 0))])
        .await
        .unwrap();
    assert_eq!(
        kept.get(name("a")).await.unwrap()[&1],
        held("asked", 9, 20, 0)
    );
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_made_anew() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join(FILE), "no database at all, and long enough").unwrap();
    let kept = Kept::open(dir.path()).unwrap();
    kept.put(name("a"), vec![(1, held("x", 1, 9, 1))])
        .await
        .unwrap();
    assert_eq!(kept.get(name("a")).await.unwrap().len(), 1);
}
