//! One transaction of the projection.

use rusqlite::Transaction;

use super::{bearing::Judge, deltas::Deltas};

/// What a transaction works with.
#[derive(Clone, Copy)]
pub(super) struct With {
    /// Messages of one batch, in campaigns that are new.
    pub(super) batch_size: u64,
    /// Says whom a failure concerns.
    pub(super) judge: Judge,
}

/// A transaction, and the changes of figures that it gathers.
pub(super) struct Applying<'a> {
    pub(super) tx: &'a Transaction<'a>,
    pub(super) deltas: Deltas,
    pub(super) judge: Judge,
    /// Whether the fate of a job that nobody knew is known with it.
    pub(super) settles: bool,
}

impl<'a> Applying<'a> {
    /// Does work in a transaction and writes the figures that follow from it.
    pub(super) fn run<T>(
        tx: &'a Transaction<'a>,
        with: With,
        work: impl FnOnce(&mut Applying<'a>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut applying = Applying {
            tx,
            deltas: Deltas::new(with.batch_size),
            judge: with.judge,
            settles: false,
        };
        let done = work(&mut applying)?;
        applying.deltas.write(tx)?;
        Ok(done)
    }
}
