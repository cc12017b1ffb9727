//! From figures to a report.

use cauce_flow::currency::Currency;

use super::{
    document::{Better, Report, Tile, Value},
    material::{Material, Side, local},
    period::{Period, Stretch},
    rows::{currencies, money_in, of_range},
    sections,
    words::Word,
};
use crate::{alert::words::Language, analytics::spread};

/// Currencies whose revenue stands out, at most; the tables have all.
const MAX_CURRENCIES: usize = 5;

impl Report {
    /// The report on these figures, in a language.
    pub fn of(material: &Material, language: Language) -> Report {
        let made_at = local(material, material.made_at);
        let [period, compared_with] = {
            let Stretch { range, before, .. } = material.stretch;
            let kind = material.stretch.period;
            [range, before].map(|range| of_range(language, range, kind, &material.zone))
        };
        let period = match is_over(material) {
            true => period,
            false => language.fill(
                Word::SoFar,
                &[&period, &language.moment(made_at.datetime())],
            ),
        };
        Report {
            language,
            title: title(material.stretch.period, language),
            tenant: material.tenant.clone(),
            notes: notes(material, language, &compared_with),
            period,
            compared_with,
            zone: material.zone_name.clone(),
            made_at,
            range: material.stretch.range,
            first_day: local(material, material.stretch.range.from).date(),
            before: material.stretch.before,
            tiles: tiles(material, language),
            sections: sections::all(material, language),
        }
    }
}

fn title(period: Option<Period>, language: Language) -> String {
    language.say(match period {
        Some(Period::Day) => Word::DailyReport,
        Some(Period::Week) => Word::WeeklyReport,
        Some(Period::Month) => Word::MonthlyReport,
        None => Word::Report,
    })
}

/// Whether the whole of a period of the calendar lies behind.
fn is_over(material: &Material) -> bool {
    material.stretch.period.is_none() || material.made_at >= material.stretch.range.to
}

fn notes(material: &Material, language: Language, compared_with: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if !is_over(material) {
        let until = language.moment(local(material, material.made_at).datetime());
        notes.push(language.fill(Word::NoteUnfinished, &[&until]));
    }
    notes.push(language.fill(Word::NoteChange, &[compared_with]));
    notes.push(language.say(Word::NoteExact));
    let error = language.write(&Value::Share(spread::ERROR));
    notes.push(language.fill(Word::NoteQuantiles, &[&error]));
    notes
}

/// A figure of one time, in every currency in which it is.
type Figure = fn(&Side) -> Value;

fn tiles(material: &Material, language: Language) -> Vec<Tile> {
    let all: [(&'static str, Word, Better, Figure); 7] = [
        ("sent", Word::MessagesSent, Better::Up, |side| {
            Value::Count(side.messages.sent)
        }),
        ("deliveryRate", Word::DeliveryRate, Better::Up, |side| {
            Value::share(side.messages.delivery().rate())
        }),
        ("readRate", Word::ReadRate, Better::Up, |side| {
            Value::share(side.messages.reading().rate())
        }),
        ("received", Word::MessagesReceived, Better::Up, |side| {
            Value::Count(side.messages.received)
        }),
        ("started", Word::ConversationsStarted, Better::Up, |side| {
            Value::Count(side.conversations.started)
        }),
        (
            "firstResponseP50",
            Word::FirstResponseHalf,
            Better::Down,
            |side| Value::duration(side.conversations.first_response.quantile_ms(0.5)),
        ),
        ("conversions", Word::AllConversions, Better::Up, |side| {
            Value::Count(side.conversions.count())
        }),
    ];
    let mut tiles: Vec<Tile> = all
        .into_iter()
        .map(|(id, name, better, figure)| {
            let (now, before) = (figure(&material.now), figure(&material.before));
            tile(id, language.say(name), better, (now, before))
        })
        .collect();
    tiles.extend(revenue(material, language));
    tiles
}

fn tile(id: &'static str, name: String, better: Better, (now, before): (Value, Value)) -> Tile {
    Tile {
        id,
        name,
        change: now.change_from(&before),
        now,
        before,
        better,
    }
}

/// The revenue, in each currency; those in which something was earned first.
fn revenue(material: &Material, language: Language) -> Vec<Tile> {
    let [now, before] = [&material.now, &material.before].map(|side| &side.conversions.revenue);
    let mut all = currencies([now, before]);
    if all.is_empty() {
        let name = language.say(Word::Revenue);
        let nothing = (Value::None, Value::None);
        return vec![tile("revenue", name, Better::Up, nothing)];
    }
    all.sort_by_key(|currency| money_in(now, *currency).size() == 0.0);
    let alone = all.len() == 1;
    let of = |currency: Currency| {
        let name = match alone {
            true => language.say(Word::Revenue),
            false => language.fill(Word::RevenueIn, &[currency.as_str()]),
        };
        let pair = (money_in(now, currency), money_in(before, currency));
        tile("revenue", name, Better::Up, pair)
    };
    all.into_iter().take(MAX_CURRENCIES).map(of).collect()
}
