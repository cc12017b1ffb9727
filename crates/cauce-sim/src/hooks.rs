//! What a stand-in endpoint was sent, and what it makes of single items.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use parking_lot::Mutex;
use serde_json::Value;

/// The requests of one stand-in endpoint; clones read the same ones.
#[derive(Clone)]
pub struct Hooks(Arc<Shared>);

struct Shared {
    started: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    taken: Vec<Hook>,
    results: BTreeMap<String, Value>,
}

/// A request that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Hook {
    /// When it arrived, since the stand-in started.
    pub at: Duration,
    /// Its `webhook-id`.
    pub id: String,
    /// Its body.
    pub body: Value,
    /// Its headers in lower case, without those of the signature.
    pub headers: BTreeMap<String, String>,
}

impl Hooks {
    pub(crate) fn new() -> Hooks {
        Hooks(Arc::new(Shared {
            started: Instant::now(),
            state: Mutex::default(),
        }))
    }

    /// The requests that were taken, in order of arrival.
    pub fn taken(&self) -> Vec<Hook> {
        self.0.state.lock().taken.clone()
    }

    /// The items of all requests whose body is `{"items": […]}`, in order of arrival.
    pub fn items(&self) -> Vec<Value> {
        let taken = self.taken();
        let items = taken
            .iter()
            .filter_map(|hook| hook.body["items"].as_array());
        items.flatten().cloned().collect()
    }

    /// From here on an item with this `id` is answered with this result, and every answer holds a
    /// result for each of its items.
    pub fn answer(&self, id: &str, result: Value) {
        self.0.state.lock().results.insert(id.to_owned(), result);
    }

    /// The results for these items; none where no item has one of its own.
    pub(crate) fn results(&self, items: &[Value]) -> Option<Vec<Value>> {
        let state = self.0.state.lock();
        if state.results.is_empty() {
            return None;
        }
        let result = |item: &Value| {
            let own = item["id"].as_str().and_then(|id| state.results.get(id));
            own.cloned().unwrap_or(Value::Bool(true))
        };
        Some(items.iter().map(result).collect())
    }

    pub(crate) fn take(&self, id: &str, body: Value, headers: BTreeMap<String, String>) {
        let at = self.0.started.elapsed();
        let id = id.to_owned();
        self.0.state.lock().taken.push(Hook {
            at,
            id,
            body,
            headers,
        });
    }
}
