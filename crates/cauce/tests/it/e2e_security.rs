//! Keys that must not open what they must not, on every route of a running server.

use std::collections::BTreeMap;

use cauce_http::testing::Sweep;
use serde_json::json;

use crate::support::{Outside, SOON, Server, Setup, event, id, until};

const SCOPES: [&str; 5] = ["ingest", "send", "read", "manage", "admin"];

/// Makes a key; answers its id and the key itself.
async fn key(server: &Server, tenant: &str, scopes: &[&str]) -> (String, String) {
    let wanted = json!({ "name": "test", "tenant": tenant, "scopes": scopes });
    let made = server.post("/api/keys", &wanted).await;
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("id"), text("key"))
}

/// An account that sends messages to nobody.
const MESSENGER: &str = r#"
[[accounts]]
name = "acme-twilio"
tenant = "acme"
platform = "twilio"
account_sid = "AC00000000000000000000000000000000"
auth_token = "x"
from = "whatsapp:+34600000000"
base_url = "http://127.0.0.1:1"
"#;
/// A channel of the tenant that reaches nobody.
const CHANNEL: &str = r#"
[[alerts.channels]]
name = "pager"
type = "webhook"
tenant = "acme"
url = "http://127.0.0.1:1/in"
"#;
const OF_CONTACT: [&str; 3] = ["getContact", "changeContact", "deleteContact"];
const OF_CAMPAIGN: [&str; 10] = [
    "getCampaign",
    "changeCampaign",
    "deleteCampaign",
    "previewCampaign",
    "startCampaign",
    "pauseCampaign",
    "resumeCampaign",
    "stopCampaign",
    "getCampaignQueueStatus",
    "listCampaignRecipients",
];
const OF_MESSAGE: [&str; 3] = ["getMessage", "changeMessage", "cancelMessage"];

/// An alert of the tenant.
async fn an_alert(server: &Server) -> String {
    let mut found = None;
    until("an alert fires", SOON, async || {
        let alerts = server.get("/api/alerts?tenant=acme").await;
        found = alerts["items"][0]["id"].as_str().map(str::to_owned);
        found.is_some()
    })
    .await;
    found.unwrap()
}

/// A contact, a campaign and a message of the tenant, by the operations on them.
async fn objects_of_messages(server: &Server) -> Vec<(String, String)> {
    let contact = json!([{ "id": "maria", "phone": "+34600111222", "name": "María" }]);
    server.post("/api/contacts?tenant=acme", &contact).await;
    let campaign = json!({ "tenant": "acme", "name": "swept", "sender": "acme-twilio",
        "message": "x", "contacts": ["maria"] });
    let campaign = server.post("/api/campaigns", &campaign).await;
    let message =
        json!({ "to": "+34600111222", "text": "x", "scheduledAt": "2100-01-01T00:00:00Z" });
    let message = server
        .post("/api/whatsapp/messages?tenant=acme", &message)
        .await;
    let text = |object: &serde_json::Value| object["id"].as_str().unwrap().to_owned();
    let (campaign, message) = (text(&campaign), text(&message));
    let of = |operations: &[&str], object: &str| -> Vec<(String, String)> {
        let named = |operation: &&str| (format!("id {operation}"), object.to_owned());
        operations.iter().map(named).collect()
    };
    let mut objects = of(&OF_CONTACT, "maria");
    objects.extend(of(&OF_CAMPAIGN, &campaign));
    objects.extend(of(&OF_MESSAGE, &message));
    let cost = json!({ "type": "campaign", "campaignId": "spring", "cost": 1, "currency": "EUR" });
    server.post("/api/analytics/track?tenant=acme", &cost).await;
    objects.extend(of(&["getCampaignAnalytics"], "spring"));
    objects
}

#[tokio::test(flavor = "multi_thread")]
async fn no_key_opens_what_it_must_not_on_any_route() {
    let outside = Outside::start().await;
    let accounts = outside.account("meta", "acme", "ok") + MESSENGER;
    let accounts = accounts + &outside.account("tiktok", "acme", "expired") + CHANNEL;
    let setup = Setup::new(accounts)
        .with("queues.meta", "batch = { max_wait = \"1h\" }\n")
        .with("alerts", "every = \"100ms\"");
    let server = Server::start(&setup);
    server
        .post("/api/pixels/events?tenant=acme", &event(&id(1)))
        .await;
    let jobs = server.get("/api/queues/meta/jobs").await;
    let job = jobs["items"][0]["id"].as_str().unwrap().to_owned();
    let alert = an_alert(&server).await;
    let to_people = objects_of_messages(&server).await;
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
        ("name testAlertChannel", "pager".into()),
        ("id acknowledgeAlert", alert),
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
            .chain(to_people)
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
