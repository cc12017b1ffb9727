//! Messages of a range.

use cauce_observe::analytics::{
    calendar::Range,
    figures::{MessageFigures, Rhythm},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{Before, ComparisonView, Headline, NamedCount, RangeView, named, some};

/// Messages of a range.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = MessageAnalytics)]
pub(crate) struct MessagesView {
    #[serde(flatten)]
    range: RangeView,
    /// The zone of hours and weekdays.
    time_zone: String,
    /// Sent.
    sent: u64,
    /// From people.
    received: u64,
    /// Delivered.
    delivered: u64,
    /// Read.
    read: u64,
    /// Failed.
    failed: u64,
    /// Delivered of those sent; null of nothing.
    delivery_rate: Option<f64>,
    /// Read of those delivered.
    read_rate: Option<f64>,
    /// Failed of those that were sent or failed before they were.
    failure_rate: Option<f64>,
    /// Sent, by kind of message.
    sent_by_type: Vec<NamedCount>,
    /// From people, by kind of message.
    received_by_type: Vec<NamedCount>,
    /// Sent, by channel.
    sent_by_channel: Vec<NamedCount>,
    /// From people, by channel.
    received_by_channel: Vec<NamedCount>,
    /// Failed, by error.
    errors: Vec<NamedCount>,
    /// By hour of the day.
    by_hour: Vec<HourView>,
    /// By weekday.
    by_weekday: Vec<WeekdayView>,
    /// The range before.
    previous: ComparisonView,
}

/// Messages of one hour of the day.
#[derive(Serialize, ToSchema)]
#[schema(as = HourOfDay)]
pub(crate) struct HourView {
    /// From 0 to 23.
    hour: usize,
    /// Sent.
    sent: u64,
    /// From people.
    received: u64,
}

/// Messages of one weekday.
#[derive(Serialize, ToSchema)]
#[schema(as = Weekday)]
pub(crate) struct WeekdayView {
    /// From `monday`.
    #[schema(value_type = String, example = "monday")]
    weekday: &'static str,
    /// Sent.
    sent: u64,
    /// From people.
    received: u64,
}

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

fn messages_in_short(figures: &MessageFigures) -> Headline {
    vec![
        ("sent", some(figures.sent)),
        ("received", some(figures.received)),
        ("delivered", some(figures.delivered)),
        ("read", some(figures.read)),
        ("failed", some(figures.failed)),
        ("deliveryRate", figures.delivery().rate()),
        ("readRate", figures.reading().rate()),
        ("failureRate", figures.failure().rate()),
    ]
}

impl MessagesView {
    /// The figures of a range and of the one before.
    pub(crate) fn new(
        (range, before): (Range, Before),
        time_zone: String,
        rhythm: &Rhythm,
        [own, previous]: [MessageFigures; 2],
    ) -> MessagesView {
        let (now, then) = (messages_in_short(&own), messages_in_short(&previous));
        let hours = rhythm.hours.iter().enumerate();
        let days = rhythm.weekdays.iter().zip(WEEKDAYS);
        MessagesView {
            range: range.into(),
            time_zone,
            sent: own.sent,
            received: own.received,
            delivered: own.delivered,
            read: own.read,
            failed: own.failed,
            delivery_rate: own.delivery().rate(),
            read_rate: own.reading().rate(),
            failure_rate: own.failure().rate(),
            sent_by_type: named(own.sent_by_type),
            received_by_type: named(own.received_by_type),
            sent_by_channel: named(own.sent_by_channel),
            received_by_channel: named(own.received_by_channel),
            errors: named(own.errors),
            by_hour: hours
                .map(|(hour, [sent, received])| HourView {
                    hour,
                    sent: *sent,
                    received: *received,
                })
                .collect(),
            by_weekday: days
                .map(|([sent, received], weekday)| WeekdayView {
                    weekday,
                    sent: *sent,
                    received: *received,
                })
                .collect(),
            previous: ComparisonView::new(before, now, then),
        }
    }
}
