//! Events, and what the API said became of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{SystemTime, UNIX_EPOCH},
};

use cauce_sim::{
    Ledger,
    traffic::{Traffic, TrafficOptions},
};
use serde_json::{Value, json};

use super::{Outside, Server};

/// Unix milliseconds.
fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis() as i64
}

/// The UUID of a number.
pub(crate) fn id(number: u64) -> String {
    format!("0192f0c1-2d3e-7a4b-8c5d-{number:012x}")
}

/// A purchase that every platform takes.
pub(crate) fn event(id: &str) -> Value {
    json!({
        "eventId": id,
        "eventType": "purchase",
        "user": { "email": format!("{id}@shop.example"), "firstName": "Ada", "lastName": "Byron",
                  "country": "gb", "externalId": format!("u-{id}") },
        "client": { "ip": "203.0.113.9", "userAgent": "Mozilla/5.0 Test",
                    "gaClientId": "1234567890.1760000000", "fbp": "fb.1.1760000000000.1098115397" },
        "page": { "url": "https://shop.example/thanks" },
        "data": { "value": 12.5, "currency": "EUR", "orderId": id, "event_id": id,
                  "items": [{ "id": "sku-1", "name": "Shoe", "price": 12.5, "quantity": 1 }] },
    })
}

/// Purchases for one platform, from this number on.
pub(crate) fn events(queue: &str, from: u64, count: u64) -> Value {
    let make = |number| {
        let mut event = event(&id(number));
        event["platforms"] = json!([queue]);
        event
    };
    (from..from + count).map(make).collect()
}

/// Shoppers of this moment, whose events GA4's stand-in can tell apart.
pub(crate) fn traffic(seed: u64) -> Traffic {
    Traffic::new(TrafficOptions {
        seed,
        origin_ms: now_ms() - 60_000,
        events_per_second: 1_000,
        tag_events: true,
        ..TrafficOptions::default()
    })
}

/// The events that the API has acknowledged, by queue.
#[derive(Clone, Default)]
pub(crate) struct Told {
    pub(crate) ids: BTreeMap<String, BTreeSet<String>>,
}

impl Told {
    /// Posts events and notes what is acknowledged.
    pub(crate) async fn post(&mut self, server: &Server, events: &Value) -> Value {
        let path = "/api/pixels/events?tenant=acme";
        let answer = server.post(path, events).await;
        self.note(&answer);
        answer
    }

    /// Notes what an answer acknowledges.
    pub(crate) fn note(&mut self, answer: &Value) {
        for event in answer["events"].as_array().unwrap() {
            let id = event["eventId"].as_str().unwrap();
            for platform in event["platforms"].as_array().unwrap() {
                let ids = self.ids.entry(platform.as_str().unwrap().to_owned());
                ids.or_default().insert(id.to_owned());
            }
        }
    }

    /// How many events are acknowledged for a queue.
    pub(crate) fn count(&self, queue: &str) -> usize {
        self.ids.get(queue).map_or(0, BTreeSet::len)
    }

    /// The acknowledged events that are not in a ledger.
    pub(crate) fn missing(&self, queue: &str, ledger: &Ledger) -> BTreeSet<String> {
        let ids = self.ids.get(queue).into_iter().flatten();
        ids.filter(|id| ledger.count(id) == 0).cloned().collect()
    }

    /// Fails unless every acknowledged event is at its stand-in.
    pub(crate) fn assert_arrived(&self, outside: &Outside) {
        for queue in self.ids.keys() {
            let missing = self.missing(queue, outside.ledger(queue));
            let count = missing.len();
            assert!(
                missing.is_empty(),
                "{count} of {queue} are lost: {missing:?}"
            );
        }
    }
}
