use cauce_events::store as events;
use cauce_flow::{
    id::{JobId, QueueName, TenantId},
    job::State,
};
use cauce_store::{control, jobs};
use serde_json::{Value, json};

use super::*;

fn json_of(problem: Problem) -> Value {
    serde_json::from_slice(&problem.to_json()).unwrap()
}

#[test]
fn codes_are_unique_and_never_a_success() {
    let mut texts: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    texts.sort_unstable();
    texts.dedup();
    assert_eq!(texts.len(), Code::ALL.len());
    for code in Code::ALL {
        assert!(code.status().is_client_error() || code.status().is_server_error());
        assert!(!code.title().is_empty());
    }
}

#[test]
fn body_has_the_members_of_rfc_9457_and_the_faults() {
    let problem = Problem::invalid(vec![Fault::at("/name", "missing")]);
    assert_eq!(
        json_of(problem),
        json!({
            "type": "/docs/errors#invalid",
            "title": "Some fields are not valid",
            "status": 422,
            "code": "invalid",
            "detail": "correct the field in `errors` and send the request again",
            "errors": [{"pointer": "/name", "detail": "missing"}],
        })
    );
}

#[test]
fn answer_carries_type_wait_and_challenge() {
    let response = Problem::overloaded().into_response();
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "application/problem+json"
    );
    assert_eq!(response.headers()[header::RETRY_AFTER], "1");
    let refused = Problem::new(Code::BadKey, "no").into_response();
    let challenge = &refused.headers()[header::WWW_AUTHENTICATE];
    assert_eq!(challenge, "Bearer realm=\"cauce\", error=\"invalid_token\"");
}

#[test]
fn wait_is_rounded_up_to_whole_seconds() {
    let cases = [(0, 1), (1, 1), (1_000, 1), (1_001, 2), (59_999, 60)];
    for (ms, seconds) in cases {
        assert_eq!(seconds_up(Duration::from_millis(ms)), seconds, "{ms}");
    }
}

#[test]
fn errors_of_the_store_have_their_status_and_wait() {
    let queue = QueueName::new("meta").unwrap();
    let tenant = TenantId::new("acme").unwrap();
    let job = JobId::from_u128(7);
    let cases = [
        (
            jobs::Error::Full {
                entry: 0,
                queue: queue.clone(),
                tenant: tenant.clone(),
                limit: "9 jobs".into(),
                setting: "max_jobs",
            },
            429,
            true,
        ),
        (jobs::Error::DiskFull { free: 1, floor: 2 }, 507, true),
        (
            jobs::Error::Draining {
                entry: 0,
                queue,
                tenant,
            },
            503,
            true,
        ),
        (
            jobs::Error::State {
                job,
                found: State::Active,
            },
            409,
            false,
        ),
        (jobs::Error::NotFound { job }, 404, false),
        (jobs::Error::Broken("/data/x: EIO".into()), 503, true),
        (jobs::Error::Unread("/data/x: EIO".into()), 503, true),
        (jobs::Error::Closed, 503, true),
    ];
    for (error, status, waits) in cases {
        let detail = Problem::from(error.clone()).detail;
        assert!(!detail.contains("`errors`"), "there are none: {detail}");
        let response = Problem::from(error.clone()).into_response();
        assert_eq!(response.status(), status, "{error}");
        assert_eq!(
            response.headers().contains_key(header::RETRY_AFTER),
            waits,
            "{error}"
        );
    }
}

#[test]
fn errors_of_the_event_store_have_their_status_and_wait() {
    let files = || events::Error::Files {
        doing: "reading files",
        why: "/data/secret: EIO".into(),
    };
    for (error, code, waits) in [
        (
            events::Error::BufferFull { events: 9 },
            Code::BufferFull,
            true,
        ),
        (
            events::Error::DiskFull { free: 1, floor: 2 },
            Code::DiskFull,
            true,
        ),
        (files(), Code::Internal, false),
        (events::Error::Cursor, Code::BadParameter, false),
        (
            events::Error::Broken("/data/secret: EIO".into()),
            Code::Unavailable,
            true,
        ),
        (events::Error::Closed, Code::Unavailable, true),
    ] {
        let problem = Problem::from(error.clone());
        assert_eq!(problem.code, code, "{error}");
        assert!(
            !json_of(problem.clone()).to_string().contains("secret"),
            "{error}"
        );
        let headers = problem.into_response().headers().clone();
        assert_eq!(headers.contains_key(header::RETRY_AFTER), waits, "{error}");
    }
    let full = json_of(events::Error::BufferFull { events: 9 }.into());
    let detail = full["detail"].as_str().unwrap();
    assert!(detail.contains("tracking.buffer.max_waiting"), "{detail}");
}

#[test]
fn reason_from_the_inside_stays_inside() {
    let broken = json_of(jobs::Error::Broken("/data/secret: EIO".into()).into());
    let failed = json_of(control::Error::Database("/data/secret: EIO".into()).into());
    assert!(!broken.to_string().contains("secret") && !failed.to_string().contains("secret"));
    assert!(
        failed["instance"]
            .as_str()
            .unwrap()
            .starts_with("urn:uuid:")
    );
}
