//! The stream of figures: what readers see, where they go on, and who sees what.

use serde_json::{Value, json};

use crate::support::{
    ADMIN, Listener, Outside, SOON, Server, Setup, event, id, secs, track, until, web_event,
};

/// The newest data of a kind that was heard and fits.
fn newest(listener: &Listener, fits: impl Fn(&Value) -> bool) -> Option<Value> {
    listener.events().into_iter().rev().find(fits)
}

fn is_queue(name: &'static str) -> impl Fn(&Value) -> bool {
    move |data| data["name"] == name && data.get("lines").is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_sees_all_figures_first_and_then_what_changes() {
    let outside = Outside::start().await;
    let server = Server::start(&Setup::new(outside.accounts("acme")));
    let mut reader = Listener::open_at(server.addr, ADMIN, "/api/stream", None).await;
    let heard = reader.until("event: session", SOON).await.to_owned();
    let at = |what: &str| {
        heard
            .find(what)
            .unwrap_or_else(|| panic!("no {what}: {heard}"))
    };
    assert!(at("event: snapshot") < at("event: queue"));
    assert!(at("event: queue") < at("event: session"));
    let meta = newest(&reader, is_queue("meta")).unwrap();
    assert_eq!(meta["counts"]["accepted"], 0);
    assert_eq!(meta["perSecond"], Value::Null);

    server
        .post("/api/pixels/events?tenant=acme", &event(&id(1)))
        .await;
    reader.until("\"accepted\":1,", SOON).await;
    reader.until("\"completed\":1,", SOON).await;
    let meta = newest(&reader, is_queue("meta")).unwrap();
    assert!(meta["perSecond"]["accepted"].is_number(), "{meta}");
    // As the queue itself is shown, but for how fast it flows.
    let mut shown = server.get("/api/queues/meta").await;
    let keys = |of: &Value| of.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    shown["perSecond"] = json!(null);
    assert_eq!(keys(&meta), keys(&shown));

    track(&server, vec![web_event(1, 1, "LEAD")]).await;
    reader.until("\"received\":1,\"stored\":1,", SOON).await;
    // What rests is told no more.
    let quiet = server.get("/metrics/cache").await;
    assert!(quiet.is_object());
    assert_eq!(
        reader
            .events()
            .iter()
            .filter(|data| data.get("cache").is_some())
            .count(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_that_comes_back_goes_on_or_begins_with_a_snapshot() {
    let outside = Outside::start().await;
    let server = Server::start(&Setup::new(outside.accounts("acme")));
    let path = "/api/stream?tenant=acme";
    let mut stays = Listener::open_at(server.addr, ADMIN, path, None).await;
    stays.until("event: tracking\nid: ", SOON).await;
    let last = stays.last_id();
    let mut back = Listener::open_at(server.addr, ADMIN, path, Some(&last)).await;
    let mut lost = Listener::open_at(server.addr, ADMIN, path, Some("00000000-1")).await;
    server
        .post("/api/pixels/events?tenant=acme", &event(&id(1)))
        .await;
    let heard = back.until("\"accepted\":1,", SOON).await;
    assert!(!heard.contains("event: snapshot"), "{heard}");
    let heard = lost.until("\"accepted\":1,", SOON).await;
    assert!(heard.contains("event: snapshot"), "{heard}");
    let headers = [("last-event-id", "no-place")];
    let refused = server
        .ask_as(ADMIN, "GET /api/stream", &headers, None)
        .await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (400, "bad_parameter")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn reader_of_a_tenant_hears_of_no_other_and_nothing_once_its_key_is_gone() {
    let outside = Outside::start().await;
    let accounts =
        outside.account("meta", "acme", "ok") + &outside.account("tiktok", "globex", "ok");
    // A third of it is how often the key is looked at.
    let setup = Setup::new(accounts).and("http", "idle_timeout = \"600ms\"");
    let server = Server::start(&setup);
    let wanted = json!({ "name": "test", "tenant": "globex", "scopes": ["read"] });
    let made = server.post("/api/keys", &wanted).await;
    let (key, key_id) = (made["key"].as_str().unwrap(), made["id"].as_str().unwrap());
    let mut reader = Listener::open_at(server.addr, key, "/api/stream", None).await;
    reader.until("event: tracking\nid: ", SOON).await;
    server
        .post("/api/pixels/events?tenant=acme", &event(&id(1)))
        .await;
    server
        .post("/api/pixels/events?tenant=globex", &event(&id(2)))
        .await;
    let heard = reader.until("\"accepted\":1,", SOON).await;
    assert!(
        !heard.contains("acme") && !heard.contains("\"meta\""),
        "{heard}"
    );
    let gone = server
        .ask(&format!("DELETE /api/keys/{key_id}"), None)
        .await;
    assert_eq!(gone.status, 204);
    let heard = reader.into_end(SOON).await;
    assert!(heard.ends_with("0\r\n\r\n"), "{heard}");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_reader_too_many_is_asked_to_wait_and_its_place_comes_free() {
    let setup = Setup::new(String::new()).and("http", "max_stream_readers = 1");
    let server = Server::start(&setup);
    let reader = Listener::open_at(server.addr, ADMIN, "/api/stream", None).await;
    let refused = server.ask("GET /api/stream", None).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "overloaded")
    );
    assert!(refused.headers.contains_key("retry-after"));
    drop(reader);
    until("the place is free", SOON, async || {
        let metrics = server.ask("GET /metrics", None).await.body;
        metrics.contains("cauce_stream_readers 0")
    })
    .await;
    let mut next = Listener::open_at(server.addr, ADMIN, "/api/stream", None).await;
    next.until("event: snapshot", secs(10)).await;
}
