//! Reads every record of a log and changes nothing.

use std::path::Path;

use super::{Report, SegmentReport};
use crate::{
    error::{Doing, Error},
    files::Files,
    folder::Folder,
    position::Position,
    recovery::Corruption,
    segment::log_path,
    sidecar,
    survey::{Place, Survey},
};

/// Verifies every record of the log in `dir`. Changes nothing, and needs no lock: while a process
/// appends, what it is just writing may be reported as an interrupted write.
pub fn check(dir: &Path, files: &dyn Files) -> Result<Report, Error> {
    let folder = Folder::read(files, dir, false)?;
    let surveys = survey_all(&folder, dir)?;
    let segment = |(number, survey): &(u32, Survey)| report(&folder, files, dir, *number, survey);
    Ok(Report {
        segments: surveys.iter().map(segment).collect(),
    })
}

/// Looks over all segments, oldest first.
pub(super) fn survey_all(folder: &Folder, dir: &Path) -> Result<Vec<(u32, Survey)>, Error> {
    let last = folder.segments.keys().next_back().copied();
    let mut surveys = Vec::new();
    for (number, (file, _)) in &folder.segments {
        let path = log_path(dir, *number);
        let place = if Some(*number) == last {
            Place::Last
        } else {
            Place::Sealed
        };
        let size = file.size().doing("measure", &path)?;
        let survey = folder
            .source(*number, size)
            .survey(place)
            .doing("read", &path)?;
        surveys.push((*number, survey));
    }
    Ok(surveys)
}

/// What a survey says of a segment.
pub(super) fn report(
    folder: &Folder,
    files: &dyn Files,
    dir: &Path,
    number: u32,
    survey: &Survey,
) -> SegmentReport {
    let last = folder.segments.keys().next_back() == Some(&number);
    let torn_bytes = if last {
        survey.dirty_end.saturating_sub(survey.end)
    } else {
        0
    };
    let corrupt = survey.damages.iter().map(|damage| Corruption {
        position: Position::new(number, damage.offset),
        bytes: damage.bytes,
        records: damage.records,
        set_aside: None,
        known: false,
    });
    SegmentReport {
        number,
        bytes: survey.end,
        records: survey.records,
        sequences: survey.first_seq.zip(survey.last_seq),
        header: folder.segments[&number].1.is_some(),
        sidecar: sidecar::is_whole(files, dir, number, folder.log_id.unwrap_or(0)),
        corrupt: corrupt.collect(),
        torn_bytes,
    }
}
