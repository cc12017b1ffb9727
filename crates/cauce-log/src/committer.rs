//! Group commit: one thread that turns many callers' commands into few flushes.
//!
//! ```text
//! send, send … -> bounded channel -> apply(batch) -> flush -> committed()
//!                      ^                                |
//!                      +---- fills while the disk works +
//! ```
//!
//! Nothing waits for a batch to fill: one forms by itself while the disk is busy with the batch
//! before. Answers to callers are the machine's business, in [`Machine::committed`].

use std::{sync::mpsc, thread};

use crate::{error::Error, writer::Writer};

/// What the committer drives: the owner of the writer's records.
pub trait Machine: Send + 'static {
    /// What callers send.
    type Command: Send + 'static;

    /// Turns commands into records. Takes all of them out of `commands`; remembers whom to answer.
    /// An error ends the committer.
    fn apply(
        &mut self,
        commands: &mut Vec<Self::Command>,
        writer: &mut Writer,
    ) -> Result<(), Error>;

    /// What was applied is durable: now the callers may hear of it.
    fn committed(&mut self, writer: &mut Writer);

    /// What was applied since the last `committed` may or may not be durable, and nothing will be
    /// from now on.
    fn failed(&mut self, error: &Error);

    /// No command waits: time for upkeep. Called at the start, after each commit that leaves the
    /// channel empty, and again as long as it says so. What it appends is flushed and committed.
    fn idle(&mut self, writer: &mut Writer) -> Result<Idle, Error> {
        let _ = writer;
        Ok(Idle::Wait)
    }
}

/// What to do when no command waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// Call `idle` again, unless a command has come.
    Again,
    /// Wait for the next command.
    Wait,
}

/// The committer's thread.
pub struct Committer<M: Machine> {
    handle: Handle<M::Command>,
    thread: thread::JoinHandle<Result<M, Error>>,
}

/// Sends commands to a committer. Clones are cheap.
pub struct Handle<C> {
    sender: mpsc::SyncSender<Message<C>>,
}

enum Message<C> {
    Command(C),
    Stop,
}

/// Why a command was not taken; it comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused<C> {
    /// As many commands wait as may.
    #[error("the committer has as many commands waiting as it takes")]
    Full(C),
    /// The committer has stopped or failed.
    #[error("the committer has stopped")]
    Stopped(C),
}

impl<M: Machine> Committer<M> {
    /// Starts the thread. A batch holds at most `max_batch` commands, and as many may wait.
    pub fn spawn(machine: M, writer: Writer, max_batch: usize) -> std::io::Result<Committer<M>> {
        let (sender, receiver) = mpsc::sync_channel(max_batch);
        let run = Run {
            machine,
            writer,
            receiver,
            commands: Vec::new(),
            max_batch,
            stop: false,
        };
        let thread = thread::Builder::new()
            .name("cauce-log-commit".to_owned())
            .spawn(move || run.run())?;
        Ok(Committer {
            handle: Handle { sender },
            thread,
        })
    }

    /// A handle to send commands with.
    pub fn handle(&self) -> Handle<M::Command> {
        self.handle.clone()
    }

    /// Applies and flushes what was sent before, then ends the thread, closes the log and returns
    /// the machine; or the error on which the committer ended earlier.
    pub fn stop(self) -> Result<M, Error> {
        // Nobody listens any more if it has failed already: the join tells why.
        let _ = self.handle.sender.send(Message::Stop);
        self.thread
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl<C> Handle<C> {
    /// Sends a command, and waits while the channel is full.
    pub fn send(&self, command: C) -> Result<(), Refused<C>> {
        self.sender
            .send(Message::Command(command))
            .map_err(|unsent| stopped(unsent.0))
    }

    /// Sends a command if there is room for it.
    pub fn try_send(&self, command: C) -> Result<(), Refused<C>> {
        self.sender
            .try_send(Message::Command(command))
            .map_err(|unsent| match unsent {
                mpsc::TrySendError::Full(Message::Command(command)) => Refused::Full(command),
                mpsc::TrySendError::Full(message) | mpsc::TrySendError::Disconnected(message) => {
                    stopped(message)
                }
            })
    }
}

impl<C> Clone for Handle<C> {
    fn clone(&self) -> Handle<C> {
        Handle {
            sender: self.sender.clone(),
        }
    }
}

fn stopped<C>(message: Message<C>) -> Refused<C> {
    match message {
        Message::Command(command) => Refused::Stopped(command),
        Message::Stop => unreachable!("handles send commands only"),
    }
}

struct Run<M: Machine> {
    machine: M,
    writer: Writer,
    receiver: mpsc::Receiver<Message<M::Command>>,
    commands: Vec<M::Command>,
    max_batch: usize,
    stop: bool,
}

impl<M: Machine> Run<M> {
    fn run(mut self) -> Result<M, Error> {
        match self.turns() {
            Ok(()) => Ok(self.machine),
            Err(error) => {
                self.machine.failed(&error);
                Err(error)
            }
        }
    }

    fn turns(&mut self) -> Result<(), Error> {
        let mut idle = Idle::Again;
        while !self.stop {
            if idle == Idle::Wait {
                self.wait();
            }
            self.take_what_waits();
            idle = if !self.commands.is_empty() {
                self.work()?
            } else if !self.stop {
                self.upkeep()?
            } else {
                Idle::Wait
            };
        }
        Ok(())
    }

    fn work(&mut self) -> Result<Idle, Error> {
        self.machine.apply(&mut self.commands, &mut self.writer)?;
        assert!(self.commands.is_empty(), "a machine takes all commands");
        self.commit()?;
        Ok(Idle::Again)
    }

    fn upkeep(&mut self) -> Result<Idle, Error> {
        let idle = self.machine.idle(&mut self.writer)?;
        if self.writer.unflushed_bytes() > 0 {
            self.commit()?;
        }
        Ok(idle)
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.writer.flush()?;
        self.machine.committed(&mut self.writer);
        Ok(())
    }

    fn wait(&mut self) {
        match self.receiver.recv() {
            Ok(message) => self.take(message),
            Err(mpsc::RecvError) => self.stop = true,
        }
    }

    fn take_what_waits(&mut self) {
        while !self.stop && self.commands.len() < self.max_batch {
            match self.receiver.try_recv() {
                Ok(message) => self.take(message),
                Err(mpsc::TryRecvError::Empty) => return,
                Err(mpsc::TryRecvError::Disconnected) => self.stop = true,
            }
        }
    }

    fn take(&mut self, message: Message<M::Command>) {
        match message {
            Message::Command(command) => self.commands.push(command),
            Message::Stop => self.stop = true,
        }
    }
}
