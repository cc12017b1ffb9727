//! Analytics over sockets: what is tracked, what Cauce itself sends and hears, and what it comes to,
//! through callbacks in any order, repeats and kills.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use cauce_sim::Callbacks;
use serde_json::{Value, json};

use crate::support::{ADMIN, SOON, Senders, Server, Setup, run, until};

const OF: &str = "?tenant=acme";

async fn figures(server: &Server, path: &str) -> Value {
    let glue = if path.contains('?') { "&" } else { "?" };
    let path = format!("/api/analytics/{path}{glue}tenant=acme");
    server.get(&path).await
}

async fn track(server: &Server, events: &Value) -> Value {
    server
        .post(&format!("/api/analytics/track{OF}"), events)
        .await
}

/// An hour of conversations with conversions, as an application would tell it.
fn story(people: u64) -> Value {
    let mut events = Vec::new();
    for person in 0..people {
        let phone = format!("+3460020{person:04}");
        let of = |kind: &str, event: Value| {
            let mut event = event;
            event["id"] = json!(format!("{kind}-{person}"));
            event["phone"] = json!(phone);
            event
        };
        events.push(of(
            "in",
            json!({"type": "messageReceived", "messageType": "text"}),
        ));
        events.push(of(
            "out",
            json!({"type": "messageSent", "messageType": "text",
            "campaignId": "spring", "variant": if person % 2 == 0 { "a" } else { "b" }}),
        ));
        events.push(of("lead", json!({"type": "conversion", "kind": "lead"})));
        events.push(of(
            "sale",
            json!({"type": "conversion", "kind": "sale", "value": 10.1,
            "currency": "EUR"}),
        ));
        events.push(of(
            "end",
            json!({"type": "conversationEnded", "endedBy": "agent"}),
        ));
    }
    let cost = json!({"type": "campaign", "id": "cost", "campaignId": "spring", "cost": "50.50",
        "currency": "EUR"});
    events.push(cost);
    Value::Array(events)
}

#[tokio::test(flavor = "multi_thread")]
async fn tracked_events_are_counted_once_through_repeats_and_kills() {
    let setup = Setup::new(String::new());
    let mut server = Server::start(&setup);
    let events = story(20);
    let taken = track(&server, &events).await;
    assert_eq!(
        taken,
        json!({"accepted": 101, "duplicates": 0, "rejected": []})
    );
    for _ in 0..3 {
        server.kill();
        server = Server::start(&setup);
        let taken = track(&server, &events).await;
        assert_eq!(taken["duplicates"], 101, "{taken}");
    }
    let messages = figures(&server, "messages?timeZone=Europe/Madrid").await;
    assert_eq!(messages["sent"], 20, "{messages}");
    assert_eq!(
        messages["sentByType"],
        json!([{"name": "text", "count": 20}])
    );
    let hours = messages["byHour"].as_array().unwrap().iter();
    let sent: u64 = hours.map(|hour| hour["sent"].as_u64().unwrap()).sum();
    assert_eq!(sent, 20);
    let talks = figures(&server, "conversations").await;
    let of = |name: &str| talks[name].as_u64().unwrap();
    assert_eq!(
        (of("started"), of("ended"), of("active")),
        (20, 20, 0),
        "{talks}"
    );
    assert_eq!(talks["firstResponse"]["count"], 20);
    assert_eq!(talks["endedBy"], json!([{"name": "agent", "count": 20}]));
    let conversions = figures(&server, "conversions").await;
    let revenue = json!([{"currency": "EUR", "amount": "202.00", "units": 20_200}]);
    assert_eq!(conversions["revenue"], revenue);
    assert_eq!(conversions["funnel"][3]["people"], 20, "{conversions}");
    assert_eq!(conversions["campaigns"][0]["campaignId"], "spring");
    let campaign = figures(&server, "campaigns/spring").await;
    assert_eq!(campaign["roi"], json!({"EUR": 3.0}), "{campaign}");
    assert_eq!(campaign["variants"].as_array().unwrap().len(), 2);
    assert_eq!(campaign["differences"][2]["verdict"], "tooFew");
    for interval in ["minute", "hour", "day", "week"] {
        let from = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(2)).to_string();
        let path = format!("timeseries?metric=messagesSent&interval={interval}&from={from}");
        let series = figures(&server, &path).await;
        assert_eq!(series["total"], 20, "{interval}: {series}");
    }
    let revenue = figures(&server, "timeseries?metric=revenue&currency=EUR").await;
    assert_eq!(revenue["total"], 20_200);
    assert_eq!(revenue["points"].as_array().unwrap().len(), 31);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_on_is_not_told_as_over() {
    let server = Server::start(&Setup::new(String::new()));
    let of = |phone: &str| json!({"type": "messageReceived", "phone": phone});
    track(&server, &json!([of("+34600200001"), of("+34600200002")])).await;
    let talks = figures(&server, "conversations").await;
    assert_eq!((&talks["ended"], &talks["active"]), (&json!(0), &json!(2)));
    for interval in ["hour", "week"] {
        let path = format!("timeseries?metric=conversationsEnded&interval={interval}");
        let from = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(2)).to_string();
        let series = figures(&server, &format!("{path}&from={from}")).await;
        assert_eq!(series["total"], 0, "{series}");
    }
    // The month holds the moment at which both will have been silent for a day, but on its last.
    let just_now = jiff::Timestamp::now() - jiff::SignedDuration::from_secs(1);
    let report = format!("report?period=month&from={just_now}");
    let report = figures(&server, &report).await;
    let tables = report["sections"].as_array().unwrap().iter();
    let tables = tables.flat_map(|section| section["tables"].as_array().unwrap());
    let table = tables.clone().find(|table| table["id"] == "endedBy");
    assert_eq!(table.unwrap()["rows"], json!([]), "{report}");
    let made_at = report["madeAt"].as_str().unwrap();
    assert!(made_at.ends_with("+00:00"), "{made_at}");
}

/// People of one call of [`talks`].
const PEOPLE: u64 = 5;

/// A call: people write and are answered. The same number makes the same call.
fn talks(caller: u64, number: u64) -> Value {
    let of = |kind: &str, person: u64| {
        json!({"type": kind, "id": format!("{kind}-{caller}-{number}-{person}"),
            "phone": format!("+346{caller}{number:05}{person:02}")})
    };
    let people = 0..PEOPLE;
    let talks =
        people.flat_map(|person| ["messageReceived", "messageSent"].map(|kind| of(kind, person)));
    Value::Array(talks.collect())
}

/// Tracks calls from this number on until the server has gone; answers the first that was not
/// acknowledged.
async fn track_on(server: Arc<Server>, done: Arc<AtomicU64>, caller: u64, from: u64) -> u64 {
    let request = format!("POST /api/analytics/track{OF}");
    for number in from.. {
        let body = talks(caller, number).to_string();
        match server.try_ask(ADMIN, &request, &[], Some(&body)).await {
            // A torn answer acknowledges nothing.
            Ok(answer) if answer.status == 202 && !answer.json().is_null() => {
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok(_) | Err(_) => return number,
        }
    }
    unreachable!("numbers do not end")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_tracked_while_the_process_is_killed_counts_once() {
    let setup = Setup::new(String::new());
    let mut acknowledged = [0_u64; 3];
    for cycle in 1..=6 {
        let (server, done) = (Arc::new(Server::start(&setup)), Arc::default());
        let callers = [0, 1, 2].map(|caller: usize| {
            let from = acknowledged[caller];
            let (server, done) = (Arc::clone(&server), Arc::clone(&done));
            tokio::spawn(track_on(server, done, caller as u64, from))
        });
        until("calls are acknowledged", SOON, async || {
            done.load(Ordering::Relaxed) >= 2 * cycle
        })
        .await;
        server.signal("KILL");
        for (caller, tracked) in callers.into_iter().enumerate() {
            acknowledged[caller] = tracked.await.unwrap();
        }
        Arc::into_inner(server).unwrap().kill();
    }
    let server = Server::start(&setup);
    for (caller, count) in acknowledged.into_iter().enumerate() {
        // The call that was under way may be on disk or not; what was acknowledged is.
        track(&server, &talks(caller as u64, count)).await;
        if let Some(last) = count.checked_sub(1) {
            let again = track(&server, &talks(caller as u64, last)).await;
            assert_eq!(again["duplicates"], 2 * PEOPLE, "{again}");
        }
    }
    let people = acknowledged.iter().map(|count| count + 1).sum::<u64>() * PEOPLE;
    let messages = figures(&server, "messages").await;
    assert_eq!(
        (&messages["sent"], &messages["received"]),
        (&json!(people), &json!(people))
    );
    let talks = figures(&server, "conversations").await;
    assert_eq!(
        (&talks["started"], &talks["active"]),
        (&json!(people), &json!(people))
    );
    assert_eq!(talks["firstResponse"]["count"], people, "{talks}");
    assert_eq!(talks["firstResponseInBusinessHours"], Value::Null);
    server.stop(SOON).await;
    let rebuilt = run(&setup, &["analytics", "rebuild"]);
    let told: Value = serde_json::from_slice(&rebuilt.stdout).unwrap_or_default();
    assert_eq!(
        (&told["events"], &told["changed"]),
        (&json!(2 * people), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_events_and_questions_are_named() {
    let server = Server::start(&Setup::new(String::new()));
    let events = json!([{"type": "messageSent"}, {"type": "conversion", "kind": "buyer"}, 7]);
    let taken = track(&server, &events).await;
    assert_eq!(taken["accepted"], 1, "{taken}");
    let rejected = taken["rejected"].as_array().unwrap();
    assert_eq!(rejected[0]["errors"][0]["pointer"], "/kind", "{taken}");
    assert_eq!(rejected[1]["index"], 2, "{taken}");
    let one = format!("POST /api/analytics/track{OF}");
    let refused = server
        .ask(&one, Some(r#"{"type":"conversion","kind":"sale"}"#))
        .await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    for (path, parameter) in [
        ("messages?timeZone=Madrid", "timeZone"),
        ("messages?from=2020-01-01T00:00:00Z", "from"),
        (
            "messages?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z",
            "from",
        ),
        ("timeseries", "metric"),
        ("timeseries?metric=revenue", "currency"),
        ("timeseries?metric=revenue&currency=XXX", "currency"),
        ("timeseries?metric=messagesSent&interval=year", "interval"),
        ("timeseries?metric=messagesSent&interval=minute", "interval"),
        ("messages?zone=UTC", "zone"),
    ] {
        let glue = if path.contains('?') { "&" } else { "?" };
        let request = format!("GET /api/analytics/{path}{glue}tenant=acme");
        let refused = server.ask(&request, None).await;
        assert_eq!(refused.status, 400, "{path}: {}", refused.body);
        let errors = &refused.json()["errors"];
        assert_eq!(
            errors[0]["parameter"], parameter,
            "{path}: {}",
            refused.body
        );
    }
    let unknown = server
        .ask(&format!("GET /api/analytics/campaigns/none{OF}"), None)
        .await;
    assert_eq!(unknown.status, 404, "{}", unknown.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cauce_sends_and_hears_is_counted_once_through_callbacks_and_a_kill() {
    let senders = Senders::start().await;
    let setup = senders.setup();
    let mut server = Server::start(&setup);
    senders.call_back(&server, &Callbacks::default());
    for number in 0..12 {
        let message = json!({"to": format!("+3460010{number:04}"), "text": "Hola",
            "sender": "twilio"});
        server
            .post(&format!("/api/whatsapp/messages{OF}"), &message)
            .await;
    }
    until("all are read", SOON, async || {
        figures(&server, "messages").await["read"] == 12
    })
    .await;
    senders.called_back().await;
    server.kill();
    server = Server::start(&setup);
    let told = track(&server, &json!([])).await;
    assert_eq!(told["accepted"], 0);
    let messages = figures(&server, "messages").await;
    for name in ["sent", "delivered", "read"] {
        assert_eq!(messages[name], 12, "{name}: {messages}");
    }
    assert_eq!(messages["deliveryRate"], 1.0);
    assert_eq!(
        messages["sentByChannel"],
        json!([{"name": "whatsapp", "count": 12}])
    );
    let performance = figures(&server, "performance").await;
    assert_eq!(performance["toProvider"]["count"], 12, "{performance}");
    assert_eq!(performance["toDelivered"]["count"], 12, "{performance}");
    assert_eq!(
        performance["busiestMinute"].as_u64().map(|most| most > 0),
        Some(true)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_erased_and_sums_made_anew_are_the_same() {
    let setup = Setup::new(String::new());
    let mut server = Server::start(&setup);
    track(&server, &story(5)).await;
    let erased = json!({"phones": ["+34 600 200 001", "+34600209999"]});
    let erased = server
        .post(&format!("/api/analytics/erase{OF}"), &erased)
        .await;
    assert_eq!(erased, json!({"erased": 1}));
    let before = figures(&server, "conversions").await;
    // Whoever is erased is unknown from then on: a sale is that of a new person.
    let sale = json!({"type": "conversion", "kind": "sale", "value": 1, "currency": "EUR",
        "phone": "+34600200001"});
    track(&server, &sale).await;
    let after = figures(&server, "conversions").await;
    assert_eq!(before["funnel"][3]["people"], 5, "{before}");
    assert_eq!(after["funnel"][3]["people"], 6, "{after}");
    server.stop(SOON).await;
    let rebuilt = run(&setup, &["analytics", "rebuild"]);
    let told: Value = serde_json::from_slice(&rebuilt.stdout).unwrap_or_default();
    assert_eq!(told["events"], 27, "{rebuilt:?}");
    assert_eq!(told["changed"], false, "{told}");
    server = Server::start(&setup);
    let again = figures(&server, "conversions").await;
    assert_eq!(again["funnel"], after["funnel"]);
    // Beside a running server the sums are left alone.
    let refused = run(&setup, &["analytics", "rebuild"]);
    assert!(!refused.status.success(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_says_in_every_format_what_was_tracked() {
    let server = Server::start(&Setup::new(String::new()));
    track(&server, &story(20)).await;
    let from = (jiff::Timestamp::now() - jiff::SignedDuration::from_hours(2)).to_string();
    let report = figures(&server, &format!("report?from={from}&language=es")).await;
    assert_eq!(report["title"], "Informe", "{report}");
    let row = |table: &str, row: usize| {
        report["sections"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|section| section["tables"].as_array().unwrap())
            .find(|own| own["id"] == table)
            .unwrap()["rows"][row]
            .clone()
    };
    assert_eq!(row("messages", 0), json!(["Enviados", 20, 0, null]));
    assert_eq!(row("funnel", 3)[1], 20);
    assert_eq!(row("money", 0)[1]["amount"], "202.00", "{report}");
    assert_eq!(row("variants", 1)[6], "aún muy pocos");
    for (format, kind, begins) in [
        ("csv", "text/csv; charset=utf-8", "\u{feff}section,table,"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "PK",
        ),
        ("pdf", "application/pdf", "%PDF-"),
    ] {
        let path = format!("GET /api/analytics/report{OF}&from={from}&format={format}");
        let answer = server.ask(&path, None).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        assert_eq!(answer.headers["content-type"], kind);
        let name = &answer.headers["content-disposition"];
        assert!(name.ends_with(&format!(".{format}\"")), "{name}");
        assert!(answer.body.starts_with(begins), "{format}");
    }
    for (query, parameter) in [
        ("period=year", "period"),
        ("period=day&to=2026-01-01T00:00:00Z", "to"),
        ("period=day&from=2199-01-01T00:00:00Z", "from"),
        ("language=fr", "language"),
        ("format=doc", "format"),
        ("table=money", "table"),
        ("format=csv&table=mony", "table"),
        ("timeZone=Mars", "timeZone"),
    ] {
        let path = format!("GET /api/analytics/report{OF}&{query}");
        let answer = server.ask(&path, None).await;
        assert_eq!(answer.status, 400, "{query}: {}", answer.body);
        let said = answer.json()["errors"].to_string();
        assert!(
            said.contains(&format!("\"{parameter}\"")),
            "{query}: {said}"
        );
    }
}
