//! How long the rest of a campaign takes at the rate of its sender, or why that cannot be told: its
//! line does not run.

use std::time::Duration;

use cauce_flow::{campaign::window::TimeZoneDatabase, reason::Reason, time::Timestamp};
use cauce_store::campaigns::campaign::Campaign;

use super::{Campaigning, Unfit, estimated_ms, plan, plan::Plan, sender};
use crate::{settings::Settings, status::GateStatus};

/// The gates of a line of which nobody knows for how long they are shut. The others are its rate.
const SHUT: [&str; 6] = [
    "paused",
    "credentials",
    "disconnected",
    "held",
    "breaker",
    "failed",
];

impl Campaigning {
    /// How many milliseconds so many messages of a campaign that is under way take.
    pub(super) async fn eta_ms(
        &self,
        campaign: &Campaign,
        messages: u64,
        settings: &Settings,
    ) -> Result<u64, Reason> {
        let name = campaign.sender.as_str();
        let gone = || {
            let unfit = Unfit::Sender(name.to_owned());
            Reason::new(unfit.code(), unfit.to_string())
        };
        let (account, _) = sender(settings, &campaign.tenant, name).ok_or_else(gone)?;
        let gates = self.lines.why(&account.line()).await.ok_or_else(gone)?;
        if let Some(reason) = shut(&gates) {
            return Err(reason);
        }
        let zone = &settings.campaigns.time_zone;
        let wait = plan(campaign)
            .map(|plan| closed_for(&plan, &self.zones, zone, self.clock.now()))
            .unwrap_or_default();
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Ok(estimated_ms(settings, campaign, messages).saturating_add(wait))
    }
}

/// What keeps a line from running, if anything does.
fn shut(gates: &[GateStatus]) -> Option<Reason> {
    let gate = gates.iter().find(|gate| SHUT.contains(&gate.name))?;
    Some(Reason::new(gate.name, gate.detail.clone()))
}

/// How long the hours of a plan are still shut for those of whom no zone is known.
fn closed_for(plan: &Plan, zones: &TimeZoneDatabase, zone: &str, now: Timestamp) -> Duration {
    let Some(window) = &plan.window else {
        return Duration::ZERO;
    };
    let zone = zones.get(window.zone.as_deref().unwrap_or(zone));
    match (window.hours(), zone) {
        (Ok(hours), Ok(zone)) => hours.next_open(&zone, now).since(now),
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use cauce_flow::{campaign::window::zones, priority::Priority};

    use super::{super::plan::SendWindow, *};

    fn gate(name: &'static str) -> GateStatus {
        GateStatus {
            name,
            opens_at: None,
            detail: "why".to_owned(),
        }
    }

    #[test]
    fn a_rate_that_is_used_up_is_no_reason_and_a_line_that_does_not_run_is_one() {
        assert_eq!(
            shut(&[gate("rate"), gate("in_flight"), gate("batch")]),
            None
        );
        for name in SHUT {
            let told = shut(&[gate("rate"), gate(name)]).unwrap();
            assert_eq!((told.code.as_ref(), told.detail.as_ref()), (name, "why"));
        }
    }

    #[test]
    fn the_wait_for_the_hours_counts() {
        let window = SendWindow {
            from: "09:00".parse().unwrap(),
            to: "20:00".parse().unwrap(),
            zone: None,
        };
        let plan = |window| Plan {
            content: None,
            variants: Vec::new(),
            window,
            priority: Priority::Normal,
            late: None,
            cost: None,
            currency: None,
        };
        let wait = |plan: &Plan, at: &str| {
            closed_for(plan, &zones(), "Europe/Madrid", at.parse().unwrap()).as_secs()
        };
        let (hours, always) = (plan(Some(window)), plan(None));
        assert_eq!(wait(&hours, "2026-01-15T05:00:00Z"), 3 * 3_600);
        assert_eq!(wait(&hours, "2026-01-15T10:00:00Z"), 0);
        assert_eq!(wait(&always, "2026-01-15T05:00:00Z"), 0);
    }
}
