//! Figures of messages, conversations, conversions and campaigns.

pub(crate) mod forecast;
pub(crate) mod range;
pub(crate) mod report;
pub(crate) mod schedules;
pub(crate) mod series;

use std::sync::Arc;

use axum::extract::State;
use cauce_destinations::message::Phone;
use cauce_flow::id::TenantId;
use cauce_store::analytics::Figures;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use self::range::{Asked, asked};
use super::{answer::Json, queues::OfTenant, sessions::owner};
use crate::{
    app::{App, Deed},
    auth::Caller,
    body,
    problem::{Fault, Problem},
    query::{Query, Segment},
    wire::analytics_out::{
        CampaignView, ConversationsView, ConversionsView, MessagesView, PerformanceView,
    },
};

/// Campaigns that conversions are told by.
const MAX_CAMPAIGNS: usize = 100;

/// Messages of a range.
///
/// All counts are exact.
#[utoipa::path(
    get, path = "/api/analytics/messages", tag = "analytics", operation_id = "getMessageAnalytics",
    params(Asked),
    responses((status = 200, description = "The figures.", body = MessagesView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn messages(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(question): Query<Asked>,
) -> Result<Json<MessagesView>, Problem> {
    let (tenant, asked) = asked(&app, &caller, question)?;
    let (range, before) = (asked.range, asked.before);
    let analytics = app.engine.analytics();
    let zone = asked.zone;
    let look = move |of: &Figures<'_>| {
        let figures = [of.messages(range)?, of.messages(before.range)?];
        Ok((figures, of.rhythm(range, &zone)?))
    };
    let (figures, rhythm) = analytics.look(&tenant, look).await?;
    Ok(Json(MessagesView::new(
        (range, before),
        asked.zone_name,
        &rhythm,
        figures,
    )))
}

/// Conversations of a range.
///
/// All counts and means are exact. A conversation that nobody ends is over when nothing has happened
/// in it for as long as `analytics.conversation_idle` says.
#[utoipa::path(
    get, path = "/api/analytics/conversations", tag = "analytics",
    operation_id = "getConversationAnalytics",
    params(Asked),
    responses((status = 200, description = "The figures.", body = ConversationsView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn conversations(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(question): Query<Asked>,
) -> Result<Json<ConversationsView>, Problem> {
    let (tenant, asked) = asked(&app, &caller, question)?;
    let ranges = (asked.range, asked.before);
    let analytics = app.engine.analytics();
    let (range, before) = (asked.range, asked.before.range);
    let look = move |of: &Figures<'_>| Ok([of.conversations(range)?, of.conversations(before)?]);
    let figures = analytics.look(&tenant, look).await?;
    let has_hours = analytics.has_business_hours();
    let view = ConversationsView::new(ranges, figures, has_hours);
    Ok(Json(view))
}

/// Conversions of a range.
///
/// The funnel speaks of the people who entered it in the range, and grows when they go further. A
/// conversion is owed to the campaign that it names, else to the last one that reached the person
/// within `analytics.attribution_window`.
#[utoipa::path(
    get, path = "/api/analytics/conversions", tag = "analytics",
    operation_id = "getConversionAnalytics",
    params(Asked),
    responses((status = 200, description = "The figures.", body = ConversionsView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn conversions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(question): Query<Asked>,
) -> Result<Json<ConversionsView>, Problem> {
    let (tenant, asked) = asked(&app, &caller, question)?;
    let ranges = (asked.range, asked.before);
    let analytics = app.engine.analytics();
    let (range, before) = (asked.range, asked.before.range);
    let look = move |of: &Figures<'_>| {
        let figures = [of.conversions(range)?, of.conversions(before)?];
        Ok((figures, of.converting_campaigns(range, MAX_CAMPAIGNS)?))
    };
    let (figures, owed) = analytics.look(&tenant, look).await?;
    Ok(Json(ConversionsView::new(ranges, &figures, owed)))
}

/// How fast messages left and arrived.
#[utoipa::path(
    get, path = "/api/analytics/performance", tag = "analytics",
    operation_id = "getPerformanceAnalytics",
    params(Asked),
    responses((status = 200, description = "The figures.", body = PerformanceView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn performance(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(question): Query<Asked>,
) -> Result<Json<PerformanceView>, Problem> {
    let (tenant, asked) = asked(&app, &caller, question)?;
    let ranges = (asked.range, asked.before);
    let analytics = app.engine.analytics();
    let (range, before) = (asked.range, asked.before.range);
    let look = move |of: &Figures<'_>| Ok([of.performance(range)?, of.performance(before)?]);
    let figures = analytics.look(&tenant, look).await?;
    Ok(Json(PerformanceView::new(ranges, figures)))
}

/// The name of a campaign, whatever it is.
pub(crate) struct CampaignName(String);

impl std::str::FromStr for CampaignName {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<CampaignName, Self::Err> {
        Ok(CampaignName(text.to_owned()))
    }
}

/// A campaign in a range, and whether its variants differ.
#[utoipa::path(
    get, path = "/api/analytics/campaigns/{id}", tag = "analytics",
    operation_id = "getCampaignAnalytics",
    params(("id" = String, Path, description = "The campaign."), Asked),
    responses((status = 200, description = "The figures.", body = CampaignView)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn campaign(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(CampaignName(name)): Segment<CampaignName>,
    Query(question): Query<Asked>,
) -> Result<Json<CampaignView>, Problem> {
    let (tenant, asked) = asked(&app, &caller, question)?;
    let found = app.engine.campaign_analytics(&tenant, &name, asked.range);
    let found = found.await?;
    let found = found.ok_or_else(|| Problem::not_found("campaign", &name))?;
    let view = CampaignView::new(name, asked.range, &found.all, found.variants);
    Ok(Json(view))
}

/// Who is to be erased.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AnalyticsErasure)]
pub(crate) struct Erasure {
    /// Their numbers: from 1 to 1,000 (`http.max_entries`).
    phones: Vec<String>,
}

/// Who was erased.
#[derive(Serialize, ToSchema)]
#[schema(as = AnalyticsErased)]
pub(crate) struct Erased {
    /// People of whom something was known.
    erased: u64,
}

/// Erase people from analytics.
///
/// Nothing that is kept says any more who it was about. What was counted stays counted.
#[utoipa::path(
    post, path = "/api/analytics/erase", tag = "analytics", operation_id = "eraseFromAnalytics",
    params(OfTenant),
    request_body = Erasure,
    responses((status = 200, description = "They are erased.", body = Erased)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn erase(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
    body::Json(erasure): body::Json<Erasure>,
) -> Result<Json<Erased>, Problem> {
    let tenant = owner(&caller, &of)?;
    let phones = phones(&app, &tenant, &erasure)?;
    let deed = Deed {
        verb: "analytics.erase",
        object: format!("{} people", phones.len()),
        tenant: Some(tenant.clone()),
    };
    let work = async { Ok(app.engine.analytics().erase(&tenant, &phones).await?) };
    let erased = app.audited(&caller, deed, work).await?;
    Ok(Json(Erased { erased }))
}

fn phones(app: &App, tenant: &TenantId, erasure: &Erasure) -> Result<Vec<String>, Problem> {
    let (count, most) = (erasure.phones.len(), app.settings.max_entries);
    if count == 0 || count > most {
        let what = format!("{count} numbers; write from 1 to {most} (setting http.max_entries)");
        return Err(Problem::invalid(vec![Fault::at("/phones", what)]));
    }
    let country = app.engine.country_of(tenant);
    let (mut phones, mut faults) = (Vec::new(), Vec::new());
    for (at, text) in erasure.phones.iter().enumerate() {
        match Phone::parse(text, country) {
            Ok(phone) => phones.push(phone.as_str().to_owned()),
            Err(error) => faults.push(Fault::at(format!("/phones/{at}"), error.to_string())),
        }
    }
    match faults.is_empty() {
        true => Ok(phones),
        false => Err(Problem::invalid(faults)),
    }
}
