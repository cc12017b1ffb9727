//! The ends of a real process on a real file system: `kill -9`, and loss of power.
//!
//! The process under test is this same program, started with an environment variable. It appends
//! numbered records and says on its output which are durable; the ledger is what was heard of it.
//! Loss of power: the log lies on an ext4 image, which is copied while the process stands still.
//! What the copy holds is what the disk would.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]
#![expect(clippy::print_stdout, reason = "says what it lost, and why it skips")]

use std::{
    env, fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
};

use cauce_log::{BASE, Durability, Error, Log, Options, Recovery, WholeBody, Writer};
use tempfile::TempDir;

const DIR: &str = "CAUCE_LOG_TEST_DIR";
const MODE: &str = "CAUCE_LOG_TEST_MODE";

/// How the process under test behaves; the last two are the controls.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mode {
    Honest,
    /// Says that records are durable before they are flushed.
    SaysTooEarly,
    /// Does not sync.
    DoesNotSync,
}

impl Mode {
    fn named(name: &str) -> Mode {
        let all = [Mode::Honest, Mode::SaysTooEarly, Mode::DoesNotSync];
        all.into_iter()
            .find(|mode| format!("{mode:?}") == name)
            .unwrap()
    }
}

/// The numbers that a log holds.
struct Found {
    first: u64,
    last: u64,
}

fn open(dir: &Path, durability: Durability) -> Result<(Writer, Recovery, Option<Found>), Error> {
    let options = Options {
        segment_bytes: 60_000,
        durability,
        ..Options::default()
    };
    let mut numbers: Vec<u64> = Vec::new();
    let digest = Arc::new(WholeBody);
    let (writer, _, recovery) = Log::open_dir(dir, options, digest, &mut |_, replayed| {
        if replayed.kind != BASE {
            numbers.push(u64::from_le_bytes(*replayed.digest.first_chunk().unwrap()));
        }
    })?;
    assert!(
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]),
        "out of order"
    );
    // A group ends with a multiple of three: see `work`.
    assert!(
        numbers.last().is_none_or(|last| last % 3 == 0),
        "half a group"
    );
    let found = numbers.first().zip(numbers.last());
    Ok((
        writer,
        recovery,
        found.map(|(first, last)| Found {
            first: *first,
            last: *last,
        }),
    ))
}

/// Appends groups of three for ever.
fn work(dir: &Path, mode: Mode) {
    let durability = if mode == Mode::DoesNotSync {
        Durability::Os
    } else {
        Durability::Fsync
    };
    let (mut writer, _, found) = open(dir, durability).unwrap();
    let mut output = std::io::stdout().lock();
    let mut next = found.map_or(1, |found| found.last + 1);
    loop {
        if writer.should_roll() {
            writer.roll(b"base").unwrap();
        }
        writer.begin();
        for number in next..next + 3 {
            let padding = vec![7; (number * 37 % 900) as usize];
            writer
                .append_parts(1, &[&number.to_le_bytes(), &padding])
                .unwrap();
        }
        writer.commit().unwrap();
        next += 3;
        if mode != Mode::SaysTooEarly {
            writer.flush().unwrap();
        }
        writeln!(output, "durable {}", next - 1).unwrap();
        output.flush().unwrap();
        if mode == Mode::SaysTooEarly && next % 20 == 1 {
            writer.flush().unwrap();
        }
        if writer.segments().len() > 5 && writer.unflushed_bytes() == 0 {
            writer.remove_oldest().unwrap();
        }
    }
}

/// The process under test; does nothing when the tests are run.
#[test]
fn process() {
    if let (Ok(dir), Ok(mode)) = (env::var(DIR), env::var(MODE)) {
        work(Path::new(&dir), Mode::named(&mode));
    }
}

fn start(dir: &Path, mode: Mode) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", "process", "--nocapture"])
        .env(DIR, dir)
        .env(MODE, format!("{mode:?}"))
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap()
}

/// The number in a line of the process; `None` for other lines and for one cut short.
fn durable(line: &str) -> Option<u64> {
    line.strip_suffix('\n')?
        .strip_prefix("durable ")?
        .parse()
        .ok()
}

/// Hears `lines` lines of the process, ends it with `end`, and hears the rest.
fn hear(child: &mut Child, lines: usize, end: impl FnOnce(&mut Child)) -> u64 {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut last = 0;
    let mut hear_line = || {
        let mut line = String::new();
        let more = output.read_line(&mut line).unwrap() > 0;
        last = durable(&line).unwrap_or(last);
        more
    };
    for _ in 0..lines {
        assert!(hear_line(), "the process ended by itself");
    }
    end(child);
    while hear_line() {}
    last
}

/// Kills a process again and again; says how often something that it called durable was lost.
fn kill_again_and_again(mode: Mode, cycles: usize) -> usize {
    let dir = TempDir::new().unwrap();
    let (mut ledger, mut losses) = (0, 0);
    for cycle in 0..cycles {
        let mut child = start(dir.path(), mode);
        // Three lines come from the test harness; few lines mean a kill during recovery.
        let said = hear(&mut child, cycle * 29 % 150, |child| child.kill().unwrap());
        child.wait().unwrap();
        ledger = ledger.max(said);
        let (_, recovery, found) = open(dir.path(), Durability::Fsync).unwrap();
        assert_eq!((recovery.corrupt, recovery.gaps), (vec![], vec![]));
        let kept = found.as_ref().map_or(0, |found| found.last);
        assert!(found.is_none_or(|found| found.first <= ledger.max(1)));
        losses += usize::from(kept < ledger);
        ledger = kept;
    }
    losses
}

#[test]
fn nothing_that_was_durable_is_lost_by_kill_9() {
    let cycles = env::var("CAUCE_KILL_CYCLES").map_or(20, |cycles| cycles.parse().unwrap());
    assert_eq!(kill_again_and_again(Mode::Honest, cycles), 0);
}

/// The control: a process that says so before it has flushed does lose.
#[test]
fn a_process_that_speaks_too_early_loses_by_kill_9() {
    assert!(kill_again_and_again(Mode::SaysTooEarly, 15) > 0);
}

/// An ext4 file system in a file.
struct Image {
    dir: TempDir,
    mounted: Option<PathBuf>,
}

impl Image {
    fn new() -> Result<Image, String> {
        let image = Image {
            dir: TempDir::new().unwrap(),
            mounted: None,
        };
        fs::File::create(image.file())
            .unwrap()
            .set_len(96 << 20)
            .unwrap();
        run("mkfs.ext4", &["-q", "-F", image.file().to_str().unwrap()])?;
        Ok(image)
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("image")
    }

    fn mount(&mut self) -> Result<PathBuf, String> {
        let at = self.dir.path().join("mounted");
        fs::create_dir_all(&at).unwrap();
        run(
            "mount",
            &[
                "-o",
                "loop",
                self.file().to_str().unwrap(),
                at.to_str().unwrap(),
            ],
        )?;
        self.mounted = Some(at.clone());
        Ok(at)
    }

    /// What the disk would hold if the power failed at this moment.
    fn copy(&self) -> Image {
        let copy = Image {
            dir: TempDir::new().unwrap(),
            mounted: None,
        };
        let (from, to) = (self.file(), copy.file());
        run(
            "cp",
            &[
                "--sparse=always",
                from.to_str().unwrap(),
                to.to_str().unwrap(),
            ],
        )
        .unwrap();
        copy
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        if let Some(at) = &self.mounted {
            let _ = run("umount", &[at.to_str().unwrap()]);
        }
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let done = Command::new(program).args(arguments).output();
    let done = done.map_err(|error| format!("{program}: {error}"))?;
    if done.status.success() {
        return Ok(());
    }
    Err(format!(
        "{program}: {}",
        String::from_utf8_lossy(&done.stderr).trim()
    ))
}

/// Cuts the power of a process; says how many records that it called durable are lost of how many.
fn cut_power(mode: Mode, lines: usize) -> Result<(u64, u64), String> {
    let mut image = Image::new()?;
    let dir = image.mount()?.join("log");
    let mut child = start(&dir, mode);
    let mut copy = None;
    let said = hear(&mut child, lines, |child| {
        run("kill", &["-STOP", &child.id().to_string()]).unwrap();
        copy = Some(image.copy());
        child.kill().unwrap();
    });
    child.wait().unwrap();
    let mut copy = copy.unwrap();
    let dir = copy.mount()?.join("log");
    let (writer, recovery, found) =
        open(&dir, Durability::Fsync).map_err(|error| error.to_string())?;
    drop(writer);
    if mode == Mode::Honest {
        assert_eq!((recovery.corrupt, recovery.gaps), (vec![], vec![]));
    }
    let kept = found.map_or(0, |found| found.last);
    println!(
        "{mode:?}: {} of {said} lost by a power cut",
        said.saturating_sub(kept)
    );
    Ok((said.saturating_sub(kept), said))
}

#[test]
fn nothing_that_was_durable_is_lost_by_a_power_cut_and_without_syncs_it_is() {
    let first = cut_power(Mode::Honest, 200);
    if let Err(reason) = &first {
        println!("skipped: no loop-mounted ext4 here ({reason})");
        return;
    }
    let cuts = [
        first,
        cut_power(Mode::Honest, 5),
        cut_power(Mode::Honest, 411),
    ];
    for cut in cuts {
        assert_eq!(cut.unwrap().0, 0);
    }
    // The control.
    assert!(cut_power(Mode::DoesNotSync, 300).unwrap().0 > 0);
}
