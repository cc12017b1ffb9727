//! The figures of a tenant over a range, and its series.

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
    Error,
    facts::Gone,
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

/// The figures of a tenant, all of them as of one moment.
pub struct Figures<'a> {
    connection: &'a Connection,
    /// Its number; [`NOBODY`] where nothing was ever tracked of it.
    tenant: i64,
    names: RefCell<HashMap<u32, String>>,
}

/// The number of no tenant.
const NOBODY: i64 = -1;

/// What makes a campaign busy: it converts, it sends, it costs.
const BUSY_BY: [Measure; 3] = [Measure::Converted, Measure::Sent, Measure::Cost];

impl<'a> Figures<'a> {
    pub(super) fn of(
        connection: &'a Connection,
        tenant: &TenantId,
    ) -> rusqlite::Result<Figures<'a>> {
        Ok(Figures {
            connection,
            tenant: read::tenant(connection, tenant)?.unwrap_or(NOBODY),
            names: RefCell::default(),
        })
    }

    /// Messages of a range.
    pub fn messages(&self, range: Range) -> Result<MessageFigures, Error> {
        let sums = self.sums(&MessageFigures::MEASURES, range)?;
        Ok(MessageFigures::of(&sums, &|label| self.name(label)))
    }

    /// When messages come and go, by the hours and weekdays of a time zone.
    pub fn rhythm(&self, range: Range, zone: &TimeZone) -> Result<Rhythm, Error> {
        let mut rhythm = Rhythm::default();
        let quarters = Stretch::of(Grain::Quarter, range);
        for (way, measure) in [Measure::Sent, Measure::Received].into_iter().enumerate() {
            self.each(measure, quarters, |minute, _, sum| {
                let count = u64::try_from(sum).unwrap_or(0);
                if let Some(place) = hour_of_week(minute * MINUTE_MS, zone) {
                    rhythm.hours[usize::from(place.hour)][way] += count;
                    rhythm.weekdays[usize::from(place.weekday)][way] += count;
                }
            })?;
        }
        Ok(rhythm)
    }

    /// Conversations of a range.
    pub fn conversations(&self, range: Range) -> Result<ConversationFigures, Error> {
        let sums = self.sums(&ConversationFigures::MEASURES, range)?;
        let active = self.open_at(range.to)?;
        let name = |label| self.name(label);
        Ok(ConversationFigures::of(&sums, active, &name))
    }

    /// Conversions of a range.
    pub fn conversions(&self, range: Range) -> Result<ConversionFigures, Error> {
        let sums = self.sums(&ConversionFigures::MEASURES, range)?;
        Ok(ConversionFigures::of(&sums))
    }

    /// How fast messages of a range left and arrived.
    pub fn performance(&self, range: Range) -> Result<PerformanceFigures, Error> {
        let sums = self.sums(&PerformanceFigures::MEASURES, range)?;
        let busiest = self.busiest_minute(range, sums.sum(Measure::Sent))?;
        let name = |label| self.name(label);
        Ok(PerformanceFigures::of(&sums, busiest, &name))
    }

    /// A campaign in a range, and its variants; none where nothing was ever tracked of it.
    pub fn campaign(&self, campaign: &str, range: Range) -> Result<Option<CampaignView>, Error> {
        let number = names::find(self.connection, self.tenant, Space::Campaign, campaign)?;
        let view = number.map(|number| self.campaign_view(number, range));
        Ok(view.transpose()?)
    }

    /// The campaigns to which conversions of a range are owed, by how many people converted; at
    /// most so many.
    pub fn converting_campaigns(
        &self,
        range: Range,
        max: usize,
    ) -> Result<Vec<(String, OwedFigures)>, Error> {
        let cells = self.sums_of_campaigns(&OwedFigures::MEASURES, range, None)?;
        let mut owed: Vec<(u32, OwedFigures)> = by_campaign(cells)
            .into_iter()
            .map(|(campaign, sums)| (campaign, OwedFigures::of(&sums)))
            .filter(|(_, own)| own.kinds.iter().any(|kind| kind.count > 0))
            .collect();
        owed.sort_by_key(|(campaign, own)| (Reverse(own.converted), *campaign));
        owed.truncate(max);
        let owed = owed.into_iter();
        let mut named: Vec<(String, OwedFigures)> = owed
            .map(|(campaign, own)| (self.name(campaign), own))
            .collect();
        named.sort_by(|one, two| {
            let order = two.1.converted.cmp(&one.1.converted);
            order.then_with(|| one.0.cmp(&two.0))
        });
        Ok(named)
    }

    /// The campaigns that sent, converted or cost something in a range: those of most people who
    /// converted first, then those of most messages; at most so many.
    pub fn busy_campaigns(
        &self,
        range: Range,
        max: usize,
    ) -> Result<Vec<(String, CampaignView)>, Error> {
        let cells = self.sums_of_campaigns(&BUSY_BY, range, None)?;
        let all = by_campaign(cells).into_iter();
        let all = all.map(|(campaign, sums)| (campaign, BUSY_BY.map(|own| sums.sum(own))));
        let mut busy: Vec<_> = all
            .filter(|(_, sums)| *sums != [0; BUSY_BY.len()])
            .collect();
        busy.sort_by(|one, two| two.1.cmp(&one.1).then(one.0.cmp(&two.0)));
        busy.truncate(max);
        let view = |(campaign, _): (u32, _)| {
            let view = self.campaign_view(campaign.into(), range)?;
            Ok((self.name(campaign), view))
        };
        busy.into_iter().map(view).collect()
    }

    /// The sums between each of some moments and the next, in order: one fewer than moments. By the
    /// minute where `by_minute`, else the moments begin quarter-hours.
    pub fn series(
        &self,
        metric: Metric,
        moments: &[i64],
        by_minute: bool,
    ) -> Result<Vec<i64>, Error> {
        let steps = moments.len().saturating_sub(1);
        let (measure, wanted) = metric.measure();
        let mut points = vec![0; steps];
        let [first, .., last] = moments else {
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
        self.each(measure, Stretch::of(grain, range), |minute, part, sum| {
            while at + 1 < steps && moments[at + 1] <= minute * MINUTE_MS {
                at += 1;
            }
            if wanted.is_none_or(|wanted| wanted == part) {
                points[at] += sum;
            }
        })?;
        Ok(points)
    }

    fn sums(&self, measures: &[Measure], range: Range) -> rusqlite::Result<Sums> {
        read::sums(self.connection, self.tenant, measures, range)
    }

    fn sums_of_campaigns(
        &self,
        measures: &[Measure],
        range: Range,
        campaign: Option<i64>,
    ) -> rusqlite::Result<BTreeMap<Cell, Sums>> {
        read::sums_of_campaigns(self.connection, self.tenant, measures, range, campaign)
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
    fn name(&self, label: u32) -> String {
        let mut names = self.names.borrow_mut();
        let read = || names::text(self.connection, label).unwrap_or_default();
        names.entry(label).or_insert_with(read).clone()
    }

    /// Conversations that were open at a moment: all that ever began less all that ever ended. Those
    /// of days that are not kept any more stand at the beginning of time.
    fn open_at(&self, at: i64) -> rusqlite::Result<i64> {
        let day_ms = DAY * MINUTE_MS;
        let first = read::first_day(self.connection)?.map_or(at, |minute| minute * MINUTE_MS);
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
            let sums = self.sums(&[Measure::Started, Measure::Ended], range)?;
            open += sums.sum(Measure::Started) - sums.sum(Measure::Ended);
        }
        Ok(open)
    }

    /// The most that were sent in one minute, where all minutes of the range are kept: then they come
    /// to all that was sent in it.
    fn busiest_minute(&self, range: Range, sent: i64) -> rusqlite::Result<Option<u64>> {
        let gone = Gone::Minutes.before(self.connection)?;
        if gone.is_some_and(|gone| gone > range.from) {
            return Ok(None);
        }
        let (mut most, mut sum_of_minutes) = (0, 0);
        let minutes = Stretch::of(Grain::Minute, range);
        self.each(Measure::Sent, minutes, |_, _, sum| {
            most = most.max(sum);
            sum_of_minutes += sum;
        })?;
        Ok((sum_of_minutes == sent).then_some(u64::try_from(most).unwrap_or(0)))
    }

    fn campaign_view(&self, campaign: i64, range: Range) -> rusqlite::Result<CampaignView> {
        let measures = &CampaignFigures::MEASURES;
        let mut cells = self.sums_of_campaigns(measures, range, Some(campaign))?;
        for variant in read::variants(self.connection, self.tenant, campaign)? {
            let campaign = u32::try_from(campaign).unwrap_or(0);
            cells.entry(Cell { campaign, variant }).or_default();
        }
        let named = cells.iter().filter(|(cell, _)| cell.variant != 0);
        let variants =
            named.map(|(cell, sums)| (self.name(cell.variant), CampaignFigures::of(sums)));
        let variants = variants.collect();
        let all = by_campaign(cells).into_values().next();
        Ok(CampaignView {
            all: CampaignFigures::of(&all.unwrap_or_default()),
            variants,
        })
    }
}

/// The variants of each campaign together.
fn by_campaign(cells: BTreeMap<Cell, Sums>) -> BTreeMap<u32, Sums> {
    let mut campaigns: BTreeMap<u32, Sums> = BTreeMap::new();
    for (cell, sums) in cells {
        campaigns.entry(cell.campaign).or_default().add_all(&sums);
    }
    campaigns
}
