//! Contacts of an audience as they are read, of whom those with one number count as one person.

use cauce_flow::time::Timestamp;
use cauce_store::campaigns::{Audience, Campaigns, Error, MAX_EARLIER, Member, Page, Walk};

use super::fill::Filling;

/// A part of an audience.
pub(crate) struct Members {
    page: Page,
    /// Of each of them whose number is there twice, the first ones with it.
    earlier: Vec<Vec<Member>>,
}

impl Members {
    /// Reads a part.
    pub(crate) async fn read(
        store: &Campaigns,
        audience: &Audience,
        walk: Walk,
    ) -> Result<Members, Error> {
        let page = store.page(audience, walk).await?;
        let twice = page.duplicates();
        let earlier = match twice.is_empty() {
            true => Vec::new(),
            false => store.earlier(audience, twice).await?,
        };
        Ok(Members { page, earlier })
    }

    /// How many they are, with those that do not count.
    pub(crate) fn count(&self) -> usize {
        self.page.count()
    }

    /// The row of the last one; none where there is nobody.
    pub(crate) fn last_row(&self) -> Option<u64> {
        self.page.last_row()
    }

    /// Takes it back of a contact that its number is there twice, where the earlier ones get no
    /// message themselves. Only what is stored counts, so that an interrupted walk tells the same.
    pub(crate) fn judged(self, filling: &Filling, now: Timestamp) -> Result<Vec<Candidate>, Error> {
        let mut earlier = self.earlier.into_iter();
        let mut candidates = Vec::with_capacity(self.page.count());
        for mut member in self.page.open()? {
            let mut asks = member.touched;
            if member.duplicate && !member.touched {
                let earlier = earlier.next().unwrap_or_default();
                member.duplicate = earlier.iter().any(|other| filling.fits(other, now));
                asks = !member.duplicate && earlier.len() >= MAX_EARLIER;
            }
            member.duplicate &= !asks;
            candidates.push(Candidate { member, asks });
        }
        Ok(candidates)
    }
}

/// A contact that may get a message.
pub(crate) struct Candidate {
    pub(crate) member: Member,
    /// Whether the others with its number, as they are now, do not say if one of them has got it.
    pub(crate) asks: bool,
}
