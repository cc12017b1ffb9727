//! Conversions of a range, and the funnel.

use cauce_observe::analytics::{
    calendar::Range,
    figures::{ConversionFigures, FunnelStep, KindFigures, OwedFigures},
    rates::Share,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Before, ComparisonView, DurationsView, Headline, MoneyView, RangeView, money, some};

/// Conversions of one kind.
#[derive(Serialize, ToSchema)]
#[schema(as = ConversionKind)]
pub(crate) struct KindView {
    /// `lead`, `qualified_lead`, `appointment` or `sale`.
    #[schema(value_type = String, example = "sale")]
    kind: &'static str,
    /// How many.
    count: u64,
    /// What they are worth, by currency.
    value: Vec<MoneyView>,
}

pub(super) fn kinds(all: &[KindFigures]) -> Vec<KindView> {
    let view = |figures: &KindFigures| KindView {
        kind: figures.kind.as_str(),
        count: figures.count,
        value: money(&figures.value),
    };
    all.iter().map(view).collect()
}

/// A step of the funnel, of the people who entered it in the range.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FunnelStep)]
pub(crate) struct StepView {
    /// The step.
    #[schema(value_type = String, example = "lead")]
    step: &'static str,
    /// People who have reached it by now, or a later one.
    people: u64,
    /// Of those at the step before; null for the first.
    rate: Option<f64>,
    /// How long those took to it who had entered as leads.
    time: DurationsView,
}

fn funnel(figures: &ConversionFigures) -> Vec<StepView> {
    let view = |(at, step): (usize, &FunnelStep)| StepView {
        step: step.kind.as_str(),
        people: step.people,
        rate: figures.step_share(at).and_then(Share::rate),
        time: (&step.time).into(),
    };
    figures.funnel.iter().enumerate().map(view).collect()
}

/// Conversions of a range.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversionAnalytics)]
pub(crate) struct ConversionsView {
    #[serde(flatten)]
    range: RangeView,
    /// By kind, in the order of the funnel.
    kinds: Vec<KindView>,
    /// What sales are worth, by currency.
    revenue: Vec<MoneyView>,
    /// People by how far they came.
    funnel: Vec<StepView>,
    /// The campaigns to which conversions are owed, those with the most people first; at most 100.
    campaigns: Vec<OwedView>,
    /// The range before.
    previous: ComparisonView,
}

/// Conversions that are owed to a campaign.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = OwedConversions)]
pub(crate) struct OwedView {
    /// The campaign.
    campaign_id: String,
    /// People who converted.
    people: u64,
    /// By kind.
    kinds: Vec<KindView>,
    /// What sales are worth, by currency.
    revenue: Vec<MoneyView>,
}

fn conversions_in_short(figures: &ConversionFigures) -> Headline {
    let mut headline: Headline = vec![("conversions", some(figures.count()))];
    let names = ["leads", "qualifiedLeads", "appointments", "sales"];
    let counts = figures.kinds.iter().map(|kind| some(kind.count));
    // Where nothing was ever tracked there are no kinds.
    let counts = counts.chain(std::iter::repeat(some(0)));
    headline.extend(names.into_iter().zip(counts));
    headline
}

impl ConversionsView {
    /// The figures of a range and of the one before.
    pub(crate) fn new(
        (range, before): (Range, Before),
        [own, previous]: &[ConversionFigures; 2],
        campaigns: Vec<(String, OwedFigures)>,
    ) -> ConversionsView {
        let owed = |(campaign_id, figures): (String, OwedFigures)| OwedView {
            campaign_id,
            people: figures.converted,
            kinds: kinds(&figures.kinds),
            revenue: money(&figures.revenue),
        };
        let (now, then) = (conversions_in_short(own), conversions_in_short(previous));
        ConversionsView {
            range: range.into(),
            kinds: kinds(&own.kinds),
            revenue: money(&own.revenue),
            funnel: funnel(own),
            campaigns: campaigns.into_iter().map(owed).collect(),
            previous: ComparisonView::new(before, now, then),
        }
    }
}
