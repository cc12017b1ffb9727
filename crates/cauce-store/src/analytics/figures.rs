//! What is asked of analytics: figures and series of a tenant over a range.

use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use cauce_flow::{currency::Currency, id::TenantId};
use cauce_observe::analytics::{
    Cell, Kind, Measure,
    calendar::{Range, hour_of_week},
    figures::{
        CampaignFigures, ConversationFigures, ConversionFigures, MessageFigures, OwedFigures,
        PerformanceFigures, Rhythm, Sums,
    },
    measure::value_part,
};
use jiff::tz::TimeZone;
use rusqlite::Connection;

use super::{
    Analytics, Error,
    names::{self, Space},
    read::{self, Stretch},
    sums::{DAY, Grain, MINUTE_MS},
};

/// A campaign in a range: all of it, and each of its variants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CampaignView {
    /// All of it.
    pub all: CampaignFigures,
    /// Its variants by name. What names none is in the whole alone.
    pub variants: Vec<(String, CampaignFigures)>,
}

/// A figure that can be shown as a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Messages sent.
    MessagesSent,
    /// Messages from people.
    MessagesReceived,
    /// Messages delivered.
    MessagesDelivered,
    /// Messages read.
    MessagesRead,
    /// Messages that failed.
    MessagesFailed,
    /// Conversations that began.
    ConversationsStarted,
    /// Conversations that ended.
    ConversationsEnded,
    /// Hand-offs to people.
    HandOffs,
    /// Conversions of all kinds.
    Conversions,
    /// Conversions of one kind.
    ConversionsOf(Kind),
    /// What sales are worth, in smallest units of a currency.
    Revenue(Currency),
    /// What campaigns cost, in smallest units of a currency.
    Cost(Currency),
}

impl Metric {
    /// The measure, and its one part where not all count.
    fn measure(self) -> (Measure, Option<i64>) {
        match self {
            Metric::MessagesSent => (Measure::Sent, None),
            Metric::MessagesReceived => (Measure::Received, None),
            Metric::MessagesDelivered => (Measure::Delivered, None),
            Metric::MessagesRead => (Measure::Read, None),
            Metric::MessagesFailed => (Measure::Failed, None),
            Metric::ConversationsStarted => (Measure::Started, None),
            Metric::ConversationsEnded => (Measure::Ended, None),
            Metric::HandOffs => (Measure::HandOffs, None),
            Metric::Conversions => (Measure::Conversions, None),
            Metric::ConversionsOf(kind) => (Measure::Conversions, Some(kind.step() as i64)),
            Metric::Revenue(currency) => (Measure::Value, Some(value_part(Kind::Sale, currency))),
            Metric::Cost(currency) => (Measure::Cost, Some(currency.number().into())),
        }
    }
}

/// A tenant's sums, as of one moment.
pub(super) struct Of<'a> {
    pub(super) connection: &'a Connection,
    pub(super) tenant: i64,
    names: RefCell<HashMap<u32, String>>,
}

impl Of<'_> {
    fn sums(&self, measures: &[Measure], range: Range) -> rusqlite::Result<Sums> {
        read::sums(self.connection, self.tenant, measures, range)
    }

    /// Shows each sum of a measure in a stretch: its minute, its part, the sum.
    fn each(
        &self,
        measure: Measure,
        stretch: Stretch,
        show: impl FnMut(i64, i64, i64),
    ) -> rusqlite::Result<()> {
        read::each(self.connection, (self.tenant, measure), stretch, show)
    }

    /// The name of a label; empty where it cannot be read.
    pub(super) fn name(&self, label: u32) -> String {
        let mut names = self.names.borrow_mut();
        let read = || names::text(self.connection, label).unwrap_or_default();
        names.entry(label).or_insert_with(read).clone()
    }
}

impl Analytics {
    /// Reads the sums of a tenant; answers what nothing adds up to where nothing was tracked.
    pub(super) async fn look<T: Default + Send + 'static>(
        &self,
        tenant: &TenantId,
        look: impl FnOnce(&Of<'_>) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, Error> {
        let tenant = tenant.clone();
        let read = move |connection: &Connection| {
            let Some(tenant) = read::tenant(connection, &tenant)? else {
                return Ok(T::default());
            };
            let of = Of {
                connection,
                tenant,
                names: RefCell::default(),
            };
            Ok::<T, Error>(look(&of)?)
        };
        self.database.read(read).await
    }

    /// Messages of a range.
    pub async fn messages(&self, tenant: &TenantId, range: Range) -> Result<MessageFigures, Error> {
        self.look(tenant, move |of| {
            let sums = of.sums(&MessageFigures::MEASURES, range)?;
            Ok(MessageFigures::of(&sums, &|label| of.name(label)))
        })
        .await
    }

    /// When messages come and go, by the hours and weekdays of a time zone.
    pub async fn rhythm(
        &self,
        tenant: &TenantId,
        range: Range,
        zone: TimeZone,
    ) -> Result<Rhythm, Error> {
        self.look(tenant, move |of| {
            let mut rhythm = Rhythm::default();
            let quarters = Stretch::of(Grain::Quarter, range);
            for (way, measure) in [Measure::Sent, Measure::Received].into_iter().enumerate() {
                of.each(measure, quarters, |minute, _, sum| {
                    let count = u64::try_from(sum).unwrap_or(0);
                    if let Some(place) = hour_of_week(minute * MINUTE_MS, &zone) {
                        rhythm.hours[usize::from(place.hour)][way] += count;
                        rhythm.weekdays[usize::from(place.weekday)][way] += count;
                    }
                })?;
            }
            Ok(rhythm)
        })
        .await
    }

    /// Conversations of a range.
    pub async fn conversations(
        &self,
        tenant: &TenantId,
        range: Range,
    ) -> Result<ConversationFigures, Error> {
        self.look(tenant, move |of| {
            let sums = of.sums(&ConversationFigures::MEASURES, range)?;
            let active = open_at(of, range.to)?;
            let name = |label| of.name(label);
            Ok(ConversationFigures::of(&sums, active, &name))
        })
        .await
    }

    /// Conversions of a range.
    pub async fn conversions(
        &self,
        tenant: &TenantId,
        range: Range,
    ) -> Result<ConversionFigures, Error> {
        self.look(tenant, move |of| {
            let sums = of.sums(&ConversionFigures::MEASURES, range)?;
            Ok(ConversionFigures::of(&sums))
        })
        .await
    }

    /// How fast messages of a range left and arrived.
    pub async fn performance(
        &self,
        tenant: &TenantId,
        range: Range,
    ) -> Result<PerformanceFigures, Error> {
        self.look(tenant, move |of| {
            let sums = of.sums(&PerformanceFigures::MEASURES, range)?;
            let busiest = busiest_minute(of, range)?;
            let name = |label| of.name(label);
            Ok(PerformanceFigures::of(&sums, busiest, &name))
        })
        .await
    }

    /// A campaign in a range, and its variants; none where nothing was ever tracked of it.
    pub async fn campaign(
        &self,
        tenant: &TenantId,
        campaign: &str,
        range: Range,
    ) -> Result<Option<CampaignView>, Error> {
        let campaign = campaign.to_owned();
        self.look(tenant, move |of| {
            let number = names::find(of.connection, of.tenant, Space::Campaign, &campaign)?;
            number
                .map(|number| campaign_view(of, number, range))
                .transpose()
        })
        .await
    }

    /// The campaigns to which conversions of a range are owed, by how many people converted; at
    /// most so many.
    pub async fn converting_campaigns(
        &self,
        tenant: &TenantId,
        range: Range,
        max: usize,
    ) -> Result<Vec<(String, OwedFigures)>, Error> {
        self.look(tenant, move |of| {
            let (connection, tenant) = (of.connection, of.tenant);
            let measures = &OwedFigures::MEASURES;
            let cells = read::sums_of_campaigns(connection, tenant, measures, range, None)?;
            let mut owed: Vec<(u32, OwedFigures)> = by_campaign(cells)
                .into_iter()
                .map(|(campaign, sums)| (campaign, OwedFigures::of(&sums)))
                .filter(|(_, own)| own.kinds.iter().any(|kind| kind.count > 0))
                .collect();
            owed.sort_by_key(|(campaign, own)| (Reverse(own.converted), *campaign));
            owed.truncate(max);
            let owed = owed.into_iter();
            let mut named: Vec<(String, OwedFigures)> = owed
                .map(|(campaign, own)| (of.name(campaign), own))
                .collect();
            named.sort_by(|one, two| {
                let order = two.1.converted.cmp(&one.1.converted);
                order.then_with(|| one.0.cmp(&two.0))
            });
            Ok(named)
        })
        .await
    }

    /// The sums between each of some moments and the next, in order: one fewer than moments. By the
    /// minute where `by_minute`, else the moments begin quarter-hours.
    pub async fn series(
        &self,
        tenant: &TenantId,
        metric: Metric,
        moments: Vec<i64>,
        by_minute: bool,
    ) -> Result<Vec<i64>, Error> {
        let steps = moments.len().saturating_sub(1);
        let points = self.look(tenant, move |of| {
            let (measure, wanted) = metric.measure();
            let mut points = vec![0; steps];
            let [first, .., last] = &moments[..] else {
                return Ok(points);
            };
            let grain = if by_minute {
                Grain::Minute
            } else {
                Grain::Quarter
            };
            let range = Range {
                from: *first,
                to: *last,
            };
            let mut at = 0;
            of.each(measure, Stretch::of(grain, range), |minute, part, sum| {
                while at + 1 < steps && moments[at + 1] <= minute * MINUTE_MS {
                    at += 1;
                }
                if wanted.is_none_or(|wanted| wanted == part) {
                    points[at] += sum;
                }
            })?;
            Ok(points)
        });
        let mut points = points.await?;
        points.resize(steps, 0);
        Ok(points)
    }
}

/// Conversations that were open at a moment: all that ever began less all that ever ended. Those of
/// days that are not kept any more stand at the beginning of time.
fn open_at(of: &Of<'_>, at: i64) -> rusqlite::Result<i64> {
    let day_ms = DAY * MINUTE_MS;
    let first = read::first_day(of.connection)?.map_or(at, |minute| minute * MINUTE_MS);
    let gone = Range {
        from: 0,
        to: day_ms,
    };
    let kept = Range {
        from: first,
        to: at,
    };
    let mut open = 0;
    for range in [gone, kept] {
        let sums = of.sums(&[Measure::Started, Measure::Ended], range)?;
        open += sums.sum(Measure::Started) - sums.sum(Measure::Ended);
    }
    Ok(open)
}

/// The most that were sent in one minute, where all minutes of the range are kept.
fn busiest_minute(of: &Of<'_>, range: Range) -> rusqlite::Result<Option<u64>> {
    let (mut most, mut sum_of_minutes) = (0, 0);
    let minutes = Stretch::of(Grain::Minute, range);
    of.each(Measure::Sent, minutes, |_, _, sum| {
        most = most.max(sum);
        sum_of_minutes += sum;
    })?;
    let whole = of.sums(&[Measure::Sent], range)?.sum(Measure::Sent);
    Ok((sum_of_minutes == whole).then_some(u64::try_from(most).unwrap_or(0)))
}

pub(super) fn campaign_view(
    of: &Of<'_>,
    campaign: i64,
    range: Range,
) -> rusqlite::Result<CampaignView> {
    let measures = &CampaignFigures::MEASURES;
    let (connection, tenant) = (of.connection, of.tenant);
    let mut cells = read::sums_of_campaigns(connection, tenant, measures, range, Some(campaign))?;
    for variant in read::variants(connection, tenant, campaign)? {
        let campaign = u32::try_from(campaign).unwrap_or(0);
        cells.entry(Cell { campaign, variant }).or_default();
    }
    let named = cells.iter().filter(|(cell, _)| cell.variant != 0);
    let variants = named.map(|(cell, sums)| (of.name(cell.variant), CampaignFigures::of(sums)));
    let variants = variants.collect();
    let all = by_campaign(cells).into_values().next();
    Ok(CampaignView {
        all: CampaignFigures::of(&all.unwrap_or_default()),
        variants,
    })
}

/// The variants of each campaign together.
pub(super) fn by_campaign(cells: BTreeMap<Cell, Sums>) -> BTreeMap<u32, Sums> {
    let mut campaigns: BTreeMap<u32, Sums> = BTreeMap::new();
    for (cell, sums) in cells {
        campaigns.entry(cell.campaign).or_default().add_all(&sums);
    }
    campaigns
}
