//! The store in figures.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::Ordering},
};

use super::shared::Shared;
use crate::store::{BufferFigures, Health, Partition};

impl Shared {
    /// The store in figures.
    pub(super) fn health(&self) -> Health {
        let (parts, buffer, crowded_out) = {
            let state = self.state.lock();
            let counters = state.counters.of(None);
            let figures = BufferFigures {
                current_size: state.buffer.len() as u64,
                total_received: counters.received,
                total_flushed: state.manifest.flushed,
                total_discarded: counters.sampled_out,
                ..BufferFigures::default()
            };
            let crowded_out = state.aggregator.crowded_out();
            (Arc::clone(&state.shown.parts), figures, crowded_out)
        };
        let mut months = BTreeMap::new();
        for entry in parts.values() {
            let month = months.entry(entry.month).or_insert_with(|| Partition {
                name: entry.month.to_string(),
                rows: 0,
                files: 0,
                bytes: 0,
            });
            month.rows += entry.part.rows;
            month.files += 1;
            month.bytes += entry.part.bytes + entry.part.rollup_bytes;
        }
        let told = self.figures.told.lock();
        Health {
            buffer: BufferFigures {
                last_flush_at: told.last_flush_at,
                flush_times: told.flush_times(),
                flush_count: self.figures.flushes.load(Ordering::Relaxed),
                ..buffer
            },
            partitions: months.into_values().collect(),
            last_error: told.faults.last().map(|(_, at, why)| (*at, why.clone())),
            log_bytes: self
                .reader
                .segments()
                .iter()
                .map(|segment| segment.bytes)
                .sum(),
            crowded_out,
            corrupt: self.figures.corrupt,
        }
    }
}
