//! What a report is made of: the figures of two times.

use jiff::{Timestamp, ZonedDateTime, tz::TimeZone};

use super::period::Stretch;
use crate::analytics::{
    figures::{
        CampaignFigures, ConversationFigures, ConversionFigures, MessageFigures,
        PerformanceFigures, Rhythm,
    },
    forecast::{PastError, Unusual},
};

/// What a report is made of.
#[derive(Clone, Debug)]
pub struct Material {
    /// Whose figures they are.
    pub tenant: String,
    /// The time of the report and the one before.
    pub stretch: Stretch,
    /// The zone of days and hours.
    pub zone: TimeZone,
    /// What the zone is called.
    pub zone_name: String,
    /// When it is made, in epoch milliseconds.
    pub made_at: i64,
    /// The figures of the time of the report.
    pub now: Side,
    /// The figures of the time before.
    pub before: Side,
    /// When messages come and go.
    pub rhythm: Rhythm,
    /// Messages over time.
    pub series: Series,
    /// Campaigns in which something happened, at most [`super::MAX_CAMPAIGNS`].
    pub campaigns: Vec<Told>,
    /// What is to be expected.
    pub outlook: Outlook,
    /// Whether it is told how long answers took in business hours.
    pub has_business_hours: bool,
}

/// The figures of one time.
#[derive(Clone, Debug, Default)]
pub struct Side {
    /// Of messages.
    pub messages: MessageFigures,
    /// Of conversations.
    pub conversations: ConversationFigures,
    /// Of conversions.
    pub conversions: ConversionFigures,
    /// How fast messages were.
    pub performance: PerformanceFigures,
}

/// Messages over time, by the steps of [`Stretch::steps`].
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The starts of the steps.
    pub starts: Vec<i64>,
    /// Sent, in each.
    pub sent: Vec<i64>,
    /// Received, in each.
    pub received: Vec<i64>,
    /// Delivered, in each.
    pub delivered: Vec<i64>,
    /// Read, in each.
    pub read: Vec<i64>,
    /// Failed, in each.
    pub failed: Vec<i64>,
}

/// A campaign and its variants.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// Its name.
    pub name: String,
    /// All of it.
    pub all: CampaignFigures,
    /// Its variants by name; empty where none is named.
    pub variants: Vec<(String, CampaignFigures)>,
}

/// What is to be expected of the next days, and which hours of the period were unlike others.
#[derive(Clone, Debug, Default)]
pub struct Outlook {
    /// The starts of the next days, with the messages to be expected in each.
    pub days: Vec<(i64, f64)>,
    /// How far expectations were off on the past.
    pub error: Option<PastError>,
    /// Unusual hours of the period.
    pub unusual: Vec<Unusual>,
    /// From when on hours can be judged; none where there is too little past for any.
    pub judged_from: Option<i64>,
}

/// A moment as the clocks of the zone show it.
pub(super) fn local(material: &Material, at: i64) -> ZonedDateTime {
    let at = Timestamp::from_millisecond(at).unwrap_or_default();
    at.to_zoned_datetime(material.zone.clone())
}
