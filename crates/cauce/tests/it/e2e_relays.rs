//! Relays: batches of whatever is handed in, signed, to an endpoint of one's own.

use cauce_sim::{Options, Platform, StandIn};
use serde_json::{Value, json};

use crate::support::{SOON, Server, Setup, until};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const ORDERS: &str = "/api/relays/orders?tenant=acme";

async fn endpoint() -> StandIn {
    let options = Options {
        signing_secret: Some(SECRET.to_owned()),
        ..Options::default()
    };
    StandIn::start(Platform::Webhook, options).await.unwrap()
}

fn setup(at: &StandIn, more: &str) -> Setup {
    let url = at.base_url();
    let relay = format!(
        "tenant = \"acme\"\nurl = \"{url}/in\"\nsecret = \"{SECRET}\"\n\
         batch = {{ max_items = 10, max_wait = \"200ms\" }}\n{more}\n"
    );
    Setup::new(String::new())
        .with("relays.orders", &relay)
        .with(
            "queues.relays",
            "batch = { max_wait = \"100ms\" }\nretry = { max_attempts = 3, base = \"50ms\", cap = \"100ms\" }\n",
        )
}

fn orders(ids: std::ops::Range<u32>) -> Value {
    ids.map(|id| json!({"id": id.to_string(), "total": id}))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn items_travel_together_and_signed() {
    let at = endpoint().await;
    let server = Server::start(&setup(&at, "headers = { X-Shop = \"7\" }"));
    let taken = server.post(ORDERS, &orders(0..25)).await;
    assert_eq!(taken["accepted"], 25);
    assert_eq!(taken["ids"].as_array().unwrap().len(), 25);
    let one = server.post(ORDERS, &json!({"id": "alone"})).await;
    assert_eq!(one["accepted"], 1);
    until("all is there", SOON, async || {
        at.hooks().items().len() == 26
    })
    .await;
    let hooks = at.hooks().taken();
    assert!(hooks.len() <= 4, "{} requests for 26 items", hooks.len());
    assert!(hooks.iter().all(|hook| hook.headers["x-shop"] == "7"));
    server.emptied(&["relay.orders"], SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_item_of_a_key_counts() {
    let at = endpoint().await;
    let server = Server::start(&setup(&at, "key = \"/id\""));
    let updates: Vec<Value> = (0..30).map(|n| json!({"id": "1", "n": n})).collect();
    server.post(ORDERS, &json!(updates)).await;
    server.emptied(&["relay.orders"], SOON).await;
    assert_eq!(at.hooks().items(), [json!({"id": "1", "n": 29})]);
    let refused = server
        .ask(&format!("POST {ORDERS}"), Some(r#"[{"id":"1"},{"n":1}]"#))
        .await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("/1/id"), "{}", refused.body);
    assert_eq!(
        server.count("relay.orders", "accepted").await,
        30,
        "all or none"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn each_item_has_the_result_that_the_endpoint_gives_it() {
    let at = endpoint().await;
    at.hooks().answer("2", json!({"ok": false}));
    at.hooks().answer("3", json!({"status": 503}));
    let server = Server::start(&setup(&at, ""));
    server.post(ORDERS, &orders(1..5)).await;
    server.emptied(&["relay.orders"], SOON).await;
    assert_eq!(server.count("relay.orders", "completed").await, 2);
    let dead = server.get("/api/queues/relay.orders/dead").await;
    let text = dead.to_string();
    assert!(
        text.contains("webhook_item_failed") && text.contains("webhook_item_503"),
        "{text}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_have_the_shape_that_the_relay_says() {
    let at = endpoint().await;
    let body = r#"body = '{"shop":7,"orders":"$items","count":"$count"}'"#;
    let server = Server::start(&setup(&at, body));
    server.post(ORDERS, &orders(1..3)).await;
    until("it is there", SOON, async || !at.hooks().taken().is_empty()).await;
    let hook = &at.hooks().taken()[0];
    assert_eq!(
        hook.body,
        json!({"shop": 7, "orders": orders(1..3), "count": 2})
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn only_its_owner_finds_a_relay() {
    let at = endpoint().await;
    let server = Server::start(&setup(&at, ""));
    for path in [
        "/api/relays/orders?tenant=bolt",
        "/api/relays/other?tenant=acme",
    ] {
        let answer = server.ask(&format!("POST {path}"), Some("{}")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (404, "not_found"),
            "{path}"
        );
    }
    assert!(at.hooks().taken().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_account_is_a_relay_of_its_name() {
    let at = endpoint().await;
    let url = at.base_url();
    let account = format!(
        "[[accounts]]\nname = \"hooks\"\ntenant = \"acme\"\nplatform = \"webhook\"\n\
         url = \"{url}/in\"\nsecret = \"{SECRET}\"\nbatch = {{ max_wait = \"100ms\" }}\n"
    );
    let server = Server::start(&Setup::new(account));
    server
        .post("/api/relays/hooks?tenant=acme", &json!("anything"))
        .await;
    until("it is there", SOON, async || {
        at.hooks().items() == [json!("anything")]
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_of_the_api_works_through_restarts_and_shows_no_secret() {
    let at = endpoint().await;
    let configured = setup(&at, "");
    let server = Server::start(&configured);
    let new = json!({
        "name": "made", "tenant": "acme", "url": "https://hooks.shop.example/in?token=hunter2",
        "secret": SECRET, "headers": {"X-Key": "hunter2"}, "key": "/id",
    });
    let answer = server.ask("POST /api/relays", Some(&new.to_string())).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!(answer.json()["queue"], "relay.made");
    let again = server.ask("POST /api/relays", Some(&new.to_string())).await;
    assert_eq!(again.status, 422, "{}", again.body);
    server.kill();
    for file in std::fs::read_dir(configured.data()).unwrap() {
        let path = file.unwrap().path();
        if path.is_file() {
            let bytes = std::fs::read(&path).unwrap();
            let text = String::from_utf8_lossy(&bytes);
            assert!(
                !text.contains("hunter2") && !text.contains(SECRET),
                "{path:?}"
            );
        }
    }
    let server = Server::start(&configured);
    let relays = server.get("/api/relays?tenant=acme").await;
    assert_eq!(relays["items"].as_array().unwrap().len(), 2);
    for shown in [&relays.to_string(), &configured.log()] {
        assert!(
            !shown.contains("hunter2") && !shown.contains(SECRET),
            "{shown}"
        );
    }
    server
        .post("/api/relays/made?tenant=acme", &json!({"id": 1}))
        .await;
    server.reload(&configured).await;
    server
        .post("/api/relays/made?tenant=acme", &json!({"id": 2}))
        .await;
    assert_eq!(server.count("relay.made", "accepted").await, 2);
    let removed = server.ask("DELETE /api/relays/made", None).await;
    assert_eq!(removed.status, 200, "{}", removed.body);
    let gone = server
        .ask("POST /api/relays/made?tenant=acme", Some("{}"))
        .await;
    assert_eq!(gone.status, 404);
    let kept = server.ask("DELETE /api/relays/orders", None).await;
    assert_eq!((kept.status, kept.code().as_str()), (409, "wrong_state"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_of_the_api_reaches_no_host_of_our_own() {
    let at = endpoint().await;
    let server = Server::start(&setup(&at, ""));
    let port = at.addr.port();
    for (name, url, status) in [
        ("plain", format!("http://127.0.0.1:{port}/in"), 422),
        ("named", "https://user:pass@shop.example/in".to_owned(), 422),
        ("literal", format!("https://127.0.0.1:{port}/in"), 201),
        ("local", format!("https://localhost:{port}/in"), 201),
    ] {
        let new = json!({"name": name, "tenant": "acme", "url": url});
        let answer = server.ask("POST /api/relays", Some(&new.to_string())).await;
        assert_eq!(answer.status, status, "{url}: {}", answer.body);
    }
    // What an address leads to is judged when a connection is opened.
    for name in ["literal", "local"] {
        server
            .post(&format!("/api/relays/{name}?tenant=acme"), &json!(1))
            .await;
        server.emptied(&[&format!("relay.{name}")], SOON).await;
        let dead = server.get(&format!("/api/queues/relay.{name}/dead")).await;
        assert!(dead.to_string().contains("unsendable"), "{dead}");
    }
    assert_eq!(at.ledger().request_count(), 0);
}
