//! Conversion events on their way: taken, hashed, batched, delivered, counted.

use std::fs;

use serde_json::{Value, json};

use crate::support::{Outside, QUEUES, SOON, Server, Setup, Told, event, id, ms, until};

#[tokio::test(flavor = "multi_thread")]
async fn one_some_and_a_thousand_events_arrive_in_batches_at_every_platform() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();

    let one = told.post(&server, &event(&id(1))).await;
    let platforms = json!(["meta", "google", "linkedin", "tiktok"]);
    let expected = json!({
        "accepted": 1, "duplicates": 0, "rejected": [],
        "events": [{ "index": 0, "eventId": id(1), "platforms": platforms,
                     "duplicate": false, "queuedOn": "embedded" }],
    });
    assert_eq!(one, expected);
    let some: Vec<Value> = (2..5).map(|n| event(&id(n))).collect();
    assert_eq!(told.post(&server, &json!(some)).await["accepted"], 3);
    let thousand: Vec<Value> = (100..1_100).map(|n| event(&id(n))).collect();
    assert_eq!(
        told.post(&server, &json!(thousand)).await["accepted"],
        1_000
    );

    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
    for queue in ["meta", "linkedin", "tiktok"] {
        let ledger = outside.ledger(queue);
        assert_eq!(ledger.repeats(), 0, "{queue}");
        let most = *ledger.batch_sizes().keys().max().unwrap();
        assert_eq!(most, 100, "{queue}: {:?}", ledger.batch_sizes());
        assert!(
            ledger.request_count() <= 20,
            "{queue}: {:?}",
            ledger.batch_sizes()
        );
    }
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
    let (status, _) = server.stop(SOON).await;
    assert!(status.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_is_known_is_a_duplicate_and_goes_nowhere() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    told.post(&server, &event(&id(1))).await;
    let again = told
        .post(
            &server,
            &json!([event(&id(1)), event(&id(2)), event(&id(2))]),
        )
        .await;
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(1), &json!(2)),
        "{again}"
    );
    assert_eq!(again["events"][2]["duplicate"], true, "{again}");
    server.kill();
    // Ids are known after a crash, too.
    let server = Server::start(&setup);
    let after = told
        .post(&server, &json!([event(&id(1)), event(&id(2))]))
        .await;
    assert_eq!(after["duplicates"], 2, "{after}");
    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
    assert_eq!(server.count("meta", "duplicates").await, 4);
    assert_eq!(server.count("meta", "accepted").await, 2);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn faulty_events_are_named_by_pointer_and_the_rest_is_taken() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    let spoilt: [(&str, Value); 6] = [
        ("/eventType", json!(null)),
        ("/eventId", json!("not-a-uuid")),
        ("/occurredAt", json!("yesterday")),
        ("/data/value", json!("twelve")),
        ("/client/ip", json!("nowhere")),
        ("/consent/analytics", json!("perhaps")),
    ];
    let mut events = vec![event(&id(1))];
    for (pointer, value) in &spoilt {
        let mut event = event(&id(100));
        event["consent"] = json!({});
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[field] = value.clone();
        events.push(event);
    }
    let mut two = event(&id(101));
    two["data"]["currency"] = json!("DOUBLOONS");
    two["user"]["shoeSize"] = json!(44);
    events.push(two);
    events.push(event(&id(2)));
    let answer = told.post(&server, &json!(events)).await;
    assert_eq!(answer["accepted"], 2, "{answer}");
    let rejected = answer["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 7, "{answer}");
    for (place, (pointer, _)) in (1..).zip(&spoilt) {
        let one = &rejected[place - 1];
        assert_eq!(one["index"], place, "{one}");
        assert_eq!(one["errors"][0]["pointer"], *pointer, "{one}");
        assert!(
            one["errors"][0]["detail"]
                .as_str()
                .is_some_and(|text| text.len() > 5),
            "{one}"
        );
    }
    assert_eq!(
        rejected[6]["errors"].as_array().map(Vec::len),
        Some(2),
        "{answer}"
    );
    assert_eq!(answer["events"][1]["index"], 8, "{answer}");
    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_consent_withholds_is_not_sent_and_is_counted() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    let denying = |number: u64, consent: Value| {
        let mut event = event(&id(number));
        event["consent"] = consent;
        event
    };
    let answer = told
        .post(
            &server,
            &json!([
                denying(1, json!({ "analytics": "denied" })),
                denying(2, json!({ "adUserData": "denied" })),
                denying(3, json!({ "adStorage": "denied", "analytics": "denied" })),
                denying(4, json!({ "adPersonalization": "denied" })),
            ]),
        )
        .await;
    let platforms = |index: usize| answer["events"][index]["platforms"].clone();
    let ads = json!(["meta", "linkedin", "tiktok"]);
    assert_eq!(platforms(0), ads, "{answer}");
    assert_eq!(platforms(1), json!(["google"]), "{answer}");
    assert_eq!(platforms(2), json!([]), "{answer}");
    assert_eq!(platforms(3), json!(QUEUES), "{answer}");
    assert_eq!(
        answer["events"][2]["withheld"].as_array().map(Vec::len),
        Some(4),
        "{answer}"
    );
    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
    for queue in QUEUES {
        assert_eq!(outside.ledger(queue).accepted_events(), 2, "{queue}");
        assert_eq!(server.count(queue, "withheld").await, 2, "{queue}");
    }
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
    let stats = server.get("/api/pixels/stats").await;
    for queue in QUEUES {
        let of = |name: &str| stats["platforms"][queue][name].as_u64();
        assert_eq!(
            (of("received"), of("withheld")),
            (Some(4), Some(2)),
            "{stats}"
        );
        assert_eq!(
            (of("queued"), of("sent"), of("dead")),
            (Some(2), Some(2), Some(0)),
            "{stats}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_health_and_tokens_tell_what_happened() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    let events: Vec<Value> = (0..50).map(|n| event(&id(n))).collect();
    told.post(&server, &json!(events)).await;
    server.emptied(&QUEUES, SOON).await;
    let stats = server
        .get("/api/pixels/stats?platform=meta&interval=1m")
        .await;
    let meta = &stats["platforms"]["meta"];
    assert_eq!(
        (&meta["sent"], &meta["requests"]),
        (&json!(50), &json!(1)),
        "{stats}"
    );
    assert_eq!(meta["requestsSaved"], 49, "{stats}");
    assert_eq!(meta["successRate"], 1.0, "{stats}");
    assert!(
        meta["latencyMs"]["p99"].as_f64().is_some_and(|ms| ms > 0.0),
        "{stats}"
    );
    assert!(stats["platforms"]["google"].is_null(), "{stats}");
    let steps = stats["series"].as_array().unwrap();
    let sent: u64 = steps
        .iter()
        .filter_map(|s| s["platforms"]["meta"]["sent"].as_u64())
        .sum();
    assert_eq!(sent, 50);
    // A day of minutes, the first and the last in part.
    assert!((1_440..=1_441).contains(&steps.len()), "{}", steps.len());

    let health = server.get("/api/pixels/health").await;
    assert_eq!(health["status"], "ok", "{health}");
    assert_eq!(health["backend"], "embedded", "{health}");
    assert!(
        health["lastBatchAgeSeconds"]
            .as_f64()
            .is_some_and(|age| age < 60.0),
        "{health}"
    );
    assert_eq!(health["breakers"]["acme-meta"], "closed", "{health}");
    let verified = server
        .post("/api/pixels/tokens/verify?tenant=acme", &json!({}))
        .await;
    let states: Vec<_> = verified["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| &t["state"])
        .collect();
    assert_eq!(states.len(), 4, "{verified}");
    assert!(
        states
            .iter()
            .all(|state| ["valid", "unknown"].contains(&state.as_str().unwrap()))
    );
    let tokens = server.get("/api/pixels/tokens").await;
    let meta = tokens["items"]
        .as_array()
        .unwrap()
        .iter()
        .find(|t| t["platform"] == "meta");
    assert_eq!(meta.unwrap()["state"], "valid", "{tokens}");
    assert!(meta.unwrap()["checkedAt"].is_string(), "{tokens}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_pauses_the_account_until_a_reload_mends_it() {
    let outside = Outside::start().await;
    let accounts = |token: &str| {
        let rest = QUEUES[1..]
            .iter()
            .map(|queue| outside.account(queue, "acme", "ok"));
        outside.account("meta", "acme", token) + &rest.collect::<String>()
    };
    let mut setup = Setup::new(accounts("revoked"));
    let server = Server::start(&setup);
    let mut told = Told::default();
    let events: Vec<Value> = (0..150).map(|n| event(&id(n))).collect();
    told.post(&server, &json!(events)).await;
    server.emptied(&QUEUES[1..], SOON).await;
    until("the token is known as bad", SOON, async || {
        let tokens = server.get("/api/pixels/tokens").await;
        let meta = tokens["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|t| t["platform"] == "meta");
        ["invalid", "expired"].contains(&meta.unwrap()["state"].as_str().unwrap())
    })
    .await;
    assert_eq!(server.count("meta", "pending").await, 150);
    assert_eq!(server.count("meta", "dead").await, 0);
    let jobs = server.get("/api/queues/meta/jobs?limit=500").await;
    let jobs = jobs["items"].as_array().unwrap();
    assert!(
        jobs.iter().all(|job| job["attempt"] == 0),
        "an attempt was used up"
    );
    let why = server
        .get(&format!(
            "/api/jobs/{}/why",
            jobs[0]["id"].as_str().unwrap()
        ))
        .await;
    assert!(!why["gates"].as_array().unwrap().is_empty(), "{why}");
    // The account stays alone: the platform is not asked again and again.
    let asked = outside.meta.ledger().request_count();
    tokio::time::sleep(ms(700)).await;
    assert_eq!(outside.meta.ledger().request_count(), asked);

    setup.change_accounts(accounts("ok"));
    server.reload(&setup).await;
    server.emptied(&["meta"], SOON).await;
    told.assert_arrived(&outside);
    assert_eq!(outside.meta.ledger().repeats(), 0);
    assert_eq!(server.law_breakers().await, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_file_changes_nothing_at_a_reload() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme"));
    let server = Server::start(&setup);
    let good = fs::read_to_string(setup.config()).unwrap();
    fs::write(setup.config(), good.replace("access_token", "acces_token")).unwrap();
    server.signal("HUP");
    until("the log says why", SOON, async || {
        setup.log().contains("unknown setting") && setup.log().contains("access_token")
    })
    .await;
    let mut told = Told::default();
    told.post(&server, &event(&id(1))).await;
    server.emptied(&QUEUES, SOON).await;
    told.assert_arrived(&outside);
}
