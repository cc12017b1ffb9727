//! What the variants of a campaign are called.

use cauce_flow::id::TenantId;
use cauce_store::{analytics::CampaignView, campaigns::Campaigns, jobs::Scope};

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
    let Some(plan) = own.ok().flatten().and_then(|(own, _)| plan(&own)) else {
        return;
    };
    for (name, _) in &mut view.variants {
        let place = name.parse::<usize>().ok();
        if let Some(variant) = place.and_then(|place| plan.variants.get(place)) {
            name.clone_from(&variant.name);
        }
    }
}
