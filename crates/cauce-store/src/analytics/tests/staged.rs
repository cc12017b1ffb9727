//! Events are in the figures once, wherever they stood when something ended.

use super::{super::staged::STAGED_FILE, *};

fn received(id: &str) -> Tracked {
    event(id, NOW + HOUR, What::Received)
}

/// Without a name, so that nothing but its number tells whether it is counted.
fn unnamed() -> Tracked {
    Tracked {
        id: EventId::None,
        ..received("")
    }
}

async fn count(analytics: &Analytics) -> u64 {
    let figures = analytics.messages(&acme(), day()).await.unwrap();
    figures.received
}

#[tokio::test]
async fn what_was_staged_before_the_end_is_counted_after_it() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let tracked = analytics.track(vec![received("one"), unnamed()]);
    assert_eq!(tracked.await.unwrap(), [true, true]);
    analytics.close().await;
    drop(analytics);

    let analytics = open(&dir);
    let again = analytics.track(vec![received("one"), received("two")]);
    assert_eq!(again.await.unwrap(), [false, true]);
    assert_eq!(count(&analytics).await, 3);
}

#[tokio::test]
async fn what_was_counted_and_not_gone_yet_is_counted_once() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let tracked = analytics.track(vec![received("one"), unnamed()]);
    tracked.await.unwrap();
    let aside = TempDir::new().unwrap();
    Staged::copy(dir.path(), aside.path()).await.unwrap();
    assert_eq!(count(&analytics).await, 2);
    analytics.close().await;
    drop(analytics);
    // As after a crash between the two.
    for suffix in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(dir.path().join(format!("{STAGED_FILE}{suffix}")));
    }
    std::fs::rename(aside.path().join(STAGED_FILE), dir.path().join(STAGED_FILE)).unwrap();

    let analytics = open(&dir);
    assert_eq!(count(&analytics).await, 2);
    // The next event has a number that nobody has folded.
    analytics.track(vec![unnamed()]).await.unwrap();
    assert_eq!(count(&analytics).await, 3);
}

#[tokio::test]
async fn a_repeat_is_known_wherever_the_event_stands() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let tracked = analytics.track(vec![received("one"), received("one")]);
    assert_eq!(tracked.await.unwrap(), [true, false]);
    let staged = analytics.track(vec![received("one")]);
    assert_eq!(staged.await.unwrap(), [false]);
    analytics.fold().await.unwrap();
    let counted = analytics.track(vec![received("one")]);
    assert_eq!(counted.await.unwrap(), [false]);
    analytics.settle().await.unwrap();
    let gone = analytics.track(vec![received("one")]);
    assert_eq!(gone.await.unwrap(), [false]);
    assert_eq!(count(&analytics).await, 1);
}

#[tokio::test]
async fn whoever_counts_may_be_stopped_at_any_moment() {
    const EVENTS: u64 = 200;
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    for number in 0..EVENTS {
        analytics.track(vec![unnamed()]).await.unwrap();
        let mut fold = std::pin::pin!(analytics.fold());
        for _ in 0..number % 40 {
            tokio::select! {
                biased;
                folded = &mut fold => {
                    folded.unwrap();
                    break;
                }
                () = tokio::time::sleep(std::time::Duration::from_micros(1)) => {}
            }
        }
    }
    assert_eq!(count(&analytics).await, EVENTS);
}

#[tokio::test]
async fn a_copy_has_what_is_counted_and_what_is_staged() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    analytics.track(vec![received("one")]).await.unwrap();
    analytics.fold().await.unwrap();
    analytics.track(vec![received("two")]).await.unwrap();
    let to = TempDir::new().unwrap();
    Analytics::copy(dir.path(), to.path()).await.unwrap();
    let key = |of: &TempDir| of.path().join(PERSONAL_KEY_FILE);
    std::fs::copy(key(&dir), key(&to)).unwrap();
    assert_eq!(count(&open(&to)).await, 2);
}

#[tokio::test]
async fn more_than_may_be_staged_is_counted_before_more_is_taken() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let most = usize::try_from(MAX_STAGED).unwrap() + 1;
    let many: Vec<Tracked> = (0..most).map(|n| received(&format!("n{n}"))).collect();
    analytics.track(many).await.unwrap();
    assert_eq!(analytics.staged.through(), 0);
    analytics.track(vec![received("last")]).await.unwrap();
    assert_eq!(analytics.staged.through(), MAX_STAGED + 1);
    assert_eq!(count(&analytics).await, most as u64 + 1);
}

#[tokio::test]
async fn of_people_who_are_erased_nothing_stays_staged() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let phone = "+34600000001".to_owned();
    let of_person = Tracked {
        person: Some(Who::Phone(phone.clone())),
        ..received("one")
    };
    analytics.track(vec![of_person]).await.unwrap();
    assert_eq!(analytics.erase(&acme(), &[phone]).await.unwrap(), 1);
    let file = crate::database::reader(&dir.path().join(STAGED_FILE)).unwrap();
    let left = file.query_row("SELECT count(*) FROM staged", [], |row| {
        row.get::<_, i64>(0)
    });
    assert_eq!(left.unwrap(), 0);
    assert_eq!(count(&analytics).await, 1);
}
