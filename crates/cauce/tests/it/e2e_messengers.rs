//! What is special about each messenger, seen from both sides: what it takes, whom it limits, how it
//! fails.

use std::time::{Duration, Instant};

use cauce_sim::{Fault, PairLimit, Platform, Treatment};
use serde_json::{Value, json};

use crate::support::{Messenger, SOON, Server, ms, number, secs, until};

const QUICK: &str = r#"rate = []
concurrency = 5
retry = { max_attempts = 4, base = "50ms", factor = 2.0, cap = "400ms" }
breaker = { failures = 10, open_for = "500ms", probes = 1 }
"#;

const PLATFORMS: [Platform; 3] = [
    Platform::Twilio,
    Platform::Evolution,
    Platform::WhatsAppCloud,
];

async fn send(server: &Server, message: Value) -> String {
    let answer = server
        .post("/api/whatsapp/messages?tenant=acme", &message)
        .await;
    answer["id"]
        .as_str()
        .unwrap_or_else(|| panic!("{answer}"))
        .to_owned()
}

fn text(messenger: &Messenger, person: u64) -> Value {
    json!({"to": number(person), "text": "Hola", "sender": messenger.sender()})
}

async fn message(server: &Server, id: &str) -> Value {
    server
        .get(&format!("/api/whatsapp/messages/{id}?tenant=acme"))
        .await
}

async fn becomes(server: &Server, id: &str, status: &str) {
    let what = format!("the message is {status}");
    let mut last = Value::Null;
    until(&what, SOON, async || {
        last = message(server, id).await;
        last["status"] == status
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_messenger_takes_a_message_and_tells_when_it_is_read() {
    for platform in PLATFORMS {
        let messenger = Messenger::start(platform).await;
        let setup = messenger.setup(QUICK);
        let server = Server::start(&setup);
        messenger.listen(&server);
        let id = send(&server, text(&messenger, 1)).await;
        becomes(&server, &id, "read").await;
        messenger.at.messages().called_back().await;
        // Late and repeated ones have not moved it back.
        becomes(&server, &id, "read").await;
        let calls = messenger.at.messages().callbacks();
        println!(
            "{platform:?}: callbacks answered {:?}, the slowest in {:?}",
            calls.answered, calls.slowest
        );
        assert_eq!(
            calls
                .answered
                .keys()
                .filter(|status| **status >= 300)
                .count(),
            0
        );
        assert_eq!(messenger.at.messages().effects_of(&number(1)), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_over_their_limit_holds_nobody_else() {
    let cloud = Messenger::start(Platform::WhatsAppCloud).await;
    cloud.at.messages().set_pair_limit(Some(PairLimit {
        every: secs(2),
        burst: 1,
    }));
    let setup = cloud.setup(QUICK);
    let server = Server::start(&setup);
    let began = Instant::now();
    send(&server, text(&cloud, 1)).await;
    send(&server, text(&cloud, 1)).await;
    for person in 2..30 {
        send(&server, text(&cloud, person)).await;
    }
    until("everybody else has theirs", SOON, async || {
        cloud.effects().len() == 29
    })
    .await;
    let others = began.elapsed();
    let server_side = cloud.at.messages().effects_of(&number(1));
    println!("28 others within {others:?}, the one has {server_side}");
    assert!(others < ms(1_900), "{others:?}");
    until("the second comes in the end", secs(20), async || {
        cloud.at.messages().effects_of(&number(1)) == 2
    })
    .await;
    assert_eq!(server.count("whatsapp", "dead").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn phone_that_goes_without_a_word_holds_its_messages_too() {
    let evolution = Messenger::start(Platform::Evolution).await;
    let setup = evolution.setup(QUICK);
    let server = Server::start(&setup);
    evolution.at.connect("ventas", "close");
    for person in 0..10 {
        send(&server, text(&evolution, person)).await;
    }
    tokio::time::sleep(secs(1)).await;
    evolution.at.connect("ventas", "open");
    until("all are sent", secs(40), async || {
        evolution.effects().len() == 10
    })
    .await;
    assert_eq!(server.count("whatsapp", "dead").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn error_inside_a_201_is_an_error() {
    let evolution = Messenger::start(Platform::Evolution).await;
    let setup = evolution.setup(QUICK);
    let server = Server::start(&setup);
    let messages = evolution.at.messages();
    messages.set_business(true);
    messages.treat(&number(1), Treatment::Refused(131_026));
    let bad = send(&server, text(&evolution, 1)).await;
    becomes(&server, &bad, "failed").await;
    evolution
        .at
        .faults()
        .next(1, Fault::Throttled { minutes: 1 });
    send(&server, text(&evolution, 2)).await;
    until("it comes after the limit", secs(20), async || {
        messages.effects_of(&number(2)) == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn urgent_messages_go_first_and_dead_ones_can_go_again() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(&QUICK.replace("rate = []", r#"rate = [[5, "1s"]]"#));
    let server = Server::start(&setup);
    for person in 0..8 {
        let mut low = text(&twilio, person);
        low["priority"] = json!("low");
        send(&server, low).await;
    }
    let mut urgent = text(&twilio, 100);
    urgent["priority"] = json!("critical");
    send(&server, urgent).await;
    until("all are sent", SOON, async || twilio.effects().len() == 9).await;
    let order: Vec<_> = twilio
        .at
        .messages()
        .taken()
        .into_iter()
        .map(|taken| taken.to)
        .collect();
    let place = order.iter().position(|to| to.ends_with(&number(100)));
    assert!(place.is_some_and(|place| place <= 6), "{order:?}");

    twilio
        .at
        .messages()
        .treat(&number(200), Treatment::Refused(21_211));
    let bad = send(&server, text(&twilio, 200)).await;
    becomes(&server, &bad, "failed").await;
    let dead = server.get("/api/whatsapp/dlq?tenant=acme").await;
    assert_eq!(dead["items"].as_array().map(Vec::len), Some(1), "{dead}");
    twilio.at.messages().treat(&number(200), Treatment::Reads);
    server
        .post(
            &format!("/api/whatsapp/dlq/{bad}/retry?tenant=acme"),
            &json!({}),
        )
        .await;
    until("it is sent now", SOON, async || {
        twilio.at.messages().effects_of(&number(200)) == 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn scheduled_message_waits_and_can_be_taken_back() {
    let twilio = Messenger::twilio().await;
    let setup = twilio.setup(QUICK);
    let server = Server::start(&setup);
    let at = |ahead: Duration| json!((jiff::Timestamp::now() + ahead).to_string());
    let mut later = text(&twilio, 1);
    later["scheduledAt"] = at(secs(2));
    let due = Instant::now() + secs(2);
    send(&server, later.clone()).await;
    later["to"] = json!(number(2));
    let taken_back = send(&server, later).await;
    let path = format!("DELETE /api/whatsapp/messages/{taken_back}?tenant=acme");
    assert!(server.ask(&path, None).await.status < 300);
    until("it is sent", SOON, async || !twilio.effects().is_empty()).await;
    assert!(Instant::now() >= due);
    assert!(due.elapsed() < secs(1), "{:?}", due.elapsed());
    tokio::time::sleep(ms(500)).await;
    assert_eq!(twilio.at.messages().count(), 1);
}

/// What each messenger carries, and the kind that its stand-in saw.
fn kinds(platform: Platform) -> Vec<(&'static str, Value, &'static str)> {
    let media =
        |kind: &str| json!({"type": kind, "url": "https://files.example/a", "caption": "x"});
    let sound = json!({"type": "audio", "url": "https://files.example/a.ogg"});
    let place = json!({"latitude": 40.4168, "longitude": -3.7038, "name": "Sol"});
    let bare = json!({"latitude": 40.4168, "longitude": -3.7038});
    let named = json!({"name": "hola", "language": "es", "components": [
        {"type": "body", "parameters": [{"type": "text", "text": "Ana"}]},
    ]});
    let content = json!({
        "contentSid": "HX0123456789abcdef0123456789abcdef", "variables": {"1": "Ana"},
    });
    let reaction = json!({"messageId": "wamid.1", "emoji": "👍"});
    match platform {
        Platform::Twilio => vec![
            ("media", media("image"), "media"),
            ("template", content, "template"),
            ("location", place, "location"),
            ("location", bare, "location"),
        ],
        Platform::Evolution => vec![
            ("media", media("image"), "Media"),
            ("media", media("document"), "Media"),
            ("media", sound, "WhatsAppAudio"),
            ("location", place, "Location"),
            ("location", bare, "Location"),
            ("reaction", reaction, "Reaction"),
        ],
        _ => vec![
            ("media", media("image"), "image"),
            ("media", media("video"), "video"),
            ("media", media("document"), "document"),
            ("media", sound, "audio"),
            ("template", named, "template"),
            ("location", place, "location"),
            ("location", bare, "location"),
            ("reaction", reaction, "reaction"),
        ],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_message_is_one_that_the_messenger_takes() {
    for platform in PLATFORMS {
        let messenger = Messenger::start(platform).await;
        let setup = messenger.setup(QUICK);
        let server = Server::start(&setup);
        let mut expected = Vec::new();
        for (field, value, kind) in kinds(platform) {
            let mut message = json!({"to": number(1), "sender": messenger.sender()});
            message[field] = value.clone();
            let before = messenger.at.messages().count();
            let path = "POST /api/whatsapp/messages?tenant=acme";
            let answer = server.ask(path, Some(&message.to_string())).await;
            // What a messenger cannot carry is refused before it is taken, with its place.
            if answer.status == 422 {
                assert!(
                    answer.body.contains(&format!("/{field}")),
                    "{}",
                    answer.body
                );
                println!("{platform:?} cannot carry {message}: {}", answer.body);
                continue;
            }
            assert_eq!(
                answer.status, 202,
                "{platform:?} {message}: {}",
                answer.body
            );
            let what = format!("{platform:?} takes {message}");
            until(&what, SOON, async || {
                messenger.at.messages().count() > before
            })
            .await;
            expected.push(kind.to_owned());
        }
        let taken = messenger.at.messages().taken().into_iter();
        let taken: Vec<_> = taken.map(|taken| taken.kind).collect();
        assert_eq!(taken, expected, "{platform:?}");
        assert!(
            expected.len() + 1 >= kinds(platform).len(),
            "{platform:?} refuses too much"
        );
    }
}
