//! The file system of the machine.

use std::{fs, io, os::unix::fs::FileExt, path::Path, sync::Arc};

use super::{File, Files, Lock};

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealFiles;

impl Files for RealFiles {
    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.as_os_str().is_empty() || dir.is_dir() {
            return Ok(());
        }
        // Each level by itself: a new name is durable once the folder above it is synced.
        let above = dir.parent().unwrap_or(Path::new(""));
        self.create_dir(above)?;
        fs::create_dir(dir)?;
        self.sync_dir(if above.as_os_str().is_empty() {
            Path::new(".")
        } else {
            above
        })
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        fs::read_dir(dir)?
            .map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()))
            .collect()
    }

    fn open(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(
            fs::OpenOptions::new().read(true).write(true).open(path)?,
        ))
    }

    fn open_read(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(fs::File::open(path)?))
    }

    fn create(&self, path: &Path) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        Ok(Arc::new(
            options
                .read(true)
                .write(true)
                .create(true)
                .truncate(true)
                .open(path)?,
        ))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_dir(&self, dir: &Path) -> io::Result<()> {
        fs::remove_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        fs::File::open(dir)?.sync_all()
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        fs4::available_space(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Lock> {
        let mut options = fs::OpenOptions::new();
        let file = options
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let text = fs::read_to_string(path).unwrap_or_default();
                return Ok(Lock::Taken {
                    pid: text.trim().parse().ok(),
                });
            }
            Err(fs::TryLockError::Error(error)) => return Err(error),
        }
        // The number is for people only: a disk too full to take it is no reason to refuse.
        let _ = file.set_len(0);
        let _ = file.write_all_at(format!("{}\n", std::process::id()).as_bytes(), 0);
        Ok(Lock::Held(Box::new(file)))
    }
}

impl File for fs::File {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        FileExt::read_at(self, buffer, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        FileExt::write_at(self, bytes, offset)
    }

    fn sync_data(&self) -> io::Result<()> {
        fs::File::sync_data(self)
    }

    fn size(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        fs::File::set_len(self, bytes)
    }

    fn allocate(&self, bytes: u64) -> io::Result<()> {
        match fs4::fs_std::FileExt::allocate(self, bytes) {
            // A file system without allocation gets a sparse file: a full disk then shows at a
            // write, which closes the log, and not here, where it would be harmless.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {
                if self.size()? < bytes {
                    self.set_len(bytes)
                } else {
                    Ok(())
                }
            }
            done => done,
        }
    }
}
