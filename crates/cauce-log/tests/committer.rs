//! Group commit: every caller is answered, after its record is durable, from few flushes.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use cauce_log::{
    BASE, Committer, Error, Idle, Log, Machine, Options, Position, Reader, Refused, WholeBody,
    Writer,
    files::{FaultyFiles, Op},
};

type Answer = mpsc::Sender<Result<Position, String>>;

#[derive(Default)]
struct Counter {
    held: Vec<(Position, Answer)>,
    upkeep: u32,
    commits: u32,
}

impl Machine for Counter {
    type Command = (u64, Answer);

    fn apply(
        &mut self,
        commands: &mut Vec<Self::Command>,
        writer: &mut Writer,
    ) -> Result<(), Error> {
        for (number, answer) in commands.drain(..) {
            if writer.should_roll() {
                writer.roll(b"base")?;
            }
            self.held
                .push((writer.append(1, &number.to_le_bytes())?, answer));
        }
        Ok(())
    }

    fn committed(&mut self, writer: &mut Writer) {
        assert_eq!(writer.unflushed_bytes(), 0);
        self.commits += 1;
        self.held
            .drain(..)
            .for_each(|(position, answer)| answer.send(Ok(position)).unwrap());
    }

    fn failed(&mut self, error: &Error) {
        self.held
            .drain(..)
            .for_each(|(_, answer)| answer.send(Err(error.to_string())).unwrap());
    }

    fn idle(&mut self, writer: &mut Writer) -> Result<Idle, Error> {
        if writer.should_roll() {
            writer.roll(b"base")?;
        }
        self.upkeep += 1;
        writer.append(2, b"upkeep")?;
        Ok(if self.upkeep.is_multiple_of(3) {
            Idle::Wait
        } else {
            Idle::Again
        })
    }
}

fn open(files: &FaultyFiles) -> (Writer, Reader, Vec<(u8, Vec<u8>)>) {
    let options = Options {
        segment_bytes: 20_000,
        ..Options::default()
    };
    let mut shown = Vec::new();
    let files = Arc::new(files.clone());
    let (writer, reader, _) = Log::open(
        Path::new("/log"),
        options,
        files,
        Arc::new(WholeBody),
        &mut |_, replayed| {
            if replayed.kind != BASE {
                shown.push((replayed.kind, replayed.digest.to_vec()));
            }
        },
    )
    .unwrap();
    (writer, reader, shown)
}

#[test]
fn every_caller_is_answered_and_can_read_its_record_at_once() {
    let files = FaultyFiles::new(1);
    let (writer, reader, _) = open(&files);
    let committer = Committer::spawn(Counter::default(), writer, 100).unwrap();
    thread::scope(|scope| {
        for caller in 0..8_u64 {
            let (handle, reader) = (committer.handle(), reader.clone());
            scope.spawn(move || {
                for number in 0..200 {
                    let (answer, answered) = mpsc::channel();
                    handle.send((caller * 1000 + number, answer)).unwrap();
                    let position = answered.recv().unwrap().unwrap();
                    let body = reader.read(position).unwrap().body;
                    assert_eq!(body, (caller * 1000 + number).to_le_bytes());
                }
            });
        }
    });
    let machine = committer.stop().unwrap();
    assert!(machine.commits <= 8 * 200 + machine.upkeep);
    files.power_cut();
    let shown = open(&files).2;
    assert_eq!(shown.iter().filter(|(kind, _)| *kind == 1).count(), 8 * 200);
    assert_eq!(
        shown.iter().filter(|(kind, _)| *kind == 2).count() as u32,
        machine.upkeep
    );
}

#[test]
fn a_stop_commits_what_was_sent_before_it() {
    let files = FaultyFiles::new(2);
    let committer = Committer::spawn(Counter::default(), open(&files).0, 1000).unwrap();
    let (handle, (answer, answered)) = (committer.handle(), mpsc::channel());
    (0..500).for_each(|number| handle.send((number, answer.clone())).unwrap());
    committer.stop().unwrap();
    assert_eq!(answered.try_iter().filter(Result::is_ok).count(), 500);
    assert!(matches!(
        handle.send((1, answer.clone())),
        Err(Refused::Stopped((1, _)))
    ));
    assert!(matches!(
        handle.try_send((1, answer)),
        Err(Refused::Stopped((1, _)))
    ));
}

#[test]
fn after_a_failed_sync_nobody_hears_of_success_again() {
    for op in [Op::Sync, Op::Write] {
        let files = FaultyFiles::new(3);
        let committer = Committer::spawn(Counter::default(), open(&files).0, 10).unwrap();
        let (handle, (answer, answered)) = (committer.handle(), mpsc::channel());
        handle.send((1, answer.clone())).unwrap();
        let patience = std::time::Duration::from_secs(10);
        assert!(answered.recv_timeout(patience).unwrap().is_ok());
        files.fail_after(op, 0);
        // Upkeep may take the failure before this command is seen; then it is refused unheard.
        let sent = handle.send((2, answer.clone()));
        let heard = answered.recv_timeout(std::time::Duration::from_millis(200));
        assert!(!matches!((sent, heard), (Ok(()), Ok(Ok(_)))));
        assert!(matches!(committer.stop(), Err(Error::Io { .. })));
        assert!(matches!(handle.send((3, answer)), Err(Refused::Stopped(_))));
    }
}

#[test]
fn a_writer_that_failed_once_refuses_everything() {
    for op in [Op::Sync, Op::Write] {
        let files = FaultyFiles::new(4);
        let (mut writer, ..) = open(&files);
        writer.roll(b"base").unwrap();
        writer.append(1, b"lost or not").unwrap();
        files.fail_after(op, 0);
        assert!(matches!(writer.flush(), Err(Error::Io { .. })));
        let poisoned = |result: Result<(), Error>| matches!(result, Err(Error::Poisoned { .. }));
        assert!(poisoned(writer.flush()));
        assert!(poisoned(writer.append(1, b"more").map(drop)));
        assert!(poisoned(writer.roll(b"base").map(drop)));
        assert!(poisoned(writer.make_room(1)));
    }
}

/// A machine that says when it has a batch, and waits for a word before it goes on.
struct Slow {
    begun: mpsc::Sender<usize>,
    word: mpsc::Receiver<()>,
}

impl Machine for Slow {
    type Command = u32;

    fn apply(&mut self, commands: &mut Vec<u32>, _: &mut Writer) -> Result<(), Error> {
        self.begun.send(commands.len()).unwrap();
        self.word.recv().unwrap();
        commands.clear();
        Ok(())
    }

    fn committed(&mut self, _: &mut Writer) {}

    fn failed(&mut self, _: &Error) {}
}

#[test]
fn a_batch_forms_while_the_one_before_is_written_and_no_more_than_that_waits() {
    let ((begun, begins), (words, word)) = (mpsc::channel(), mpsc::channel());
    let writer = open(&FaultyFiles::new(5)).0;
    let committer = Committer::spawn(Slow { begun, word }, writer, 4).unwrap();
    let handle = committer.handle();
    handle.try_send(0).unwrap();
    assert_eq!(begins.recv(), Ok(1));
    for number in 1..=4 {
        handle.try_send(number).unwrap();
    }
    assert_eq!(handle.try_send(5), Err(Refused::Full(5)));
    words.send(()).unwrap();
    assert_eq!(begins.recv(), Ok(4));
    words.send(()).unwrap();
    committer.stop().unwrap();
}
