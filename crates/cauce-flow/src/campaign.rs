//! Campaigns: one message to many people, by rules that stand on the queue.
//!
//! A campaign is a group of jobs. What is here decides before there are jobs and about all of them
//! together: [`state`] what a campaign may do next, [`late`] what becomes of one that comes due while
//! nobody is there, [`template`] and [`variant`] what each person is sent, [`window`] when, [`skip`]
//! who is left out, [`estimate`] how long it takes, [`failing`] when it has to stop by itself, and
//! [`rate`] how far a share of few can be trusted.

pub mod state;

pub mod late;

pub mod skip;
pub mod template;
pub mod variant;
pub mod window;

pub mod estimate;
pub mod rate;

pub mod failing;
