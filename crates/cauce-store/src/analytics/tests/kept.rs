//! What is kept, for how long, and of whom.

use cauce_flow::id::JobId;
use cauce_observe::analytics::hours::Hours;
use rusqlite::Connection;

use super::*;

const DAYS: i64 = 24 * HOUR;
const PHONE: &str = "+34600000001";

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn of_person(id: &str, at: i64, what: What) -> Tracked {
    Tracked {
        person: Some(Who::Phone(PHONE.to_owned())),
        ..event(id, at, what)
    }
}

fn job() -> JobId {
    JobId::new(7, 3, at(NOW))
}

/// What is known of a message of ours: when it was sent and, later, read.
fn of_message(sent_at: i64, read_at: Option<i64>, campaign: Option<&str>) -> (JobId, Vec<Tracked>) {
    let fact = |fact, at, what| Tracked {
        id: EventId::OfMessage(job(), fact, 0),
        campaign: campaign.map(str::to_owned),
        ..of_person("", at, what)
    };
    let mut events = vec![fact(1, sent_at, sent())];
    events.extend(read_at.map(|at| fact(3, at, What::Read)));
    (job(), events)
}

async fn prune(analytics: &Analytics, now: i64) {
    while analytics.prune(at(now), 100).await.unwrap() {}
}

/// How many rows a question of the file finds.
async fn rows(analytics: &Analytics, sql: &'static str) -> i64 {
    analytics.fold().await.unwrap();
    let read = move |connection: &Connection| {
        Ok::<_, Error>(connection.query_row(sql, [], |row| row.get(0))?)
    };
    analytics.database.read(read).await.unwrap()
}

async fn sent_in(analytics: &Analytics, from: i64, to: i64) -> u64 {
    let found = analytics.messages(&acme(), Range { from, to }).await;
    found.unwrap().sent
}

#[tokio::test]
async fn what_went_is_not_counted_again_when_more_is_told_of_its_message() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let told = vec![of_message(NOW, None, None)];
    analytics.count(told, Vec::new()).await.unwrap();
    let later = NOW + 60 * DAYS;
    prune(&analytics, later).await;
    assert_eq!(rows(&analytics, "SELECT count(*) FROM events").await, 0);
    let told = vec![of_message(NOW, Some(later), None)];
    analytics.count(told, Vec::new()).await.unwrap();
    assert_eq!(sent_in(&analytics, NOW, later + DAYS).await, 1);
    let range = Range {
        from: NOW,
        to: later + DAYS,
    };
    let found = analytics.messages(&acme(), range).await.unwrap();
    assert_eq!(found.read, 1);
}

#[tokio::test]
async fn what_comes_too_late_is_not_counted_and_said() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    prune(&analytics, NOW + 60 * DAYS).await;
    let inbound = vec![of_person("in", NOW, What::Received)];
    analytics.count(Vec::new(), inbound).await.unwrap();
    let taken = analytics.track(vec![event("old", NOW, sent())]).await;
    assert_eq!(taken.unwrap(), [false]);
    assert_eq!(analytics.too_late(), 2);
    assert_eq!(rows(&analytics, "SELECT count(*) FROM events").await, 0);
    // With events kept for longer, what went is still gone.
    analytics.follow(Settings {
        events_kept: 90 * DAY,
        ..Settings::default()
    });
    let oldest = analytics.oldest(at(NOW + 60 * DAYS));
    assert_eq!(oldest, at(NOW + (60 - 38) * DAYS));
}

#[tokio::test]
async fn an_open_conversation_stays_open_when_the_sums_of_its_beginning_go() {
    let dir = TempDir::new().unwrap();
    let settings = Settings {
        sums_kept: 31 * DAY,
        conversation_idle: 7 * DAY,
        ..Settings::default()
    };
    let analytics = Analytics::open(dir.path(), settings).unwrap();
    for day in 0..=80 {
        let id = day.to_string();
        let told = vec![of_person(&id, NOW + day * DAYS, What::Received)];
        analytics.track(told).await.unwrap();
        prune(&analytics, NOW + day * DAYS).await;
    }
    let range = Range {
        from: NOW + 60 * DAYS,
        to: NOW + 80 * DAYS + HOUR,
    };
    let found = analytics.conversations(&acme(), range).await.unwrap();
    assert_eq!((found.started, found.ended, found.active), (0, 0, 1));
    let ended = vec![of_person("end", NOW + 81 * DAYS, What::Ended)];
    analytics.track(ended).await.unwrap();
    prune(&analytics, NOW + 81 * DAYS).await;
    let range = Range {
        to: NOW + 82 * DAYS,
        ..range
    };
    let found = analytics.conversations(&acme(), range).await.unwrap();
    assert_eq!((found.ended, found.active), (1, 0));
    let named = [(cauce_observe::analytics::figures::NOBODY_SAID.to_owned(), 1)];
    assert_eq!(found.ended_by, named);
}

#[tokio::test]
async fn an_end_of_a_conversation_of_which_nothing_is_kept_ends_nothing() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let later = NOW + 60 * DAYS;
    let told = vec![
        of_person("in", NOW, What::Received),
        of_person("out", NOW + MINUTE, sent()),
    ];
    analytics.track(told).await.unwrap();
    prune(&analytics, later).await;
    let conversations = "SELECT count(*) FROM conversations";
    assert_eq!(rows(&analytics, conversations).await, 0);
    let told = vec![of_person("end", later, What::Ended)];
    assert_eq!(analytics.track(told).await.unwrap(), [true]);
    let range = Range {
        from: later,
        to: later + 2 * DAYS,
    };
    let found = analytics.conversations(&acme(), range).await.unwrap();
    assert_eq!((found.started, found.ended, found.active), (0, 0, 0));
    // Where its beginning is told afterwards, it was ended then.
    let told = vec![of_person("late", later - HOUR, What::Received)];
    analytics.track(told).await.unwrap();
    let range = Range {
        from: later - DAYS,
        ..range
    };
    let found = analytics.conversations(&acme(), range).await.unwrap();
    assert_eq!((found.started, found.ended, found.active), (1, 1, 0));
    assert_eq!(found.duration.mean_ms(), Some(HOUR as f64));
}

#[tokio::test]
async fn figures_are_told_from_where_sums_are_whole() {
    let dir = TempDir::new().unwrap();
    let settings = |days: u32| Settings {
        sums_kept: days * DAY,
        events_kept: 10 * DAY,
        ..Settings::default()
    };
    let analytics = Analytics::open(dir.path(), settings(31)).unwrap();
    let now = NOW + 100 * DAYS;
    let hours = (0..100 * 24).map(|hour| event(&hour.to_string(), NOW + hour * HOUR, sent()));
    analytics.track(hours.collect()).await.unwrap();
    prune(&analytics, now + 7 * HOUR).await;
    let from = analytics.sums_from(at(now + 7 * HOUR)).as_millis();
    assert_eq!(from, now + 7 * HOUR - 32 * DAYS);
    let hours = ((now - from) / HOUR).cast_unsigned();
    assert_eq!(sent_in(&analytics, from, now).await, hours);
    let minutes = analytics.minutes_from(at(now)).as_millis();
    let starts = vec![minutes, minutes + 90 * MINUTE, now];
    let points = analytics
        .series(&acme(), Metric::MessagesSent, starts, true)
        .await;
    assert_eq!(points.unwrap(), [2, 10 * 24 - 2]);
    assert!(
        rows(
            &analytics,
            "SELECT count(*) FROM sums WHERE place >> 60 < 2"
        )
        .await
            > 0
    );
    // What went does not come back with a longer time.
    analytics.follow(settings(90));
    let from = analytics.sums_from(at(now)).as_millis();
    assert_eq!(from, now - 33 * DAYS);
    analytics.close().await;
    let analytics = Analytics::open(dir.path(), settings(90)).unwrap();
    assert_eq!(analytics.sums_from(at(now)).as_millis(), from);
    let hours = ((now - from) / HOUR).cast_unsigned();
    assert_eq!(sent_in(&analytics, from, now).await, hours);
}

#[tokio::test]
async fn people_are_forgotten_who_only_chatted_or_converted_long_ago() {
    let dir = TempDir::new().unwrap();
    let settings = Settings {
        sums_kept: 40 * DAY,
        ..Settings::default()
    };
    let analytics = Analytics::open(dir.path(), settings).unwrap();
    let lead = What::Converted {
        kind: Kind::Lead,
        value: None,
    };
    let who = |phone: &str, of: Tracked| Tracked {
        person: Some(Who::Phone(phone.to_owned())),
        ..of
    };
    let told = vec![
        who("+34600000001", event("chat", NOW, What::Received)),
        who("+34600000002", event("lead", NOW, lead)),
        who(
            "+34600000003",
            event("new", NOW + 50 * DAYS, What::Received),
        ),
        who("+34600000004", event("soon", NOW + 12 * DAYS, lead)),
    ];
    analytics.track(told).await.unwrap();
    prune(&analytics, NOW + 51 * DAYS).await;
    // Of those who converted, the funnel still speaks.
    prune(&analytics, NOW + 51 * DAYS).await;
    assert_eq!(rows(&analytics, "SELECT count(*) FROM people").await, 2);
    assert_eq!(
        rows(&analytics, "SELECT count(*) FROM conversations").await,
        1
    );
}

#[tokio::test]
async fn erased_people_stay_so_when_more_is_told_of_their_messages() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let named = Tracked {
        conversation: Some(PHONE.to_owned()),
        ..event("named", NOW, What::Received)
    };
    analytics.track(vec![named]).await.unwrap();
    let told = vec![of_message(NOW, None, Some("spring"))];
    analytics.count(told, Vec::new()).await.unwrap();
    let known = "SELECT (SELECT count(*) FROM people WHERE key IS NOT NULL)
                      + (SELECT count(*) FROM conversations WHERE key IS NOT NULL)";
    assert_eq!(rows(&analytics, known).await, 3);
    let erased = analytics.erase(&acme(), &[PHONE.to_owned()]).await;
    assert_eq!(erased.unwrap(), 1);
    assert_eq!(rows(&analytics, known).await, 0);
    let told = vec![of_message(NOW, Some(NOW + HOUR), Some("spring"))];
    analytics.count(told, Vec::new()).await.unwrap();
    // Also where the sending itself is told otherwise.
    let told = vec![of_message(NOW - MINUTE, Some(NOW + HOUR), Some("spring"))];
    analytics.count(told, Vec::new()).await.unwrap();
    assert_eq!(rows(&analytics, known).await, 0);
    let found = analytics
        .messages(
            &acme(),
            Range {
                from: NOW - DAYS,
                ..day()
            },
        )
        .await
        .unwrap();
    assert_eq!((found.sent, found.read), (1, 1));
    let rebuilt = analytics.rebuild(|_, _| {}).await.unwrap();
    assert!(!rebuilt.changed);
}

#[tokio::test]
async fn who_is_erased_is_written_over_also_in_the_logs() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let in_files = |hash: &[u8]| {
        let files = std::fs::read_dir(dir.path()).unwrap();
        let holds = |file: std::io::Result<std::fs::DirEntry>| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes.windows(hash.len()).any(|part| part == hash)
        };
        files.map(holds).filter(|held| *held).count()
    };
    let hash = analytics.personal.hash(&acme(), PHONE).0;
    for round in 0..2 {
        let told = vec![
            of_person(&format!("in{round}"), NOW, What::Received),
            of_person(&format!("out{round}"), NOW + HOUR, sent()),
        ];
        analytics.track(told).await.unwrap();
        if round > 0 {
            analytics.fold().await.unwrap();
        }
        assert!(in_files(&hash) > 0);
        let erased = analytics.erase(&acme(), &[PHONE.to_owned()]).await;
        assert_eq!(erased.unwrap(), 1);
        assert_eq!(in_files(&hash), 0);
    }
}

#[tokio::test]
async fn who_is_erased_is_so_in_conversations_that_others_were_named_with_later() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let named = |id: &str, phone: &str| Tracked {
        conversation: Some("group".to_owned()),
        person: Some(Who::Phone(phone.to_owned())),
        ..event(id, NOW, What::Received)
    };
    let told = vec![named("a", PHONE), named("b", "+34600000009")];
    analytics.track(told).await.unwrap();
    let erased = analytics.erase(&acme(), &[PHONE.to_owned()]).await;
    assert_eq!(erased.unwrap(), 1);
    let known = "SELECT count(*) FROM conversations WHERE key IS NOT NULL";
    assert_eq!(rows(&analytics, known).await, 0);
    assert_eq!(
        rows(&analytics, "SELECT count(*) FROM named_before").await,
        0
    );
}

#[tokio::test]
async fn responses_are_told_in_business_hours_too() {
    let dir = TempDir::new().unwrap();
    let hours: Hours = "Europe/Madrid;mon-fri 09:00-18:00".parse().unwrap();
    let settings = Settings {
        business_hours: Some(Arc::new(hours)),
        ..Settings::default()
    };
    let analytics = Analytics::open(dir.path(), settings).unwrap();
    // Monday at 17:50 in Madrid, which is two hours ahead; the answer comes on Tuesday at 9:20.
    let told = vec![
        of_person("in", NOW + 15 * HOUR + 50 * MINUTE, What::Received),
        of_person("out", NOW + 31 * HOUR + 20 * MINUTE, sent()),
    ];
    analytics.track(told).await.unwrap();
    let range = Range {
        to: NOW + 48 * HOUR,
        ..day()
    };
    let found = analytics.conversations(&acme(), range).await.unwrap();
    let means = [
        &found.response,
        &found.first_response_in_hours,
        &found.response_in_hours,
    ]
    .map(|durations| durations.mean_ms().unwrap() as i64 / MINUTE);
    assert_eq!(means, [930, 30, 30]);
    // Without them, and with sums made anew, there are none.
    analytics.follow(Settings::default());
    analytics.rebuild(|_, _| {}).await.unwrap();
    let found = analytics.conversations(&acme(), range).await.unwrap();
    assert_eq!(
        (found.response.count(), found.response_in_hours.count()),
        (1, 0)
    );
}
