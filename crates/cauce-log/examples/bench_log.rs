//! What the log does a second: 64 callers, 300-byte records, every one synced.
//!
//! `cargo run --release -p cauce-log --example bench_log [folder]`

#![expect(clippy::print_stdout, reason = "a report for a person")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails is none")]

use std::{
    path::{Path, PathBuf},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use cauce_log::{
    BASE, Committer, Digest, Error, Log, Machine, Options, Position, Reader, Replay, Writer,
    Written,
};

const CALLERS: usize = 64;
const BODY: [u8; 300] = [b'x'; 300];
const RUN: Duration = Duration::from_secs(4);

/// What a job store would keep of each record: 40 bytes.
struct FortyBytes;

impl Digest for FortyBytes {
    fn version(&self) -> u16 {
        1
    }

    fn digest(&self, _kind: u8, body: &[u8], out: &mut Vec<u8>) -> Replay {
        out.extend_from_slice(&body[..body.len().min(40)]);
        Replay::Show
    }
}

struct Command {
    records: usize,
    answer: mpsc::SyncSender<Position>,
}

#[derive(Default)]
struct Appender {
    held: Vec<(mpsc::SyncSender<Position>, Position)>,
    written: Written,
}

impl Machine for Appender {
    type Command = Command;

    fn apply(&mut self, commands: &mut Vec<Command>, writer: &mut Writer) -> Result<(), Error> {
        for Command { records, answer } in commands.drain(..) {
            if writer.should_roll() {
                writer.roll(b"base")?;
            }
            writer.begin();
            let mut position = None;
            for _ in 0..records {
                position = Some(writer.append(1, &BODY)?);
            }
            writer.commit()?;
            self.held
                .extend(position.map(|position| (answer, position)));
        }
        Ok(())
    }

    fn committed(&mut self, writer: &mut Writer) {
        self.written = writer.written();
        self.held
            .drain(..)
            .for_each(|(answer, position)| answer.send(position).unwrap());
    }

    fn failed(&mut self, error: &Error) {
        panic!("{error}");
    }
}

fn open(dir: &Path) -> (Writer, Reader, usize, Vec<Position>) {
    let mut positions = Vec::new();
    let digest = Arc::new(FortyBytes);
    let (writer, reader, recovery) = Log::open_dir(
        dir,
        Options::default(),
        digest,
        &mut |position, replayed| {
            if replayed.kind != BASE {
                positions.push(position);
            }
        },
    )
    .unwrap();
    (writer, reader, recovery.from_sidecars, positions)
}

/// Processor time of this process, of all its threads: fields 14 and 15 of `/proc/self/stat`, in
/// hundredths of a second (proc(5)).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let behind_name = stat.rsplit(')').next().unwrap();
    let fields: Vec<f64> = behind_name
        .split_whitespace()
        .map(|field| field.parse().unwrap_or(0.0))
        .collect();
    (fields[11] + fields[12]) / 100.0
}

fn append(dir: &Path, records: usize) {
    let committer = Committer::spawn(Appender::default(), open(dir).0, 1024).unwrap();
    let (begin, cpu) = (Instant::now(), cpu_seconds());
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            let handle = committer.handle();
            scope.spawn(move || {
                let (answer, answered) = mpsc::sync_channel(1);
                while begin.elapsed() < RUN {
                    let answer = answer.clone();
                    handle
                        .send(Command { records, answer })
                        .unwrap_or_else(|_| panic!("stopped"));
                    answered.recv().unwrap();
                }
            });
        }
    });
    let seconds = begin.elapsed().as_secs_f64();
    let Written {
        bytes,
        records: written,
        flushes,
        syncs,
    } = committer.stop().unwrap().written;
    println!(
        "append x{records}: {:.0} records/s, {:.1} bytes written a record, {:.0} syncs/s, \
         {:.0} records a flush, {:.2} us CPU a record",
        written as f64 / seconds,
        bytes as f64 / written as f64,
        syncs as f64 / seconds,
        written as f64 / flushes as f64,
        (cpu_seconds() - cpu) * 1e6 / written as f64,
    );
}

fn fill(dir: &Path, records: usize) {
    let (mut writer, ..) = open(dir);
    for _ in 0..records {
        if writer.should_roll() {
            writer.roll(b"base").unwrap();
        }
        writer.append(1, &BODY).unwrap();
        if writer.unflushed_bytes() > 1 << 20 {
            writer.flush().unwrap();
        }
    }
    writer.flush().unwrap();
}

fn read(dir: &Path) {
    let begin = Instant::now();
    let (writer, reader, from_sidecars, positions) = open(dir);
    let (records, segments) = (positions.len(), writer.segments().len());
    println!(
        "open {records} records: {:?}, {from_sidecars} of {segments} segments from sidecars",
        begin.elapsed()
    );
    let begin = Instant::now();
    let (mut buffer, mut bytes) = (Vec::new(), 0);
    for hundred in positions.chunks(100) {
        reader.read_many(hundred, &mut buffer, &mut |_, record| {
            bytes += record.unwrap().body.len()
        });
    }
    assert_eq!(bytes, records * BODY.len());
    println!(
        "read in hundreds: {:.0} records/s",
        records as f64 / begin.elapsed().as_secs_f64()
    );
    let begin = Instant::now();
    let some = positions.iter().step_by(10);
    let count = some
        .clone()
        .map(|at| reader.read_into(*at, &mut buffer).unwrap().body.len())
        .count();
    println!(
        "read one by one: {:.0} records/s",
        count as f64 / begin.elapsed().as_secs_f64()
    );
}

fn main() {
    let base = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = base.join(format!("bench-log-{}", std::process::id()));
    println!(
        "{CALLERS} callers, {} bytes a record, fsync, in {}",
        BODY.len(),
        dir.display()
    );
    for records in [1, 1000] {
        append(&dir.join(format!("x{records}")), records);
        std::fs::remove_dir_all(dir.join(format!("x{records}"))).unwrap();
    }
    fill(&dir.join("million"), 1_000_000);
    read(&dir.join("million"));
    std::fs::remove_dir_all(dir).unwrap();
}
