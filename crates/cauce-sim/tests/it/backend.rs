//! What the stand-in of a company's backend takes, counts and refuses.

use cauce_sim::{Failing, Fault, Lookup, Manner, Options, Platform, StandIn};
use serde_json::{Value, json};

use crate::client::Call;

const QR: &str = "/api/qr/batch";
const STATUS: &str = "/api/whatsapp/status/batch";

async fn start() -> StandIn {
    StandIn::start(Platform::Backend, Options::default())
        .await
        .unwrap()
}

fn statuses(of: &[(&str, &str)]) -> Call {
    let item = |(id, status): &(&str, &str)| json!({"session_id": id, "estado_qr": status});
    Call::post(
        STATUS,
        &json!({"statuses": of.iter().map(item).collect::<Vec<_>>()}),
    )
}

async fn said(call: &Call, to: &StandIn) -> (u16, Value) {
    let reply = call.send(to).await;
    let body = if reply.body.is_empty() {
        Value::Null
    } else {
        reply.json()
    };
    (reply.status, body)
}

#[tokio::test]
async fn states_are_counted_and_kept_in_order() {
    let backend = start().await;
    let taken = |n: u64| (200, json!({"success": true, "updated": n, "failed": 0}));
    let first = statuses(&[("a", "connecting"), ("b", "connected"), ("a", "connected")]);
    assert_eq!(said(&first, &backend).await, taken(3));
    let qr = json!({"qrs": [{"session_id": "a", "qr": "Q1"}, {"session_id": "a", "qr": null}]});
    assert_eq!(said(&Call::post(QR, &qr), &backend).await, taken(2));
    let sessions = backend.sessions();
    assert_eq!(sessions.statuses("a"), ["connecting", "connected"]);
    assert_eq!(sessions.qrs("a"), [Some("Q1".to_owned()), None]);
    assert_eq!((sessions.count(), sessions.ids().len()), (5, 2));
    assert_eq!(backend.ledger().accepted_events(), 5);
}

#[tokio::test]
async fn what_fails_is_counted_named_or_refused() {
    let backend = start().await;
    let call = statuses(&[("a", "x"), ("b", "x")]);
    let sessions = backend.sessions();
    for (failing, status, body) in [
        (
            Failing::Counted,
            200,
            json!({"success": true, "updated": 1, "failed": 1}),
        ),
        (
            Failing::Named,
            200,
            json!({"success": true, "updated": 1, "failed": 1, "failed_ids": ["b"]}),
        ),
        (
            Failing::Invalid,
            422,
            json!({
                "message": "The given data was invalid.",
                "errors": {"statuses.1.session_id": ["unknown"]},
            }),
        ),
        (
            Failing::InvalidUnnamed,
            422,
            json!({"message": "The given data was invalid.", "errors": {}}),
        ),
    ] {
        sessions.fail("b", Some(failing));
        assert_eq!(said(&call, &backend).await, (status, body), "{failing:?}");
    }
    assert_eq!(
        sessions.statuses("a"),
        ["x", "x"],
        "a refused batch takes nothing"
    );
    assert!(sessions.statuses("b").is_empty());
}

#[tokio::test]
async fn bodies_that_no_controller_takes_are_refused_by_field() {
    let backend = start().await;
    for (path, body, field) in [
        (QR, json!({}), "qrs"),
        (QR, json!({"qrs": []}), "qrs"),
        (
            QR,
            json!({"qrs": [{"session_id": "", "qr": "x"}]}),
            "qrs.0.session_id",
        ),
        (QR, json!({"qrs": [{"session_id": "a"}]}), "qrs.0.qr"),
        (
            STATUS,
            json!({"statuses": [{"session_id": "a", "estado_qr": ""}]}),
            "statuses.0.estado_qr",
        ),
        (
            STATUS,
            json!({"statuses": vec![json!({"session_id": "a", "estado_qr": "x"}); 51]}),
            "statuses",
        ),
    ] {
        let (status, told) = said(&Call::post(path, &body), &backend).await;
        assert_eq!(status, 422);
        assert!(told["errors"].get(field).is_some(), "{told}");
    }
}

#[tokio::test]
async fn answers_go_wrong_as_told() {
    let backend = start().await;
    let call = statuses(&[("a", "x")]);
    let status = async |manner| {
        backend.sessions().answer(manner);
        call.send(&backend).await.status
    };
    assert_eq!(status(Manner::RouteMissing).await, 404);
    assert_eq!(status(Manner::Page).await, 200);
    assert_eq!(status(Manner::Nothing).await, 200);
    assert_eq!(status(Manner::Status(500)).await, 500);
    assert_eq!(backend.sessions().count(), 0);
    assert_eq!(status(Manner::WrongCounts).await, 200);
    assert_eq!(backend.sessions().count(), 1);
    backend.sessions().answer(Manner::Right);
    backend.faults().next(1, Fault::TokenExpired);
    assert_eq!(call.send(&backend).await.status, 401);
    let unknown = statuses(&[("a", "x")]).with("Authorization", "Bearer nobody");
    assert_eq!(unknown.send(&backend).await.status, 401);
}

#[tokio::test]
async fn one_session_is_shown_and_the_question_counted() {
    let backend = start().await;
    let sessions = backend.sessions();
    sessions.know("a b/+", "connected", Some("Q"));
    let call = Call::get("/api/sessions/a%20b%2F%2B");
    assert_eq!(
        said(&call, &backend).await,
        (200, json!({"status": "connected", "qr": "Q"}))
    );
    assert_eq!(said(&Call::get("/api/sessions/z"), &backend).await.0, 404);
    let lookup = Lookup {
        status: Some(500),
        ..Lookup::default()
    };
    sessions.look_up(lookup);
    assert_eq!(said(&call, &backend).await.0, 500);
    assert_eq!(sessions.lookups(), 3);
}
