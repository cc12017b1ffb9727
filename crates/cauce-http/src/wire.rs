//! The JSON of the API. Domain types never appear in it: each has its own shape here, so that the
//! inside may change without the outside.

pub(crate) mod alert;
pub(crate) mod analytics;
pub(crate) mod analytics_out;
pub(crate) mod campaign;
pub(crate) mod campaign_status;
pub(crate) mod campaign_system;
pub(crate) mod campaign_view;
pub(crate) mod contact;
pub(crate) mod figures;
pub(crate) mod job;
pub(crate) mod mask;
pub(crate) mod message;
pub(crate) mod message_out;
pub(crate) mod message_queue;
pub(crate) mod pixel;
pub(crate) mod pixel_event;
pub(crate) mod queue;
pub(crate) mod recipient;
pub(crate) mod report_out;
pub(crate) mod session;
pub(crate) mod system;
pub(crate) mod tracking;
pub(crate) mod tracking_health;
pub(crate) mod tracking_out;

use serde::Serialize;
use utoipa::ToSchema;

/// One page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Page<T> {
    /// The items.
    pub(crate) items: Vec<T>,
    /// What to send as `cursor` for the next page; null at the end.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// All there is.
    pub(crate) fn whole(items: Vec<T>) -> Page<T> {
        Page {
            items,
            next_cursor: None,
        }
    }
}

/// How many objects an action has touched.
#[derive(Serialize, ToSchema)]
pub(crate) struct Affected {
    /// How many.
    pub(crate) count: u64,
}
