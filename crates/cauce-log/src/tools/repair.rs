//! Mends a log in place, so that it opens without a complaint.
//!
//! Damaged bytes are copied aside and a filler takes their place, one frame that is shown to
//! nobody: every other record keeps its position. What an interrupted write left at the end is
//! overwritten with zeros. Headers are written anew. Sidecars of segments that changed are
//! removed; the next start makes them again.

use std::path::Path;

use super::{
    Report,
    check::{report, survey_all},
};
use crate::{
    error::{Doing, Error},
    files::{File, Files, write_full, write_zeros},
    folder::{Folder, take_lock},
    frame::{self, FILLER, FRAME_BYTES, Header, Salt},
    quarantine,
    segment::{index_path, log_path},
    survey::{Damage, Survey},
};

/// Mends the log in `dir`, which no process may have open, and reports what was found.
pub fn repair(dir: &Path, files: &dyn Files) -> Result<Report, Error> {
    Folder::read(files, dir, false)?;
    let _lock = take_lock(files, dir)?;
    let mut folder = Folder::read(files, dir, true)?;
    folder.drop_leftovers(files)?;
    let surveys = survey_all(&folder, dir)?;
    let mut done = Report::default();
    for (place, (number, survey)) in surveys.iter().enumerate() {
        let mut segment = report(&folder, files, dir, *number, survey);
        let next_first = surveys.get(place + 1).and_then(|(_, next)| next.first_seq);
        let mending = Mending {
            folder: &folder,
            files,
            dir,
            number: *number,
            survey,
            next_first,
        };
        let clean = segment.is_clean();
        for corruption in &mut segment.corrupt {
            let offset = corruption.position.offset();
            let damage = survey.damages.iter().find(|damage| damage.offset == offset);
            let damage = damage.expect("the report was made of this survey");
            corruption.set_aside = Some(mending.set_aside(*damage)?);
        }
        if !clean {
            mending.finish(!segment.header)?;
        }
        done.segments.push(segment);
    }
    Ok(done)
}

struct Mending<'a> {
    folder: &'a Folder,
    files: &'a dyn Files,
    dir: &'a Path,
    number: u32,
    survey: &'a Survey,
    /// The sequence that the next segment begins with.
    next_first: Option<u64>,
}

impl Mending<'_> {
    fn file(&self) -> &dyn File {
        &*self.folder.segments[&self.number].0
    }

    fn log_id(&self) -> u64 {
        self.folder
            .log_id
            .expect("a folder with segments has a readable header")
    }

    fn set_aside(&self, damage: Damage) -> Result<std::path::PathBuf, Error> {
        let kept = quarantine::try_keep(self.files, self.dir, self.number, damage, self.file())?;
        let at_end = damage.offset == self.survey.end;
        let next_seq = self
            .next_first
            .filter(|_| at_end)
            .unwrap_or(damage.next_seq);
        let length = usize::try_from(damage.bytes)
            .unwrap_or(usize::MAX)
            .max(FRAME_BYTES);
        let mut filler = Vec::with_capacity(length);
        let zeros = vec![0; length - FRAME_BYTES];
        frame::encode_open(
            &mut filler,
            next_seq.saturating_sub(1).max(1),
            0,
            FILLER,
            &[&zeros],
        );
        frame::close(Salt::new(self.log_id(), self.number), &mut filler, 0);
        self.write(&filler, damage.offset)?;
        Ok(kept)
    }

    fn finish(&self, header_lost: bool) -> Result<(), Error> {
        let path = log_path(self.dir, self.number);
        if header_lost {
            self.write(&self.new_header().encode(), 0)?;
        }
        let torn = self
            .survey
            .damages
            .iter()
            .all(|damage| damage.offset != self.survey.end);
        if torn {
            let Survey { end, dirty_end, .. } = *self.survey;
            write_zeros(self.file(), end, dirty_end).doing("cut the end of", &path)?;
        }
        self.file().sync_data().doing("sync", &path)?;
        // Most often there is none: a damaged segment gets no sidecar.
        let _ = self.files.remove(&index_path(self.dir, self.number));
        self.files.sync_dir(self.dir).doing("sync", self.dir)
    }

    fn new_header(&self) -> Header {
        let mut others = self
            .folder
            .segments
            .values()
            .filter_map(|(_, header)| *header);
        let other = others
            .next()
            .expect("a folder with segments has a readable header");
        let first_seq = self.survey.first_seq.unwrap_or(1);
        Header {
            segment: self.number,
            first_seq,
            ..other
        }
    }

    fn write(&self, bytes: &[u8], offset: u64) -> Result<(), Error> {
        let path = log_path(self.dir, self.number);
        write_full(self.file(), bytes, offset).doing("write to", &path)
    }
}
