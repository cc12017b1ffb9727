//! Keeps a copy of damaged bytes, named by where they stood: `quarantine/00000003-0000004711.bin`.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    error::{Doing, Error},
    files::{File, Files, read_full, write_full},
    segment::QUARANTINE,
    survey::Damage,
};

/// Copies the bytes. That they cannot be copied is no reason not to serve everything around them.
pub(crate) fn keep(
    files: &dyn Files,
    dir: &Path,
    segment: u32,
    damage: Damage,
    file: &dyn File,
) -> Option<PathBuf> {
    match try_keep(files, dir, segment, damage, file) {
        Ok(path) => Some(path),
        Err(error) => {
            tracing::warn!(segment, offset = damage.offset, %error, "damaged bytes not set aside");
            None
        }
    }
}

/// Whether a copy of the bytes is there already.
pub(crate) fn is_kept(files: &dyn Files, dir: &Path, segment: u32, damage: Damage) -> bool {
    let file = files.open_read(&path(dir, segment, damage));
    file.and_then(|file| file.size())
        .is_ok_and(|bytes| bytes == damage.bytes)
}

fn path(dir: &Path, segment: u32, damage: Damage) -> PathBuf {
    let name = format!("{segment:08}-{:010}.bin", damage.offset);
    dir.join(QUARANTINE).join(name)
}

/// Copies the bytes, or fails.
pub(crate) fn try_keep(
    files: &dyn Files,
    dir: &Path,
    segment: u32,
    damage: Damage,
    file: &dyn File,
) -> Result<PathBuf, Error> {
    let path = path(dir, segment, damage);
    copy(files, damage, file, &path).doing("write", &path)?;
    Ok(path)
}

fn copy(files: &dyn Files, damage: Damage, from: &dyn File, path: &Path) -> io::Result<()> {
    let dir = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    files.create_dir(dir)?;
    let to = files.create(path)?;
    let mut buffer = vec![0; 64 << 10];
    let mut done = 0;
    while done < damage.bytes {
        let piece = (damage.bytes - done).min(buffer.len() as u64) as usize;
        let read = read_full(from, &mut buffer[..piece], damage.offset + done)?;
        if read == 0 {
            break;
        }
        write_full(&*to, &buffer[..read], done)?;
        done += read as u64;
    }
    to.sync_data()?;
    files.sync_dir(dir)
}
