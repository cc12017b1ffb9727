//! Messages: how many, when, of what kind, and why some failed.

use crate::{
    analytics::{
        calendar::Interval,
        figures::{MessageFigures, Named},
    },
    report::{
        Language, Material,
        document::{Chart, Kind, Section, Shape, Table, Value},
        material::local,
        rows::{Pair, columns, compared, counted, name_of, table},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    let of = &material.now.messages;
    Section {
        id: "messages",
        title: language.say(Word::Messages),
        tables: vec![
            figures(material, language),
            over_time(material, language),
            weekdays(material, language),
            hours(material, language),
            by_name(
                ("messagesByType", Word::MessagesByType, Word::Kind),
                [&of.sent_by_type, &of.received_by_type],
                language,
            ),
            by_name(
                ("messagesByChannel", Word::MessagesByChannel, Word::Channel),
                [&of.sent_by_channel, &of.received_by_channel],
                language,
            ),
            counted(
                "errors",
                Word::Errors,
                (Word::Error, Word::Unnamed),
                &of.errors,
                language,
            ),
        ],
        notes: Vec::new(),
    }
}

fn figures(material: &Material, language: Language) -> Table {
    type Figure = fn(&MessageFigures) -> Value;
    let all: [(Word, Figure); 8] = [
        (Word::Sent, |of| Value::Count(of.sent)),
        (Word::Delivered, |of| Value::Count(of.delivered)),
        (Word::Read, |of| Value::Count(of.read)),
        (Word::Failed, |of| Value::Count(of.failed)),
        (Word::Received, |of| Value::Count(of.received)),
        (Word::DeliveryRate, |of| Value::share(of.delivery().rate())),
        (Word::ReadRate, |of| Value::share(of.reading().rate())),
        (Word::FailureRate, |of| Value::share(of.failure().rate())),
    ];
    let pairs = all.map(|(name, figure)| {
        let (now, before) = (&material.now.messages, &material.before.messages);
        Pair(language.say(name), figure(now), figure(before))
    });
    compared("messages", Word::Messages, pairs.into(), language)
}

fn over_time(material: &Material, language: Language) -> Table {
    let (title, head, kind) = match material.stretch.interval() {
        Interval::Minute | Interval::Hour => (Word::MessagesByHour, Word::Hour, Kind::Moment),
        Interval::Day => (Word::MessagesByDay, Word::Day, Kind::Day),
        Interval::Week => (Word::MessagesByWeek, Word::Week, Kind::Day),
    };
    let series = &material.series;
    let all = [
        &series.sent,
        &series.received,
        &series.delivered,
        &series.read,
        &series.failed,
    ];
    let row = |(at, start): (usize, &i64)| {
        let start = local(material, *start);
        let count = |counts: &Vec<i64>| {
            let count = counts.get(at).copied().unwrap_or(0);
            Value::Count(u64::try_from(count).unwrap_or(0))
        };
        let time = match kind {
            Kind::Moment => Value::Moment(start),
            _ => Value::Day(start.date()),
        };
        std::iter::once(time).chain(all.map(count)).collect()
    };
    let heads = columns(
        language,
        &[
            ("time", kind, head),
            ("sent", Kind::Count, Word::Sent),
            ("received", Kind::Count, Word::Received),
            ("delivered", Kind::Count, Word::Delivered),
            ("read", Kind::Count, Word::Read),
            ("failed", Kind::Count, Word::Failed),
        ],
    );
    // What has not begun yet is no row of zeros.
    let begun = |start: &&i64| **start <= material.made_at;
    let rows = series.starts.iter().take_while(begun).enumerate();
    let rows = rows.map(row).collect();
    Table {
        chart: Some(Chart {
            shape: Shape::Lines,
            labels: 0,
            series: vec![1, 2, 5],
        }),
        is_detail: true,
        ..table("messagesOverTime", language.say(title), heads, rows)
    }
}

fn hours(material: &Material, language: Language) -> Table {
    let names = (0..24).map(|hour| format!("{hour:02}:00"));
    let of = ("messagesByHour", Word::HoursOfDay, Word::Hour);
    rhythm(of, names, &material.rhythm.hours, language)
}

fn weekdays(material: &Material, language: Language) -> Table {
    let names = (0..7).map(|day| language.weekday(day).to_owned());
    let of = ("messagesByWeekday", Word::Weekdays, Word::Weekday);
    rhythm(of, names, &material.rhythm.weekdays, language)
}

fn rhythm(
    (id, title, head): (&'static str, Word, Word),
    names: impl Iterator<Item = String>,
    counts: &[[u64; 2]],
    language: Language,
) -> Table {
    let rows = names.zip(counts).map(|(name, [sent, received])| {
        vec![
            Value::Text(name),
            Value::Count(*sent),
            Value::Count(*received),
        ]
    });
    Table {
        chart: Some(Chart {
            shape: Shape::Bars,
            labels: 0,
            series: vec![1, 2],
        }),
        is_detail: true,
        ..two_ways(id, title, head, rows.collect(), language)
    }
}

/// Sent and received by a name: what was sent most first.
fn by_name(
    (id, title, head): (&'static str, Word, Word),
    [sent, received]: [&Named; 2],
    language: Language,
) -> Table {
    let of = |named: &Named, name: &str| {
        let own = named.iter().find(|(own, _)| own == name);
        own.map_or(0, |(_, count)| *count)
    };
    let only_received = received.iter().filter(|(name, _)| of(sent, name) == 0);
    let names = sent.iter().chain(only_received).map(|(name, _)| name);
    let rows = names.map(|name| {
        vec![
            name_of(name, Word::Unnamed, language),
            Value::Count(of(sent, name)),
            Value::Count(of(received, name)),
        ]
    });
    two_ways(id, title, head, rows.collect(), language)
}

fn two_ways(
    id: &'static str,
    title: Word,
    head: Word,
    rows: Vec<Vec<Value>>,
    language: Language,
) -> Table {
    let heads = columns(
        language,
        &[
            ("name", Kind::Text, head),
            ("sent", Kind::Count, Word::Sent),
            ("received", Kind::Count, Word::Received),
        ],
    );
    table(id, language.say(title), heads, rows)
}
