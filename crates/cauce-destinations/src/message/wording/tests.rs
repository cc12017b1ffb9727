use serde_json::json;

use super::*;

fn content(value: Value) -> Content {
    serde_json::from_value(value).unwrap()
}

fn wording(value: Value) -> Wording {
    Wording::of(&content(value)).unwrap()
}

fn named(components: Value) -> Value {
    json!({"template": {"name": "offer", "language": "es", "components": components}})
}

fn ana(name: &str) -> Option<Cow<'static, str>> {
    match name {
        "name" => Some("Ana".into()),
        "city" => Some("Lima".into()),
        _ => None,
    }
}

#[test]
fn every_form_is_filled_wherever_it_has_places() {
    for (written, sent) in [
        (
            json!({"text": "Hola {{name}}"}),
            json!({"text": "Hola Ana"}),
        ),
        (
            json!({"template": {"contentSid": "HX1", "variables": {"1": "{{name}}", "2": "{{x|-}}"}}}),
            json!({"template": {"contentSid": "HX1", "variables": {"1": "Ana", "2": "-"}}}),
        ),
        (
            named(
                json!([{"type": "body", "index": 0, "parameters": [{"type": "text", "text": "{{city}}!"}]}]),
            ),
            named(
                json!([{"type": "body", "index": 0, "parameters": [{"type": "text", "text": "Lima!"}]}]),
            ),
        ),
    ] {
        let sent = content(sent);
        assert!(
            wording(written.clone()).render(ana).unwrap() == sent,
            "{written}"
        );
    }
}

#[test]
fn names_are_gathered_from_everywhere_once() {
    let wording = wording(named(json!([
        {"parameters": [{"text": "{{b}} {{a}}"}, {"text": "{{a}} {{c|}}"}]},
    ])));
    assert_eq!(wording.required(), ["a", "b"]);
    assert_eq!(&*wording.render(|_| None).unwrap_err().name, "b");
}

#[test]
fn a_fault_is_told_with_its_place() {
    for (written, pointer) in [
        (json!({"text": "{{a"}), "/text"),
        (
            json!({"template": {"contentSid": "HX1", "variables": {"a/b": "{{}}"}}}),
            "/template/variables/a~1b",
        ),
        (
            named(json!([{"x": ["", "{{}}"]}])),
            "/template/components/0/x/1",
        ),
        (json!({"location": {"latitude": 1.0, "longitude": 1.0}}), ""),
    ] {
        let faults = Wording::of(&content(written)).unwrap_err();
        assert_eq!(faults[0].pointer, pointer);
    }
}

#[test]
fn what_nobody_could_be_sent_is_told_beforehand() {
    let long = |n: usize| wording(json!({"text": format!("{}{{{{name}}}}", "a".repeat(n))}));
    assert_eq!(long(1_599).check(Provider::Twilio), []);
    let faults = long(1_600).check(Provider::Twilio);
    assert_eq!(faults[0].pointer, "/text");
    assert_eq!(long(1_600).check(Provider::WhatsappCloud), []);
}
