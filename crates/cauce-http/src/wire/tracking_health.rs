//! How tracking does, told by `GET /tracking-v2/health`.

use cauce_engine::tracking::Exported;
use cauce_events::store::{Counters, Health, Partition};
use cauce_flow::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// How tracking does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingHealth)]
pub(crate) struct HealthView {
    /// `ok` or `degraded`.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
    /// The buffer between log and files.
    buffer: BufferView,
    /// What was received and what became of it, since the store was made.
    events: CountersView,
    /// Where events are kept.
    #[schema(value_type = String, example = "embedded")]
    store: &'static str,
    /// The months, oldest first.
    partitions: Vec<PartitionView>,
    /// The daily export, by the place that it goes to; for keys of all tenants.
    exports: Vec<ExportView>,
    /// What last went wrong; null while nothing is wrong.
    #[schema(required = true)]
    last_error: Option<LastErrorView>,
}

/// How the daily export to one place does.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingExport)]
pub(crate) struct ExportView {
    /// `folder` or `bucket`.
    #[schema(value_type = String, example = "bucket")]
    to: &'static str,
    /// The last day that is there; null before the first.
    #[schema(required = true, example = "2026-01-31")]
    through: Option<String>,
    /// Files that were written since the process started.
    files: u64,
    /// Their bytes.
    bytes: u64,
    /// How often a day could not be written since the process started.
    failures: u64,
    /// What last went wrong; null while nothing is wrong.
    #[schema(required = true)]
    last_error: Option<LastErrorView>,
}

/// The buffer between log and files.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingBuffer)]
pub(crate) struct BufferView {
    /// Events in it.
    current_size: u64,
    /// Events received.
    total_received: u64,
    /// Events written to files.
    total_flushed: u64,
    /// Events left out by sampling.
    total_discarded: u64,
    /// When it was last written to files.
    #[schema(required = true, value_type = Option<String>, format = DateTime)]
    last_flush_at: Option<Timestamp>,
    /// How often it was written to files since the process started.
    flush_count: u64,
}

/// What was received and what became of it. `received` is the sum of the others.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TrackingCounters)]
pub(crate) struct CountersView {
    received: u64,
    stored: u64,
    sampled_out: u64,
    merged: u64,
    duplicates: u64,
    withheld: u64,
    rejected: u64,
}

/// One month of events.
#[derive(Serialize, ToSchema)]
#[schema(as = TrackingPartition)]
pub(crate) struct PartitionView {
    #[schema(example = "tracking_events_2026_01")]
    name: String,
    /// Rows in its files, those of all tenants.
    rows: u64,
    files: u64,
    bytes: u64,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = TrackingLastError)]
pub(crate) struct LastErrorView {
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    detail: String,
}

impl From<(Timestamp, String)> for LastErrorView {
    fn from((at, detail): (Timestamp, String)) -> LastErrorView {
        LastErrorView { at, detail }
    }
}

impl From<Exported> for ExportView {
    fn from(exported: Exported) -> ExportView {
        ExportView {
            to: exported.to,
            through: exported.through.map(|(day, _)| day),
            files: exported.files,
            bytes: exported.bytes,
            failures: exported.failures,
            last_error: exported.last_error.map(LastErrorView::from),
        }
    }
}

impl HealthView {
    /// `whole` shows the sizes of everybody's partitions, too.
    pub(crate) fn new(
        health: Health,
        exported: Vec<Exported>,
        counters: Counters,
        whole: bool,
    ) -> HealthView {
        let buffer = health.buffer;
        let partition = |partition: Partition| PartitionView {
            name: partition.name,
            rows: partition.rows,
            files: partition.files,
            bytes: partition.bytes,
        };
        HealthView {
            status: match (&health.last_error, health.corrupt) {
                (None, 0) => "ok",
                _ => "degraded",
            },
            buffer: BufferView {
                current_size: buffer.current_size,
                total_received: if whole {
                    buffer.total_received
                } else {
                    counters.received
                },
                total_flushed: if whole {
                    buffer.total_flushed
                } else {
                    counters.stored
                },
                total_discarded: counters.sampled_out,
                last_flush_at: buffer.last_flush_at,
                flush_count: buffer.flush_count,
            },
            events: counters.into(),
            store: "embedded",
            partitions: match whole {
                true => health.partitions.into_iter().map(partition).collect(),
                false => Vec::new(),
            },
            exports: match whole {
                true => exported.into_iter().map(ExportView::from).collect(),
                false => Vec::new(),
            },
            last_error: health.last_error.map(LastErrorView::from),
        }
    }
}

impl From<Counters> for CountersView {
    fn from(counters: Counters) -> CountersView {
        CountersView {
            received: counters.received,
            stored: counters.stored,
            sampled_out: counters.sampled_out,
            merged: counters.merged,
            duplicates: counters.duplicates,
            withheld: counters.withheld,
            rejected: counters.rejected,
        }
    }
}
