//! When campaigns start: room at their sender, and times that were missed.

use serde_json::{Value, json};

use crate::support::{
    SOON, Senders, Server, Setup,
    campaigns::{becomes, make, order, status, with_contacts},
    now_ms, secs, until,
};

#[tokio::test(flavor = "multi_thread")]
async fn campaigns_wait_in_line_where_their_sender_has_no_room() {
    let senders = Senders::start().await;
    let setup = senders.setup().and("campaigns", "max_running = 1");
    let setup = setup.with("queues.campaigns", "rate = [[10, \"1s\"]]\n");
    let server = Server::start(&setup);
    with_contacts(&server, 20).await;
    let mut ids = Vec::new();
    for sender in ["twilio", "twilio", "twilio", "cloud"] {
        let id = make(&server, json!({"sender": sender})).await;
        order(&server, &id, "start").await;
        ids.push(id);
    }
    let [first, second, third, other] = &ids[..] else {
        panic!("four were made")
    };
    becomes(&server, first, "sending").await;
    // Those of another sender do not wait for it.
    becomes(&server, other, "completed").await;
    let stands = async |id: &String| status(&server, id).await["status"].clone();
    assert_eq!(stands(second).await, "queued");
    order(&server, second, "queue-pause").await;
    until("the next in line has gone", 3 * SOON, async || {
        let (one, two, three) = (
            stands(first).await,
            stands(second).await,
            stands(third).await,
        );
        assert_eq!(two, "paused");
        assert!(three == "queued" || one == "completed", "{one} {three}");
        three == "completed"
    })
    .await;
    order(&server, second, "queue-resume").await;
    becomes(&server, second, "completed").await;
    let effects = senders.twilio.messages().effects();
    assert!(effects.values().all(|count| *count == 3), "{effects:?}");
}

/// A server that comes back after the time of its campaign has passed.
async fn late(senders: &Senders, setup: &Setup, policy: Option<&str>) -> (Server, String) {
    let server = Server::start(setup);
    with_contacts(&server, 3).await;
    let due = u64::try_from(now_ms()).unwrap() + 1_000;
    let mut fields = json!({"scheduledAt": due});
    if let Some(policy) = policy {
        fields["late"] = json!(policy);
    }
    let id = make(&server, fields).await;
    server.kill();
    until("its time has passed", SOON, async || {
        u64::try_from(now_ms()).unwrap() > due + 200
    })
    .await;
    assert_eq!(senders.twilio.messages().count(), 0);
    (Server::start(setup), id)
}

/// Why a campaign stands where it does.
async fn reason(server: &Server, id: &str) -> Value {
    server.get(&format!("/api/campaigns/{id}")).await["reason"]["code"].clone()
}

fn punctual(senders: &Senders) -> Setup {
    senders.setup().and("campaigns", "late_after = \"100ms\"")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_is_to_be_skipped_when_late_is_not_sent() {
    let senders = Senders::start().await;
    let setup = punctual(&senders).and("campaigns", "late = \"skip\"");
    let (server, id) = late(&senders, &setup, None).await;
    let failed = becomes(&server, &id, "failed").await;
    assert_eq!(failed["progress"]["total"], 0, "{failed}");
    assert_eq!(reason(&server, &id).await, "missed");
    let start = format!("POST /api/campaigns/{id}/start");
    let refused = server.ask(&start, Some("{}")).await;
    assert_eq!(refused.status, 409, "{}", refused.body);
    assert_eq!(senders.twilio.messages().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_that_is_to_ask_when_late_waits_for_a_person() {
    let senders = Senders::start().await;
    let setup = punctual(&senders).and("campaigns", "late = \"skip\"");
    let (server, id) = late(&senders, &setup, Some("ask")).await;
    let asks = async || reason(&server, &id).await == "late";
    until("it asks", SOON, asks).await;
    assert_eq!(status(&server, &id).await["status"], "scheduled");
    assert_eq!(senders.twilio.messages().count(), 0);
    order(&server, &id, "start").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(done["progress"]["success"], 3, "{done}");
    assert!(reason(&server, &id).await.is_null());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_campaign_that_gets_another_time_starts_by_itself_then() {
    let senders = Senders::start().await;
    let (server, id) = late(&senders, &punctual(&senders), Some("ask")).await;
    let asks = async || reason(&server, &id).await == "late";
    until("it asks", SOON, asks).await;
    let due = u64::try_from(now_ms()).unwrap() + 500;
    let change = json!({"scheduledAt": due, "late": "send"}).to_string();
    let path = format!("PATCH /api/campaigns/{id}");
    let changed = server.ask(&path, Some(&change)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert!(changed.json()["reason"].is_null(), "{}", changed.body);
    let done = async || status(&server, &id).await["status"] == "completed";
    until("it is sent", secs(20), done).await;
    assert_eq!(senders.twilio.messages().effects().len(), 3);
}
