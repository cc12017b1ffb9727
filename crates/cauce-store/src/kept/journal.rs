//! Changes in the order in which they came, each behind its length and a checksum.
//!
//! A write goes to the place after the last good one, so that one that failed half-way is written
//! over by the next. Reading ends at the first thing that is no whole change. Nothing is synced: this
//! is about the end of a process, not of the machine.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use cauce_flow::{id::TenantId, time::Timestamp};
use xxhash_rust::xxh3::xxh3_64;

use super::{Held, Name, change::Change};
use cauce_log::codec::{Decoder, Encode, Malformed};

/// What a journal begins with; another version is not read.
const HEAD: &[u8; 8] = b"cauceks1";
/// Length and checksum before a change.
const FRAME_BYTES: usize = 12;

/// The journal that is written to.
pub(super) struct Journal {
    dir: PathBuf,
    number: u64,
    file: File,
    bytes: u64,
    buffer: Vec<u8>,
}

impl Journal {
    /// Shows the changes of all journals in a folder, and begins another. Answers those that were
    /// read.
    pub(super) fn open(
        dir: &Path,
        mut found: impl FnMut(Name, Change),
    ) -> io::Result<(Journal, Vec<PathBuf>)> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(dir)? {
            numbers.extend(number_of(&entry?.file_name().to_string_lossy()));
        }
        numbers.sort_unstable();
        let old: Vec<PathBuf> = numbers.iter().map(|number| path(dir, *number)).collect();
        for journal in &old {
            read(&fs::read(journal)?, &mut found);
        }
        let number = numbers.last().map_or(1, |last| last + 1);
        let journal = Journal {
            dir: dir.to_owned(),
            number,
            file: create(&path(dir, number))?,
            bytes: HEAD.len() as u64,
            buffer: Vec::new(),
        };
        Ok((journal, old))
    }

    /// Writes a change to the end.
    pub(super) fn append(&mut self, name: &Name, change: &Change) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.extend_from_slice(&[0; FRAME_BYTES]);
        encode(&mut self.buffer, name, change);
        let (frame, body) = self.buffer.split_at_mut(FRAME_BYTES);
        let length = u32::try_from(body.len()).map_err(io::Error::other)?;
        frame[..4].copy_from_slice(&length.to_le_bytes());
        frame[4..].copy_from_slice(&xxh3_64(body).to_le_bytes());
        self.file.write_all_at(&self.buffer, self.bytes)?;
        self.bytes += self.buffer.len() as u64;
        Ok(())
    }

    /// How long it is.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Begins another one. Answers the one before.
    pub(super) fn begin_next(&mut self) -> io::Result<Option<PathBuf>> {
        if self.bytes == HEAD.len() as u64 {
            return Ok(None);
        }
        let before = path(&self.dir, self.number);
        self.file = create(&path(&self.dir, self.number + 1))?;
        self.number += 1;
        self.bytes = HEAD.len() as u64;
        Ok(Some(before))
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut file = File::create(path)?;
    file.write_all(HEAD)?;
    Ok(file)
}

fn path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("sessions-{number}.log"))
}

fn number_of(name: &str) -> Option<u64> {
    let number = name.strip_prefix("sessions-")?.strip_suffix(".log")?;
    number.parse().ok()
}

fn read(bytes: &[u8], found: &mut impl FnMut(Name, Change)) {
    let Some(mut rest) = bytes.strip_prefix(HEAD) else {
        return;
    };
    while let Some((frame, after)) = rest.split_first_chunk::<FRAME_BYTES>() {
        let (length, sum) = frame.split_at(4);
        let length = u32::from_le_bytes(length.try_into().expect("four bytes")) as usize;
        let Some((body, after)) = after.split_at_checked(length) else {
            return;
        };
        let is_whole = xxh3_64(body).to_le_bytes() == sum;
        let Some((name, change)) = is_whole.then(|| decode(body).ok()).flatten() else {
            return;
        };
        found(name, change);
        rest = after;
    }
}

fn encode(out: &mut Vec<u8>, name: &Name, change: &Change) {
    out.put_text(name.tenant.as_str());
    out.put_text(&name.session);
    out.push(u8::from(change.anew));
    out.put_u64(change.states.len() as u64);
    for (kind, held) in &change.states {
        out.push(*kind);
        out.put_i64(held.at.as_millis());
        out.put_i64(held.until.as_millis());
        out.put_u64(held.sequence);
        out.push(u8::from(held.text.is_some()));
        out.put_text(held.text.as_deref().unwrap_or_default());
    }
}

fn decode(body: &[u8]) -> Result<(Name, Change), Malformed> {
    let mut body = Decoder::new(body);
    let name = Name {
        tenant: TenantId::new(body.text()?).map_err(|_| Malformed("no tenant has such a name"))?,
        session: body.text()?.into(),
    };
    let mut change = Change {
        anew: body.u8()? != 0,
        ..Change::default()
    };
    for _ in 0..body.count()? {
        let kind = body.u8()?;
        let at = Timestamp::from_millis(body.i64()?);
        let until = Timestamp::from_millis(body.i64()?);
        let sequence = body.u64()?;
        let is_something = body.u8()? != 0;
        let text = Some(body.text()?.into()).filter(|_| is_something);
        let held = Held {
            text,
            at,
            until,
            sequence,
        };
        change.states.insert(kind, held);
    }
    Ok((name, change))
}

#[cfg(test)]
mod tests;
