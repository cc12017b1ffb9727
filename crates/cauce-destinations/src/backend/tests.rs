use serde_json::{Value, json};

use super::*;
use crate::testing::{NOW, check_answers, job, refusal, response, shown, shown_request};

const ANSWERS: &str = include_str!("fixtures/answers.json");

fn config(extra: Value) -> Config {
    let mut config = json!({"base_url": "https://backend.example/"});
    config
        .as_object_mut()
        .unwrap()
        .extend(extra.as_object().unwrap().clone());
    serde_json::from_value(config).unwrap()
}

fn backend(kind: Kind) -> Backend {
    Backend::new(&config(json!({})), kind).unwrap()
}

fn qrs(ids: &[&str], attempt: u8) -> Vec<LeasedJob> {
    let one = |id: &&str| LeasedJob {
        attempt,
        ..job(qr_item(id, Some("QR")))
    };
    ids.iter().map(one).collect()
}

#[test]
fn batches_make_these_requests() {
    let extra = json!({"token": "T", "headers": {"X-Tenant": "acme"}});
    let qr = Backend::new(&config(extra), Kind::Qr).unwrap();
    let jobs = [
        job(qr_item("s \"1\"", Some("2@x"))),
        job(qr_item("s2", None)),
    ];
    assert_eq!(
        shown_request(&qr.encode(&jobs, NOW)),
        json!({
            "method": "POST",
            "url": "https://backend.example/api/qr/batch",
            "headers": [
                "accept: application/json",
                "authorization: Bearer T (secret)",
                "x-tenant: acme (secret)",
                "content-type: application/json",
            ],
            "body": {"qrs": [
                {"session_id": "s \"1\"", "qr": "2@x"},
                {"session_id": "s2", "qr": null},
            ]},
        })
    );
    let jobs = [job(status_item("s1", "conectado"))];
    assert_eq!(
        shown_request(&backend(Kind::Status).encode(&jobs, NOW)),
        json!({
            "method": "POST",
            "url": "https://backend.example/api/whatsapp/status/batch",
            "headers": ["accept: application/json", "content-type: application/json"],
            "body": {"statuses": [{"session_id": "s1", "estado_qr": "conectado"}]},
        })
    );
}

#[test]
fn a_lookup_escapes_the_session_in_its_path() {
    let config = config(json!({"token": "T"}));
    let request = lookup(&config, "/api/sessions/{session_id}", "a/../b?c").unwrap();
    assert_eq!(
        request.url,
        "https://backend.example/api/sessions/a%2F..%2Fb%3Fc"
    );
    assert_eq!(request.method, http::Method::GET);
    assert!(
        request
            .headers
            .iter()
            .any(|header| header.value == "Bearer T")
    );
}

#[test]
fn answers_mean_this() {
    check_answers(ANSWERS, &backend(Kind::Qr));
}

#[test]
fn a_batch_that_failed_twice_is_taken_apart_and_its_bad_ones_are_rejected() {
    let failed = json!({"success": true, "updated": 1, "failed": 1});
    let named = json!({"success": true, "updated": 1, "failed": 1, "failed_ids": ["s2"]});
    let alone = json!({"success": true, "updated": 0, "failed": 1});
    let two = ["s1", "s2"];
    for (ids, attempt, body, verdict) in [
        (&two[..], 1, &failed, "retry backend_failed"),
        (&two[..], 2, &failed, "bisect backend_failed"),
        (&two[..], 1, &named, "delivered, retry backend_failed"),
        (&two[..], 2, &named, "delivered, rejected backend_failed"),
        (&two[..1], 1, &alone, "retry backend_failed"),
        (&two[..1], 2, &alone, "bisect backend_failed"),
    ] {
        let jobs = qrs(ids, attempt);
        let judgement = backend(Kind::Qr).classify(&jobs, &response(200, body), NOW);
        assert_eq!(
            shown(&judgement.verdict),
            verdict,
            "{body} at attempt {attempt}"
        );
    }
}

#[test]
fn a_missing_route_is_named_for_whoever_has_to_add_it() {
    let judged = backend(Kind::Status).classify(&qrs(&["s"], 1), &response(404, &json!({})), NOW);
    assert!(
        format!("{:?}", judged.verdict)
            .contains("lacks this route: POST /api/whatsapp/status/batch"),
        "{:?}",
        judged.verdict
    );
}

#[test]
fn payloads_that_name_no_session_are_not_sent() {
    let backend = backend(Kind::Qr);
    let item = job(qr_item("s", None));
    assert_eq!(backend.screen(&item, NOW), Screened::Send);
    let told = refusal(&backend, &job("{}".into()), NOW).unwrap();
    assert_eq!(told.code, "bad_payload");
}

#[test]
fn a_header_that_breaks_requests_is_no_account() {
    let bad = config(json!({"headers": {"x": "a\nb"}}));
    assert!(Backend::new(&bad, Kind::Qr).is_err());
    assert!(lookup(&bad, "/", "s").is_err());
}

#[test]
fn a_session_is_found_absent_or_cannot_be_asked_for() {
    let unavailable = |answer: &Answer| match looked(answer) {
        Looked::Unavailable(reason) => reason.code,
        other => panic!("{other:?}"),
    };
    let found = |status: &str, qr: Option<&str>| Looked::Found {
        status: status.to_owned(),
        qr: qr.map(str::to_owned),
    };
    let said = |status, body: &Value| response(status, body);
    assert_eq!(
        looked(&said(200, &json!({"status": "open"}))),
        found("open", None)
    );
    assert_eq!(
        looked(&said(200, &json!({"status": "x", "qr": "Q", "more": 1}))),
        found("x", Some("Q"))
    );
    assert_eq!(looked(&said(404, &json!({}))), Looked::Absent);
    assert_eq!(unavailable(&said(200, &json!("<html>"))), "backend_answer");
    assert_eq!(
        unavailable(&said(200, &json!({"qr": "Q"}))),
        "backend_answer"
    );
    assert_eq!(unavailable(&said(503, &json!({}))), "backend_http_503");
    let fault = crate::destination::Fault::Connect;
    assert_eq!(unavailable(&Answer::NotSent(fault)), "connect");
}
