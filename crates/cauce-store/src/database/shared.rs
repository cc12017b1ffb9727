//! What many hand in at the same time, written in one transaction.
//!
//! Whoever hands something in sends work to the thread that writes; the first such work takes all
//! that waits by then, and the others find nothing left to do. An answer is given for what a
//! commit holds; what is refused was not taken by any transaction, and never will be.

use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::Transaction;
use tokio::sync::oneshot;

use super::{Database, Failure};

/// Pieces on their way to a file. Clones share them.
pub(crate) struct Shared<P, A>(Arc<Mutex<Queue<P, A>>>);

struct Queue<P, A> {
    next: u64,
    waiting: Vec<Waiting<P, A>>,
}

struct Waiting<P, A> {
    ticket: u64,
    piece: P,
    answer: oneshot::Sender<A>,
}

/// What was done in a transaction, for whoever handed it in.
pub(crate) struct Given<A>(Mutex<Vec<(oneshot::Sender<A>, A)>>);

impl<A> Given<A> {
    /// Answers, after the commit and on the thread that writes: whoever asked first may be gone.
    pub(crate) fn give(&self) {
        for (answer, done) in self.0.lock().drain(..) {
            let _ = answer.send(done);
        }
    }
}

impl<P, A> Clone for Shared<P, A> {
    fn clone(&self) -> Self {
        Shared(Arc::clone(&self.0))
    }
}

impl<P, A> Default for Shared<P, A> {
    fn default() -> Self {
        Shared(Arc::new(Mutex::new(Queue {
            next: 0,
            waiting: Vec::new(),
        })))
    }
}

impl<P: Send + 'static, A: Send + 'static> Shared<P, A> {
    /// Hands a piece in; answers once it is on disk. `work` is shown all pieces that its
    /// transaction takes, and answers for each of them in order.
    pub(crate) async fn write<E>(
        &self,
        database: &Database,
        piece: P,
        work: impl FnOnce(&Transaction<'_>, &[P]) -> Result<Vec<A>, E> + Send + 'static,
    ) -> Result<A, E>
    where
        E: From<Failure> + From<rusqlite::Error> + Send + 'static,
    {
        let (ticket, answered) = self.put(piece);
        let shared = self.clone();
        let take = move |tx: &Transaction<'_>| shared.take(|pieces| work(tx, pieces));
        let written = database.write_then(take, Given::give).await.map(drop);
        match written {
            Err(error) if self.take_back(ticket) => Err(error),
            // Another transaction has taken it, or its own has, and says how that went.
            written => answered.await.map_err(|_| match written {
                Err(error) => error,
                Ok(()) => Failure::Sqlite("a write that it shared failed".into()).into(),
            }),
        }
    }

    /// Shows `work`, within a transaction, all pieces that wait; it answers for each of them in
    /// order, and is heard once the commit is on disk.
    pub(crate) fn take<E>(
        &self,
        work: impl FnOnce(&[P]) -> Result<Vec<A>, E>,
    ) -> Result<Given<A>, E> {
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        let all = waiting.into_iter();
        let (pieces, answers): (Vec<P>, Vec<_>) = all.map(|one| (one.piece, one.answer)).unzip();
        let done = work(&pieces)?;
        Ok(Given(Mutex::new(answers.into_iter().zip(done).collect())))
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.lock().waiting.is_empty()
    }

    /// Puts a piece where the next transaction takes it. Answers its number, and when it was done.
    pub(crate) fn put(&self, piece: P) -> (u64, oneshot::Receiver<A>) {
        let (answer, answered) = oneshot::channel();
        let mut queue = self.0.lock();
        let ticket = queue.next;
        queue.next += 1;
        queue.waiting.push(Waiting {
            ticket,
            piece,
            answer,
        });
        (ticket, answered)
    }

    /// Whether a piece was still waiting; then it is not written.
    fn take_back(&self, ticket: u64) -> bool {
        let mut queue = self.0.lock();
        let found = queue.waiting.iter().position(|one| one.ticket == ticket);
        found.map(|at| queue.waiting.remove(at)).is_some()
    }
}
