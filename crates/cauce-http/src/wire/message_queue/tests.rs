use std::collections::BTreeMap;

use cauce_engine::status::{Quantiles, WindowUse};
use cauce_flow::id::{AccountName, QueueName};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const STATES: [&str; 9] = [
    "waiting",
    "active",
    "delayed",
    "scheduled",
    "completed",
    "failed",
    "unknown",
    "expired",
    "cancelled",
];

fn counts(states: [u64; 8], delayed: u64, waiting_by_priority: [u64; 4]) -> QueueCounts {
    QueueCounts {
        accepted: states.iter().sum(),
        states: BTreeMap::from_iter(State::ALL.into_iter().zip(states)),
        waiting_by_priority,
        delayed,
        gate: Some(Gate::Open),
        ..QueueCounts::default()
    }
}

fn queues(counts: Vec<QueueCounts>) -> MessageQueues {
    let names = ["campaigns", "whatsapp"].map(|name| QueueName::new(name).unwrap());
    MessageQueues {
        queues: names.into_iter().zip(counts).collect(),
        senders: vec![SenderStatus {
            account: AccountName::new("main").unwrap(),
            platform: "twilio",
            breaker: "closed",
            in_flight: 3,
            rate: vec![WindowUse {
                used: 7,
                max: 10,
                per_ms: 1_000,
            }],
            is_held: false,
        }],
        completed_per_minute: 12,
        latency: Quantiles::default(),
    }
}

fn shown(queues: MessageQueues) -> Value {
    serde_json::to_value(MetricsView::from(queues)).unwrap()
}

#[test]
fn metrics_have_their_shape() {
    let campaigns = counts([2, 3, 1, 100, 4, 1, 2, 3], 1, [0, 1, 2, 0]);
    let whatsapp = counts([0, 1, 0, 10, 0, 0, 0, 0], 0, [1, 0, 0, 0]);
    let expected = json!({
        "accepted": 127,
        "waiting": 4,
        "active": 1,
        "delayed": 1,
        "scheduled": 1,
        "completed": 110,
        "failed": 4,
        "unknown": 1,
        "expired": 2,
        "cancelled": 3,
        "dlq": 0,
        "paused": false,
        "gate": "open",
        "byPriority": {"critical": 1, "high": 1, "normal": 2, "low": 0},
        "latencyMs": {"p50": null, "p95": null, "p99": null},
        "processingRate": 12,
        "activeWorkers": 3,
        "senders": [{
            "name": "main",
            "platform": "twilio",
            "circuitBreaker": "closed",
            "held": false,
            "inFlight": 3,
            "rate": [{"used": 7, "max": 10, "perMs": 1000}],
        }],
    });
    assert_eq!(shown(queues(vec![campaigns, whatsapp])), expected);
}

#[test]
fn messages_are_paused_where_all_their_queues_are() {
    let gated = |gates: [Gate; 2]| {
        let counts = gates.map(|gate| QueueCounts {
            gate: Some(gate),
            ..QueueCounts::default()
        });
        let shown = shown(queues(counts.to_vec()));
        (
            shown["paused"].as_bool().unwrap(),
            shown["gate"].as_str().unwrap().to_owned(),
        )
    };
    assert_eq!(
        gated([Gate::Paused, Gate::Paused]),
        (true, "paused".to_owned())
    );
    assert_eq!(
        gated([Gate::Paused, Gate::Open]),
        (false, "open".to_owned())
    );
    assert_eq!(
        gated([Gate::Draining, Gate::Draining]),
        (false, "draining".to_owned())
    );
}

proptest! {
    #[test]
    fn the_figures_add_up(
        all in prop::collection::vec((prop::array::uniform8(0..1_000_000u64), 0..100u8, prop::array::uniform3(0..=100u64)), 0..3),
    ) {
        let counts = all.into_iter().map(|(states, share, cuts)| {
            // Of the scheduled ones some have been tried; the waiting ones fall into four parts.
            let delayed = states[0] * u64::from(share) / 100;
            let mut left = states[1];
            let mut parts = [0; 4];
            for (part, cut) in parts.iter_mut().zip(cuts) {
                *part = left * cut / 100;
                left -= *part;
            }
            parts[3] = left;
            counts(states, delayed, parts)
        });
        let shown = shown(queues(counts.collect()));
        let figure = |name: &str| shown[name].as_u64().unwrap();
        let sum: u64 = STATES.iter().map(|name| figure(name)).sum();
        prop_assert_eq!(sum, figure("accepted"));
        let by_priority = shown["byPriority"].as_object().unwrap();
        let waiting: u64 = by_priority.values().filter_map(Value::as_u64).sum();
        prop_assert_eq!(waiting, figure("waiting"));
    }
}
