//! Reads fixtures and holds a destination against them.

use std::time::Duration;

use bytes::Bytes;
use cauce_flow::{
    dispatch::disposition::{Disposition, Verdict},
    id::{JobId, TenantId},
    job::LeasedJob,
    priority::Priority,
    reason::Reason,
    time::Timestamp,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    catalog::{self, Account},
    destination::{Answer, Credentials, Destination, Fault, Request, Response, Screened},
    form::Form,
    message::{Message, State, Step, Told},
    normalize::{country::Country, hash::Hash},
    pixel::{Choice, Consent, Defaults, PixelEvent, Platform, Prepared},
    senders::{self, SenderAccount},
};

/// 2026-01-01T00:00:00Z.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_767_225_600_000);

/// A job with this payload.
pub(crate) fn job(payload: Bytes) -> LeasedJob {
    LeasedJob {
        id: JobId::new(1, 1, NOW),
        tenant: TenantId::new("acme").unwrap(),
        group: None,
        priority: Priority::Normal,
        attempt: 1,
        max_attempts: 4,
        enqueued_at: NOW,
        expires_at: NOW + Duration::from_secs(86_400),
        payload,
    }
}

/// What becomes of an event of the tenant `acme`.
pub(crate) fn prepared(
    event: &PixelEvent,
    platform: Platform,
    country: &str,
    now: Timestamp,
) -> Prepared {
    let tenant = TenantId::new("acme").unwrap();
    let defaults = Defaults {
        tenant: &tenant,
        country: Country::find(country),
        consent: Consent::all(Choice::Granted),
        conversions: None,
    };
    catalog::prepare(event, platform, defaults, now)
}

/// The payload of an event that makes a job.
#[track_caller]
pub(crate) fn payload(
    event: &PixelEvent,
    platform: Platform,
    country: &str,
    now: Timestamp,
) -> Bytes {
    match prepared(event, platform, country, now) {
        Prepared::Job { payload } => payload,
        other => panic!("no job: {other:?}"),
    }
}

/// An answer with this status and body.
pub(crate) fn response(status: u16, body: &Value) -> Answer {
    answer(&json!({"status": status, "body": body}))
}

fn answer(fixture: &Value) -> Answer {
    if let Some(fault) = fixture["fault"].as_str() {
        return match fault {
            "refused" => Answer::NotSent(Fault::Connect),
            "timeout" => Answer::Ambiguous(Fault::AnswerTimeout),
            other => panic!("{other}"),
        };
    }
    let mut headers = http::HeaderMap::new();
    for (name, value) in fixture["headers"].as_object().into_iter().flatten() {
        let name: http::HeaderName = name.parse().unwrap();
        headers.insert(name, value.as_str().unwrap().parse().unwrap());
    }
    let body = match &fixture["body"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Answer::Response(Response {
        status: fixture["status"].as_u64().unwrap().try_into().unwrap(),
        headers,
        body: body.into(),
    })
}

#[derive(Deserialize)]
struct RequestCase {
    about: String,
    #[serde(default)]
    country: String,
    now: Option<Timestamp>,
    account: Value,
    events: Vec<Value>,
    request: Value,
}

/// Every event of the fixture is without fault, and its request is the one that stands there.
#[track_caller]
pub(crate) fn check_requests(fixture: &str) {
    let cases: Vec<RequestCase> = serde_json::from_str(fixture).unwrap();
    let mut differing = String::new();
    for case in cases {
        let now = case.now.unwrap_or(NOW);
        let account: Account = serde_json::from_value(case.account).unwrap();
        let platform = account.platform();
        let destination = catalog::build(account).unwrap();
        let events = case
            .events
            .into_iter()
            .map(|event| serde_json::from_value(event).unwrap());
        let jobs: Vec<LeasedJob> = events
            .map(|event: PixelEvent| {
                assert_eq!(event.check(now), [], "{}", case.about);
                job(payload(&event, platform, &case.country, now))
            })
            .collect();
        for job in &jobs {
            let screened = destination.screen(job, now);
            assert_eq!(screened, Screened::Send, "{}", case.about);
            assert_eq!(destination.batch_key(job), destination.batch_key(&jobs[0]));
        }
        let actual = shown_request(&destination.encode(&jobs, now));
        if actual != case.request {
            differing.push_str(&format!("{}\n{actual}\n", case.about));
        }
    }
    assert!(
        differing.is_empty(),
        "other requests are made:\n{differing}"
    );
}

/// Why a job would not be sent now; none where it would be.
pub(crate) fn refusal(
    destination: &dyn Destination,
    job: &LeasedJob,
    now: Timestamp,
) -> Option<Reason> {
    match destination.screen(job, now) {
        Screened::Send => None,
        Screened::Refuse(reason) => Some(reason),
        other => panic!("{other:?}"),
    }
}

/// A request as fixtures write it.
pub(crate) fn shown_request(request: &Request) -> Value {
    let headers = request.headers.iter();
    let headers: Vec<String> = headers
        .map(|header| {
            let mark = if header.secret { " (secret)" } else { "" };
            format!("{}: {}{mark}", header.name, header.value)
        })
        .collect();
    let text = String::from_utf8(request.body.to_vec()).unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    json!({
        "method": request.method.as_str(), "url": request.url, "headers": headers, "body": body,
    })
}

#[derive(Deserialize)]
struct AnswerCase {
    about: String,
    #[serde(default)]
    jobs: Vec<Value>,
    count: Option<usize>,
    answer: Value,
    verdict: String,
    hold: Option<u64>,
}

/// Every answer of the fixture means what stands there.
#[track_caller]
pub(crate) fn check_answers(fixture: &str, destination: &dyn Destination) {
    let cases: Vec<AnswerCase> = serde_json::from_str(fixture).unwrap();
    for case in cases {
        let jobs: Vec<LeasedJob> = match case.count {
            Some(count) => vec![job(Bytes::new()); count],
            None if case.jobs.is_empty() => vec![job(Bytes::new())],
            None => case
                .jobs
                .iter()
                .map(|payload| job(payload.to_string().into()))
                .collect(),
        };
        let judgement = destination.classify(&jobs, &answer(&case.answer), NOW);
        let actual = shown(&judgement.verdict);
        assert_eq!(actual, case.verdict, "{}", case.about);
        let hold = judgement.hold.map(|hold| hold.as_secs());
        assert_eq!(hold, case.hold, "{}: hold", case.about);
    }
}

/// A verdict as fixtures write it.
pub(crate) fn shown(verdict: &Verdict) -> String {
    let named = |word: &str, reason: &Reason| format!("{word} {}", reason.code);
    let timed = |word: &str, reason: &Reason, after: Option<Duration>| match after {
        Some(after) => format!("{word} {} after {}s", reason.code, after.as_secs()),
        None => named(word, reason),
    };
    let one = |disposition: &Disposition| match disposition {
        Disposition::Delivered { .. } => "delivered".to_owned(),
        Disposition::Retry { reason, after } => timed("retry", reason, *after),
        Disposition::Rejected { reason } => named("rejected", reason),
        Disposition::Unauthorised { reason } => named("unauthorised", reason),
        Disposition::Throttled { reason, after } => timed("throttled", reason, *after),
        Disposition::Snoozed { reason, after } => timed("snoozed", reason, Some(*after)),
        Disposition::Disconnected { reason } => named("disconnected", reason),
        Disposition::Unknown { reason } => named("unknown", reason),
    };
    match verdict {
        Verdict::All(disposition) => one(disposition),
        Verdict::Each(each) => each.iter().map(one).collect::<Vec<_>>().join(", "),
        Verdict::Without(bad) => {
            let bad = bad.iter().map(|(place, reason)| {
                format!("without {place}: {} ({})", reason.code, reason.detail)
            });
            bad.collect::<Vec<_>>().join(", ")
        }
        Verdict::Bisect(reason) => named("bisect", reason),
    }
}

#[derive(Deserialize)]
struct CheckCase {
    about: String,
    answer: Value,
    state: String,
    expires_at: Option<Timestamp>,
}

/// Every answer to a check of credentials says what stands there.
#[track_caller]
pub(crate) fn check_credentials(fixture: &str, destination: &dyn Destination) {
    let cases: Vec<CheckCase> = serde_json::from_str(fixture).unwrap();
    for case in cases {
        let found: Credentials = destination.classify_check(&answer(&case.answer), NOW);
        assert_eq!(
            format!("{:?}", found.state),
            case.state,
            "{}: {}",
            case.about,
            found.detail
        );
        assert_eq!(found.expires_at, case.expires_at, "{}", case.about);
    }
}

#[derive(Deserialize)]
pub(crate) struct FormCase {
    pub(crate) field: String,
    pub(crate) raw: Value,
    #[serde(default)]
    pub(crate) country: String,
    /// What is hashed.
    pub(crate) normal: Option<String>,
    pub(crate) sha256: Option<String>,
}

/// Every value of the fixture is sent as it stands there, found in the payload at `path(field)`.
#[track_caller]
pub(crate) fn check_forms(
    fixture: &str,
    platform: Platform,
    path: impl Fn(&str) -> (&'static str, &'static str),
) {
    let cases: Vec<FormCase> = serde_json::from_str(fixture).unwrap();
    for case in cases {
        let (name, pointer) = path(&case.field);
        let hash = case
            .normal
            .as_deref()
            .map(|normal| Hash::of(normal).as_str().to_owned());
        assert!(
            hash.is_none() || hash == case.sha256,
            "{} {}",
            case.field,
            case.raw
        );
        let mut event = json!({
            "eventId": "0190f5e0-7b7a-7000-8000-000000000001",
            "eventType": "lead",
            "occurredAt": NOW,
            "user": {"externalId": "x"},
            "client": {"fbp": "fb.1.1.1", "gaClientId": "1.1", "liFatId": "l", "ttp": "t"},
        });
        event["user"][name] = case.raw.clone();
        let event: PixelEvent = serde_json::from_value(event).unwrap();
        let payload = payload(&event, platform, &case.country, NOW);
        let payload: Value = serde_json::from_slice(&payload).unwrap();
        let sent = payload.pointer(pointer).and_then(Value::as_str);
        assert_eq!(sent, case.sha256.as_deref(), "{} {}", case.field, case.raw);
    }
}

/// The entries of known inputs and outputs that fixtures say they cover.
pub(crate) fn covered(fixtures: &[&str]) -> Vec<String> {
    let mut names = Vec::new();
    for fixture in fixtures {
        let cases: Vec<Value> = serde_json::from_str(fixture).unwrap();
        for case in cases {
            names.extend(case["covers"].as_str().map(str::to_owned));
        }
    }
    names.sort();
    names.dedup();
    names
}

#[derive(Deserialize)]
struct MessageCase {
    about: String,
    account: Value,
    message: Message,
    request: Value,
}

/// Every message of the fixture can be carried, and its request is the one that stands there.
#[track_caller]
pub(crate) fn check_messages(fixture: &str) {
    let cases: Vec<MessageCase> = serde_json::from_str(fixture).unwrap();
    let mut differing = String::new();
    for case in cases {
        let account: SenderAccount = serde_json::from_value(case.account).unwrap();
        let provider = account.provider();
        let (destination, _) = senders::build(account).unwrap();
        assert_eq!(case.message.check(provider), [], "{}", case.about);
        let job = job(case.message.to_payload());
        assert_eq!(
            destination.screen(&job, NOW),
            Screened::Send,
            "{}",
            case.about
        );
        let request = destination.encode(std::slice::from_ref(&job), NOW);
        assert!(request.body.len() <= destination.limits().max_bytes);
        let mut actual = shown_request(&request);
        if let Value::String(form) = &actual["body"] {
            let form = Form::read(form.as_bytes());
            actual["body"] = form
                .fields()
                .map(|(name, value)| json!([name, value]))
                .collect();
        }
        if actual != case.request {
            differing.push_str(&format!("{}\n{actual}\n", case.about));
        }
    }
    assert!(
        differing.is_empty(),
        "other requests are made:\n{differing}"
    );
}

/// What a provider tells, as fixtures write it.
pub(crate) fn shown_told(told: &Told) -> String {
    let or_dash = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    let seconds = |at: Option<Timestamp>| or_dash(at.map(|at| (at.as_millis() / 1000).to_string()));
    match told {
        Told::Status(status) => {
            let state = match &status.state {
                State::Failed(reason) => format!("failed {}", reason.code),
                other => Step::of(other).as_str().to_owned(),
            };
            let job = or_dash(status.job.map(|job| job.number().to_string()));
            let at = seconds(status.at);
            format!("status {} {state}, job {job}, at {at}", status.provider_id)
        }
        Told::Inbound(inbound) => format!(
            "inbound {} from {} ({}): {} {}, answers {}, at {}",
            inbound.provider_id,
            inbound.from.as_str(),
            or_dash(inbound.name.clone()),
            inbound.kind.as_str(),
            or_dash(inbound.text.clone()),
            or_dash(inbound.reply_to.clone()),
            seconds(inbound.at),
        ),
        Told::Connection(connection) => {
            format!("{} is {}", connection.instance, connection.state.as_str())
        }
        Told::Qr { instance, code } => format!("{instance} shows {code}"),
    }
}

#[derive(Deserialize)]
struct ToldCase {
    about: String,
    body: Value,
    told: Vec<String>,
}

/// Every body of the fixture tells what stands there.
#[track_caller]
pub(crate) fn check_told(fixture: &str, hear: impl Fn(&[u8]) -> Option<Vec<Told>>) {
    let cases: Vec<ToldCase> = serde_json::from_str(fixture).unwrap();
    for case in cases {
        let body = case.body.to_string();
        let told = hear(body.as_bytes()).unwrap_or_default();
        let told: Vec<String> = told.iter().map(shown_told).collect();
        assert_eq!(told, case.told, "{}", case.about);
    }
}

/// Every row of a table of codes is used by an answer of the fixture.
#[track_caller]
pub(crate) fn check_table<C: std::fmt::Display>(
    system: &str,
    fixture: &str,
    codes: impl Iterator<Item = C>,
) {
    for code in codes {
        let code = format!("{system}_{code}");
        let is_used = |c: &Value| {
            let verdict = c["verdict"].as_str().unwrap();
            verdict.split(' ').any(|word| word == code)
        };
        let cases: Vec<Value> = serde_json::from_str(fixture).unwrap();
        assert!(cases.iter().any(is_used), "no answer with {code}");
    }
}
