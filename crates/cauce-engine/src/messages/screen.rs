//! Keeps campaigns from people who want no more of them, and from everybody at hours in which they
//! must not be sent: asked for each message when it is about to leave, because they may have said so
//! while it waited, or it has waited too long.

use cauce_destinations::{destination::Screened, message::Message};
use cauce_flow::{
    job::{LeasedJob, Line},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::campaigns::Campaigns;

use crate::{campaigns::Hours, screen::Screen};

/// The code with which a message is taken back because its recipient has opted out.
pub(crate) const OPTED_OUT: &str = "opted_out";

/// Knows who wants no campaigns, and when they may be sent.
pub(crate) struct CampaignScreen {
    pub(crate) people: Campaigns,
    pub(crate) hours: Hours,
}

impl Screen for CampaignScreen {
    fn screen(&self, job: &LeasedJob, _line: &Line, now: Timestamp) -> Screened {
        // What is no message of a campaign is for its destination to judge.
        let Ok(message) = Message::of_payload(&job.payload) else {
            return Screened::Send;
        };
        let Some(campaign) = &message.campaign else {
            return Screened::Send;
        };
        if self.people.is_opted_out(&job.tenant, message.to.as_str()) {
            let what = "the recipient has opted out of campaigns";
            return Screened::Cancel(Reason::new(OPTED_OUT, what));
        }
        match self.hours.closed_until(campaign, now) {
            None => Screened::Send,
            Some(until) => Screened::Wait {
                until,
                reason: Reason::new("send_window", "the send window of its campaign is closed"),
            },
        }
    }
}
