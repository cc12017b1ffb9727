use axum::http::HeaderValue;
use serde::Deserialize;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct Order {
    name: String,
    lines: Vec<Line>,
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct Line {
    #[serde(rename = "a/b")]
    count: u32,
}

fn fault(text: &str) -> (Kind, String, String) {
    let (kind, fault) = parse_at::<Order>(text).unwrap_err();
    (kind, fault.pointer.unwrap(), fault.detail)
}

#[test]
fn fault_is_named_by_its_pointer_and_without_the_value() {
    let cases = [
        (
            r#"{"name":"x","lines":[{"a/b":1},{"a/b":"ana@x.es"}]}"#,
            "/lines/1/a~1b",
            "expected a whole number from 0 to 4294967295",
        ),
        (r#"{"lines":[]}"#, "", "missing field `name`"),
        (r#"{"name":1,"lines":[]}"#, "/name", "expected a string"),
        (
            r#"{"name":"x","lines":[],"nome":1}"#,
            "/nome",
            "unknown field `nome`, expected `name` or `lines`",
        ),
    ];
    for (text, pointer, detail) in cases {
        assert_eq!(
            fault(text),
            (Kind::Shape, pointer.to_owned(), detail.to_owned()),
            "{text}"
        );
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Every<'a> {
    count: Option<u64>,
    signed: i64,
    share: f64,
    flag: bool,
    names: Vec<String>,
    by_name: std::collections::BTreeMap<String, String>,
    place: Option<Place>,
    places: Vec<Place>,
    kind: Option<Kinds>,
    #[serde(borrow)]
    raw: Option<&'a serde_json::value::RawValue>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct Place {
    north: f64,
    east: f64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only whether it can be read matters")]
enum Kinds {
    Plain,
    At { north: f64 },
    In(Place),
}

#[test]
fn what_was_expected_is_told_in_words_of_json_and_no_list_is_an_object() {
    let cases = [
        ("[]", "", "an object"),
        ("[1,2,0.5,true,[],{},null,[],null,null]", "", "an object"),
        ("7", "", "an object"),
        (r#"{"count":"x"}"#, "/count", "a whole number, 0 or above"),
        (r#"{"count":-1}"#, "/count", "a whole number, 0 or above"),
        (r#"{"signed":1.5}"#, "/signed", "a whole number"),
        (r#"{"share":"x"}"#, "/share", "a number"),
        (r#"{"flag":1}"#, "/flag", "true or false"),
        (r#"{"names":{}}"#, "/names", "a list"),
        (r#"{"names":[1]}"#, "/names/0", "a string"),
        (r#"{"byName":[]}"#, "/byName", "an object"),
        (r#"{"place":[40,3]}"#, "/place", "an object"),
        (r#"{"places":[[40,3]]}"#, "/places/0", "an object"),
        (r#"{"kind":{"at":[40]}}"#, "/kind/at", "an object"),
        (r#"{"kind":{"in":[40,3]}}"#, "/kind/in", "an object"),
        (r#"{"kind":"other"}"#, "/kind", "one of `plain`, `at`, `in`"),
    ];
    for (text, pointer, wanted) in cases {
        let (kind, fault) = parse_at::<Every<'_>>(text).unwrap_err();
        let told = (kind, fault.pointer.as_deref(), fault.detail.as_str());
        let expected = format!("expected {wanted}");
        assert_eq!(
            told,
            (Kind::Shape, Some(pointer), expected.as_str()),
            "{text}"
        );
    }
}

#[test]
fn what_is_borrowed_and_what_is_listed_is_read_as_before() {
    let text =
        r#"{"raw": [1, {"a":[]}], "places":[{"north":1,"east":2}], "kind":{"at":{"north":1}}}"#;
    let read: Every<'_> = parse(text).ok().unwrap();
    assert_eq!(read.raw.unwrap().get(), r#"[1, {"a":[]}]"#);
    let pieces: Vec<&serde_json::value::RawValue> = parse(r#"[{"a":1},[2]]"#).ok().unwrap();
    assert_eq!(pieces[1].get(), "[2]");
}

#[test]
fn what_is_not_json_is_told_with_its_place() {
    for text in ["", "{", "{} x", r#"{"name":"#, "nul"] {
        let (kind, _, detail) = fault(text);
        assert!(kind == Kind::Syntax || text == "{} x", "{text}: {detail}");
    }
    let (_, _, detail) = fault("{\n\"name\": }");
    assert_eq!(detail, "expected value at line 2 column 9");
}

#[test]
fn depth_counts_brackets_outside_of_strings() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(text(nested(32).as_bytes(), 32).is_ok());
    assert!(text(nested(33).as_bytes(), 32).is_err());
    assert!(text(br#"["[[[[\"[[[["]"#, 1).is_ok());
    assert!(text(b"[],[],[],[]", 1).is_ok());
    assert!(text(b"]]]][[", 1).is_err());
}

#[test]
fn bytes_that_are_not_utf_8_are_refused() {
    assert!(text(b"\"\xff\"", 32).is_err());
}

#[test]
fn only_plain_json_is_read() {
    let format = |kind: &'static str| {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        check_format(&headers).is_ok()
    };
    for kind in [
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/vnd.x+json",
    ] {
        assert!(format(kind), "{kind}");
    }
    for kind in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "text/json+json",
        "",
    ] {
        assert!(!format(kind), "{kind}");
    }
    assert!(check_format(&HeaderMap::new()).is_ok());
    let mut packed = HeaderMap::new();
    packed.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    assert!(check_format(&packed).is_err());
}

#[tokio::test]
async fn body_past_its_limit_is_refused_with_and_without_a_declared_length() {
    let mut settings = ServerSettings::new(([127, 0, 0, 1], 0).into());
    settings.max_body_bytes = 10;
    let mut headers = HeaderMap::new();
    assert!(
        read(Body::from("0123456789"), &headers, &settings)
            .await
            .is_ok()
    );
    let long = read(Body::from("0123456789a"), &headers, &settings).await;
    assert_eq!(long.unwrap_err().code, Code::BodyTooLarge);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from_static("11"));
    let declared = read(Body::empty(), &headers, &settings).await;
    assert_eq!(declared.unwrap_err().code, Code::BodyTooLarge);
}

#[tokio::test(start_paused = true)]
async fn body_that_does_not_end_is_given_up() {
    let settings = ServerSettings::new(([127, 0, 0, 1], 0).into());
    let endless =
        Body::from_stream(futures_util::stream::pending::<Result<Bytes, std::io::Error>>());
    let late = read(endless, &HeaderMap::new(), &settings).await;
    assert_eq!(late.unwrap_err().code, Code::RequestTimeout);
}
