//! Sums are made anew from the events that are kept, by the rules that are set now.
//!
//! Only days (in eights, as blocks end) are made anew whose events are all kept. Where the rules are others than before, sums
//! of older days are changed by what the kept stories tell differently, so that all that is told of
//! a story later finds in the sums what it takes back.

use cauce_flow::time::Timestamp;
use cauce_observe::analytics::{Conversation, Effect, Person, measure::Effects};
use rusqlite::{Connection, Transaction};
use sha2::{Digest, Sha256};

use super::{
    Analytics, Error, Settings,
    facts::Gone,
    rules::Rules,
    stories::{Story, events_of, save, told, unpack},
    sums::{Changes, DAY, EIGHT_DAYS, Grain, MAX_BLOCK, MINUTE_MS, QUARTER},
    take::effects_alone,
    tracked::{COLUMNS, Written},
};

/// Changes that are held in memory at most.
const MAX_CHANGES: usize = 200_000;
/// Stories that are read at once.
const STORIES_AT_ONCE: i64 = 5_000;

/// What was made anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Events that were counted.
    pub events: u64,
    /// Sums from here on are new; none where all of them are.
    pub from: Option<Timestamp>,
    /// Whether any sum is another than before.
    pub changed: bool,
}

impl Analytics {
    /// Makes the sums anew from the events. `progress` is told how many of how many are counted.
    pub async fn rebuild(
        &self,
        progress: impl Fn(u64, u64) + Send + 'static,
    ) -> Result<Rebuilt, Error> {
        self.fold().await?;
        let settings = self.settings.read().clone();
        let (old, new) = (self.rules.read().clone(), settings.rules());
        let rules = new.clone();
        let work = move |tx: &Transaction<'_>| {
            Ok::<_, Error>(rebuild(tx, &settings, [&old, &new], &progress)?)
        };
        let rebuilt = self.database.write(work).await?;
        *self.rules.write() = rules;
        Ok(rebuilt)
    }
}

fn rebuild(
    tx: &Transaction<'_>,
    settings: &Settings,
    [old, new]: [&Rules; 2],
    progress: &dyn Fn(u64, u64),
) -> rusqlite::Result<Rebuilt> {
    let from = first_whole(tx, old.idle.0.max(new.idle.0))?;
    let before = digest(tx)?;
    for grain in Grain::ALL {
        let first = from.map_or(0, |from| grain.block(from));
        forget(tx, grain.places(first, MAX_BLOCK))?;
    }
    let mut making = Making {
        tx,
        from_ms: from.map_or(i64::MIN, |minute| minute * MINUTE_MS),
        old,
        new,
        changes: Changes::default(),
    };
    let events = making.events(progress)?;
    making.stories::<Conversation>()?;
    making.stories::<Person>()?;
    making.flush()?;
    new.put(tx)?;
    prune_minutes(tx, settings)?;
    Ok(Rebuilt {
        events,
        from: from.map(|minute| Timestamp::from_millis(minute * MINUTE_MS)),
        changed: digest(tx)? != before,
    })
}

/// The first minute of the first eight days whose events are all kept, as far as they can have an
/// effect in it; none where none was ever pruned.
fn first_whole(tx: &Transaction<'_>, idle_ms: i64) -> rusqlite::Result<Option<i64>> {
    Ok(Gone::Events.before(tx)?.map(|gone| {
        // An end by silence is told as of the next quarter-hour.
        let minute = gone.saturating_add(idle_ms).div_euclid(MINUTE_MS) + 2 * QUARTER;
        (minute + EIGHT_DAYS - 1).div_euclid(EIGHT_DAYS) * EIGHT_DAYS
    }))
}

/// Minutes are kept for less long than events.
fn prune_minutes(tx: &Transaction<'_>, settings: &Settings) -> rusqlite::Result<()> {
    let newest: Option<i64> = tx.query_row("SELECT max(at) FROM events", [], |row| row.get(0))?;
    let Some(newest) = newest else { return Ok(()) };
    let kept = i64::try_from(settings.events_kept.as_millis()).unwrap_or(0);
    let before = (newest - kept).div_euclid(DAY * MINUTE_MS) * DAY;
    Gone::Minutes.note(tx, before * MINUTE_MS)?;
    forget(tx, Grain::Minute.places(0, Grain::Minute.block(before)))
}

/// Forgets the sums from one place to before another.
fn forget(tx: &Transaction<'_>, places: [i64; 2]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM sums WHERE place >= ?1 AND place < ?2", places)
        .map(drop)
}

/// What all sums of days come to, to tell whether any has changed.
fn digest(connection: &Connection) -> rusqlite::Result<[u8; 32]> {
    let mut packs = connection.prepare(
        "SELECT place, packed FROM sums WHERE place >= ?1 AND place < ?2 ORDER BY place",
    )?;
    let mut digest = Sha256::new();
    for grain in [Grain::Day, Grain::DayOfClasses] {
        let mut rows = packs.query(grain.places(0, MAX_BLOCK))?;
        while let Some(row) = rows.next()? {
            digest.update(row.get::<_, i64>(0)?.to_be_bytes());
            digest.update(row.get_ref(1)?.as_blob()?);
        }
    }
    Ok(digest.finalize().into())
}

struct Making<'a> {
    tx: &'a Transaction<'a>,
    from_ms: i64,
    old: &'a Rules,
    new: &'a Rules,
    changes: Changes,
}

impl Making<'_> {
    /// Counts each event by itself.
    fn events(&mut self, progress: &dyn Fn(u64, u64)) -> rusqlite::Result<u64> {
        let count: i64 = self
            .tx
            .query_row("SELECT count(*) FROM events", [], |row| row.get(0))?;
        let sql = format!("SELECT {COLUMNS} FROM events ORDER BY id");
        let mut all = self.tx.prepare(&sql)?;
        let mut rows = all.query([])?;
        let mut done = 0;
        while let Some(row) = rows.next()? {
            let written = Written::read(row)?;
            self.add(written.tenant, &effects_alone(&written).0)?;
            done += 1;
            progress(done, count.cast_unsigned());
        }
        Ok(done)
    }

    /// Tells each story from its base, and keeps where it stands afterwards.
    fn stories<S: Story>(&mut self) -> rusqlite::Result<()> {
        let mut through = 0;
        loop {
            let stories = self.after::<S>(through)?;
            let Some((last, ..)) = stories.last() else {
                return Ok(());
            };
            through = *last;
            for (id, tenant, base) in &stories {
                self.story(*id, *tenant, base)?;
            }
        }
    }

    /// The next stories, with what they are told from.
    fn after<S: Story>(&self, through: i64) -> rusqlite::Result<Vec<(i64, i64, S)>> {
        let sql = format!(
            "SELECT id, tenant, base FROM {} WHERE id > ?1 ORDER BY id LIMIT ?2",
            S::TABLE
        );
        let mut some = self.tx.prepare_cached(&sql)?;
        some.query_map([through, STORIES_AT_ONCE], |row| {
            let base: Option<Vec<u8>> = row.get(2)?;
            let base = base.map_or_else(S::default, |bytes| S::from_numbers(&unpack(&bytes)));
            Ok((row.get(0)?, row.get(1)?, base))
        })?
        .collect()
    }

    fn story<S: Story>(&mut self, id: i64, tenant: i64, base: &S) -> rusqlite::Result<()> {
        let events = events_of::<S>(self.tx, id)?;
        let mut effects = Effects::default();
        // What the events that are gone left to be foreseen is in the sums by the old rules.
        base.foresee(self.new, 1, &mut effects);
        let tip = told(base.clone(), &events, self.new, &mut effects);
        self.add(tenant, &effects.0)?;
        save(self.tx, id, &tip)?;
        let mut before = Effects::default();
        base.foresee(self.old, 1, &mut before);
        told(base.clone(), &events, self.old, &mut before);
        self.change_older(tenant, &before.0, &effects.0);
        Ok(())
    }

    /// Adds effects as far as the sums are made anew.
    fn add(&mut self, tenant: i64, effects: &[Effect]) -> rusqlite::Result<()> {
        self.changes.add(tenant, &self.side(effects, true), 1);
        if self.changes.len() < MAX_CHANGES {
            return Ok(());
        }
        // Many are of the same sums: what is left of them decides.
        self.changes.add_up();
        match self.changes.len() >= MAX_CHANGES / 2 {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Changes older sums by what is told of them now and was not before. The same rules tell the
    /// same.
    fn change_older(&mut self, tenant: i64, before: &[Effect], now: &[Effect]) {
        if self.old != self.new {
            self.changes.add(tenant, &self.side(before, false), -1);
            self.changes.add(tenant, &self.side(now, false), 1);
        }
    }

    fn side(&self, effects: &[Effect], is_new: bool) -> Vec<Effect> {
        let own = effects.iter();
        let own = own.filter(|effect| (effect.at >= self.from_ms) == is_new);
        own.copied().collect()
    }

    fn flush(&mut self) -> rusqlite::Result<()> {
        std::mem::take(&mut self.changes).write(self.tx)
    }
}
