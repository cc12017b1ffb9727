//! A campaign, or one variant of it.

use super::{
    super::{
        event::{Kind, Money},
        measure::Measure,
        rates::Share,
    },
    Sums,
    conversions::{KindFigures, kinds},
    share,
};

/// A campaign, or one variant of it, in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignFigures {
    /// Messages sent.
    pub sent: u64,
    /// Messages delivered.
    pub delivered: u64,
    /// Messages read.
    pub read: u64,
    /// Messages that failed.
    pub failed: u64,
    /// Messages that were answered.
    pub answered: u64,
    /// People who converted.
    pub converted: u64,
    /// Conversions by kind, with what they are worth.
    pub kinds: Vec<KindFigures>,
    /// What sales are worth, by currency.
    pub revenue: Vec<Money>,
    /// What it cost, by currency.
    pub cost: Vec<Money>,
}

/// What is owed to a campaign in a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwedFigures {
    /// People who converted.
    pub converted: u64,
    /// Conversions by kind, with what they are worth.
    pub kinds: Vec<KindFigures>,
    /// What sales are worth, by currency.
    pub revenue: Vec<Money>,
}

impl OwedFigures {
    /// What they are read from.
    pub const MEASURES: [Measure; 3] = [Measure::Converted, Measure::Conversions, Measure::Value];

    /// What the sums say.
    pub fn of(sums: &Sums) -> OwedFigures {
        OwedFigures {
            converted: sums.count(Measure::Converted),
            kinds: kinds(sums),
            revenue: sums.worth(|kind| kind == Kind::Sale),
        }
    }
}

impl CampaignFigures {
    /// What they are read from.
    pub const MEASURES: [Measure; 9] = [
        Measure::Sent,
        Measure::Delivered,
        Measure::Read,
        Measure::Failed,
        Measure::Answered,
        Measure::Converted,
        Measure::Conversions,
        Measure::Value,
        Measure::Cost,
    ];

    /// What the sums say.
    pub fn of(sums: &Sums) -> CampaignFigures {
        CampaignFigures {
            sent: sums.count(Measure::Sent),
            delivered: sums.count(Measure::Delivered),
            read: sums.count(Measure::Read),
            failed: sums.count(Measure::Failed),
            answered: sums.count(Measure::Answered),
            converted: sums.count(Measure::Converted),
            kinds: kinds(sums),
            revenue: sums.worth(|kind| kind == Kind::Sale),
            cost: sums.cost(),
        }
    }

    /// Adds what else belongs to it.
    pub fn add(&mut self, other: &CampaignFigures) {
        self.sent += other.sent;
        self.delivered += other.delivered;
        self.read += other.read;
        self.failed += other.failed;
        self.answered += other.answered;
        self.converted += other.converted;
        for kind in &other.kinds {
            match self.kinds.iter_mut().find(|own| own.kind == kind.kind) {
                Some(own) => {
                    own.count += kind.count;
                    add_money(&mut own.value, &kind.value);
                }
                None => self.kinds.push(kind.clone()),
            }
        }
        add_money(&mut self.revenue, &other.revenue);
        add_money(&mut self.cost, &other.cost);
    }

    /// Delivered of those sent.
    pub fn delivery(&self) -> Share {
        share(self.delivered, self.sent)
    }

    /// Read of those delivered.
    pub fn reading(&self) -> Share {
        share(self.read, self.delivered)
    }

    /// Answered of those delivered.
    pub fn engagement(&self) -> Share {
        share(self.answered, self.delivered)
    }

    /// People who converted, of messages sent: a campaign sends one to each.
    pub fn conversion(&self) -> Share {
        share(self.converted, self.sent)
    }

    /// The return on what was spent, by currency: (revenue - cost) / cost. Only for currencies in
    /// which something was spent.
    pub fn roi(&self) -> Vec<(Money, f64)> {
        let spent = self.cost.iter().filter(|cost| cost.units > 0);
        let of = |cost: &Money| {
            let mut earned = self.revenue.iter();
            let earned = earned.find(|money| money.currency == cost.currency);
            let earned = earned.map_or(0, |money| money.units);
            (*cost, (earned - cost.units) as f64 / cost.units as f64)
        };
        spent.map(of).collect()
    }
}

/// Adds amounts, each to that of its currency; they stay in the order of currencies.
fn add_money(to: &mut Vec<Money>, amounts: &[Money]) {
    for money in amounts {
        match to.binary_search_by_key(&money.currency, |own| own.currency) {
            Ok(at) => to[at].units = to[at].units.saturating_add(money.units),
            Err(at) => to.insert(at, *money),
        }
    }
}
