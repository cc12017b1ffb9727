//! Keys that must not open what they must not, on every route of a running server.

use std::collections::BTreeMap;

use cauce_http::testing::Sweep;
use serde_json::json;

use crate::support::{Outside, Server, Setup, event, id};

const SCOPES: [&str; 5] = ["ingest", "send", "read", "manage", "admin"];

/// Makes a key; answers its id and the key itself.
async fn key(server: &Server, tenant: &str, scopes: &[&str]) -> (String, String) {
    let wanted = json!({ "name": "test", "tenant": tenant, "scopes": scopes });
    let made = server.post("/api/keys", &wanted).await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_opens_what_it_must_not_on_any_route() {
    let outside = Outside::start().await;
    let setup =
        Setup::new(outside.accounts("acme")).with("queues.meta", "batch = { max_wait = \"1h\" }\n");
    let server = Server::start(&setup);
    server
        .post("/api/pixels/events?tenant=acme", &event(&id(1)))
        .await;
    let jobs = server.get("/api/queues/meta/jobs").await;
    let job = jobs["items"][0]["id"].as_str().unwrap().to_owned();
    let (key_id, _) = key(&server, "acme", &["read"]).await;
    let (revoked_id, revoked) = key(&server, "acme", &SCOPES).await;
    let gone = server
        .ask(&format!("DELETE /api/keys/{revoked_id}"), None)
        .await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    let mut without = BTreeMap::new();
    for scope in SCOPES {
        let rest: Vec<&str> = SCOPES.into_iter().filter(|other| *other != scope).collect();
        without.insert(scope.to_owned(), key(&server, "acme", &rest).await.1);
    }
    let objects = [
        ("id", job),
        ("id revokeKey", key_id),
        ("queue", "meta".into()),
        ("name", "acme-meta".into()),
        ("tenantId", "acme".into()),
        ("eventType", "SCROLL".into()),
        (
            "id eraseVisitor",
            "3f2b8c1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d".into(),
        ),
    ];
    let origin = "https://shop.example";
    let for_pages = json!({ "name": "page", "tenant": "acme", "scopes": ["ingest"],
        "site": "5e1f0c1a-0000-4000-8000-000000000001", "origins": [origin] });
    let for_pages = server.post("/api/keys", &for_pages).await;
    let sweep = Sweep {
        page: (
            for_pages["key"].as_str().unwrap().to_owned(),
            origin.to_owned(),
        ),
        addr: server.addr,
        revoked,
        without,
        other: key(&server, "globex", &SCOPES).await.1,
        tenant: "acme".to_owned(),
        objects: objects
            .into_iter()
            .map(|(name, object)| (name.to_owned(), object))
            .collect(),
    };
    let findings = sweep.run().await;
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_and_changes_nothing_of_another() {
    let outside = Outside::start().await;
    let accounts =
        outside.account("meta", "acme", "ok") + &outside.account("tiktok", "globex", "ok");
    let setup = Setup::new(accounts).with("queues.meta", "batch = { max_wait = \"1h\" }\n");
    let server = Server::start(&setup);
    server
        .post("/api/pixels/events?tenant=acme", &event(&id(1)))
        .await;
    let (_, globex) = key(&server, "globex", &SCOPES).await;
    for path in [
        "/api/queues",
        "/api/destinations",
        "/api/pixels/tokens",
        "/api/keys",
        "/api/audit",
        "/api/pixels/stats",
        "/api/pixels/health",
    ] {
        let answer = server
            .ask_as(&globex, &format!("GET {path}"), &[], None)
            .await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        assert!(!answer.body.contains("acme"), "{path}: {}", answer.body);
    }
    // Handing in for another tenant is refused, and taking the other's queue for one's own too.
    let mut foreign = event(&id(2));
    foreign["tenantId"] = json!("acme");
    let refused = server
        .ask_as(
            &globex,
            "POST /api/pixels/events",
            &[],
            Some(&foreign.to_string()),
        )
        .await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let own = server
        .ask_as(
            &globex,
            "POST /api/pixels/events",
            &[],
            Some(&event(&id(3)).to_string()),
        )
        .await;
    assert_eq!(
        own.json()["events"][0]["platforms"],
        json!(["tiktok"]),
        "{}",
        own.body
    );
    let paused = server
        .ask_as(&globex, "POST /api/queues/meta/pause", &[], None)
        .await;
    assert_eq!(paused.status, 404, "{}", paused.body);
    assert_eq!(server.count("meta", "accepted").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_found_nowhere_but_in_the_answer_that_made_it() {
    let outside = Outside::start().await;
    let setup = Setup::new(outside.accounts("acme")).and("log", "level = \"trace\"");
    let server = Server::start(&setup);
    let (key_id, secret) = key(&server, "acme", &SCOPES).await;
    server.ask_as(&secret, "GET /api/queues", &[], None).await;
    for path in ["/api/keys", "/api/audit", "/metrics"] {
        let answer = server.ask(&format!("GET {path}"), None).await;
        assert!(!answer.body.contains(&secret), "{path}");
    }
    assert!(
        server
            .ask("GET /api/keys", None)
            .await
            .body
            .contains(&key_id)
    );
    server.kill();
    assert!(!setup.log().contains(&secret), "the log holds the key");
    for entry in std::fs::read_dir(setup.data()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = if path.is_file() {
            std::fs::read(&path).unwrap()
        } else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&secret), "{} holds the key", path.display());
    }
}
