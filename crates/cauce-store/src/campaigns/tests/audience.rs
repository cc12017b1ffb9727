use super::*;

fn of(tags: &[&str], list: Option<u64>) -> Audience {
    Audience {
        campaign: None,
        tenant: acme(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        list,
    }
}

/// Walks to the end in steps. Answers ids, duplicates with a mark.
async fn walked(b: &Bench, audience: &Audience, limit: usize) -> Vec<String> {
    let upto = b.store.last_row().await.unwrap();
    let (mut after, mut all) = (0, Vec::new());
    loop {
        let walk = Walk { after, upto, limit };
        let members = b.store.walk(audience, walk).await.unwrap();
        let Some(last) = members.last() else {
            return all;
        };
        assert!(members.len() <= limit && last.row > after);
        after = last.row;
        all.extend(members.into_iter().map(|member| {
            let mark = if member.duplicate { "*" } else { "" };
            format!("{}{mark}", member.id)
        }));
    }
}

#[tokio::test]
async fn walk_meets_each_contact_of_any_tag_or_the_list_once_and_in_order() {
    let b = bench();
    b.put(vec![
        tagged("a", 1, &["x", "y"]),
        tagged("b", 2, &["z"]),
        tagged("c", 3, &["y"]),
        entry("d", 4),
        tagged("e", 5, &["x"]),
    ])
    .await;
    let ids = ["d", "a", "d", "nobody"].map(str::to_owned).to_vec();
    let listing = b.store.make_list(&acme(), ids).await.unwrap();
    assert_eq!(
        (listing.contacts, listing.unknown, listing.repeated),
        (2, vec![3], vec![2])
    );
    let audience = of(&["y", "x", "unheard of"], Some(listing.list));
    for limit in [1, 2, 100] {
        assert_eq!(walked(&b, &audience, limit).await, ["a", "c", "d", "e"]);
    }
    assert_eq!(
        walked(&b, &of(&[], Some(listing.list)), 1).await,
        ["a", "d"]
    );
    assert_eq!(walked(&b, &of(&["unheard of"], None), 1).await, [""; 0]);
    b.store.drop_list(listing.list).await.unwrap();
    assert_eq!(walked(&b, &of(&[], Some(listing.list)), 1).await, [""; 0]);
}

#[tokio::test]
async fn number_that_the_audience_has_twice_is_a_duplicate_from_the_second_on() {
    let b = bench();
    b.put(vec![
        tagged("outside", 1, &["other"]),
        tagged("a", 1, &["x"]),
        tagged("b", 2, &["x"]),
        entry("c", 1),
        tagged("d", 2, &["x"]),
    ])
    .await;
    assert_eq!(walked(&b, &of(&["x"], None), 1).await, ["a", "b", "d*"]);
    let list = b
        .store
        .make_list(&acme(), vec!["c".to_owned()])
        .await
        .unwrap();
    let both = of(&["x"], Some(list.list));
    assert_eq!(walked(&b, &both, 3).await, ["a", "b", "c*", "d*"]);
}

#[tokio::test]
async fn walk_ends_at_the_row_that_was_last_when_it_began() {
    let b = bench();
    b.put(vec![tagged("a", 1, &["x"])]).await;
    let upto = b.store.last_row().await.unwrap();
    b.put(vec![tagged("b", 2, &["x"])]).await;
    let walk = Walk {
        after: 0,
        upto,
        limit: 10,
    };
    let found = b.store.walk(&of(&["x"], None), walk).await.unwrap();
    assert_eq!(
        found.iter().map(|m| m.id.as_str()).collect::<Vec<_>>(),
        ["a"]
    );
}

#[tokio::test]
async fn row_of_a_contact_that_is_gone_is_never_used_again() {
    let b = bench();
    b.put(vec![entry("a", 1)]).await;
    let row = b.get("a").await.row;
    b.store.delete_contact(&acme(), "a").await.unwrap();
    b.put(vec![entry("b", 1)]).await;
    assert!(b.get("b").await.row > row);
}

#[tokio::test]
async fn another_tenants_list_and_tags_are_nobody() {
    let b = bench();
    b.put(vec![tagged("a", 1, &["x"])]).await;
    let list = b
        .store
        .make_list(&acme(), vec!["a".to_owned()])
        .await
        .unwrap()
        .list;
    let globex = TenantId::new("globex").unwrap();
    b.store
        .make_list(&globex, vec!["a".to_owned()])
        .await
        .unwrap();
    let audience = Audience {
        campaign: None,
        tenant: globex,
        ..of(&["x"], Some(list))
    };
    assert_eq!(walked(&b, &audience, 10).await, [""; 0]);
    assert_eq!(b.store.estimate(&audience).await.unwrap().contacts, 0);
}

#[tokio::test]
async fn estimate_counts_parts_and_knows_when_that_is_exact() {
    let b = bench();
    b.put(vec![
        tagged("a", 1, &["x", "y"]),
        tagged("b", 2, &["x"]),
        tagged("c", 3, &["y"]),
    ])
    .await;
    let estimate = async |audience| {
        let found = b.store.estimate(&audience).await.unwrap();
        (found.contacts, found.exact)
    };
    assert_eq!(estimate(of(&["x"], None)).await, (2, true));
    assert_eq!(estimate(of(&["x", "y"], None)).await, (3, false));
    assert_eq!(estimate(of(&["none"], None)).await, (0, true));
    let ids = ["a", "b"].map(str::to_owned).to_vec();
    let list = b.store.make_list(&acme(), ids).await.unwrap().list;
    assert_eq!(estimate(of(&[], Some(list))).await, (2, true));
    b.store.delete_contact(&acme(), "a").await.unwrap();
    assert_eq!(estimate(of(&[], Some(list))).await, (1, true));
    assert_eq!(estimate(of(&["x"], None)).await, (1, true));
}

/// However large an audience is, a page of it must not be sorted out of all of it.
#[tokio::test]
async fn page_is_merged_and_not_sorted() {
    let b = bench();
    b.put(vec![tagged("a", 1, &["x", "y"])]).await;
    let list = b
        .store
        .make_list(&acme(), vec!["a".to_owned()])
        .await
        .unwrap()
        .list;
    let audience = of(&["x", "y"], Some(list));
    let plan = b
        .store
        .database
        .read(move |connection| super::super::audience::plan(connection, &audience))
        .await
        .unwrap();
    assert!(plan.contains("MERGE"), "{plan}");
    assert!(
        !plan.contains("TEMP B-TREE") && !plan.contains("SCAN contacts"),
        "{plan}"
    );
}
