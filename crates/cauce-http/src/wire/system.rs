//! Keys, the audit log, destinations, probes.

use cauce_engine::status::{DestinationStatus, Found, ReadyCheck};
use cauce_flow::time::Timestamp;
use cauce_store::{
    control::{Key, audit::Entry},
    jobs::Scope,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{pixel::TokenView, queue::LineView};

/// A key; the key itself is shown only when it is made.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Key)]
pub(crate) struct KeyView {
    /// Its id.
    #[schema(example = "key_mfrggzdfmztwq2lk")]
    id: String,
    /// Its name.
    name: String,
    /// The tenant it belongs to; `*` for all.
    tenant: String,
    /// What it allows.
    #[schema(value_type = Vec<String>, example = json!(["ingest", "read"]))]
    scopes: Vec<&'static str>,
    /// For a public write key: the site it is bound to.
    site: Option<String>,
    /// For a public write key: the origins that may use it.
    origins: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it ends.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it was taken back.
    #[schema(value_type = Option<String>, format = DateTime)]
    revoked_at: Option<Timestamp>,
    /// When it was last used, about a minute old at most.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_at: Option<Timestamp>,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
#[schema(as = NewKey)]
pub(crate) struct NewKeyView {
    #[serde(flatten)]
    pub(crate) about: KeyView,
    /// The key itself, shown this once. An answer that is repeated for its `Idempotency-Key` is
    /// without it: only its hash is kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "ck_live_…")]
    pub(crate) key: Option<String>,
}

/// Who did what.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub(crate) struct AuditView {
    /// Its number.
    id: String,
    /// When it was done.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// The id of the key that asked for it.
    key_id: String,
    /// The name of that key.
    key_name: String,
    /// Whose things it was done to; `*` for everybody's.
    tenant: String,
    /// What was done.
    #[schema(example = "queue.pause")]
    action: String,
    /// What it was done to.
    #[schema(example = "meta")]
    object: String,
    /// How it ended: `ok`, or the code of the problem.
    outcome: String,
}

/// A configured destination.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Destination)]
pub(crate) struct DestinationView {
    /// The account's name.
    name: String,
    /// Whose it is.
    tenant: String,
    /// The platform.
    #[schema(value_type = String, example = "meta")]
    platform: &'static str,
    /// The queue that feeds it.
    queue: String,
    /// Where requests go.
    base_url: String,
    /// How its line does; null while it has not started.
    line: Option<LineView>,
    /// What is known of its credentials.
    credentials: TokenView,
}

/// That the process runs.
#[derive(Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
}

/// Whether everything is ready.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ready {
    /// `ok`, `degraded` or `unavailable`.
    #[schema(value_type = String, example = "ok")]
    pub(crate) status: &'static str,
    /// Each check by name.
    pub(crate) checks: Vec<CheckView>,
}

/// One check of readiness.
#[derive(Serialize, ToSchema)]
#[schema(as = ReadyCheck)]
pub(crate) struct CheckView {
    /// What is checked.
    #[schema(value_type = String)]
    name: &'static str,
    /// Whether it can serve, as far as this check goes.
    ok: bool,
    /// `ok`, `warning` (it serves, and somebody should look) or `failed`.
    #[schema(value_type = String, example = "ok")]
    state: Found,
    /// What was found.
    detail: String,
}

/// What runs here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    /// Always `cauce`.
    #[schema(value_type = String, example = "cauce")]
    pub(crate) name: &'static str,
    /// Its version.
    pub(crate) version: String,
}

impl From<&Key> for KeyView {
    fn from(key: &Key) -> Self {
        KeyView {
            id: key.id.clone(),
            name: key.name.clone(),
            tenant: match &key.tenant {
                Scope::All => "*".to_owned(),
                Scope::Tenant(tenant) => tenant.to_string(),
            },
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            site: key.site.clone(),
            origins: key.origins.clone(),
            created_at: key.created_at,
            expires_at: key.expires_at,
            revoked_at: key.revoked_at,
            last_used_at: key.last_used_at(),
        }
    }
}

impl From<Entry> for AuditView {
    fn from(entry: Entry) -> Self {
        let action = entry.action;
        AuditView {
            id: entry.id.to_string(),
            created_at: entry.at,
            key_id: action.key_id,
            key_name: action.key_name,
            tenant: action
                .tenant
                .map_or_else(|| "*".to_owned(), |tenant| tenant.to_string()),
            action: action.verb,
            object: action.object,
            outcome: action.outcome,
        }
    }
}

impl From<DestinationStatus> for DestinationView {
    fn from(destination: DestinationStatus) -> Self {
        DestinationView {
            name: destination.name.to_string(),
            tenant: destination.tenant.to_string(),
            platform: destination.platform,
            queue: destination.queue.to_string(),
            base_url: destination.base_url,
            line: destination.line.map(LineView::from),
            credentials: destination.credentials.into(),
        }
    }
}

impl From<ReadyCheck> for CheckView {
    fn from(check: ReadyCheck) -> Self {
        CheckView {
            name: check.name,
            ok: check.found != Found::Failed,
            state: check.found,
            detail: check.detail,
        }
    }
}
