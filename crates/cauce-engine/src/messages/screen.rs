//! Keeps campaigns from people who want no more of them: asked for each message when it is about to
//! leave, because they may have said so while it waited.

use cauce_destinations::{destination::Screened, message::Message};
use cauce_flow::{
    job::{LeasedJob, Line},
    reason::Reason,
    time::Timestamp,
};
use cauce_store::campaigns::Campaigns;

use crate::screen::Screen;

/// The code with which a message is taken back because its recipient has opted out.
pub(crate) const OPTED_OUT: &str = "opted_out";

/// Knows who wants no campaigns.
pub(crate) struct OptOuts(pub(crate) Campaigns);

impl Screen for OptOuts {
    fn screen(&self, job: &LeasedJob, _line: &Line, _now: Timestamp) -> Screened {
        // What is no message of a campaign is for its destination to judge.
        let Ok(message) = Message::of_payload(&job.payload) else {
            return Screened::Send;
        };
        if message.campaign.is_some() && self.0.is_opted_out(&job.tenant, message.to.as_str()) {
            let what = "the recipient has opted out of campaigns";
            return Screened::Cancel(Reason::new(OPTED_OUT, what));
        }
        Screened::Send
    }
}
