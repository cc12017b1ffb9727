//! Campaigns: how many people they reached, what came of it, and which variant does better.

use crate::{
    analytics::{
        figures::CampaignFigures,
        rates::{Verdict, pairs},
    },
    report::{
        Language, MAX_CAMPAIGNS, Material, Told,
        document::{Kind, Section, Table, Value},
        rows::{columns, currencies, money_in, name_of, roi, table},
        words::Word,
    },
};

pub(super) fn section(material: &Material, language: Language) -> Section {
    let mut notes = Vec::new();
    if material.campaigns.len() >= MAX_CAMPAIGNS {
        let most = MAX_CAMPAIGNS.to_string();
        notes.push(language.fill(Word::NoteCampaigns, &[&most]));
    }
    let variants = variants(&material.campaigns, language);
    if !variants.rows.is_empty() {
        notes.push(language.say(Word::NoteRange));
    }
    Section {
        id: "campaigns",
        title: language.say(Word::Campaigns),
        tables: vec![
            figures(&material.campaigns, language),
            money(&material.campaigns, language),
            variants,
        ],
        notes,
    }
}

fn figures(campaigns: &[Told], language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("campaign", Kind::Text, Word::Campaign),
            ("sent", Kind::Count, Word::Sent),
            ("delivered", Kind::Count, Word::Delivered),
            ("read", Kind::Count, Word::Read),
            ("answered", Kind::Count, Word::Answered),
            ("engagement", Kind::Share, Word::Engagement),
            ("converted", Kind::Count, Word::Converted),
            ("conversionRate", Kind::Share, Word::ConversionRate),
        ],
    );
    let rows = campaigns.iter().map(|Told { name, all, .. }| {
        vec![
            name_of(name, Word::Unnamed, language),
            Value::Count(all.sent),
            Value::Count(all.delivered),
            Value::Count(all.read),
            Value::Count(all.answered),
            Value::share(all.engagement().rate()),
            Value::Count(all.converted),
            Value::share(all.conversion().rate()),
        ]
    });
    let title = language.say(Word::Campaigns);
    table("campaigns", title, heads, rows.collect())
}

fn money(campaigns: &[Told], language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("campaign", Kind::Text, Word::Campaign),
            ("revenue", Kind::Money, Word::Revenue),
            ("cost", Kind::Money, Word::Cost),
            ("roi", Kind::Change, Word::Roi),
        ],
    );
    let of_campaign = |told: &Told| {
        let all = currencies([&told.all.revenue, &told.all.cost]);
        let rows = all.into_iter().map(|currency| {
            let revenue = money_in(&told.all.revenue, currency);
            let cost = money_in(&told.all.cost, currency);
            let roi = roi(&revenue, &cost);
            let name = name_of(&told.name, Word::Unnamed, language);
            vec![name, revenue, cost, roi]
        });
        rows.collect::<Vec<_>>()
    };
    let rows = campaigns.iter().flat_map(of_campaign).collect();
    let title = language.say(Word::CampaignMoney);
    table("campaignMoney", title, heads, rows)
}

fn variants(campaigns: &[Told], language: Language) -> Table {
    let heads = columns(
        language,
        &[
            ("campaign", Kind::Text, Word::Campaign),
            ("variant", Kind::Text, Word::Variant),
            ("sent", Kind::Count, Word::Sent),
            ("conversionRate", Kind::Share, Word::ConversionRate),
            ("low", Kind::Share, Word::RateAtLeast),
            ("high", Kind::Share, Word::RateAtMost),
            ("difference", Kind::Text, Word::Difference),
        ],
    );
    let rows = campaigns.iter().flat_map(|told| {
        let best = best(&told.variants);
        let variants = told.variants.iter().enumerate();
        variants.map(move |(at, _)| variant(told, at, best, language))
    });
    let title = language.say(Word::Variants);
    table("variants", title, heads, rows.collect())
}

/// The variant with the highest rate of conversions, among those of which enough is known to say so.
fn best(variants: &[(String, CampaignFigures)]) -> Option<usize> {
    let rates = variants.iter().map(|(_, own)| own.conversion()).enumerate();
    let known = rates.filter(|(_, rate)| rate.is_enough());
    let known = known.filter_map(|(at, rate)| Some((at, rate.rate()?)));
    let better = |one: (usize, f64), two: (usize, f64)| if two.1 > one.1 { two } else { one };
    known.reduce(better).map(|(at, _)| at)
}

fn variant(told: &Told, at: usize, best: Option<usize>, language: Language) -> Vec<Value> {
    let (name, own) = &told.variants[at];
    let rate = own.conversion();
    let of_best = best.map(|best| told.variants[best].1.conversion());
    let verdict = of_best.map(|of_best| of_best.differs(rate, pairs(told.variants.len())));
    let verdict = match verdict {
        _ if best == Some(at) => Word::IsBest,
        Some(Verdict::Real { .. }) => Word::IsReal,
        Some(Verdict::NotYet { .. }) => Word::NotYet,
        Some(Verdict::TooFew) | None => Word::TooFew,
    };
    let interval = rate.interval();
    vec![
        name_of(&told.name, Word::Unnamed, language),
        name_of(name, Word::Unnamed, language),
        Value::Count(own.sent),
        Value::share(rate.rate()),
        Value::share(interval.map(|(low, _)| low)),
        Value::share(interval.map(|(_, high)| high)),
        Value::Text(language.say(verdict)),
    ]
}
