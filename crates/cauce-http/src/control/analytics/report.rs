//! A report: the figures of a period beside those of the one before, as a document.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use cauce_flow::{campaign::window::TimeZone, id::TenantId, time::Timestamp};
use cauce_observe::report::{Language, Material, Period, Report, Stretch, StretchError};
use cauce_report::Format;
use serde::Deserialize;
use utoipa::IntoParams;

use super::range::{Asked, asked, owner, zone};
use crate::{
    app::App, auth::Caller, control::answer::Json, problem::Problem, query::Query,
    wire::report_out::ReportView,
};

/// Which report.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Wanted {
    /// `day`, `week` or `month`: the one that holds `from`, else the last one that is over. Without
    /// it, the range from `from` to `to`; without those, `month`.
    #[param(example = "month")]
    period: Option<String>,
    /// From here: RFC 3339 or epoch milliseconds.
    #[param(value_type = Option<String>)]
    from: Option<Timestamp>,
    /// To before here, but not beyond now; not with `period`.
    #[param(value_type = Option<String>)]
    to: Option<Timestamp>,
    /// The time zone of hours, days, weeks and months; without it, UTC.
    #[param(example = "Europe/Madrid")]
    time_zone: Option<String>,
    /// `en` or `es`; without it, `en`.
    #[param(example = "es")]
    language: Option<String>,
    /// `json`, `csv`, `xlsx` or `pdf`; without it, `json`.
    #[param(example = "json")]
    format: Option<String>,
    /// Of CSV: one table of the report, by its `id` in the JSON, with its own columns; without it,
    /// all of them with a row for each value.
    #[param(example = "messagesOverTime")]
    table: Option<String>,
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
}

/// How a report is written; as JSON where there is no format.
struct How {
    language: Language,
    format: Option<Format>,
    table: Option<String>,
}

/// A report on a day, a week, a month or any range.
///
/// All figures beside those of the period before, for programs and for people: as JSON, as CSV, as
/// a workbook (XLSX) with a sheet for each table, or as a document (PDF) with charts.
#[utoipa::path(
    get, path = "/api/analytics/report", tag = "analytics", operation_id = "getReport",
    params(Wanted),
    responses((status = 200, description = "The report.", content(
        (ReportView = "application/json"),
        (String = "text/csv; charset=utf-8"),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (String = "application/pdf"),
    ))),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn report(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(wanted): Query<Wanted>,
) -> Result<Response, Problem> {
    let tenant = owner(&caller, wanted.tenant.as_ref())?;
    let how = How::of(&wanted)?;
    let (zone, zone_name) = zone(&app, wanted.time_zone.as_deref())?;
    let stretch = stretch(&app, &caller, &wanted, &zone)?;
    let material = app
        .engine
        .report_material(&tenant, stretch, (zone, zone_name));
    let material = material.await?;
    let work = move || render(&material, &how);
    let rendered = tokio::task::spawn_blocking(work).await;
    rendered.map_err(|error| Problem::internal(&error))?
}

impl How {
    fn of(wanted: &Wanted) -> Result<How, Problem> {
        let format = match wanted.format.as_deref() {
            None | Some("json") => None,
            Some(name) => Some(Format::of_name(name).ok_or_else(|| {
                Problem::bad_parameter("format", "write one of json, csv, xlsx, pdf")
            })?),
        };
        let language = wanted.language.as_deref().unwrap_or("en");
        let language = language
            .parse()
            .map_err(|_| Problem::bad_parameter("language", "write en or es"))?;
        if wanted.table.is_some() && format != Some(Format::Csv) {
            return Err(Problem::bad_parameter("table", "only goes with format=csv"));
        }
        Ok(How {
            language,
            format,
            table: wanted.table.clone(),
        })
    }
}

/// The time that is asked for.
fn stretch(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    zone: &TimeZone,
) -> Result<Stretch, Problem> {
    let question = Asked {
        from: wanted.from,
        to: wanted.to,
        time_zone: wanted.time_zone.clone(),
        tenant: wanted.tenant.clone(),
    };
    let period = match wanted.period.as_deref() {
        None if wanted.from.is_none() && wanted.to.is_none() => Period::Month,
        None => {
            let (_, checked) = asked(app, caller, question)?;
            let (from, to) = (checked.range.from, checked.range.to);
            return Stretch::between(from, to).map_err(bad_stretch);
        }
        Some(name) => Period::of_name(name)
            .ok_or_else(|| Problem::bad_parameter("period", "write one of day, week, month"))?,
    };
    if wanted.to.is_some() {
        let what = "goes without `period`; write `from` to say which day, week or month";
        return Err(Problem::bad_parameter("to", what));
    }
    let now = app.engine.now().as_millis();
    let stretch = match wanted.from {
        None => Stretch::last(period, now, zone),
        Some(from) => {
            // It is looked at as any other range is: not in the future, not before all that is kept.
            asked(app, caller, question)?;
            Stretch::holding(period, from.as_millis(), zone)
        }
    };
    stretch.map_err(bad_stretch)
}

fn bad_stretch(error: StretchError) -> Problem {
    Problem::bad_parameter("from", error.to_string())
}

fn render(material: &Material, how: &How) -> Result<Response, Problem> {
    let report = Report::of(material, how.language);
    let Some(format) = how.format else {
        return Ok(Json(ReportView::from(&report)).into_response());
    };
    let written = match &how.table {
        Some(table) => cauce_report::write_table(&report, table),
        None => cauce_report::write(&report, format),
    };
    let written = written.map_err(|error| match error {
        cauce_report::Error::UnknownTable { .. } => {
            Problem::bad_parameter("table", error.to_string())
        }
        cauce_report::Error::Csv(_) | cauce_report::Error::Xlsx(_) => Problem::internal(&error),
    })?;
    let kind = HeaderValue::from_static(format.media_type());
    let name = report.file_name(format.as_str());
    let name = HeaderValue::from_str(&format!("attachment; filename=\"{name}\""));
    let mut response = Response::new(Body::from(written));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    if let Ok(name) = name {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    Ok(response)
}
