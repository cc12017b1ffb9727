//! What to expect of the next days, and which hours were unlike others.

use crate::{
    alert::MIN_WEEKS,
    analytics::forecast::PastError,
    report::{
        Language, Material, Outlook,
        document::{Chart, Kind, Section, Shape, Table, Value},
        material::local,
        rows::{columns, table},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    let outlook = &material.outlook;
    Section {
        id: "outlook",
        title: language.say(Word::Outlook),
        tables: vec![
            forecast(material, outlook, language),
            unusual(material, outlook, language),
        ],
        notes: notes(material, outlook, language),
    }
}

fn notes(material: &Material, outlook: &Outlook, language: Language) -> Vec<String> {
    let mut notes = vec![note(outlook, language)];
    let range = material.stretch.range;
    let judged_from = outlook.judged_from.filter(|from| *from < range.to);
    match judged_from {
        None => notes.push(language.fill(Word::NoteNotJudged, &[&MIN_WEEKS.to_string()])),
        Some(from) if from > range.from => {
            let from = language.moment(local(material, from).datetime());
            notes.push(language.fill(Word::NoteJudgedFrom, &[&from]));
        }
        Some(_) => {}
    }
    notes
}

fn note(outlook: &Outlook, language: Language) -> String {
    match outlook.error {
        _ if outlook.days.is_empty() => {
            language.fill(Word::NoteNoForecast, &[&MIN_WEEKS.to_string()])
        }
        Some(PastError { share, weeks }) => {
            let share = language.write(&Value::Share(share));
            language.fill(Word::NoteForecast, &[&weeks.to_string(), &share])
        }
        None => language.say(Word::NoteForecastUntested),
    }
}

fn forecast(material: &Material, outlook: &Outlook, language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("day", Kind::Day, Word::Day),
            ("expected", Kind::Count, Word::Expected),
        ],
    );
    let rows = outlook.days.iter().map(|(at, expected)| {
        let day = local(material, *at).date();
        vec![Value::Day(day), Value::Count(expected.round() as u64)]
    });
    let title = language.say(Word::Forecast);
    Table {
        chart: Some(Chart {
            shape: Shape::Bars,
            labels: 0,
            series: vec![1],
        }),
        ..table("forecast", title, heads, rows.collect())
    }
}

fn unusual(material: &Material, outlook: &Outlook, language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("hour", Kind::Moment, Word::Hour),
            ("count", Kind::Count, Word::Counted),
            ("expected", Kind::Count, Word::Expected),
        ],
    );
    let rows = outlook.unusual.iter().map(|unusual| {
        vec![
            Value::Moment(local(material, unusual.hour.at)),
            Value::Count(unusual.hour.count),
            Value::Count(unusual.expected.round() as u64),
        ]
    });
    let title = language.say(Word::Unusual);
    table("unusualHours", title, heads, rows.collect())
}
