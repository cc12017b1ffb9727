use serde_json::{Value, json};

use super::*;

const LIMITS: Limits = Limits {
    max_events: 3,
    max_metadata_bytes: 64,
    max_depth: 8,
};
const V: &str = "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d";

fn event() -> Value {
    json!({ "eventId": V, "visitorId": V, "sessionId": V, "eventType": "CLICK",
            "metadata": { "b": 1, "a": [true] }, "occurredAt": "2026-01-31T09:00:00Z",
            "consent": { "analytics": "granted" } })
}

fn batch_of(events: Value) -> Value {
    json!({ "tenantId": "acme", "siteId": V, "sentAt": 1_760_000_000_000_i64,
            "consent": { "analytics": false }, "events": events })
}

fn careful(text: &str) -> Careful {
    let read = careful::read(
        body::text(text.as_bytes(), LIMITS.max_depth).unwrap(),
        &LIMITS,
        &Names::Random,
    );
    read.unwrap()
}

/// Every fault of a body: its pointer and what is said.
fn faults(text: &str) -> Vec<(String, String)> {
    assert!(
        batch::read(text, &LIMITS, &Names::Random).is_none(),
        "{text}"
    );
    let read = careful(text);
    let of_events = read.bad.into_iter().flat_map(|(_, faults)| faults);
    let all = read.faults.into_iter().chain(of_events);
    all.map(|fault| (fault.pointer.unwrap(), fault.detail))
        .collect()
}

#[test]
fn good_batch_is_read_alike_on_both_ways() {
    let mut second = event();
    second["eventType"] = json!("own.kind");
    second["metadata"] = json!({});
    let text = batch_of(json!([event(), second])).to_string();
    let fast = batch::read(&text, &LIMITS, &Names::Random).unwrap();
    let slow = careful(&text);
    assert_eq!((slow.faults, slow.bad.len()), (Vec::new(), 0));
    assert_eq!(fast.events, slow.batch.events);
    assert_eq!(
        (fast.tenant, fast.site),
        (slow.batch.tenant, slow.batch.site)
    );
    assert_eq!(
        (fast.sent_at, fast.consent),
        (slow.batch.sent_at, slow.batch.consent)
    );
    assert_eq!(fast.consent, Some(false));
    assert_eq!(fast.events[0].metadata.as_str(), r#"{"a":[true],"b":1}"#);
    assert_eq!(fast.events[0].consent, Some(true));
    assert_eq!(slow.places, [0, 1]);
}

#[test]
fn texts_with_escapes_are_read_on_the_careful_way() {
    let text = batch_of(json!([event()]))
        .to_string()
        .replace("CLICK", "CL\\u0049CK");
    assert!(batch::read(&text, &LIMITS, &Names::Random).is_none());
    let read = careful(&text);
    assert!(read.faults.is_empty() && read.bad.is_empty());
    assert_eq!(read.batch.events[0].kind.as_str(), "CLICK");
}

#[test]
fn what_may_be_missing_or_null_is_made_up_for() {
    let bare = json!({ "visitorId": V, "sessionId": V, "eventType": "X" });
    let mut nulls = event();
    for name in ["eventId", "metadata", "occurredAt", "consent"] {
        nulls[name] = Value::Null;
    }
    for text in [
        json!({ "events": [bare] }).to_string(),
        json!({ "tenantId": null, "siteId": null, "sentAt": null, "consent": null, "events": [nulls] }).to_string(),
    ] {
        let fast = batch::read(&text, &LIMITS, &Names::Random).unwrap();
        let slow = careful(&text);
        assert!(slow.faults.is_empty() && slow.bad.is_empty(), "{text}");
        for event in [&fast.events[0], &slow.batch.events[0]] {
            assert_eq!(event.metadata.as_str(), "{}");
            assert!(event.occurred_at.is_none() && event.consent.is_none());
        }
        assert_ne!(fast.events[0].id, slow.batch.events[0].id);
    }
}

#[test]
fn every_fault_is_named_with_its_pointer_and_without_the_value() {
    let mut events = [event(), event(), event()];
    events[0]["visitorId"] = json!("canary");
    events[0]["sessionId"] = json!(7);
    events[0]["eventType"] = json!("no spaces");
    events[0]["occurredAt"] = json!("canary-time");
    events[1] = json!("canary");
    events[2].as_object_mut().unwrap().remove("eventType");
    events[2]["metadata"] = json!([1]);
    events[2]["canary/field"] = json!(1);
    events[2]["consent"] = json!({ "analytics": "perhaps", "x": 1 });
    let mut batch = batch_of(json!(events));
    batch["siteId"] = json!("canary");
    batch["consent"] = json!("yes");
    batch["extra"] = json!({});
    let found = faults(&batch.to_string());
    let pointers: Vec<&str> = found.iter().map(|(pointer, _)| pointer.as_str()).collect();
    assert_eq!(
        pointers,
        [
            "/extra",
            "/siteId",
            "/consent",
            "/events/0/visitorId",
            "/events/0/sessionId",
            "/events/0/eventType",
            "/events/0/occurredAt",
            "/events/1",
            "/events/2/canary~1field",
            "/events/2/eventType",
            "/events/2/metadata",
            "/events/2/consent/x",
            "/events/2/consent/analytics",
        ]
    );
    for (pointer, what) in found {
        assert!(!what.contains("canary"), "{pointer}: {what}");
    }
}

#[test]
fn sizes_and_depths_are_named_with_their_settings() {
    let mut long = event();
    long["metadata"] = json!({ "a": "x".repeat(100) });
    let [(pointer, what)] = &faults(&batch_of(json!([long])).to_string())[..] else {
        panic!("one fault")
    };
    assert_eq!(pointer, "/events/0/metadata");
    assert!(
        what.contains("64") && what.contains("tracking.max_metadata"),
        "{what}"
    );
    let deep = json!({ "a": { "b": { "c": { "d": { "e": {} } } } } });
    let mut event = event();
    event["metadata"] = deep;
    let text = batch_of(json!([event])).to_string();
    assert!(batch::read(&text, &LIMITS, &Names::Random).is_none());
    assert!(body::text(text.as_bytes(), LIMITS.max_depth).is_err());
    let four = json!([event_like(), event_like(), event_like(), event_like()]);
    let text = batch_of(four).to_string();
    let refused = careful::read(&text, &LIMITS, &Names::Random).unwrap_err();
    assert_eq!(refused.code, Code::TooManyEntries);
    assert_eq!(faults(&batch_of(json!([])).to_string())[0].0, "/events");
}

fn event_like() -> Value {
    event()
}

#[test]
fn body_that_is_no_batch_is_refused_as_what_it_is() {
    for text in [
        "[]",
        "7",
        "null",
        "\"x\"",
        "{}",
        "{\"events\":{}}",
        "{\"events\":null}",
    ] {
        assert_eq!(faults(text).len(), 1, "{text}");
    }
    for text in ["", "{", "{\"events\":[}", "{} {}", "{\"events\":[1,}"] {
        let Err(problem) = careful::read(text, &LIMITS, &Names::Random) else {
            panic!("{text} was read")
        };
        assert_eq!(problem.code, Code::BadJson, "{text}");
    }
}

#[test]
fn faults_that_are_told_are_bounded() {
    let bad = (0..500)
        .map(|n| (n, vec![Fault::at(format!("/events/{n}"), "x")]))
        .collect();
    let text = String::from_utf8(refused(Vec::new(), bad).to_json()).unwrap();
    assert_eq!(text.matches("\"pointer\"").count(), MAX_FAULTS);
    assert!(text.contains("400 more"), "{text}");
}

#[test]
fn key_given_twice_is_a_fault() {
    let text = format!(
        r#"{{"events":[{{"visitorId":"{V}","visitorId":"{V}","sessionId":"{V}","eventType":"X"}}]}}"#
    );
    assert_eq!(
        faults(&text),
        [("/events/0/visitorId".to_owned(), "given twice".to_owned())]
    );
}
