use std::collections::{BTreeMap, BTreeSet};

use super::{Flaw, Made, Traffic, TrafficOptions};

fn take(options: TrafficOptions, count: usize) -> Vec<Made> {
    Traffic::new(options).take(count).collect()
}

fn seeded(seed: u64) -> TrafficOptions {
    TrafficOptions {
        seed,
        ..TrafficOptions::default()
    }
}

#[test]
fn same_seed_gives_the_same_events() {
    assert_eq!(take(seeded(3), 500), take(seeded(3), 500));
    assert_ne!(take(seeded(3), 5), take(seeded(4), 5));
}

#[test]
fn ids_are_unique_and_times_in_order() {
    let made = take(seeded(1), 5000);
    let ids: BTreeSet<_> = made.iter().map(|one| &one.event_id).collect();
    assert_eq!(ids.len(), made.len());
    assert!(made.is_sorted_by_key(|one| one.at_ms));
    let seconds = (made[4999].at_ms - made[0].at_ms) / 1000;
    assert!(
        (450..550).contains(&seconds),
        "5000 events at 10/s took {seconds} s"
    );
    assert_eq!(made[0].event["occurredAt"], "2026-01-01T00:00:00Z");
}

#[test]
fn funnel_narrows_and_purchases_add_up() {
    let made = take(seeded(1), 20_000);
    let mut counts = BTreeMap::<&str, u32>::new();
    for one in &made {
        *counts
            .entry(one.event["eventType"].as_str().unwrap())
            .or_default() += 1;
    }
    let funnel = [
        "view_content",
        "add_to_cart",
        "initiate_checkout",
        "add_payment_info",
        "purchase",
    ];
    assert!(
        funnel.is_sorted_by_key(|name| u32::MAX - counts[name]),
        "{counts:?}"
    );
    assert!(counts["purchase"] > 200, "{counts:?}");

    for purchase in made
        .iter()
        .filter(|one| one.event["eventType"] == "purchase")
    {
        let data = &purchase.event["data"];
        let items = data["items"].as_array().unwrap();
        let line = |item: &serde_json::Value| {
            item["price"].as_f64().unwrap() * item["quantity"].as_f64().unwrap()
        };
        let sum: f64 = items.iter().map(line).sum();
        assert!(
            (sum - data["value"].as_f64().unwrap()).abs() < 0.005,
            "{data}"
        );
        assert!(data["currency"].is_string() && data["orderId"].is_string() && sum > 0.0);
    }
}

#[test]
fn consent_of_the_event_is_the_one_told() {
    let made = take(seeded(1), 20_000);
    for one in &made {
        let consent = &one.event["consent"];
        assert_eq!(consent.is_object(), one.consent.asked);
        assert_eq!(
            consent["analytics"] == "denied",
            one.consent.analytics_denied
        );
        assert_eq!(consent["adStorage"] == "denied", one.consent.ads_denied);
    }
    let denied = made
        .iter()
        .filter(|one| one.consent.analytics_denied)
        .count();
    assert!((500..2500).contains(&denied), "{denied}");
}

#[test]
fn bad_events_come_only_when_asked_for() {
    assert!(take(seeded(1), 2000).iter().all(|one| one.flaw.is_none()));
    let made = take(
        TrafficOptions {
            bad_share: 0.1,
            ..seeded(1)
        },
        2000,
    );
    let flaws: Vec<_> = made.iter().filter_map(|one| one.flaw).collect();
    assert!((150..250).contains(&flaws.len()), "{}", flaws.len());
    assert_eq!(
        flaws.into_iter().collect::<BTreeSet<_>>().len(),
        Flaw::ALL.len()
    );
}

#[test]
fn batch_is_a_json_array_of_its_events() {
    let options = TrafficOptions {
        tag_events: true,
        platforms: Some(vec!["meta".into()]),
        ..seeded(9)
    };
    let (body, made) = Traffic::new(options).next_batch(50);
    let parsed: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        parsed,
        made.iter().map(|one| one.event.clone()).collect::<Vec<_>>()
    );
    assert_eq!(parsed[0]["data"]["event_id"], made[0].event_id.as_str());
    assert_eq!(parsed[0]["platforms"][0], "meta");
}
