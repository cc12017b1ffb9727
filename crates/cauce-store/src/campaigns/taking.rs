//! Entries, taken in one commit.

use cauce_flow::time::Timestamp;
use rusqlite::Transaction;
use serde_json::Value;

use super::{
    Campaigns, Error,
    imports::{self, Import},
    upsert::{Batch, Outcome, Upsert},
};
use crate::personal::PhoneHash;

impl Campaigns {
    /// Takes entries in one commit. Where one is refused and [`Upsert::all_or_none`] is set, nothing
    /// is taken, and what the answer says of the others is what would have become of them.
    pub async fn upsert(&self, upsert: Upsert, now: Timestamp) -> Result<Outcome, Error> {
        self.upsert_and(upsert, now, |_, _| Ok(())).await
    }

    /// Takes entries of an import, and notes in the same commit how far that is with them: so it
    /// never tells of less, or of more, than has been taken.
    pub async fn upsert_of_import(
        &self,
        import: &Import,
        upsert: Upsert,
        now: Timestamp,
        tell: impl FnOnce(&Outcome) -> Value + Send + 'static,
    ) -> Result<Outcome, Error> {
        let number = import.number;
        let note = move |tx: &Transaction<'_>, outcome: &Outcome| {
            Ok(imports::tell(tx, number, &tell(outcome))?)
        };
        self.upsert_and(upsert, now, note).await
    }

    async fn upsert_and(
        &self,
        upsert: Upsert,
        now: Timestamp,
        and: impl FnOnce(&Transaction<'_>, &Outcome) -> Result<(), Error> + Send + 'static,
    ) -> Result<Outcome, Error> {
        let (personal, opted_out) = (self.personal.clone(), self.opted_out.clone());
        let work = move |tx: &Transaction<'_>| -> Result<(Outcome, Vec<PhoneHash>), Taken> {
            let mut batch = Batch::begin(tx, &personal, &upsert.tenant, now)?;
            let mut outcome = Vec::with_capacity(upsert.entries.len());
            for entry in upsert.entries {
                outcome.push(batch.take(entry)?);
            }
            if upsert.all_or_none && outcome.iter().any(Result::is_err) {
                return Err(Taken::None(outcome));
            }
            let new = batch.finish()?;
            and(tx, &outcome)?;
            Ok((outcome, new))
        };
        let then = move |(_, new): &(Outcome, Vec<PhoneHash>)| opted_out.add(new.iter().copied());
        match self.database.write_then(work, then).await {
            Ok((outcome, _)) | Err(Taken::None(outcome)) => Ok(outcome),
            Err(Taken::Failed(error)) => Err(error),
        }
    }
}

/// Why a batch leaves nothing.
enum Taken {
    None(Outcome),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Taken {
    fn from(error: E) -> Taken {
        Taken::Failed(error.into())
    }
}
