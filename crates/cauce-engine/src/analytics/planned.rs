//! What the plan of a campaign adds to its figures: what its variants are called, and what a message costs.

use cauce_flow::{currency::Currency, id::TenantId};
use cauce_observe::analytics::{event::Money, figures::CampaignFigures};
use cauce_store::{
    analytics::{CampaignView, place_of_own_variant},
    campaigns::Campaigns,
    jobs::Scope,
};

use crate::campaigns::{Plan, plan};

/// Gives variants the names of the campaign's plan, and the campaign and each of them what its messages
/// cost by the plan.
pub(crate) async fn as_planned(
    campaigns: &Campaigns,
    tenant: &TenantId,
    campaign: &str,
    view: &mut CampaignView,
) {
    let scope = Scope::Tenant(tenant.clone());
    let own = campaigns.campaign(scope, campaign).await;
    let plan = own.ok().flatten().and_then(|(own, _)| plan(&own));
    let names: Option<Vec<String>> = plan.as_ref().map(|plan| {
        let variants = plan.variants.iter();
        variants.map(|variant| variant.name.clone()).collect()
    });
    view.variants = by_name(std::mem::take(&mut view.variants), names.as_deref());
    // Whoever tells what it has cost knows better, and all of it.
    if let Some(plan) = plan.filter(|_| view.all.cost.is_empty()) {
        let variants = view.variants.iter_mut().map(|(_, figures)| figures);
        for figures in variants.chain([&mut view.all]) {
            figures.cost.extend(cost(&plan, figures.sent));
        }
    }
}

/// What so many messages cost.
fn cost(plan: &Plan, sent: u64) -> Option<Money> {
    let currency = Currency::new(plan.currency.as_deref()?)?;
    let units = currency.units_of(sent, &plan.cost?.to_string())?;
    (units > 0).then_some(Money { currency, units })
}

/// Variants by the names that they have in their campaign. Messages of ours know their variant by
/// its place, and what is tracked by its name: both are one. The messages of a campaign without
/// variants are of none.
fn by_name(
    variants: Vec<(String, CampaignFigures)>,
    names: Option<&[String]>,
) -> Vec<(String, CampaignFigures)> {
    let mut found: Vec<(String, CampaignFigures)> = Vec::new();
    for (written, figures) in variants {
        let name = match (place_of_own_variant(&written), names) {
            (Some(_), Some([])) => continue,
            (Some(place), names) => {
                let named = names.and_then(|names| names.get(place));
                named.cloned().unwrap_or(place.to_string())
            }
            (None, _) => written,
        };
        match found.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => known.add(&figures),
            None => found.push((name, figures)),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use cauce_store::analytics::own_variant;

    use super::*;

    #[test]
    fn what_is_tracked_of_a_variant_of_ours_is_added_to_it() {
        let sent = |sent| CampaignFigures {
            sent,
            ..CampaignFigures::default()
        };
        let written = vec![
            (own_variant(0), sent(5)),
            ("b".to_owned(), sent(1)),
            ("a".to_owned(), sent(2)),
            (own_variant(1), sent(10)),
            (own_variant(7), sent(4)),
            // A variant that a caller has named so is not ours.
            ("0".to_owned(), sent(3)),
        ];
        let names = ["a".to_owned(), "b".to_owned()];
        let found = by_name(written.clone(), Some(&names));
        let sums: Vec<(&str, u64)> = found
            .iter()
            .map(|(name, own)| (name.as_str(), own.sent))
            .collect();
        assert_eq!(sums, [("a", 7), ("b", 11), ("7", 4), ("0", 3)]);
        let without = by_name(written, Some(&[]));
        let named: Vec<&str> = without.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(named, ["b", "a", "0"]);
    }

    #[test]
    fn messages_cost_what_the_plan_says() {
        let plan = |cost: &str| -> Plan {
            let plan = format!(r#"{{"priority":"normal"{cost}}}"#);
            serde_json::from_str(&plan).unwrap()
        };
        let found = cost(&plan(r#","cost":0.0355,"currency":"EUR""#), 1_001);
        assert_eq!(found.map(|money| money.units), Some(3_554));
        assert_eq!(cost(&plan(r#","cost":0.05"#), 10), None);
        assert_eq!(cost(&plan(""), 10), None);
    }
}
