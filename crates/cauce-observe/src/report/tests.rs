use cauce_flow::currency::Currency;
use jiff::{Timestamp, tz::TimeZone};

use super::{
    document::{Better, Kind, Value},
    *,
};
use crate::analytics::{
    Kind as Step, Measure,
    event::Money,
    figures::{
        CampaignFigures, ConversationFigures, ConversionFigures, MessageFigures, Rhythm, Sums,
    },
    measure::{UNNAMED, value_part},
};

fn side(sent: i64, euros: &[(&str, i64)]) -> Side {
    let mut sums = Sums::default();
    sums.add(Measure::Sent, 0, sent);
    sums.add(Measure::Delivered, 0, sent / 2);
    for (code, units) in euros {
        let currency = Currency::new(code).unwrap();
        sums.add(Measure::Value, value_part(Step::Sale, currency), *units);
    }
    Side {
        messages: MessageFigures::of(&sums, &|_| String::new()),
        conversions: ConversionFigures::of(&sums),
        ..Side::default()
    }
}

fn material(now: Side, before: Side) -> Material {
    let madrid = TimeZone::get("Europe/Madrid").unwrap();
    let at: Timestamp = "2026-11-30T23:30:00Z".parse().unwrap();
    let made_at = at.as_millisecond();
    let stretch = Stretch::last(Period::Month, made_at, &madrid).unwrap();
    Material {
        tenant: "acme".to_owned(),
        stretch,
        zone: madrid,
        zone_name: "Europe/Madrid".to_owned(),
        made_at,
        now,
        before,
        rhythm: Rhythm::default(),
        series: Series::default(),
        campaigns: Vec::new(),
        outlook: Outlook::default(),
        has_business_hours: false,
    }
}

#[test]
fn a_report_is_told_in_the_words_of_its_language() {
    let material = material(side(10, &[]), side(0, &[]));
    let [english, spanish] =
        [Language::En, Language::Es].map(|language| Report::of(&material, language));
    assert_eq!(english.title, "Monthly report");
    assert_eq!(english.period, "November 2026");
    assert_eq!(spanish.title, "Informe mensual");
    assert_eq!(spanish.period, "noviembre de 2026");
    assert_eq!(spanish.compared_with, "octubre de 2026");
    let ids = |report: &Report| report.tables().map(|table| table.id).collect::<Vec<_>>();
    assert_eq!(ids(&english), ids(&spanish));
    let unique: std::collections::BTreeSet<_> = ids(&english).into_iter().collect();
    assert_eq!(unique.len(), ids(&english).len());
}

#[test]
fn changes_are_against_the_period_before_and_only_where_they_can_be_said() {
    let material = material(
        side(120, &[("EUR", 300), ("MXN", 5)]),
        side(100, &[("EUR", 200)]),
    );
    let report = Report::of(&material, Language::En);
    let change = |id: &str, row: usize| report.table(id).unwrap().rows[row][3].clone();
    assert_eq!(change("messages", 0), Value::Change(0.2));
    // Of nothing there is no change; of a share there are points.
    assert_eq!(change("messages", 4), Value::None);
    assert_eq!(change("messages", 5), Value::Points(0.0));
    let money = &report.table("money").unwrap().rows;
    assert_eq!((money.len(), &money[0][3]), (2, &Value::Change(0.5)));
    assert_eq!(money[1][3], Value::None);
    let names: Vec<&str> = report.tiles[7..]
        .iter()
        .map(|tile| tile.name.as_str())
        .collect();
    assert_eq!(names, ["Revenue in EUR", "Revenue in MXN"]);
    assert_eq!(report.tiles[0].better, Better::Up);
}

#[test]
fn a_period_that_is_not_over_says_so() {
    let mut material = material(side(1, &[]), side(1, &[]));
    let over = Report::of(&material, Language::En);
    assert!(!over.notes[0].contains("not over"), "{:?}", over.notes);
    material.stretch = Stretch::holding(Period::Month, material.made_at, &material.zone).unwrap();
    let running = Report::of(&material, Language::En);
    assert!(running.notes[0].contains("not over"), "{:?}", running.notes);
    let until = "December 2026 (until 1\u{a0}Dec\u{a0}2026\u{a0}00:30)";
    assert_eq!(running.period, until);
    assert!(
        running.notes[0].contains("1\u{a0}Dec"),
        "{:?}",
        running.notes
    );
}

#[test]
fn responses_in_business_hours_are_told_where_there_are_such() {
    let mut sums = Sums::default();
    for classes in [Measure::Responses, Measure::ResponsesInHours] {
        sums.add(classes, 7, 3);
    }
    sums.add(Measure::EndedBy, UNNAMED, 2);
    let mut of = material(side(1, &[]), side(1, &[]));
    of.now.conversations = ConversationFigures::of(&sums, 0, &|_| String::new());
    let names = |of: &Material, language, table| {
        let report = Report::of(of, language);
        let rows = report.table(table).unwrap().rows.iter();
        rows.map(|row| language.write(&row[0])).collect::<Vec<_>>()
    };
    assert_eq!(names(&of, Language::En, "responseTimes").len(), 3);
    of.has_business_hours = true;
    let told = names(&of, Language::Es, "responseTimes");
    assert_eq!(told.len(), 5);
    assert_eq!(told[3], "Cada respuesta, en horario de atención");
    assert_eq!(names(&of, Language::En, "endedBy"), ["Not said"]);
    assert_eq!(names(&of, Language::Es, "endedBy"), ["No se dijo"]);
}

#[test]
fn every_value_is_of_the_kind_of_its_column() {
    let currency = Currency::new("EUR").unwrap();
    let variant = |converted| CampaignFigures {
        sent: 1_000,
        converted,
        revenue: vec![Money { currency, units: 1 }],
        ..CampaignFigures::default()
    };
    let mut material = material(side(7, &[("EUR", 1)]), side(0, &[]));
    material.campaigns = vec![Told {
        name: "spring".to_owned(),
        all: variant(20),
        variants: vec![("a".to_owned(), variant(10)), ("b".to_owned(), variant(90))],
    }];
    let report = Report::of(&material, Language::Es);
    for table in report.tables() {
        for (column, value) in table
            .rows
            .iter()
            .flat_map(|row| table.columns.iter().zip(row))
        {
            let fits = matches!(
                (column.kind, value),
                (Kind::Figure, _)
                    | (_, Value::None)
                    | (Kind::Text, Value::Text(_))
                    | (Kind::Day, Value::Day(_))
                    | (Kind::Moment, Value::Moment(_))
                    | (Kind::Count, Value::Count(_))
                    | (Kind::Number, Value::Number(_))
                    | (Kind::Share, Value::Share(_))
                    | (Kind::Change, Value::Change(_) | Value::Points(_))
                    | (Kind::Money, Value::Money(_))
                    | (Kind::Duration, Value::Duration(_))
            );
            assert!(fits, "{} {}: {value:?}", table.id, column.id);
        }
    }
    let variants = &report.table("variants").unwrap().rows;
    let said: Vec<String> = variants
        .iter()
        .map(|row| Language::Es.write(&row[6]))
        .collect();
    assert_eq!(said, ["sí, de verdad", "la mejor"]);
}

#[test]
fn the_best_variant_is_one_of_which_enough_is_known() {
    let variant = |(name, sent, converted): (&str, u64, u64)| {
        let figures = CampaignFigures {
            sent,
            converted,
            ..CampaignFigures::default()
        };
        (name.to_owned(), figures)
    };
    let said = |variants: &[(&str, u64, u64)]| {
        let mut material = material(side(7, &[]), side(0, &[]));
        material.campaigns = vec![Told {
            variants: variants.iter().copied().map(variant).collect(),
            ..Told::default()
        }];
        let report = Report::of(&material, Language::En);
        let rows = report.table("variants").unwrap().rows.iter();
        rows.map(|row| Language::En.write(&row[6]))
            .collect::<Vec<_>>()
    };
    // One lucky message is not the best.
    let lucky = [("a", 1_000, 60), ("b", 1_000, 180), ("tiny", 1, 1)];
    assert_eq!(said(&lucky), ["yes, really", "best", "too few yet"]);
    let few = [("a", 10, 1), ("b", 0, 0)];
    assert_eq!(said(&few), ["too few yet", "too few yet"]);
    // The more pairs are looked at, the more it takes.
    let two = [("a", 1_000, 60), ("b", 1_000, 100)];
    assert_eq!(said(&two), ["yes, really", "best"]);
    let four = [two[0], two[1], ("c", 1_000, 80), ("d", 1_000, 85)];
    assert_eq!(said(&four)[0], "may be chance");
}

#[test]
fn an_hour_that_comes_twice_has_two_times() {
    let madrid = TimeZone::get("Europe/Madrid").unwrap();
    let told = ["2026-10-25T00:00:00Z", "2026-10-25T01:00:00Z"].map(|at| {
        let at: Timestamp = at.parse().unwrap();
        document::rfc3339(&at.to_zoned_datetime(madrid.clone()))
    });
    assert_eq!(
        told,
        ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]
    );
}
