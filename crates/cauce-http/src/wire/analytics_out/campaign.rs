//! A campaign, its variants, and whether they differ.

use std::collections::BTreeMap;

use cauce_observe::analytics::{
    calendar::Range,
    figures::CampaignFigures,
    rates::{Share, Verdict, needed_p, pairs},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    MoneyView, RangeView,
    conversions::{KindView, kinds},
    money,
};

/// A share, and how sure it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Rate)]
pub(crate) struct RateView {
    /// How many.
    hits: u64,
    /// Out of how many.
    of: u64,
    /// The share; null of nothing.
    rate: Option<f64>,
    /// The true share is at least this, in 95 of 100 cases (Wilson).
    low: Option<f64>,
    /// And at most this.
    high: Option<f64>,
}

impl From<Share> for RateView {
    fn from(share: Share) -> RateView {
        let interval = share.interval();
        RateView {
            hits: share.hits,
            of: share.of,
            rate: share.rate(),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
        }
    }
}

/// A campaign, or a variant of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignAnalyticsFigures)]
pub(crate) struct CampaignFiguresView {
    /// Messages sent.
    sent: u64,
    /// Messages that failed.
    failed: u64,
    /// Delivered of those sent.
    delivered: RateView,
    /// Read of those delivered.
    read: RateView,
    /// Answered of those delivered: how much it engages.
    answered: RateView,
    /// People who converted, of messages sent.
    converted: RateView,
    /// Conversions by kind.
    conversions: Vec<KindView>,
    /// What sales are worth, by currency.
    revenue: Vec<MoneyView>,
    /// What was spent, by currency.
    cost: Vec<MoneyView>,
    /// (revenue - cost) / cost, for each currency in which something was spent.
    roi: BTreeMap<String, f64>,
}

impl From<&CampaignFigures> for CampaignFiguresView {
    fn from(own: &CampaignFigures) -> CampaignFiguresView {
        let roi = own.roi().into_iter();
        CampaignFiguresView {
            sent: own.sent,
            failed: own.failed,
            delivered: own.delivery().into(),
            read: own.reading().into(),
            answered: own.engagement().into(),
            converted: own.conversion().into(),
            conversions: kinds(&own.kinds),
            revenue: money(&own.revenue),
            cost: money(&own.cost),
            roi: roi
                .map(|(money, roi)| (money.currency.to_string(), roi))
                .collect(),
        }
    }
}

/// A variant of a campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = VariantAnalytics)]
pub(crate) struct VariantView {
    /// Its name.
    variant: String,
    #[serde(flatten)]
    figures: CampaignFiguresView,
}

/// Whether two variants differ in one rate.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = VariantDifference)]
pub(crate) struct DifferenceView {
    /// Both.
    variants: [String; 2],
    /// In `read`, `answered` or `converted`.
    #[schema(value_type = String, example = "answered")]
    rate: &'static str,
    /// `real`; `notYet`, where it may be chance; `tooFew`, where there is too little to say.
    #[schema(value_type = String, example = "notYet")]
    verdict: &'static str,
    /// How likely chance alone makes such a difference.
    p: Option<f64>,
    /// What `p` has to reach to be called real: it allows for looks at every pair of variants, day
    /// after day for two weeks.
    needed_p: f64,
}

/// A campaign in a range.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = CampaignAnalytics)]
pub(crate) struct CampaignView {
    /// The campaign.
    campaign_id: String,
    #[serde(flatten)]
    range: RangeView,
    #[serde(flatten)]
    all: CampaignFiguresView,
    /// Its variants; messages that name none are in the whole alone.
    variants: Vec<VariantView>,
    /// How each pair of variants differs.
    differences: Vec<DifferenceView>,
}

/// Most variants that are compared pair by pair.
const MAX_COMPARED: usize = 10;

impl CampaignView {
    /// A campaign with its variants by name.
    pub(crate) fn new(
        campaign_id: String,
        range: Range,
        all: &CampaignFigures,
        variants: Vec<(String, CampaignFigures)>,
    ) -> CampaignView {
        let compared = &variants[..variants.len().min(MAX_COMPARED)];
        let differences = differences(compared);
        CampaignView {
            campaign_id,
            range: range.into(),
            all: all.into(),
            differences,
            variants: variants
                .into_iter()
                .map(|(variant, figures)| VariantView {
                    variant,
                    figures: (&figures).into(),
                })
                .collect(),
        }
    }
}

type Rate = fn(&CampaignFigures) -> Share;

fn differences(variants: &[(String, CampaignFigures)]) -> Vec<DifferenceView> {
    let pairs = pairs(variants.len());
    let rates: [(&'static str, Rate); 3] = [
        ("read", CampaignFigures::reading),
        ("answered", CampaignFigures::engagement),
        ("converted", CampaignFigures::conversion),
    ];
    let mut found = Vec::new();
    for (at, one) in variants.iter().enumerate() {
        for other in &variants[at + 1..] {
            for (rate, share) in rates {
                let verdict = share(&one.1).differs(share(&other.1), pairs);
                found.push(difference([&one.0, &other.0], rate, verdict, pairs));
            }
        }
    }
    found
}

fn difference(
    variants: [&String; 2],
    rate: &'static str,
    verdict: Verdict,
    pairs: usize,
) -> DifferenceView {
    let (verdict, p) = match verdict {
        Verdict::TooFew => ("tooFew", None),
        Verdict::NotYet { p } => ("notYet", Some(p)),
        Verdict::Real { p } => ("real", Some(p)),
    };
    DifferenceView {
        variants: variants.map(String::clone),
        rate,
        verdict,
        p,
        needed_p: needed_p(pairs),
    }
}
