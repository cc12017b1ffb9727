//! Random work, restarts and power cuts: after each step the store is what the model says.

use std::collections::BTreeMap;

use cauce_flow::{
    job::{LeasedJob, NewJob, State},
    priority::Priority,
    queue::settlement::{Attempt, Outcome, Settlement},
    reason::Reason,
    time::Timestamp,
};
use cauce_log::files::FaultyFiles;
use proptest::prelude::*;

use super::{
    super::EmbeddedStore,
    NOW, line,
    model::{Job, Model, NEVER_TWICE},
    new_job, open_on, runtime,
};
use crate::jobs::{
    Change, Claim, Enqueue, Error, Gate, GroupGate, JobStore, Mark, Replay, Rescued, Scope, Select,
    Start,
};

const QUEUES: [&str; 2] = ["meta", NEVER_TWICE];
const TENANTS: [&str; 3] = ["acme", "bolt", "cove"];
const GROUPS: [&str; 2] = ["0", "1"];
const STEP_MS: i64 = 1_000;

#[derive(Clone, Debug)]
struct Shape {
    queue: usize,
    tenant: usize,
    group: Option<u8>,
    priority: usize,
    due_in: i64,
    expires_in: Option<i64>,
    key: Option<u8>,
    bytes: usize,
}

/// How far the jobs of a group are made with a call.
#[derive(Clone, Debug)]
struct Made {
    tenant: usize,
    group: usize,
    upto: u64,
    done: bool,
    bare: bool,
}

#[derive(Clone, Debug)]
enum Op {
    Enqueue(Vec<Shape>, Option<Made>),
    Claim {
        queue: usize,
        max_jobs: usize,
        max_bytes: usize,
    },
    Settle {
        count: usize,
        outcome: u8,
        wait: i64,
        twice: bool,
    },
    Advance(i64),
    Cancel(usize),
    Replay(Option<u8>),
    Resolve(bool),
    Forget,
    Change {
        priority: usize,
        due_in: Option<i64>,
        which: usize,
    },
    Gate {
        queue: usize,
        tenant: Option<usize>,
        gate: u8,
    },
    /// Gate 3 forgets the group.
    Group {
        tenant: usize,
        group: usize,
        gate: usize,
    },
    Leave,
    Compact,
    Reopen,
    PowerCut,
    DieIn(u32),
}

fn shape() -> impl Strategy<Value = Shape> {
    (
        (0..2usize, 0..3usize, prop::option::of(0..2u8), 0..4usize),
        prop_oneof![3 => Just(0i64), 2 => -5..40i64],
        prop::option::weighted(0.3, 1..60i64),
        prop::option::weighted(0.3, 0..6u8),
        1..700usize,
    )
        .prop_map(
            |((queue, tenant, group, priority), due_in, expires_in, key, bytes)| Shape {
                queue,
                tenant,
                group,
                priority,
                due_in,
                expires_in,
                key,
                bytes,
            },
        )
}

fn made() -> impl Strategy<Value = Option<Made>> {
    let made = (
        0..3usize,
        0..2usize,
        0..9u64,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.2),
    );
    let made = made.prop_map(|(tenant, group, upto, done, bare)| Made {
        tenant,
        group,
        upto,
        done,
        bare,
    });
    prop::option::weighted(0.3, made)
}

fn op() -> impl Strategy<Value = Op> {
    let max_bytes = prop_oneof![Just(usize::MAX), 100..3_000usize];
    let gate = prop_oneof![3 => Just(0usize), 3 => Just(1), 1 => Just(2), 2 => Just(3)];
    prop_oneof![
        6 => (prop::collection::vec(shape(), 1..12), made())
            .prop_map(|(shapes, made)| Op::Enqueue(shapes, made)),
        3 => (0..3usize, 0..2usize, gate)
            .prop_map(|(tenant, group, gate)| Op::Group { tenant, group, gate }),
        6 => (0..2usize, 1..12usize, max_bytes)
            .prop_map(|(queue, max_jobs, max_bytes)| Op::Claim { queue, max_jobs, max_bytes }),
        6 => (1..12usize, 0..8u8, 0..30i64, any::<bool>())
            .prop_map(|(count, outcome, wait, twice)| Op::Settle { count, outcome, wait, twice }),
        4 => (0..30i64).prop_map(Op::Advance),
        1 => (86_000..90_000i64).prop_map(Op::Advance),
        1 => (0..6usize).prop_map(Op::Cancel),
        1 => prop::option::of(1..3u8).prop_map(Op::Replay),
        1 => any::<bool>().prop_map(Op::Resolve),
        1 => Just(Op::Forget),
        2 => (0..4usize, prop::option::of(0..30i64), 0..40usize)
            .prop_map(|(priority, due_in, which)| Op::Change { priority, due_in, which }),
        1 => (0..2usize, prop::option::of(0..3usize), 0..3u8)
            .prop_map(|(queue, tenant, gate)| Op::Gate { queue, tenant, gate }),
        2 => Just(Op::Leave),
        1 => Just(Op::Compact),
        2 => Just(Op::Reopen),
        1 => Just(Op::PowerCut),
        1 => (0..40u32).prop_map(Op::DieIn),
    ]
}

struct World {
    files: FaultyFiles,
    store: Option<EmbeddedStore>,
    model: Model,
    leased: Vec<LeasedJob>,
    runtime: tokio::runtime::Runtime,
}

/// The store answered that it is broken: the process is dead.
struct Dead;

type Done = Result<(), Dead>;

fn alive<T>(answer: Result<T, Error>) -> Result<T, Dead> {
    match answer {
        Ok(value) => Ok(value),
        // A read fails only where the process is dying.
        Err(Error::Broken(_) | Error::Closed | Error::Unread(_)) => Err(Dead),
        Err(error) => panic!("{error}"),
    }
}

impl World {
    fn new(seed: u64) -> World {
        let files = FaultyFiles::new(seed);
        let model = Model {
            now: NOW.as_millis(),
            ..Model::default()
        };
        World {
            store: Some(open_on(&files)),
            files,
            model,
            leased: Vec::new(),
            runtime: runtime(),
        }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.model.now)
    }

    fn run<T>(&self, call: impl AsyncFnOnce(&EmbeddedStore) -> T) -> T {
        let store = self.store.as_ref().expect("the store is open");
        self.runtime.block_on(call(store))
    }

    fn step(&mut self, op: &Op) {
        let before = self.model.clone();
        if self.obey(op).is_err() {
            self.crash(before);
        }
        self.check(op);
    }

    fn obey(&mut self, op: &Op) -> Done {
        match op {
            Op::Enqueue(shapes, made) => self.enqueue(shapes, made.as_ref())?,
            Op::Group {
                tenant,
                group,
                gate,
            } => match gate {
                3 => self.forget_group(TENANTS[*tenant], GROUPS[*group])?,
                gate => self.set_group(TENANTS[*tenant], GROUPS[*group], *gate)?,
            },
            Op::Claim {
                queue,
                max_jobs,
                max_bytes,
            } => self.claim(QUEUES[*queue], *max_jobs, *max_bytes)?,
            Op::Settle {
                count,
                outcome,
                wait,
                twice,
            } => self.settle(*count, *outcome, *wait, *twice)?,
            Op::Advance(seconds) => self.advance(*seconds)?,
            Op::Cancel(kind) => self.cancel(*kind)?,
            Op::Replay(state) => self.replay(*state)?,
            Op::Resolve(delivered) => self.resolve(*delivered)?,
            Op::Forget => self.forget()?,
            Op::Leave => self.leave()?,
            Op::Change {
                priority,
                due_in,
                which,
            } => self.change(*priority, *due_in, *which)?,
            Op::Gate {
                queue,
                tenant,
                gate,
            } => self.gate(QUEUES[*queue], tenant.map(|t| TENANTS[t]), *gate)?,
            // A dying process fails here; the next step finds out.
            Op::Compact => drop(self.store.as_ref().map(EmbeddedStore::compact)),
            Op::Reopen => self.reopen(),
            Op::PowerCut => {
                self.files.power_cut();
                self.restart();
            }
            Op::DieIn(changes) => self.files.die_after(*changes),
        }
        Ok(())
    }

    fn enqueue(&mut self, shapes: &[Shape], made: Option<&Made>) -> Done {
        let now = self.now();
        let bare = made.is_some_and(|made| made.bare);
        let shapes = if bare { &[] } else { shapes };
        let jobs: Vec<NewJob> = shapes.iter().map(|shape| build(shape, now)).collect();
        let mark = made.map(Made::mark);
        let refused = jobs.iter().any(|job| self.refuses(job))
            || mark
                .as_ref()
                .is_some_and(|mark| self.model.refuses(mark, bare));
        let batch = Enqueue {
            jobs: jobs.clone(),
            dropped: Vec::new(),
            mark: mark.clone(),
        };
        let answers = self.run(async |store| store.enqueue(batch, now).await);
        if let Err(Error::Draining { .. } | Error::Stopped { .. } | Error::Marked { .. }) = answers
        {
            assert!(refused);
            return Ok(());
        }
        let answers = alive(answers)?;
        assert!(!refused);
        if let Some(mark) = mark {
            let new = jobs.iter().zip(&answers).filter(|(job, answer)| {
                let of_group = (&job.tenant, job.group.as_ref());
                !answer.duplicate && of_group == (&mark.tenant, Some(&mark.group))
            });
            self.keep_group(
                mark.tenant.as_str(),
                mark.group.as_str(),
                new.count() as u64,
            );
            let key = (mark.tenant.to_string(), mark.group.to_string());
            let kept = self.model.groups.get_mut(&key).unwrap();
            (kept.mark.upto, kept.mark.done) = (mark.upto, mark.done);
        }
        for (new, answer) in jobs.iter().zip(answers) {
            match self.model.known(new) {
                Some(first) => {
                    assert_eq!((answer.id, answer.duplicate), (first, true));
                    self.model.duplicate(new);
                }
                None => {
                    assert!(!answer.duplicate, "{new:?}");
                    self.model.take(answer.id, new);
                }
            }
        }
        Ok(())
    }

    fn refuses(&self, job: &NewJob) -> bool {
        let (queue, tenant) = (job.line.queue.as_str(), job.tenant.as_str());
        let stopped = |group: &cauce_flow::id::GroupName| {
            let kept = self
                .model
                .groups
                .get(&(tenant.to_owned(), group.to_string()));
            kept.is_some_and(|kept| kept.gate == GroupGate::Stopped)
        };
        self.model.is_draining(queue, tenant) || job.group.as_ref().is_some_and(stopped)
    }

    /// From here on the group is kept. What was in it before is told by the store, as it may have
    /// forgotten some of it.
    fn keep_group(&mut self, tenant: &str, group: &str, new: u64) {
        let key = (tenant.to_owned(), group.to_owned());
        if self.model.groups.contains_key(&key) {
            return;
        }
        let found = self.store.as_ref().unwrap();
        let found = found.group(&tenant.parse().unwrap(), &group.parse().unwrap());
        let mut found = found.expect("the group is kept");
        // The new ones are counted in below.
        found.accepted -= new;
        self.model.groups.insert(key, found);
    }

    fn set_group(&mut self, tenant: &str, group: &str, gate: usize) -> Done {
        let now = self.now();
        let gate = [GroupGate::Open, GroupGate::Paused, GroupGate::Stopped][gate];
        let (id, name) = (tenant.parse().unwrap(), group.parse().unwrap());
        let key = (tenant.to_owned(), group.to_owned());
        let known = self.model.groups.get(&key).map(|kept| kept.gate);
        let set = self.run(async |store| store.set_group(id, name, gate, now).await);
        if let Err(Error::Stopped { .. }) = set {
            assert_eq!(known, Some(GroupGate::Stopped));
            return Ok(());
        }
        let cancelled = alive(set)?;
        if known.is_none() {
            self.keep_group(tenant, group, 0);
            let kept = self.model.groups.get_mut(&key).unwrap();
            // They are counted once more below.
            *kept.states.entry(State::Cancelled).or_default() -= cancelled;
        }
        self.model.groups.get_mut(&key).unwrap().gate = gate;
        let stopped = match gate {
            GroupGate::Stopped => self.model.stop(tenant, group),
            GroupGate::Open | GroupGate::Paused => 0,
        };
        assert_eq!(cancelled, stopped);
        Ok(())
    }

    fn forget_group(&mut self, tenant: &str, group: &str) -> Done {
        let now = self.now();
        let pending = self.model.figures(tenant, group).map(|kept| kept.pending());
        let (id, name) = (tenant.parse().unwrap(), group.parse().unwrap());
        let forgotten = self.run(async |store| store.forget_group(id, name, now).await);
        if let Err(Error::Unfinished { pending: found, .. }) = forgotten {
            assert_eq!(Some(found), pending);
            return Ok(());
        }
        let forgotten = alive(forgotten)?;
        let known = self
            .model
            .groups
            .remove(&(tenant.to_owned(), group.to_owned()));
        assert_eq!((forgotten, pending.unwrap_or(0)), (known.is_some(), 0));
        Ok(())
    }

    fn claim(&mut self, queue: &str, max_jobs: usize, max_bytes: usize) -> Done {
        let now = self.now();
        let claim = Claim {
            line: line(queue),
            max_jobs,
            max_bytes,
            requests: 1,
        };
        let got = alive(self.run(async |store| store.claim(claim, now).await))?;
        self.model.advance();
        // What is too old is not handed out.
        let read: Vec<_> = self.model.with(|job| {
            job.state == State::Waiting && job.queue == queue && job.expires <= now.as_millis()
        });
        assert!(read.is_empty());
        self.model.claimed(queue, max_jobs, max_bytes, &got);
        self.leased.extend(got);
        Ok(())
    }

    fn settle(&mut self, count: usize, outcome: u8, wait: i64, twice: bool) -> Done {
        let now = self.now();
        let due = self.model.now + wait * STEP_MS;
        let jobs: Vec<LeasedJob> = self.leased.drain(..count.min(self.leased.len())).collect();
        let mut settlements: Vec<Settlement> = jobs
            .iter()
            .map(|job| settlement(job, outcome, now, due))
            .collect();
        if twice {
            settlements.extend(settlements.clone());
        }
        alive(self.run(async |store| store.settle(settlements, 1, now).await))?;
        for leased in jobs {
            let due_before = self.model.job(leased.id).due;
            match outcome {
                0 | 1 => self.model.end(leased.id, State::Completed),
                2 => self.model.back(leased.id, due),
                3 => self.model.back(leased.id, due_before),
                4 => self.model.back(leased.id, due),
                5 => self.model.end(leased.id, State::Dead),
                7 => self.model.end(leased.id, State::Cancelled),
                _ => self.model.end(leased.id, State::Unknown),
            }
            let job = self.model.job(leased.id);
            if !matches!(outcome, 3 | 4 | 7) {
                job.attempt += 1;
            }
            job.attempts += usize::from(!matches!(outcome, 3 | 7));
        }
        Ok(())
    }

    fn advance(&mut self, seconds: i64) -> Done {
        self.model.now += seconds * STEP_MS;
        let now = self.now();
        while alive(self.run(async |store| store.advance(now).await))? == Some(now) {}
        self.model.advance();
        Ok(())
    }

    fn cancel(&mut self, kind: usize) -> Done {
        let now = self.now();
        let mut select = Select::all(Scope::Tenant(TENANTS[kind % 3].parse().unwrap()));
        if kind < 3 {
            select.group = Some("0".parse().unwrap());
        }
        let count = alive(self.run(async |store| store.cancel(select, now).await))?;
        let ids = self.model.with(|job| {
            job.tenant == TENANTS[kind % 3]
                && (kind >= 3 || job.group.as_deref() == Some("0"))
                && matches!(job.state, State::Scheduled | State::Waiting)
        });
        assert_eq!(count, ids.len() as u64);
        ids.into_iter()
            .for_each(|id| self.model.end(id, State::Cancelled));
        Ok(())
    }

    fn replay(&mut self, state: Option<u8>) -> Done {
        let now = self.now();
        let mut select = Select::all(Scope::All);
        select.states = match state {
            None => Vec::new(),
            Some(1) => vec![State::Dead],
            Some(_) => vec![State::Unknown],
        };
        let wanted = select.states.clone();
        let ids = self.model.with(|job| {
            matches!(job.state, State::Dead | State::Unknown)
                && (wanted.is_empty() || wanted.contains(&job.state))
        });
        let stopped = |id: &cauce_flow::id::JobId| {
            self.model.group_gate(&self.model.jobs[id]) == GroupGate::Stopped
        };
        let (stays, ids): (Vec<_>, Vec<_>) = ids.into_iter().partition(stopped);
        for dry_run in [true, false] {
            let replay = Replay {
                select: select.clone(),
                dry_run,
                per_second: None,
            };
            let count = alive(self.run(async |store| store.replay(replay, now).await))?;
            let counted = if dry_run { stays.len() } else { 0 };
            assert_eq!(count, (ids.len() + counted) as u64);
        }
        ids.into_iter().for_each(|id| self.model.revive(id));
        Ok(())
    }

    fn resolve(&mut self, delivered: bool) -> Done {
        let now = self.now();
        let Some(id) = self
            .model
            .with(|job| job.state == State::Unknown)
            .first()
            .copied()
        else {
            return Ok(());
        };
        alive(self.run(async |store| store.resolve(id, Scope::All, delivered, now).await))?;
        self.model.uncount(id);
        self.model.end(
            id,
            if delivered {
                State::Completed
            } else {
                State::Dead
            },
        );
        Ok(())
    }

    /// Half of the leased jobs that must not go twice are about to leave.
    fn leave(&mut self) -> Done {
        let now = self.now();
        let leased = |job: &Job| job.state == State::Active && job.queue == NEVER_TWICE;
        let mut jobs = self.model.with(leased);
        jobs.retain(|id| id.number().is_multiple_of(2));
        let start = Start {
            line: line(NEVER_TWICE),
            requests: 1,
            jobs: jobs.clone(),
        };
        alive(self.run(async |store| store.begin(start, now).await))?;
        for id in jobs {
            self.model.job(id).left = true;
        }
        Ok(())
    }

    fn forget(&mut self) -> Done {
        let now = self.now();
        let Some(id) = self
            .model
            .with(|job| job.state == State::Dead)
            .first()
            .copied()
        else {
            return Ok(());
        };
        alive(self.run(async |store| store.forget(id, Scope::All, now).await))?;
        self.model.jobs.remove(&id);
        Ok(())
    }

    fn change(&mut self, priority: usize, due_in: Option<i64>, which: usize) -> Done {
        let now = self.now();
        let fits = self
            .model
            .with(|job| matches!(job.state, State::Scheduled | State::Waiting));
        let Some(id) = fits.get(which % fits.len().max(1)).copied() else {
            return Ok(());
        };
        let change = Change {
            priority: Priority::from_index(priority),
            due_at: due_in
                .map(|seconds| Timestamp::from_millis(self.model.now + seconds * STEP_MS)),
        };
        alive(self.run(async |store| store.change(id, Scope::All, change, now).await))?;
        let due = change
            .due_at
            .map_or(self.model.job(id).due, Timestamp::as_millis);
        self.model.job(id).priority = Priority::from_index(priority).unwrap();
        self.model.back(id, due);
        Ok(())
    }

    fn gate(&mut self, queue: &str, tenant: Option<&str>, gate: u8) -> Done {
        let now = self.now();
        let gate = [Gate::Open, Gate::Draining, Gate::Paused][usize::from(gate)];
        let tenant_id = tenant.map(|tenant| tenant.parse().unwrap());
        let name = queue.parse().unwrap();
        alive(self.run(async |store| store.set_gate(name, tenant_id, gate, now).await))?;
        self.model
            .paused
            .insert((queue.to_owned(), tenant.map(str::to_owned)), gate);
        Ok(())
    }

    /// A good end and a new start: the state is the same, to the last bit.
    fn reopen(&mut self) {
        let now = self.now();
        if alive(self.run(async |store| store.advance(now).await)).is_err() {
            self.files.power_cut();
            return self.restart();
        }
        self.model.advance();
        let before = self.store.as_ref().unwrap().shared.state.lock().digest();
        drop(self.store.take());
        // A process that was to die in a while may die while it closes; nothing was under way.
        self.files.kill();
        let store = open_on(&self.files);
        self.runtime.block_on(store.advance(now)).unwrap();
        let after = store.shared.state.lock().digest();
        self.store = Some(store);
        let lost: Vec<_> = before.iter().filter(|line| !after.contains(line)).collect();
        let new: Vec<_> = after.iter().filter(|line| !before.contains(line)).collect();
        assert!(
            lost.is_empty() && new.is_empty(),
            "before: {lost:#?}\nafter: {new:#?}"
        );
        self.rescue();
    }

    /// The process died in the middle of a call: it is done as a whole, or not at all.
    fn crash(&mut self, before: Model) {
        self.files.power_cut();
        let now = self.model.now;
        self.model = before;
        self.model.now = now;
        drop(self.store.take());
        self.store = Some(open_on(&self.files));
        self.adopt();
        self.rescue();
    }

    /// Takes over into the model what the call under way has done, if it was done.
    fn adopt(&mut self) {
        let store = self.store.take().unwrap();
        self.runtime.block_on(store.advance(self.now())).unwrap();
        self.model.advance();
        self.adopt_jobs(&store);
        for id in self.model.with(|job| job.state == State::Active) {
            self.model.job(id).left = store.shared.state.lock().has_left(id.number());
        }
        self.store = Some(store);
    }

    fn adopt_jobs(&mut self, store: &EmbeddedStore) {
        let select = Select::all(Scope::All);
        let page = crate::jobs::Page {
            limit: 100_000,
            before: None,
        };
        let listed = self.runtime.block_on(store.list(select, page)).unwrap();
        let found: BTreeMap<_, _> = listed.jobs.iter().map(|job| (job.id, job)).collect();
        for (id, job) in &found {
            match self.model.jobs.get(id) {
                None => self.adopt_new(store, *id),
                Some(known) if known.state != job.state => self.adopt_state(*id, job),
                Some(_) => {
                    let known = self.model.job(*id);
                    known.priority = job.priority;
                    known.due = job.due_at.as_millis();
                    known.attempt = job.attempt;
                }
            }
            let detail = self.runtime.block_on(store.job(*id, Scope::All)).unwrap();
            self.model.job(*id).attempts = detail.attempts.len();
        }
        let gone = self.model.with(|job| job.state == State::Dead);
        for id in gone.into_iter().filter(|id| !found.contains_key(id)) {
            self.model.jobs.remove(&id);
        }
        for queue in QUEUES {
            for tenant in std::iter::once(None).chain(TENANTS.map(Some)) {
                let state = store.shared.state.lock();
                let number = |name: &str| state.names.number(name);
                let numbers = number(queue).zip(tenant.map_or(Some(0), number));
                let gate = numbers
                    .and_then(|key| state.gates.get(&key).copied())
                    .unwrap_or(0);
                let gate = [Gate::Open, Gate::Draining, Gate::Paused][usize::from(gate)];
                self.model
                    .paused
                    .insert((queue.to_owned(), tenant.map(str::to_owned)), gate);
            }
        }
        self.adopt_groups(store);
        // Whether events were duplicates is told by the counters alone.
        for (queue, counts) in store.counts(&Scope::All) {
            let own = self.model.counts.entry(queue.to_string()).or_default();
            assert!(counts.duplicates >= own.duplicates);
            own.duplicates = counts.duplicates;
        }
    }

    fn adopt_groups(&mut self, store: &EmbeddedStore) {
        self.model.groups.clear();
        for (tenant, group) in every_group() {
            let found = store.group(&tenant.parse().unwrap(), &group.parse().unwrap());
            let key = (tenant.to_owned(), group.to_owned());
            found.map(|found| self.model.groups.insert(key, found));
        }
    }

    fn adopt_new(&mut self, store: &EmbeddedStore, id: cauce_flow::id::JobId) {
        let detail = self.runtime.block_on(store.job(id, Scope::All)).unwrap();
        let mut new = new_job(
            detail.summary.line.queue.as_str(),
            detail.summary.tenant.as_str(),
            detail.payload,
        );
        (new.group, new.priority) = (detail.summary.group, detail.summary.priority);
        (new.due_at, new.expires_at) = (detail.summary.due_at, detail.summary.expires_at);
        assert!(matches!(
            detail.summary.state,
            State::Scheduled | State::Waiting | State::Expired
        ));
        // Its key is written in its payload.
        new.idempotency_key = key_in(&new.payload);
        self.model.take(id, &new);
        self.model.advance();
    }

    fn adopt_state(&mut self, id: cauce_flow::id::JobId, found: &crate::jobs::JobSummary) {
        let known = self.model.job(id).state;
        match (known, found.state) {
            (State::Dead | State::Unknown, State::Waiting | State::Expired | State::Cancelled) => {
                self.model.revive(id)
            }
            (State::Unknown, State::Completed | State::Dead) => self.model.uncount(id),
            (from, to) => assert!(from.is_pending(), "{id} went from {from} to {to}"),
        }
        let job = self.model.job(id);
        (job.priority, job.due, job.attempt) =
            (found.priority, found.due_at.as_millis(), found.attempt);
        if found.state.is_pending() {
            job.state = found.state;
        } else {
            self.model.end(id, found.state);
        }
    }

    /// A process ended with nothing under way.
    fn restart(&mut self) {
        drop(self.store.take());
        self.store = Some(open_on(&self.files));
        self.rescue();
    }

    fn rescue(&mut self) {
        let now = self.now();
        let never_twice =
            Box::new(|line: &cauce_flow::job::Line| line.queue.as_str() == NEVER_TWICE);
        let rescued = self
            .run(async |store| store.rescue(never_twice, now).await)
            .unwrap();
        let [released, unknown, poison] = self.model.rescue();
        assert_eq!(
            rescued,
            Rescued {
                released,
                unknown,
                poison
            }
        );
        self.leased.clear();
    }

    fn check(&mut self, op: &Op) {
        let now = self.now();
        if self.run(async |store| store.advance(now).await).is_err() {
            let before = self.model.clone();
            self.crash(before);
            // What came back from a lease after its time expires only now.
            let advanced = self.run(async |store| store.advance(now).await);
            assert!(advanced.is_ok(), "{advanced:?}");
        }
        self.model.advance();
        let store = self.store.as_ref().unwrap();
        assert_eq!(store.audit(), [], "after {op:?}");
        for (tenant, group) in every_group() {
            let found = store.group(&tenant.parse().unwrap(), &group.parse().unwrap());
            let own = self.model.figures(tenant, group);
            assert_eq!(found, own, "{tenant}/{group} after {op:?}");
        }
        let counts = store.counts(&Scope::All);
        for queue in QUEUES {
            let found = counts
                .get(&queue.parse().unwrap())
                .cloned()
                .unwrap_or_default();
            if let Err(what) = self.model.agrees(queue, &found) {
                panic!("after {op:?}: {what}\n{}", self.differences());
            }
        }
    }

    /// Where store and model do not agree, job by job.
    fn differences(&self) -> String {
        let mut told = String::new();
        for (id, job) in &self.model.jobs {
            let found = self.run(async |store| store.job(*id, Scope::All).await);
            let found = found.map(|detail| detail.summary.state);
            if found.as_ref().ok() != Some(&job.state) {
                told += &format!("{id} is {found:?}, should be {job:?}\n");
            }
        }
        told
    }

    /// Every job that is listed still has all its attempts and its own payload.
    fn check_all(&mut self) {
        let kept = self.model.with(|job| job.state != State::Completed);
        for id in kept {
            let detail = self.run(async |store| store.job(id, Scope::All).await);
            let detail =
                detail.unwrap_or_else(|error| panic!("{error}: {:?}", self.model.jobs[&id]));
            let own = self.model.job(id);
            assert_eq!(detail.payload, own.payload);
            assert_eq!(
                (detail.summary.state, detail.summary.attempt),
                (own.state, own.attempt)
            );
            assert_eq!(detail.attempts.len(), own.attempts, "{id} {own:?}");
        }
    }
}

impl Made {
    fn mark(&self) -> Mark {
        Mark {
            tenant: TENANTS[self.tenant].parse().unwrap(),
            group: GROUPS[self.group].parse().unwrap(),
            upto: self.upto,
            done: self.done,
        }
    }
}

fn every_group() -> impl Iterator<Item = (&'static str, &'static str)> {
    TENANTS
        .into_iter()
        .flat_map(|tenant| GROUPS.map(|group| (tenant, group)))
}

/// The key of a job stands at the start of its payload, for whoever finds it after a crash.
fn key_in(payload: &[u8]) -> Option<String> {
    (payload[0] != b'-').then(|| char::from(payload[0]).to_string())
}

fn build(shape: &Shape, now: Timestamp) -> NewJob {
    let mut payload = vec![b'p'; shape.bytes];
    payload[0] = shape.key.map_or(b'-', |key| b'a' + key);
    let mut new = new_job(QUEUES[shape.queue], TENANTS[shape.tenant], payload);
    new.group = shape.group.map(|group| group.to_string().parse().unwrap());
    new.priority = Priority::from_index(shape.priority).unwrap();
    new.due_at = later(now, shape.due_in);
    let expires = shape.expires_in.map(|seconds| later(now, seconds));
    new.expires_at = expires.unwrap_or(Timestamp::NEVER);
    new.idempotency_key = key_in(&new.payload);
    new
}

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_millis(now.as_millis() + seconds * STEP_MS)
}

fn settlement(job: &LeasedJob, outcome: u8, now: Timestamp, due: i64) -> Settlement {
    let due_at = Timestamp::from_millis(due);
    let reason = Reason::new("http_503", "the service was not there");
    let failed = Some(reason.clone()).filter(|_| outcome > 1);
    let attempt = Attempt {
        started_at: now,
        ended_at: now,
        status: 503,
        batch: 1,
        reason: failed,
    };
    Settlement {
        job: job.id,
        attempt: Some(attempt).filter(|_| !matches!(outcome, 3 | 7)),
        outcome: match outcome {
            0 => Outcome::Completed { provider_id: None },
            1 => Outcome::Completed {
                provider_id: Some("abc".to_owned()),
            },
            2 => Outcome::Retry { due_at },
            3 => Outcome::Release,
            4 => Outcome::Snooze { due_at },
            5 => Outcome::Dead { reason },
            7 => Outcome::Cancelled {
                reason: Reason::new("opted_out", "the recipient wants no more"),
            },
            _ => Outcome::Unknown { reason },
        },
    }
}

fn cases() -> u32 {
    std::env::var("CAUCE_MODEL_CASES")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(48)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_store_does_what_the_model_does_through_restarts_and_power_cuts(
        seed in any::<u64>(),
        ops in prop::collection::vec(op(), 1..80),
    ) {
        let mut world = World::new(seed);
        for op in &ops {
            world.step(op);
        }
        // The last word: what was said is still there after one more power cut.
        world.files.power_cut();
        world.restart();
        world.check(&Op::PowerCut);
        world.check_all();
    }
}
