//! Alerts: what is wrong is told once, survives a kill, and its end is told, too.

use cauce_sim::Poison;
use serde_json::{Value, json};

use crate::support::{
    ADMIN, Listener, Outside, Post, SOON, Server, Setup, event, events, id,
    pager::{Pager, firing},
    secs, until,
};

/// A configuration whose alerts look often, with a channel for the pager.
fn setup(accounts: String, pager: &Pager, more: &str) -> Setup {
    let rules = "dead_letters = { above = 1, below = 0, over_after = \"1h\" }\n\
                 token_invalid = { over_after = \"300ms\" }\n";
    let setup = Setup::new(accounts + &pager.channel(more))
        .at_root("public_url = \"https://cauce.example\"\n");
    pager.watches(setup, rules)
}

/// Waits until the alarms of an account's token are told to the queue and the channel has failed.
async fn waits_for_the_channel(server: &Server) {
    until("it waits in the queue", SOON, async || {
        server.count("alerts", "pending").await == 1
    })
    .await;
    until("the channel has failed", SOON, async || {
        let channels = server.get("/api/alerts/channels").await;
        channels["items"][0]["breaker"] != "closed"
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_token_is_told_once_whatever_dies_and_its_mending_is_told() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let mut setup = setup(outside.account("meta", "acme", "expired"), &pager, "");
    let server = Server::start(&setup);
    pager.hears("token_invalid", "alert.fired").await;
    let alert = firing(&server).await.remove(0);
    assert_eq!(
        alert["subject"],
        json!({ "kind": "account", "name": "acme-meta" })
    );
    assert_eq!(alert["tenant"], "acme");
    assert_eq!(alert["severity"], "critical");
    assert_eq!(alert["path"], "/settings");
    let hook = &pager.at.hooks().taken()[0];
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
    // A platform that does not answer for a token has not mended it.
    outside.meta.go_down().await;
    server.post("/api/pixels/tokens/verify", &json!({})).await;
    let tokens = server.get("/api/pixels/tokens").await;
    assert_eq!(tokens["items"][0]["state"], "unknown", "{tokens}");
    tokio::time::sleep(secs(1)).await;
    assert_eq!(firing(&server).await[0]["id"], alert["id"]);
    outside.meta.come_back().await;
    setup.change_accounts(outside.account("meta", "acme", "ok") + &pager.channel(""));
    server.reload(&setup).await;
    server.post("/api/pixels/tokens/verify", &json!({})).await;
    pager.hears("token_invalid", "alert.over").await;
    let of_tokens: Vec<_> = pager
        .told()
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
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let accounts = ["meta", "tiktok"].map(|queue| {
        let token = if queue == "meta" { "expired" } else { "ok" };
        outside.account(queue, "acme", token)
    });
    // Whatever fails, fires at once.
    let rules = "breaker_open = { after = \"0s\" }\noldest_job = { enabled = false }\n\
                 failure_rate = { above = 1, below = 0, min_volume = 1, after = \"0s\" }\n";
    let setup = Setup::new(accounts.concat() + &pager.channel("")).with(
        "queues.tiktok",
        "rate = []\nbatch = { max_wait = \"0s\" }\nretry = { base = \"100ms\", cap = \"200ms\" }\n\
         breaker = { failures = 2, open_for = \"200ms\" }\n",
    );
    let setup = pager.watches(setup, rules);
    pager.at.go_down().await;
    let server = Server::start(&setup);
    waits_for_the_channel(&server).await;
    // Of another account that fails as the channel does, and later, alerts fire: so they have looked.
    outside.tiktok.go_down().await;
    server
        .post("/api/pixels/events?tenant=acme", &events("tiktok", 0, 1))
        .await;
    let kinds = async || -> Vec<String> {
        let firing = firing(&server).await.into_iter();
        let name = |alert: Value| format!("{} {}", alert["kind"], alert["subject"]["name"]);
        let mut kinds: Vec<String> = firing.map(|alert| name(alert).replace('"', "")).collect();
        kinds.sort();
        kinds
    };
    let wanted = [
        "breaker_open acme-tiktok",
        "failure_rate tiktok",
        "token_invalid acme-meta",
    ];
    until("what fails fires", secs(30), async || {
        let found = kinds().await;
        wanted
            .iter()
            .all(|wanted| found.iter().any(|kind| kind == wanted))
    })
    .await;
    assert_eq!(kinds().await, wanted, "nothing of the channel");
    server.kill();
    pager.at.come_back().await;
    outside.tiktok.come_back().await;
    let server = Server::start(&setup);
    pager.hears("token_invalid", "alert.fired").await;
    server.emptied(&["alerts"], SOON).await;
    let of_tokens = |(kind, _): &&(String, String)| kind == "token_invalid";
    let told = pager.told();
    assert_eq!(told.iter().filter(of_tokens).count(), 1, "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_that_was_away_gets_the_newest_of_an_alert_alone() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let mut setup = setup(outside.account("meta", "acme", "expired"), &pager, "");
    pager.at.go_down().await;
    let server = Server::start(&setup);
    waits_for_the_channel(&server).await;
    let alert = firing(&server).await.remove(0);
    setup.change_accounts(outside.account("meta", "acme", "ok") + &pager.channel(""));
    server.reload(&setup).await;
    server.post("/api/pixels/tokens/verify", &json!({})).await;
    until("its end waits in place of its alarm", SOON, async || {
        server.count("alerts", "cancelled").await == 1
    })
    .await;
    pager.at.come_back().await;
    let over = pager.hears("token_invalid", "alert.over").await;
    assert_eq!(over["id"], alert["id"]);
    server.emptied(&["alerts"], SOON).await;
    assert_eq!(pager.told().len(), 1, "{:?}", pager.told());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alarm_that_there_was_nobody_for_is_told_to_a_channel_that_comes_later() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let account = outside.account("meta", "acme", "expired");
    let mut setup = pager.watches(Setup::new(account.clone()), "");
    let server = Server::start(&setup);
    until("it fires", SOON, async || firing(&server).await.len() == 1).await;
    let alert = firing(&server).await.remove(0);
    assert_eq!(
        (&alert["alarms"], &alert["alarmedAt"]),
        (&json!(0), &Value::Null)
    );
    setup.change_accounts(account + &pager.channel(""));
    server.reload(&setup).await;
    let told = pager.hears("token_invalid", "alert.fired").await;
    assert_eq!(told["id"], alert["id"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_there_is_no_room_for_is_said_once_in_the_log_and_told_when_there_is() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let setup = setup(outside.account("meta", "acme", "expired"), &pager, "");
    let setup = setup.with("limits", "min_free = \"1000000 GiB\"\n");
    let server = Server::start(&setup);
    until("it fires", SOON, async || !firing(&server).await.is_empty()).await;
    let said = || setup.log().matches("alerts cannot be told").count();
    until("the log says so", SOON, async || said() > 0).await;
    // It has been tried again several times by then.
    tokio::time::sleep(secs(1)).await;
    assert_eq!(said(), 1, "{}", setup.log());
    let setup = setup.with("limits", "min_free = \"64 MiB\"\n");
    server.reload(&setup).await;
    pager.hears("token_invalid", "alert.fired").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn alerts_are_seen_acknowledged_and_tested_by_those_whose_they_are() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let accounts = outside.account("meta", "acme", "expired");
    let more = "tenant = \"acme\"\nlanguage = \"es\"\n\
                [[alerts.rules]]\nwhen = \"token_invalid\"\nchannels = [\"pager\"]";
    let setup = setup(accounts, &pager, more);
    let server = Server::start(&setup);
    pager.hears("token_invalid", "alert.fired").await;
    let title = &pager.at.hooks().taken()[0].body["data"]["title"];
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
    pager.hears("", "alert.test").await;
    let audit = server.get("/api/audit").await.to_string();
    assert!(
        audit.contains("alert.acknowledge") && audit.contains("alert.test"),
        "{audit}"
    );
    for bad in ["?kind=nothing", "?severity=loud", "?state=asleep"] {
        let refused = server.ask(&format!("GET /api/alerts{bad}"), None).await;
        assert_eq!(refused.status, 400, "{bad}: {}", refused.body);
    }
    // Who may not see a channel is not told its name.
    let narrow = |rules: &Value| {
        let rules = rules["items"].as_array().unwrap();
        assert!(rules.len() > 10);
        let narrow = |rule: &&Value| rule["channels"] != Value::Null;
        let found = rules.iter().find(narrow).unwrap();
        (found["name"].clone(), found["channels"].clone())
    };
    for (place, channels) in [(0, json!(["pager"])), (1, json!([]))] {
        let rules = as_of(place, "GET /api/alerts/rules").await.json();
        assert_eq!(narrow(&rules), (json!("token_invalid"), channels));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn dead_letters_fire_for_the_tenant_whose_they_are_and_are_told_on_the_stream() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
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
    pager.hears("dead_letters", "alert.fired").await;
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
