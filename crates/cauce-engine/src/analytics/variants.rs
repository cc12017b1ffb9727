//! What the variants of a campaign are called.

use cauce_flow::id::TenantId;
use cauce_observe::analytics::figures::CampaignFigures;
use cauce_store::{
    analytics::{CampaignView, place_of_own_variant},
    campaigns::Campaigns,
    jobs::Scope,
};

use crate::campaigns::plan;

/// Gives variants the names of the campaign's plan: messages of ours know their variant by its
/// place. Whatever was tracked under a name of its own keeps it.
pub(crate) async fn name_variants(
    campaigns: &Campaigns,
    tenant: &TenantId,
    campaign: &str,
    view: &mut CampaignView,
) {
    if view.variants.is_empty() {
        return;
    }
    let scope = Scope::Tenant(tenant.clone());
    let own = campaigns.campaign(scope, campaign).await;
    let plan = own.ok().flatten().and_then(|(own, _)| plan(&own));
    let names = plan.map_or_else(Vec::new, |plan| {
        let variants = plan.variants.into_iter();
        variants.map(|variant| variant.name).collect()
    });
    view.variants = by_name(std::mem::take(&mut view.variants), &names);
}

/// Variants by the names that they have in their campaign. Messages of ours know their variant by
/// its place, and what is tracked by its name: both are one.
fn by_name(
    variants: Vec<(String, CampaignFigures)>,
    names: &[String],
) -> Vec<(String, CampaignFigures)> {
    let mut found: Vec<(String, CampaignFigures)> = Vec::new();
    for (written, figures) in variants {
        let name = match place_of_own_variant(&written) {
            Some(place) => names.get(place).cloned().unwrap_or(place.to_string()),
            None => written,
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
        let found = by_name(written, &names);
        let sums: Vec<(&str, u64)> = found
            .iter()
            .map(|(name, own)| (name.as_str(), own.sent))
            .collect();
        assert_eq!(sums, [("a", 7), ("b", 11), ("7", 4), ("0", 3)]);
    }
}
