//! Kinds of alerts that take a part of Cauce of their own: each fires, says what is wrong, and ends.

use cauce_sim::{Fault, Manner, Treatment};
use serde_json::{Value, json};

use crate::support::{
    Backend, Outside, SOON, Senders, Server, Setup, campaigns, event, id,
    pager::{Pager, firing, subject},
    secs, track, until, web_event,
};

/// One job in a request, and one request at a time.
const ONE_BY_ONE: &str = "rate = []\nconcurrency = 1\n\
                          batch = { max_items = 1, max_wait = \"0s\", priority_wait = \"0s\" }\n";

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_sends_nothing_is_told_with_what_it_says_of_itself() {
    let (outside, pager) = (Outside::start().await, Pager::start().await);
    let accounts = outside.account("meta", "acme", "ok") + &pager.channel("");
    let setup = Setup::new(accounts)
        .with("queues.meta", ONE_BY_ONE)
        .with("transport", "first_byte = \"60s\"\ntotal = \"60s\"\n");
    let rules = "worker_stalled = { above = \"1s\", below = \"1s\", over_after = \"0s\" }";
    let server = Server::start(&pager.watches(setup, rules));
    until("the token is checked", SOON, async || {
        let tokens = server.get("/api/pixels/tokens").await;
        tokens["items"][0]["checkedAt"] != Value::Null
    })
    .await;
    let slow = Fault::SlowAnswer { delay: secs(8) };
    outside.meta.faults().next(1, slow);
    for number in 1..=2 {
        let event = event(&id(number));
        server.post("/api/pixels/events?tenant=acme", &event).await;
    }
    let alarm = pager.hears("worker_stalled", "alert.fired").await;
    assert_eq!(alarm["subject"], subject("account", "acme-meta"));
    assert_eq!(
        (&alarm["tenant"], &alarm["severity"], &alarm["unit"]),
        (&json!("acme"), &json!("critical"), &json!("seconds"))
    );
    assert!(alarm["value"].as_f64().unwrap() > 1.0, "{alarm}");
    // What holds the line is a request that is not answered, and no gate that anybody knows of.
    let detail = alarm["detail"].as_str().unwrap();
    assert!(detail.contains("on their way"), "{alarm}");
    pager.hears_the_end(&alarm).await;
    server.emptied(&["meta"], SOON).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backend_that_lacks_a_route_is_told_until_it_has_one() {
    let (backend, pager) = (Backend::start().await, Pager::start().await);
    let quick = "batch = { max_wait = \"50ms\", priority_wait = \"50ms\" }\n\
                 retry = { base = \"50ms\", cap = \"200ms\" }\n";
    let setup = Setup::new(backend.account() + &pager.channel("")).with("queues.status", quick);
    let rules = "backend_route = { after = \"0s\", over_after = \"0s\" }";
    let setup = pager.watches(setup, rules);
    let server = Server::start(&setup);
    backend.at.sessions().answer(Manner::RouteMissing);
    // The engine dies before it knows that the alarm was heard, so it tells it again.
    let unanswered = Fault::Hang { accepts: true };
    pager.at.faults().next(1, unanswered);
    let path = "/api/sessions/s1/status?tenant=acme";
    let status = json!({ "status": "n-1" }).to_string();
    let put = format!("PUT {path}");
    assert!(server.ask(&put, Some(&status)).await.status < 300);
    let alarm = pager.hears("backend_route", "alert.fired").await;
    assert_eq!(alarm["tenant"], "acme");
    assert_eq!(alarm["severity"], "critical");
    let said = alarm["detail"].as_str().unwrap();
    assert!(said.contains("lacks this route"), "{alarm}");
    // Whoever starts again and gets no answer does not know: nothing is over by that.
    server.kill();
    backend.at.faults().always(Fault::Hang { accepts: false });
    let server = Server::start(&setup);
    tokio::time::sleep(secs(1)).await;
    assert_eq!(firing(&server).await[0]["id"], alarm["id"]);
    backend.at.faults().clear();
    backend.at.sessions().answer(Manner::Right);
    pager.hears_the_end(&alarm).await;
    let told = pager.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(pager.at.hooks().taken().len(), 3, "one of them twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_a_rule_has_paused_is_told_until_a_person_resumes_it() {
    let (senders, pager) = (Senders::start().await, Pager::start().await);
    let slow = "rate = [[10, \"1s\"]]\nconcurrency = 2\n";
    let mut setup = senders.setup().with("queues.campaigns", slow).and(
        "campaigns",
        "hold = { failure_rate = 0.3, min_messages = 10 }",
    );
    let quiet = "failure_rate = { enabled = false }\ndead_letters = { enabled = false }";
    setup.change_accounts(senders.accounts() + &pager.channel(""));
    let server = Server::start(&pager.watches(setup, quiet));
    campaigns::with_contacts(&server, 40).await;
    let twilio = senders.twilio.messages();
    twilio.treat_others(Treatment::Refused(63_016));
    let id = campaigns::make(&server, json!({})).await;
    campaigns::order(&server, &id, "start").await;
    let alarm = pager.hears("campaign_paused", "alert.fired").await;
    assert_eq!(alarm["subject"], subject("campaign", &id));
    assert_eq!(
        (&alarm["tenant"], &alarm["severity"]),
        (&json!("acme"), &json!("warning"))
    );
    let detail = alarm["detail"].as_str().unwrap();
    assert!(detail.starts_with("Navidad: "), "{alarm}");
    let url = format!("https://cauce.example.com/campaigns/{id}");
    assert_eq!(alarm["url"], json!(url));
    twilio.treat_others(Treatment::Leaves);
    campaigns::order(&server, &id, "queue-resume").await;
    pager.hears_the_end(&alarm).await;
    // A pause by a person is none of a rule.
    let other = campaigns::make(&server, json!({})).await;
    campaigns::order(&server, &other, "start").await;
    campaigns::order(&server, &other, "queue-pause").await;
    campaigns::becomes(&server, &other, "paused").await;
    assert!(firing(&server).await.is_empty());
}

/// So many events of a moment.
fn moment(first: u64, count: u64, at: i64) -> Vec<Value> {
    let one = |number| {
        let mut event = web_event(number, number, "PAGE_VIEW");
        event["occurredAt"] = json!(at);
        event
    };
    (first..first + count).map(one).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_that_is_unlike_those_of_past_weeks_is_told_and_so_is_its_end() {
    const WEEK_MS: i64 = 7 * 24 * 3_600_000;
    let pager = Pager::start().await;
    let busy = "[[alerts.rules]]\nwhen = \"tracking_volume\"\nname = \"calm\"\nmin_volume = 50\n\
                [[alerts.rules]]\nwhen = \"tracking_volume\"\nname = \"busy\"\nmin_volume = 5000\n";
    let rules = "tracking_volume = { after = \"0s\", over_after = \"0s\" }";
    let setup = Setup::new(pager.channel("") + busy).with(
        "tracking",
        "enable_throttling = false\nenable_aggregation = false\n",
    );
    let server = Server::start(&pager.watches(setup, rules));
    let half_an_hour_ago = crate::support::now_ms() - 1_800_000;
    for week in 1..=4_i64 {
        let at = half_an_hour_ago - week * WEEK_MS;
        let events = moment(1_000 * week.unsigned_abs(), 100, at);
        track(&server, events).await;
    }
    let alarm = pager.hears("tracking_volume", "alert.fired").await;
    assert_eq!(alarm["subject"], subject("tracking", ""));
    assert_eq!(
        (&alarm["tenant"], &alarm["rule"], &alarm["unit"]),
        (&json!("acme"), &json!("calm"), &json!("deviations"))
    );
    let detail = "0 events in the last hour, usual are 100";
    assert_eq!(alarm["detail"], detail);
    let now = crate::support::now_ms();
    track(&server, moment(9_000, 100, now - 1_000)).await;
    pager.hears_the_end(&alarm).await;
    let told = pager.told();
    assert_eq!(told.len(), 2, "{told:?}");
}
