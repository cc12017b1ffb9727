//! `[alerts.defaults]` and `[[alerts.rules]]`: when something is wrong.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
    time::Duration,
};

use cauce_flow::id::QueueName;
use cauce_observe::alert::{Kind, Rule, Severity, Unit};

use crate::config::{
    read::{boolean, choice, filled, number, text, time, whole},
    reader::{Section, Wrong, meant},
    tree::{Node, Value},
};

/// Any length of time that a rule may name.
const SPAN: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_secs(366 * 86_400);
/// The stretches that can be looked back on.
const WITHIN: RangeInclusive<Duration> = Duration::from_secs(60)..=Duration::from_secs(3_600);
/// An alarm is not told more often than this.
const COOLDOWN: RangeInclusive<Duration> = Duration::from_secs(1)..=*SPAN.end();

/// Reads the rules, by their names: those of the list, and the default of each kind that is not in it.
pub(super) fn read(section: &Section<'_>, channels: &[&str]) -> BTreeMap<String, Rule> {
    let defaults = section
        .section("defaults")
        .map(defaults)
        .unwrap_or_default();
    let mut rules = BTreeMap::new();
    let mut named = BTreeSet::new();
    for rule in section.sections("rules") {
        let Some(kind) = rule.need("when", kind) else {
            continue;
        };
        named.insert(kind);
        let Some((default, _)) = defaults.get(&kind) else {
            continue;
        };
        let (rule, enabled) = one(rule, default, channels, &rules);
        if enabled {
            rules.insert(rule.name.clone(), rule);
        }
    }
    for (kind, (rule, enabled)) in defaults {
        if enabled && !named.contains(&kind) {
            rules.insert(rule.name.clone(), rule);
        }
    }
    rules
}

/// What a rule of each kind is unless it says otherwise, and whether it holds by itself.
fn defaults(section: Section<'_>) -> BTreeMap<Kind, (Rule, bool)> {
    let mut found = BTreeMap::new();
    for kind in Kind::ALL {
        let Some(own) = section.section(kind.as_str()) else {
            let what = format!("`{}` is missing", section.name_of(kind.as_str()));
            section.fault(kind.as_str(), what, "nothing: it has a default");
            continue;
        };
        let enabled = own.find("enabled", boolean).unwrap_or(true);
        let rule = figures(&own, *kind, None);
        own.finish();
        found.extend(rule.map(|rule| (*kind, (rule, enabled))));
    }
    section.finish();
    found
}

/// A rule of the list.
fn one(
    section: Section<'_>,
    default: &Rule,
    channels: &[&str],
    known: &BTreeMap<String, Rule>,
) -> (Rule, bool) {
    let enabled = section.find("enabled", boolean).unwrap_or(true);
    let mut rule =
        figures(&section, default.kind, Some(default)).unwrap_or_else(|| default.clone());
    if let Some(name) = section.find("name", name) {
        rule.name = name;
    }
    if known.contains_key(&rule.name) {
        let what = format!("two rules have the name {:?}", rule.name);
        section.fault("name", what, "a `name` of its own for each rule of a kind");
    }
    let other = rule.name.parse::<Kind>().ok();
    if other.is_some_and(|other| other != rule.kind) {
        let what = format!("{:?} is the name of the rule of another kind", rule.name);
        section.fault("name", what, "a name that is no kind of alert");
    }
    if rule.kind.looks_at_queues() {
        rule.queues = section.find("queues", queues).unwrap_or_default();
    }
    rule.channels = section
        .find("channels", |node| named(node, channels))
        .unwrap_or_default();
    section.finish();
    (rule, enabled)
}

/// The figures of a rule; those that are left out are the default's, where there is one.
fn figures(section: &Section<'_>, kind: Kind, default: Option<&Rule>) -> Option<Rule> {
    let own = Figures { section, default };
    let severity = own.figure("severity", severity, |rule| rule.severity);
    let after = own.figure("after", time(SPAN), |rule| rule.after);
    let over_after = own.figure("over_after", time(SPAN), |rule| rule.over_after);
    let cooldown = own.figure("cooldown", time(COOLDOWN), |rule| rule.cooldown);
    let is_state = kind.unit() == Unit::State;
    let (above, below) = match is_state {
        true => (Some(0.0), Some(0.0)),
        false => limits(&own, kind),
    };
    let sums_up = matches!(
        kind,
        Kind::FailureRate | Kind::ProcessingTime | Kind::DeadLetters | Kind::ReportUndelivered
    );
    let within = match sums_up {
        true => own.figure("within", time(WITHIN), |rule| rule.within),
        false => Some(Duration::ZERO),
    };
    let counts = matches!(
        kind,
        Kind::FailureRate | Kind::ProcessingTime | Kind::TrackingVolume
    );
    let min_volume = match counts {
        true => own.figure("min_volume", whole(1..=u64::MAX >> 1), |rule| {
            rule.min_volume
        }),
        false => Some(0),
    };
    Some(Rule {
        name: kind.as_str().to_owned(),
        kind,
        severity: severity?,
        above: above?,
        below: below?,
        after: after?,
        over_after: over_after?,
        within: within?,
        min_volume: min_volume?,
        cooldown: cooldown?,
        queues: BTreeSet::new(),
        channels: BTreeSet::new(),
    })
}

/// What is too much, and what is enough for it to be over. A rule that names only what is too much
/// keeps the distance between the two in proportion.
fn limits(own: &Figures<'_, '_>, kind: Kind) -> (Option<f64>, Option<f64>) {
    let read = |node: &Node| limit(node, kind.unit());
    let above = own.figure("above", read, |rule| rule.above);
    let scaled = |rule: &Rule| match above {
        Some(above) if rule.above > 0.0 => rule.below * above / rule.above,
        _ => rule.below,
    };
    let below = own.figure("below", read, scaled);
    if own.default.is_none() {
        // The default of a figure that was left out gives way to the one that was written.
        return (
            above,
            above.zip(below).map(|(above, below)| below.min(above)),
        );
    }
    if let (Some(above), Some(below)) = (above, below)
        && below > above
    {
        let what = format!("`{}` is more than `above`", own.section.name_of("below"));
        own.section
            .fault("below", what, "what is good again: `above` or less");
    }
    (above, below)
}

/// A figure in the unit of a kind: a length of time for what takes time.
fn limit(node: &Node, unit: Unit) -> Result<f64, Wrong> {
    match unit {
        Unit::Seconds => time(SPAN)(node).map(|span| span.as_secs_f64()),
        Unit::Percent => number(0.0..=100.0)(node),
        Unit::State | Unit::Count | Unit::Deviations => number(0.0..=1e12)(node),
    }
}

/// Reads figures that may be left out where there is a default.
struct Figures<'a, 's> {
    section: &'a Section<'s>,
    default: Option<&'a Rule>,
}

impl Figures<'_, '_> {
    fn figure<T>(
        &self,
        name: &str,
        read: impl FnOnce(&Node) -> Result<T, Wrong>,
        of: impl FnOnce(&Rule) -> T,
    ) -> Option<T> {
        match self.default {
            None => self.section.need(name, read),
            Some(default) => Some(self.section.find(name, read).unwrap_or_else(|| of(default))),
        }
    }
}

fn kind(node: &Node) -> Result<Kind, Wrong> {
    let found = filled(node)?;
    found.parse().map_err(|_| {
        let known: Vec<String> = Kind::ALL.iter().map(Kind::to_string).collect();
        Wrong::new(
            format!("cannot be {found:?}"),
            meant(&found, &known).replace('`', "\""),
        )
    })
}

/// How bad something is, in one word.
pub(super) fn severity(node: &Node) -> Result<Severity, Wrong> {
    choice(&Severity::ALL.map(|severity| (severity.as_str(), severity)))(node)
}

/// A name of a rule or a channel: it stands in paths and keys.
pub(in super::super) fn name(node: &Node) -> Result<String, Wrong> {
    let name = text(node)?;
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match (1..=40).contains(&name.len()) && name.chars().all(fits) {
        true => Ok(name),
        false => Err(Wrong::new(
            "cannot be a name",
            "1 to 40 letters, digits, - and _",
        )),
    }
}

fn queues(node: &Node) -> Result<BTreeSet<QueueName>, Wrong> {
    let write = "names of queues: [\"meta\", \"google\"]";
    let names = list(node, write)?.into_iter();
    names
        .map(|name| {
            QueueName::new(&name).map_err(|_| Wrong::new("holds no name of a queue", write))
        })
        .collect()
}

fn named(node: &Node, channels: &[&str]) -> Result<BTreeSet<String>, Wrong> {
    let names = list(node, "names of channels: [\"email\"]")?;
    match names.iter().find(|name| !channels.contains(&name.as_str())) {
        None => Ok(names.into_iter().collect()),
        Some(unknown) => {
            let known: Vec<String> = channels.iter().map(|name| (*name).to_owned()).collect();
            let write = match known.is_empty() {
                true => "a channel in [[alerts.channels]] first".to_owned(),
                false => meant(unknown, &known).replace('`', "\""),
            };
            Err(Wrong::new(
                format!("names {unknown:?}, which is no channel"),
                write,
            ))
        }
    }
}

/// A list of texts.
pub(in super::super) fn list(node: &Node, write: &str) -> Result<Vec<String>, Wrong> {
    let Value::List(items) = &node.value else {
        return Err(Wrong::new("is not a list", write));
    };
    let items = items.iter().map(filled).collect::<Result<Vec<_>, _>>();
    items.map_err(|_| Wrong::new("holds something else than texts", write))
}
