use cauce_flow::{
    id::{AccountName, JobId},
    job::State as JobState,
    priority::Priority,
    queue::settlement::Attempt,
    reason::Reason,
};

use super::*;
use crate::jobs::Scope;

mod following;
mod property;

const LOG: u32 = 7;

fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(ms)
}

fn job(number: u64) -> JobId {
    JobId::new(number, LOG, at(1_000 + number as i64))
}

fn tenant() -> TenantId {
    TenantId::new("acme").unwrap()
}

fn account(name: &str) -> AccountName {
    AccountName::new(name).unwrap()
}

fn taken(number: u64, to: &str, campaign: Option<u64>) -> Change {
    change(
        number + 1,
        number,
        What::Taken(Box::new(Taken {
            job: job(number),
            tenant: tenant(),
            sender: account("main"),
            to: to.to_owned(),
            kind: "text".to_owned(),
            campaign: campaign.and(GroupName::new("spring").ok()),
            part: campaign.map(|place| Part {
                number: place,
                variant: (place % 2) as u16,
                contact: format!("c{place}"),
            }),
            conversation: None,
            metadata: Some(r#"{"order":7}"#.to_owned()),
            priority: Priority::High,
            due_at: at(0),
            expires_at: at(500_000),
        })),
    )
}

fn change(position: u64, number: u64, what: What) -> Change {
    Change {
        position,
        at: at(10_000 + position as i64),
        number,
        what,
    }
}

fn completed(id: &str) -> What {
    let attempt = Attempt {
        started_at: at(20_000),
        ended_at: at(20_250),
        status: 201,
        batch: 1,
        reason: None,
    };
    What::Tried {
        attempt: Some(attempt),
        next: Next::Completed {
            provider_id: Some(id.to_owned()),
        },
    }
}

fn told(id: &str, word: Word, ms: i64) -> Told {
    Told {
        account: account("main"),
        provider_id: id.to_owned(),
        job: None,
        word,
        reason: (word == Word::Failed).then(|| Reason::new("twilio_63016", "outside the window")),
        at: at(ms),
    }
}

fn inbound(id: &str, from: &str, ms: i64) -> Inbound {
    Inbound {
        tenant: tenant(),
        account: account("main"),
        provider_id: id.to_owned(),
        from: from.to_owned(),
        kind: "text".to_owned(),
        text: Some("¿Sigue en venta?".to_owned()),
        reply_to: None,
        at: at(ms),
        opt: None,
    }
}

fn words(told: Vec<Told>) -> Hearing {
    Hearing {
        told,
        inbound: Vec::new(),
    }
}

fn judge(code: &str) -> Bearing {
    match code {
        "unwanted" => Bearing::Person,
        "limited" => Bearing::Sender,
        _ => Bearing::Message,
    }
}

fn open(dir: &tempfile::TempDir) -> Messages {
    Messages::open(dir.path(), 2, judge).unwrap()
}

/// Every message of the tenant.
fn every() -> Filter {
    Filter {
        scope: Scope::Tenant(tenant()),
        states: Vec::new(),
        due_after: None,
        of_audience: false,
        sender: None,
        campaign: None,
        conversation: None,
        to: None,
        answered: None,
        before: None,
        limit: 9,
    }
}

async fn state(messages: &Messages, number: u64) -> MessageState {
    look(messages, number).await.0.state
}

async fn look(messages: &Messages, number: u64) -> (MessageView, Vec<Spoken>) {
    let found = messages.one(job(number), Scope::All).await.unwrap();
    found.unwrap()
}

#[tokio::test]
async fn a_message_is_followed_from_taken_to_answered() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    messages
        .project(LOG, 1, vec![taken(0, "+34600000001", None)])
        .await
        .unwrap();
    let queued = look(&messages, 0).await.0;
    assert_eq!(queued.state, MessageState::Queued);
    assert_eq!(queued.expires_at, Some(at(500_000)));
    let heard = messages
        .hear(words(vec![told("SM1", Word::Read, 30_000)]), at(31_000))
        .await
        .unwrap();
    assert_eq!((heard.new, heard.repeated, heard.settles), (1, 0, false));
    messages
        .project(LOG, 5, vec![change(5, 0, completed("SM1"))])
        .await
        .unwrap();
    let hearing = Hearing {
        told: vec![told("SM1", Word::Delivered, 29_000)],
        inbound: vec![inbound("IN1", "+34600000001", 40_000)],
    };
    messages.hear(hearing, at(41_000)).await.unwrap();
    let (view, spoken) = look(&messages, 0).await;
    assert_eq!(view.state, MessageState::Read);
    assert_eq!(view.to, "+34600000001");
    assert_eq!(view.metadata.as_deref(), Some(r#"{"order":7}"#));
    assert_eq!(view.priority, Priority::High);
    assert_eq!(view.provider_id.as_deref(), Some("SM1"));
    assert_eq!(view.tries.len(), 1);
    assert_eq!(view.tries[0].status, 201);
    assert_eq!(view.sent_at, Some(at(20_250)));
    assert_eq!(view.delivered_at, Some(at(29_000)));
    assert_eq!(view.read_at, Some(at(30_000)));
    assert_eq!(view.answered_at, Some(at(40_000)));
    assert_eq!(
        spoken.iter().map(|spoken| spoken.word).collect::<Vec<_>>(),
        [Word::Delivered, Word::Read]
    );
    let came = messages.inbound(Scope::All, None, 9).await.unwrap();
    assert_eq!(came[0].text.as_deref(), Some("¿Sigue en venta?"));
    assert_eq!(came[0].from, "+34600000001");
    assert_eq!(came[0].answers, Some(job(0)));
}

#[tokio::test]
async fn nothing_personal_stands_in_the_file_in_clear() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    messages
        .project(LOG, 1, vec![taken(0, "+34600000001", None)])
        .await
        .unwrap();
    let hearing = Hearing {
        told: Vec::new(),
        inbound: vec![inbound("IN1", "+34600000001", 40_000)],
    };
    messages.hear(hearing, at(41_000)).await.unwrap();
    messages.close().await;
    let mut all = Vec::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        all.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    for text in ["34600000001", "Sigue en venta", "order"] {
        let found = all
            .windows(text.len())
            .any(|bytes| bytes == text.as_bytes());
        assert!(!found, "{text}");
    }
}

#[tokio::test]
async fn what_stands_before_the_place_that_was_reached_is_not_taken_again() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let first = vec![
        taken(0, "+34600000001", Some(0)),
        taken(1, "+34600000002", Some(1)),
    ];
    messages.project(LOG, 2, first.clone()).await.unwrap();
    messages.project(LOG, 2, first.clone()).await.unwrap();
    messages.close().await;
    let messages = open(&dir);
    assert_eq!(messages.kept_through().await.unwrap()[&LOG], 2);
    let more = [first, vec![change(3, 0, completed("SM1"))]].concat();
    messages.project(LOG, 3, more).await.unwrap();
    let spring = GroupName::new("spring").unwrap();
    let figures = messages.campaign(&tenant(), &spring).await.unwrap();
    assert_eq!(figures.all().taken(), 2);
    assert_eq!(figures.all().attempts, 1);
    assert_eq!(figures.all().attempt_ms, 250);
    assert_eq!(figures.variants[&0].state(MessageState::Sent), 1);
    assert_eq!(figures.variants[&1].state(MessageState::Queued), 1);
    assert_eq!(figures.batches.active, 1);
    assert_eq!(figures.first_sent_at, Some(20_250));
}

#[tokio::test]
async fn a_callback_settles_a_job_whose_fate_nobody_knows() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let unknown = What::Tried {
        attempt: None,
        next: Next::Unknown {
            reason: Reason::new("reset", "the connection ended"),
        },
    };
    let changes = vec![taken(0, "+34600000001", None), change(2, 0, unknown)];
    messages.project(LOG, 2, changes).await.unwrap();
    let unsettled = messages.unsettled(None, 9).await.unwrap();
    assert_eq!((unsettled[0].job, unsettled[0].word), (job(0), None));
    let by_job = Told {
        job: Some(job(0)),
        ..told("SM9", Word::Sent, 30_000)
    };
    let heard = messages.hear(words(vec![by_job]), at(1)).await.unwrap();
    assert!(heard.settles);
    assert_eq!(state(&messages, 0).await, MessageState::Sent);
    // Another account cannot speak of it.
    let foreign = Told {
        account: account("other"),
        job: Some(job(0)),
        ..told("SM9", Word::Read, 30_000)
    };
    messages.hear(words(vec![foreign]), at(1)).await.unwrap();
    assert_eq!(state(&messages, 0).await, MessageState::Sent);
    let settled = messages.unsettled(None, 9).await.unwrap();
    assert_eq!(settled[0].word, Some(Word::Sent));
    let moved = change(3, 0, What::Moved(JobState::Completed));
    messages.project(LOG, 3, vec![moved]).await.unwrap();
    assert!(messages.unsettled(None, 9).await.unwrap().is_empty());
    assert_eq!(
        look(&messages, 0).await.0.provider_id.as_deref(),
        Some("SM9")
    );
}

#[tokio::test]
async fn that_an_earlier_send_failed_says_nothing_of_a_later_one() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let failed = Told {
        job: Some(job(0)),
        ..told("SM1", Word::Failed, 30_000)
    };
    let changes = vec![
        taken(0, "+34600000001", None),
        change(2, 0, completed("SM1")),
    ];
    messages.project(LOG, 2, changes).await.unwrap();
    messages.hear(words(vec![failed]), at(1)).await.unwrap();
    let view = look(&messages, 0).await.0;
    assert_eq!(view.state, MessageState::Failed);
    assert_eq!(view.error.unwrap().0, "twilio_63016");
    assert_eq!(view.failed_at, Some(at(30_000)));
    let again = change(3, 0, What::Moved(JobState::Waiting));
    messages.project(LOG, 3, vec![again]).await.unwrap();
    assert_eq!(state(&messages, 0).await, MessageState::Queued);
    let sent = change(4, 0, completed("SM2"));
    messages.project(LOG, 4, vec![sent]).await.unwrap();
    assert_eq!(state(&messages, 0).await, MessageState::Sent);
}

#[tokio::test]
async fn whoever_opted_out_is_told_from_what_a_person_took_back() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let cancelled = |code: &str| What::Tried {
        attempt: None,
        next: Next::Cancelled {
            reason: Reason::new(code, "why"),
        },
    };
    let mut log: Vec<Change> = (0..3).map(|n| taken(n, "+34600000001", Some(n))).collect();
    log.push(change(4, 0, cancelled("opted_out")));
    log.push(change(5, 1, What::Moved(JobState::Cancelled)));
    log.push(change(6, 2, cancelled("other")));
    messages.project(LOG, 6, log).await.unwrap();
    let spring = GroupName::new("spring").unwrap();
    let all = messages.campaign(&tenant(), &spring).await.unwrap().all();
    assert_eq!((all.state(MessageState::Cancelled), all.unwanted), (3, 1));
}

#[tokio::test]
async fn lists_are_filtered_and_paged() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let all = (0..5).map(|n| taken(n, &format!("+3460000000{}", n % 2), (n < 3).then_some(n)));
    let all: Vec<Change> = all.collect();
    messages.project(LOG, 9, all).await.unwrap();
    let filter = Filter {
        limit: 2,
        ..every()
    };
    let numbers = |listed: &Listed| {
        let jobs = listed.messages.iter().map(|message| message.job.number());
        jobs.collect::<Vec<_>>()
    };
    let page = messages.list(filter.clone()).await.unwrap();
    assert_eq!(numbers(&page), [4, 3]);
    let rest = Filter {
        before: page.next,
        limit: 9,
        ..filter.clone()
    };
    let page = messages.list(rest).await.unwrap();
    assert_eq!((numbers(&page), page.next), (vec![2, 1, 0], None));
    let wide = Filter { limit: 9, ..filter };
    let of_person = Filter {
        to: Some("+34600000001".to_owned()),
        ..wide.clone()
    };
    assert_eq!(numbers(&messages.list(of_person).await.unwrap()), [3, 1]);
    messages
        .project(LOG, 10, vec![change(10, 2, What::Due(at(9_000)))])
        .await
        .unwrap();
    for (states, numbers_there) in [
        (Vec::new(), vec![2]),
        (vec![MessageState::Queued], vec![4, 3, 2, 1, 0]),
        (vec![MessageState::Failed], vec![2]),
    ] {
        let scheduled = Filter {
            due_after: Some(at(8_000)),
            states,
            ..wide.clone()
        };
        let listed = messages.list(scheduled).await.unwrap();
        assert_eq!(numbers(&listed), numbers_there);
    }
    let of_campaign = Filter {
        campaign: GroupName::new("spring").ok(),
        states: vec![MessageState::Queued, MessageState::Failed],
        answered: Some(false),
        ..wide.clone()
    };
    assert_eq!(
        numbers(&messages.list(of_campaign).await.unwrap()),
        [2, 1, 0]
    );
    let foreign = Filter {
        scope: Scope::Tenant(TenantId::new("other").unwrap()),
        ..wide
    };
    assert!(messages.list(foreign).await.unwrap().messages.is_empty());
}

/// Counts all that is to be counted.
async fn counted(messages: &Messages) {
    let notes = messages.to_count(100).await.unwrap();
    messages.counted(notes.through).await.unwrap();
}

#[tokio::test]
async fn what_is_still_to_be_counted_stays() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let changes = vec![
        taken(0, "+34600000001", Some(0)),
        change(2, 0, completed("SM1")),
    ];
    messages.project(LOG, 2, changes).await.unwrap();
    let hearing = Hearing {
        told: Vec::new(),
        inbound: vec![inbound("IN1", "+34600000001", 30_000)],
    };
    messages.hear(hearing, at(31_000)).await.unwrap();
    assert_eq!(messages.prune(at(50_000), 100).await.unwrap(), 0);
    let notes = messages.to_count(100).await.unwrap();
    assert_eq!((notes.messages.len(), notes.inbound.len()), (1, 1));
    counted(&messages).await;
    assert_eq!(messages.prune(at(50_000), 100).await.unwrap(), 2);
}

#[tokio::test]
async fn what_is_old_and_over_is_pruned_and_stays_counted() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let changes = vec![
        taken(0, "+34600000001", Some(0)),
        taken(1, "+34600000002", Some(1)),
        change(3, 0, completed("SM1")),
    ];
    messages.project(LOG, 3, changes).await.unwrap();
    let told = vec![
        told("SM1", Word::Read, 30_000),
        told("SM8", Word::Read, 30_000),
    ];
    messages.hear(words(told), at(31_000)).await.unwrap();
    counted(&messages).await;
    assert_eq!(messages.prune(at(20_000), 100).await.unwrap(), 0);
    assert_eq!(messages.prune(at(50_000), 100).await.unwrap(), 3);
    assert!(messages.one(job(0), Scope::All).await.unwrap().is_none());
    assert_eq!(state(&messages, 1).await, MessageState::Queued);
    let spring = GroupName::new("spring").unwrap();
    let figures = messages.campaign(&tenant(), &spring).await.unwrap();
    assert_eq!(figures.all().state(MessageState::Read), 1);
    messages.forget_campaign(&tenant(), &spring).await.unwrap();
    let figures = messages.campaign(&tenant(), &spring).await.unwrap();
    assert_eq!(figures, CampaignFigures::default());
}

#[tokio::test]
async fn a_wish_is_told_on_until_it_is_done() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let stop = Inbound {
        opt: Some(Opt::Out),
        ..inbound("IN1", "+34600000001", 40_000)
    };
    let hearing = Hearing {
        told: Vec::new(),
        inbound: vec![stop.clone(), stop],
    };
    let heard = messages.hear(hearing, at(41_000)).await.unwrap();
    assert_eq!((heard.new, heard.repeated), (1, 1));
    messages.close().await;
    let messages = open(&dir);
    let wishes = messages.wishes(9).await.unwrap();
    assert_eq!(wishes.len(), 1);
    assert_eq!((wishes[0].opt, wishes[0].at), (Opt::Out, at(40_000)));
    assert_eq!(wishes[0].from, "+34600000001");
    assert!(!wishes[0].is_outdated);
    let start = Inbound {
        opt: Some(Opt::In),
        ..inbound("IN2", "+34600000001", 50_000)
    };
    let hearing = Hearing {
        told: Vec::new(),
        inbound: vec![start],
    };
    messages.hear(hearing, at(51_000)).await.unwrap();
    let all = messages.wishes(9).await.unwrap();
    assert_eq!([all[0].is_outdated, all[1].is_outdated], [true, false]);
    messages.told_on(vec![all[1].id.clone()]).await.unwrap();
    messages.told_on(vec![wishes[0].id.clone()]).await.unwrap();
    assert!(messages.wishes(9).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_answer_belongs_to_what_it_quotes_or_to_the_newest_send() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let quoting = Inbound {
        reply_to: Some("SM1".to_owned()),
        ..inbound("IN1", "+34600000001", 60_000)
    };
    let plain = inbound("IN2", "+34600000001", 61_000);
    // The answers are there before the messages are.
    let hearing = Hearing {
        told: Vec::new(),
        inbound: vec![quoting, plain],
    };
    messages.hear(hearing, at(62_000)).await.unwrap();
    let sent_at = |number: u64, id: &str, ms: i64| {
        let attempt = Attempt {
            started_at: at(ms - 10),
            ended_at: at(ms),
            status: 201,
            batch: 1,
            reason: None,
        };
        let next = Next::Completed {
            provider_id: Some(id.to_owned()),
        };
        let what = What::Tried {
            attempt: Some(attempt),
            next,
        };
        change(10 + number, number, what)
    };
    let changes = vec![
        taken(0, "+34600000001", None),
        taken(1, "+34600000001", None),
        sent_at(1, "SM2", 50_000),
        sent_at(2, "SM3", 70_000),
    ];
    messages.project(LOG, 12, changes).await.unwrap();
    assert_eq!(look(&messages, 1).await.0.answered_at, Some(at(60_000)));
    let quoted = change(20, 0, sent_at(0, "SM1", 40_000).what);
    messages.project(LOG, 20, vec![quoted]).await.unwrap();
    assert_eq!(look(&messages, 0).await.0.answered_at, Some(at(60_000)));
    assert_eq!(look(&messages, 1).await.0.answered_at, Some(at(61_000)));
}

#[tokio::test]
async fn what_comes_at_once_shares_a_commit() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let all = (0..200).map(|n| {
        let (messages, id) = (messages.clone(), format!("SM{n}"));
        async move {
            messages
                .hear(words(vec![told(&id, Word::Sent, 1)]), at(2))
                .await
        }
    });
    let tasks: Vec<_> = all.map(tokio::spawn).collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().new, 1);
    }
    messages.close().await;
    let closed = messages.hear(words(Vec::new()), at(3)).await;
    assert!(matches!(closed, Err(Error::Closed)));
}

#[tokio::test]
async fn a_webhook_is_heard_between_the_parts_of_a_long_projection() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let mut changes: Vec<Change> = (0..100).map(|n| taken(n, "+34600000001", None)).collect();
    // The last of the first part, and those behind it, stand at one place in the log.
    for change in &mut changes[15..20] {
        change.position = 16;
    }
    let batch = messages.batch(LOG, 200, changes.into()).unwrap();
    let (_, mut answered) = messages.hearings.put(Sealed {
        told: vec![told("SM1", Word::Sent, 5)],
        inbound: Vec::new(),
        now: at(6),
    });
    let (batch, next, _) = messages.project_from(batch, 0).await.unwrap();
    assert_eq!(next, 20, "a place is not parted");
    assert_eq!(answered.try_recv().unwrap().new, 1);
    assert_eq!(messages.kept_through().await.unwrap()[&LOG], 16);
    // Nobody waits, so that the rest comes in one.
    let (_, next, _) = messages.project_from(batch, next).await.unwrap();
    assert_eq!(next, 100);
    assert_eq!(messages.kept_through().await.unwrap()[&LOG], 200);
    assert_eq!(state(&messages, 99).await, MessageState::Queued);
}

#[tokio::test]
async fn a_projection_says_whether_it_settles_what_was_unknown() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let unknown = || What::Tried {
        attempt: None,
        next: Next::Unknown {
            reason: Reason::new("reset", "the connection broke"),
        },
    };
    let taken = |n| taken(n, "+34600000001", None);
    let log = vec![taken(0), change(2, 0, unknown())];
    assert!(!messages.project(LOG, 2, log).await.unwrap());
    let word = Told {
        job: Some(job(5)),
        ..told("SM1", Word::Sent, 5)
    };
    messages.hear(words(vec![word]), at(6)).await.unwrap();
    let log = vec![taken(5), change(8, 5, unknown())];
    assert!(messages.project(LOG, 8, log).await.unwrap());
}

#[tokio::test]
async fn what_is_sent_beside_a_campaign_is_counted_apart_and_awaited() {
    let dir = tempfile::tempdir().unwrap();
    let messages = open(&dir);
    let campaign = GroupName::new("spring").unwrap();
    let beside = |number: u64| {
        let mut change = taken(number, "+34600000009", Some(0));
        if let What::Taken(taken) = &mut change.what {
            taken.part = None;
        }
        change
    };
    let reached = async |accepted: u64| {
        let wanted = vec!["+34600000001".to_owned(), "+34600000009".to_owned()];
        let reached = messages
            .reached(&tenant(), &campaign, accepted, wanted)
            .await;
        reached.unwrap()
    };
    let changes = vec![taken(0, "+34600000001", Some(0)), beside(1), beside(2)];
    messages.project(LOG, 3, changes).await.unwrap();
    let figures = messages.campaign(&tenant(), &campaign).await.unwrap();
    assert_eq!((figures.all().taken(), figures.beside), (1, 2));
    assert_eq!(figures.variants.len(), 1);
    let listed = async |of_audience: bool| {
        let filter = Filter {
            campaign: Some(campaign.clone()),
            of_audience,
            ..every()
        };
        messages.list(filter).await.unwrap().messages.len()
    };
    assert_eq!((listed(true).await, listed(false).await), (1, 3));
    // A recipient that was made after them may be unknown, however many others are known.
    assert_eq!(reached(4).await, None);
    let found = reached(3).await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["+34600000001"]);
    messages
        .forget_campaign(&tenant(), &campaign)
        .await
        .unwrap();
    let figures = messages.campaign(&tenant(), &campaign).await.unwrap();
    assert_eq!(figures.beside, 0);
}
