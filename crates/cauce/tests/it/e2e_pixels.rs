//! Conversion events on their way: taken, hashed, batched, delivered, counted.

use std::{fs, path::Path};

use cauce_sim::{Fault, Poison};
use serde_json::{Value, json};

use crate::support::{
    ADMIN, Outside, QUEUES, SOON, Server, Setup, Tap, Told, event, id, ms, until,
};

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

/// A person of whom nothing may be seen anywhere in plain.
fn canary(number: u64) -> Value {
    let mut event = event(&id(number));
    event["user"] = json!({
        "email": "canary.mail@secret-shop.example", "phone": "+34655043210",
        "firstName": "Canaryfirst", "lastName": "Canarylast", "gender": "f",
        "birthDate": "1987-06-05", "city": "Canarytown", "state": "Canarystate",
        "zip": "CANARY9", "country": "es", "externalId": "canary-external-77",
    });
    event
}

/// How the person would show, and the platform that prescribes it in plain, if one does.
const CANARIES: [(&str, &[&str]); 11] = [
    ("canary.mail", &[]),
    ("secret-shop.example", &[]),
    ("655043210", &[]),
    ("1987-06-05", &[]),
    ("19870605", &[]),
    // The tenant's own id is Google's `user_id` and LinkedIn's `externalIds`, in plain.
    ("canary-external-77", &["google", "linkedin"]),
    // LinkedIn's `userInfo` has names in plain, Google's `address` and TikTok's `user` places.
    ("canaryfirst", &["linkedin"]),
    ("canarylast", &["linkedin"]),
    ("canarytown", &["google", "tiktok"]),
    ("canarystate", &["google", "tiktok"]),
    ("canary9", &["google"]),
];

/// Fails where a person shows who must not show to these platforms.
fn assert_clean(place: &str, platforms: &[&str], text: &str) {
    let text = text.to_lowercase();
    for (canary, prescribed) in CANARIES {
        let may = prescribed
            .iter()
            .any(|platform| platforms.contains(platform));
        assert!(may || !text.contains(canary), "{canary} shows in {place}");
    }
}

fn assert_folder_clean(folder: &Path) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            assert_folder_clean(&path);
        } else {
            let bytes = fs::read(&path).unwrap();
            assert_clean(
                &path.display().to_string(),
                &QUEUES,
                &String::from_utf8_lossy(&bytes),
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_of_a_person_shows_in_plain_anywhere() {
    let outside = Outside::start().await;
    let (mut taps, mut accounts) = (Vec::new(), outside.accounts("acme"));
    for queue in QUEUES {
        let tap = Tap::before(outside.of(queue).addr).await;
        accounts = accounts.replace(&outside.of(queue).base_url(), &tap.base_url());
        taps.push((queue, tap));
    }
    let setup = Setup::new(accounts).and("log", "level = \"trace\"");
    let server = Server::start(&setup);
    let mut told = Told::default();
    told.post(&server, &json!([canary(1), canary(2)])).await;
    // Faults make logs and dead letters talk; poison makes them name an event.
    outside
        .meta
        .faults()
        .poison([id(3).as_str()], Poison::Unnamed);
    outside
        .tiktok
        .faults()
        .next(1, Fault::ServerError { status: 500 });
    outside
        .linkedin
        .faults()
        .next(1, Fault::HalfJson { accepts: true });
    told.post(&server, &json!([canary(3), canary(4)])).await;
    let mut wrong = canary(5);
    wrong["data"]["value"] = json!("canary.mail@secret-shop.example");
    wrong["client"]["ip"] = json!("Canarytown");
    let refused = server
        .ask(
            "POST /api/pixels/events?tenant=acme",
            Some(&wrong.to_string()),
        )
        .await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_clean("a refusal", &[], &refused.body);
    server.emptied(&QUEUES, SOON).await;

    for (queue, tap) in &taps {
        let heard = tap.heard().await;
        assert!(heard.len() > 500, "{queue} heard nothing");
        assert_clean(&format!("what {queue} heard"), &[*queue], &heard);
    }
    for queue in QUEUES {
        for path in ["jobs", "dead", "dead?groupBy=reason"] {
            let answer = server
                .ask(&format!("GET /api/queues/{queue}/{path}"), None)
                .await;
            assert_clean(path, &[], &answer.body);
            for job in answer.json()["items"].as_array().unwrap() {
                let Some(job) = job["id"].as_str() else {
                    continue;
                };
                for view in ["", "/why"] {
                    let answer = server
                        .ask(&format!("GET /api/jobs/{job}{view}"), None)
                        .await;
                    assert_clean("a job", &[], &answer.body);
                    assert!(!answer.body.contains("203.0.113.9"), "{}", answer.body);
                }
            }
        }
    }
    for path in [
        "/metrics",
        "/api/queues",
        "/api/destinations",
        "/api/pixels/stats",
        "/api/pixels/health",
        "/api/pixels/tokens",
        "/api/audit",
        "/readyz",
    ] {
        let answer = server.ask(&format!("GET {path}"), None).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_clean(path, &[], &answer.body);
        assert!(!answer.body.contains("203.0.113.9"), "{path}");
    }
    assert_folder_clean(&setup.data());
    server.stop(SOON).await;
    let log = setup.log();
    assert!(log.contains("listening"), "{log}");
    assert_clean("the log", &[], &log);
    assert!(
        !log.contains(ADMIN) && !log.contains("203.0.113.9"),
        "the log says too much"
    );
    assert_folder_clean(&setup.data());
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
