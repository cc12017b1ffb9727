//! Random lives of a log on a disk that fails, against a plain list of what was appended.
//!
//! After every crash: all that was flushed is there, in order; nothing else but a beginning of
//! what was not; groups are whole; every segment begins with its base.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{path::Path, sync::Arc};

use cauce_log::{
    BASE, Durability, Error, Log, Options, Position, Reader, Recovery, WholeBody, Writer,
    files::{FaultyFiles, Op},
};
use proptest::prelude::*;

const DIR: &str = "/log";

#[derive(Clone, Debug)]
enum Step {
    Append(usize),
    Group(usize, usize),
    Flush,
    Roll,
    RemoveOldest,
    Fail(Op, u32),
    /// The process dies in the middle of a change to come.
    Die(u32),
    /// The process dies, and so does the next one while it recovers.
    DieInRecovery(bool, u32),
    Kill,
    PowerCut,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let op = prop::sample::select(vec![
        Op::Read,
        Op::Write,
        Op::ShortWrite,
        Op::Sync,
        Op::SyncDir,
        Op::Rename,
        Op::Remove,
        Op::Allocate,
        Op::Create,
        Op::SetLen,
    ]);
    prop_oneof![
        6 => (0_usize..700).prop_map(Step::Append),
        4 => (1_usize..6, 0_usize..900).prop_map(|(count, bytes)| Step::Group(count, bytes)),
        6 => Just(Step::Flush),
        2 => Just(Step::Roll),
        1 => Just(Step::RemoveOldest),
        2 => (op, 0_u32..4).prop_map(|(op, calls)| Step::Fail(op, calls)),
        2 => (0_u32..12).prop_map(Step::Die),
        1 => (any::<bool>(), 0_u32..8).prop_map(|(power, changes)| Step::DieInRecovery(power, changes)),
        2 => Just(Step::Kill),
        3 => Just(Step::PowerCut),
        1 => Just(Step::Reopen),
    ]
}

/// A record as the model knows it.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    position: Position,
    body: Vec<u8>,
    /// Whether its group ends with it.
    ends: bool,
}

/// What a replay has shown.
type Shown = Vec<(Position, u8, Vec<u8>)>;

struct Life {
    files: FaultyFiles,
    durability: Durability,
    log: Option<(Writer, Reader)>,
    appended: Vec<Known>,
    /// So many of them are durable.
    flushed: usize,
    /// Segments below this one may have been removed.
    oldest: u32,
    bodies: u64,
    seed: u64,
}

/// What a life may end with.
type Checked = Result<(), TestCaseError>;

impl Life {
    fn begin(seed: u64, durability: Durability) -> Life {
        let files = FaultyFiles::new(seed);
        let mut life = Life {
            files,
            durability,
            log: None,
            appended: Vec::new(),
            flushed: 0,
            oldest: 0,
            bodies: 0,
            seed: seed % 2,
        };
        life.reopen().expect("a new log opens");
        life
    }

    fn run(&mut self, steps: &[Step]) -> Checked {
        for step in steps {
            self.take(step)?;
        }
        self.files.heal();
        self.crash(true)
    }

    fn take(&mut self, step: &Step) -> Checked {
        match step {
            Step::Append(bytes) => self.append(1, *bytes),
            Step::Group(count, bytes) => self.append(*count, *bytes),
            Step::Flush => {
                let done = self.writer().flush();
                self.after(done)
            }
            Step::Roll => {
                let done = self.writer().roll(b"base").map(drop);
                self.after(done)
            }
            Step::RemoveOldest => self.remove_oldest(),
            Step::Fail(op, calls) => {
                self.files.fail_after(*op, *calls);
                Ok(())
            }
            Step::Die(changes) => {
                self.files.die_after(*changes);
                Ok(())
            }
            Step::DieInRecovery(power, changes) => {
                self.files.kill();
                self.log = None;
                self.files.die_after(*changes);
                let _ = self.open(&mut Vec::new());
                self.crash(*power)
            }
            Step::Kill => self.crash(false),
            Step::PowerCut => self.crash(true),
            Step::Reopen => {
                self.log = None;
                self.files.kill();
                self.reopen()
            }
        }
    }

    fn writer(&mut self) -> &mut Writer {
        &mut self.log.as_mut().expect("open between steps").0
    }

    fn append(&mut self, count: usize, bytes: usize) -> Checked {
        if self.writer().should_roll() {
            let rolled = self.writer().roll(b"base").map(drop);
            self.after(rolled)?;
        }
        let mut group = Vec::new();
        for _ in 0..count {
            self.bodies += 1;
            let mut body = self.bodies.to_le_bytes().to_vec();
            body.resize(8 + bytes, 0);
            group.push(body);
        }
        let appended = {
            let writer = self.writer();
            writer.begin();
            let positions: Result<Vec<_>, _> =
                group.iter().map(|body| writer.append(1, body)).collect();
            writer.commit().and(positions)
        };
        match appended {
            Ok(positions) => {
                let known = positions.into_iter().zip(group);
                self.appended.extend(known.map(|(position, body)| Known {
                    position,
                    body,
                    ends: false,
                }));
                self.appended.last_mut().unwrap().ends = true;
                Ok(())
            }
            // A log whose first segment could not be had.
            Err(Error::NeedsBase) => Ok(()),
            Err(error) => self.after(Err(error)),
        }
    }

    fn remove_oldest(&mut self) -> Checked {
        if self.writer().segments().len() < 2 {
            return Ok(());
        }
        // A removal that fails may have happened all the same.
        self.oldest = self.writer().segments()[1].number;
        let removed = self.writer().remove_oldest().map(drop);
        let removed = removed.and_then(|()| self.writer().flush());
        self.after(removed)
    }

    /// Notes what is durable; after a failure that ends all writing, the process leaves.
    fn after(&mut self, done: Result<(), Error>) -> Checked {
        if self.writer().unflushed_bytes() == 0 {
            self.flushed = self.appended.len();
            self.read_back()?;
        }
        match done {
            Ok(()) | Err(Error::DiskFull { .. }) if self.writer().flush().is_ok() => {
                self.flushed = self.appended.len();
                Ok(())
            }
            _ => self.crash((self.bodies + self.seed).is_multiple_of(2)),
        }
    }

    fn read_back(&mut self) -> Checked {
        let (_, reader) = self.log.as_ref().expect("open between steps");
        for known in self.appended.iter().rev().take(3) {
            match reader.read(known.position) {
                Ok(record) => prop_assert_eq!(&record.body, &known.body),
                // The segment is removed, or the process is dying.
                Err(Error::Gone { .. } | Error::Io { .. }) => {}
                Err(error) => return Err(TestCaseError::fail(error.to_string())),
            }
        }
        Ok(())
    }

    fn crash(&mut self, power: bool) -> Checked {
        if power {
            self.files.power_cut();
        } else {
            self.files.kill();
        }
        self.log = None;
        self.reopen()
    }

    fn open(&self, shown: &mut Shown) -> Result<(Writer, Reader, Recovery), Error> {
        let options = Options {
            segment_bytes: 4000,
            background: false,
            durability: self.durability,
            ..Options::default()
        };
        Log::open(
            Path::new(DIR),
            options,
            Arc::new(self.files.clone()),
            Arc::new(WholeBody),
            &mut |position, replayed| {
                shown.push((position, replayed.kind, replayed.digest.to_vec()));
            },
        )
    }

    fn reopen(&mut self) -> Checked {
        let mut shown = Vec::new();
        let (writer, reader, recovery) = match self.open(&mut shown) {
            Ok(opened) => opened,
            Err(error) => return Err(TestCaseError::fail(format!("does not open: {error:?}"))),
        };
        prop_assert_eq!(recovery.corrupt, vec![]);
        prop_assert_eq!(recovery.gaps, vec![]);
        self.log = Some((writer, reader));
        self.compare(&shown)
    }

    fn compare(&mut self, shown: &Shown) -> Checked {
        let first = shown.first().map_or(0, |(position, ..)| position.segment());
        prop_assert!(
            first <= self.oldest.max(1),
            "segment {} is gone",
            self.oldest
        );
        let mut segment = 0;
        for (position, kind, _) in shown {
            prop_assert_eq!(*kind == BASE, position.segment() != segment);
            segment = position.segment();
        }
        let records: Vec<_> = shown.iter().filter(|(_, kind, _)| *kind != BASE).collect();
        let left = self
            .appended
            .iter()
            .position(|known| known.position.segment() >= first);
        let left = left.unwrap_or(self.appended.len());
        let found = left + records.len();
        prop_assert!(
            found >= self.flushed,
            "{} of {} flushed",
            found,
            self.flushed
        );
        prop_assert!(found <= self.appended.len(), "invented");
        for (known, (position, _, body)) in self.appended[left..].iter().zip(records) {
            prop_assert_eq!((&known.position, &known.body), (position, body));
        }
        self.appended.truncate(found);
        prop_assert!(
            self.appended.last().is_none_or(|known| known.ends),
            "half a group"
        );
        self.flushed = found;
        Ok(())
    }
}

/// More lives on request: `CAUCE_MODEL_CASES=100000`.
fn cases() -> u32 {
    let asked = std::env::var("CAUCE_MODEL_CASES").ok();
    asked.map_or(400, |asked| asked.parse().expect("a number of cases"))
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: cases(),
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_log_keeps_what_it_has_flushed(
        seed in any::<u64>(),
        steps in prop::collection::vec(step(), 1..60),
    ) {
        Life::begin(seed, Durability::Fsync).run(&steps)?;
    }
}

/// The control: without syncs the same lives lose records, so the test above can fail.
#[test]
fn without_syncs_a_power_cut_loses_what_was_flushed() {
    let steps: Vec<_> = (0..5)
        .flat_map(|_| {
            [
                Step::Append(600),
                Step::Flush,
                Step::Append(600),
                Step::Flush,
                Step::PowerCut,
            ]
        })
        .collect();
    let lost = (0..50).filter(|seed| Life::begin(*seed, Durability::Os).run(&steps).is_err());
    assert!(lost.count() > 40);
}

/// The process dies in each single change of a life, by itself or with the power; the life after
/// it goes on, and ends with the power.
#[test]
fn every_change_can_be_the_last_one() {
    let short = vec![Step::Append(900), Step::Flush];
    let turn = [
        Step::Append(900),
        Step::Flush,
        Step::Group(3, 300),
        Step::Flush,
        Step::Roll,
    ];
    let mut long = [turn.clone(), turn.clone(), turn].concat();
    long.extend([Step::RemoveOldest, Step::Append(10), Step::Flush]);
    for (life, changes) in [(short, 15), (long, 90)] {
        for (power, changes) in
            (0..changes).flat_map(|last| [(Step::Kill, last), (Step::PowerCut, last)])
        {
            let mut steps = vec![Step::Die(changes)];
            steps.extend(life.clone());
            steps.extend([power, Step::Append(10), Step::Flush, Step::PowerCut]);
            for seed in 0..4 {
                let lived = Life::begin(seed, Durability::Fsync).run(&steps);
                lived.unwrap_or_else(|error| panic!("change {changes}, seed {seed}: {error}"));
            }
        }
    }
}
