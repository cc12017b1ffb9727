use std::{collections::BTreeSet, time::Duration};

use cauce_observe::alert::{Change, Kind, Rule, Seen, Severity};

use super::*;
use crate::alerting::Alerting;

fn rule() -> Rule {
    Rule {
        name: "dead_letters".to_owned(),
        kind: Kind::DeadLetters,
        severity: Severity::Warning,
        above: 10.0,
        below: 5.0,
        after: Duration::ZERO,
        over_after: Duration::ZERO,
        within: Duration::from_secs(60),
        min_volume: 0,
        cooldown: Duration::from_secs(60),
        queues: BTreeSet::new(),
        channels: BTreeSet::new(),
    }
}

fn alert() -> Alert {
    Alert {
        id: 0,
        rule: "dead_letters".to_owned(),
        kind: "dead_letters".to_owned(),
        severity: "warning".to_owned(),
        tenant: "acme".parse().ok(),
        thing: "queue".to_owned(),
        name: "meta".to_owned(),
        since: at(0),
        ended_at: None,
        value: 12.0,
        worst: 12.0,
        above: 10.0,
        detail: String::new(),
        alarms: 0,
        alarmed_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        watch: String::new(),
    }
}

fn at(minute: u64) -> Timestamp {
    Timestamp::EPOCH + Duration::from_secs(60 * minute)
}

async fn look(entry: &mut Entry, value: f64, minute: u64, control: &Control) {
    match (entry.watch).on_reading(Seen::Figure(value), &rule(), at(minute)) {
        Some(Change::Fired) => entry.fire(alert()),
        Some(Change::Ended) => entry.alert.as_mut().unwrap().ended_at = Some(at(minute)),
        None => return,
    }
    entry.keep(control).await.unwrap();
}

/// The entry as it is found after a restart.
async fn recalled(control: &Control) -> Entry {
    let alerting = Alerting::default();
    alerting.recall(control).await.unwrap();
    let mut watched = alerting.shared.watched.lock().await;
    watched.pop_first().unwrap().1
}

#[tokio::test]
async fn an_end_is_told_of_the_alert_whose_alarm_was_told() {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    let mut entry = Entry::default();
    look(&mut entry, 20.0, 0, &control).await;
    entry.on_told(Notice::Fired, Channels::from(["ops".to_owned()]), at(0));
    // It ends, comes back and ends while nobody may be woken.
    for (minute, value) in [(1, 0.0), (2, 20.0), (3, 0.0), (4, 20.0)] {
        look(&mut entry, value, minute, &control).await;
    }
    let mut entry = recalled(&control).await;
    assert_eq!(entry.alert.as_ref().unwrap().id, 3);
    assert_eq!(entry.alarmed, Channels::from(["ops".to_owned()]));
    let due = |entry: &Entry| entry.watch.poll_notice(&rule(), false, at(70));
    assert_eq!(due(&entry), Some(Notice::Over));
    let over = entry.told_of(Notice::Over).unwrap();
    assert_eq!((over.id, over.ended_at), (1, Some(at(1))));
    entry.on_told(Notice::Over, Channels::new(), at(70));
    assert_eq!(due(&entry), Some(Notice::Fired));
    assert_eq!(entry.told_of(Notice::Fired).unwrap().id, 3);
}

#[tokio::test]
async fn an_end_that_could_not_be_kept_is_kept_later() {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    let mut entry = Entry::default();
    look(&mut entry, 20.0, 0, &control).await;
    assert!(entry.is_kept());
    control.close().await;
    entry.alert.as_mut().unwrap().ended_at = Some(at(1));
    assert!(entry.keep(&control).await.is_err());
    assert!(!entry.is_kept() && entry.keep_rest(&control).await.is_err());
    let control = Control::open(dir.path()).unwrap();
    entry.keep_rest(&control).await.unwrap();
    assert!(entry.is_kept());
    let kept = control.alert(1, Scope::All).await.unwrap().unwrap();
    assert_eq!(kept.ended_at, Some(at(1)));
}

#[tokio::test]
async fn what_a_rule_that_is_gone_leaves_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    let mut entry = Entry::default();
    look(&mut entry, 20.0, 0, &control).await;
    assert!(entry.retire(at(1)), "there is an end to be kept");
    entry.keep(&control).await.unwrap();
    assert!(!entry.retire(at(2)), "and it is kept");
    let entry = recalled(&control).await;
    assert_eq!(entry.watch, Watch::default());
    assert_eq!(entry.alert.unwrap().ended_at, Some(at(1)));
}
