//! Conversions: by kind, how people come from a lead to a sale, and what that is worth.

use crate::{
    analytics::{Kind as Step, figures::ConversionFigures, rates::Share},
    report::{
        Language, Material,
        document::{Chart, Kind, Section, Shape, Table, Value},
        rows::{Pair, columns, compared, currencies, money_in, roi, table},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    Section {
        id: "conversions",
        title: language.say(Word::Conversions),
        tables: vec![
            figures(material, language),
            funnel(&material.now.conversions, language),
            money(material, language),
        ],
        notes: [Word::NoteFunnel, Word::NoteCurrencies, Word::NoteRoi]
            .map(|note| language.say(note))
            .into(),
    }
}

fn name(step: Step) -> Word {
    match step {
        Step::Lead => Word::Lead,
        Step::QualifiedLead => Word::QualifiedLead,
        Step::Appointment => Word::Appointment,
        Step::Sale => Word::Sale,
    }
}

fn figures(material: &Material, language: Language) -> Table {
    let count = |of: &ConversionFigures, step: Step| {
        let own = of.kinds.iter().find(|kind| kind.kind == step);
        Value::Count(own.map_or(0, |kind| kind.count))
    };
    let (now, before) = (&material.now.conversions, &material.before.conversions);
    let of_step = |step| {
        Pair(
            language.say(name(step)),
            count(now, step),
            count(before, step),
        )
    };
    let mut pairs: Vec<Pair> = Step::ALL.into_iter().map(of_step).collect();
    pairs.push(Pair(
        language.say(Word::AllConversions),
        Value::Count(now.count()),
        Value::Count(before.count()),
    ));
    compared("conversions", Word::Conversions, pairs, language)
}

fn funnel(of: &ConversionFigures, language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("step", Kind::Text, Word::Step),
            ("people", Kind::Count, Word::People),
            ("ofStepBefore", Kind::Share, Word::OfStepBefore),
            ("ofFirst", Kind::Share, Word::OfFirst),
            ("timeP50", Kind::Duration, Word::HalfWithin),
            ("timeP95", Kind::Duration, Word::Within95),
        ],
    );
    let first = of.funnel.first().map_or(0, |step| step.people);
    let rows = of.funnel.iter().enumerate().map(|(at, step)| {
        let of_first = Share {
            hits: step.people,
            of: first,
        };
        vec![
            Value::Text(language.say(name(step.kind))),
            Value::Count(step.people),
            Value::share(of.step_share(at).and_then(Share::rate)),
            Value::share(of_first.rate()),
            Value::duration(step.time.quantile_ms(0.5)),
            Value::duration(step.time.quantile_ms(0.95)),
        ]
    });
    Table {
        chart: Some(Chart {
            shape: Shape::Funnel,
            labels: 0,
            series: vec![1],
        }),
        ..table("funnel", language.say(Word::Funnel), heads, rows.collect())
    }
}

fn money(material: &Material, language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("currency", Kind::Text, Word::Currency),
            ("revenue", Kind::Money, Word::Revenue),
            ("revenueBefore", Kind::Money, Word::RevenueBefore),
            ("change", Kind::Change, Word::Change),
            ("cost", Kind::Money, Word::Cost),
            ("roi", Kind::Change, Word::Roi),
        ],
    );
    let (now, before) = (&material.now.conversions, &material.before.conversions);
    let all = currencies([&now.revenue, &now.cost, &before.revenue]);
    let rows = all.into_iter().map(|currency| {
        let revenue = money_in(&now.revenue, currency);
        let revenue_before = money_in(&before.revenue, currency);
        let cost = money_in(&now.cost, currency);
        let (change, roi) = (revenue.change_from(&revenue_before), roi(&revenue, &cost));
        let name = Value::Text(currency.to_string());
        vec![name, revenue, revenue_before, change, cost, roi]
    });
    table("money", language.say(Word::Money), heads, rows.collect())
}
