//! What makes LinkedIn refuse an element: all of its faults, each with the path of the field.

use serde_json::{Map, Value};

use crate::check::{integer, is_decimal, is_hash, is_plain};

const DAY_MS: i64 = 86_400_000;
/// Conversions may be 90 days old (conversions-api-schema, conversionHappenedAt).
const MAX_AGE_MS: i64 = 90 * DAY_MS;
/// How far ahead of our clock a conversion may lie.
const MAX_AHEAD_MS: i64 = 600_000;
/// Salesforce documents this limit for its connector.
const MAX_EVENT_ID: usize = 64;
const RULE: &str = "urn:lla:llaPartnerConversion:";
const ID_TYPES: [&str; 4] = [
    "SHA256_EMAIL",
    "LINKEDIN_FIRST_PARTY_ADS_TRACKING_UUID",
    "ACXIOM_ID",
    "ORACLE_MOAT_ID",
];

/// Everything that is wrong with an element.
pub(super) fn faults(element: &Value, now_ms: i64) -> Vec<String> {
    let mut found = Found::default();
    match element.as_object() {
        None => found.invalid("", "an object is expected"),
        Some(element) => check(element, now_ms, &mut found),
    }
    found.0
}

#[derive(Default)]
struct Found(Vec<String>);

impl Found {
    fn required(&mut self, path: &str) {
        self.0.push(format!(
            "{path} :: field is required but not found and has no default value"
        ));
    }

    fn unknown(&mut self, path: &str) {
        self.0.push(format!(
            "{path} :: unrecognized field found but not allowed"
        ));
    }

    fn invalid(&mut self, path: &str, why: &str) {
        self.0.push(format!("{path} :: {why}"));
    }

    /// The field must be there and pass.
    fn check(&mut self, value: Option<&Value>, path: &str, passes: impl Fn(&Value) -> bool) {
        match value {
            None => self.required(path),
            Some(value) if !passes(value) => {
                self.invalid(
                    path,
                    &format!("{value} cannot be coerced to the type of the field"),
                );
            }
            Some(_) => {}
        }
    }

    fn only(&mut self, of: &Map<String, Value>, parent: &str, allowed: &[&str]) {
        for name in of.keys().filter(|name| !allowed.contains(&name.as_str())) {
            self.unknown(&format!("{parent}/{name}"));
        }
    }
}

fn check(element: &Map<String, Value>, now_ms: i64, found: &mut Found) {
    let fields = [
        "conversion",
        "conversionHappenedAt",
        "conversionValue",
        "eventId",
        "user",
    ];
    found.only(element, "", &fields);
    found.check(element.get("conversion"), "/conversion", is_rule);
    found.check(
        element.get("conversionHappenedAt"),
        "/conversionHappenedAt",
        |at| {
            integer(at).is_some_and(|at| {
                (-MAX_AHEAD_MS..=MAX_AGE_MS).contains(&(now_ms.saturating_sub(at)))
            })
        },
    );
    if let Some(value) = element.get("conversionValue") {
        check_value(value, found);
    }
    if let Some(id) = element.get("eventId") {
        let fits = |id: &Value| {
            id.as_str()
                .is_some_and(|id| (1..=MAX_EVENT_ID).contains(&id.len()))
        };
        found.check(Some(id), "/eventId", fits);
    }
    match element.get("user").map(Value::as_object) {
        None => found.required("/user"),
        Some(None) => found.invalid("/user", "an object is expected"),
        Some(Some(user)) => check_user(user, found),
    }
}

fn is_rule(rule: &Value) -> bool {
    let id = rule.as_str().and_then(|urn| urn.strip_prefix(RULE));
    id.is_some_and(|id| !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()))
}

/// The amount is a decimal number written as text.
fn check_value(value: &Value, found: &mut Found) {
    let currency = |code: &str| code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
    found.check(
        value.get("currencyCode"),
        "/conversionValue/currencyCode",
        |code| code.as_str().is_some_and(currency),
    );
    found.check(value.get("amount"), "/conversionValue/amount", |amount| {
        amount.as_str().is_some_and(is_decimal)
    });
}

fn check_user(user: &Map<String, Value>, found: &mut Found) {
    found.only(
        user,
        "/user",
        &["userIds", "userInfo", "externalIds", "lead"],
    );
    found.check(user.get("userIds"), "/user/userIds", Value::is_array);
    let ids = user
        .get("userIds")
        .and_then(Value::as_array)
        .map_or(&[][..], Vec::as_slice);
    for (index, id) in ids.iter().enumerate() {
        check_id(index, id, found);
    }
    let info = user.get("userInfo");
    if let Some(info) = info {
        check_info(info, found);
    }
    if ids.is_empty() && info.is_none() {
        found.invalid(
            "/user",
            "at least one id, or a first and a last name, must be there",
        );
    }
}

fn check_id(index: usize, id: &Value, found: &mut Found) {
    let path = |name: &str| format!("/user/userIds/{index}/{name}");
    found.check(id.get("idType"), &path("idType"), |kind| {
        kind.as_str().is_some_and(|kind| ID_TYPES.contains(&kind))
    });
    let hashed = id.get("idType").is_some_and(|kind| kind == "SHA256_EMAIL");
    found.check(id.get("idValue"), &path("idValue"), |value| {
        value.as_str().is_some_and(|value| {
            if hashed {
                is_hash(value)
            } else {
                is_plain(value)
            }
        })
    });
}

/// Names stay readable, and come both or not at all.
fn check_info(info: &Value, found: &mut Found) {
    let Some(fields) = info.as_object() else {
        found.invalid("/user/userInfo", "an object is expected");
        return;
    };
    let allowed = [
        "firstName",
        "lastName",
        "title",
        "companyName",
        "countryCode",
    ];
    found.only(fields, "/user/userInfo", &allowed);
    let plain = |name: &Value| name.as_str().is_some_and(is_plain);
    found.check(fields.get("firstName"), "/user/userInfo/firstName", plain);
    found.check(fields.get("lastName"), "/user/userInfo/lastName", plain);
    if let Some(country) = fields.get("countryCode") {
        let is_code = |code: &str| code.len() == 2 && code.bytes().all(|b| b.is_ascii_uppercase());
        let fits = |code: &Value| code.as_str().is_some_and(is_code);
        found.check(Some(country), "/user/userInfo/countryCode", fits);
    }
}
