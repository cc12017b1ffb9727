use super::{
    imports::{KEPT, State},
    *,
};

#[tokio::test]
async fn import_is_known_with_its_end_and_its_rejected_rows_for_a_week() {
    let b = bench();
    let first = b
        .store
        .begin_import(&acme(), json!({"rows": 0}), NOW)
        .await
        .unwrap();
    b.store.keep_rejected(&first, 0, b"one").await.unwrap();
    b.store.keep_rejected(&first, 1, b"two").await.unwrap();
    let told = json!({"rows": 2});
    let ended = b
        .store
        .end_import(&first, State::Done, told.clone(), NOW)
        .await
        .unwrap();
    let second = b
        .store
        .begin_import(&acme(), json!(null), NOW)
        .await
        .unwrap();
    let b = b.again().await;
    let known = b.store.import(&acme(), &first.id).await.unwrap().unwrap();
    assert_eq!(
        (&known, &known.told, known.state),
        (&ended, &told, State::Done)
    );
    let broken = b.store.import(&acme(), &second.id).await.unwrap().unwrap();
    assert_eq!(broken.state, State::Interrupted);
    assert!(broken.ended_at.is_some());
    let listed = b.store.imports(&acme(), None, 1).await.unwrap();
    let rest = b
        .store
        .imports(&acme(), Some(listed[0].number), 9)
        .await
        .unwrap();
    assert_eq!((listed, rest), (vec![broken], vec![ended]));
    let piece = async |n| b.store.rejected(&known, n).await.unwrap();
    assert_eq!(
        (piece(0).await, piece(1).await, piece(2).await),
        (Some(b"one".to_vec()), Some(b"two".to_vec()), None)
    );
    let globex = TenantId::new("globex").unwrap();
    assert_eq!(b.store.import(&globex, &first.id).await.unwrap(), None);
    assert_eq!(b.store.prune(NOW + KEPT).await.unwrap(), 0);
    assert_eq!(
        b.store
            .prune(NOW + KEPT + std::time::Duration::from_millis(1))
            .await
            .unwrap(),
        2
    );
    assert_eq!(
        (
            piece(0).await,
            b.store.imports(&acme(), None, 9).await.unwrap()
        ),
        (None, vec![])
    );
}

#[tokio::test]
async fn what_an_import_tells_is_as_much_as_it_has_taken() {
    let b = bench();
    let begun = b.store.begin_import(&acme(), json!({"rows": 0}), NOW).await;
    let import = begun.unwrap();
    let upsert = Upsert {
        tenant: acme(),
        entries: vec![entry("c1", 1), entry("c2", 2)],
        all_or_none: false,
    };
    let tell = |outcome: &Outcome| json!({"rows": outcome.len()});
    let taken = b.store.upsert_of_import(&import, upsert, NOW, tell).await;
    assert_eq!(taken.unwrap().len(), 2);
    let b = b.again().await;
    let known = b.store.import(&acme(), &import.id).await.unwrap().unwrap();
    assert_eq!(
        (known.state, known.told),
        (State::Interrupted, json!({"rows": 2}))
    );
    assert_eq!(b.store.count(&acme()).await.unwrap(), 2);
}
