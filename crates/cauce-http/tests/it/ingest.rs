//! Events that come in: which are known again, and that a call is taken as a whole or not at all.

use serde_json::{Value, json};

use super::bench::{Bench, DAYS};

const LEAD: &str = r#"{"eventType":"lead","user":{"email":"ana@example.org"}}"#;

impl Bench {
    async fn post(&self, key: &str, body: &str) -> Value {
        let headers = [("idempotency-key", key)];
        let taken = self
            .ask_with("POST /api/pixels/events", &headers, Some(body))
            .await;
        assert_eq!(taken.status, 202, "{}", taken.body);
        assert_eq!(taken.headers.get("idempotency-replayed"), None);
        taken.json()
    }

    /// What a crash leaves that comes after the events are kept and before their answer is.
    async fn forget_answers(&self) {
        let control = self.engine.control();
        assert!(control.prune(self.engine.now() + DAYS).await.unwrap() > 0);
    }
}

fn ids(taken: &Value) -> Vec<String> {
    let events = taken["events"].as_array().unwrap().iter();
    events
        .map(|event| event["eventId"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn events_without_id_are_known_again_when_their_answer_was_never_kept() {
    let bench = Bench::start().await;
    let body = format!("[{LEAD},{LEAD}]");
    let first = bench.post("order-1", &body).await;
    assert_eq!(first["accepted"], 2, "{first}");
    bench.forget_answers().await;
    let again = bench.post("order-1", &body).await;
    assert_eq!(
        (&again["accepted"], &again["duplicates"]),
        (&json!(0), &json!(2)),
        "{again}"
    );
    assert_eq!(ids(&first), ids(&again));
    assert_ne!(ids(&first)[0], ids(&first)[1]);
    for id in ids(&first) {
        assert_eq!(uuid::Uuid::parse_str(&id).unwrap().get_version_num(), 8);
    }
    bench.stop().await;
}

#[tokio::test]
async fn events_of_another_call_are_other_events() {
    let bench = Bench::start().await;
    let mut seen = ids(&bench.post("order-1", LEAD).await);
    bench.forget_answers().await;
    let longer = format!(" {LEAD}");
    for (key, body) in [("order-2", LEAD), ("order-1", &longer)] {
        let taken = bench.post(key, body).await;
        assert_eq!(taken["accepted"], 1, "{taken}");
        seen.extend(ids(&taken));
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 3);
    bench.stop().await;
}
