//! Visits of a web shop: a few hundred pages, some far more liked than others, 10 to 20 events a
//! visit, more by day than by night.

use cauce_events::row::Row;
use cauce_flow::{
    event::{EventId, EventKind, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};
use std::sync::Arc;

const PAGES: u64 = 400;
const MINUTE: i64 = 60_000;
pub(crate) const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;
const SEARCHERS: [&str; 6] = [
    "https://www.google.com/",
    "https://www.bing.com/",
    "https://www.instagram.com/",
    "https://l.facebook.com/",
    "https://mail.example/",
    "https://blog.example/best-shoes-of-the-year",
];

/// Numbers that look like chance (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A version 4 UUID.
    fn uuid(&mut self) -> u128 {
        let bits = (u128::from(self.next()) << 64) | u128::from(self.next());
        let bits = bits & !(0xf << 76) | (0x4 << 76);
        bits & !(0x3 << 62) | (0x2 << 62)
    }

    /// Small numbers far more often than large ones.
    fn liked(&mut self, bound: u64) -> u64 {
        let unit = (self.next() >> 11) as f64 / (1u64 << 53) as f64;
        ((bound as f64).powf(unit) - 1.0) as u64
    }
}

/// Whose visits.
pub(crate) struct Traffic {
    pub(crate) tenants: Vec<(TenantId, SiteId)>,
    /// Visitors that a tenant ever has.
    pub(crate) visitors: u64,
    pub(crate) dice: Dice,
    kinds: [EventKind; 6],
}

impl Traffic {
    pub(crate) fn new(tenants: u64, visitors: u64) -> Traffic {
        let mut dice = Dice(tenants);
        let tenants = (0..tenants)
            .map(|number| {
                let name = format!("{number:02}9c2d1e-5d4a-4f6b-9c8d-7e6f5a4b3c2d");
                (
                    TenantId::new(&name).unwrap(),
                    SiteId::from_u128(dice.uuid()),
                )
            })
            .collect();
        let kinds = [
            "PAGE_VIEW",
            "CLICK",
            "SCROLL",
            "ADD_TO_CART",
            "FORM_SUBMIT",
            "PURCHASE",
        ];
        Traffic {
            tenants,
            visitors,
            dice,
            kinds: kinds.map(|kind| EventKind::new(kind).unwrap()),
        }
    }

    /// About so many events that happen within a span, by time.
    pub(crate) fn rows(&mut self, count: usize, from: i64, span: i64) -> Vec<Row> {
        let mut rows = Vec::with_capacity(count + 32);
        while rows.len() < count {
            self.visit(from, span, &mut rows);
        }
        rows.sort_by_key(|row| row.occurred_at);
        rows
    }

    fn visit(&mut self, from: i64, span: i64, rows: &mut Vec<Row>) {
        let dice = &mut self.dice;
        let (tenant, site) = self.tenants[dice.below(self.tenants.len() as u64) as usize].clone();
        let shop = site.as_u128() as u64;
        let visitor = VisitorId::from_u128(Dice(shop ^ dice.below(self.visitors)).uuid());
        let session = SessionId::from_u128(dice.uuid());
        let mut at = from + dice.below(span.unsigned_abs()).cast_signed();
        let hour = at.rem_euclid(DAY) / HOUR;
        if !(7..23).contains(&hour) && dice.below(4) > 0 {
            return;
        }
        let bot = dice.below(50) == 0;
        let mut referrer = SEARCHERS[dice.liked(SEARCHERS.len() as u64) as usize].to_owned();
        let mut url = String::new();
        for step in 0..10 + dice.below(11) {
            let kind = if step == 0 {
                0
            } else {
                dice.liked(64) as usize
            };
            let kind = [0, 0, 1, 1, 2, 2, 1, 3, 0, 2, 1, 2, 4, 3, 0, 5][kind % 16];
            let page = dice.liked(PAGES);
            let metadata = match kind {
                0 => {
                    let before = std::mem::replace(&mut url, address(shop, page));
                    if !before.is_empty() {
                        referrer = before;
                    }
                    format!(
                        r#"{{"path":"/products/{}-{page}","referrer":"{referrer}","title":"{} | The {} shop","url":"{url}"}}"#,
                        slug(page),
                        title(page),
                        shop % 1000,
                    )
                }
                1 => format!(
                    r#"{{"element":"{}","url":"{url}"}}"#,
                    [
                        "button.buy",
                        "a.menu",
                        "img.zoom",
                        "a.related",
                        "button.size"
                    ][dice.below(5) as usize]
                ),
                2 => format!(r#"{{"depth":{},"url":"{url}"}}"#, 25 * (1 + dice.below(4))),
                3 | 5 => format!(
                    r#"{{"currency":"EUR","price":{}.95,"product":"SKU-{page:05}","quantity":{}}}"#,
                    9 + page % 90,
                    1 + dice.below(2)
                ),
                _ => r#"{"form":"newsletter"}"#.to_owned(),
            };
            rows.push(Row {
                tenant: tenant.clone(),
                site,
                visitor,
                session,
                occurred_at: Timestamp::from_millis(at),
                id: EventId::from_u128(dice.uuid()),
                kind: self.kinds[kind].clone(),
                metadata: Metadata::from_canonical(Arc::from(metadata)),
                count: if dice.below(40) == 0 { 2 } else { 1 },
                weight: if kind == 2 { 10.0 } else { 1.0 },
                bot,
            });
            at += 500 + dice.below(40_000).cast_signed();
        }
    }
}

fn address(shop: u64, page: u64) -> String {
    format!(
        "https://shop-{}.example/products/{}-{page}",
        shop % 1000,
        slug(page)
    )
}

fn slug(page: u64) -> &'static str {
    [
        "running-shoes",
        "rain-jacket",
        "wool-socks",
        "sun-hat",
        "back-pack",
    ][(page % 5) as usize]
}

fn title(page: u64) -> &'static str {
    [
        "Running shoes",
        "Rain jacket",
        "Wool socks",
        "Sun hat",
        "Back pack",
    ][(page % 5) as usize]
}
