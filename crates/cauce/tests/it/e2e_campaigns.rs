//! Campaigns: made, started, held and ended over sockets, and counted at the provider.

use cauce_sim::{Callbacks, Fault, Treatment};
use serde_json::{Value, json};

use crate::support::{
    SOON, Senders, Server,
    campaigns::{OF_TENANT, becomes, campaign, make, order, phone, status, with_contacts},
    until,
};

#[tokio::test(flavor = "multi_thread")]
async fn everybody_of_a_campaign_gets_one_message_or_a_reason_why_not() {
    let senders = Senders::start().await;
    let setup = senders.setup().and("campaigns", "batch_size = 3");
    let server = Server::start(&setup);
    with_contacts(&server, 8).await;
    let opted_out = json!({"phones": [phone(3)]});
    server
        .post(&format!("/api/contacts/opt-out{OF_TENANT}"), &opted_out)
        .await;
    let named = json!([
        "c0", "nobody", {"phone": "not a number"}, {"id": "new", "phone": phone(50), "name": "Eva"},
        {"id": "nameless", "phone": phone(51)}, {"id": "again", "phone": phone(50), "name": "Eva"},
        {"id": "blank", "phone": phone(52)}, {"id": "whole", "phone": phone(52), "name": "Sol"},
    ]);
    let id = make(&server, json!({"contacts": named, "cost": 0.5})).await;
    let preview = server
        .post(&format!("/api/campaigns/{id}/preview?limit=50"), &json!({}))
        .await;
    let preview = preview["items"].as_array().unwrap();
    assert_eq!(preview[0]["content"]["text"], "Hola Ana 0", "{preview:?}");
    let started = order(&server, &id, "start").await;
    assert_eq!(started["estimatedContacts"], 13, "{started}");
    let job = started["jobId"].as_str().unwrap();
    assert!(job.starts_with(&format!("{id}_")), "{job}");
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(
        done["progress"],
        json!({"processed": 9, "total": 9, "success": 9, "failed": 0, "percentage": 100.0})
    );
    assert_eq!(done["totalJobs"], 3);
    let skipped = json!({"bad_number": 1, "duplicate": 1, "missing_variable": 2, "opted_out": 1, "unknown_contact": 1});
    assert_eq!(done["metrics"]["skipped"], skipped);
    // The preview has told the same of those whom it could know.
    for (why, count) in [("duplicate", 1), ("missing_variable", 2), ("opted_out", 1)] {
        let told = preview.iter().filter(|item| item["skipped"] == why);
        assert_eq!(told.count(), count, "{why}: {preview:?}");
    }
    assert_eq!(done["metrics"]["cost"], 4.5);
    let effects = senders.twilio.messages().effects();
    assert_eq!(effects.len(), 9, "{effects:?}");
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    let list = |query: &str| format!("/api/campaigns/{id}/recipients{query}");
    let all = server.get(&list("?limit=500")).await;
    let sent = all["items"].as_array().unwrap().len();
    let rest = all["nextCursor"].as_str().unwrap();
    let skipped = server.get(&list(&format!("?cursor={rest}"))).await;
    assert_eq!((sent, skipped["items"].as_array().unwrap().len()), (9, 6));
    let table = server
        .ask(&format!("GET {}", list("?format=csv")), None)
        .await;
    for (state, count) in [(",sent,", 9), (",skipped,", 6)] {
        assert_eq!(table.body.matches(state).count(), count, "{}", table.body);
    }
    let dashboard = server.get("/api/dashboard/campaign-queue-metrics").await;
    assert_eq!(dashboard["metrics"]["campaignQueue"]["completed"], 1);
    assert_eq!(dashboard["metrics"]["system"]["messagesSent"], 9);
}

#[tokio::test(flavor = "multi_thread")]
async fn table_of_recipients_names_their_variants_where_there_are_some() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    with_contacts(&server, 2).await;
    let cells = async |body: Value| {
        let id = make(&server, body).await;
        order(&server, &id, "start").await;
        becomes(&server, &id, "completed").await;
        let path = format!("GET /api/campaigns/{id}/recipients?format=csv");
        let table = server.ask(&path, None).await.body;
        let cell = |row: &str| row.split(',').nth(3).unwrap().to_owned();
        let rows = table.lines().filter(|row| row.contains(",sent,"));
        let cells: Vec<String> = rows.map(cell).collect();
        let list = format!("/api/campaigns/{id}/recipients");
        let listed = server.get(&list).await["items"][0]["variant"].clone();
        (cells, listed)
    };
    let plain = cells(json!({})).await;
    assert_eq!(plain, (vec![String::new(); 2], Value::Null));
    // Everybody gets the second.
    let variants = json!([
        {"name": "Lunes", "message": "Hola", "weight": 0},
        {"name": "Martes, tarde", "message": "Buenas", "weight": 1},
    ]);
    let (named, listed) = cells(json!({"message": null, "variants": variants})).await;
    assert_eq!(named, ["\"Martes", "\"Martes"]);
    assert_eq!(listed, 1);
    // What was done to campaigns is told with their ids, to the tenant that they belong to.
    let audit = server.get("/api/audit?tenant=acme&limit=500").await;
    let of = |action: &str| {
        let entries = audit["items"].as_array().unwrap().iter();
        let mut own = entries.filter(|entry| entry["action"] == action);
        own.next().unwrap_or_else(|| panic!("no {action}: {audit}"))["object"].clone()
    };
    let (made, started) = (of("campaign.make"), of("campaign.start"));
    let id = started.as_str().unwrap();
    assert!(
        made.as_str().unwrap().starts_with(&format!("{id} (")),
        "{made}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_holds_across_a_restart_and_a_stop_is_final() {
    let senders = Senders::start().await;
    let setup = senders.setup().and("queues.campaigns", "").with(
        "queues.campaigns",
        "rate = [[20, \"1s\"]]\nconcurrency = 4\n",
    );
    let server = Server::start(&setup);
    with_contacts(&server, 90).await;
    let id = make(&server, json!({})).await;
    order(&server, &id, "start").await;
    let sent = || senders.twilio.messages().effects().len();
    until("something was sent", SOON, async || sent() > 0).await;
    let paused = order(&server, &id, "queue-pause").await;
    assert_eq!(paused["campaign"]["status"], "paused", "{paused}");
    until("nothing is in flight", SOON, async || {
        status(&server, &id).await["metrics"]["messages"]["queued"]
            .as_u64()
            .unwrap_or(0)
            + sent() as u64
            == 90
    })
    .await;
    let by_then = sent();
    server.kill();
    let server = Server::start(&setup);
    assert_eq!(status(&server, &id).await["status"], "paused");
    assert_eq!(sent(), by_then);
    order(&server, &id, "queue-resume").await;
    until("it goes on", SOON, async || sent() > by_then).await;
    let stopped = order(&server, &id, "queue-stop").await;
    assert_eq!(stopped["campaign"]["status"], "stopped", "{stopped}");
    let ended = async || {
        let status = status(&server, &id).await;
        let messages = &status["metrics"]["messages"];
        let of = |name: &str| messages[name].as_u64().unwrap_or(0);
        of("queued") == 0 && of("cancelled") + sent() as u64 == 90
    };
    until("the rest is cancelled", SOON, ended).await;
    let again = server
        .ask(
            &format!("POST /api/campaigns/{id}/queue-resume"),
            Some("{}"),
        )
        .await;
    assert_eq!(again.status, 409, "{}", again.body);
    let effects = senders.twilio.messages().effects();
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scheduled_campaign_starts_by_itself_also_when_the_server_was_down() {
    let senders = Senders::start().await;
    let setup = senders.setup();
    let server = Server::start(&setup);
    with_contacts(&server, 3).await;
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = u64::try_from(now.as_millis()).unwrap() + 700;
    let id = make(&server, json!({"scheduledAt": at})).await;
    assert_eq!(status(&server, &id).await["status"], "scheduled");
    server.kill();
    let server = Server::start(&setup);
    let done = becomes(&server, &id, "completed").await;
    let started = done["metrics"]["startedAt"].as_str().unwrap().to_owned();
    let campaign = server.get(&format!("/api/campaigns/{id}")).await;
    let due = campaign["scheduledAt"].as_str().unwrap().to_owned();
    assert!(started >= due, "{started} {due}");
    assert_eq!(senders.twilio.messages().effects().len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_is_refused_with_what_and_where_and_leaves_nothing() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    with_contacts(&server, 2).await;
    let long = "a".repeat(1_601);
    for (fields, pointer, says) in [
        (json!({"message": "Hola {{name"}), "/message", "not closed"),
        (json!({"message": long}), "/message", "1600 characters"),
        (json!({"sender": "nobody"}), "/sender", "twilio"),
        (
            json!({"scheduledAt": "2020-01-01T00:00:00Z"}),
            "/scheduledAt",
            "past",
        ),
        (
            json!({"sendWindow": {"from": "09:00", "to": "09:00"}}),
            "/sendWindow",
            "never opens",
        ),
        (
            json!({"sendWindow": {"from": "09:00", "to": "20:00", "timeZone": "Mars/Olympus"}}),
            "/sendWindow/timeZone",
            "Europe/Madrid",
        ),
        (
            json!({"variants": [{"name": "a", "weight": 0, "message": "x"}]}),
            "/variants",
            "weights are 0",
        ),
        (
            json!({"template": {"name": "x", "language": "es"}, "message": null}),
            "/template",
            "contentSid",
        ),
        (
            json!({"contacts": [{"id": "x", "phone": phone(9), "timezone": "Mars/Olympus"}]}),
            "/contacts/0/timezone",
            "",
        ),
    ] {
        let body = campaign(fields).to_string();
        let answer = server.ask("POST /api/campaigns", Some(&body)).await;
        assert_eq!(answer.status, 422, "{body}: {}", answer.body);
        let problem = answer.json();
        let fault = &problem["errors"][0];
        assert_eq!(fault["pointer"], pointer, "{problem}");
        assert!(
            fault["detail"].as_str().unwrap().contains(says),
            "{problem}"
        );
    }
    let none = server.get("/api/campaigns").await;
    assert_eq!(none["items"], json!([]));
    for (fields, pointer, says) in [
        (json!({"message": "{{nombre}}"}), "/message", "nombre"),
        (
            json!({"audience": {"tags": ["nobody"]}}),
            "/contacts",
            "empty",
        ),
    ] {
        let id = make(&server, fields).await;
        let start = format!("POST /api/campaigns/{id}/start");
        let problem = server.ask(&start, Some("{}")).await.json();
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
        assert!(
            problem["errors"][0]["detail"]
                .as_str()
                .unwrap()
                .contains(says),
            "{problem}"
        );
        assert_eq!(status(&server, &id).await["status"], "draft");
        let stop = server
            .ask(&format!("POST /api/campaigns/{id}/queue-stop"), Some("{}"))
            .await;
        assert_eq!(stop.status, 409, "{}", stop.body);
    }
    let id = make(&server, json!({})).await;
    order(&server, &id, "start").await;
    let twice = server
        .ask(&format!("POST /api/campaigns/{id}/start"), Some("{}"))
        .await;
    assert_eq!(twice.status, 409, "{}", twice.body);
    becomes(&server, &id, "completed").await;
    assert_eq!(senders.twilio.messages().effects().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_the_provider_knows_to_want_none_gets_no_further_campaign() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    with_contacts(&server, 6).await;
    let twilio = senders.twilio.messages();
    twilio.treat(&phone(1), Treatment::Refused(21_610));
    twilio.treat(&phone(4), Treatment::FailsLater(21_610));
    let first = make(&server, json!({})).await;
    order(&server, &first, "start").await;
    becomes(&server, &first, "completed").await;
    for number in [1, 4] {
        let contact = format!("/api/contacts/c{number}{OF_TENANT}");
        until("it is noted", SOON, async || {
            server.get(&contact).await["optedOut"] == true
        })
        .await;
    }
    let second = make(&server, json!({})).await;
    order(&server, &second, "start").await;
    let done = becomes(&server, &second, "completed").await;
    assert_eq!(
        done["metrics"]["skipped"],
        json!({"opted_out": 2}),
        "{done}"
    );
    assert_eq!(done["progress"]["success"], 4, "{done}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_recipient_of_a_campaign_that_is_through_can_be_sent_it_again() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    with_contacts(&server, 3).await;
    let reset = Fault::ResetLate { accepts: false };
    senders.evolution.faults().next(1, reset);
    let id = make(&server, json!({"sender": "evolution"})).await;
    order(&server, &id, "start").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(done["metrics"]["messages"]["unknown"], 1, "{done}");
    assert_eq!(done["progress"]["processed"], 2, "{done}");
    let list = format!("/api/campaigns/{id}/recipients?state=unknown");
    let unknown = server.get(&list).await["items"][0].clone();
    let message = unknown["messageId"].as_str().unwrap();
    server
        .post(&format!("/api/dead/{message}/retry"), &json!({}))
        .await;
    until("everybody has it", SOON, async || {
        status(&server, &id).await["progress"]["success"] == 3
    })
    .await;
    let effects = senders.evolution.messages().effects();
    assert_eq!(effects.len(), 3, "{effects:?}");
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    becomes(&server, &id, "completed").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_whose_dead_letters_are_put_back_is_under_way_until_they_have_ended() {
    let senders = Senders::start().await;
    let slow = "rate = [[2, \"1s\"]]\nconcurrency = 1\n";
    let server = Server::start(&senders.setup().with("queues.campaigns", slow));
    with_contacts(&server, 6).await;
    let twilio = senders.twilio.messages();
    twilio.treat_others(Treatment::Refused(63_016));
    let id = make(&server, json!({})).await;
    order(&server, &id, "start").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(done["progress"]["failed"], 6, "{done}");
    twilio.treat_others(Treatment::Leaves);
    let again = server
        .post("/api/whatsapp/dlq/retry", &json!({"campaignId": id}))
        .await;
    assert_eq!(again["count"], 6, "{again}");
    let under_way = status(&server, &id).await;
    assert_eq!(under_way["status"], "sending", "{under_way}");
    assert!(under_way["metrics"]["finishedAt"].is_null(), "{under_way}");
    order(&server, &id, "queue-pause").await;
    let held = twilio.count();
    assert!(held < 6, "it was paused at once");
    order(&server, &id, "queue-resume").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(done["progress"]["success"], 6, "{done}");
    assert_eq!(twilio.count(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_letter_of_a_stopped_campaign_says_that_it_was_stopped() {
    let senders = Senders::start().await;
    let slow = "rate = [[4, \"1s\"]]\nconcurrency = 1\n";
    let server = Server::start(&senders.setup().with("queues.campaigns", slow));
    with_contacts(&server, 20).await;
    let twilio = senders.twilio.messages();
    twilio.treat_others(Treatment::Refused(63_016));
    let id = make(&server, json!({})).await;
    order(&server, &id, "start").await;
    let list = format!("/api/campaigns/{id}/recipients?state=failed");
    until("one has failed", SOON, async || {
        server.get(&list).await["items"][0].is_object()
    })
    .await;
    order(&server, &id, "queue-stop").await;
    let message = server.get(&list).await["items"][0]["messageId"].clone();
    let message = message.as_str().unwrap().to_owned();
    for path in ["whatsapp/dlq", "dead"] {
        let path = format!("POST /api/{path}/{message}/retry");
        let refused = server.ask(&path, Some("{}")).await;
        assert_eq!(refused.status, 409, "{}", refused.body);
        assert!(
            refused.body.contains("stopped for good"),
            "{}",
            refused.body
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_only_the_last_contacts_have_is_no_reason_to_refuse_a_start() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    let text = json!({"message": "Hola, {{ciudad}}"});
    with_contacts(&server, 3).await;
    let id = make(&server, text.clone()).await;
    let start = format!("POST /api/campaigns/{id}/start");
    let refused = server.ask(&start, Some("{}")).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert!(refused.body.contains("`ciudad`"), "{}", refused.body);
    with_contacts(&server, 600).await;
    let last = json!([{"phone": phone(600), "tags": ["vip"], "attributes": {"ciudad": "Lima"}}]);
    let path = format!("/api/contacts{OF_TENANT}");
    server.post(&path, &last).await;
    order(&server, &id, "start").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(done["progress"]["success"], 1, "{done}");
    assert_eq!(done["metrics"]["skipped"], json!({"missing_variable": 600}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_began_before_another_one_is_refused_and_told() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    let id = make(&server, json!({"contacts": ["nobody"]})).await;
    let path = format!("PATCH /api/campaigns/{id}");
    let known = format!("/api/campaigns/{id}");
    let since = server.get(&known).await["updatedAt"].clone();
    let change = async |name: &str| {
        let body = json!({"name": name, "unchangedSince": since});
        server.ask(&path, Some(&body.to_string())).await
    };
    assert_eq!(change("First").await.status, 200);
    let refused = change("Second").await;
    assert_eq!(
        (refused.status, refused.json()["code"].as_str()),
        (409, Some("changed_meanwhile"))
    );
    assert_eq!(server.get(&known).await["name"], "First");
    let new = json!({"name": "New", "message": "Hola", "unchangedSince": since}).to_string();
    let made = server
        .ask("POST /api/campaigns?tenant=acme", Some(&new))
        .await;
    assert_eq!(
        made.json()["errors"][0]["pointer"],
        "/unchangedSince",
        "{}",
        made.body
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn null_takes_away_what_a_campaign_says_and_what_is_left_out_stays() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    let id = make(&server, json!({"contacts": ["nobody"]})).await;
    let path = format!("PATCH /api/campaigns/{id}");
    let emptied = json!({"message": null, "template": null}).to_string();
    let refused = server.ask(&path, Some(&emptied)).await.json();
    assert_eq!(refused["errors"][0]["pointer"], "/message", "{refused}");
    let variants = json!([{"name": "A", "message": "Hola"}]);
    for (change, message) in [
        (json!({"name": "Renamed"}), json!("Hola {{name}}")),
        (json!({"message": null, "variants": variants}), json!(null)),
        (json!({"message": "Hola", "template": null}), json!("Hola")),
    ] {
        let changed = server.ask(&path, Some(&change.to_string())).await;
        assert_eq!(changed.json()["message"], message, "{}", changed.body);
    }
}
