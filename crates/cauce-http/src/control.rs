//! What operators look at and control.

pub(crate) mod alerts;
pub(crate) mod analytics;
pub(crate) mod answer;
pub(crate) mod audit;
pub(crate) mod campaigns;
pub(crate) mod contacts;
pub(crate) mod dead;
pub(crate) mod destinations;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod message_queues;
pub(crate) mod messages;
pub(crate) mod metrics;
pub(crate) mod pixels;
pub(crate) mod probes;
pub(crate) mod queues;
pub(crate) mod relays;
pub(crate) mod sessions;
pub(crate) mod sign_in;
pub(crate) mod stream;
pub(crate) mod tracker;
pub(crate) mod tracking;
mod tracking_metrics;
