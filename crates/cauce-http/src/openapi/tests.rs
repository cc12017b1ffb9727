use std::{collections::BTreeSet, path::Path};

use super::*;

fn parsed() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push((path.clone(), method.clone(), operation.clone()));
        }
    }
    found
}

#[test]
fn document_is_openapi_3_1_and_every_reference_leads_somewhere() {
    let document = parsed();
    assert_eq!(document["openapi"], "3.1.0");
    let mut references = BTreeSet::new();
    collect(&document, &mut references);
    assert!(references.len() > 30);
    for reference in references {
        let pointer = reference
            .strip_prefix('#')
            .expect("references stay in the document");
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} leads nowhere"
        );
    }
}

/// JSON Schema's `oneOf` does not hold for a value that fits two of its schemas.
#[test]
fn page_without_items_may_be_of_both_kinds() {
    let page = &parsed()["components"]["schemas"]["DeadPage"];
    assert_eq!(page["anyOf"].as_array().map(Vec::len), Some(2), "{page}");
    assert_eq!(page.get("oneOf"), None);
}

fn collect(value: &Value, references: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            if let Some(Value::String(reference)) = fields.get("$ref") {
                references.insert(reference.clone());
            }
            fields.values().for_each(|field| collect(field, references));
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, references)),
        _ => {}
    }
}

#[test]
fn every_operation_says_what_it_does_who_may_and_what_can_go_wrong() {
    let document = parsed();
    let mut ids = BTreeSet::new();
    for (path, method, operation) in operations(&document) {
        let name = format!("{method} {path}");
        assert!(operation["summary"].is_string(), "{name} has no summary");
        assert!(
            ids.insert(operation["operationId"].as_str().unwrap().to_owned()),
            "{name}"
        );
        let responses = operation["responses"].as_object().unwrap();
        let open = operation["security"] == json!([{}]);
        assert_eq!(
            open,
            path == SIGN_IN
                || !path.starts_with("/api/")
                    && !path.starts_with("/tracking-v2/")
                    && !path.starts_with("/metrics"),
            "{name}"
        );
        let believes = path.starts_with("/webhooks/");
        let signs_in = path == SIGN_IN;
        let by_key = !open || signs_in;
        assert_eq!(responses.contains_key("401"), by_key || believes, "{name}");
        assert_eq!(responses.contains_key("403"), by_key, "{name}");
        assert!(
            responses.contains_key("500") && responses.contains_key("503"),
            "{name}"
        );
        let has_body = operation.get("requestBody").is_some();
        assert!(!has_body || responses.contains_key("415"), "{name}");
        let named = path.matches('{').count();
        let parameters = operation["parameters"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let in_path = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .count();
        assert_eq!(in_path, named, "{name}");
    }
    assert!(ids.len() >= 30, "{}", ids.len());
}

#[test]
fn committed_document_is_the_one_the_code_makes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../openapi.json");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        committed == openapi_json(),
        "openapi.json is out of date; run `cargo xtask openapi`"
    );
}
