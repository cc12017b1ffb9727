use cauce_flow::dispatch::disposition::{Delivery, Disposition, Verdict};
use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::{
    destination::{Answer, Asked, Fault, Found, Response, Screened},
    message::{Content, Location, Message, Phone},
    testing::{NOW, job},
    twilio::callback::{self, Call},
};

/// A sender of each provider, as a configuration gives it.
fn all() -> Vec<(Provider, Box<dyn Destination>, Hears)> {
    let accounts = [
        json!({
            "platform": "twilio", "account_sid": "AC0123456789abcdef0123456789abcdef",
            "auth_token": "SECRET", "from": "whatsapp:+34911222333",
        }),
        json!({
            "platform": "evolution", "instance": "ventas", "api_key": "SECRET",
            "webhook_secret": "SECRET", "base_url": "http://127.0.0.1:9",
        }),
        json!({
            "platform": "whatsapp_cloud", "phone_number_id": "1", "access_token": "SECRET",
            "app_secret": "SECRET", "verify_token": "SECRET",
        }),
    ];
    let built = accounts.into_iter().map(|account| {
        let account: SenderAccount = serde_json::from_value(account).unwrap();
        let provider = account.provider();
        let (destination, hears) = build(account).unwrap();
        (provider, destination, hears)
    });
    built.collect()
}

fn told(hears: &Hears, body: &[u8]) -> usize {
    let told = match hears {
        Hears::Twilio(_) => Some(callback::told(&Call {
            url: "https://a.example/webhooks/twilio?job=x",
            body,
            signature: "",
        })),
        Hears::Evolution(webhooks) => webhooks.told(body),
        Hears::WhatsappCloud(webhooks) => webhooks.told(body),
    };
    told.map_or(0, |told| told.len())
}

#[test]
fn each_sender_is_heard_by_its_own_provider() {
    for (provider, _, hears) in all() {
        assert_eq!(hears.provider(), provider);
    }
}

#[test]
fn unknown_settings_are_named() {
    let account = json!({
        "platform": "evolution", "instance": "a", "api_key": "b", "base_url": "http://c", "key": "d",
    });
    let error = serde_json::from_value::<SenderAccount>(account).unwrap_err();
    assert!(error.to_string().contains("unknown field `key`"), "{error}");
}

#[test]
fn a_request_that_may_have_arrived_is_never_sent_again_by_itself() {
    for (provider, destination, _) in all() {
        assert_eq!(destination.delivery(), Delivery::NeverTwice);
        assert_eq!(destination.limits().max_items, 1);
        for fault in [
            Fault::AnswerTimeout,
            Fault::Reset,
            Fault::TooLong,
            Fault::Garbled,
        ] {
            let judged = destination.classify(&[job("{}".into())], &Answer::Ambiguous(fault), NOW);
            let is_open = matches!(judged.verdict, Verdict::All(Disposition::Unknown { .. }));
            assert!(is_open, "{provider} {fault:?}");
        }
    }
}

#[test]
fn nothing_shows_a_credential_or_a_person() {
    let to: Phone = "+34600123456".parse().unwrap();
    let message = Message::new(to, Content::Text("SECRET".to_owned()));
    for (provider, destination, hears) in all() {
        let request = destination.encode(&[job(message.to_payload())], NOW);
        let headers = &request.headers;
        let shown = format!("{request:?} {headers:?} {hears:?} {message:?}");
        for private in ["SECRET", "600123456", "U0VDUkVU"] {
            assert!(!shown.contains(private), "{provider}: {shown}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_answer_is_too_strange(
        status in 100u16..600,
        body in prop_oneof![
            any::<Vec<u8>>(),
            any::<i64>().prop_map(|n| format!(r#"{{"code":{n},"error":{{"code":{n}}}}}"#).into_bytes()),
            r#"\{"(key|sid|messages|response|error|code)":(\{"(id|message|code)":("x"|7|\[\])\}|\[\{"id":"x"\}\]|"SM[0-9a-f]{32}"|7|null)\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        let answer = Answer::Response(Response {
            status,
            headers: http::HeaderMap::new(),
            body: body.into(),
        });
        let job = job("{}".into());
        for (provider, destination, _) in all() {
            let judged = destination.classify(std::slice::from_ref(&job), &answer, NOW);
            let Verdict::All(disposition) = judged.verdict else {
                return Err(TestCaseError::fail(format!("{provider}: not one verdict")));
            };
            if matches!(disposition, Disposition::Delivered { .. }) {
                prop_assert!((200..300).contains(&status), "{provider} {status}");
            }
            if provider == Provider::Twilio && (200..300).contains(&status) {
                let is_one = matches!(
                    disposition, Disposition::Delivered { .. } | Disposition::Unknown { .. }
                );
                prop_assert!(is_one, "{disposition:?}");
            }
            let _ = destination.classify_check(&answer, NOW);
            let asked = Asked { job: job.id, payload: b"{}", sent_at: NOW };
            prop_assert_eq!(destination.classify_ask(&asked, &answer, NOW), Found::CannotTell);
        }
    }

    #[test]
    fn nothing_that_is_told_is_too_strange(
        body in prop_oneof![
            any::<Vec<u8>>(),
            r#"(MessageSid|SmsStatus|From|Body|ErrorCode)=(SM[0-9a-f]{32}|received|%2B34|%ff|-1)(&[A-Za-z]{1,9}=[^&]{0,9}){0,3}"#
                .prop_map(String::into_bytes),
            r#"\{"event":"(messages\.upsert|messages\.update|qrcode\.updated|connection\.update)","instance":"ventas","data":(null|7|\[1\]|\{"key":\{"fromMe":false\}\}|\{"state":7\}|\{"qrcode":"x"\})\}"#
                .prop_map(String::into_bytes),
            r#"\{"entry":\[\{"changes":\[\{"field":"messages","value":\{"metadata":\{"phone_number_id":"1"\},"(statuses|messages|contacts)":\[(null|7|\{"id":"x","status":"read","timestamp":("x"|-9223372036854775808|9223372036854775807)\})\]\}\}\]\}\]\}"#
                .prop_map(String::into_bytes),
        ],
    ) {
        for (_, _, hears) in all() {
            let _ = told(&hears, &body);
            if let Hears::Twilio(callbacks) = &hears {
                let call = Call { url: "https://a.example/?'", body: &body, signature: "AAAA" };
                prop_assert!(!callbacks.is_authentic(&call));
                let _ = callbacks.is_ours(&call);
            }
        }
    }

    #[test]
    fn what_passes_the_check_is_carried_whole(
        text in "\\PC{1,80}", latitude in -90.0..=90.0f64, longitude in -180.0..=180.0f64,
    ) {
        let to: Phone = "+34600123456".parse().unwrap();
        let location = Location {
            latitude,
            longitude,
            name: Some(text.clone()),
            address: None,
        };
        for content in [Content::Text(text.clone()), Content::Location(location)] {
            let message = Message::new(to.clone(), content);
            for (provider, destination, _) in all() {
                if !message.check(provider).is_empty() {
                    continue;
                }
                let job = job(message.to_payload());
                prop_assert_eq!(destination.screen(&job, NOW), Screened::Send);
                let body = destination.encode(&[job], NOW).body;
                let whole = match provider {
                    Provider::Twilio => crate::form::Form::read(&body).get("Body") == Some(&text),
                    Provider::Evolution | Provider::WhatsappCloud => {
                        let quoted = serde_json::to_string(&text).unwrap();
                        std::str::from_utf8(&body).unwrap().contains(&quoted)
                    }
                };
                prop_assert!(whole, "{provider}: {body:?}");
            }
        }
    }
}
