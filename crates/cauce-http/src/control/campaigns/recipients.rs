//! Who got a campaign, read it, answered, who did not and why: page by page, or all as CSV.

use std::sync::Arc;

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use cauce_engine::campaigns::Draft;
use cauce_flow::id::{GroupName, JobId, TenantId};
use cauce_store::{
    campaigns::campaign::{Campaign, Skipped},
    jobs::Scope,
    messages::{Filter, MessageState},
};
use futures_util::stream;
use serde::Deserialize;
use utoipa::IntoParams;

use super::known;
use crate::{
    app::App,
    auth::Caller,
    control::answer::Json,
    cursor,
    problem::Problem,
    query::{Limit, MAX_LIMIT, Query, Segment},
    wire::{Page, recipient::RecipientView},
};

/// Which recipients, and how.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
pub(crate) struct Filters {
    /// Of this tenant.
    #[param(value_type = Option<String>)]
    tenant: Option<TenantId>,
    /// In this state: `queued`, `sent`, `delivered`, `read`, `failed`, `unknown`, `expired`,
    /// `cancelled`, `answered`, or `skipped` for those who were left out.
    #[param(example = "failed")]
    state: Option<String>,
    /// `json` or `csv`, which holds all pages; without it, `json`.
    #[param(example = "csv")]
    format: Option<String>,
    /// Items of a page.
    #[serde(default)]
    #[param(value_type = Option<u32>, minimum = 1, maximum = 500, example = 50)]
    limit: Limit,
    /// The `nextCursor` of the page before.
    cursor: Option<String>,
}

/// List the recipients of a campaign.
///
/// Messages come first, the newest of them first, then those who were left out. They can be looked at
/// for as long as messages are kept.
#[utoipa::path(
    get, path = "/api/campaigns/{id}/recipients", tag = "campaigns", operation_id = "listCampaignRecipients",
    params(("id" = String, Path, description = "The campaign."), Filters),
    responses((status = 200, description = "One page of recipients; with `format=csv`, all of them as a table.", body = Page<RecipientView>)),
    security(("bearer" = ["read"]))
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Segment(id): Segment<GroupName>,
    Query(filters): Query<Filters>,
) -> Result<Response, Problem> {
    let scope = caller.scope(filters.tenant.as_ref())?;
    let campaign = known(&app, scope.clone(), &id).await?.campaign;
    let reader = Reader {
        app,
        scope,
        id,
        variants: variants(&campaign),
        which: which(filters.state.as_deref())?,
    };
    match filters.format.as_deref() {
        None | Some("json") => {
            let place = filters.cursor.as_deref().map(place).transpose()?;
            let (items, next) = reader
                .page(place.unwrap_or_default(), filters.limit.0)
                .await?;
            let next_cursor = next.map(|next| match next {
                Next::Messages(before) => {
                    before.map_or_else(|| cursor::of_row(i64::MIN), cursor::of_job)
                }
                Next::Skipped(after) => cursor::of_row(after.unwrap_or(i64::MIN)),
            });
            Ok(Json(Page { items, next_cursor }).into_response())
        }
        Some("csv") => Ok(table(reader)),
        Some(_) => Err(Problem::bad_parameter("format", "write json or csv")),
    }
}

/// Which recipients are meant.
#[derive(Clone)]
enum Which {
    All,
    Messages {
        states: Vec<MessageState>,
        answered: Option<bool>,
    },
    Skipped,
}

fn which(state: Option<&str>) -> Result<Which, Problem> {
    let messages = |states, answered| Which::Messages { states, answered };
    Ok(match state {
        None => Which::All,
        Some("skipped") => Which::Skipped,
        Some("answered") => messages(Vec::new(), Some(true)),
        Some(name) => {
            let state = name.parse::<MessageState>().map_err(|error| {
                let what = format!("{error}; or answered, or skipped");
                Problem::bad_parameter("state", what)
            })?;
            messages(vec![state], None)
        }
    })
}

/// Where a page begins.
#[derive(Clone, Copy)]
enum Next {
    /// Messages that were taken before this one.
    Messages(Option<JobId>),
    /// Those who were left out, beyond this one.
    Skipped(Option<i64>),
}

impl Default for Next {
    fn default() -> Next {
        Next::Messages(None)
    }
}

/// The cursor of a message is that of its job, that of somebody who was left out a row.
fn place(text: &str) -> Result<Next, Problem> {
    match cursor::job(text) {
        Ok(job) => Ok(Next::Messages(Some(job))),
        Err(_) => Ok(Next::Skipped(Some(cursor::row(text)?))),
    }
}

struct Reader {
    app: Arc<App>,
    scope: Scope,
    id: GroupName,
    /// The names of the variants, by their places.
    variants: Vec<String>,
    which: Which,
}

impl Reader {
    async fn page(
        &self,
        from: Next,
        limit: usize,
    ) -> Result<(Vec<RecipientView>, Option<Next>), Problem> {
        match (from, &self.which) {
            (Next::Messages(_), Which::Skipped) => self.skipped(None, limit).await,
            (Next::Skipped(_), Which::Messages { .. }) => Ok((Vec::new(), None)),
            (Next::Messages(before), _) => self.messages(before, limit).await,
            (Next::Skipped(after), _) => self.skipped(after, limit).await,
        }
    }

    async fn messages(
        &self,
        before: Option<JobId>,
        limit: usize,
    ) -> Result<(Vec<RecipientView>, Option<Next>), Problem> {
        let (states, answered) = match &self.which {
            Which::Messages { states, answered } => (states.clone(), *answered),
            Which::All | Which::Skipped => (Vec::new(), None),
        };
        let filter = Filter {
            scope: self.scope.clone(),
            states,
            due_after: None,
            of_audience: true,
            sender: None,
            campaign: Some(self.id.clone()),
            conversation: None,
            to: None,
            answered,
            before,
            limit,
        };
        let listed = self.app.engine.messages().list(filter).await?;
        let next = match (listed.next, &self.which) {
            (Some(next), _) => Some(Next::Messages(Some(next))),
            (None, Which::All) => Some(Next::Skipped(None)),
            (None, _) => None,
        };
        let mut items: Vec<_> = (listed.messages.into_iter())
            .map(RecipientView::from)
            .collect();
        if self.variants.is_empty() {
            // Their messages carry the place of the first all the same.
            items.iter_mut().for_each(|item| item.variant = None);
        }
        Ok((items, next))
    }

    async fn skipped(
        &self,
        after: Option<i64>,
        limit: usize,
    ) -> Result<(Vec<RecipientView>, Option<Next>), Problem> {
        let store = self.app.engine.campaigns();
        let (scope, id) = (self.scope.clone(), self.id.as_str());
        // One more tells whether there is another page.
        let mut found: Vec<Skipped> = store.skipped(scope, id, after, limit + 1).await?;
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more);
        let next = last.map(|last| Next::Skipped(Some(last.contact)));
        let items = found.into_iter().map(RecipientView::from);
        Ok((items.collect(), next))
    }
}

fn variants(campaign: &Campaign) -> Vec<String> {
    let plan = Draft::of(campaign).map(|draft| draft.plan);
    let variants = plan.map(|plan| plan.variants).unwrap_or_default();
    variants.into_iter().map(|variant| variant.name).collect()
}

/// All recipients as CSV (RFC 4180), a page at a time while the client reads.
fn table(reader: Reader) -> Response {
    let name = format!("attachment; filename=\"{}-recipients.csv\"", reader.id);
    let first = Bytes::from_static(HEADER.as_bytes());
    let pages = stream::unfold(
        (reader, Some(Next::default()), Some(first)),
        |(reader, next, head)| async move {
            if let Some(head) = head {
                return Some((Ok(head), (reader, next, None)));
            }
            let from = next?;
            match reader.page(from, MAX_LIMIT).await {
                Ok((items, next)) => {
                    let rows = items.iter().map(|item| row(item, &reader.variants));
                    let rows: String = rows.collect();
                    Some((Ok(Bytes::from(rows)), (reader, next, None)))
                }
                Err(problem) => {
                    tracing::warn!(
                        code = problem.code.as_str(),
                        "a table of recipients ended early"
                    );
                    let cut = std::io::Error::other("the table ended early");
                    Some((Err(cut), (reader, None, None)))
                }
            }
        },
    );
    let mut response = Response::new(Body::from_stream(pages));
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/csv; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(header::CONTENT_DISPOSITION, name);
    }
    response
}

const HEADER: &str = "contactId,phone,state,variant,messageId,providerId,reason,detail,sentAt,\
                      deliveredAt,readAt,answeredAt,failedAt\r\n";

fn row(recipient: &RecipientView, variants: &[String]) -> String {
    let at = |at: Option<cauce_flow::time::Timestamp>| at.map(|at| at.to_string());
    let text = |text: &Option<String>| text.as_deref().map(cell).unwrap_or_default();
    let place = recipient.variant.map(usize::from);
    let variant = place.and_then(|place| variants.get(place));
    let cells = [
        text(&recipient.contact_id),
        // A number with its + is no formula.
        recipient.phone.clone().unwrap_or_default(),
        recipient.state.to_owned(),
        variant.map(|name| cell(name)).unwrap_or_default(),
        text(&recipient.message_id),
        text(&recipient.provider_id),
        text(&recipient.reason),
        text(&recipient.detail),
        at(recipient.sent_at).unwrap_or_default(),
        at(recipient.delivered_at).unwrap_or_default(),
        at(recipient.read_at).unwrap_or_default(),
        at(recipient.answered_at).unwrap_or_default(),
        at(recipient.failed_at).unwrap_or_default(),
    ];
    cells.join(",") + "\r\n"
}

/// A text as a cell. What a spreadsheet would take for a formula is kept from it by a quote in front
/// (OWASP, "CSV Injection").
fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = match formula {
        true => format!("'{text}"),
        false => text.to_owned(),
    };
    match text.contains(['"', ',', '\r', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_one_cell_and_no_formula() {
        for (text, told) in [
            ("c7", "c7"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("=1+1", "'=1+1"),
            ("@x,y", "\"'@x,y\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            assert_eq!(cell(text), told);
        }
    }

    #[test]
    fn a_state_that_nobody_has_is_refused_with_those_there_are() {
        assert!(matches!(which(None), Ok(Which::All)));
        assert!(matches!(which(Some("skipped")), Ok(Which::Skipped)));
        assert!(matches!(
            which(Some("answered")),
            Ok(Which::Messages { .. })
        ));
        assert!(which(Some("done")).is_err());
    }
}
