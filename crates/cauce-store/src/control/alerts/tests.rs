use super::*;

fn alert(rule: &str, tenant: Option<&str>, name: &str) -> Alert {
    Alert {
        id: 0,
        rule: rule.to_owned(),
        kind: rule.to_owned(),
        severity: "warning".to_owned(),
        tenant: tenant.and_then(|tenant| tenant.parse().ok()),
        thing: "queue".to_owned(),
        name: name.to_owned(),
        since: Timestamp::from_millis(1_000),
        ended_at: None,
        value: 12.0,
        worst: 15.5,
        above: 10.0,
        detail: String::new(),
        alarms: 0,
        alarmed_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        watch: "{}".to_owned(),
    }
}

fn all(scope: Scope) -> Filter {
    Filter {
        scope,
        firing: None,
        kind: None,
        severity: None,
        before: None,
        limit: 10,
    }
}

fn acme() -> Scope {
    Scope::Tenant("acme".parse().unwrap())
}

#[tokio::test]
async fn alert_is_kept_as_it_is_and_as_it_becomes() {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    let mut first = alert("dead_letters", Some("acme"), "meta");
    first.id = control.keep_alert(first.clone()).await.unwrap();
    first.ended_at = Some(Timestamp::from_millis(9_000));
    first.acknowledged_by = Some("ana".to_owned());
    first.alarms = 3;
    assert_eq!(control.keep_alert(first.clone()).await.unwrap(), first.id);
    control.close().await;
    let control = Control::open(dir.path()).unwrap();
    assert_eq!(control.alerts(all(Scope::All)).await.unwrap(), [first]);
}

#[tokio::test]
async fn alerts_are_listed_by_what_they_are_and_whose() {
    let dir = tempfile::tempdir().unwrap();
    let control = Control::open(dir.path()).unwrap();
    let mut ended = alert("dead_letters", Some("acme"), "meta");
    ended.ended_at = Some(Timestamp::from_millis(9_000));
    let mut critical = alert("token_invalid", Some("globex"), "tiktok");
    critical.severity = "critical".to_owned();
    let kept = [
        ended,
        alert("disk_full", None, ""),
        critical,
        alert("dead_letters", Some("acme"), "meta"),
    ];
    for alert in kept {
        control.keep_alert(alert).await.unwrap();
    }
    let ids = async |filter| -> Vec<i64> {
        let found = control.alerts(filter).await.unwrap();
        found.iter().map(|alert| alert.id).collect()
    };
    assert_eq!(ids(all(Scope::All)).await, [4, 3, 2, 1]);
    assert_eq!(ids(all(acme())).await, [4, 1]);
    let firing = |firing| Filter {
        firing: Some(firing),
        ..all(Scope::All)
    };
    assert_eq!(ids(firing(true)).await, [4, 3, 2]);
    assert_eq!(ids(firing(false)).await, [1]);
    let severe = Filter {
        severity: Some("critical".to_owned()),
        ..all(Scope::All)
    };
    assert_eq!(ids(severe).await, [3]);
    let of_kind = Filter {
        kind: Some("dead_letters".to_owned()),
        before: Some(4),
        ..all(acme())
    };
    assert_eq!(ids(of_kind).await, [1]);
    // What concerns all is not seen by one.
    assert!(control.alert(2, acme()).await.unwrap().is_none());
    assert!(control.alert(3, acme()).await.unwrap().is_none());
    assert!(control.alert(2, Scope::All).await.unwrap().is_some());
    assert!(control.alert(4, acme()).await.unwrap().is_some());
    // Of each subject the newest, those that fire first.
    let newest = control.newest_alerts().await.unwrap();
    assert_eq!(
        newest.iter().map(|alert| alert.id).collect::<Vec<_>>(),
        [4, 3, 2]
    );
}
