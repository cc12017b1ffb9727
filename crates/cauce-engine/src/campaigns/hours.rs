//! The send windows of campaigns that are under way, asked for each message when it is about to
//! leave: it may have waited until its window has closed.

use std::{collections::BTreeMap, sync::Arc};

use cauce_destinations::message::CampaignPart;
use cauce_flow::{
    campaign::window::{TimeZoneDatabase, Window},
    time::Timestamp,
};
use parking_lot::RwLock;

/// The send windows of campaigns that are under way. Clones share them.
#[derive(Clone)]
pub(crate) struct Hours {
    windows: Arc<RwLock<BTreeMap<String, Window>>>,
    zones: TimeZoneDatabase,
}

impl Hours {
    /// None is known yet.
    pub(crate) fn new(zones: TimeZoneDatabase) -> Hours {
        Hours {
            windows: Arc::default(),
            zones,
        }
    }

    /// Takes the windows of all campaigns that are under way.
    pub(crate) fn follow(&self, windows: BTreeMap<String, Window>) {
        *self.windows.write() = windows;
    }

    /// When a message of a campaign may leave, where that is later.
    pub(crate) fn closed_until(&self, part: &CampaignPart, now: Timestamp) -> Option<Timestamp> {
        let window = *self.windows.read().get(&part.id)?;
        let zone = self.zones.get(part.zone.as_deref()?).ok()?;
        let opens = window.next_open(&zone, now);
        (opens > now).then_some(opens)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_waits_for_the_hours_of_its_campaign_on_its_persons_clock() {
        let hours = Hours::new(cauce_flow::campaign::window::zones());
        let part = |id: &str, zone: Option<&str>| CampaignPart {
            id: id.to_owned(),
            number: 0,
            variant: 0,
            contact: "c1".to_owned(),
            zone: zone.map(str::to_owned),
        };
        let window = Window::new("09:00".parse().unwrap(), "20:00".parse().unwrap()).unwrap();
        hours.follow([("campaign_a".to_owned(), window)].into());
        let at = |text: &str| -> Timestamp { text.parse().unwrap() };
        let night = at("2026-01-15T20:30:00Z");
        let lima = part("campaign_a", Some("America/Lima"));
        let madrid = part("campaign_a", Some("Europe/Madrid"));
        assert_eq!(hours.closed_until(&lima, night), None);
        let morning = Some(at("2026-01-16T08:00:00Z"));
        assert_eq!(hours.closed_until(&madrid, night), morning);
        assert_eq!(
            hours.closed_until(&part("other", Some("Europe/Madrid")), night),
            None
        );
        assert_eq!(hours.closed_until(&part("campaign_a", None), night), None);
    }
}
