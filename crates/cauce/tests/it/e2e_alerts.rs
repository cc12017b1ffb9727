//! Alerts: what is wrong is told once, survives a kill, and its end is told, too.

use cauce_sim::{Options, Platform, Poison, StandIn};
use serde_json::{Value, json};

use crate::support::{ADMIN, Listener, Outside, Post, SOON, Server, Setup, event, id, secs, until};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

async fn pager() -> StandIn {
    let options = Options {
        signing_secret: Some(SECRET.to_owned()),
        ..Options::default()
    };
    StandIn::start(Platform::Webhook, options).await.unwrap()
}

/// A configuration whose alerts look often, with a channel for the stand-in.
fn setup(accounts: String, pager: &StandIn, more: &str) -> Setup {
    let channel = format!(
        "[[alerts.channels]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{}/in\"\n\
         secret = \"{SECRET}\"\n{more}\n",
        pager.base_url()
    );
    Setup::new(accounts + &channel)
        .at_root("public_url = \"https://cauce.example\"\n")
        .with("alerts", "every = \"100ms\"")
        .with(
            "alerts.defaults",
            "dead_letters = { above = 1, below = 0, over_after = \"1h\" }\n\
             token_invalid = { over_after = \"300ms\" }\n\
             disk_full = { enabled = false }\n",
        )
        .with(
            "queues.alerts",
            "retry = { base = \"100ms\", cap = \"200ms\" }\nbreaker = { open_for = \"200ms\" }",
        )
}

/// What the stand-in was told, as kinds and events.
fn told(pager: &StandIn) -> Vec<(String, String)> {
    let hooks = pager.hooks().taken().into_iter();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    hooks
        .map(|hook| (text(&hook.body["data"]["kind"]), text(&hook.body["type"])))
        .collect()
}

async fn is_told(pager: &StandIn, kind: &str, event: &str) {
    let wanted = (kind.to_owned(), event.to_owned());
    until(&format!("{event} of {kind}"), secs(20), async || {
        told(pager).contains(&wanted)
    })
    .await;
}

async fn firing(server: &Server) -> Vec<Value> {
    let page = server.get("/api/alerts?state=firing").await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_told_once_whatever_dies_and_its_mending_is_told() {
    let (outside, pager) = (Outside::start().await, pager().await);
    let mut setup = setup(outside.account("meta", "acme", "expired"), &pager, "");
    let server = Server::start(&setup);
    is_told(&pager, "token_invalid", "alert.fired").await;
    let alert = firing(&server).await.remove(0);
    assert_eq!(
        alert["subject"],
        json!({ "kind": "account", "name": "acme-meta" })
    );
    assert_eq!(alert["tenant"], "acme");
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["path"], "/settings");
    let hook = &pager.hooks().taken()[0];
    assert_eq!(hook.body["data"]["id"], alert["id"]);
    assert_eq!(hook.body["data"]["url"], "https://cauce.example/settings");
    assert!(
        hook.body["data"]["advice"]
            .as_str()
            .unwrap()
            .contains("new token")
    );
    server.kill();
    let server = Server::start(&setup);
    // The token is checked anew after the start; by then the rules have looked several times.
    until("the token is checked", SOON, async || {
        let tokens = server.get("/api/pixels/tokens").await;
        tokens["items"][0]["checkedAt"] != Value::Null
    })
    .await;
    tokio::time::sleep(secs(1)).await;
    assert_eq!(firing(&server).await[0]["id"], alert["id"]);
    let url = pager.base_url();
    let channel = format!(
        "[[alerts.channels]]\nname = \"pager\"\ntype = \"webhook\"\nurl = \"{url}/in\"\nsecret = \"{SECRET}\"\n"
    );
    setup.change_accounts(outside.account("meta", "acme", "ok") + &channel);
    server.reload(&setup).await;
    server.post("/api/pixels/tokens/verify", &json!({})).await;
    is_told(&pager, "token_invalid", "alert.over").await;
    let of_tokens: Vec<_> = told(&pager)
        .into_iter()
        .filter(|(kind, _)| kind == "token_invalid")
        .collect();
    assert_eq!(of_tokens.len(), 2, "{of_tokens:?}");
    assert!(firing(&server).await.is_empty());
    let over = server
        .get("/api/alerts?state=over&kind=token_invalid")
        .await;
    assert_eq!(over["items"][0]["id"], alert["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_could_not_be_told_is_told_after_a_kill_and_raises_no_alert_of_its_own() {
    let (outside, pager) = (Outside::start().await, pager().await);
    let setup = setup(outside.account("meta", "acme", "expired"), &pager, "");
    pager.go_down().await;
    let server = Server::start(&setup);
    until("it waits in the queue", SOON, async || {
        server.count("alerts", "pending").await == 1
    })
    .await;
    until("the channel has failed", SOON, async || {
        let channels = server.get("/api/alerts/channels").await;
        channels["items"][0]["lastError"] != Value::Null
    })
    .await;
    assert_eq!(firing(&server).await.len(), 1, "nothing of the channel");
    server.kill();
    pager.come_back().await;
    let server = Server::start(&setup);
    is_told(&pager, "token_invalid", "alert.fired").await;
    server.emptied(&["alerts"], SOON).await;
    assert_eq!(told(&pager).len(), 1, "{:?}", told(&pager));
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_seen_acknowledged_and_tested_by_those_whose_they_are() {
    let (outside, pager) = (Outside::start().await, pager().await);
    let accounts = outside.account("meta", "acme", "expired");
    let setup = setup(accounts, &pager, "tenant = \"acme\"\nlanguage = \"es\"");
    let server = Server::start(&setup);
    is_told(&pager, "token_invalid", "alert.fired").await;
    let title = &pager.hooks().taken()[0].body["data"]["title"];
    assert_eq!(title, "acme-meta: las credenciales no funcionan");
    let mut keys = Vec::new();
    for tenant in ["acme", "globex"] {
        let wanted = json!({ "name": "ana", "tenant": tenant, "scopes": ["read", "manage"] });
        let made = server.post("/api/keys", &wanted).await;
        keys.push(made["key"].as_str().unwrap().to_owned());
    }
    let as_of =
        async |place: usize, request: &str| server.ask_as(&keys[place], request, &[], None).await;
    let own = as_of(0, "GET /api/alerts").await.json();
    let alert = own["items"][0]["id"].as_str().unwrap().to_owned();
    assert!(
        as_of(1, "GET /api/alerts").await.json()["items"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    let acknowledge = format!("POST /api/alerts/{alert}/acknowledge");
    assert_eq!(as_of(1, &acknowledge).await.status, 404);
    let done = as_of(0, &acknowledge).await.json();
    assert_eq!(done["acknowledgedBy"], "ana");
    let shown = server.get("/api/alerts").await;
    assert_eq!(shown["items"][0]["acknowledgedAt"], done["acknowledgedAt"]);
    let test = "POST /api/alerts/channels/pager/test";
    assert_eq!(as_of(1, test).await.status, 404);
    assert_eq!(as_of(0, test).await.status, 202);
    is_told(&pager, "", "alert.test").await;
    let audit = server.get("/api/audit").await.to_string();
    assert!(
        audit.contains("alert.acknowledge") && audit.contains("alert.test"),
        "{audit}"
    );
    for bad in ["?kind=nothing", "?severity=loud", "?state=asleep"] {
        let refused = server.ask(&format!("GET /api/alerts{bad}"), None).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.body);
    }
    let rules = server.get("/api/alerts/rules").await;
    assert!(rules["items"].as_array().unwrap().len() > 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_fire_for_the_tenant_whose_they_are_and_are_told_on_the_stream() {
    let (outside, pager) = (Outside::start().await, pager().await);
    let setup = setup(outside.account("meta", "acme", "ok"), &pager, "");
    let server = Server::start(&setup);
    let mut reader = Listener::open_at(server.addr, ADMIN, "/api/stream?tenant=acme", None).await;
    reader.until("event: session", SOON).await;
    let bad: Vec<String> = (1..=3).map(id).collect();
    let faults = outside.meta.faults();
    faults.poison(bad.iter().map(String::as_str), Poison::Unnamed);
    for id in &bad {
        server
            .post("/api/pixels/events?tenant=acme", &event(id))
            .await;
    }
    is_told(&pager, "dead_letters", "alert.fired").await;
    let heard = reader.until("event: alert", SOON).await;
    assert!(heard.contains("dead_letters"), "{heard}");
    let alert = &firing(&server).await[0];
    assert_eq!(alert["value"], 3.0);
    assert_eq!(alert["path"], "/dead?queue=meta");
}

/// A configuration whose alerts are told by e-mail.
fn by_mail(outside: &Outside, post: &Post) -> Setup {
    let madrid = "[[alerts.channels]]\nname = \"madrid\"\ntype = \"email\"\nlanguage = \"es\"\n\
                  to = [\"Luis <luis@example.com>\", \"nadie@example.com\"]\n";
    let email = format!("{}\nto = [\"ana@example.com\"]", post.leaves_through());
    Setup::new(outside.account("meta", "acme", "expired") + madrid)
        .at_root("public_url = \"https://cauce.example\"\n")
        .with("alerts", "every = \"100ms\"")
        .with("alerts.email", &email)
        .with(
            "queues.alerts",
            "retry = { base = \"100ms\", cap = \"200ms\" }",
        )
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_gets_a_letter_in_their_language_and_one_refusal_keeps_nobody_from_theirs() {
    let (outside, post) = (Outside::start().await, Post::start().await);
    post.says(
        "ana@example.com",
        &["451 4.7.1 greylisted", "451 4.7.1 still"],
    );
    post.says("nadie@example.com", &["550 5.1.1 no such user"]);
    let server = Server::start(&by_mail(&outside, &post));
    until("both letters are there", secs(20), async || {
        post.letters().len() == 2
    })
    .await;
    server.emptied(&["alerts"], SOON).await;
    let letters = post.letters();
    let letter = |to: &str| {
        let mut found = letters.iter().filter(|letter| letter.to == [to]);
        found
            .next()
            .unwrap_or_else(|| panic!("no letter to {to}"))
            .text
            .clone()
    };
    let (ana, luis) = (letter("ana@example.com"), letter("luis@example.com"));
    assert!(
        ana.contains("acme-meta: the credentials do not work"),
        "{ana}"
    );
    assert!(
        luis.contains("acme-meta: las credenciales no funcionan"),
        "{luis}"
    );
    for text in [&ana, &luis] {
        assert!(text.contains("https://cauce.example/settings"), "{text}");
        assert!(
            text.contains("text/html") && text.contains("text/plain"),
            "{text}"
        );
        assert!(text.contains("References: <alert-1@example.com>"), "{text}");
    }
    let dead = server.get("/api/queues/alerts/dead").await.to_string();
    assert!(
        dead.contains("smtp_550") && !dead.contains("nadie@"),
        "{dead}"
    );
    assert_eq!(server.count("alerts", "dead").await, 1);
}
