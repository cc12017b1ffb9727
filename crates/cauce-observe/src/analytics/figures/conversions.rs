//! Conversions, and the funnel that they make.

use super::{
    super::{
        event::{Kind, Money},
        measure::{Measure, of_funnel_part},
        rates::Share,
        spread::Spread,
    },
    Durations, Sums, share,
};

/// Conversions of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindFigures {
    /// The kind.
    pub kind: Kind,
    /// How many.
    pub count: u64,
    /// What they are worth, by currency.
    pub value: Vec<Money>,
}

/// One step of the funnel, of the people who entered it in the range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FunnelStep {
    /// The step.
    pub kind: Kind,
    /// People who have reached it.
    pub people: u64,
    /// How long those took to it who had entered as leads.
    pub time: Durations,
}

/// Conversions of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConversionFigures {
    /// By kind, in the order of the funnel.
    pub kinds: Vec<KindFigures>,
    /// The funnel, in its order.
    pub funnel: Vec<FunnelStep>,
    /// What sales are worth, by currency.
    pub revenue: Vec<Money>,
    /// What campaigns cost, by currency.
    pub cost: Vec<Money>,
}

impl ConversionFigures {
    /// What they are read from.
    pub const MEASURES: [Measure; 6] = [
        Measure::Conversions,
        Measure::Value,
        Measure::Cost,
        Measure::Funnel,
        Measure::FunnelTimes,
        Measure::FunnelMs,
    ];

    /// What the sums say.
    pub fn of(sums: &Sums) -> ConversionFigures {
        ConversionFigures {
            kinds: kinds(sums),
            funnel: Kind::ALL.map(|kind| funnel_step(sums, kind)).to_vec(),
            revenue: sums.worth(|kind| kind == Kind::Sale),
            cost: sums.cost(),
        }
    }

    /// All conversions.
    pub fn count(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// The share of people at a step, of those at the step before it; none for the first.
    pub fn step_share(&self, step: usize) -> Option<Share> {
        let before = self.funnel.get(step.checked_sub(1)?)?;
        Some(share(self.funnel.get(step)?.people, before.people))
    }
}

pub(super) fn kinds(sums: &Sums) -> Vec<KindFigures> {
    let of_kind = |kind: Kind| KindFigures {
        kind,
        count: sums.part(Measure::Conversions, kind.step() as i64),
        value: sums.worth(|of| of == kind),
    };
    Kind::ALL.map(of_kind).to_vec()
}

fn funnel_step(sums: &Sums, kind: Kind) -> FunnelStep {
    let mut spread = Spread::default();
    for (part, count) in sums.parts(Measure::FunnelTimes) {
        if let Some((_, class)) = of_funnel_part(part).filter(|(step, _)| *step == kind.step()) {
            spread.add(class, count);
        }
    }
    let sum_ms = sums.parts(Measure::FunnelMs);
    let own = sum_ms.filter(|(part, _)| *part == kind.step() as i64);
    FunnelStep {
        kind,
        people: sums.part(Measure::Funnel, kind.step() as i64),
        time: Durations {
            sum_ms: own.map(|(_, sum)| sum).sum(),
            spread,
        },
    }
}
