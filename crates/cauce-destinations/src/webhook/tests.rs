use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::{
    secret::Secret,
    testing::{NOW, check_answers, job, shown_request},
};

const ANSWERS: &str = include_str!("fixtures/answers.json");
/// The example of the reference libraries of Standard Webhooks.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

fn webhook(extra: Value) -> Result<Webhook, ConfigError> {
    let mut config = json!({"url": "https://hooks.example/in"});
    config
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    Webhook::new(serde_json::from_value(config).unwrap())
}

fn body(template: &str, items: &[&str]) -> String {
    let webhook = webhook(json!({"body": template})).unwrap();
    let jobs: Vec<LeasedJob> = items
        .iter()
        .map(|item| job(item.to_string().into()))
        .collect();
    String::from_utf8(webhook.encode(&jobs, NOW).body.to_vec()).unwrap()
}

#[test]
fn the_signature_is_that_of_standard_webhooks() {
    let signer = Signer::new(&Secret::new(SECRET)).unwrap();
    let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    let signature = signer.sign(id, 1_614_265_330, br#"{"test": 2432232314}"#);
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    assert_eq!(format!("{signer:?}"), "Signer(secret)");
}

#[test]
fn a_batch_is_signed_and_keeps_its_id_where_it_goes_again() {
    let webhook = webhook(json!({"secret": SECRET, "headers": {"x-shop": "7"}})).unwrap();
    let jobs = [job(r#"{"n":1}"#.into()), job("2".into())];
    let first = webhook.encode(&jobs, NOW);
    let shown = shown_request(&first);
    let named = first
        .headers
        .iter()
        .find(|header| header.name == "webhook-id")
        .unwrap();
    assert_eq!(named.value.len(), "msg_".len() + 32);
    assert_eq!(shown["body"], json!({"items": [{"n": 1}, 2]}));
    assert_eq!(shown["url"], "https://hooks.example/in");
    let signer = Signer::new(&Secret::new(SECRET)).unwrap();
    let expected = signer.sign(&named.value, 1_767_225_600, &first.body);
    assert_eq!(
        shown["headers"],
        json!([
            "content-type: application/json",
            format!("webhook-id: {}", named.value),
            "webhook-timestamp: 1767225600",
            format!("webhook-signature: {expected} (secret)"),
            "x-shop: 7 (secret)",
        ])
    );
    let again = webhook.encode(&jobs, NOW + Duration::from_secs(60));
    let header = |name| {
        again
            .headers
            .iter()
            .find(|h| h.name == name)
            .unwrap()
            .value
            .clone()
    };
    assert_eq!(header("webhook-id"), named.value);
    assert_ne!(
        header("webhook-signature"),
        expected,
        "the time is signed too"
    );
    let fewer = webhook.encode(&jobs[..1], NOW);
    assert_ne!(fewer.headers[1].value, named.value);
}

#[test]
fn templates_are_filled_with_what_the_items_are() {
    for (template, items, expected) in [
        (
            r#"{"items":"$items"}"#,
            &["1", r#""a\"b""#][..],
            r#"{"items":[1,"a\"b"]}"#,
        ),
        (r#"["$items","$count"]"#, &["{}"][..], "[[{}],1]"),
        (r#""$items""#, &["1", "2"][..], "[1,2]"),
        (
            r#"{"a":{"n":"$item","t":"x"}}"#,
            &["[7]"][..],
            r#"{"a":{"n":[7],"t":"x"}}"#,
        ),
        (
            r#"{"a b":[null,true,1.5,"$items"]}"#,
            &[][..],
            r#"{"a b":[null,true,1.5,[]]}"#,
        ),
    ] {
        assert_eq!(body(template, items), expected);
    }
    let id = body(r#"{"id":"$batch","x":"$items"}"#, &["1"]);
    assert!(id.starts_with(r#"{"id":"msg_"#), "{id}");
}

#[test]
fn an_item_of_its_own_travels_alone() {
    let single = webhook(json!({"body": "{\"order\":\"$item\"}"})).unwrap();
    assert_eq!(single.limits().max_items, 1);
    assert_eq!(webhook(json!({})).unwrap().limits().max_items, 1_000);
}

#[test]
fn accounts_that_cannot_work_say_which_setting_is_wrong() {
    for (extra, setting) in [
        (json!({"body": "{"}), "body"),
        (json!({"body": "{}"}), "body"),
        (json!({"body": "[\"$items\",\"$items\"]"}), "body"),
        (json!({"body": "[\"$itmes\"]"}), "body"),
        (
            json!({"secret": "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}),
            "secret",
        ),
        (json!({"secret": "whsec_MfKQ"}), "secret"),
        (json!({"secret": "whsec_not base64"}), "secret"),
        (json!({"headers": {"host": "x"}}), "headers"),
    ] {
        let told = webhook(extra.clone()).unwrap_err();
        assert_eq!(told.setting(), setting, "{extra}");
        assert!(told.to_string().contains("; hint: write "), "{told}");
        assert!(!told.to_string().contains("MfKQ"), "{told}");
    }
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &webhook(json!({})).unwrap());
}

#[test]
fn results_are_looked_for_where_the_account_says() {
    let webhook = webhook(json!({"results": "/data/each"})).unwrap();
    let answer = crate::testing::response(200, &json!({"data": {"each": [false]}}));
    let judged = webhook.classify(&[job("1".into())], &answer, NOW);
    assert_eq!(
        crate::testing::shown(&judged.verdict),
        "rejected webhook_item_failed"
    );
}

#[test]
fn items_are_kept_by_the_text_or_number_at_a_pointer() {
    let item = json!({"order": {"id": 7}, "name": "a", "none": null});
    assert_eq!(key_of(&item, "/order/id"), Some("7".to_owned()));
    assert_eq!(key_of(&item, "/name"), Some("a".to_owned()));
    assert_eq!(key_of(&item, "/none"), None);
    assert_eq!(key_of(&item, "/order"), None);
    assert_eq!(key_of(&item, "/x"), None);
}
