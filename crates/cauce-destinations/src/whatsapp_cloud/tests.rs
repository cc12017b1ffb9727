use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use cauce_flow::dispatch::disposition::{Disposition, Verdict};
use serde_json::json;

use super::*;
use crate::testing::{
    NOW, check_answers, check_credentials, check_messages, check_table, check_told, covered, job,
    response,
};

const REQUESTS: &str = include_str!("fixtures/requests.json");
const ANSWERS: &str = include_str!("fixtures/answers.json");
const WEBHOOKS: &str = include_str!("fixtures/webhooks.json");

fn cloud() -> WhatsappCloud {
    let config = json!({
        "phone_number_id": "106540352242922", "access_token": "EAA|t",
        "app_secret": "test_app_secret", "verify_token": "VT",
    });
    WhatsappCloud::new(serde_json::from_value(config).unwrap())
}

#[test]
fn messages_make_these_requests() {
    check_messages(REQUESTS);
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &cloud());
}

#[test]
fn every_row_of_the_table_is_used() {
    let rows = classify::TABLE.iter();
    let codes = rows.flat_map(|(codes, ..)| [*codes.start(), *codes.end()]);
    check_table("whatsapp", ANSWERS, codes.filter(|code| *code != 200));
}

#[test]
fn the_id_of_a_message_is_kept() {
    let sent = response(200, &json!({"messages": [{"id": "wamid.HBgL"}]}));
    let judgement = cloud().classify(&[job("{}".into())], &sent, NOW);
    assert_eq!(judgement.verdict, judge::taken("wamid.HBgL"));
}

#[test]
fn a_message_to_a_person_who_gets_no_more_for_now_waits_longer_each_time() {
    let refused = response(400, &json!({"error": {"code": 131_056}}));
    let wait = |number: u64, age: u64| {
        let mut job = job("{}".into());
        job.id = cauce_flow::id::JobId::new(number, 1, NOW);
        let judgement = cloud().classify(&[job], &refused, NOW + Duration::from_secs(age));
        assert_eq!(judgement.hold, None);
        match judgement.verdict {
            Verdict::All(Disposition::Snoozed { after, .. }) => after.as_secs(),
            other => panic!("{other:?}"),
        }
    };
    let mut age = 1;
    let mut waits = Vec::new();
    for _ in 0..4 {
        let after = wait(6, age);
        waits.push(after);
        age += after;
    }
    assert_eq!(waits, [3, 12, 48, 64]);
    let spread: Vec<u64> = (6..12).map(|number| wait(number, 0)).collect();
    assert_eq!(spread, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn what_is_wrong_with_a_medium_is_tried_once_more_and_not_again() {
    for code in [131_052, 131_053] {
        let refused = response(400, &json!({"error": {"code": code}}));
        let judge = |attempt| {
            let mut job = job("{}".into());
            job.attempt = attempt;
            cloud().classify(&[job], &refused, NOW).verdict
        };
        assert!(matches!(judge(1), Verdict::All(Disposition::Retry { .. })));
        assert!(matches!(
            judge(2),
            Verdict::All(Disposition::Rejected { .. })
        ));
    }
}

#[test]
fn a_token_tells_of_itself() {
    check_credentials(include_str!("fixtures/checks.json"), &cloud());
    assert_eq!(
        cloud().check(NOW).unwrap().url,
        "https://graph.facebook.com/v26.0/debug_token?input_token=EAA%7Ct&access_token=EAA%7Ct"
    );
    assert!(!format!("{:?}", cloud()).contains("EAA"));
}

#[test]
fn webhooks_tell_this() {
    check_told(WEBHOOKS, |body| cloud().webhooks().told(body));
}

#[test]
fn what_is_no_webhook_of_metas_is_known() {
    let webhooks = cloud().webhooks();
    for bad in [
        "",
        "[]",
        "{\"x\":1}",
        "{\"entry\":1}",
        "{\"entry\":[{\"changes\":[{\"value\":7}]}]}",
    ] {
        assert_eq!(webhooks.told(bad.as_bytes()), None, "{bad}");
    }
    assert_eq!(webhooks.told(b"{\"entry\":[]}"), Some(Vec::new()));
}

#[test]
fn the_bytes_that_meta_has_signed_are_believed_and_no_others() {
    let webhooks = cloud().webhooks();
    // A body with letters beyond ASCII, escaped as Meta sends them.
    let body = BASE64_STANDARD
        .decode("eyJvYmplY3QiOiJ3aGF0c2FwcF9idXNpbmVzc19hY2NvdW50IiwidGV4dCI6IkVzcGFcdTAwZjFhIFx1ZDgzZFx1ZGU4MCJ9")
        .unwrap();
    let signature = "sha256=2bbf09affc2ca4b81bda319fddf13e8cb0e9b5e74fdb861ec6229cd2b722546a";
    assert!(webhooks.is_authentic(&body, signature));
    let read: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert!(!webhooks.is_authentic(read.to_string().as_bytes(), signature));
    assert!(!webhooks.is_authentic(b"", signature));
    let other = "sha256=fdfb748a87112bac80754428f52487d39a4c513aef4ea696554b9c2dab5a8113";
    let cut = &signature[..signature.len() - 1];
    let bare = signature.trim_start_matches("sha256=");
    for bad in [other, cut, bare, "", "sha256=", "sha256=ñ"] {
        assert!(!webhooks.is_authentic(&body, bad), "{bad}");
    }
}

#[test]
fn the_address_is_confirmed_to_whoever_knows_the_word() {
    let webhooks = cloud().webhooks();
    let answer = |query: &str| webhooks.challenge(query);
    assert_eq!(
        answer("hub.mode=subscribe&hub.verify_token=VT&hub.challenge=1158201444").as_deref(),
        Some("1158201444")
    );
    for bad in [
        "hub.mode=subscribe&hub.verify_token=VX&hub.challenge=1",
        "hub.mode=unsubscribe&hub.verify_token=VT&hub.challenge=1",
        "hub.mode=subscribe&hub.verify_token=VT",
        "hub.mode=subscribe&hub.challenge=1",
        "",
    ] {
        assert_eq!(answer(bad), None, "{bad}");
    }
}

#[test]
fn all_known_inputs_and_outputs_are_covered() {
    assert_eq!(
        covered(&[ANSWERS, WEBHOOKS]),
        [
            "whatsapp_cloud: error: pair rate limit",
            "whatsapp_cloud: error: throughput limit",
            "whatsapp_cloud: webhook: delivered status",
            "whatsapp_cloud: webhook: failed status",
        ]
    );
}
