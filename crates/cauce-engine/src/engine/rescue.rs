//! What is done at the start about what was in hand when the process ended.

use cauce_store::jobs::Error;

use super::Engine;
use crate::{janitor, line::never_twice};

impl Engine {
    /// Settles the leases that a crash left behind, before the first claim, and checks the law.
    pub(super) async fn rescue(&self) -> Result<(), Error> {
        let inner = &self.inner;
        let accounts = inner.settings.read().accounts.clone();
        let (jobs, now) = (&inner.jobs, inner.clock.now());
        let rescued = jobs.rescue(never_twice(&accounts), now).await?;
        if rescued != Default::default() {
            tracing::warn!(
                released = rescued.released,
                unknown = rescued.unknown,
                poison = rescued.poison,
                "jobs were in hand when the process ended"
            );
        }
        inner.alerting.on_check(janitor::check(&inner.jobs).await);
        Ok(())
    }
}
