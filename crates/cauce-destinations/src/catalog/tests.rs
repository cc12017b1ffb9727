use cauce_flow::{dispatch::disposition::Verdict, id::TenantId};
use proptest::{collection::vec, option, prelude::*};
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    destination::{Answer, Response, Screened},
    normalize::country::Country,
    pixel::{Choice, Consent},
    testing::{NOW, job, prepared, refusal, response},
};

/// The account of each platform, as a configuration gives it.
fn destination(platform: Platform) -> Box<dyn Destination> {
    let mut rules = Map::new();
    for event_type in crate::pixel::EventType::KNOWN {
        let rule = json!("urn:lla:llaPartnerConversion:1");
        rules.insert(event_type.as_str().to_owned(), rule);
    }
    let account = match platform {
        Platform::Meta => json!({"dataset_id": "1", "access_token": "SECRET"}),
        Platform::Google => json!({"measurement_id": "G-1", "api_secret": "SECRET"}),
        Platform::LinkedIn => json!({"access_token": "SECRET", "conversions": rules}),
        Platform::TikTok => json!({"pixel_code": "P", "access_token": "SECRET"}),
    };
    build(read(platform, account).unwrap()).unwrap()
}

fn read(platform: Platform, mut account: Value) -> serde_json::Result<Account> {
    account["platform"] = json!(platform);
    serde_json::from_value(account)
}

/// An object with some of these fields.
fn texts(names: &'static [&'static str]) -> impl Strategy<Value = Value> {
    vec(option::of(ANY), names.len()).prop_map(move |values| {
        let fields = names.iter().zip(values);
        let fields = fields.filter_map(|(name, text)| Some(((*name).to_owned(), json!(text?))));
        Value::Object(fields.collect())
    })
}

/// Any text: scripts of the world, quotes, emoji, control characters.
const ANY: &str = r#"(\PC|[\x00-\x1f"\\]){0,60}"#;

fn item() -> impl Strategy<Value = Value> {
    (
        texts(&["name", "category", "brand"]),
        ".{1,300}",
        0.0..1e12f64,
        0u32..1000,
    )
        .prop_map(|(mut item, id, price, quantity)| {
            item["id"] = json!(format!("i{id}"));
            item["price"] = json!(price);
            item["quantity"] = json!(quantity);
            item
        })
}

fn data() -> impl Strategy<Value = Value> {
    let custom = vec(("[a-z_][A-Za-z0-9_]{0,39}", ANY), 0..50);
    let worth = (
        0.0..1e12f64,
        prop::sample::select(vec!["EUR", "usd", "XPF"]),
    );
    (
        texts(&["search", "orderId"]),
        custom,
        vec(item(), 0..20),
        worth,
        0usize..12,
    )
        .prop_map(|(texts, custom, items, (value, currency), times)| {
            let mut data: Map<String, Value> = custom
                .into_iter()
                .map(|(name, text)| (name, json!(text)))
                .collect();
            data.extend(texts.as_object().unwrap().clone());
            let count = (items.len() * times).min(200);
            let items: Vec<_> = items.iter().cycle().take(count).collect();
            data.insert("items".to_owned(), json!(items));
            data.insert("value".to_owned(), json!(value));
            data.insert("currency".to_owned(), json!(currency));
            Value::Object(data)
        })
}

const USER: &[&str] = &[
    "email",
    "phone",
    "firstName",
    "lastName",
    "gender",
    "birthDate",
    "city",
    "state",
    "zip",
    "externalId",
    "subscriptionId",
];
const CLIENT: &[&str] = &[
    "userAgent",
    "fbp",
    "fbc",
    "fbclid",
    "gclid",
    "gaClientId",
    "gaSessionId",
    "ttclid",
    "ttp",
    "liFatId",
];

prop_compose! {
    fn any_event()(
        kind in prop::sample::select(vec!["purchase", "lead", "page_view", "own_thing", "search"]),
        user in texts(USER),
        client in texts(CLIENT),
        country in option::of(prop::sample::select(vec!["España", "US", "brasil", "GBR"])),
        path in option::of(r"[^\s\p{C}]{0,300}"),
        title in option::of(ANY),
        data in data(),
        age_ms in 0i64..3_600_000,
    ) -> PixelEvent {
        let mut event = json!({
            "eventId": "0190f5e0-7b7a-7000-8000-000000000001", "eventType": kind,
            "occurredAt": NOW.as_millis() - age_ms, "user": user, "client": client,
            "page": {"url": path.map(|path| format!("https://a.es/{path}")), "title": title},
            "data": data,
        });
        event["user"]["country"] = json!(country);
        serde_json::from_value(event).unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_passes_the_check_makes_whole_requests_within_the_limits(event in any_event()) {
        prop_assume!(event.check(NOW).is_empty());
        for platform in Platform::ALL {
            let destination = destination(platform);
            let Prepared::Job { payload } = prepared(&event, platform, "ES", NOW) else { continue };
            let limits = destination.limits();
            prop_assert!(payload.len() <= limits.max_bytes, "{platform} {}", payload.len());
            let count = limits.max_items.min(limits.max_bytes / payload.len()).min(30);
            let jobs = vec![job(payload); count];
            let refused = refusal(&*destination, &jobs[0], NOW);
            prop_assert!(refused.is_none_or(|reason| reason.code == "no_conversion_rule"));
            let request = destination.encode(&jobs, NOW);
            prop_assert!(request.body.len() <= limits.max_bytes);
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            let list = ["data", "events", "elements"].into_iter().find_map(|name| body[name].as_array());
            prop_assert_eq!(list.map(Vec::len), Some(count));
        }
    }

    #[test]
    fn no_personal_data_leaves_plain(
        name in "zq[a-z]{6,12}", family in "qz[a-z]{6,12}", phone in "[1-9][0-9]{7}", tail in "[0-9]{3}",
    ) {
        let number = format!("{phone}{tail}");
        let event: PixelEvent = serde_json::from_value(json!({
            "eventId": "0190f5e0-7b7a-7000-8000-000000000001", "eventType": "purchase",
            "occurredAt": NOW,
            "user": {
                "email": format!("{name}.{family}@example.com"), "phone": format!("+{number}"),
                "firstName": name, "lastName": family, "externalId": format!("{name}@id.example"),
            },
            "client": {"gaClientId": "1.2"},
            "page": {"url": format!("https://a.es/?mail={name}%40example.com")},
            "data": {"value": 1, "currency": "EUR"},
        })).unwrap();
        for platform in Platform::ALL {
            let Prepared::Job { payload } = prepared(&event, platform, "ES", NOW) else { panic!() };
            let jobs = [job(payload.clone())];
            let destination = destination(platform);
            let request = destination.encode(&jobs, NOW);
            let mut all = String::from_utf8(payload.to_vec()).unwrap();
            all.push_str(std::str::from_utf8(&request.body).unwrap());
            all.push_str(&format!("{} {request:?} {event:?}", request.url));
            prop_assert!(!all.contains('@') && !all.contains("%40"), "{all}");
            prop_assert!(!all.contains(&number), "{all}");
            if platform != Platform::LinkedIn {
                prop_assert!(!all.contains(&name) && !all.contains(&family), "{all}");
            }
            let shown = format!("{request:?}");
            prop_assert!(!shown.contains("SECRET"));
        }
    }

    #[test]
    fn no_answer_is_too_strange(
        status in 100u16..600,
        body in prop_oneof![
            any::<Vec<u8>>(),
            any::<i64>().prop_map(|n| format!(r#"{{"code":{n},"error":{{"code":{n}}}}}"#).into_bytes()),
            r#"\{"code":40002,"message":"(Batch\.|Index: |, ERROR :: |indices \[|[0-9]{1,25}|[\],.]){0,8}"\}"#
                .prop_map(String::into_bytes),
        ],
        count in 1usize..5,
    ) {
        let answer = Answer::Response(Response {
            status,
            headers: http::HeaderMap::new(),
            body: body.into(),
        });
        for platform in Platform::ALL {
            let destination = destination(platform);
            let jobs = vec![job(Bytes::from_static(b"{}")); count];
            match destination.classify(&jobs, &answer, NOW).verdict {
                Verdict::Each(each) => prop_assert_eq!(each.len(), count),
                Verdict::Without(bad) => {
                    prop_assert!(!bad.is_empty() && bad.iter().all(|(place, _)| *place < count));
                }
                Verdict::All(_) | Verdict::Bisect(_) => {}
            }
            destination.classify_check(&answer, NOW);
        }
    }
}

fn lead(consent: Value) -> PixelEvent {
    serde_json::from_value(json!({
        "eventId": "0190f5e0-7b7a-7000-8000-000000000001", "eventType": "lead", "occurredAt": NOW,
        "user": {"email": "ana@example.com", "externalId": "7"},
        "client": {"gaClientId": "1.2"}, "consent": consent,
    }))
    .unwrap()
}

#[test]
fn consent_decides_who_is_told() {
    // Meta, LinkedIn and TikTok are told alike.
    for (consent, ads, google, user_data) in [
        (json!({}), true, true, true),
        (json!({"adStorage": "denied"}), false, true, false),
        (json!({"adUserData": "denied"}), false, true, false),
        (json!({"adPersonalization": "denied"}), true, true, true),
        (json!({"analytics": "denied"}), true, false, false),
    ] {
        for platform in Platform::ALL {
            let told = match prepared(&lead(consent.clone()), platform, "", NOW) {
                Prepared::Job { payload } => {
                    let payload: Value = serde_json::from_slice(&payload).unwrap();
                    let person = &payload["data"]["person"]["user_data"];
                    assert!(platform != Platform::Google || person.is_null() != user_data);
                    true
                }
                Prepared::Withheld(reason) => {
                    let denied = [Withheld::AdvertisingDenied, Withheld::AnalyticsDenied];
                    assert!(denied.contains(&reason));
                    false
                }
                Prepared::Rejected(faults) => panic!("{faults:?}"),
            };
            let expected = if platform == Platform::Google {
                google
            } else {
                ads
            };
            assert_eq!(told, expected, "{platform} {consent}");
        }
    }
}

#[test]
fn consent_that_was_not_asked_is_the_tenants_default() {
    let tenant = TenantId::new("acme").unwrap();
    let defaults = Defaults {
        tenant: &tenant,
        country: Country::find("ES"),
        consent: Consent::all(Choice::Denied),
        conversions: None,
    };
    let mut event = lead(json!({"adStorage": "granted", "adUserData": "granted"}));
    let found = |event: &PixelEvent, platform| prepare(event, platform, defaults, NOW);
    assert!(matches!(
        found(&event, Platform::Meta),
        Prepared::Job { .. }
    ));
    let denied = Prepared::Withheld(Withheld::AnalyticsDenied);
    assert_eq!(found(&event, Platform::Google), denied);
    event.consent = Default::default();
    let denied = Prepared::Withheld(Withheld::AdvertisingDenied);
    assert_eq!(found(&event, Platform::TikTok), denied);
}

#[test]
fn the_payload_is_the_message_of_the_requirement() {
    let Prepared::Job { payload } = prepared(&lead(json!({})), Platform::TikTok, "", NOW) else {
        panic!();
    };
    let mut payload: Value = serde_json::from_slice(&payload).unwrap();
    payload["data"].as_object_mut().unwrap().remove("event");
    let expected = json!({
        "event_id": "0190f5e0-7b7a-7000-8000-000000000001", "tenant_id": "acme",
        "event_type": "lead", "platforms": ["tiktok"], "data": {"occurred_at": NOW.as_millis()},
        "enqueued_at": NOW.as_millis() / 1000,
    });
    assert_eq!(payload, expected);
}

#[test]
fn age_counts_when_the_event_is_accepted_and_again_when_it_is_sent() {
    let hour = std::time::Duration::from_secs(3600);
    for (platform, hours) in [
        (Platform::Meta, 7 * 24),
        (Platform::Google, 72),
        (Platform::LinkedIn, 90 * 24),
        (Platform::TikTok, 28 * 24),
    ] {
        let event = lead(json!({}));
        let last = NOW + hour * hours;
        let Prepared::Job { payload } = prepared(&event, platform, "", last) else {
            panic!()
        };
        let job = job(payload);
        let destination = destination(platform);
        assert_eq!(destination.screen(&job, last), Screened::Send, "{platform}");
        let refused = refusal(&*destination, &job, last + hour);
        assert_eq!(refused.unwrap().code, "too_old", "{platform}");
        let withheld = Prepared::Withheld(Withheld::TooOld);
        assert_eq!(
            prepared(&event, platform, "", last + hour),
            withheld,
            "{platform}"
        );
    }
}

#[test]
fn an_event_that_was_not_completed_is_rejected() {
    let mut event = lead(json!({}));
    event.event_id = None;
    assert!(matches!(
        prepared(&event, Platform::Meta, "", NOW),
        Prepared::Rejected(_)
    ));
}

#[test]
fn a_payload_that_is_none_is_screened_and_leaves_its_place() {
    let alien = job(Bytes::from_static(b"{\"x\":1}"));
    for platform in Platform::ALL {
        let destination = destination(platform);
        let refused = refusal(&*destination, &alien, NOW).unwrap();
        assert_eq!(refused.code, "bad_payload");
        let request = destination.encode(&[alien.clone(), alien.clone()], NOW);
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let list = ["data", "events", "elements"]
            .into_iter()
            .find_map(|name| body[name].as_array());
        assert_eq!(list.unwrap(), &[json!({}), json!({})], "{platform}");
    }
}

#[test]
fn an_account_is_told_by_its_platform() {
    for platform in Platform::ALL {
        let judged = destination(platform).classify(&[], &response(500, &Value::Null), NOW);
        assert!(matches!(judged.verdict, Verdict::All(_)), "{platform}");
        assert_eq!(queue(platform).parse::<Platform>().unwrap(), platform);
        assert!(!personal_fields(platform).is_empty());
    }
    assert!(serde_json::from_value::<Account>(json!({"platform": "fax"})).is_err());
    let misspelt = json!({"pixel_code": "P", "access_token": "t", "test_code": "x"});
    let fault = read(Platform::TikTok, misspelt).unwrap_err().to_string();
    assert!(
        fault.contains("`test_code`") && fault.contains("`test_event_code`"),
        "{fault}"
    );
}
