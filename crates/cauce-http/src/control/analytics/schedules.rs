//! Reports that are sent by themselves: which there are, and sending one to try it.

use std::sync::Arc;

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use cauce_engine::{reports::Failure, settings::ScheduledReport};
use cauce_flow::{id::TenantId, time::Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    app::{App, Deed},
    auth::Caller,
    control::{answer::Json, queues::OfTenant},
    problem::Problem,
    query::{Query, Segment},
    wire::Page,
};

/// A report that is sent by itself.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ScheduledReport)]
pub(crate) struct ScheduleView {
    /// Its name.
    name: String,
    /// Whose figures it holds.
    #[schema(value_type = String)]
    tenant: TenantId,
    /// On which periods: `day`, `week` or `month`.
    #[schema(value_type = String, example = "month")]
    period: &'static str,
    /// The time of day at which it is sent, on the day after the period.
    #[schema(example = "08:00")]
    at: String,
    /// The time zone of its days and of that time.
    time_zone: String,
    /// `en` or `es`.
    #[schema(value_type = String, example = "en")]
    language: &'static str,
    /// The files that come with it.
    #[schema(value_type = Vec<String>, example = json!(["pdf", "xlsx"]))]
    formats: Vec<&'static str>,
    /// How many people it goes to.
    recipients: usize,
    /// When it is sent next; in the past where it is late.
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
}

/// The letters of a report.
#[derive(Serialize, ToSchema)]
#[schema(as = ReportSent)]
pub(crate) struct SentView {
    /// Their jobs, one for each of its people.
    jobs: Vec<String>,
}

impl ScheduleView {
    fn new((report, next_at): (ScheduledReport, Option<Timestamp>)) -> ScheduleView {
        ScheduleView {
            tenant: report.tenant,
            period: report.schedule.period.as_str(),
            at: report.schedule.at.to_string(),
            time_zone: report.zone_name,
            language: report.language.as_str(),
            formats: report.formats.iter().map(|one| one.as_str()).collect(),
            recipients: report.to.len(),
            name: report.name,
            next_at,
        }
    }
}

/// List the reports that are sent by themselves.
#[utoipa::path(
    get, path = "/api/analytics/reports", tag = "analytics", operation_id = "listReports",
    params(OfTenant),
    responses((status = 200, description = "Every report.", body = Page<ScheduleView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(of): Query<OfTenant>,
) -> Result<Json<Page<ScheduleView>>, Problem> {
    let scope = caller.scope(of.tenant.as_ref())?;
    let reports = app.engine.scheduled_reports(&scope).await?.into_iter();
    Ok(Json(Page::whole(reports.map(ScheduleView::new).collect())))
}

/// Send a report at once, on the last period that is over.
///
/// It is sent besides those that are sent by themselves: for trying it.
#[utoipa::path(
    post, path = "/api/analytics/reports/{name}/send", tag = "analytics",
    operation_id = "sendReport",
    params(("name" = String, Path, description = "The report."), OfTenant),
    responses((status = 202, description = "Its letters are on their way.", body = SentView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn send(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(name): Segment<String>,
    Query(of): Query<OfTenant>,
) -> Result<Response, Problem> {
    let shown: String = name.chars().take(64).collect();
    let deed = Deed {
        verb: "report.send",
        object: shown.clone(),
        tenant: of.tenant.clone(),
    };
    let work = async {
        let scope = caller.scope(of.tenant.as_ref())?;
        let sent = app.engine.send_report(&name, &scope).await;
        let sent = sent.map_err(failed)?;
        sent.ok_or_else(|| Problem::not_found("report", &shown))
    };
    let jobs = app.audited(&caller, deed, work).await?;
    let view = SentView {
        jobs: jobs.iter().map(ToString::to_string).collect(),
    };
    Ok((StatusCode::ACCEPTED, Json(view)).into_response())
}

fn failed(failure: Failure) -> Problem {
    match failure {
        Failure::Figures(error) => error.into(),
        Failure::Jobs(error) => error.into(),
        Failure::OutOfCalendar | Failure::Written(_) | Failure::BrokenOff => {
            Problem::internal(&failure)
        }
    }
}
