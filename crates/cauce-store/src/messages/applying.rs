//! One transaction of the projection.

use rusqlite::Transaction;

use super::figures::Deltas;

/// A transaction, and the changes of figures that it gathers.
pub(super) struct Applying<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) deltas: Deltas,
}

impl<'a> Applying<'a> {
    /// Does work in a transaction and writes the figures that follow from it.
    pub(super) fn run<T>(
        tx: &'a Transaction<'a>,
        batch_size: u64,
        work: impl FnOnce(&mut Applying<'a>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut applying = Applying {
            tx,
            deltas: Deltas::new(batch_size),
        };
        let done = work(&mut applying)?;
        applying.deltas.write(tx)?;
        Ok(done)
    }
}
