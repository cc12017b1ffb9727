use cauce_flow::{currency::Currency, id::TenantId, time::Timestamp};
use cauce_observe::analytics::{
    Kind, What,
    calendar::Range,
    event::Money,
    figures::{ConversationFigures, ConversionFigures, MessageFigures},
};
use tempfile::TempDir;

use super::*;

mod kept;
mod property;
mod staged;

const HOUR: i64 = 3_600_000;
const MINUTE: i64 = 60_000;
/// A Monday, at midnight.
const NOW: i64 = 1_760_313_600_000;

fn acme() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn open(dir: &TempDir) -> Analytics {
    Analytics::open(dir.path(), Settings::default()).unwrap()
}

fn sent() -> What {
    What::Sent {
        reached: true,
        took_ms: None,
        retried: false,
    }
}

fn event(id: &str, at: i64, what: What) -> Tracked {
    Tracked {
        tenant: acme(),
        id: EventId::Named(id.to_owned()),
        at: Timestamp::from_millis(at),
        person: None,
        conversation: None,
        campaign: None,
        variant: None,
        label: None,
        channel: None,
        what,
    }
}

/// What tests ask again and again.
impl Analytics {
    async fn messages(&self, tenant: &TenantId, range: Range) -> Result<MessageFigures, Error> {
        self.look(tenant, move |of| of.messages(range)).await
    }

    async fn conversations(
        &self,
        tenant: &TenantId,
        range: Range,
    ) -> Result<ConversationFigures, Error> {
        self.look(tenant, move |of| of.conversations(range)).await
    }

    async fn conversions(
        &self,
        tenant: &TenantId,
        range: Range,
    ) -> Result<ConversionFigures, Error> {
        self.look(tenant, move |of| of.conversions(range)).await
    }
}

fn day() -> Range {
    Range {
        from: NOW,
        to: NOW + 24 * HOUR,
    }
}

#[tokio::test]
async fn a_repeat_is_counted_once_also_after_a_restart() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let events = vec![
        event("a", NOW, sent()),
        event("a", NOW, sent()),
        event("b", NOW + MINUTE, What::Received),
    ];
    let taken = analytics.track(events.clone()).await.unwrap();
    assert_eq!(taken, [true, false, true]);
    analytics.close().await;
    let analytics = open(&dir);
    assert_eq!(analytics.track(events).await.unwrap(), [false; 3]);
    let found = analytics.messages(&acme(), day()).await.unwrap();
    assert_eq!((found.sent, found.received), (1, 1));
    let other = TenantId::new("globex").unwrap();
    assert_eq!(
        analytics.messages(&other, day()).await.unwrap(),
        Default::default()
    );
}

#[tokio::test]
async fn labels_and_channels_are_named() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let labelled = |id: &str, what, label: &str| Tracked {
        label: Some(label.to_owned()),
        channel: Some("whatsapp".to_owned()),
        ..event(id, NOW, what)
    };
    let failed = What::Failed { was_sent: false };
    let events = vec![
        labelled("1", sent(), "text"),
        labelled("2", sent(), "text"),
        labelled("3", sent(), "image"),
        labelled("4", failed, "131026"),
    ];
    analytics.track(events).await.unwrap();
    let found = analytics.messages(&acme(), day()).await.unwrap();
    let named = |all: &[(&str, u64)]| {
        let all = all.iter().map(|(name, count)| ((*name).to_owned(), *count));
        all.collect::<Vec<_>>()
    };
    assert_eq!(found.sent_by_type, named(&[("text", 2), ("image", 1)]));
    assert_eq!(found.sent_by_channel, named(&[("whatsapp", 3)]));
    assert_eq!(found.errors, named(&[("131026", 1)]));
    assert_eq!(found.failure().rate(), Some(0.25));
}

#[tokio::test]
async fn conversions_are_owed_to_the_last_campaign_within_the_window() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let euros = |units| Money {
        currency: Currency::new("EUR").unwrap(),
        units,
    };
    let of = |id: &str, at, phone: &str, campaign: Option<&str>, what| Tracked {
        person: Some(Who::Phone(phone.to_owned())),
        campaign: campaign.map(str::to_owned),
        ..event(id, at, what)
    };
    let sale = |units| What::Converted {
        kind: Kind::Sale,
        value: Some(euros(units)),
    };
    let late = NOW + 8 * 24 * HOUR;
    let events = vec![
        of("s1", NOW + 5, "+34600000002", None, sale(7)),
        of("t1", NOW, "+34600000001", Some("spring"), sent()),
        of("t2", NOW + 10, "+34600000001", Some("summer"), sent()),
        of("s2", NOW + 5, "+34600000001", None, sale(100)),
        of("s3", NOW + 20, "+34600000001", None, sale(200)),
        of("s4", late, "+34600000001", None, sale(400)),
        of("s5", late, "+34600000001", Some("spring"), sale(800)),
        of(
            "c1",
            NOW,
            "+34600000001",
            Some("spring"),
            What::Spent(euros(450)),
        ),
    ];
    for event in events.into_iter().rev() {
        analytics.track(vec![event]).await.unwrap();
    }
    let range = Range {
        to: late + HOUR,
        ..day()
    };
    let campaign = |name: &'static str| {
        let analytics = analytics.clone();
        async move {
            let found = analytics.campaign(&acme(), name, range).await.unwrap();
            found.unwrap().all
        }
    };
    let (spring, summer) = (campaign("spring").await, campaign("summer").await);
    assert_eq!((spring.revenue, spring.converted), (vec![euros(900)], 1));
    assert_eq!((summer.revenue, summer.converted), (vec![euros(200)], 1));
    assert_eq!(spring.cost, [euros(450)]);
    assert_eq!(campaign("spring").await.roi(), [(euros(450), 1.0)]);
    let all = analytics.conversions(&acme(), range).await.unwrap();
    assert_eq!(all.revenue, [euros(1_507)]);
    let none = analytics.campaign(&acme(), "autumn", range).await.unwrap();
    assert_eq!(none, None);
}

#[tokio::test]
async fn a_series_agrees_with_the_total() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let events = (0..100).map(|n| event(&n.to_string(), NOW + n * 13 * MINUTE, sent()));
    analytics.track(events.collect()).await.unwrap();
    let hours: Vec<i64> = (0..=24).map(|hour| NOW + hour * HOUR).collect();
    let minutes: Vec<i64> = (0..=24 * 60).map(|minute| NOW + minute * MINUTE).collect();
    for (moments, by_minute) in [(hours, false), (minutes, true)] {
        let steps = moments.len() - 1;
        let sent = Metric::MessagesSent;
        let points = analytics.series(&acme(), sent, moments, by_minute).await;
        let points = points.unwrap();
        assert_eq!((points.len(), points.iter().sum::<i64>()), (steps, 100));
        assert_eq!(points[0], if by_minute { 1 } else { 5 });
    }
}

#[tokio::test]
async fn campaigns_in_which_something_happened_are_found_the_best_first() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    let of = |id: &str, at, campaign: &str, what| Tracked {
        person: Some(Who::Phone(format!("+34600{id}"))),
        campaign: Some(campaign.to_owned()),
        ..event(id, at, what)
    };
    let lead = What::Converted {
        kind: Kind::Lead,
        value: None,
    };
    let cost = Money {
        currency: Currency::new("EUR").unwrap(),
        units: 1,
    };
    let converts = Tracked {
        person: Some(Who::Phone("+34600three".to_owned())),
        ..event("lead", NOW + HOUR, lead)
    };
    let events = vec![
        of("one", NOW, "busy", sent()),
        of("two", NOW, "busy", sent()),
        of("three", NOW, "good", sent()),
        converts,
        of("four", NOW, "dear", What::Spent(cost)),
        of("five", NOW - 25 * HOUR, "past", sent()),
    ];
    analytics.track(events).await.unwrap();
    let found = busy(&analytics, 9).await;
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["good", "busy", "dear"]);
    assert_eq!((found[0].1.all.converted, found[1].1.all.sent), (1, 2));
    let best = busy(&analytics, 1).await;
    assert_eq!(best, found[..1]);
}

async fn busy(analytics: &Analytics, max: usize) -> Vec<(String, CampaignView)> {
    let look = move |of: &Figures<'_>| of.busy_campaigns(day(), max);
    analytics.look(&acme(), look).await.unwrap()
}

#[tokio::test]
async fn marks_are_there_after_a_restart_and_can_be_moved() {
    let dir = TempDir::new().unwrap();
    let analytics = open(&dir);
    assert_eq!(analytics.mark("a").await.unwrap(), None);
    analytics.keep_mark("a", 7).await.unwrap();
    analytics.keep_mark("a", 5).await.unwrap();
    analytics.close().await;
    let analytics = open(&dir);
    assert_eq!(analytics.mark("a").await.unwrap(), Some(5));
    assert_eq!(analytics.mark("b").await.unwrap(), None);
}
