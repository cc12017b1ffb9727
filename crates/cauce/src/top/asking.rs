//! What the server is asked while keys are heard: one thing at a time, in the order in which it was
//! wished for.

use std::{collections::VecDeque, future::Future, pin::Pin};

use super::{queue::Look, state::Verb};
use crate::failure::Failure;

/// What the server is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// How everything does.
    Look,
    /// To open or shut the gate of a queue, and how everything does then.
    Set { queue: String, verb: Verb },
}

/// What it has answered.
pub(super) struct Answer {
    /// What was done to a queue, or why it was not.
    pub(super) done: Option<(String, Verb, Option<Failure>)>,
    pub(super) look: Result<Look, Failure>,
}

/// An answer that is on its way.
pub(super) type Asked<'a> = Pin<Box<dyn Future<Output = Answer> + 'a>>;

/// What is asked, and what is to be asked next.
pub(super) struct Asking<'a, A> {
    ask: A,
    under_way: Option<Asked<'a>>,
    next: VecDeque<Wish>,
    /// Gates that are on their way to be set, or wait for it.
    unset: usize,
}

impl<'a, A: Fn(Wish) -> Asked<'a>> Asking<'a, A> {
    /// Nothing is asked yet.
    pub(super) fn new(ask: A) -> Self {
        Asking {
            ask,
            under_way: None,
            next: VecDeque::new(),
            unset: 0,
        }
    }

    /// Looks, unless an answer is on its way that shows the same.
    pub(super) fn look(&mut self) {
        if self.under_way.is_none() && self.next.is_empty() {
            self.next.push_back(Wish::Look);
        }
    }

    /// Sets the gate of a queue, after what was wished for before.
    pub(super) fn set(&mut self, queue: String, verb: Verb) {
        self.unset += 1;
        self.next.push_back(Wish::Set { queue, verb });
    }

    /// Waits for the next answer; forever while nothing is asked. Nothing is lost where the wait is
    /// broken off.
    pub(super) async fn answered(&mut self) -> Answer {
        if self.under_way.is_none() {
            self.under_way = self.next.pop_front().map(&self.ask);
        }
        let Some(asked) = &mut self.under_way else {
            return std::future::pending().await;
        };
        let answer = asked.await;
        self.under_way = None;
        self.unset -= usize::from(answer.done.is_some());
        answer
    }

    /// Waits until every gate is set as was wished.
    pub(super) async fn finish(mut self) {
        while self.unset > 0 {
            self.answered().await;
        }
    }
}
