//! Small things that tables are put together from.

use cauce_flow::currency::Currency;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::{
    document::{Column, Kind, Table, Value},
    period::Period,
    words::Word,
};
use crate::{
    alert::words::Language,
    analytics::{
        calendar::Range,
        event::Money,
        figures::{Durations, Named},
    },
};

/// A table without a chart.
pub(super) fn table(
    id: &'static str,
    title: String,
    columns: Vec<Column>,
    rows: Vec<Vec<Value>>,
) -> Table {
    assert!(rows.iter().all(|row| row.len() == columns.len()), "{id}");
    Table {
        id,
        title,
        columns,
        rows,
        chart: None,
        is_detail: false,
    }
}

/// A column with a name in the language.
pub(super) fn column(id: &'static str, kind: Kind, name: Word, language: Language) -> Column {
    let name = language.say(name);
    Column { id, name, kind }
}

/// Columns from a list.
pub(super) fn columns(language: Language, all: &[(&'static str, Kind, Word)]) -> Vec<Column> {
    let all = all.iter();
    all.map(|(id, kind, name)| column(id, *kind, *name, language))
        .collect()
}

/// A figure as it is and as it was.
pub(super) struct Pair(pub(super) String, pub(super) Value, pub(super) Value);

/// Figures beside those of the period before.
pub(super) fn compared(
    id: &'static str,
    title: Word,
    pairs: Vec<Pair>,
    language: Language,
) -> Table {
    let columns = columns(
        language,
        &[
            ("figure", Kind::Text, Word::Figure),
            ("now", Kind::Figure, Word::ThisPeriod),
            ("before", Kind::Figure, Word::PeriodBefore),
            ("change", Kind::Change, Word::Change),
        ],
    );
    let rows = pairs.into_iter().map(|Pair(name, now, before)| {
        let change = now.change_from(&before);
        vec![Value::Text(name), now, before, change]
    });
    table(id, language.say(title), columns, rows.collect())
}

/// Names with their counts and shares.
pub(super) fn counted(
    id: &'static str,
    title: Word,
    (what, unnamed): (Word, Word),
    named: &Named,
    language: Language,
) -> Table {
    let columns = columns(
        language,
        &[
            ("name", Kind::Text, what),
            ("count", Kind::Count, Word::Count),
            ("share", Kind::Share, Word::ShareOfAll),
        ],
    );
    let all: u64 = named.iter().map(|(_, count)| count).sum();
    let rows = named.iter().map(|(name, count)| {
        let share = (all > 0).then(|| *count as f64 / all as f64);
        vec![
            name_of(name, unnamed, language),
            Value::Count(*count),
            Value::share(share),
        ]
    });
    table(id, language.say(title), columns, rows.collect())
}

/// A name; a word where it is empty.
pub(super) fn name_of(name: &str, unnamed: Word, language: Language) -> Value {
    Value::Text(match name {
        "" => language.say(unnamed),
        name => name.to_owned(),
    })
}

/// Durations, one a row, with their mean and some quantiles.
pub(super) fn durations(
    id: &'static str,
    title: Word,
    quantiles: &[(&'static str, Word, f64)],
    all: &[(Word, &Durations)],
    language: Language,
) -> Table {
    let mut heads = columns(
        language,
        &[
            ("what", Kind::Text, Word::What),
            ("count", Kind::Count, Word::Count),
            ("mean", Kind::Duration, Word::Mean),
        ],
    );
    for (id, name, _) in quantiles {
        heads.push(column(id, Kind::Duration, *name, language));
    }
    let rows = all.iter().map(|(name, durations)| {
        let mut row = vec![
            Value::Text(language.say(*name)),
            Value::Count(durations.count()),
            Value::duration(durations.mean_ms()),
        ];
        let of = |share: f64| Value::duration(durations.quantile_ms(share));
        row.extend(quantiles.iter().map(|(_, _, share)| of(*share)));
        row
    });
    table(id, language.say(title), heads, rows.collect())
}

/// The amount in a currency; nothing of it where there is none.
pub(super) fn money_in(all: &[Money], currency: Currency) -> Value {
    let own = all.iter().find(|money| money.currency == currency);
    Value::Money(own.copied().unwrap_or(Money { currency, units: 0 }))
}

/// The currencies of some amounts, in order.
pub(super) fn currencies<'a>(all: impl IntoIterator<Item = &'a Vec<Money>>) -> Vec<Currency> {
    let all = all.into_iter().flatten();
    let mut found: Vec<Currency> = all.map(|money| money.currency).collect();
    found.sort();
    found.dedup();
    found
}

/// (revenue - cost) / cost, as a change; nothing where nothing was spent.
pub(super) fn roi(revenue: &Value, cost: &Value) -> Value {
    match revenue.change_from(cost) {
        Value::Change(change) if cost.size() > 0.0 => Value::Change(change),
        _ => Value::None,
    }
}

/// A range in words: a day or a month by its name, else its first and last day; its moments where
/// it does not begin and end with a day.
pub(super) fn of_range(
    language: Language,
    range: Range,
    period: Option<Period>,
    zone: &TimeZone,
) -> String {
    let [from, to] = [range.from, range.to].map(|at| at_local(at, zone));
    let last = at_local(range.to - 1, zone).date();
    let is_days = [from, to]
        .iter()
        .all(|at| at.time().duration_since(MIDNIGHT).is_zero());
    let [from, to] = match (period, is_days) {
        (Some(Period::Month), _) => return language.long_month(from.date()),
        (_, true) if from.date() == last => return language.long_day(last),
        (_, true) => [from.date(), last].map(|date| language.long_day(date)),
        (_, false) => [from, to].map(|at| language.moment(at)),
    };
    language.fill(Word::Until, &[&from, &to])
}

const MIDNIGHT: jiff::civil::Time = jiff::civil::Time::midnight();

pub(super) fn at_local(at: i64, zone: &TimeZone) -> DateTime {
    zone.to_datetime(Timestamp::from_millisecond(at).unwrap_or_default())
}
