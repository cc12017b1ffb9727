//! Campaigns that hold themselves: what makes them, what they say, and how they go on.

use cauce_sim::{Callbacks, Template, Treatment};
use serde_json::{Value, json};

use crate::support::{
    Senders, Server, Setup,
    campaigns::{becomes, make, order, phone, status, with_contacts},
};

const CONTACTS: usize = 40;

/// Slow enough that a campaign is under way for a while.
const SLOW: &str = "rate = [[10, \"1s\"]]\nconcurrency = 2\n\
                    retry = { max_attempts = 4, base = \"50ms\", cap = \"200ms\", jitter = 0.0 }\n";

fn slow(senders: &Senders) -> Setup {
    let setup = senders.setup().with("queues.whatsapp", SLOW);
    setup.with("queues.campaigns", SLOW)
}

/// Why a campaign stands where it does.
async fn reason(server: &Server, id: &str) -> String {
    let campaign = server.get(&format!("/api/campaigns/{id}")).await;
    let reason = &campaign["reason"];
    assert!(reason["detail"].is_string(), "{campaign}");
    reason["code"].as_str().unwrap().to_owned()
}

fn messages(status: &Value, state: &str) -> u64 {
    status["metrics"]["messages"][state].as_u64().unwrap_or(0)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_that_the_provider_has_paused_holds_its_campaign_until_a_person_resumes_it() {
    let senders = Senders::start().await;
    let server = Server::start(&slow(&senders));
    with_contacts(&server, CONTACTS).await;
    let template = json!({"name": "promo", "language": "es"});
    let fields = json!({"sender": "cloud", "message": null, "template": template});
    senders
        .cloud
        .messages()
        .set_template("promo", Template::Paused);
    let id = make(&server, fields).await;
    order(&server, &id, "start").await;
    let held = becomes(&server, &id, "paused").await;
    assert_eq!(reason(&server, &id).await, "barred_by_provider");
    let failed = messages(&held, "failed");
    assert!(failed > 0 && messages(&held, "queued") > 0, "{held}");
    assert_eq!(senders.cloud.messages().count(), 0);
    senders
        .cloud
        .messages()
        .set_template("promo", Template::Good);
    order(&server, &id, "queue-resume").await;
    let done = becomes(&server, &id, "completed").await;
    let failed = messages(&done, "failed");
    assert_eq!(done["progress"]["processed"], CONTACTS, "{done}");
    let effects = senders.cloud.messages().effects();
    assert_eq!(effects.len() as u64 + failed, CONTACTS as u64, "{done}");
    assert!(effects.values().all(|count| *count == 1), "{effects:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_of_which_too_much_fails_holds_itself_and_the_past_is_forgiven() {
    let senders = Senders::start().await;
    let hold = "hold = { failure_rate = 0.3, min_messages = 10 }";
    let server = Server::start(&slow(&senders).and("campaigns", hold));
    with_contacts(&server, CONTACTS).await;
    let twilio = senders.twilio.messages();
    twilio.treat_others(Treatment::Refused(63_016));
    let id = make(&server, json!({})).await;
    order(&server, &id, "start").await;
    let held = becomes(&server, &id, "paused").await;
    assert_eq!(reason(&server, &id).await, "failure_rate");
    assert!(messages(&held, "failed") >= 10, "{held}");
    assert_eq!(twilio.count(), 0);
    twilio.treat_others(Treatment::Leaves);
    order(&server, &id, "queue-resume").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(
        twilio.count() + messages(&done, "failed"),
        CONTACTS as u64,
        "{done}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_sender_holds_all_of_its_campaigns_and_no_others() {
    let senders = Senders::start().await;
    let setup = slow(&senders);
    let server = Server::start(&setup);
    with_contacts(&server, CONTACTS).await;
    // Only one person of the first campaign is refused; the second is of the same number.
    let cloud = senders.cloud.messages();
    cloud.treat(&phone(0), Treatment::Refused(131_048));
    let first = make(&server, json!({"sender": "cloud"})).await;
    let second = make(&server, json!({"sender": "cloud"})).await;
    let other = make(&server, json!({"sender": "twilio"})).await;
    for id in [&first, &second, &other] {
        order(&server, id, "start").await;
    }
    for id in [&first, &second] {
        becomes(&server, id, "paused").await;
        assert_eq!(reason(&server, id).await, "sender_restricted");
    }
    server.kill();
    let server = Server::start(&setup);
    for id in [&first, &second] {
        let status = status(&server, id).await;
        assert_eq!(status["status"], "paused");
        // It is the sender that was refused, and no message is lost by it.
        assert_eq!(messages(&status, "failed"), 0, "{status}");
    }
    becomes(&server, &other, "completed").await;
    order(&server, &first, "queue-resume").await;
    // Rounds go by, and what was before is not held against it again.
    let witness = make(&server, json!({"sender": "twilio"})).await;
    order(&server, &witness, "start").await;
    becomes(&server, &witness, "completed").await;
    assert_eq!(status(&server, &first).await["status"], "sending");
    assert_eq!(status(&server, &second).await["status"], "paused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restriction_that_a_callback_tells_of_holds_campaigns_of_its_sender() {
    let senders = Senders::start().await;
    let server = Server::start(&slow(&senders));
    senders.call_back(&server, &Callbacks::default());
    with_contacts(&server, CONTACTS).await;
    let cloud = senders.cloud.messages();
    cloud.treat(&phone(3), Treatment::FailsLater(131_048));
    let id = make(&server, json!({"sender": "cloud"})).await;
    order(&server, &id, "start").await;
    let held = becomes(&server, &id, "paused").await;
    assert_eq!(reason(&server, &id).await, "sender_restricted");
    assert!(messages(&held, "queued") > 0, "{held}");
    order(&server, &id, "queue-resume").await;
    let done = becomes(&server, &id, "completed").await;
    assert_eq!(messages(&done, "failed"), 1, "{done}");
    assert_eq!(cloud.effects().len(), CONTACTS);
}
