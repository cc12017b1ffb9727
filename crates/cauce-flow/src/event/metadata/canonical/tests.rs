use proptest::prelude::*;
use serde_json::{Map, Value};

use super::canonical;

/// What the tree makes of it.
fn by_tree(text: &str) -> Option<String> {
    let object: Map<String, Value> = serde_json::from_str(text).ok()?;
    serde_json::to_string(&object).ok()
}

#[test]
fn plain_metadata_is_mended_without_a_tree() {
    for text in [
        "{}",
        " { } ",
        r#"{"b":1,"a":"x"}"#,
        r#"{ "url" : "/é?q=1" , "n" : -12.5 , "l" : [ 1 , {"z":true,"y":null} ] }"#,
        r#"{"total":49.9,"zero":0,"round":10.0,"small":0.0005,"ab":1,"a":2,"a!":3}"#,
        r#"{"id":999999999999999}"#,
    ] {
        assert_eq!(canonical(text), by_tree(text), "{text}");
        assert!(canonical(text).is_some(), "{text}");
    }
}

#[test]
fn what_is_not_certain_is_left_to_the_tree() {
    for text in [
        "",
        "[]",
        "1",
        "{",
        "{}x",
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{"a" 1}"#,
        r#"{a:1}"#,
        r#"{"a":"\u0041"}"#,
        "{\"a\":\"\n\"}",
        r#"{"a":1,"a":2}"#,
        r#"{"a":1e3}"#,
        r#"{"a":1.50}"#,
        r#"{"a":0.00001}"#,
        r#"{"a":-0}"#,
        r#"{"a":01}"#,
        r#"{"a":-}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":1234567890123456}"#,
        r#"{"a":truth}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":{"b":{"c":{"d":{"e":{"f":{}}}}}}}"#,
    ] {
        assert_eq!(canonical(text), None, "{text}");
    }
}

fn number() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_map(|n| format!("{n:e}")),
        (-100_000_i64..100_000, "[0-9]{1,8}").prop_map(|(whole, part)| format!("{whole}.{part}")),
        "-?[0-9.eE+-]{1,6}",
    ]
}

fn json() -> impl Strategy<Value = String> {
    let text = prop_oneof![
        "\"[a-c!\" ]{0,3}\"",
        "[ -~é]{0,5}".prop_map(|s| format!("{s:?}"))
    ];
    let leaf = prop_oneof![
        text.clone(),
        number(),
        Just("true".into()),
        Just("null".into())
    ];
    leaf.prop_recursive(7, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|i| format!("[{}]", i.join(" ,"))),
            prop::collection::vec((text.clone(), inner), 0..5).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(k, v)| format!("{k} :{v}")).collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn canonical_form_never_differs_from_that_of_the_tree(text in json()) {
        if let Some(form) = canonical(&text) {
            prop_assert_eq!(Some(form), by_tree(&text), "{}", text);
        }
    }

    #[test]
    fn no_text_breaks_it(text in "[{}\\[\\]\",:0-9a-z.\\\\ -]{0,40}") {
        if let Some(form) = canonical(&text) {
            prop_assert_eq!(Some(form), by_tree(&text));
        }
    }
}
