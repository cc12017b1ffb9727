use std::{collections::BTreeSet, time::Duration};

use cauce_observe::alert::words::Language;

use super::*;

fn alert() -> Alert {
    Alert {
        id: 17,
        rule: "many-dead".to_owned(),
        kind: "dead_letters".to_owned(),
        severity: "warning".to_owned(),
        tenant: "acme".parse().ok(),
        thing: "queue".to_owned(),
        name: "relay.a+b".to_owned(),
        since: Timestamp::from_millis(1_769_850_000_000),
        ended_at: None,
        value: 12.0,
        worst: 15.0,
        above: 10.0,
        detail: "<!channel> & more".to_owned(),
        alarms: 0,
        alarmed_at: None,
        acknowledged_at: None,
        acknowledged_by: None,
        watch: String::new(),
    }
}

fn rule() -> Rule {
    Rule {
        name: "many-dead".to_owned(),
        kind: Kind::DeadLetters,
        severity: Severity::Warning,
        above: 10.0,
        below: 5.0,
        after: Duration::ZERO,
        over_after: Duration::ZERO,
        within: Duration::from_secs(600),
        min_volume: 0,
        cooldown: Duration::ZERO,
        queues: BTreeSet::new(),
        channels: BTreeSet::new(),
    }
}

fn channel(form: Form, language: Language) -> Channel {
    Channel {
        name: "ops".to_owned(),
        form,
        to: vec!["ana@example.org".to_owned(), "luis@example.org".to_owned()],
        language,
        least: Severity::Warning,
        tenant: None,
        line: Channel::line_of("ops").unwrap(),
    }
}

fn all_said(form: Form, language: Language, notice: Notice) -> Vec<Value> {
    let (alert, rule) = (alert(), rule());
    let telling = Telling {
        alert: &alert,
        rule: &rule,
        notice,
        public_url: Some("https://cauce.example"),
        now: Timestamp::from_millis(1_769_850_060_000),
    };
    let messages = of_alert(&channel(form, language), &telling).into_iter();
    messages
        .map(|message| serde_json::from_slice(&message).unwrap())
        .collect()
}

fn said(form: Form, notice: Notice) -> Value {
    all_said(form, Language::En, notice).remove(0)
}

#[test]
fn everybody_gets_a_letter_of_their_own_as_text_and_html() {
    let letters = all_said(Form::Mail, Language::Es, Notice::Fired);
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[1]["to"], json!(["luis@example.org"]));
    let letter = &letters[0];
    let subject = "[Cauce] Aviso: relay.a+b: 12 trabajos pasaron a cartas muertas en 10 min";
    assert_eq!(letter["subject"], subject);
    assert_eq!(letter["thread"], "alert-17");
    let (text, html) = (
        letter["text"].as_str().unwrap(),
        letter["html"].as_str().unwrap(),
    );
    for part in [
        "Desde: 2026-01-31 09:00 UTC",
        "Límite: 10",
        "Abrir en Cauce: https://cauce.example/dead",
    ] {
        assert!(text.contains(part), "no {part}: {text}");
    }
    assert!(
        html.starts_with("<!DOCTYPE html><html lang=\"es\">"),
        "{html}"
    );
    assert!(
        html.contains("&lt;!channel&gt; &amp; more") && !html.contains("<!channel>"),
        "{html}"
    );
    assert!(
        html.contains("href=\"https://cauce.example/dead?queue=relay.a%2Bb\""),
        "{html}"
    );
}

#[test]
fn programs_are_told_figures_and_people_words() {
    let told = said(Form::Webhook, Notice::Fired);
    assert_eq!(told["type"], "alert.fired");
    assert_eq!(told["timestamp"], "2026-01-31T09:01:00.000Z");
    assert_eq!(told["data"]["id"], "alert_17");
    assert_eq!(
        told["data"]["subject"],
        json!({ "kind": "queue", "name": "relay.a+b" })
    );
    assert_eq!(told["data"]["value"], 12.0);
    assert_eq!(
        told["data"]["url"],
        "https://cauce.example/dead?queue=relay.a%2Bb"
    );
    let title = told["data"]["title"].as_str().unwrap();
    assert_eq!(
        title,
        "relay.a+b: 12 jobs became dead letters within 10 min"
    );
    // At the end the worst counts.
    let over = said(Form::Webhook, Notice::Over);
    assert_eq!(over["type"], "alert.over");
    assert!(over["data"]["title"].as_str().unwrap().contains("15 jobs"));
}

#[test]
fn a_chat_is_told_nothing_that_means_something_to_it() {
    let told = said(Form::Slack, Notice::Again);
    assert!(
        told["text"]
            .as_str()
            .unwrap()
            .starts_with("Still: relay.a+b")
    );
    let attachment = &told["attachments"][0];
    let fields = attachment["fields"].as_array().unwrap();
    let detail = fields
        .iter()
        .find(|field| field["title"] == "Detail")
        .unwrap();
    assert_eq!(detail["value"], "&lt;!channel&gt; &amp; more");
    let link = "<https://cauce.example/dead?queue=relay.a%2Bb|Open in Cauce>";
    assert!(attachment["text"].as_str().unwrap().ends_with(link));
}
