//! The figures of tracking, for `/metrics`.

use cauce_engine::tracking::Exported;
use cauce_events::store::{Counters, FlushTimes, Health};

use crate::metrics::Snapshot;

/// What was received and what became of it.
pub(crate) fn tell_counters(to: &Snapshot, counters: &Counters) {
    let received = "Tracked events that came in.";
    to.counter(
        "cauce_tracking_received_total",
        received,
        &[],
        counters.received,
    );
    let ends = [
        ("stored", counters.stored),
        ("sampled_out", counters.sampled_out),
        ("merged", counters.merged),
        ("duplicate", counters.duplicates),
        ("withheld", counters.withheld),
        ("rejected", counters.rejected),
    ];
    for (end, count) in ends {
        let what = "Tracked events by what became of them; the sum is what came in.";
        to.counter("cauce_tracking_events_total", what, &[("end", end)], count);
    }
}

/// How the event store does.
pub(crate) fn tell_store(to: &Snapshot, health: &Health, readers: usize) {
    tell_flushes(to, health.buffer.flush_times);
    let sum = |of: fn(&cauce_events::store::Partition) -> u64| -> f64 {
        health.partitions.iter().map(of).sum::<u64>() as f64
    };
    let gauges: [(&'static str, &'static str, f64); 8] = [
        (
            "cauce_tracking_buffer_events",
            "Events that wait for their files.",
            health.buffer.current_size as f64,
        ),
        (
            "cauce_tracking_partitions",
            "Months of events.",
            health.partitions.len() as f64,
        ),
        ("cauce_tracking_files", "Files of events.", sum(|p| p.files)),
        ("cauce_tracking_rows", "Rows in files.", sum(|p| p.rows)),
        (
            "cauce_tracking_file_bytes",
            "Bytes of files.",
            sum(|p| p.bytes),
        ),
        (
            "cauce_tracking_log_bytes",
            "Bytes of the log.",
            health.log_bytes as f64,
        ),
        (
            "cauce_tracking_failing",
            "1 while something goes wrong.",
            f64::from(u8::from(health.last_error.is_some())),
        ),
        (
            "cauce_tracking_stream_readers",
            "Readers of the live stream.",
            readers as f64,
        ),
    ];
    for (metric, what, value) in gauges {
        to.gauge(metric, what, &[], value);
    }
    let counters: [(&'static str, &'static str, u64); 3] = [
        (
            "cauce_tracking_flushed_total",
            "Rows written to files.",
            health.buffer.total_flushed,
        ),
        (
            "cauce_tracking_flushes_total",
            "How often the buffer was written to files.",
            health.buffer.flush_count,
        ),
        (
            "cauce_tracking_damaged_total",
            "Damaged places of the log that were set aside.",
            health.corrupt,
        ),
    ];
    for (metric, what, value) in counters {
        to.counter(metric, what, &[], value);
    }
}

/// How long it takes to write the buffer to files.
fn tell_flushes(to: &Snapshot, times: Option<FlushTimes>) {
    let Some(FlushTimes { p50, p95, p99 }) = times else {
        return;
    };
    for (quantile, time) in [("0.5", p50), ("0.95", p95), ("0.99", p99)] {
        let what = "How long the last flushes of the buffer into files took.";
        let of = [("quantile", quantile)];
        to.gauge(
            "cauce_tracking_flush_seconds",
            what,
            &of,
            time.as_secs_f64(),
        );
    }
}

/// How the daily export does.
pub(crate) fn tell_exports(to: &Snapshot, exported: &[Exported]) {
    for place in exported {
        let of = [("to", place.to)];
        let counters: [(&'static str, &'static str, u64); 3] = [
            (
                "cauce_tracking_export_files_total",
                "Files of the daily export that were written.",
                place.files,
            ),
            (
                "cauce_tracking_export_bytes_total",
                "Their bytes.",
                place.bytes,
            ),
            (
                "cauce_tracking_export_failures_total",
                "How often a day could not be exported; it is tried again.",
                place.failures,
            ),
        ];
        for (metric, what, value) in counters {
            to.counter(metric, what, &of, value);
        }
        let through = place.through.as_ref();
        let end = through.map_or(0.0, |(_, end)| end.as_millis() as f64 / 1_000.0);
        let what = "The end of the last day that is exported, in Unix time; 0 before the first.";
        to.gauge("cauce_tracking_export_through_seconds", what, &of, end);
        let what = "1 while the daily export cannot be written.";
        let failing = f64::from(u8::from(place.last_error.is_some()));
        to.gauge("cauce_tracking_export_failing", what, &of, failing);
    }
}
