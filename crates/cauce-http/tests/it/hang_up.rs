//! A caller that hangs up in the middle leaves its call undone, or done with all that belongs to it.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
    time::Duration,
};

use cauce_http::{
    ServerSettings,
    testing::{Answer, Direct},
};
use cauce_store::jobs::Scope;
use http::Request;
use serde_json::{Value, json};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::bench::Bench;

/// More moments at which something can be dropped than any call has.
const MAX_MOMENTS: usize = 200;

struct Scene {
    bench: Bench,
    direct: Direct,
}

impl Scene {
    async fn start() -> Scene {
        let bench = Bench::start().await;
        let settings = ServerSettings::new(([127, 0, 0, 1], 0).into());
        let direct = Direct::new(bench.engine.clone(), settings);
        Scene { bench, direct }
    }

    fn call(&self, request: &str, key: &str, body: &str) -> impl Future<Output = Answer> + use<> {
        let (method, path) = request.split_once(' ').unwrap();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", format!("Bearer {}", self.bench.key));
        let request = match key {
            "" => request,
            key => request.header("idempotency-key", key),
        };
        self.direct
            .call(request.body(body.as_bytes().to_vec()).unwrap())
    }

    /// Makes a call, hangs up when it has been polled so often, and waits for what goes on. Answers
    /// whether the call ended first.
    async fn hang_up(&self, after: usize, call: impl Future<Output = Answer>) -> bool {
        let ended = {
            let mut call = pin!(call);
            let mut polls = 0;
            poll_fn(|cx| {
                if polls == after {
                    return Poll::Ready(false);
                }
                polls += 1;
                call.as_mut().poll(cx).map(|_| true)
            })
            .await
        };
        self.direct.settled().await;
        ended
    }

    async fn audited(&self, action: &str, object: &str) -> bool {
        let log = self
            .bench
            .ask("GET /api/audit?limit=500", None)
            .await
            .json();
        let mut entries = log["items"].as_array().unwrap().iter();
        let is_it = |entry: &Value| entry["object"].as_str().unwrap().ends_with(object);
        entries.any(|entry| entry["action"] == action && is_it(entry))
    }
}

#[tokio::test]
async fn key_that_was_made_is_in_the_audit_log_and_its_answer_is_remembered() {
    let scene = Scene::start().await;
    let mut made = 0;
    for moment in 0..MAX_MOMENTS {
        let (name, key) = (format!("shop {moment}"), format!("k-{moment}"));
        let body = json!({"name": name, "scopes": ["read"]}).to_string();
        let call = scene.call("POST /api/keys", &key, &body);
        let ended = scene.hang_up(moment, call).await;

        let listed = scene
            .bench
            .ask("GET /api/keys?limit=500", None)
            .await
            .json();
        let is_there = |entry: &&Value| entry["name"] == name.as_str();
        let count = listed["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(is_there)
            .count();
        let audited = scene.audited("key.create", &format!("({name})")).await;
        let again = scene.call("POST /api/keys", &key, &body).await;
        let replayed = again.headers.contains_key("idempotency-replayed");
        assert_eq!(again.status, 201, "{}", again.body);
        assert_eq!(
            (audited, replayed),
            (count == 1, count == 1),
            "hung up at moment {moment}: {count} keys"
        );
        made += count;
        if ended {
            assert!(made > 0);
            return scene.bench.stop().await;
        }
    }
    panic!("the call never ended");
}

#[tokio::test]
async fn queue_that_was_paused_is_in_the_audit_log() {
    let scene = Scene::start().await;
    for moment in 0..MAX_MOMENTS {
        let open = scene.bench.ask("POST /api/queues/meta/resume", None).await;
        assert_eq!(open.status, 200, "{}", open.body);
        let before = entries(&scene, "queue.pause").await;
        let call = scene.call("POST /api/queues/meta/pause", "", "");
        let ended = scene.hang_up(moment, call).await;
        let gate = scene.bench.ask("GET /api/queues/meta", None).await.json();
        let written = entries(&scene, "queue.pause").await - before;
        assert_eq!(
            written,
            usize::from(gate["gate"] == "paused"),
            "hung up at moment {moment}"
        );
        if ended {
            return scene.bench.stop().await;
        }
    }
    panic!("the call never ended");
}

async fn entries(scene: &Scene, action: &str) -> usize {
    let log = scene
        .bench
        .ask("GET /api/audit?limit=500", None)
        .await
        .json();
    let entries = log["items"].as_array().unwrap().iter();
    entries.filter(|entry| entry["action"] == action).count()
}

#[tokio::test]
async fn event_that_was_taken_has_its_answer_remembered() {
    let scene = Scene::start().await;
    // How far the store has come at a moment differs from time to time.
    for call in 0..MAX_MOMENTS {
        let (moment, key) = (call / 5, format!("order-{call}"));
        let body = json!({"eventType": "lead", "user": {"email": "a@example.org"}}).to_string();
        let before = accepted(&scene).await;
        let call = scene.call("POST /api/pixels/events", &key, &body);
        let ended = scene.hang_up(moment, call).await;
        let taken = accepted(&scene).await - before;
        let again = scene.call("POST /api/pixels/events", &key, &body).await;
        assert_eq!(again.status, 202, "{}", again.body);
        let replayed = again.headers.contains_key("idempotency-replayed");
        assert_eq!(replayed, taken == 1, "hung up at moment {moment}");
        assert_eq!(
            accepted(&scene).await - before,
            1,
            "hung up at moment {moment}"
        );
        if ended && moment >= 5 {
            return scene.bench.stop().await;
        }
    }
    panic!("the call never ended");
}

async fn accepted(scene: &Scene) -> u64 {
    let queue = scene.bench.ask("GET /api/queues/meta", None).await.json();
    queue["counts"]["accepted"].as_u64().unwrap()
}

/// The same through a connection that is lost.
#[tokio::test(flavor = "multi_thread")]
async fn call_of_a_connection_that_is_lost_goes_on_to_its_end() {
    let bench = Bench::start().await;
    for call in 0..50 {
        let body = json!({"name": format!("lost {call}"), "scopes": ["read"]}).to_string();
        let request = format!(
            "POST /api/keys HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
             content-length: {}\r\n\r\n{body}",
            bench.key,
            body.len()
        );
        let mut stream = TcpStream::connect(bench.addr()).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        drop(stream);
    }
    bench.shutdown.cancel();
    bench.bound.stopped.await.unwrap();
    let control = bench.engine.control();
    let keys = control.keys(&Scope::All);
    let made = keys.iter().filter(|key| key.name.starts_with("lost"));
    let log = control.audit(&Scope::All, None, 500).await.unwrap();
    let written = log
        .iter()
        .filter(|entry| entry.action.object.contains("(lost"));
    assert_eq!(written.count(), made.count());
    bench.engine.stop(Duration::from_secs(2)).await;
}

#[tokio::test]
async fn call_that_is_not_waited_for_goes_on_and_keeps_its_place() {
    let bench = Bench::start().await;
    let settings = ServerSettings {
        request_timeout: Duration::ZERO,
        max_in_flight: 1,
        ..ServerSettings::new(([127, 0, 0, 1], 0).into())
    };
    let direct = Direct::new(bench.engine.clone(), settings);
    let scene = Scene { bench, direct };
    let call = |name: &str| {
        let body = json!({"name": name, "scopes": ["read"]}).to_string();
        scene.call("POST /api/keys", "", &body)
    };
    let late = call("late").await;
    assert_eq!((late.status, late.code().as_str()), (504, "timeout"));
    let crowded = call("crowded").await;
    assert_eq!(
        (crowded.status, crowded.code().as_str()),
        (503, "overloaded")
    );
    scene.direct.settled().await;
    assert!(scene.audited("key.create", "(late)").await);
    // It may even be done in time: no clock runs before its first look.
    assert_ne!(call("later").await.status, 503, "there is room again");
    scene.direct.settled().await;
    scene.bench.stop().await;
}
