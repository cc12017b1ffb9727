use serde_json::json;

use super::*;

fn phone() -> Phone {
    "+34600123456".parse().unwrap()
}

fn content(value: Value) -> Content {
    serde_json::from_value(value).unwrap()
}

fn faults(value: Value, provider: Provider) -> Vec<String> {
    let message = Message::new(phone(), content(value));
    let faults = message.check(provider).into_iter();
    faults
        .map(|fault| format!("{}: {}", fault.pointer, fault.detail))
        .collect()
}

const SID: &str = "HX0123456789abcdef0123456789abcdef";

#[test]
fn a_message_is_read_back_as_it_was_written() {
    for content_of in [
        json!({"text": "¡Hola! ¿Qué tal?"}),
        json!({"media": {"type": "document", "url": "https://x.example/a.pdf", "filename": "a.pdf"}}),
        json!({"template": {"contentSid": SID, "variables": {"1": "Ana"}}}),
        json!({"template": {"name": "hola", "language": "es", "components": [{"type": "body"}]}}),
        json!({"location": {"latitude": 40.4, "longitude": -3.7, "name": "Sol"}}),
        json!({"reaction": {"messageId": "wamid.X", "emoji": "👍"}}),
    ] {
        let message = Message {
            campaign: Some(CampaignPart {
                id: "navidad".to_owned(),
                number: 7,
                variant: 1,
                contact: "c7".to_owned(),
                zone: Some("America/Lima".into()),
            }),
            conversation_id: Some("conv".to_owned()),
            metadata: Map::from_iter([("order".to_owned(), json!(12))]),
            ..Message::new(phone(), content(content_of.clone()))
        };
        let payload = message.to_payload();
        assert!(Message::of_payload(&payload).unwrap() == message);
        let plain: Value = serde_json::from_slice(&payload).unwrap();
        assert_eq!(plain["content"], content_of);
    }
}

#[test]
fn a_message_of_nothing_but_words_is_small() {
    let message = Message::new(phone(), Content::Text("Hola".to_owned()));
    let expected = r#"{"to":"+34600123456","content":{"text":"Hola"}}"#;
    assert_eq!(message.to_payload(), expected);
}

#[test]
fn what_is_no_message_is_a_reason() {
    let refused = Message::of_payload(b"{\"to\":\"600\"}").unwrap_err();
    assert_eq!(refused.code, "bad_payload");
}

#[test]
fn no_name_is_taken_that_no_content_has() {
    for bad in [
        json!({"texto": "Hola"}),
        json!({"media": {"type": "gif", "url": "https://x.example/a"}}),
        json!({"media": {"type": "image", "url": "https://x.example/a", "link": ""}}),
        json!({"template": {"name": "hola"}}),
        json!({"template": {"contentSid": SID, "language": "es"}}),
        json!({"template": {"contentSid": SID, "name": "hola", "language": "es"}}),
        json!({"template": {}}),
        json!({"text": "a", "location": {"latitude": 1, "longitude": 1}}),
    ] {
        let read = serde_json::from_value::<Content>(bad.clone());
        assert!(read.is_err(), "{bad}");
    }
}

#[test]
fn each_provider_names_what_it_cannot_carry() {
    use Provider::{Evolution, Twilio, WhatsappCloud};
    let picture = |url: &str| json!({"media": {"type": "image", "url": url}});
    for (value, provider, expected) in [
        (json!({"text": "a".repeat(1600)}), Twilio, vec![]),
        (json!({"text": "ñ".repeat(1600)}), Twilio, vec![]),
        (
            json!({"text": "a".repeat(1601)}),
            Twilio,
            vec!["/text: longer than the 1600 characters that Twilio takes"],
        ),
        (json!({"text": "a".repeat(4096)}), WhatsappCloud, vec![]),
        (
            json!({"text": "a".repeat(4097)}),
            WhatsappCloud,
            vec!["/text: longer than the 4096 characters that WhatsApp Cloud takes"],
        ),
        (json!({"text": "a".repeat(65_536)}), Evolution, vec![]),
        (
            json!({"text": "a".repeat(65_537)}),
            Evolution,
            vec!["/text: longer than the 65536 characters that Evolution takes"],
        ),
        (json!({"text": " \n"}), Twilio, vec!["/text: empty"]),
        (picture("https://x.example/a.png"), Twilio, vec![]),
        (
            picture("ftp://x.example/a.png"),
            WhatsappCloud,
            vec!["/media/url: not an http or https address of at most 2048 bytes"],
        ),
        (
            picture("https:///a.png"),
            Evolution,
            vec!["/media/url: not an http or https address of at most 2048 bytes"],
        ),
        (
            json!({"media": {"type": "image", "url": "https://x.example/a", "caption": "a".repeat(1025)}}),
            WhatsappCloud,
            vec!["/media/caption: longer than the 1024 characters that WhatsApp Cloud takes"],
        ),
        (
            json!({"media": {"type": "audio", "url": "https://x.example/a", "caption": "a"}}),
            WhatsappCloud,
            vec!["/media/caption: a sound has no caption on WhatsApp"],
        ),
        (
            json!({"media": {"type": "image", "url": "https://x.example/a", "filename": "a"}}),
            Evolution,
            vec!["/media/filename: only a document has a file name"],
        ),
        (
            json!({"template": {"contentSid": SID}}),
            WhatsappCloud,
            vec!["/template: WhatsApp Cloud knows templates by name and language"],
        ),
        (
            json!({"template": {"contentSid": "HX12"}}),
            Twilio,
            vec![
                "/template/contentSid: not the id of a template; one is HX and 32 hexadecimal digits",
            ],
        ),
        (
            json!({"template": {"name": "hola", "language": "es"}}),
            Twilio,
            vec!["/template: Twilio knows templates by contentSid, with variables"],
        ),
        (
            json!({"template": {"name": "", "language": "español"}}),
            Evolution,
            vec![
                "/template/name: empty",
                "/template/language: not a language such as es or es_MX",
            ],
        ),
        (
            json!({"template": {"name": "a", "language": "es", "components": [{"type": "x".repeat(33_000)}]}}),
            WhatsappCloud,
            vec!["/template/components: longer than 32768 bytes"],
        ),
        (
            json!({"template": {"name": "a", "language": "es", "components": ["a", {}, 1]}}),
            WhatsappCloud,
            vec![
                "/template/components/0: not an object",
                "/template/components/2: not an object",
            ],
        ),
        (
            json!({"location": {"latitude": 91, "longitude": -181}}),
            WhatsappCloud,
            vec![
                "/location/latitude: degrees from -90 to 90",
                "/location/longitude: degrees from -180 to 180",
            ],
        ),
        (
            json!({"location": {"latitude": 1, "longitude": 1}}),
            Twilio,
            vec!["/location/name: Twilio needs the name of the place"],
        ),
        (
            json!({"reaction": {"messageId": "SM1", "emoji": "👍"}}),
            Twilio,
            vec!["/reaction: Twilio carries no reactions"],
        ),
        (
            json!({"reaction": {"messageId": "a", "emoji": "👩🏽‍💻"}}),
            WhatsappCloud,
            vec![],
        ),
        (
            json!({"reaction": {"messageId": "a", "emoji": ""}}),
            Evolution,
            vec![],
        ),
        (
            json!({"reaction": {"messageId": "", "emoji": "ok"}}),
            Evolution,
            vec![
                "/reaction/messageId: the provider's id of a message, 256 bytes at most",
                "/reaction/emoji: one emoji, or nothing to take it away",
            ],
        ),
    ] {
        assert_eq!(faults(value.clone(), provider), expected, "{value}");
    }
}

#[test]
fn what_belongs_to_a_message_has_limits() {
    let mut message = Message::new(phone(), Content::Text("a".to_owned()));
    message.conversation_id = Some("c".repeat(MAX_CONVERSATION_BYTES));
    message.metadata = Map::from_iter([("a".to_owned(), json!("b".repeat(4000)))]);
    assert_eq!(message.check(Provider::Twilio), []);
    message.conversation_id = Some("c".repeat(MAX_CONVERSATION_BYTES + 1));
    message.metadata = Map::from_iter([("a".to_owned(), json!("b".repeat(4096)))]);
    let pointers: Vec<String> = message
        .check(Provider::Twilio)
        .into_iter()
        .map(|fault| fault.pointer)
        .collect();
    assert_eq!(pointers, ["/conversationId", "/metadata"]);
    message.metadata.clear();
    message.conversation_id = Some(String::new());
    assert_eq!(message.check(Provider::Twilio).len(), 1);
}

#[test]
fn neither_the_words_nor_the_number_are_shown() {
    let message = Message::new(phone(), Content::Text("secreto".to_owned()));
    assert_eq!(format!("{message:?}"), "Message(text to +34…56)");
    assert_eq!(format!("{:?}", message.content), "Content(text)");
}

#[test]
fn what_comes_late_or_twice_moves_nothing() {
    use Step::{Delivered, Failed, Queued, Read, Sent};
    let all = [Queued, Sent, Failed, Delivered, Read];
    for now in all {
        for told in all {
            let expected = matches!(
                (now, told),
                (Queued, Sent | Failed | Delivered | Read)
                    | (Sent, Failed | Delivered | Read)
                    | (Failed, Delivered | Read)
                    | (Delivered, Read)
            );
            assert_eq!(now.moves_to(told), expected, "{now:?} {told:?}");
        }
    }
    for step in all {
        assert_eq!(Step::named(step.as_str()), Some(step));
    }
}

#[test]
fn in_whatever_order_it_is_told_a_message_comes_to_the_same_end() {
    let told = [Step::Sent, Step::Delivered, Step::Read, Step::Delivered];
    let mut orders = vec![vec![]];
    for step in told {
        orders = orders
            .iter()
            .flat_map(|order: &Vec<Step>| {
                (0..=order.len()).map(move |place| {
                    let mut order = order.clone();
                    order.insert(place, step);
                    order
                })
            })
            .collect();
    }
    for order in orders {
        let end = order.iter().fold(
            Step::Queued,
            |now, told| {
                if now.moves_to(*told) { *told } else { now }
            },
        );
        assert_eq!(end, Step::Read, "{order:?}");
    }
}

#[test]
fn the_code_of_a_failure_says_what_else_has_to_happen() {
    for (code, expected) in [
        ("twilio_21610", Meaning::OptedOut),
        ("twilio_21211", Meaning::BadNumber),
        ("whatsapp_131026", Meaning::BadNumber),
        ("whatsapp_132015", Meaning::TemplatePaused),
        ("whatsapp_132016", Meaning::TemplatePaused),
        ("whatsapp_131048", Meaning::QualityLow),
        ("whatsapp_131049", Meaning::ThisMessage),
        ("21610", Meaning::ThisMessage),
    ] {
        assert_eq!(Meaning::of(code), expected, "{code}");
    }
}

#[test]
fn providers_have_one_name_each() {
    for provider in Provider::ALL {
        assert_eq!(provider.as_str().parse::<Provider>().unwrap(), provider);
        let written = serde_json::to_value(provider).unwrap();
        assert_eq!(written, provider.as_str());
    }
    assert!("whatsapp".parse::<Provider>().is_err());
}
