//! An alert put into words: what happened, since when, how much, and what to do.

mod en;
mod es;

use std::{fmt, str::FromStr, time::Duration};

use cauce_flow::time::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Kind, Notice, Severity, Subject, Thing, Unit};

/// The languages that people are written to in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Spanish.
    Es,
}

impl Language {
    /// Its tag (BCP 47).
    pub const fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Es => "es",
        }
    }
}

/// Why a text is no language.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither en nor es")]
pub struct UnknownLanguage(String);

impl FromStr for Language {
    type Err = UnknownLanguage;
    fn from_str(text: &str) -> Result<Language, UnknownLanguage> {
        match text {
            "en" => Ok(Language::En),
            "es" => Ok(Language::Es),
            _ => Err(UnknownLanguage(text.chars().take(20).collect())),
        }
    }
}

/// What is known of an alert when it is told.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// What is told of it.
    pub notice: Notice,
    /// What was looked at.
    pub kind: Kind,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub subject: &'a Subject,
    /// Since when.
    pub since: Timestamp,
    /// When it was over, or now.
    pub until: Timestamp,
    /// The newest figure, or of what is over the worst.
    pub value: f64,
    /// What is too much.
    pub above: f64,
    /// The stretch of time that is summed up.
    pub within: Duration,
    /// What else is known, as the engine found it.
    pub detail: &'a str,
}

/// An alert in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    /// All of it in one line.
    pub title: String,
    /// What is known: labels and what stands beside them.
    pub facts: Vec<(&'static str, String)>,
    /// What to do; empty where it is over.
    pub advice: &'static str,
    /// What the link to its place in the dashboard says.
    pub open: &'static str,
    /// Why one gets this.
    pub footer: &'static str,
}

/// Puts an alert into words.
pub fn words(facts: &Facts<'_>, language: Language) -> Words {
    let say = Say::of(language);
    let title = match facts.notice {
        Notice::Fired => (say.what)(facts),
        Notice::Again => format!("{}: {}", say.again, (say.what)(facts)),
        Notice::Over => format!("{}: {}", say.over, (say.was)(facts)),
    };
    Words {
        title,
        facts: lines(facts, &say),
        advice: match facts.notice {
            Notice::Fired | Notice::Again => (say.advice)(facts.kind),
            Notice::Over => "",
        },
        open: say.open,
        footer: say.footer,
    }
}

/// A message that only shows that a channel works.
pub fn test_words(channel: &str, language: Language) -> Words {
    let say = Say::of(language);
    Words {
        title: say.test.to_owned(),
        facts: vec![(say.channel, channel.to_owned())],
        advice: say.test_advice,
        open: say.open,
        footer: say.footer,
    }
}

/// The severity in words.
pub fn severity(severity: Severity, language: Language) -> &'static str {
    Say::of(language).severity_of(severity)
}

/// One language.
struct Say {
    /// What happens.
    what: fn(&Facts<'_>) -> String,
    /// What happened, and how bad it was at its worst.
    was: fn(&Facts<'_>) -> String,
    advice: fn(Kind) -> &'static str,
    /// What stands between a number and its fractions.
    decimal: &'static str,
    /// What stands behind hundredths.
    percent: &'static str,
    again: &'static str,
    over: &'static str,
    warning: &'static str,
    critical: &'static str,
    severity: &'static str,
    tenant: &'static str,
    since: &'static str,
    lasted: &'static str,
    lasts: &'static str,
    figure: &'static str,
    limit: &'static str,
    detail: &'static str,
    open: &'static str,
    footer: &'static str,
    channel: &'static str,
    test: &'static str,
    test_advice: &'static str,
}

impl Say {
    fn of(language: Language) -> Say {
        match language {
            Language::En => en::SAY,
            Language::Es => es::SAY,
        }
    }

    /// A figure for people.
    fn figure_of(&self, value: f64, unit: Unit) -> String {
        let text = match unit {
            Unit::State | Unit::Count => format!("{value:.0}"),
            Unit::Percent => format!("{value:.1}{}", self.percent),
            Unit::Seconds if value < 10.0 => format!("{value:.1} s"),
            Unit::Seconds => span(Duration::from_secs_f64(value.max(0.0))),
            Unit::Deviations => format!("{value:.1}"),
        };
        text.replace('.', self.decimal)
    }

    fn severity_of(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Warning => self.warning,
            Severity::Critical => self.critical,
        }
    }
}

fn lines(facts: &Facts<'_>, say: &Say) -> Vec<(&'static str, String)> {
    let mut lines = vec![(say.severity, say.severity_of(facts.severity).to_owned())];
    if let Some(tenant) = &facts.subject.tenant {
        lines.push((say.tenant, tenant.to_string()));
    }
    lines.push((say.since, moment(facts.since)));
    let for_so_long = match facts.notice {
        Notice::Fired | Notice::Again => say.lasts,
        Notice::Over => say.lasted,
    };
    lines.push((for_so_long, span(facts.until.since(facts.since))));
    if facts.kind.unit() != Unit::State {
        let unit = facts.kind.unit();
        lines.push((say.figure, say.figure_of(facts.value, unit)));
        lines.push((say.limit, say.figure_of(facts.above, unit)));
    }
    if !facts.detail.is_empty() {
        lines.push((say.detail, facts.detail.to_owned()));
    }
    lines
}

/// A thing by its name.
struct Named<'a>(&'a Thing);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name())
    }
}

/// A moment for people, in UTC.
fn moment(at: Timestamp) -> String {
    let text = at.to_string();
    match (text.get(..10), text.get(11..16)) {
        (Some(day), Some(time)) => format!("{day} {time} UTC"),
        _ => text,
    }
}

/// A length of time for people.
fn span(length: Duration) -> String {
    let seconds = length.as_secs();
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    match (days, hours, minutes) {
        (1.., ..) => format!("{days} d {} h", hours % 24),
        (_, 1.., _) => format!("{hours} h {} min", minutes % 60),
        (_, _, 2..) => format!("{minutes} min"),
        _ => format!("{seconds} s"),
    }
}

#[cfg(test)]
mod tests;
