//! Rows for tests, made from a seed.

use cauce_flow::{
    event::{EventId, EventKind, Metadata, SessionId, SiteId, VisitorId},
    id::TenantId,
    time::Timestamp,
};

use crate::row::Row;

/// 2025-03-01T00:00:00Z.
pub(crate) const MARCH: i64 = 1_740_787_200_000;
pub(crate) const HOUR: i64 = 3_600_000;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Numbers that look like chance and are the same at every run (splitmix64).
#[derive(Clone)]
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

    pub(crate) fn uuid(&mut self) -> u128 {
        (u128::from(self.next()) << 64) | u128::from(self.next())
    }
}

/// What a made row may be.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) tenants: u64,
    pub(crate) sites: u64,
    pub(crate) visitors: u64,
    pub(crate) pages: u64,
    pub(crate) from: i64,
    pub(crate) to: i64,
}

impl Default for World {
    fn default() -> World {
        World {
            tenants: 2,
            sites: 2,
            visitors: 50,
            pages: 10,
            from: MARCH,
            to: MARCH + 3 * DAY,
        }
    }
}

pub(crate) fn tenant(number: u64) -> TenantId {
    TenantId::new(&format!("tenant-{number}")).unwrap()
}

pub(crate) fn site(number: u64) -> SiteId {
    SiteId::from_u128(0xa000 + u128::from(number))
}

pub(crate) fn visitor(number: u64) -> VisitorId {
    VisitorId::from_u128(Dice(number).uuid())
}

impl World {
    pub(crate) fn row(&self, dice: &mut Dice) -> Row {
        let kinds = ["PAGE_VIEW", "PAGE_VIEW", "CLICK", "SCROLL", "ADD_TO_CART"];
        let kind = kinds[dice.below(kinds.len() as u64) as usize];
        let who = dice.below(self.visitors);
        let visit = dice.below(3);
        let page = dice.below(self.pages);
        let metadata = match dice.below(4) {
            0 => format!(r#"{{"path":"/p/{page}"}}"#),
            1 => format!(
                r#"{{"referrer":"https://search.example/?q={page}","url":"https://shop.example/p/{page}?a=1"}}"#
            ),
            2 => "{}".to_owned(),
            _ => format!(r#"{{"page":"/p/{page}#top","title":"P\u00e1gina {page}"}}"#),
        };
        let span = (self.to - self.from).unsigned_abs();
        Row {
            tenant: tenant(dice.below(self.tenants)),
            site: site(dice.below(self.sites)),
            visitor: visitor(who),
            session: SessionId::from_u128(Dice(who * 31 + visit + 1_000_000).uuid()),
            occurred_at: Timestamp::from_millis(self.from + dice.below(span).cast_signed()),
            id: EventId::from_u128(dice.uuid()),
            kind: EventKind::new(kind).unwrap(),
            metadata: Metadata::parse(&metadata).unwrap(),
            count: 1 + u32::try_from(dice.below(3)).unwrap(),
            weight: if kind == "SCROLL" { 10.0 } else { 1.0 },
            bot: dice.below(10) == 0,
        }
    }

    /// So many rows in the order of a file.
    pub(crate) fn rows(&self, count: usize, seed: u64) -> Vec<Row> {
        let mut dice = Dice(seed);
        let mut rows: Vec<Row> = (0..count).map(|_| self.row(&mut dice)).collect();
        sort(&mut rows);
        rows
    }
}

pub(crate) fn sort(rows: &mut [Row]) {
    rows.sort_by(|a, b| a.key().cmp(&b.key()));
}
