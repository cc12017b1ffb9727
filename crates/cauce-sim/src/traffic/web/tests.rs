use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

#[test]
fn the_same_seed_gives_the_same_bodies() {
    let bodies = |seed| {
        let mut traffic = WebTraffic::new(WebOptions {
            seed,
            sites: 3,
            ..WebOptions::default()
        });
        (0..5)
            .map(|_| traffic.next_body(20).json)
            .collect::<Vec<_>>()
    };
    assert_eq!(bodies(7), bodies(7));
    assert_ne!(bodies(7), bodies(8));
}

#[test]
fn body_is_json_that_holds_what_is_told_of_it() {
    let mut traffic = WebTraffic::new(WebOptions::default());
    let mut before_ms = 0;
    for _ in 0..200 {
        let body = traffic.next_body(50);
        let json: Value = serde_json::from_str(&body.json).unwrap();
        assert_eq!(json["siteId"], body.site.as_str());
        for (told, event) in body.events.iter().zip(json["events"].as_array().unwrap()) {
            assert_eq!(event["eventId"], told.id.to_string());
            assert_eq!(event["visitorId"], told.visitor.to_string());
            assert_eq!(event["sessionId"], told.session.to_string());
            assert_eq!(event["eventType"], told.kind);
            assert!(event["metadata"].is_object());
            assert!(
                told.at_ms >= before_ms,
                "events come in the order of their times"
            );
            before_ms = told.at_ms;
        }
    }
}

#[test]
fn visits_are_as_long_as_real_ones_and_some_visitors_return() {
    let mut traffic = WebTraffic::new(WebOptions::default());
    let events: Vec<WebEvent> = (0..2_000)
        .flat_map(|_| traffic.next_body(50).events)
        .collect();
    let sessions: BTreeSet<Uuid> = events.iter().map(|event| event.session).collect();
    let visitors: BTreeSet<Uuid> = events.iter().map(|event| event.visitor).collect();
    let per_session = events.len() / sessions.len();
    assert!(
        (10..=20).contains(&per_session),
        "{per_session} events a session"
    );
    assert!(visitors.len() < sessions.len(), "nobody came again");
    let kinds: BTreeSet<&str> = events.iter().map(|event| event.kind).collect();
    assert!(
        kinds.contains("PURCHASE") && kinds.contains("SCROLL"),
        "{kinds:?}"
    );
}
