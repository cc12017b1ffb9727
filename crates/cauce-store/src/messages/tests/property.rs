//! Whatever the order in which log and providers are heard, however often, and however often the
//! process starts anew: what is told equals a plain recount of all of it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const MESSAGES: u64 = 4;

/// What a script does, in small numbers that are read as they fit.
#[derive(Clone, Debug)]
enum Step {
    /// The log goes on by one entry: of which message, and how.
    Log(u64, u8, i64),
    /// The follower tells everything behind the place that lies so far back.
    Project(usize),
    /// A provider says something: of which send, what, with the job or without.
    Tell(u64, u8, usize, bool, i64),
    /// A person writes: who, which inbound message, quoting a send or not.
    Write(u64, u8, Option<(u64, u8)>, i64),
    /// The process starts anew.
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let ms = 0..90_000i64;
    prop_oneof![
        6 => (0..MESSAGES, any::<u8>(), ms.clone()).prop_map(|(n, how, ms)| Step::Log(n, how, ms)),
        4 => (0..6usize).prop_map(Step::Project),
        4 => (0..MESSAGES, 0..3u8, 0..4usize, any::<bool>(), ms.clone())
            .prop_map(|(n, send, word, named, ms)| Step::Tell(n, send, word, named, ms)),
        3 => (0..2u64, 0..4u8, proptest::option::of((0..MESSAGES, 0..3u8)), ms)
            .prop_map(|(who, id, quoted, ms)| Step::Write(who, id, quoted, ms)),
        1 => Just(Step::Restart),
    ]
}

fn send(number: u64, which: u8) -> String {
    format!("p{number}.{which}")
}

fn phone(number: u64) -> String {
    format!("+3460000000{}", number % 2)
}

/// Everything that was said, in the plainest form.
#[derive(Default)]
struct Said {
    log: Vec<Change>,
    projected: usize,
    words: BTreeMap<(String, Word), (i64, Option<u64>)>,
    inbound: BTreeMap<String, Inbound>,
}

/// What a recount knows of one message.
#[derive(Clone, Debug, Default, PartialEq)]
struct Known {
    stage: Option<JobState>,
    own: Option<String>,
    completed_at: Option<i64>,
    ended_at: Option<i64>,
    attempts: u64,
    state: Option<MessageState>,
    sent_at: Option<i64>,
    delivered_at: Option<i64>,
    read_at: Option<i64>,
    failed_at: Option<i64>,
    answered_at: Option<i64>,
}

impl Said {
    /// The next entry of the log about a message, if its job allows what is wished.
    fn log_on(&mut self, number: u64, how: u8, ms: i64) {
        let known = self.fold(self.log.len()).remove(&number);
        let position = self.log.len() as u64 + 1;
        let stage = known.as_ref().and_then(|known| known.stage);
        let reason = Reason::new("http_503", "down");
        let tried = |next: Next, failed: bool| {
            let attempt = Attempt {
                started_at: at(ms),
                ended_at: at(ms + 100),
                status: 200,
                batch: 1,
                reason: failed.then(|| reason.clone()),
            };
            What::Tried {
                attempt: Some(attempt),
                next,
            }
        };
        let what = match (stage, how % 6) {
            (None, _) => {
                let mut new = taken(number, &phone(number), (number != 3).then_some(number));
                new.position = position;
                self.log.push(new);
                return;
            }
            (Some(JobState::Waiting), 0..=2) => {
                let id = Some(send(
                    number,
                    known.map_or(0, |known| known.attempts % 3) as u8,
                ));
                tried(Next::Completed { provider_id: id }, false)
            }
            (Some(JobState::Waiting), 3) => tried(Next::Waits { due_at: None }, true),
            (Some(JobState::Waiting), 4) => {
                let reason = reason.clone();
                tried(Next::Unknown { reason }, true)
            }
            (Some(JobState::Waiting), _) => {
                let reason = reason.clone();
                tried(Next::Dead { reason }, true)
            }
            (Some(JobState::Unknown), 0..=1) => What::Moved(JobState::Completed),
            (Some(JobState::Unknown), 2) => What::Moved(JobState::Dead),
            (Some(JobState::Unknown | JobState::Dead), _) => What::Moved(JobState::Waiting),
            (Some(_), _) => return,
        };
        self.log.push(change(position, number, what));
    }

    /// The jobs after the first entries of the log.
    fn fold(&self, entries: usize) -> BTreeMap<u64, Known> {
        let mut all: BTreeMap<u64, Known> = BTreeMap::new();
        for change in &self.log[..entries] {
            let at = change.at.as_millis();
            let known = all.entry(change.number).or_default();
            let stage = match &change.what {
                What::Taken(_) => JobState::Waiting,
                What::Moved(state) => *state,
                What::Due(_) => continue,
                What::Tried { next, .. } => {
                    known.attempts += 1;
                    match next {
                        Next::Completed { provider_id } => {
                            known.own.clone_from(provider_id);
                            JobState::Completed
                        }
                        Next::Waits { .. } => JobState::Waiting,
                        Next::Dead { .. } => JobState::Dead,
                        Next::Unknown { .. } => JobState::Unknown,
                        Next::Cancelled { .. } => JobState::Cancelled,
                    }
                }
            };
            let ended = match &change.what {
                What::Tried {
                    attempt: Some(attempt),
                    next: Next::Completed { .. },
                } => attempt.ended_at.as_millis(),
                _ => at,
            };
            known.stage = Some(stage);
            known.completed_at = (stage == JobState::Completed).then_some(ended);
            known.ended_at = (stage != JobState::Waiting).then_some(ended);
        }
        all
    }

    fn recount(&self) -> BTreeMap<u64, Known> {
        let mut all = self.fold(self.projected);
        for (number, known) in &mut all {
            self.hear(*number, known);
        }
        let answers: Vec<(u64, i64)> = self
            .inbound
            .values()
            .filter_map(|inbound| Some((target(&all, inbound)?, inbound.at.as_millis())))
            .collect();
        for (number, at) in answers {
            let known = all.get_mut(&number).expect("a target is known");
            known.answered_at = Some(known.answered_at.map_or(at, |known| known.min(at)));
        }
        all
    }

    fn hear(&self, number: u64, known: &mut Known) {
        // A send belongs to the message if some word of it names the job, or the job names it.
        let named = self
            .words
            .iter()
            .filter(|(_, (_, job))| *job == Some(number));
        let mut sends: BTreeSet<String> = named.map(|((id, _), _)| id.clone()).collect();
        sends.extend(known.own.clone());
        let words_of = |id: &String| -> BTreeMap<Word, i64> {
            let own = self.words.iter().filter(|((of, _), _)| of == id);
            own.map(|((_, word), (at, _))| (*word, *at)).collect()
        };
        let mut all: BTreeMap<Word, i64> = BTreeMap::new();
        let mut failed: Option<i64> = None;
        let mut good = None;
        for id in sends {
            let words = words_of(&id);
            let arrived = words.keys().any(|word| *word >= Word::Delivered);
            if words.contains_key(&Word::Failed) && !arrived {
                if known.own.as_ref().is_some_and(|own| *own != id) {
                    continue;
                }
                failed = failed.into_iter().chain([words[&Word::Failed]]).min();
            } else {
                good = good.max(words.keys().max().copied());
            }
            for (word, at) in words {
                let first = all.entry(word).or_insert(at);
                *first = at.min(*first);
            }
        }
        let at = |word: Word| all.get(&word).copied();
        known.read_at = at(Word::Read);
        known.delivered_at = at(Word::Delivered).or(known.read_at);
        let said = at(Word::Sent).or(known.delivered_at);
        known.sent_at = known.completed_at.into_iter().chain(said).min();
        let state = match (good, failed, known.stage.expect("it is in the log")) {
            (Some(Word::Read), ..) => MessageState::Read,
            (Some(Word::Delivered), ..) => MessageState::Delivered,
            (Some(_), ..) => MessageState::Sent,
            (None, _, JobState::Waiting) => MessageState::Queued,
            (None, Some(_), _) | (None, None, JobState::Dead) => MessageState::Failed,
            (None, None, JobState::Unknown) => MessageState::Unknown,
            (None, None, _) => MessageState::Sent,
        };
        known.state = Some(state);
        known.failed_at = (state == MessageState::Failed)
            .then(|| failed.or(known.ended_at))
            .flatten();
    }
}

fn target(all: &BTreeMap<u64, Known>, inbound: &Inbound) -> Option<u64> {
    let in_time = |sent: i64| sent <= inbound.at.as_millis() + 2_000;
    let sent: Vec<(&u64, &Known)> = all
        .iter()
        .filter(|(number, known)| {
            phone(**number) == inbound.from && known.sent_at.is_some_and(in_time)
        })
        .collect();
    let is_quoted = |known: &Known| inbound.reply_to.is_some() && known.own == inbound.reply_to;
    let quoted = sent.iter().find(|(_, known)| is_quoted(known));
    let newest = || {
        sent.iter()
            .max_by_key(|(number, known)| (known.sent_at, **number))
    };
    quoted.or_else(newest).map(|(number, _)| **number)
}

async fn play(steps: Vec<Step>) {
    let dir = tempfile::tempdir().unwrap();
    let mut messages = open(&dir);
    let mut said = Said::default();
    for step in steps {
        match step {
            Step::Log(number, how, ms) => said.log_on(number, how, ms),
            Step::Project(back) => {
                let from = said.projected.saturating_sub(back);
                let changes = said.log[from..].to_vec();
                said.projected = said.log.len();
                let through = said.projected as u64;
                messages.project(LOG, through, changes).await.unwrap();
            }
            Step::Tell(number, which, word, named, ms) => {
                let id = send(number, which);
                let new = Told {
                    job: named.then(|| job(number)),
                    ..told(&id, Word::ALL[word], ms)
                };
                let known = said.words.entry((id, new.word)).or_insert((ms, None));
                known.0 = known.0.min(ms);
                known.1 = known.1.or(named.then_some(number));
                messages.hear(words(vec![new]), at(99)).await.unwrap();
            }
            Step::Write(who, id, quoted, ms) => {
                let id = format!("in{id}");
                let new = Inbound {
                    reply_to: quoted.map(|(number, which)| send(number, which)),
                    ..inbound(&id, &phone(who), ms)
                };
                // The first counts: a provider repeats what it said before.
                said.inbound.entry(id).or_insert_with(|| new.clone());
                let hearing = Hearing {
                    told: Vec::new(),
                    inbound: vec![new],
                };
                messages.hear(hearing, at(99)).await.unwrap();
            }
            Step::Restart => {
                messages.close().await;
                messages = open(&dir);
            }
        }
        compare(&messages, &said).await;
    }
}

async fn compare(messages: &Messages, said: &Said) {
    let recount = said.recount();
    let ms = |time: Option<Timestamp>| time.map(Timestamp::as_millis);
    for number in 0..MESSAGES {
        let found = messages.one(job(number), Scope::All).await.unwrap();
        let Some(known) = recount.get(&number) else {
            assert!(found.is_none());
            continue;
        };
        let view = found.unwrap().0;
        assert_eq!(Some(view.state), known.state, "{number}: {known:?}");
        let times = [
            (ms(view.sent_at), known.sent_at),
            (ms(view.delivered_at), known.delivered_at),
            (ms(view.read_at), known.read_at),
            (ms(view.failed_at), known.failed_at),
            (ms(view.answered_at), known.answered_at),
        ];
        for (found, expected) in times {
            assert_eq!(found, expected, "{number}: {known:?}\n{view:?}");
        }
        assert_eq!(view.tries.len() as u64, known.attempts);
    }
    let spring = GroupName::new("spring").unwrap();
    let figures = messages.campaign(&tenant(), &spring).await.unwrap();
    for variant in 0..2u16 {
        let own = recount
            .iter()
            .filter(|(number, _)| **number != 3 && *number % 2 == u64::from(variant));
        let mut expected = VariantFigures::default();
        for (_, known) in own {
            let state = known.state.expect("it was recounted");
            *expected.states.entry(state).or_default() += 1;
            expected.answered += u64::from(known.answered_at.is_some());
            expected.attempts += known.attempts;
            expected.attempt_ms += 100 * known.attempts;
        }
        let mut found = figures.variants.get(&variant).cloned().unwrap_or_default();
        found.failed_attempts = 0;
        assert_eq!(found, expected, "variant {variant}");
    }
    let failed: u64 = figures.failures.values().sum();
    assert_eq!(failed, figures.all().state(MessageState::Failed));
    let batches = figures.batches;
    let sum = batches.waiting + batches.active + batches.completed + batches.failed;
    assert_eq!(batches.total, sum);
    let unknown = recount
        .iter()
        .filter(|(_, known)| known.stage == Some(JobState::Unknown));
    let unsettled = messages.unsettled(None, 99).await.unwrap();
    assert_eq!(unsettled.len(), unknown.count());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn what_is_told_equals_a_plain_recount(steps in prop::collection::vec(step(), 1..50)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(play(steps));
    }
}
