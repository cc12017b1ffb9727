//! What the rollup of a part has to say, from the coarsest entries that will do.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use super::{
    Source,
    cover::Cover,
    missed::Missed,
    tally::Tally,
    union::{Heavy, Union},
};
use crate::{
    coding::Bytes,
    part::rollup_path,
    rollup::{
        Cache, Hour, Key, Level, Opened, Ranking, Section, Summary, Uniques, Wanted, all_hashes,
        hour_start,
    },
    store::{Interval, StatsQuery},
};

/// What is needed of each site of a part.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) covers: HashMap<u128, Cover>,
    /// Stretches whose uniques and rankings are needed.
    wholes: HashSet<u128>,
    days: HashSet<(u128, i64)>,
    hours: HashSet<(u128, i64)>,
}

/// The rollup of a part, as far as a question needs it.
pub(super) struct Entries<'a> {
    query: &'a StatsQuery,
    cache: &'a Cache,
    source: usize,
    rollup: Opened,
}

const SETS: [Sets; 2] = [
    Sets {
        here: Section::Visitors,
        elsewhere: Section::VisitorHashes,
        of: |tally| &mut tally.visitors,
    },
    Sets {
        here: Section::Sessions,
        elsewhere: Section::SessionHashes,
        of: |tally| &mut tally.sessions,
    },
];

struct Sets {
    here: fn(Level) -> Section,
    elsewhere: fn(Level) -> Section,
    of: fn(&mut Tally) -> &mut Union,
}

impl<'a> Entries<'a> {
    /// Opens the rollup of a source.
    pub(super) fn open(
        source: usize,
        Source { folder, part }: Source<'_>,
        query: &'a StatsQuery,
        cache: &'a Cache,
    ) -> Result<Entries<'a>, Missed> {
        let opened = cache.open(
            &*folder.files,
            &rollup_path(folder, part.number),
            part.footer_crc,
        );
        Ok(Entries {
            query,
            cache,
            source,
            rollup: opened.map_err(|why| Missed::Rollup(source, why.to_string()))?,
        })
    }

    /// Adds what the entries have, and tells where rows have to be looked at.
    pub(super) fn add_to(&self, tally: &mut Tally) -> Result<Plan, Missed> {
        let mut plan = self.plan(tally)?;
        self.days(&mut plan, tally)?;
        self.finer_cells(&plan, tally)?;
        self.uniques_and_rankings(&plan, tally)?;
        Ok(plan)
    }

    /// The hashes of a set of which there was only the sketch.
    pub(super) fn hashes(&self, heavy: &Heavy) -> Result<Vec<u64>, Missed> {
        let mut hashes = None;
        let bucket = heavy.bucket..heavy.bucket + 1;
        let wanted = Wanted {
            site: Some(heavy.site),
            ..self.wanted(std::slice::from_ref(&bucket))
        };
        self.read(heavy.section, &wanted, &mut |_, bytes| {
            hashes = all_hashes(bytes);
            Some(())
        })?;
        hashes.ok_or_else(|| Missed::damaged(heavy.source))
    }

    fn read(
        &self,
        section: Section,
        wanted: &Wanted<'_>,
        visit: &mut dyn FnMut(&Key, Bytes<'_>) -> Option<()>,
    ) -> Result<(), Missed> {
        let read = self.cache.entries(&self.rollup, section, wanted, visit);
        read.map_err(|why| Missed::Rollup(self.source, why.to_string()))
    }

    fn wanted<'b>(&'b self, buckets: &'b [Range<i64>]) -> Wanted<'b> {
        let query = self.query;
        Wanted {
            tenant: query.tenant.as_str().as_bytes(),
            site: query.site.map(|site| site.as_u128()),
            buckets,
        }
    }

    /// Looks at what there is of each site as a whole, and counts it where that will do.
    fn plan(&self, tally: &mut Tally) -> Result<Plan, Missed> {
        let mut plan = Plan::default();
        let query = self.query;
        let range = query.from.as_millis()..query.to.as_millis();
        self.read(
            Section::Cells(Level::Whole),
            &self.wanted(std::slice::from_ref(&(0..1))),
            &mut |key, mut bytes| {
                let summary = Summary::read(&mut bytes)?;
                let cover = Cover::new(&range, summary.span);
                if cover.is_whole {
                    match summary.only {
                        None => plan.wholes.insert(key.site),
                        Some(day) => plan.days.insert((key.site, day)),
                    };
                    if query.interval.is_none() {
                        count(tally, &summary, None);
                    }
                }
                plan.covers.insert(key.site, cover);
                Some(())
            },
        )?;
        Ok(plan)
    }

    /// Counts days, and finds out which of them consist of one hour alone.
    fn days(&self, plan: &mut Plan, tally: &mut Tally) -> Result<(), Missed> {
        let interval = self.query.interval;
        let mut ranges: Vec<Range<i64>> = plan.days.iter().map(|(_, day)| *day..day + 1).collect();
        ranges.extend(plan.covers.values().map(|cover| cover.days.clone()));
        let ranges = joined(ranges);
        let mut days = HashSet::new();
        self.read(
            Section::Cells(Level::Day),
            &self.wanted(&ranges),
            &mut |key, mut bytes| {
                let summary = Summary::read(&mut bytes)?;
                let place = (key.site, key.bucket);
                let cover = plan.covers.get(&key.site)?;
                let in_range = cover.days.contains(&key.bucket);
                let counted = match interval {
                    None => in_range && !cover.is_whole,
                    Some(Interval::Day) => in_range,
                    Some(Interval::Hour | Interval::Minute) => false,
                };
                if counted {
                    count(tally, &summary, Some(hour_start(key.bucket * 24)));
                }
                let needed = in_range && !cover.is_whole;
                if needed || plan.days.contains(&place) {
                    match summary.only {
                        None => days.insert(place),
                        Some(hour) => plan.hours.insert((key.site, hour)),
                    };
                }
                Some(())
            },
        )?;
        plan.days = days;
        for (site, cover) in plan.covers.iter().filter(|(_, cover)| !cover.is_whole) {
            let hours = cover.hours.iter().cloned().flatten();
            plan.hours.extend(hours.map(|hour| (*site, hour)));
        }
        Ok(())
    }

    /// Counts the hours around the days, or all of them where the series is that fine.
    fn finer_cells(&self, plan: &Plan, tally: &mut Tally) -> Result<(), Missed> {
        let interval = self.query.interval;
        let needed = |cover: &Cover| match interval {
            None if cover.is_whole => vec![],
            None | Some(Interval::Day) => cover.hours.to_vec(),
            Some(Interval::Hour | Interval::Minute) => vec![cover.all_hours()],
        };
        let ranges = joined(plan.covers.values().flat_map(needed).collect());
        let is_needed = |key: &Key| {
            let cover = plan.covers.get(&key.site);
            cover.is_some_and(|cover| {
                needed(cover)
                    .iter()
                    .any(|hours| hours.contains(&key.bucket))
            })
        };
        if interval == Some(Interval::Minute) {
            return self.read(
                Section::Minutes,
                &self.wanted(&ranges),
                &mut |key, mut bytes| {
                    let hour = Hour::read(&mut bytes)?;
                    if is_needed(key) {
                        count_minutes(tally, &hour, hour_start(key.bucket));
                    }
                    Some(())
                },
            );
        }
        let section = Section::Cells(Level::Hour);
        self.read(section, &self.wanted(&ranges), &mut |key, mut bytes| {
            let summary = Summary::read(&mut bytes)?;
            if is_needed(key) {
                count(tally, &summary, Some(hour_start(key.bucket)));
            }
            Some(())
        })
    }

    fn uniques_and_rankings(&self, plan: &Plan, tally: &mut Tally) -> Result<(), Missed> {
        let of = |places: &HashSet<(u128, i64)>| {
            joined(
                places
                    .iter()
                    .map(|(_, bucket)| *bucket..bucket + 1)
                    .collect(),
            )
        };
        let wholes = plan.wholes.iter().map(|site| (*site, 0)).collect();
        for (level, places) in [
            (Level::Whole, &wholes),
            (Level::Day, &plan.days),
            (Level::Hour, &plan.hours),
        ] {
            if !places.is_empty() {
                self.level(level, places, &of(places), tally)?;
            }
        }
        Ok(())
    }

    fn level(
        &self,
        level: Level,
        places: &HashSet<(u128, i64)>,
        ranges: &[Range<i64>],
        tally: &mut Tally,
    ) -> Result<(), Missed> {
        let wanted = self.wanted(ranges);
        let is_needed = |key: &Key| places.contains(&(key.site, key.bucket));
        for sets in &SETS {
            let union = (sets.of)(tally);
            self.read((sets.here)(level), &wanted, &mut |key, mut bytes| {
                if !is_needed(key) {
                    return Some(());
                }
                match Uniques::read(&mut bytes)? {
                    Uniques::Here(hashes) => union.add(&hashes),
                    Uniques::Many(sketch) => union.add_sketch(sketch)?,
                    Uniques::Elsewhere(sketch) => union.add_heavy(Heavy {
                        source: self.source,
                        section: (sets.elsewhere)(level),
                        site: key.site,
                        bucket: key.bucket,
                        sketch: sketch.to_vec(),
                    }),
                }
                Some(())
            })?;
        }
        let rankings = [
            (Section::Pages(level), &mut tally.pages),
            (Section::Referrers(level), &mut tally.referrers),
        ];
        for (section, ranks) in rankings {
            self.read(section, &wanted, &mut |key, mut bytes| {
                if is_needed(key) {
                    ranks.merge(Ranking::read(&mut bytes)?);
                }
                Some(())
            })?;
        }
        Ok(())
    }
}

fn count(tally: &mut Tally, summary: &Summary<'_>, at: Option<i64>) {
    tally.bots += summary.bots;
    for (kind, cell) in &summary.kinds {
        tally.cell(kind, at, *cell);
    }
}

fn count_minutes(tally: &mut Tally, hour: &Hour<'_>, start: i64) {
    tally.bots += hour.bots;
    for (kind, minutes) in &hour.kinds {
        for (minute, cell) in minutes {
            tally.cell(kind, Some(start + i64::from(*minute) * 60_000), *cell);
        }
    }
}

/// The ranges in order, those that touch as one.
fn joined(mut ranges: Vec<Range<i64>>) -> Vec<Range<i64>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<i64>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => joined.push(range),
        }
    }
    joined
}
