//! An import, from the first byte of a file to its report.
//!
//! ```text
//! body --pieces--> a thread that reads --batches--> one commit each, rejected rows beside them
//! ```
//!
//! Both channels hold a few things, so memory does not grow with the file, and whoever sends is held
//! up by the disk; a workbook (`workbook`) alone is held as a whole, up to a limit. Each batch is a
//! commit of its own: an import that does not come to its end leaves what was committed, says so, and
//! can be made again, because its rows change contacts that are there.

use bytes::Bytes;
use cauce_destinations::contact::sheet::Known;
use cauce_flow::{id::TenantId, time::Timestamp};
use cauce_store::campaigns::{
    Campaigns, Error,
    imports::{Import, State},
    upsert::{Outcome, Refusal, Upsert, Upserted},
};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use super::{
    reading::{self, Begun, FileFault, Line, Piece, Read, Wanted},
    rejected::Rejected,
    report::Report,
};

/// Pieces of the body, and batches, that wait.
const MAX_WAITING: usize = 2;
/// Bytes of a refused file that are passed over before the answer.
const MAX_PASSED_OVER: usize = 16 << 20;

/// How a file is taken.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whose contacts.
    pub tenant: TenantId,
    /// What is known of the file.
    pub known: Known,
    /// The sheet of a workbook that is meant; without it, the first that can be seen.
    pub worksheet: Option<String>,
    /// Tags that every contact gets.
    pub tags: Vec<String>,
    /// Whether it is only looked at.
    pub dry_run: bool,
}

/// Why the body of a file did not come to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyFault {
    /// Nothing came for too long.
    #[error("the file did not go on in time")]
    Late,
    /// It broke off.
    #[error("the file broke off")]
    Broken,
    /// It has too many bytes.
    #[error("the file has more than {0} bytes; split it, each part with the first row")]
    TooLarge(u64),
}

/// Why an import did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file is no table of contacts, or is none from some row on. What had come until then was
    /// taken.
    #[error("{fault}")]
    File {
        /// Why.
        fault: FileFault,
        /// The import, where it had begun.
        import: Option<Import>,
    },
    /// The file did not come to its end. What had come until then was taken.
    #[error("{fault}")]
    Body {
        /// Why.
        fault: BodyFault,
        /// The import, where it had begun.
        import: Option<Import>,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] Error),
}

impl ImportError {
    /// The import, where it had begun before its end.
    pub fn import(&self) -> Option<&Import> {
        match self {
            ImportError::File { import, .. } | ImportError::Body { import, .. } => import.as_ref(),
            ImportError::Store(_) => None,
        }
    }
}

/// Takes a file while it comes. `told` hears of each commit.
pub async fn import(
    store: &Campaigns,
    options: Options,
    body: impl Stream<Item = Result<Bytes, BodyFault>>,
    now: impl Fn() -> Timestamp,
    told: impl FnMut(&Report),
) -> Result<(Import, Report), ImportError> {
    let (to_reader, mut pieces) = mpsc::channel(MAX_WAITING);
    let (out, mut read) = mpsc::channel(MAX_WAITING);
    let wanted = Wanted {
        known: options.known.clone(),
        worksheet: options.worksheet.clone(),
        tags: options.tags.clone(),
    };
    let reader = tokio::task::spawn_blocking(move || reading::read(&wanted, &mut pieces, &out));
    let mut taking = Taking {
        store,
        options: &options,
        now: &now,
        told,
        begun: None,
        report: Report {
            dry_run: options.dry_run,
            ..Report::default()
        },
    };
    let (fed, taken) = tokio::join!(feed(body, to_reader), taking.take_all(&mut read));
    // So that the reader does not wait for somebody to take what it has read.
    drop(read);
    // A panic of the reader shows as a file without an end.
    let _ = reader.await;
    let end = match (taken, fed) {
        (Ok(Ended::Whole), Ok(())) => End::Done,
        (Ok(Ended::Fault(fault)), _) => End::Fault(fault),
        (Ok(Ended::Whole | Ended::Cut), fed) => End::Cut(fed.err().unwrap_or(BodyFault::Broken)),
        (Err(error), _) => End::Failed(error),
    };
    taking.finish(end).await
}

/// Hands the body to the reader. Where the reader wants no more of it, some of the rest is passed
/// over: whoever still sends would otherwise find the connection gone, and the answer with it.
async fn feed(
    body: impl Stream<Item = Result<Bytes, BodyFault>>,
    pieces: mpsc::Sender<Piece>,
) -> Result<(), BodyFault> {
    let (mut body, mut passed) = (std::pin::pin!(body), 0);
    while let Some(piece) = body.next().await {
        let piece = piece?;
        let bytes = piece.len();
        if passed > 0 || pieces.send(Piece::Bytes(piece)).await.is_err() {
            passed += bytes;
        }
        if passed > MAX_PASSED_OVER {
            return Ok(());
        }
    }
    // It may want no end either.
    let _ = pieces.send(Piece::End).await;
    Ok(())
}

/// How what is read has ended.
enum Ended {
    Whole,
    /// There is no end to it.
    Cut,
    Fault(FileFault),
}

/// How an import ends.
enum End {
    Done,
    Cut(BodyFault),
    Fault(FileFault),
    Failed(Error),
}

impl End {
    /// The state, and why it is that.
    fn told(&self) -> (State, Option<String>) {
        match self {
            End::Done => (State::Done, None),
            End::Cut(fault) => (State::Interrupted, Some(fault.to_string())),
            End::Fault(fault) => (State::Failed, Some(fault.to_string())),
            End::Failed(error) => (State::Failed, Some(error.to_string())),
        }
    }
}

struct Taking<'a, N, T> {
    store: &'a Campaigns,
    options: &'a Options,
    now: &'a N,
    told: T,
    begun: Option<(Import, Rejected)>,
    report: Report,
}

impl<N: Fn() -> Timestamp, T: FnMut(&Report)> Taking<'_, N, T> {
    /// Takes everything that is read.
    async fn take_all(&mut self, read: &mut mpsc::Receiver<Read>) -> Result<Ended, Error> {
        let taken = async {
            while let Some(next) = read.recv().await {
                match next {
                    Read::Begun(begun) => self.begin(begun).await?,
                    Read::Rows(lines) => self.take(lines).await?,
                    Read::Fault(fault) => return Ok(Ended::Fault(fault)),
                    Read::End => return Ok(Ended::Whole),
                }
            }
            Ok(Ended::Cut)
        };
        let taken = taken.await;
        // Whoever still reads is told that nobody listens.
        read.close();
        taken
    }

    async fn begin(&mut self, begun: Begun) -> Result<(), Error> {
        self.report.delimiter = begun.delimiter.to_string();
        self.report.columns = begun.columns;
        self.report.worksheet = begun.worksheet;
        let (tenant, now) = (&self.options.tenant, (self.now)());
        let import = self.store.begin_import(tenant, self.to_tell(), now).await?;
        let rejected = Rejected::new(&begun.header, begun.delimiter);
        self.begun = Some((import, rejected));
        Ok(())
    }

    async fn take(&mut self, lines: Vec<Line>) -> Result<(), Error> {
        let (mut entries, mut places) = (Vec::new(), Vec::new());
        for line in lines {
            line.encoding.clone_into(&mut self.report.encoding);
            match line.entry {
                Ok(entry) => {
                    entries.push(entry);
                    places.push((line.number, line.text));
                }
                Err(fault) => {
                    self.reject(fault.code(), line.number, &fault.to_string(), &line.text);
                }
            }
        }
        let outcome = self.upsert(entries).await?;
        for (done, (number, text)) in outcome.into_iter().zip(places) {
            match done {
                Ok(upserted) => self.report.count(&upserted),
                Err(refusal) => self.reject(code(&refusal), number, &refusal.to_string(), &text),
            }
        }
        self.keep_rejected(false).await?;
        (self.told)(&self.report);
        Ok(())
    }

    /// Commits a batch with how far the import is then; where it is only looked at, all of it would
    /// be taken.
    async fn upsert(
        &self,
        entries: Vec<cauce_store::campaigns::upsert::Entry>,
    ) -> Result<Outcome, Error> {
        let Some((import, _)) = &self.begun else {
            return Ok(Vec::new());
        };
        if self.options.dry_run {
            self.store.tell_import(import, self.to_tell()).await?;
            let looked = |_| {
                Ok(Upserted {
                    id: String::new(),
                    made: false,
                })
            };
            return Ok(entries.into_iter().map(looked).collect());
        }
        let upsert = Upsert {
            tenant: self.options.tenant.clone(),
            entries,
            all_or_none: false,
        };
        let mut report = self.report.clone();
        let tell = move |outcome: &Outcome| {
            for done in outcome {
                match done {
                    Ok(upserted) => report.count(upserted),
                    Err(refusal) => report.reject(code(refusal)),
                }
            }
            to_json(&report)
        };
        let now = (self.now)();
        self.store.upsert_of_import(import, upsert, now, tell).await
    }

    fn reject(&mut self, code: &str, line: u64, reason: &str, text: &str) {
        self.report.reject(code);
        if let Some((_, rejected)) = &mut self.begun {
            rejected.take(line, reason, text);
            self.report.rejected_kept = rejected.rows;
        }
    }

    async fn keep_rejected(&mut self, last: bool) -> Result<(), Error> {
        let Some((import, rejected)) = &mut self.begun else {
            return Ok(());
        };
        while let Some((piece, text)) = rejected.piece(last) {
            self.store
                .keep_rejected(import, piece, text.as_bytes())
                .await?;
        }
        Ok(())
    }

    /// Notes how it has ended, and answers that.
    async fn finish(mut self, end: End) -> Result<(Import, Report), ImportError> {
        let noted = self.note(&end).await;
        match (end, noted) {
            (End::Done, Ok(Some(import))) => Ok((import, self.report)),
            // A file that comes to its end has a first row.
            (End::Done, Ok(None)) => Err(ImportError::Body {
                fault: BodyFault::Broken,
                import: None,
            }),
            (End::Cut(fault), Ok(import)) => Err(ImportError::Body { fault, import }),
            (End::Fault(fault), Ok(import)) => Err(ImportError::File { fault, import }),
            (End::Failed(error), _) | (_, Err(error)) => Err(error.into()),
        }
    }

    async fn note(&mut self, end: &End) -> Result<Option<Import>, Error> {
        let kept = self.keep_rejected(true).await;
        let (state, why) = end.told();
        self.report.fault = why;
        let Some((import, _)) = &self.begun else {
            return Ok(None);
        };
        let (told, now) = (self.to_tell(), (self.now)());
        let ended = self.store.end_import(import, state, told, now).await?;
        kept.map(|()| Some(ended))
    }

    fn to_tell(&self) -> serde_json::Value {
        to_json(&self.report)
    }
}

fn to_json(report: &Report) -> serde_json::Value {
    // Texts and numbers always have a JSON form.
    serde_json::to_value(report).unwrap_or_default()
}

/// A refusal as a short code to group by.
fn code(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::NoNumber | Refusal::Nobody => "phone_missing",
        Refusal::TooLarge { .. } => "contact_too_large",
        Refusal::TooManyTags(_) => "too_many_tags",
    }
}
