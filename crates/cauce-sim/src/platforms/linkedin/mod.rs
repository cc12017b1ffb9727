//! LinkedIn Conversions API: one bad element refuses the whole batch, with a line for each fault.
//!
//! Sources: learn.microsoft.com/linkedin/marketing (conversions-api, conversions-api-schema) and
//! …/linkedin/shared/authentication/token-introspection; the texts of refusals have the form that
//! rudder-transformer and PostHog parse.

mod element;
mod errors;
mod token;

use http::StatusCode;
use serde_json::{Value, json};

use crate::{
    EventKey, Poison, Token,
    answer::Answer,
    call::{Call, Judged, Refusal},
};

use errors::{error, unprocessable};
pub(crate) use errors::{server_error, sunset, throttle};
pub(crate) use token::refuse_token;

/// Where events go.
pub(crate) const EVENTS: &str = "/rest/conversionEvents";
/// Elements in one request at most (conversions-api, batch).
const MAX_ELEMENTS: usize = 5000;

/// Judges one event or a batch.
pub(crate) fn deliver(call: &Call) -> Judged {
    if let Err(refusal) = check_head(call) {
        return refusal.judged(0);
    }
    let Ok(body) = serde_json::from_slice::<Value>(call.body) else {
        return error(StatusCode::BAD_REQUEST, "Unable to parse the request body").judged(0);
    };
    match call.header("x-restli-method") {
        None => deliver_one(call, &body),
        Some(method) if method.eq_ignore_ascii_case("BATCH_CREATE") => deliver_batch(call, &body),
        Some(method) => {
            let text = format!("Unknown method {method}");
            error(StatusCode::BAD_REQUEST, &text).judged(0)
        }
    }
}

/// Judges everything else.
pub(crate) fn check(call: &Call) -> Answer {
    match call.path() {
        "/oauth/v2/introspectToken" if call.is_post() => token::introspect(call),
        _ => error(StatusCode::NOT_FOUND, "No virtual resource found").answer,
    }
}

fn check_head(call: &Call) -> Result<(), Refusal> {
    match call.bearer().and_then(|text| call.token(text)) {
        Some(Token::Good | Token::GoodUntil(_)) => {}
        Some(Token::Throttled) => return Err(throttle()),
        refused => return Err(refuse_token(refused)),
    }
    let bad = |text| Err(error(StatusCode::BAD_REQUEST, text));
    let Some(version) = call.header("linkedin-version") else {
        return bad(
            "A version must be present. Please specify a version by adding the LinkedIn-Version header.",
        );
    };
    match version.parse::<u32>() {
        Ok(number) if version.len() == 6 && (1..=12).contains(&(number % 100)) => {
            if number < call.world.options.oldest_version {
                return Err(sunset(version));
            }
        }
        Ok(_) | Err(_) => return bad("The version must have the form YYYYMM"),
    }
    if call.header("x-restli-protocol-version") != Some("2.0.0") {
        return bad("The X-RestLi-Protocol-Version header must be 2.0.0");
    }
    if !call.is_json() {
        return Err(error(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "The body must be JSON",
        ));
    }
    Ok(())
}

fn deliver_one(call: &Call, body: &Value) -> Judged {
    let faults = element::faults(body, call.now_ms);
    let keys = [key(body)];
    if !faults.is_empty() {
        return unprocessable(&lines(&faults)).judged(1);
    }
    if let Some(refusal) = wrong_rules(call, std::slice::from_ref(body)) {
        return refusal.judged(1);
    }
    match call.world.faults.poison_in(&keys).is_empty() {
        true => Judged::accepted(Answer::empty(StatusCode::CREATED), &keys),
        false => unprocessable("ERROR :: the event is refused\n").judged(1),
    }
}

fn deliver_batch(call: &Call, body: &Value) -> Judged {
    let elements = match body["elements"].as_array() {
        Some(elements) if !elements.is_empty() => elements,
        _ => return unprocessable("ERROR :: /elements :: field is required\n").judged(0),
    };
    if elements.len() > MAX_ELEMENTS {
        let text = "The number of elements is above the limit of 5000";
        return error(StatusCode::BAD_REQUEST, text).judged(elements.len());
    }
    let message = faults_by_index(elements, call.now_ms);
    if !message.is_empty() {
        return unprocessable(&message).judged(elements.len());
    }
    if let Some(refusal) = wrong_rules(call, elements) {
        return refusal.judged(elements.len());
    }
    let keys: Vec<_> = elements.iter().map(key).collect();
    let poison = call.world.faults.poison_in(&keys);
    answer_batch(&keys, &poison)
}

fn faults_by_index(elements: &[Value], now_ms: i64) -> String {
    let mut message = String::new();
    for (index, element) in elements.iter().enumerate() {
        let faults = element::faults(element, now_ms);
        if !faults.is_empty() {
            message.push_str(&format!("Index: {index}, {}", lines(&faults)));
        }
    }
    message
}

fn answer_batch(keys: &[Option<EventKey>], poison: &[(usize, Poison)]) -> Judged {
    if poison.iter().any(|(_, how)| *how == Poison::Unnamed) {
        return unprocessable("ERROR :: an element is refused\n").judged(keys.len());
    }
    let named = poison.iter().filter(|(_, how)| *how == Poison::Named);
    let message: String = named
        .map(|(index, _)| format!("Index: {index}, ERROR :: the event is refused\n"))
        .collect();
    if !message.is_empty() {
        return unprocessable(&message).judged(keys.len());
    }
    let refused = |index: usize| poison.iter().any(|(bad, _)| *bad == index);
    let status = |index| match refused(index) {
        true => json!({"status": 422, "error": {"status": 422, "message": "the event is refused"}}),
        false => json!({"status": 201}),
    };
    let statuses: Vec<_> = (0..keys.len()).map(status).collect();
    let taken: Vec<_> = keys
        .iter()
        .enumerate()
        .filter(|(i, _)| !refused(*i))
        .map(|(_, key)| *key)
        .collect();
    let mut judged = Judged::accepted(
        Answer::json(StatusCode::OK, &json!({ "elements": statuses })),
        &taken,
    );
    judged.decision.events = keys.len() as u32;
    judged.decision.refusals = vec!["element/422".to_owned(); poison.len()];
    judged
}

/// 400 with the indexes of elements whose conversion rule belongs to another method.
fn wrong_rules(call: &Call, elements: &[Value]) -> Option<Refusal> {
    let foreign = &call.world.options.foreign_rules;
    let is_foreign = |element: &Value| {
        let rule = element["conversion"]
            .as_str()
            .and_then(|urn| urn.rsplit(':').next());
        rule.is_some_and(|rule| foreign.contains(rule))
    };
    let found = elements
        .iter()
        .enumerate()
        .filter(|(_, element)| is_foreign(element));
    let indexes: Vec<_> = found.map(|(index, _)| index.to_string()).collect();
    let text = format!(
        "Incorrect conversions information provided. Conversion's method should be \
         CONVERSIONS_API, indices [{}] (0-indexed)",
        indexes.join(", ")
    );
    (!indexes.is_empty()).then(|| error(StatusCode::BAD_REQUEST, &text))
}

fn key(element: &Value) -> Option<EventKey> {
    element["eventId"].as_str().map(EventKey::of)
}

fn lines(faults: &[String]) -> String {
    faults
        .iter()
        .map(|fault| format!("ERROR :: {fault}\n"))
        .collect()
}
