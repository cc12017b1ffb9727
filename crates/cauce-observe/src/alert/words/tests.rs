use std::collections::BTreeSet;

use super::*;

fn facts(kind: Kind, subject: &Subject) -> Facts<'_> {
    Facts {
        notice: Notice::Fired,
        kind,
        severity: Severity::Critical,
        subject,
        since: Timestamp::from_millis(1_769_850_000_000),
        until: Timestamp::from_millis(1_769_850_000_000 + 7_500_000),
        value: 12.34,
        above: 10.0,
        within: Duration::from_secs(600),
        detail: "http_500",
    }
}

fn subject() -> Subject {
    Subject {
        tenant: "acme".parse().ok(),
        thing: Thing::Account("acme-meta".to_owned()),
    }
}

#[test]
fn message_says_what_since_when_how_much_and_what_to_do() {
    let subject = subject();
    let said = words(&facts(Kind::FailureRate, &subject), Language::En);
    assert_eq!(said.title, "acme-meta: 12.3% of the attempts fail");
    let expected = [
        ("Severity", "Critical"),
        ("Tenant", "acme"),
        ("Since", "2026-01-31 09:00 UTC"),
        ("For", "2 h 5 min"),
        ("Figure", "12.3%"),
        ("Limit", "10.0%"),
        ("Detail", "http_500"),
    ];
    let expected = expected.map(|(label, text)| (label, text.to_owned()));
    assert_eq!(said.facts, expected);
    assert!(said.advice.contains("pause the queue"));
}

#[test]
fn message_says_whether_it_still_is_or_is_over() {
    let subject = subject();
    let mut facts = facts(Kind::TokenInvalid, &subject);
    for (notice, en, es, lasts) in [
        (Notice::Again, "Still: ", "Continúa: ", "For"),
        (Notice::Over, "Over: ", "Resuelto: ", "Lasted"),
    ] {
        facts.notice = notice;
        assert!(words(&facts, Language::En).title.starts_with(en));
        assert!(words(&facts, Language::Es).title.starts_with(es));
        let said = words(&facts, Language::En);
        assert!(said.facts.iter().any(|(label, _)| *label == lasts));
        assert_eq!(said.advice.is_empty(), notice == Notice::Over);
    }
}

#[test]
fn what_is_over_is_told_in_the_past() {
    let subject = subject();
    let mut facts = facts(Kind::OldestJob, &subject);
    facts.notice = Notice::Over;
    let title = |facts: &Facts<'_>, language| words(facts, language).title;
    let en = "Over: acme-meta: the oldest job waited for up to 12 s";
    assert_eq!(title(&facts, Language::En), en);
    let es = "Resuelto: acme-meta: el trabajo más antiguo esperó hasta 12 s";
    assert_eq!(title(&facts, Language::Es), es);
    for kind in Kind::ALL {
        for language in [Language::En, Language::Es] {
            facts.kind = *kind;
            facts.notice = Notice::Fired;
            let now = title(&facts, language);
            facts.notice = Notice::Over;
            assert!(!title(&facts, language).ends_with(&now), "{kind}: {now}");
        }
    }
}

#[test]
fn every_kind_has_its_own_words_in_both_languages() {
    let subject = subject();
    let mut said = BTreeSet::new();
    for kind in Kind::ALL {
        for language in [Language::En, Language::Es] {
            let words = words(&facts(*kind, &subject), language);
            assert!(said.insert(words.title), "{kind}");
            assert!(said.insert(words.advice.to_owned()), "{kind}");
        }
    }
}

#[test]
fn lengths_of_time_are_as_long_as_they_need_to_be() {
    for (seconds, text) in [
        (0, "0 s"),
        (119, "119 s"),
        (120, "2 min"),
        (3_700, "1 h 1 min"),
        (90_000, "1 d 1 h"),
    ] {
        assert_eq!(span(Duration::from_secs(seconds)), text);
    }
    let figure = |value, unit| Say::of(Language::En).figure_of(value, unit);
    assert_eq!(figure(2.5, Unit::Seconds), "2.5 s");
    assert_eq!(figure(900.0, Unit::Seconds), "15 min");
}

#[test]
fn hundredths_are_written_as_the_language_writes_them() {
    let subject = subject();
    let limit = |language| {
        let said = words(&facts(Kind::DiskFull, &subject), language);
        said.facts[4].1.clone()
    };
    assert_eq!(limit(Language::En), "12.3%");
    assert_eq!(limit(Language::Es), "12,3\u{a0}%");
}
