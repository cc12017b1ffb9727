//! Jobs, their attempts, and why they wait.

use cauce_engine::status::Why;
use cauce_flow::{queue::settlement::Attempt, reason::Reason, time::Timestamp};
use cauce_store::jobs::{DeadReason, JobDetail, JobSummary};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{mask, queue::GateView};

/// A job as a list shows it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Job)]
pub(crate) struct JobView {
    /// Its id.
    #[schema(example = "job_01jd8x3k2v7w9y4z6a5b3c2d1e")]
    id: String,
    /// Its queue.
    queue: String,
    /// The account it goes through.
    account: String,
    /// Whose it is.
    tenant: String,
    /// What it belongs to.
    group: Option<String>,
    /// `scheduled`, `waiting`, `active`, `completed`, `dead`, `unknown`, `expired` or `cancelled`.
    state: &'static str,
    /// Whether it is scheduled for another attempt after one that failed.
    delayed: bool,
    /// `critical`, `high`, `normal` or `low`.
    priority: &'static str,
    /// Attempts made.
    attempt: u8,
    /// Attempts it has.
    max_attempts: u8,
    /// When it was taken.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it is due.
    #[schema(value_type = String, format = DateTime)]
    due_at: Timestamp,
    /// When it expires; null where it does not.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// When it reached its end state.
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// Its last failure.
    last_error: Option<ReasonView>,
}

/// Why something failed.
#[derive(Serialize, ToSchema)]
#[schema(as = Reason)]
pub(crate) struct ReasonView {
    /// A short, stable code to group by.
    #[schema(example = "http_503")]
    pub(super) code: String,
    /// What happened.
    pub(super) detail: String,
}

/// A job with all that happened to it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = JobDetail)]
pub(crate) struct JobDetailView {
    #[serde(flatten)]
    job: JobView,
    /// The destination's own id of it.
    provider_id: Option<String>,
    /// Every attempt, oldest first.
    attempts: Vec<AttemptView>,
    /// What it carries; personal data is masked.
    #[schema(value_type = Object)]
    payload: Value,
}

/// One try to deliver a job.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Attempt)]
pub(crate) struct AttemptView {
    /// Its number; the first is 1.
    number: usize,
    /// When the request left.
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    /// When its answer, or its failure, was there.
    #[schema(value_type = String, format = DateTime)]
    ended_at: Timestamp,
    /// How long it took, in milliseconds.
    duration_ms: u64,
    /// The HTTP status; null where no answer came.
    status: Option<u16>,
    /// How many jobs shared the request.
    batch: u32,
    /// What went wrong, if anything did.
    error: Option<ReasonView>,
}

/// Why a job is not running yet.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Why)]
pub(crate) struct WhyView {
    /// The job.
    id: String,
    /// Its state.
    state: &'static str,
    /// Its queue.
    queue: String,
    /// The account it goes through.
    account: String,
    /// How many jobs are served before it, at most.
    position: Option<u64>,
    /// Every gate that is shut.
    gates: Vec<GateView>,
    /// All of it in one sentence.
    #[schema(example = "rate 600/1m until 12:03:07; position 812")]
    summary: String,
}

/// Dead letters that share a reason.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = DeadReason)]
pub(crate) struct DeadReasonView {
    /// The reason's code.
    code: String,
    /// The sentence of the newest of them.
    detail: String,
    /// The queue.
    queue: String,
    /// How many.
    count: u64,
    /// When the newest of them died.
    #[schema(value_type = String, format = DateTime)]
    newest_at: Timestamp,
}

impl From<JobSummary> for JobView {
    fn from(job: JobSummary) -> Self {
        use cauce_flow::job::State;
        JobView {
            id: job.id.to_string(),
            queue: job.line.queue.to_string(),
            account: job.line.account.to_string(),
            tenant: job.tenant.to_string(),
            group: job.group.map(|group| group.to_string()),
            state: job.state.as_str(),
            delayed: job.state == State::Scheduled && job.attempt > 0,
            priority: job.priority.as_str(),
            attempt: job.attempt,
            max_attempts: job.max_attempts,
            created_at: job.enqueued_at,
            due_at: job.due_at,
            expires_at: (job.expires_at != Timestamp::NEVER).then_some(job.expires_at),
            finished_at: job.finished_at,
            last_error: job.last_error.map(ReasonView::from),
        }
    }
}

impl From<Reason> for ReasonView {
    fn from(reason: Reason) -> Self {
        ReasonView {
            code: reason.code,
            detail: reason.detail,
        }
    }
}

impl From<JobDetail> for JobDetailView {
    fn from(detail: JobDetail) -> Self {
        JobDetailView {
            job: detail.summary.into(),
            provider_id: detail.provider_id,
            attempts: (1..).zip(detail.attempts).map(AttemptView::new).collect(),
            payload: mask::payload(&detail.payload),
        }
    }
}

impl AttemptView {
    fn new((number, attempt): (usize, Attempt)) -> AttemptView {
        let took = attempt.ended_at.since(attempt.started_at).as_millis();
        AttemptView {
            number,
            started_at: attempt.started_at,
            ended_at: attempt.ended_at,
            duration_ms: u64::try_from(took).unwrap_or(u64::MAX),
            status: (attempt.status != 0).then_some(attempt.status),
            batch: attempt.batch,
            error: attempt.reason.map(ReasonView::from),
        }
    }
}

impl From<Why> for WhyView {
    fn from(why: Why) -> Self {
        WhyView {
            id: why.job.to_string(),
            state: why.state.as_str(),
            queue: why.line.queue.to_string(),
            account: why.line.account.to_string(),
            position: why.position,
            gates: why.gates.into_iter().map(GateView::from).collect(),
            summary: why.summary,
        }
    }
}

impl From<DeadReason> for DeadReasonView {
    fn from(dead: DeadReason) -> Self {
        DeadReasonView {
            code: dead.code,
            detail: dead.detail,
            queue: dead.queue.to_string(),
            count: dead.count,
            newest_at: dead.newest_at,
        }
    }
}
