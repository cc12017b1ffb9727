//! Random streams of events, in any order, with repeats and restarts between, against a plain
//! recount of what happened.

use std::collections::{BTreeMap, BTreeSet};

use cauce_observe::analytics::{Kind, Measure, What, spread};
use proptest::prelude::*;
use tempfile::TempDir;

use super::{packs::Pack, sums::Grain, *};

const DAYS: i64 = 24 * HOUR;

/// What decides how a stream is told, in milliseconds.
#[derive(Clone, Copy, Debug)]
struct By {
    idle: i64,
    window: i64,
}

const USUAL: By = By {
    idle: DAYS,
    window: 7 * DAYS,
};
const OTHER: By = By {
    idle: 30 * HOUR,
    window: DAYS,
};
const SHORT: By = By {
    idle: 2 * HOUR,
    window: 30 * DAYS,
};

impl By {
    fn settings(self) -> Settings {
        let ms = |ms: i64| Duration::from_millis(ms.cast_unsigned());
        Settings {
            conversation_idle: ms(self.idle),
            attribution_window: ms(self.window),
            ..Settings::default()
        }
    }
}

/// An event of the stream; several may have one id, and then are one.
#[derive(Clone, Debug)]
struct Given {
    id: usize,
    at: i64,
    who: u8,
    campaign: u8,
    what: What,
}

fn whats() -> impl Strategy<Value = What> {
    let kinds = prop::sample::select(Kind::ALL.to_vec());
    let converted = (kinds, 0i64..500).prop_map(|(kind, units)| What::Converted {
        kind,
        value: Some(euros(units)),
    });
    prop_oneof![
        4 => Just(sent()),
        4 => Just(What::Received),
        1 => Just(What::Delivered { took_ms: None }),
        1 => Just(What::HandedOff),
        1 => Just(What::Ended),
        3 => converted,
    ]
}

fn streams() -> impl Strategy<Value = Vec<Given>> {
    // Few moments, so that many events share one; both near each other and days apart.
    let at = (0i64..9, 0i64..6).prop_map(|(days, minutes)| NOW + days * 20 * HOUR + minutes);
    let one = (at, 0u8..3, 0u8..3, whats());
    prop::collection::vec(one, 1..40).prop_map(|all| {
        let all = all.into_iter().enumerate();
        all.map(|(id, (at, who, campaign, what))| Given {
            id,
            at,
            who,
            campaign,
            what,
        })
        .collect()
    })
}

fn euros(units: i64) -> Money {
    Money {
        currency: Currency::new("EUR").unwrap(),
        units,
    }
}

impl Given {
    fn tracked(&self) -> Tracked {
        let campaign = (self.campaign > 0).then(|| format!("c{}", self.campaign));
        Tracked {
            person: Some(Who::Phone(format!("+3460000000{}", self.who))),
            campaign,
            ..event(&format!("e{}", self.id), self.at, self.what)
        }
    }

    fn is_of_conversation(&self) -> bool {
        let what = self.what;
        what == sent() || matches!(what, What::Received | What::Ended | What::HandedOff)
    }
}

/// Figures that a stream comes to, told in the plainest way.
#[derive(Debug, Default, PartialEq)]
struct Plain {
    sent: u64,
    received: u64,
    started: u64,
    ended: u64,
    handed_off: u64,
    messages: u64,
    /// Classes of the times of responses, and of first responses.
    responses: BTreeMap<u32, u64>,
    firsts: BTreeMap<u32, u64>,
    funnel: [u64; 4],
    revenue: i64,
    /// By campaign: conversions, people who converted, revenue.
    owed: BTreeMap<String, (u64, u64, i64)>,
    /// By campaign: how many answered it.
    answered: BTreeMap<String, u64>,
}

/// The order that the story is told in: at one moment people write before they are answered, and
/// an end comes last; conversions in the order of the funnel.
fn rank(given: &Given) -> u8 {
    match given.what {
        What::Received => 1,
        What::Sent { .. } => 2,
        What::HandedOff => 4,
        What::Converted { kind, .. } => 6 + kind as u8,
        What::Ended => 10,
        _ => 3,
    }
}

fn recount(stream: &[Given], by: By, tie: impl Fn(&Given) -> Vec<u8>) -> Plain {
    let mut plain = Plain::default();
    let mut stream: Vec<&Given> = stream.iter().collect();
    stream.sort_by_key(|given| (given.at, rank(given), tie(given)));
    plain.sent = stream.iter().filter(|given| given.what == sent()).count() as u64;
    let received = stream.iter().filter(|given| given.what == What::Received);
    plain.received = received.count() as u64;
    for who in 0..3 {
        let own: Vec<&Given> = stream
            .iter()
            .filter(|one| one.who == who)
            .copied()
            .collect();
        conversations(&own, by.idle, &mut plain);
        person(&own, by.window, &mut plain);
    }
    plain
}

/// Cuts the events of a person into conversations, and looks at each.
fn conversations(own: &[&Given], idle: i64, plain: &mut Plain) {
    let own: Vec<&Given> = own
        .iter()
        .filter(|one| one.is_of_conversation())
        .copied()
        .collect();
    let mut cut: Vec<Vec<&Given>> = Vec::new();
    for (at, one) in own.iter().enumerate() {
        let before = at.checked_sub(1).map(|before| own[before]);
        let after_end = before.is_some_and(|before| before.what == What::Ended);
        let after_silence = before.is_some_and(|before| one.at - before.at > idle);
        // What is over, or never began, cannot be ended.
        if one.what == What::Ended && (before.is_none() || after_end || after_silence) {
            continue;
        }
        if before.is_none() || after_end || after_silence {
            cut.push(Vec::new());
        }
        cut.last_mut().unwrap().push(one);
    }
    plain.started += cut.len() as u64;
    // All of them are over by the time that is looked at.
    plain.ended += cut.len() as u64;
    let first_of: BTreeSet<usize> = cut
        .iter()
        .filter_map(|all| all.iter().find(|one| one.what == What::Received))
        .map(|one| one.id)
        .collect();
    for all in &cut {
        let is_message = |one: &&&Given| one.what == sent() || one.what == What::Received;
        plain.messages += all.iter().filter(is_message).count() as u64;
        let handed_off = all.iter().any(|one| one.what == What::HandedOff);
        plain.handed_off += u64::from(handed_off);
    }
    responses(&own, &first_of, plain);
}

/// Each message to the person that follows one from them answers all since the one before.
fn responses(own: &[&Given], first_of: &BTreeSet<usize>, plain: &mut Plain) {
    for (at, one) in own.iter().enumerate().filter(|(_, one)| one.what == sent()) {
        let before = own[..at].iter().rposition(|other| other.what == sent());
        let waiting = &own[before.map_or(0, |before| before + 1)..at];
        let Some(since) = waiting.iter().find(|one| one.what == What::Received) else {
            continue;
        };
        let class = spread::class(one.at - since.at);
        *plain.responses.entry(class).or_default() += 1;
        if first_of.contains(&since.id) {
            *plain.firsts.entry(class).or_default() += 1;
        }
    }
}

fn person(own: &[&Given], window: i64, plain: &mut Plain) {
    let mut furthest = None;
    // Since a campaign has reached the person last.
    let (mut converted, mut answered) = (BTreeSet::new(), 0);
    for (at, one) in own.iter().enumerate() {
        let is_of_campaign = one.campaign > 0;
        if one.what == sent() && is_of_campaign {
            converted.remove(&one.campaign);
            answered = if answered == one.campaign {
                0
            } else {
                answered
            };
        }
        if one.what == What::Received && is_of_campaign && answered != one.campaign {
            answered = one.campaign;
            let campaign = format!("c{}", one.campaign);
            *plain.answered.entry(campaign).or_default() += 1;
        }
        let What::Converted { kind, value } = one.what else {
            continue;
        };
        furthest = furthest.max(Some(kind.step()));
        let units = value.map_or(0, |value| value.units);
        let revenue = if kind == Kind::Sale { units } else { 0 };
        plain.revenue += revenue;
        let touch = own[..at]
            .iter()
            .rfind(|other| other.what == sent() && other.campaign > 0);
        let touch = touch.filter(|touch| one.at - touch.at <= window);
        let named = (one.campaign > 0).then_some(one.campaign);
        if let Some(campaign) = named.or(touch.map(|touch| touch.campaign)) {
            let owed = plain.owed.entry(format!("c{campaign}")).or_default();
            owed.0 += 1;
            owed.1 += u64::from(converted.insert(campaign));
            owed.2 += revenue;
        }
    }
    if let Some(furthest) = furthest {
        plain.funnel[..=furthest]
            .iter_mut()
            .for_each(|step| *step += 1);
    }
}

/// The same figures, as they are answered.
async fn answered(analytics: &Analytics) -> Plain {
    let range = Range {
        from: NOW,
        to: NOW + 20 * DAYS,
    };
    let tenant = acme();
    let messages = analytics.messages(&tenant, range).await.unwrap();
    let talks = analytics.conversations(&tenant, range).await.unwrap();
    assert_eq!(talks.active, 0);
    let conversions = analytics.conversions(&tenant, range).await.unwrap();
    let owed = analytics.look(&tenant, move |of| of.converting_campaigns(range, 9));
    let owed = owed.await.unwrap();
    let mut answered = BTreeMap::new();
    for campaign in ["c1", "c2"] {
        let view = analytics.campaign(&tenant, campaign, range).await.unwrap();
        let count = view.map_or(0, |view| view.all.answered);
        if count > 0 {
            answered.insert(campaign.to_owned(), count);
        }
    }
    let units = |money: &[Money]| money.iter().map(|money| money.units).sum();
    Plain {
        sent: messages.sent,
        received: messages.received,
        started: talks.started,
        ended: talks.ended,
        handed_off: talks.ended_handed_off,
        messages: talks.messages,
        responses: classes(&analytics.clone(), Measure::Responses).await,
        firsts: classes(&analytics.clone(), Measure::FirstResponses).await,
        funnel: std::array::from_fn(|step| {
            conversions.funnel.get(step).map_or(0, |step| step.people)
        }),
        revenue: units(&conversions.revenue),
        owed: owed
            .into_iter()
            .map(|(name, own)| {
                let count = own.kinds.iter().map(|kind| kind.count).sum();
                (name, (count, own.converted, units(&own.revenue)))
            })
            .collect(),
        answered,
    }
}

/// How many there are of each class of durations, as the file holds it: by days, and by
/// quarter-hours.
async fn classes(analytics: &Analytics, measure: Measure) -> BTreeMap<u32, u64> {
    let read = move |connection: &rusqlite::Connection| {
        let mut rows = connection.prepare(
            "SELECT packed FROM sums JOIN series ON series.id = place & 0xffffffff
             WHERE measure = ?1 AND place >> 60 = ?2",
        )?;
        let mut all = [BTreeMap::new(), BTreeMap::new()];
        let grains = [Grain::DayOfClasses, Grain::QuarterOfClasses];
        for (classes, grain) in all.iter_mut().zip(grains) {
            let mut rows = rows.query([measure.code(), grain as i64])?;
            while let Some(row) = rows.next()? {
                let packed: Vec<u8> = row.get(0)?;
                for (at, sum) in Pack::of(&packed) {
                    let class = u32::try_from(at.part).unwrap();
                    *classes.entry(class).or_default() += u64::try_from(sum).unwrap();
                }
            }
        }
        Ok::<_, Error>(all)
    };
    let [days, quarters] = analytics.database.read(read).await.unwrap();
    assert_eq!(days, quarters);
    days
}

/// What a plain recount comes to.
fn plain(analytics: &Analytics, stream: &[Given], by: By) -> Plain {
    recount(stream, by, |given| {
        let id = EventId::Named(format!("e{}", given.id));
        id.key(&acme(), &analytics.personal).unwrap()
    })
}

async fn hand_in(analytics: &Analytics, some: &[Given]) {
    let events = some.iter().map(Given::tracked).collect();
    analytics.track(events).await.unwrap();
}

/// A stream in another order, with repeats.
fn shuffled(stream: &[Given], order: &[(prop::sample::Index, bool)]) -> Vec<Given> {
    let mut handed = stream.to_vec();
    for (n, (index, repeats)) in order.iter().enumerate() {
        let (one, other) = (n % handed.len(), index.index(handed.len()));
        handed.swap(one, other);
        if *repeats {
            let repeated = handed[other].clone();
            handed.push(repeated);
        }
    }
    handed
}

fn orders() -> impl Strategy<Value = Vec<(prop::sample::Index, bool)>> {
    prop::collection::vec(any::<(prop::sample::Index, bool)>(), 0..30)
}

fn run<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(work)
}

/// Prunes what is that old, as of the default settings.
async fn prune_before(analytics: &Analytics, at: i64) {
    let settings = analytics.settings();
    let margin = settings.conversation_idle + settings.attribution_window;
    let now = Timestamp::from_millis(at) + settings.events_kept + margin;
    while analytics.prune(now, 3).await.unwrap() {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn figures_are_those_of_a_plain_recount_in_any_order_with_repeats_and_restarts(
        stream in streams(),
        order in orders(),
        cuts in prop::collection::vec(1usize..12, 1..8),
    ) {
        run(async {
            let dir = TempDir::new().unwrap();
            let mut analytics = open(&dir);
            let handed = shuffled(&stream, &order);
            let mut left = &handed[..];
            for cut in cuts.iter().cycle() {
                let (now, later) = left.split_at((*cut).min(left.len()));
                hand_in(&analytics, now).await;
                left = later;
                if left.is_empty() {
                    break;
                }
                if cut % 3 == 0 {
                    analytics.close().await;
                    analytics = open(&dir);
                }
            }
            let expected = plain(&analytics, &stream, USUAL);
            let found = answered(&analytics).await;
            prop_assert_eq!(&found, &expected);
            let rebuilt = analytics.rebuild(|_, _| {}).await.unwrap();
            prop_assert!(!rebuilt.changed, "sums made anew are others");
            prop_assert_eq!(&answered(&analytics).await, &expected);
            // What went is not missed by what comes after it.
            prune_before(&analytics, NOW + 10 * DAYS).await;
            analytics.rebuild(|_, _| {}).await.unwrap();
            prop_assert_eq!(&answered(&analytics).await, &expected);
            Ok(())
        })?;
    }

    #[test]
    fn what_comes_after_a_part_went_is_counted_as_if_it_had_not(
        stream in streams(),
        order in orders(),
        gone in 0i64..9,
    ) {
        run(async {
            let dir = TempDir::new().unwrap();
            let analytics = open(&dir);
            let gone = NOW + gone * 20 * HOUR;
            let handed = shuffled(&stream, &order);
            let is_late = |given: &&Given| given.at >= gone && given.id.is_multiple_of(3);
            let early: Vec<Given> = handed.iter().filter(|given| !is_late(given)).cloned().collect();
            let late: Vec<Given> = handed.iter().filter(is_late).cloned().collect();
            hand_in(&analytics, &early).await;
            prune_before(&analytics, gone).await;
            hand_in(&analytics, &late).await;
            let expected = plain(&analytics, &stream, USUAL);
            prop_assert_eq!(&answered(&analytics).await, &expected);
            let rebuilt = analytics.rebuild(|_, _| {}).await.unwrap();
            prop_assert!(!rebuilt.changed, "sums made anew are others");
            prop_assert_eq!(&answered(&analytics).await, &expected);
            // Other rules count what is kept, and nothing is told twice or taken back twice.
            for by in [OTHER, SHORT, USUAL] {
                analytics.follow(by.settings());
                analytics.rebuild(|_, _| {}).await.unwrap();
                let found = answered(&analytics).await;
                prop_assert_eq!(found.started, found.ended);
                let again = analytics.rebuild(|_, _| {}).await.unwrap();
                prop_assert!(!again.changed, "sums made anew twice are others");
            }
            Ok(())
        })?;
    }

    #[test]
    fn rules_come_into_force_when_sums_are_made_anew(
        stream in streams(),
        order in orders(),
    ) {
        run(async {
            let dir = TempDir::new().unwrap();
            let analytics = open(&dir);
            let third = stream.len() / 3;
            let (first, second) = (&stream[..2 * third], &stream[2 * third..]);
            hand_in(&analytics, &first[..third]).await;
            analytics.follow(OTHER.settings());
            prop_assert!(analytics.counts_by_other_rules());
            hand_in(&analytics, &first[third..]).await;
            prop_assert_eq!(&answered(&analytics).await, &plain(&analytics, first, USUAL));
            analytics.close().await;
            // Also where it is opened with them.
            let analytics = Analytics::open(dir.path(), OTHER.settings()).unwrap();
            prop_assert_eq!(&answered(&analytics).await, &plain(&analytics, first, USUAL));
            analytics.rebuild(|_, _| {}).await.unwrap();
            prop_assert!(!analytics.counts_by_other_rules());
            prop_assert_eq!(&answered(&analytics).await, &plain(&analytics, first, OTHER));
            hand_in(&analytics, &shuffled(second, &order)).await;
            let expected = plain(&analytics, &stream, OTHER);
            prop_assert_eq!(&answered(&analytics).await, &expected);
            let rebuilt = analytics.rebuild(|_, _| {}).await.unwrap();
            prop_assert!(!rebuilt.changed, "sums made anew are others");
            Ok(())
        })?;
    }
}
