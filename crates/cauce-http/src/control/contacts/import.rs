//! `POST /api/contacts/import`: a file of contacts, taken while it comes.
//!
//! The body is the file. It is never held as a whole, and neither the limit of other bodies nor
//! their time holds for it: it may take as long as it goes on.

use std::{pin::pin, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use cauce_engine::contacts::{
    BodyFault, Charset, Delimiter, ImportError, Known, Options, Report, sheet,
};
use cauce_flow::id::TenantId;
use cauce_store::campaigns::imports::Import;
use futures_util::{Stream, StreamExt, stream};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{country, tenant_of};
use crate::{
    app::{App, Deed},
    auth::Caller,
    control::answer::Json,
    problem::{Code, Problem},
    query::Query,
    wire::contact::ImportView,
};

/// Most bytes of a file.
const MAX_FILE_BYTES: u64 = 4 << 30;

/// Whose contacts, and what is known of the file.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Asked {
    /// Of this tenant; a key for all tenants has to name one.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// The country that completes national numbers, two letters; without it, the one of the
    /// setting `pixels.default_country`.
    #[param(example = "ES")]
    default_country: Option<String>,
    /// Tags that every contact of the file gets beside its own, with commas between them.
    #[param(example = "customers,june")]
    tags: Option<String>,
    /// The encoding of the file: `utf-8`, `windows-1252`, …; without it, it is found out.
    encoding: Option<String>,
    /// What stands between its columns: `;`, `,`, `|`, or `tab`; without it, it is found out.
    delimiter: Option<String>,
    /// The sheet of a workbook that is meant; without it, the first that can be seen.
    #[param(example = "Clientes")]
    worksheet: Option<String>,
    /// Only look at the file, and change nothing.
    #[serde(default)]
    dry_run: bool,
}

/// Import contacts from a CSV or XLSX file.
///
/// The first row names the columns: `phone`, `name`, `id`, `tags`, `language`, `timezone`,
/// `optedOut`, in English, Spanish or Portuguese; each other column is an attribute. Rows are for
/// contacts as in `POST /api/contacts`, but tags are added to those that are there. Good rows are
/// taken as they come, a few thousand in one commit; the others can be had with their line and reason.
/// A workbook (XLSX) is known by its first bytes, has at most 64 MiB, and is taken once all of it has
/// come. To import a file again changes nothing, so `Idempotency-Key` is not looked at.
#[utoipa::path(
    post, path = "/api/contacts/import", tag = "contacts", operation_id = "importContacts",
    params(Asked),
    request_body(content = String, content_type = "text/csv", description = "The file."),
    responses((status = 201, description = "What became of its rows.", body = ImportView)),
    security(("bearer" = ["manage"]))
)]
pub(crate) async fn import(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(asked): Query<Asked>,
    request: Request,
) -> Result<Response, Problem> {
    let options = asked.read(&app, &caller)?;
    let (parts, body) = request.into_parts();
    check_format(&parts.headers)?;
    let deed = Deed {
        verb: "contacts.import",
        object: match options.dry_run {
            true => "a file, looked at".to_owned(),
            false => "a file".to_owned(),
        },
        tenant: Some(options.tenant.clone()),
    };
    let pieces = pieces(body, app.settings.body_timeout);
    let work = async {
        let taken = app.engine.import_contacts(options, pieces).await;
        taken.ok_or_else(Problem::overloaded)?.map_err(refused)
    };
    let done = |(import, _): &(Import, Report), deed: &mut Deed| {
        deed.object = format!("{}, {}", import.id, deed.object);
    };
    let (import, _) = app.audited_of(&caller, deed, work, done).await?;
    let view = ImportView::from(import);
    Ok((StatusCode::CREATED, Json(view)).into_response())
}

impl Asked {
    fn read(self, app: &App, caller: &Caller) -> Result<Options, Problem> {
        let tenant = tenant_of(caller, self.tenant.as_ref())?;
        let named = self.default_country.as_deref().map(country).transpose()?;
        let bad = |name, what: &str| Problem::bad_parameter(name, what);
        let charset = |name: &str| {
            Charset::find(name)
                .ok_or_else(|| bad("encoding", "no encoding; write utf-8 or windows-1252"))
        };
        let between = |name: &str| {
            Delimiter::find(name).ok_or_else(|| bad("delimiter", "write one of ; , | and tab"))
        };
        let tags = sheet::tags(self.tags.as_deref().unwrap_or_default());
        Ok(Options {
            known: Known {
                country: named.or_else(|| app.engine.country_of(&tenant)),
                encoding: self.encoding.as_deref().map(charset).transpose()?,
                delimiter: self.delimiter.as_deref().map(between).transpose()?,
            },
            tags: tags.map_err(|fault| bad("tags", &fault.to_string()))?,
            worksheet: self.worksheet,
            dry_run: self.dry_run,
            tenant,
        })
    }
}

/// The file is the body, as it is.
fn check_format(headers: &HeaderMap) -> Result<(), Problem> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if text(header::CONTENT_ENCODING).is_some_and(|coding| coding != "identity") {
        let what = "send the file without Content-Encoding";
        return Err(Problem::new(Code::UnsupportedMediaType, what));
    }
    let kind = text(header::CONTENT_TYPE).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    const TAKEN: [&str; 8] = [
        "",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "text/csv",
        "text/plain",
        "text/tab-separated-values",
        "application/csv",
        "application/octet-stream",
        // What curl says of --data-binary.
        "application/x-www-form-urlencoded",
    ];
    match TAKEN
        .iter()
        .any(|taken| essence.eq_ignore_ascii_case(taken))
    {
        true => Ok(()),
        false => Err(Problem::new(
            Code::UnsupportedMediaType,
            "send the CSV or XLSX file itself as the body, with the header `Content-Type: text/csv` (curl --data-binary @file.csv)",
        )),
    }
}

/// The pieces of the body, each of which comes in time.
fn pieces(body: Body, patience: Duration) -> impl Stream<Item = Result<Bytes, BodyFault>> + Send {
    let state = (Box::pin(body.into_data_stream()), 0_u64);
    stream::unfold(Some(state), move |state| async move {
        let (mut body, seen) = state?;
        let piece = match tokio::time::timeout(patience, pin!(&mut body).next()).await {
            Err(_) => Err(BodyFault::Late),
            Ok(None) => return None,
            Ok(Some(Err(_))) => Err(BodyFault::Broken),
            Ok(Some(Ok(piece))) => Ok(piece),
        };
        let seen = seen + piece.as_ref().map_or(0, |piece| piece.len() as u64);
        let piece = match piece {
            Ok(_) if seen > MAX_FILE_BYTES => Err(BodyFault::TooLarge(MAX_FILE_BYTES)),
            piece => piece,
        };
        let next = piece.is_ok().then_some((body, seen));
        Some((piece, next))
    })
}

fn refused(error: ImportError) -> Problem {
    match error {
        ImportError::File { fault, import } => {
            let taken = match import {
                None => "nothing was taken".to_owned(),
                Some(import) => format!("{}; mend it and send it again", taken(&import)),
            };
            Problem::new(Code::BadFile, format!("{fault}; {taken}"))
        }
        ImportError::Body { fault, import } => {
            let code = match fault {
                BodyFault::Late => Code::RequestTimeout,
                BodyFault::Broken => Code::BadFile,
                BodyFault::TooLarge(_) => Code::BodyTooLarge,
            };
            let taken = match import {
                None => "nothing was taken; send it again".to_owned(),
                Some(import) => format!("{}; send it again", taken(&import)),
            };
            Problem::new(code, format!("{fault}; {taken}"))
        }
        ImportError::Store(error) => error.into(),
    }
}

/// What had been taken of a file until it ended too early.
fn taken(import: &Import) -> String {
    let report = Report::of(import);
    let id = &import.id;
    match report.dry_run {
        true => {
            format!("nothing was taken; what was seen of it is at GET /api/contacts/imports/{id}")
        }
        false => format!(
            "{} contacts had been made and {} changed before, as GET /api/contacts/imports/{id} tells, and to send their rows again changes nothing",
            report.created, report.updated
        ),
    }
}

#[cfg(test)]
mod tests {
    use cauce_flow::time::Timestamp;
    use cauce_store::campaigns::imports;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_that_ends_too_early_is_answered_with_what_was_taken_of_it() {
        let import = |dry_run: bool| Import {
            number: 1,
            id: "imp_a".to_owned(),
            state: imports::State::Failed,
            created_at: Timestamp::EPOCH,
            ended_at: None,
            told: json!({"dry_run": dry_run, "created": 2_000, "updated": 7}),
        };
        let told = taken(&import(false));
        assert!(
            told.starts_with("2000 contacts had been made and 7 changed before")
                && told.contains("/api/contacts/imports/imp_a"),
            "{told}"
        );
        assert!(taken(&import(true)).starts_with("nothing was taken"));
    }
}
