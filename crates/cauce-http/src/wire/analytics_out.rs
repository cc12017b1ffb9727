//! Figures of analytics, as they are shown.

mod campaign;
mod conversations;
mod conversions;
mod messages;
mod performance;

use std::collections::BTreeMap;

use cauce_flow::time::Timestamp;
use cauce_observe::analytics::{
    calendar::Range,
    event::Money,
    figures::{Durations, Named},
    spread,
};
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use self::{
    campaign::CampaignView, conversations::ConversationsView, conversions::ConversionsView,
    messages::MessagesView, performance::PerformanceView,
};
use super::pixel::Rejected;

/// What became of tracked events.
#[derive(Serialize, ToSchema)]
#[schema(as = AnalyticsTaken)]
pub(crate) struct TakenView {
    /// Events that were counted.
    pub(crate) accepted: usize,
    /// Events that were known already.
    pub(crate) duplicates: usize,
    /// Faulty events.
    pub(crate) rejected: Vec<Rejected>,
}

/// The range that figures are of. It is made of whole quarter-hours: those that hold a moment of
/// the range that was asked for, up to now.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsRange)]
pub(crate) struct RangeView {
    /// From here.
    #[schema(value_type = String, format = DateTime)]
    from: Timestamp,
    /// To before here.
    #[schema(value_type = String, format = DateTime)]
    to: Timestamp,
}

impl From<Range> for RangeView {
    fn from(range: Range) -> RangeView {
        RangeView {
            from: Timestamp::from_millis(range.from),
            to: Timestamp::from_millis(range.to),
        }
    }
}

/// The same figures in the range before, which is as long.
///
/// Where not all of that is kept any more (`isKept` is false), there are none.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsComparison)]
pub(crate) struct ComparisonView {
    #[serde(flatten)]
    range: RangeView,
    /// Whether all of the range before is kept; where not, figures and changes are null.
    is_kept: bool,
    /// The figures; null where there is nothing to tell it from.
    figures: BTreeMap<&'static str, Option<f64>>,
    /// How much they have changed since, as a share of what they were; null where that was nothing.
    change: BTreeMap<&'static str, Option<f64>>,
}

/// The range before one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Before {
    /// The range.
    pub(crate) range: Range,
    /// Whether all of it is kept.
    pub(crate) is_kept: bool,
}

/// The figures that a range is compared by.
pub(crate) type Headline = Vec<(&'static str, Option<f64>)>;

impl ComparisonView {
    /// Headlines beside each other; the one of before is of a range of which all is kept, or only
    /// a part.
    pub(crate) fn new(before: Before, now: Headline, mut then: Headline) -> ComparisonView {
        if !before.is_kept {
            then.iter_mut().for_each(|(_, figure)| *figure = None);
        }
        let change = now
            .into_iter()
            .zip(&then)
            .map(|((name, now), (_, before))| {
                let known = now.zip(before.filter(|before| *before != 0.0));
                (name, known.map(|(now, before)| (now - before) / before))
            });
        ComparisonView {
            range: before.range.into(),
            is_kept: before.is_kept,
            change: change.collect(),
            figures: then.into_iter().collect(),
        }
    }
}

/// How long something took. The mean is exact; a quantile is off by at most `quantileError` of
/// itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AnalyticsDurations)]
pub(crate) struct DurationsView {
    /// How many there are.
    count: u64,
    /// Their mean.
    mean_ms: Option<f64>,
    /// Half of them took no longer.
    p50_ms: Option<f64>,
    /// 95 of 100 took no longer.
    p95_ms: Option<f64>,
    /// 99 of 100 took no longer.
    p99_ms: Option<f64>,
    /// How far a quantile may be off, as a share of itself.
    quantile_error: f64,
}

impl From<&Durations> for DurationsView {
    fn from(durations: &Durations) -> DurationsView {
        DurationsView {
            count: durations.count(),
            mean_ms: durations.mean_ms(),
            p50_ms: durations.quantile_ms(0.50),
            p95_ms: durations.quantile_ms(0.95),
            p99_ms: durations.quantile_ms(0.99),
            quantile_error: spread::ERROR,
        }
    }
}

/// An amount of money.
#[derive(Serialize, ToSchema)]
#[schema(as = Money)]
pub(crate) struct MoneyView {
    /// The currency, ISO 4217.
    currency: String,
    /// The amount, exact, as text.
    #[schema(example = "49.90")]
    amount: String,
    /// The same in the currency's smallest units.
    units: i64,
}

impl From<&Money> for MoneyView {
    fn from(money: &Money) -> MoneyView {
        MoneyView {
            currency: money.currency.to_string(),
            amount: money.currency.in_words(money.units),
            units: money.units,
        }
    }
}

fn money(all: &[Money]) -> Vec<MoneyView> {
    all.iter().map(MoneyView::from).collect()
}

/// A name with how often it was counted.
#[derive(Serialize, ToSchema)]
pub(crate) struct NamedCount {
    /// The name; empty where none was given. `(other)` stands for all names past the first thousand that
    /// there ever were.
    name: String,
    /// How often.
    count: u64,
}

fn named(all: Named) -> Vec<NamedCount> {
    let all = all.into_iter();
    all.map(|(name, count)| NamedCount { name, count })
        .collect()
}

fn some(count: u64) -> Option<f64> {
    Some(count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_before_of_which_a_part_is_gone_has_no_figures() {
        let told = |is_kept| {
            let range = Range {
                from: 0,
                to: 900_000,
            };
            let before = Before { range, is_kept };
            let (now, then) = (vec![("sent", some(10))], vec![("sent", some(5))]);
            let view = ComparisonView::new(before, now, then);
            (view.is_kept, view.figures["sent"], view.change["sent"])
        };
        assert_eq!(told(true), (true, Some(5.0), Some(1.0)));
        assert_eq!(told(false), (false, None, None));
    }
}
