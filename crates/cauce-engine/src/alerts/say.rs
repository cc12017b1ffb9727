//! What channels are told, in the form of each.

mod mail;

use bytes::Bytes;
use cauce_flow::{job::Line, time::Timestamp};
use cauce_observe::alert::{
    Kind, Notice, Rule, Severity, Subject, Thing,
    words::{Facts, Words, severity, test_words, words},
};
use cauce_store::control::alerts::Alert;
use serde::Serialize;
use serde_json::{Value, json};

use self::mail::Paper;
use crate::{
    alerting::subject_of,
    settings::{Channel, Form, ScheduledReport},
};

/// What is told of an alert.
pub(super) struct Telling<'a> {
    pub(super) alert: &'a Alert,
    pub(super) rule: &'a Rule,
    pub(super) notice: Notice,
    pub(super) public_url: Option<&'a str>,
    pub(super) now: Timestamp,
}

/// The messages of an alert to a channel: one, or one to each of its people. None where its subject
/// is of another version.
pub(super) fn of_alert(channel: &Channel, telling: &Telling<'_>) -> Vec<Bytes> {
    let Some(subject) = subject_of(telling.alert) else {
        return Vec::new();
    };
    let words = words(&telling.facts(&subject), channel.language);
    let path = link_path(telling.rule.kind, &subject.thing);
    let url = telling.public_url.map(|url| format!("{url}{path}"));
    let mark = match telling.notice {
        Notice::Fired | Notice::Again => severity(telling.rule.severity, channel.language),
        Notice::Over => "",
    };
    let paper = Paper {
        words: &words,
        language: channel.language,
        mark,
        color: color(telling),
        url: url.as_deref(),
        thread: Some(format!("alert-{}", telling.alert.id)),
    };
    match channel.form {
        Form::Webhook => vec![bytes(&telling.object(&words, url.as_deref()))],
        Form::Slack => vec![bytes(&slack(&paper))],
        Form::Mail => letters(&paper, &channel.to),
    }
}

/// The messages that only show that a channel works.
pub(super) fn of_test(channel: &Channel, public_url: Option<&str>, now: Timestamp) -> Vec<Bytes> {
    let words = test_words(&channel.name, channel.language);
    let url = public_url.map(|url| format!("{url}/alerts"));
    let paper = Paper {
        words: &words,
        language: channel.language,
        mark: "",
        color: CALM,
        url: url.as_deref(),
        thread: None,
    };
    match channel.form {
        Form::Webhook => vec![bytes(&json!({
            "type": "alert.test",
            "timestamp": now,
            "data": { "channel": channel.name, "title": words.title, "url": url },
        }))],
        Form::Slack => vec![bytes(&slack(&paper))],
        Form::Mail => letters(&paper, &channel.to),
    }
}

/// The id of an alert, as everybody outside knows it.
pub fn alert_id(number: i64) -> String {
    format!("alert_{number}")
}

/// A letter to each, so that one address that is refused keeps nobody else from theirs.
fn letters(paper: &Paper<'_>, to: &[String]) -> Vec<Bytes> {
    let letters = to.iter().map(|to| paper.letter(vec![to.clone()]));
    letters.map(|letter| bytes(&letter)).collect()
}

/// Texts and numbers always have a JSON form.
fn bytes(message: &impl Serialize) -> Bytes {
    serde_json::to_vec(message).unwrap_or_default().into()
}

/// Where in the dashboard one can do something about it.
pub fn link_path(kind: Kind, thing: &Thing) -> String {
    match (kind, thing) {
        (Kind::DeadLetters, Thing::Queue(queue)) => format!("/dead?queue={}", in_query(queue)),
        (_, Thing::Report(name)) => match ScheduledReport::line_of(name) {
            Some(Line { queue, account }) => {
                format!("/queues/{queue}?account={}", in_query(account.as_str()))
            }
            None => "/".to_owned(),
        },
        (_, Thing::Queue(queue)) => format!("/queues/{queue}"),
        (_, Thing::Account(_)) => "/settings".to_owned(),
        (_, Thing::Campaign(id)) => format!("/campaigns/{id}"),
        (_, Thing::Tracking) => "/tracking".to_owned(),
        (_, Thing::Disk | Thing::Store(_)) => "/".to_owned(),
    }
}

/// Of what a name may hold, a plus alone means something else in a query.
fn in_query(name: &str) -> String {
    name.replace('+', "%2B")
}

impl Telling<'_> {
    fn facts<'a>(&'a self, subject: &'a Subject) -> Facts<'a> {
        let over = self.notice == Notice::Over;
        Facts {
            notice: self.notice,
            kind: self.rule.kind,
            severity: self.rule.severity,
            subject,
            since: self.alert.since,
            until: self.alert.ended_at.unwrap_or(self.now),
            value: if over {
                self.alert.worst
            } else {
                self.alert.value
            },
            above: self.rule.above,
            within: self.rule.within,
            detail: &self.alert.detail,
        }
    }

    /// For programs. The form is that of Standard Webhooks
    /// (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
    fn object(&self, words: &Words, url: Option<&str>) -> Value {
        let alert = self.alert;
        let event = match self.notice {
            Notice::Fired => "alert.fired",
            Notice::Again => "alert.again",
            Notice::Over => "alert.over",
        };
        json!({
            "type": event,
            "timestamp": self.now,
            "data": {
                "id": alert_id(alert.id),
                "rule": alert.rule,
                "kind": alert.kind,
                "severity": alert.severity,
                "tenant": alert.tenant,
                "subject": { "kind": alert.thing, "name": alert.name },
                "since": alert.since,
                "endedAt": alert.ended_at,
                "value": alert.value,
                "worst": alert.worst,
                "above": alert.above,
                "unit": self.rule.kind.unit().as_str(),
                "detail": alert.detail,
                "title": words.title,
                "advice": words.advice,
                "url": url,
            },
        })
    }
}

const CALM: &str = "#2e7d32";

fn color(telling: &Telling<'_>) -> &'static str {
    match (telling.notice, telling.rule.severity) {
        (Notice::Over, _) => CALM,
        (Notice::Fired | Notice::Again, Severity::Warning) => "#b26a00",
        (Notice::Fired | Notice::Again, Severity::Critical) => "#c62828",
    }
}

/// For chats: attachments are what Slack, Mattermost and Rocket.Chat have in common
/// (<https://docs.slack.dev/legacy/legacy-messaging/legacy-secondary-message-attachments>).
fn slack(paper: &Paper<'_>) -> Value {
    let words = paper.words;
    let field = |(label, text): &(&str, String)| json!({ "title": label, "value": escaped(text), "short": text.len() <= 40 });
    let mut text = escaped(words.advice);
    if let Some(url) = paper.url {
        text.push_str(&format!("\n<{}|{}>", escaped(url), words.open));
    }
    json!({
        "text": escaped(&words.title),
        "attachments": [{
            "color": paper.color,
            "fallback": escaped(&words.title),
            "text": text.trim_start(),
            "fields": words.facts.iter().map(field).collect::<Vec<_>>(),
        }],
    })
}

/// The three characters that mean something in a message
/// (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

#[cfg(test)]
mod tests;
