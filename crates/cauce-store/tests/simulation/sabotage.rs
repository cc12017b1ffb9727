//! What the edge does wrong when it is told to.

use cauce_flow::{
    dispatch::{
        dispatcher::Answered,
        disposition::{Disposition, Verdict},
    },
    queue::settlement::Settlement,
};

use crate::{scenario::Sabotage, world::World};

impl World {
    pub(crate) fn sabotage_answer(&self, answered: &mut Answered) {
        match (self.scenario.sabotage, &mut answered.verdict) {
            (Sabotage::IgnoreHold, verdict) => {
                answered.hold = None;
                if let Verdict::All(Disposition::Throttled { reason, .. }) = verdict {
                    let reason = reason.clone();
                    *verdict = Verdict::All(Disposition::Retry {
                        reason,
                        after: None,
                    });
                }
            }
            (Sabotage::UnknownIsRetry, Verdict::All(one)) => {
                if let Disposition::Unknown { reason } = one {
                    *one = Disposition::Retry {
                        reason: reason.clone(),
                        after: None,
                    };
                }
            }
            (Sabotage::NoBisection, verdict) => {
                if let Verdict::Bisect(reason) = verdict {
                    let reason = reason.clone();
                    *verdict = Verdict::All(Disposition::Retry {
                        reason,
                        after: None,
                    });
                }
            }
            _ => {}
        }
    }

    pub(crate) fn sabotage_settlements(&mut self, settlements: &mut Vec<Settlement>) {
        match self.scenario.sabotage {
            Sabotage::LoseSettlement if self.chance.percent(10) => {
                settlements.pop();
            }
            Sabotage::SettleLate => {
                settlements.extend(std::mem::take(&mut self.settled_before));
                self.settled_before.clone_from(settlements);
            }
            _ => {}
        }
    }
}
