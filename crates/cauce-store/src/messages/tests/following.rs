//! What follows from failures for others than their messages.

use super::*;

const ANA: &str = "+34600000001";

fn refused(code: &str, next: impl FnOnce(Reason) -> Next) -> What {
    let reason = Reason::new(code, "as the provider says");
    let attempt = Attempt {
        started_at: at(20_000),
        ended_at: at(20_250),
        status: 400,
        batch: 1,
        reason: Some(reason.clone()),
    };
    What::Tried {
        attempt: Some(attempt),
        next: next(reason),
    }
}

fn dead(code: &str) -> What {
    refused(code, |reason| Next::Dead { reason })
}

fn failed(id: &str, code: &str, ms: i64) -> Told {
    Told {
        reason: Some(Reason::new(code, "as the provider says")),
        ..told(id, Word::Failed, ms)
    }
}

/// When those who want no more messages said so, each by their phone.
async fn unwanted(messages: &Messages) -> Vec<(String, i64)> {
    let wishes = messages.wishes(9).await.unwrap().into_iter();
    let wishes = wishes.inspect(|wish| {
        assert!(wish.id.is_of_provider() && wish.opt == Opt::Out, "{wish:?}");
    });
    wishes
        .map(|wish| (wish.from, wish.at.as_millis()))
        .collect()
}

#[tokio::test]
async fn the_wish_behind_a_refusal_is_kept_with_the_place_in_the_log_that_told_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let log = vec![taken(0, ANA, None), change(2, 0, dead("unwanted"))];
    messages.project(LOG, 2, log.clone()).await.unwrap();
    messages.close().await;
    let messages = open(&dir);
    assert_eq!(messages.kept_through().await.unwrap()[&LOG], 2);
    assert_eq!(unwanted(&messages).await, [(ANA.to_owned(), 10_002)]);
    messages.project(LOG, 2, log).await.unwrap();
    let wishes = messages.wishes(9).await.unwrap();
    assert_eq!(wishes.len(), 1);
    messages.told_on(vec![wishes[0].id.clone()]).await.unwrap();
    assert!(unwanted(&messages).await.is_empty());
    // Put back by a person and refused again.
    let due_at = Some(at(0));
    let again = What::Tried {
        attempt: None,
        next: Next::Waits { due_at },
    };
    let log = vec![change(3, 0, again), change(4, 0, dead("unwanted"))];
    messages.project(LOG, 4, log).await.unwrap();
    assert_eq!(unwanted(&messages).await, [(ANA.to_owned(), 10_004)]);
}

#[tokio::test]
async fn the_wish_behind_a_callback_is_kept_once_whatever_comes_first() {
    for callback_first in [true, false] {
        let dir = tempfile::tempdir().unwrap();
        let messages = open(&dir);
        let says = Told {
            job: Some(job(0)),
            ..failed("SM1", "unwanted", 30_000)
        };
        let log = vec![taken(0, ANA, None), change(2, 0, completed("SM1"))];
        if callback_first {
            let hearing = words(vec![says.clone()]);
            messages.hear(hearing, at(31_000)).await.unwrap();
        }
        messages.project(LOG, 2, log).await.unwrap();
        let hearing = words(vec![says.clone(), says.clone()]);
        messages.hear(hearing, at(32_000)).await.unwrap();
        assert_eq!(unwanted(&messages).await, [(ANA.to_owned(), 30_000)]);
        let wishes = messages.wishes(9).await.unwrap();
        messages.told_on(vec![wishes[0].id.clone()]).await.unwrap();
        // A repeat that knows an earlier time is no new wish.
        let earlier = Told {
            at: at(29_000),
            ..says
        };
        let hearing = words(vec![earlier]);
        messages.hear(hearing, at(33_000)).await.unwrap();
        assert!(unwanted(&messages).await.is_empty());
    }
}

#[tokio::test]
async fn a_later_word_of_the_person_outdates_a_refusal() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let log = vec![taken(0, ANA, None), change(2, 0, dead("unwanted"))];
    messages.project(LOG, 2, log).await.unwrap();
    let start = Inbound {
        opt: Some(Opt::In),
        ..inbound("IN1", ANA, 50_000)
    };
    let hearing = Hearing {
        told: Vec::new(),
        inbound: vec![start],
    };
    messages.hear(hearing, at(51_000)).await.unwrap();
    let wishes = messages.wishes(9).await.unwrap();
    let outdated: Vec<bool> = wishes.iter().map(|wish| wish.is_outdated).collect();
    assert_eq!(outdated, [true, false]);
}

#[tokio::test]
async fn restrictions_of_a_sender_are_counted_once_each() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let main = account("main");
    let count = async || messages.restrictions(&main).await.unwrap();
    assert_eq!(count().await, 0);
    let waits = refused("limited", |_| Next::Waits { due_at: None });
    let log = vec![
        taken(0, ANA, Some(0)),
        taken(1, "+34600000002", None),
        change(3, 0, waits),
    ];
    messages.project(LOG, 3, log.clone()).await.unwrap();
    messages.project(LOG, 3, log).await.unwrap();
    assert_eq!(count().await, 1);
    let log = vec![
        change(4, 0, dead("limited")),
        change(5, 1, completed("SM1")),
    ];
    messages.project(LOG, 5, log).await.unwrap();
    assert_eq!(count().await, 2);
    for _ in 0..2 {
        let says = failed("SM1", "limited", 30_000);
        messages.hear(words(vec![says]), at(31_000)).await.unwrap();
        assert_eq!(count().await, 3);
    }
    assert_eq!(messages.restrictions(&account("other")).await.unwrap(), 0);
}
