//! Reports on figures that were made up, for tests and for whoever wants to see one.

use cauce_flow::currency::Currency;
use cauce_observe::{
    analytics::{
        Kind, Measure,
        calendar::HourOfWeek,
        event::Money,
        figures::{
            CampaignFigures, ConversationFigures, ConversionFigures, KindFigures, MessageFigures,
            PerformanceFigures, Rhythm, Sums,
        },
        forecast::{Hour, PastError, Unusual},
        measure::{UNNAMED, value_part},
        spread,
    },
    report::{Language, Material, Outlook, Period, Report, Series, Side, Stretch, Told},
};
use jiff::{Timestamp, tz::TimeZone};

const DAY_MS: i64 = 86_400_000;
/// The first of December 2026, in the morning.
const MADE_AT: i64 = 1_796_108_400_000;

/// A report on a month of a shop.
pub fn month(language: Language) -> Report {
    Report::of(&material(), language)
}

/// A report on a month in which nothing happened.
pub fn nothing(language: Language) -> Report {
    let material = Material {
        now: Side::default(),
        before: Side::default(),
        rhythm: Rhythm::default(),
        series: Series::default(),
        campaigns: Vec::new(),
        outlook: Outlook::default(),
        ..material()
    };
    Report::of(&material, language)
}

/// A report on a month of very much, with names that were made to break things.
pub fn busy(language: Language) -> Report {
    let plain = material();
    let hostile = [
        "=HYPERLINK(\"http://example.com\",\"x\")",
        "@SUM(1+1)*cmd|' /C calc'!A0",
        "Ofertas de Navidad para quienes compraron dos veces o más desde marzo de 2025, segunda oleada",
        "Donaudampfschifffahrtsgesellschaftskapitänsmützenverkaufsaktion2026WinterWeihnachten",
        "🎄 Rebajas 👩‍👩‍👧",
        "تخفيضات الشتاء",
        "\u{202e}gnihton\u{202c}",
        "<b>&amp;</b>, \"quoted\"; -1",
        "Зимняя распродажа",
    ];
    let many = (0..40).map(|number| format!("campaign-{number:02}"));
    let names = hostile.into_iter().map(str::to_owned).chain(many);
    let told = plain.campaigns.clone();
    let campaigns = names.enumerate().map(|(at, name)| Told {
        name,
        ..told[at % told.len()].clone()
    });
    let currencies = [
        ("EUR", 987_654_321_001),
        ("JPY", 7_654_321),
        ("KWD", 1_234_567),
        ("USD", 5),
    ];
    let money = currencies.map(|(code, units)| Money {
        currency: Currency::new(code).expect("the currency is known"),
        units,
    });
    let mut now = plain.now.clone();
    now.conversions.revenue = money.to_vec();
    now.messages.sent = 123_456_789;
    let labels = hostile.map(|name| (name.to_owned(), 12_345));
    now.messages.errors = labels.to_vec();
    let mut campaigns: Vec<Told> = campaigns.collect();
    campaigns[2].all.revenue = money.to_vec();
    let material = Material {
        tenant: "a-tenant-with-a-name-as-long-as-names-of-tenants-can-be-made-to-be".to_owned(),
        now,
        campaigns,
        ..plain
    };
    Report::of(&material, language)
}

fn material() -> Material {
    let zone = TimeZone::get("Europe/Madrid").expect("the zone is built in");
    let stretch = Stretch::last(Period::Month, MADE_AT, &zone).expect("the calendar has it");
    let mut starts = stretch.steps(&zone);
    starts.pop();
    Material {
        tenant: "Zapatería Núñez".to_owned(),
        stretch,
        zone,
        zone_name: "Europe/Madrid".to_owned(),
        made_at: MADE_AT,
        now: side(1_284, 100),
        before: side(1_107, 88),
        rhythm: rhythm(),
        series: series(starts),
        campaigns: campaigns(),
        outlook: outlook(),
        has_business_hours: true,
    }
}

fn names(label: u32) -> String {
    let names = [
        "", "text", "template", "image", "whatsapp", "131026", "customer", "agent",
    ];
    names
        .get(label as usize)
        .copied()
        .unwrap_or_default()
        .to_owned()
}

/// Figures that grow with the volume, by some percent.
fn side(volume: i64, percent: i64) -> Side {
    let mut sums = Sums::default();
    for (measure, part, by) in [
        (Measure::Sent, 0, volume * 9),
        (Measure::Received, 0, volume * 4),
        (Measure::Delivered, 0, volume * 9 - 310),
        (Measure::Read, 0, volume * 7),
        (Measure::Failed, 0, 214),
        (Measure::FailedUnsent, 0, 40),
        (Measure::SentByType, 1, volume * 5),
        (Measure::SentByType, 2, volume * 3),
        (Measure::SentByType, 3, volume),
        (Measure::ReceivedByType, 1, volume * 4),
        (Measure::SentByChannel, 4, volume * 9),
        (Measure::ReceivedByChannel, 4, volume * 4),
        (Measure::FailedByError, 5, 174),
        (Measure::FailedByError, 0, 40),
        (Measure::Started, 0, volume),
        (Measure::Ended, 0, volume - 31),
        (Measure::HandOffs, 0, volume / 6),
        (Measure::EndedHandedOff, 0, volume / 7),
        (Measure::MessagesOfEnded, 0, volume * 12),
        (Measure::EndedBy, 0, volume / 2),
        (Measure::EndedBy, 6, volume / 4),
        (Measure::EndedBy, 7, volume / 4 - 20),
        (Measure::EndedBy, UNNAMED, 20),
        (Measure::TriesFailed, 5, 391),
        (Measure::Retries, 0, 377),
    ] {
        sums.add(measure, part, by);
    }
    durations(&mut sums, volume, percent);
    conversions(&mut sums, volume);
    Side {
        messages: MessageFigures::of(&sums, &names),
        conversations: ConversationFigures::of(&sums, 63, &names),
        conversions: ConversionFigures::of(&sums),
        performance: PerformanceFigures::of(&sums, Some(79), &names),
    }
}

fn durations(sums: &mut Sums, volume: i64, percent: i64) {
    for (classes, sum, typical_ms) in [
        (Measure::FirstResponses, Measure::FirstResponseMs, 94_000),
        (Measure::Responses, Measure::ResponseMs, 61_000),
        (
            Measure::FirstResponsesInHours,
            Measure::FirstResponseInHoursMs,
            52_000,
        ),
        (
            Measure::ResponsesInHours,
            Measure::ResponseInHoursMs,
            38_000,
        ),
        (Measure::Durations, Measure::DurationMs, 5_460_000),
        (Measure::ToProvider, Measure::ToProviderMs, 310),
        (Measure::ToDelivered, Measure::ToDeliveredMs, 2_400),
    ] {
        for step in 1..=20 {
            let took = typical_ms * step * step / 100 * 100 / percent;
            sums.add(classes, i64::from(spread::class(took)), volume / 20);
            sums.add(sum, 0, took * (volume / 20));
        }
    }
}

fn conversions(sums: &mut Sums, volume: i64) {
    let currency = |code| Currency::new(code).expect("the currency is known");
    for (kind, count) in
        Kind::ALL
            .into_iter()
            .zip([volume / 3, volume / 6, volume / 10, volume / 16])
    {
        let step = kind.step() as i64;
        sums.add(Measure::Conversions, step, count);
        sums.add(Measure::Funnel, step, count);
    }
    for (code, units) in [("EUR", volume * 4_729), ("MXN", volume * 10_050)] {
        sums.add(
            Measure::Value,
            value_part(Kind::Sale, currency(code)),
            units,
        );
    }
    sums.add(Measure::Cost, currency("EUR").number().into(), 184_050);
}

fn rhythm() -> Rhythm {
    let mut rhythm = Rhythm::default();
    for (hour, counts) in rhythm.hours.iter_mut().enumerate() {
        let away = (hour as i64 - 13).abs();
        *counts = [
            (90 - away * away).max(2) as u64 * 9,
            (70 - away * away).max(1) as u64 * 4,
        ];
    }
    for (day, counts) in rhythm.weekdays.iter_mut().enumerate() {
        let busy = if day < 5 { 10 } else { 4 };
        *counts = [busy * 210, busy * 88];
    }
    rhythm
}

fn series(starts: Vec<i64>) -> Series {
    let of = |factor: i64, base: i64| -> Vec<i64> {
        let days = 0..starts.len() as i64;
        days.map(|day| base + factor * (day * 7 % 11 + if day % 7 < 5 { 12 } else { 0 }))
            .collect()
    };
    Series {
        sent: of(21, 40),
        received: of(9, 21),
        delivered: of(20, 38),
        read: of(15, 30),
        failed: of(0, 7),
        starts,
    }
}

fn campaigns() -> Vec<Told> {
    let currency = Currency::new("EUR").expect("the currency is known");
    let of = |scale: u64, converted: u64, cost: i64| CampaignFigures {
        sent: 1_000 * scale,
        delivered: 968 * scale,
        read: 702 * scale,
        failed: 32 * scale,
        answered: 141 * scale,
        converted,
        kinds: Vec::<KindFigures>::new(),
        revenue: vec![Money {
            currency,
            units: converted as i64 * 6_490,
        }],
        cost: vec![Money {
            currency,
            units: cost,
        }],
    };
    vec![
        Told {
            name: "black-friday".to_owned(),
            all: of(4, 212, 120_050),
            variants: vec![
                ("A".to_owned(), of(2, 71, 60_025)),
                ("B".to_owned(), of(2, 141, 60_025)),
            ],
        },
        Told {
            name: "otoño".to_owned(),
            all: of(1, 37, 64_000),
            variants: Vec::new(),
        },
    ]
}

fn outlook() -> Outlook {
    let first = Timestamp::from_millisecond(MADE_AT).expect("the calendar has it");
    let first = first.as_millisecond().div_euclid(DAY_MS) * DAY_MS;
    let days = (0..7).map(|day| (first + day * DAY_MS, 380.0 - 31.0 * day as f64));
    let hour = Hour {
        at: MADE_AT - 4 * DAY_MS,
        of_week: HourOfWeek {
            weekday: 4,
            hour: 8,
        },
        count: 241,
    };
    Outlook {
        days: days.collect(),
        error: Some(PastError {
            share: 0.083,
            weeks: 4,
        }),
        judged_from: Some(0),
        unusual: vec![Unusual {
            hour,
            expected: 62.0,
        }],
    }
}
