//! The answers that applications were promised, field by field, from a campaign whose figures are
//! known beforehand.

use cauce_sim::Treatment;
use serde_json::{Value, json};

use crate::support::{Messenger, Server, contacts, number, secs, until};

/// Fields that are different each time, by their name.
const VARYING: [&str; 17] = [
    "jobId",
    "campaignId",
    "id",
    "startedAt",
    "finishedAt",
    "createdAt",
    "updatedAt",
    "messagesPerSecond",
    "averageProcessingTime",
    "processingRate",
    "latency",
    "oldestWaitingMs",
    "rate",
    "rateUsed",
    "p50",
    "p95",
    "p99",
];

/// The same JSON with what varies shown by its kind.
fn steady(value: &Value) -> Value {
    let kind = |value: &Value| match value {
        Value::Null => json!("[null]"),
        Value::Bool(_) => json!("[true or false]"),
        Value::Number(_) => json!("[number]"),
        Value::String(_) => json!("[text]"),
        Value::Array(_) => json!("[list]"),
        Value::Object(_) => json!("[object]"),
    };
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, value)| match VARYING.contains(&name.as_str()) {
                true => (name.clone(), kind(value)),
                false => (name.clone(), steady(value)),
            })
            .collect::<serde_json::Map<_, _>>()
            .into(),
        Value::Array(items) => items.iter().map(steady).collect(),
        other => other.clone(),
    }
}

/// Every field of `promised` is in `answer`, with a value of the same kind.
fn assert_shape(promised: &Value, answer: &Value, at: &str) {
    match (promised, answer) {
        (Value::Object(fields), Value::Object(found)) => {
            for (name, value) in fields {
                let found = found.get(name);
                let found = found.unwrap_or_else(|| panic!("no {at}/{name} in {answer}"));
                assert_shape(value, found, &format!("{at}/{name}"));
            }
        }
        (Value::Object(fields), other) if !fields.is_empty() => panic!("{at} is {other}"),
        (Value::Number(_), other) => assert!(other.is_number(), "{at} is {other}"),
        (Value::String(_), other) => assert!(other.is_string(), "{at} is {other}"),
        (Value::Bool(_), other) => assert!(other.is_boolean(), "{at} is {other}"),
        _ => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_of_the_requirement_have_its_fields_and_true_figures() {
    let twilio = Messenger::twilio().await;
    let windows = r#"rate = [[10, "1s"], [600, "1m"], [36000, "1h"]]"#;
    let setup = twilio.setup(&format!("{windows}\nconcurrency = 50\n"));
    let server = Server::start(&setup);
    twilio
        .at
        .messages()
        .treat(&number(3), Treatment::Refused(21_211));
    let body = json!({
        "tenant": "acme", "name": "Test Campaign", "message": "Hola, esto es una prueba", "sender": twilio.sender(),
        "contacts": contacts(0..20),
    });
    let made = server.post("/api/campaigns", &body).await;
    let id = made["id"].as_str().unwrap().to_owned();
    let path = |what: &str| format!("/api/campaigns/{id}/{what}");

    let started = server.post(&path("start"), &json!({})).await;
    let promised = json!({
        "message": "x", "jobId": "campaign_123_1703123456789", "estimatedContacts": 1000,
        "estimatedTime": 100_000, "campaign": {},
    });
    assert_shape(&promised, &started, "start");
    let job = started["jobId"].as_str().unwrap();
    let epoch_ms = job.strip_prefix(&format!("campaign_{id}_")).or_else(|| {
        // The id of a campaign may begin with the word itself.
        job.strip_prefix(&format!("{id}_"))
    });
    assert!(epoch_ms.is_some_and(|ms| ms.len() == 13), "{job}");
    assert_eq!(started["estimatedContacts"], 20);
    assert_eq!(started["estimatedTime"], 2_000, "twenty at ten a second");
    insta::assert_json_snapshot!("requirement_start", steady(&started));

    let status = async || server.get(&path("queue-status")).await;
    until("it is completed", secs(20), async || {
        status().await["status"]["status"] == "completed"
    })
    .await;
    let ended = status().await;
    let promised = json!({"success": true, "status": {
        "campaignId": "campaign_123", "status": "sending", "totalJobs": 5, "activeJobs": 2,
        "waitingJobs": 1, "completedJobs": 1, "failedJobs": 1,
        "progress": {
            "processed": 500, "total": 1000, "success": 480, "failed": 20, "percentage": 50,
        },
        "metrics": {"messagesPerSecond": 1, "successRate": 1, "circuitBreakerStatus": "closed"},
    }});
    assert_shape(&promised, &ended, "queue-status");
    let progress = &ended["status"]["progress"];
    let expected = json!({
        "processed": 20, "total": 20, "success": 19, "failed": 1, "percentage": 100,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(
            progress[name].as_f64(),
            value.as_f64(),
            "{name} of {progress}"
        );
    }
    insta::assert_json_snapshot!("requirement_queue_status", steady(&ended));

    let metrics = server.get("/api/dashboard/campaign-queue-metrics").await;
    let counts = json!({"waiting": 2, "active": 1, "completed": 10, "failed": 0, "delayed": 0});
    let promised = json!({"success": true, "metrics": {
        "campaignQueue": counts, "processingQueue": counts,
        "system": {
            "campaignsProcessed": 12, "messagesSent": 5000, "messagesFailed": 25,
            "averageProcessingTime": 1500, "activeWorkers": 10, "circuitBreakerStatus": "closed",
        },
    }});
    assert_shape(&promised, &metrics, "campaign-queue-metrics");
    let system = &metrics["metrics"]["system"];
    assert_eq!(
        (&system["messagesSent"], &system["messagesFailed"]),
        (&json!(19), &json!(1))
    );
    insta::assert_json_snapshot!("requirement_campaign_queue_metrics", steady(&metrics));

    let queue = server.get("/api/whatsapp/queue/metrics").await;
    insta::assert_json_snapshot!("requirement_get_metrics", steady(&queue));
}
