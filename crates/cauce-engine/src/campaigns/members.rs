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
    /// Where there are too many to look at them all, one of them may have got it: then nobody does.
    pub(crate) fn forgiven(self, filling: &Filling, now: Timestamp) -> Result<Vec<Member>, Error> {
        let mut members = self.page.open()?;
        let twice = members.iter_mut().filter(|member| member.duplicate);
        for (member, earlier) in twice.zip(&self.earlier) {
            member.duplicate = earlier.len() >= MAX_EARLIER
                || earlier.iter().any(|other| filling.fits(other, now));
        }
        Ok(members)
    }
}
