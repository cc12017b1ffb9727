//! People who want no more messages, as a provider knows, and a crash at the worst moment.

use cauce_flow::{
    dispatch::disposition::Delivery, id::JobId, priority::Priority, reason::Reason, time::Timestamp,
};
use cauce_store::messages::{Bearing, Change, Messages, Next, Taken, What};

use super::bench::{Bench, Faulty, Panics, account, tenant};

const ANA: &str = "+34600111222";
/// The log that told of the message; not that of the engine, which begins anew.
const LOG: u32 = 7;

fn bearing(code: &str) -> Bearing {
    match code {
        "twilio_21610" => Bearing::Person,
        _ => Bearing::Message,
    }
}

fn change(position: u64, what: What) -> Change {
    Change {
        position,
        at: Timestamp::from_millis(1_000),
        number: 0,
        what,
    }
}

/// What the log tells of a message that its provider has refused.
fn refused() -> Vec<Change> {
    let taken = Taken {
        job: JobId::new(0, LOG, Timestamp::from_millis(1_000)),
        tenant: tenant(),
        sender: account(),
        to: ANA.to_owned(),
        kind: "text".to_owned(),
        campaign: None,
        part: None,
        conversation: None,
        metadata: None,
        priority: Priority::Normal,
        due_at: Timestamp::EPOCH,
        expires_at: Timestamp::NEVER,
    };
    let next = Next::Dead {
        reason: Reason::new("twilio_21610", "the person has opted out"),
    };
    vec![
        change(1, What::Taken(Box::new(taken))),
        change(
            2,
            What::Tried {
                attempt: None,
                next,
            },
        ),
    ]
}

#[tokio::test]
async fn who_wants_no_more_is_opted_out_at_the_next_start_whatever_a_crash_came_between() {
    let dir = tempfile::tempdir().unwrap();
    let messages = Messages::open(dir.path(), 500, bearing).unwrap();
    // The place in the log is kept, and the process dies before it has told anybody.
    messages.project(LOG, 2, refused()).await.unwrap();
    messages.close().await;
    let faulty = || Faulty::new(Panics::Screen, Delivery::NeverTwice, 1);
    let bench = Bench::start_in(dir, faulty()).await;
    let people = bench.engine.campaigns();
    // By the time it has started, before anything could be sent.
    assert!(people.is_opted_out(&tenant(), ANA));
    assert!(!people.is_opted_out(&tenant(), "+34600111223"));
    people.opt_in(&tenant(), &[ANA]).await.unwrap();
    let dir = bench.leave().await;
    // Told once, it is not told again.
    let bench = Bench::start_in(dir, faulty()).await;
    assert!(!bench.engine.campaigns().is_opted_out(&tenant(), ANA));
    bench.stop().await;
}
