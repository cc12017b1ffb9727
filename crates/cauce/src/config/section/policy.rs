//! `[queues.NAME]`: the policy of the lines of one queue, and what an account puts over it.
//!
//! The ranges are those of [`Policy::faults`]; here they only get a place in the file.

use std::{ops::RangeInclusive, time::Duration};

use cauce_flow::dispatch::policy::{
    BatchPolicy, BreakerPolicy, Fault, MAX_WINDOWS, OnUnknown, Policy, RetryPolicy, Window,
};

use crate::config::{
    read::{choice, number, size, time, whole},
    reader::{Section, Wrong},
    tree::{Node, Value},
    units::parse_time,
};

/// Any time; the policy itself knows what is too long.
const ANY: RangeInclusive<Duration> = Duration::ZERO..=Duration::MAX;

/// Reads the policy of a queue. Where a figure is faulty, another stands in for it, so that the
/// others are judged all the same; nothing is ever run with such a policy.
pub(crate) fn read(section: Section<'_>) -> Policy {
    let policy = Policy {
        batch: section.section("batch").map_or(STAND_IN_BATCH, batch),
        rate: section.need("rate", rate).unwrap_or_default(),
        concurrency: section
            .need("concurrency", whole(0..=u32::MAX))
            .unwrap_or(1),
        retry: section.section("retry").map_or(STAND_IN_RETRY, retry),
        breaker: section.section("breaker").map_or(STAND_IN_BREAKER, breaker),
        ttl: section.need("ttl", time(ANY)),
        on_unknown: section
            .need("on_unknown", choice(&ON_UNKNOWN))
            .unwrap_or(OnUnknown::Hold),
    };
    judge(&policy, &section);
    section.finish();
    policy
}

/// Reads the `limits` of an account, which stand over the policy of its queue.
pub(crate) fn read_over(queue: &Policy, section: Section<'_>) -> Policy {
    let mut policy = queue.clone();
    if let Some(rate) = section.find("rate", rate) {
        policy.rate = rate;
    }
    if let Some(concurrency) = section.find("concurrency", whole(0..=u32::MAX)) {
        policy.concurrency = concurrency;
    }
    // The rest is the queue's, and was judged there.
    judge_fields(&policy, &section, &["rate", "concurrency"]);
    section.finish();
    policy
}

/// Reads the `batch` of a relay, whose settings stand over those of its queue.
pub(crate) fn batch_over(queue: &Policy, section: Section<'_>) -> BatchPolicy {
    let mut policy = queue.clone();
    let batch = &mut policy.batch;
    batch.max_items = section.find("max_items", count).unwrap_or(batch.max_items);
    let max_bytes = section.find("max_bytes", size(0..=u64::from(u32::MAX)));
    let max_bytes = max_bytes.and_then(|bytes| usize::try_from(bytes).ok());
    batch.max_bytes = max_bytes.unwrap_or(batch.max_bytes);
    batch.max_wait = section
        .find("max_wait", time(ANY))
        .unwrap_or(batch.max_wait);
    let wait = section.find("priority_wait", time(ANY));
    batch.priority_wait = wait.unwrap_or(batch.priority_wait);
    for fault in policy.faults() {
        let (field, what, write) = in_words(&fault);
        if let Some(field) = field.strip_prefix("batch.") {
            section.fault(field, format!("`{}` {what}", section.name_of(field)), write);
        }
    }
    section.finish();
    policy.batch
}

const ON_UNKNOWN: [(&str, OnUnknown); 2] = [("hold", OnUnknown::Hold), ("retry", OnUnknown::Retry)];
const STAND_IN_BATCH: BatchPolicy = BatchPolicy {
    max_items: 1,
    max_bytes: 1,
    max_wait: Duration::ZERO,
    priority_wait: Duration::ZERO,
};
const STAND_IN_RETRY: RetryPolicy = RetryPolicy {
    max_attempts: 1,
    base: Duration::from_millis(1),
    factor: 1.0,
    cap: Duration::from_secs(7 * 86_400),
    jitter: 0.0,
};
const STAND_IN_BREAKER: BreakerPolicy = BreakerPolicy {
    failures: 1,
    open_for: Duration::from_secs(1),
    probes: 1,
};

fn batch(section: Section<'_>) -> BatchPolicy {
    let stand_in = STAND_IN_BATCH;
    let max_bytes = section.need("max_bytes", size(0..=u64::from(u32::MAX)));
    let batch = BatchPolicy {
        max_items: section
            .need("max_items", count)
            .unwrap_or(stand_in.max_items),
        max_bytes: max_bytes
            .and_then(|n| usize::try_from(n).ok())
            .unwrap_or(stand_in.max_bytes),
        max_wait: section
            .need("max_wait", time(ANY))
            .unwrap_or(stand_in.max_wait),
        priority_wait: section
            .need("priority_wait", time(ANY))
            .unwrap_or(stand_in.priority_wait),
    };
    section.finish();
    batch
}

fn count(node: &Node) -> Result<usize, Wrong> {
    let number: u32 = whole(0..=u32::MAX)(node)?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

fn retry(section: Section<'_>) -> RetryPolicy {
    let any = || number(f64::MIN..=f64::MAX);
    let stand_in = STAND_IN_RETRY;
    let retry = RetryPolicy {
        max_attempts: section
            .need("max_attempts", whole(0..=u8::MAX))
            .unwrap_or(1),
        base: section.need("base", time(ANY)).unwrap_or(stand_in.base),
        factor: section.need("factor", any()).unwrap_or(stand_in.factor),
        cap: section.need("cap", time(ANY)).unwrap_or(stand_in.cap),
        jitter: section.need("jitter", any()).unwrap_or(stand_in.jitter),
    };
    section.finish();
    retry
}

fn breaker(section: Section<'_>) -> BreakerPolicy {
    let stand_in = STAND_IN_BREAKER;
    let breaker = BreakerPolicy {
        failures: section
            .need("failures", whole(0..=u32::MAX))
            .unwrap_or(stand_in.failures),
        open_for: section
            .need("open_for", time(ANY))
            .unwrap_or(stand_in.open_for),
        probes: section
            .need("probes", whole(0..=u32::MAX))
            .unwrap_or(stand_in.probes),
    };
    section.finish();
    breaker
}

/// `[[10, "1s"], [600, "1m"]]`; an empty list is no limit.
fn rate(node: &Node) -> Result<Vec<Window>, Wrong> {
    let windows = match &node.value {
        Value::List(items) => items.iter().map(window).collect(),
        _ => None,
    };
    let write = "pairs of requests and a time: [[10, \"1s\"], [600, \"1m\"]], or [] for no limit";
    windows.ok_or_else(|| Wrong::new("is not a list of windows", write))
}

fn window(node: &Node) -> Option<Window> {
    let Value::List(pair) = &node.value else {
        return None;
    };
    let [max, per] = pair.as_slice() else {
        return None;
    };
    match (&max.value, &per.value) {
        (Value::Integer(max), Value::Text(per) | Value::Loose(per)) => Some(Window {
            max: u32::try_from(*max).ok()?,
            per: parse_time(per)?,
        }),
        _ => None,
    }
}

/// Notes every figure that cannot be meant.
fn judge(policy: &Policy, section: &Section<'_>) {
    judge_fields(
        policy,
        section,
        &["batch", "rate", "concurrency", "retry", "breaker", "ttl"],
    );
}

/// The same, for some of its parts.
fn judge_fields(policy: &Policy, section: &Section<'_>, parts: &[&str]) {
    for fault in policy.faults() {
        let (field, what, write) = in_words(&fault);
        // `rate (window)` and `batch.max_items` belong to `rate` and `batch`.
        let part = field.split(['.', ' ']).next().unwrap_or(field);
        let field = field.split(' ').next().unwrap_or(field);
        if parts.contains(&part) {
            section.fault(field, format!("`{}` {what}", section.name_of(field)), write);
        }
    }
}

fn in_words(fault: &Fault) -> (&'static str, String, String) {
    match fault {
        Fault::OutOfRange {
            field, least, most, ..
        } => (
            field,
            "is out of range".to_owned(),
            format!("from {least} to {most}"),
        ),
        Fault::TooManyWindows { .. } => {
            let write = format!("at most {MAX_WINDOWS} windows");
            ("rate", "has too many windows".to_owned(), write)
        }
        Fault::CapBelowBase { .. } => {
            let write = "a time that is not less than `base`".to_owned();
            ("retry.cap", "is less than `retry.base`".to_owned(), write)
        }
    }
}
