//! Delivery: how fast messages leave and arrive, and what goes wrong on the way.

use crate::{
    analytics::figures::PerformanceFigures,
    report::{
        Language, Material,
        document::{Section, Table, Value},
        rows::{Pair, compared, counted, durations},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    let of = &material.now.performance;
    let mut notes = Vec::new();
    if of.busiest_minute.is_none() || material.before.performance.busiest_minute.is_none() {
        notes.push(language.say(Word::NoteMinutes));
    }
    Section {
        id: "delivery",
        title: language.say(Word::Delivery),
        tables: vec![
            figures(material, language),
            durations(
                "latency",
                Word::Latency,
                &[
                    ("p50", Word::HalfWithin, 0.5),
                    ("p95", Word::Within95, 0.95),
                    ("p99", Word::Within99, 0.99),
                ],
                &[
                    (Word::ToProvider, &of.to_provider),
                    (Word::ToDelivered, &of.to_delivered),
                ],
                language,
            ),
            counted(
                "attemptErrors",
                Word::AttemptErrors,
                (Word::Error, Word::Unnamed),
                &of.errors,
                language,
            ),
        ],
        notes,
    }
}

fn figures(material: &Material, language: Language) -> Table {
    type Figure = fn(&PerformanceFigures) -> Value;
    let all: [(Word, Figure); 3] = [
        (Word::BusiestMinute, |of| {
            of.busiest_minute.map_or(Value::None, Value::Count)
        }),
        (Word::FailedAttempts, |of| Value::Count(of.failed_attempts)),
        (Word::Retries, |of| Value::Count(of.retries)),
    ];
    let pairs = all.map(|(name, figure)| {
        let (now, before) = (&material.now.performance, &material.before.performance);
        Pair(language.say(name), figure(now), figure(before))
    });
    compared("delivery", Word::Delivery, pairs.into(), language)
}
