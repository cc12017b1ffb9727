//! Conversations of a range.

use cauce_observe::analytics::{calendar::Range, figures::ConversationFigures};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Before, ComparisonView, DurationsView, Headline, NamedCount, RangeView, named, some};

/// Conversations of a range.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ConversationAnalytics)]
pub(crate) struct ConversationsView {
    #[serde(flatten)]
    range: RangeView,
    /// Those that began.
    started: u64,
    /// Those that ended.
    ended: u64,
    /// Those that were open at the end of the range.
    active: u64,
    /// Times that one went to a person.
    handoffs: u64,
    /// Those that had gone to a person, of those that ended.
    handoff_rate: Option<f64>,
    /// First responses that were given in the range.
    first_response: DurationsView,
    /// All responses that were given in the range.
    response: DurationsView,
    /// How long those lasted that ended.
    duration: DurationsView,
    /// Messages of each that ended, on average.
    messages_each: Option<f64>,
    /// First responses again, in business hours; null where none are set.
    first_response_in_business_hours: Option<DurationsView>,
    /// All responses again, in business hours; null where none are set.
    response_in_business_hours: Option<DurationsView>,
    /// Those that ended, by who ended them; `silence` where nobody did, `unknown` where nobody said
    /// who.
    ended_by: Vec<NamedCount>,
    /// The range before.
    previous: ComparisonView,
}

fn conversations_in_short(figures: &ConversationFigures) -> Headline {
    vec![
        ("started", some(figures.started)),
        ("ended", some(figures.ended)),
        ("active", some(figures.active)),
        ("handoffs", some(figures.hand_offs)),
        ("handoffRate", figures.hand_off().rate()),
        ("firstResponseMeanMs", figures.first_response.mean_ms()),
        ("responseMeanMs", figures.response.mean_ms()),
        ("durationMeanMs", figures.duration.mean_ms()),
        ("messagesEach", figures.messages_each()),
    ]
}

impl ConversationsView {
    /// The figures of a range and of the one before.
    pub(crate) fn new(
        (range, before): (Range, Before),
        [own, previous]: [ConversationFigures; 2],
        has_business_hours: bool,
    ) -> ConversationsView {
        let now = conversations_in_short(&own);
        let then = conversations_in_short(&previous);
        ConversationsView {
            range: range.into(),
            started: own.started,
            ended: own.ended,
            active: own.active,
            handoffs: own.hand_offs,
            handoff_rate: own.hand_off().rate(),
            first_response: (&own.first_response).into(),
            response: (&own.response).into(),
            duration: (&own.duration).into(),
            messages_each: own.messages_each(),
            first_response_in_business_hours: has_business_hours
                .then(|| (&own.first_response_in_hours).into()),
            response_in_business_hours: has_business_hours.then(|| (&own.response_in_hours).into()),
            ended_by: named(own.ended_by),
            previous: ComparisonView::new(before, now, then),
        }
    }
}
