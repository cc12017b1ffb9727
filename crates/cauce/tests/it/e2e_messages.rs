//! Messages over sockets: sent through a server, told of by stand-ins for the providers.

use cauce_sim::{Callbacks, Fault, Proof, Said, Treatment};
use serde_json::{Value, json};

use crate::support::{SOON, Senders, Server, call, message, until};

const OF_TENANT: &str = "?tenant=acme";

fn to(number: usize) -> String {
    format!("+3460010{number:04}")
}

fn text(sender: &str, number: usize) -> Value {
    json!({"to": to(number), "text": "Su cita es mañana", "sender": sender})
}

/// Sends a message; answers its id.
async fn send(server: &Server, message: &Value) -> String {
    let path = format!("/api/whatsapp/messages{OF_TENANT}");
    let taken = server.post(&path, message).await;
    taken["id"].as_str().unwrap().to_owned()
}

async fn reaches(server: &Server, id: &str, status: &str) {
    until(&format!("{id} is {status}"), SOON, async || {
        message(server, id).await["status"] == status
    })
    .await;
}

/// `accepted` is what the states add up to.
async fn adds_up(server: &Server) -> Value {
    let metrics = server.get("/api/whatsapp/queue/metrics").await;
    let figure = |name: &str| metrics[name].as_u64().unwrap();
    let states = [
        "waiting",
        "active",
        "delayed",
        "scheduled",
        "completed",
        "failed",
        "unknown",
        "expired",
        "cancelled",
    ];
    let sum: u64 = states.iter().map(|name| figure(name)).sum();
    assert_eq!(sum, figure("accepted"), "{metrics}");
    metrics
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_followed_through_callbacks_in_any_order() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    senders
        .twilio
        .messages()
        .treat(&to(1), Treatment::FailsLater(63_016));
    let mut ids = Vec::new();
    for (number, sender) in (0..24).zip(["twilio", "evolution", "cloud"].into_iter().cycle()) {
        ids.push(send(&server, &text(sender, number)).await);
    }
    let bad = send(&server, &text("twilio", 1)).await;
    for id in &ids {
        reaches(&server, id, "read").await;
    }
    reaches(&server, &bad, "failed").await;
    senders.called_back().await;
    let failed = message(&server, &bad).await;
    assert_eq!(failed["error"]["code"], "twilio_63016", "{failed}");
    let read = message(&server, &ids[0]).await;
    assert_eq!(read["attempts"][0]["httpStatus"], 201, "{read}");
    for time in ["createdAt", "sentAt", "deliveredAt", "readAt"] {
        assert!(read[time].is_string(), "{time}: {read}");
    }
    let said = read["callbacks"].as_array().unwrap();
    let said: Vec<&str> = said
        .iter()
        .filter_map(|one| one["status"].as_str())
        .collect();
    assert!(
        said.contains(&"delivered") && said.contains(&"read"),
        "{read}"
    );
    for at in [&senders.twilio, &senders.evolution, &senders.cloud] {
        let effects = at.messages().effects();
        assert!(effects.values().all(|count| *count == 1), "{effects:?}");
        let counts = at.messages().callbacks();
        assert!(
            counts.answered.keys().all(|status| *status < 300),
            "{counts:?}"
        );
        println!("the slowest answer to a callback took {:?}", counts.slowest);
    }
    let metrics = adds_up(&server).await;
    assert_eq!(metrics["completed"], 25);
    let listed = server
        .get("/api/whatsapp/messages?status=failed&tenant=acme")
        .await;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    assert_eq!(listed["items"][0]["id"], bad.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_signed_is_not_believed() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    for proof in [Proof::Wrong, Proof::Missing] {
        let how = Callbacks {
            proof,
            repeats: 0.0,
            ..Callbacks::default()
        };
        senders.call_back(&server, &how);
        for (number, sender) in (0..3).zip(["twilio", "evolution", "cloud"]) {
            let id = send(&server, &text(sender, number)).await;
            reaches(&server, &id, "sent").await;
            let at = [&senders.twilio, &senders.evolution, &senders.cloud][number];
            until("the callbacks are refused", SOON, async || {
                at.messages().callbacks().answered.contains_key(&401)
            })
            .await;
            assert_eq!(message(&server, &id).await["callbacks"], json!([]));
        }
    }
    let challenge = |token: &str| {
        format!(
            "GET /webhooks/whatsapp-cloud?hub.mode=subscribe&hub.verify_token={token}\
             &hub.challenge=1158201444"
        )
    };
    let right = call(server.addr, &challenge("verify"), &[], None)
        .await
        .unwrap();
    assert_eq!((right.status, right.body.as_str()), (200, "1158201444"));
    let wrong = call(server.addr, &challenge("other"), &[], None)
        .await
        .unwrap();
    assert_eq!(wrong.status, 401, "{}", wrong.body);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ambiguous_message_is_settled_by_its_callback_and_never_sent_again() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    let reset = Fault::ResetLate { accepts: true };
    senders.twilio.faults().next(1, reset.clone());
    senders.cloud.faults().next(1, reset);
    let twilio = send(&server, &text("twilio", 1)).await;
    let cloud = send(&server, &text("cloud", 2)).await;
    for id in [&twilio, &cloud] {
        reaches(&server, id, "read").await;
        let job = format!("/api/jobs/{id}");
        until("the job is settled", SOON, async || {
            server.get(&job).await["state"] == "completed"
        })
        .await;
    }
    assert_eq!(senders.twilio.messages().effects_of(&to(1)), 1);
    assert_eq!(senders.cloud.messages().effects_of(&to(2)), 1);
    adds_up(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_heard_and_a_word_opts_out() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    let id = send(&server, &text("cloud", 1)).await;
    reaches(&server, &id, "read").await;
    senders.cloud.say(&Said {
        from: to(1),
        to: "1234567890".to_owned(),
        text: "¡Baja!".to_owned(),
        reply_to: None,
    });
    until("it is heard", SOON, async || {
        message(&server, &id).await["answeredAt"].is_string()
    })
    .await;
    let came = server.get("/api/whatsapp/inbound?tenant=acme").await;
    let came = &came["items"][0];
    assert_eq!(came["text"], "¡Baja!");
    assert_eq!(came["from"], to(1).as_str());
    assert_eq!(came["opt"], "out");
    assert_eq!(came["answers"], id.as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_a_phone_that_is_off_wait_until_it_is_on() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    senders.evolution.connect("main", "close");
    until("the line is held", SOON, async || {
        let metrics = server.get("/api/whatsapp/queue/metrics").await;
        let senders = metrics["senders"].as_array().unwrap();
        senders
            .iter()
            .any(|sender| sender["name"] == "evolution" && sender["held"] == true)
    })
    .await;
    let id = send(&server, &text("evolution", 1)).await;
    let why = server.get(&format!("/api/jobs/{id}/why")).await;
    assert!(why.to_string().contains("disconnected"), "{why}");
    assert_eq!(senders.evolution.messages().count(), 0);
    senders.evolution.connect("main", "open");
    reaches(&server, &id, "read").await;
    assert_eq!(senders.evolution.messages().effects_of(&to(1)), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_call_is_taken_as_a_whole_or_not_at_all() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    let path = format!("POST /api/whatsapp/messages/bulk{OF_TENANT}");
    let mut messages: Vec<Value> = (0..100).map(|n| text("twilio", n)).collect();
    messages[7]["to"] = json!("123");
    messages[42] = json!({"to": to(1), "sender": "twilio"});
    messages[99]["sender"] = json!("nobody");
    let refused = server.ask(&path, Some(&json!(messages).to_string())).await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    let errors = refused.json();
    let pointers: Vec<&str> = errors["errors"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|error| error["pointer"].as_str())
        .collect();
    assert_eq!(pointers, ["/7/to", "/42"], "{errors}");
    messages[7] = text("twilio", 7);
    messages[42] = text("twilio", 42);
    let refused = server.ask(&path, Some(&json!(messages).to_string())).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/99/sender");
    assert_eq!(server.count("campaigns", "accepted").await, 0);
    messages[99] = text("twilio", 99);
    let taken = server.ask(&path, Some(&json!(messages).to_string())).await;
    assert_eq!(taken.status, 202, "{}", taken.body);
    assert_eq!(taken.json()["items"].as_array().unwrap().len(), 100);
    messages.push(text("twilio", 100));
    let refused = server.ask(&path, Some(&json!(messages).to_string())).await;
    assert_eq!(refused.status, 413, "{}", refused.body);
    server.emptied(&["campaigns"], SOON).await;
    assert_eq!(senders.twilio.messages().count(), 100);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_waits_can_be_changed_and_taken_back() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    let mut later = text("twilio", 1);
    later["scheduledAt"] = json!("2099-01-01T09:00:00Z");
    let first = send(&server, &later).await;
    let second = send(&server, &later).await;
    assert_eq!(message(&server, &first).await["status"], "scheduled");
    let gone = server
        .ask(&format!("DELETE /api/whatsapp/messages/{first}"), None)
        .await;
    assert_eq!(gone.status, 204, "{}", gone.body);
    reaches(&server, &first, "cancelled").await;
    let again = server
        .ask(&format!("DELETE /api/whatsapp/messages/{first}"), None)
        .await;
    assert_eq!(again.status, 409, "{}", again.body);
    let path = format!("PATCH /api/whatsapp/messages/{second}");
    for wrong in [
        json!({"scheduledAt": "2020-01-01T00:00:00Z"}),
        json!({"scheduledAt": null}),
    ] {
        let refused = server.ask(&path, Some(&wrong.to_string())).await;
        assert_eq!(refused.status, 422, "{wrong}: {}", refused.body);
    }
    assert_eq!(message(&server, &second).await["status"], "scheduled");
    let now = jiff::Timestamp::now().to_string();
    let now = json!({"scheduledAt": now, "priority": "critical"}).to_string();
    let changed = server.ask(&path, Some(&now)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    reaches(&server, &second, "read").await;
    let mut past = text("twilio", 1);
    past["scheduledAt"] = json!("2020-01-01T00:00:00Z");
    let path = format!("POST /api/whatsapp/messages{OF_TENANT}");
    let refused = server.ask(&path, Some(&past.to_string())).await;
    assert_eq!(refused.json()["errors"][0]["pointer"], "/scheduledAt");
    adds_up(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_paused_given_up_and_put_back() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    senders.call_back(&server, &Callbacks::default());
    let paused = server.post("/api/whatsapp/queue/pause", &json!({})).await;
    assert_eq!(paused["gate"], "paused");
    let id = send(&server, &text("twilio", 1)).await;
    assert_eq!(
        server.get("/api/whatsapp/queue/metrics").await["paused"],
        true
    );
    assert_eq!(senders.twilio.messages().count(), 0);
    senders
        .twilio
        .messages()
        .treat(&to(1), Treatment::Refused(21_211));
    server.post("/api/whatsapp/queue/resume", &json!({})).await;
    reaches(&server, &id, "failed").await;
    let dead = server.get("/api/whatsapp/dlq?tenant=acme").await;
    assert_eq!(dead["items"][0]["id"], id.as_str(), "{dead}");
    let counted = server
        .post("/api/whatsapp/dlq/retry", &json!({"dryRun": true}))
        .await;
    assert_eq!(counted["count"], 1);
    senders.twilio.messages().treat(&to(1), Treatment::Leaves);
    server
        .post(&format!("/api/whatsapp/dlq/{id}/retry"), &json!({}))
        .await;
    reaches(&server, &id, "sent").await;
    assert_eq!(senders.twilio.messages().effects_of(&to(1)), 1);
    let metrics = adds_up(&server).await;
    assert_eq!(
        (&metrics["completed"], &metrics["failed"]),
        (&json!(1), &json!(0))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_neither_lose_nor_repeat_what_is_known_of_messages() {
    let senders = Senders::start().await;
    let setup = senders.setup();
    let mut ids = Vec::new();
    for round in 0..4 {
        let server = Server::start(&setup);
        senders.call_back(&server, &Callbacks::default());
        for number in 0..20 {
            ids.push(send(&server, &text("twilio", 20 * round + number)).await);
        }
        until("some have left", SOON, async || {
            senders.twilio.messages().count() as usize >= 10 * round
        })
        .await;
        server.kill();
    }
    let server = Server::start(&setup);
    senders.call_back(&server, &Callbacks::default());
    for id in &ids {
        until("it has arrived", 3 * SOON, async || {
            let status = message(&server, id).await["status"].clone();
            ["sent", "delivered", "read", "unknown"]
                .iter()
                .any(|end| status == *end)
        })
        .await;
    }
    let effects = senders.twilio.messages().effects();
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
    let path = "/api/whatsapp/messages?status=sent,delivered,read,unknown&limit=500&tenant=acme";
    let listed = server.get(path).await;
    assert_eq!(listed["items"].as_array().unwrap().len(), ids.len());
    assert!(server.law_breakers().await.is_empty());
    adds_up(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_message_goes_again_when_a_person_says_so() {
    let senders = Senders::start().await;
    let server = Server::start(&senders.setup());
    let reset = Fault::ResetLate { accepts: false };
    senders.evolution.faults().next(1, reset);
    let id = send(&server, &text("evolution", 1)).await;
    reaches(&server, &id, "unknown").await;
    assert_eq!(senders.evolution.messages().effects_of(&to(1)), 0);
    // It is no dead letter, and nobody sends it again with those.
    let letters = server.post("/api/whatsapp/dlq/retry", &json!({})).await;
    assert_eq!(letters["count"], 0, "{letters}");
    server
        .post(&format!("/api/dead/{id}/retry"), &json!({}))
        .await;
    reaches(&server, &id, "sent").await;
    assert_eq!(senders.evolution.messages().effects_of(&to(1)), 1);
    let job = server.get(&format!("/api/jobs/{id}")).await;
    assert_eq!(job["attempts"].as_array().unwrap().len(), 2, "{job}");
    adds_up(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_message_goes_again_by_itself_where_the_configuration_says_so() {
    let senders = Senders::start().await;
    let setup = senders
        .setup()
        .and("queues.campaigns", "on_unknown = \"retry\"")
        .and("queues.whatsapp", "on_unknown = \"retry\"");
    let server = Server::start(&setup);
    let reset = Fault::ResetLate { accepts: true };
    senders.twilio.faults().next(1, reset);
    let id = send(&server, &text("twilio", 1)).await;
    reaches(&server, &id, "sent").await;
    // The price of it: the provider had taken the first one.
    assert_eq!(senders.twilio.messages().effects_of(&to(1)), 2);
    // A crash leaves the same question behind, and it has the same answer. Evolution cannot be asked,
    // so that nothing else can give it.
    let evolution = &senders.evolution;
    evolution.faults().next(1, Fault::Hang { accepts: false });
    let id = send(&server, &text("evolution", 2)).await;
    until("its request has left", SOON, async || {
        server.get(&format!("/api/jobs/{id}")).await["state"] == "active"
    })
    .await;
    server.kill();
    let server = Server::start(&setup);
    reaches(&server, &id, "sent").await;
    assert_eq!(evolution.messages().effects_of(&to(2)), 1);
    assert_eq!(adds_up(&server).await["unknown"], 0);
}
