//! A folder of files of events, on whatever file layer it is.

use std::{
    io,
    ops::Deref,
    path::{Path, PathBuf},
    sync::Arc,
};

use cauce_log::files::{Files, RealFiles};

/// A folder of files of events, on whatever file layer it is: tests let one fail.
#[derive(Clone)]
pub struct Folder {
    pub(crate) files: Arc<dyn Files>,
    path: PathBuf,
}

impl Folder {
    /// A folder on a file layer.
    pub fn new(files: &Arc<dyn Files>, path: impl Into<PathBuf>) -> Folder {
        Folder {
            files: Arc::clone(files),
            path: path.into(),
        }
    }

    /// Whether a file of this path is there.
    pub(crate) fn holds(&self, path: &Path) -> io::Result<bool> {
        match self.files.open_read(path) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl Deref for Folder {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.path
    }
}

/// A folder of the machine's own file system.
impl From<&Path> for Folder {
    fn from(path: &Path) -> Folder {
        let files: Arc<dyn Files> = Arc::new(RealFiles);
        Folder::new(&files, path)
    }
}

impl From<&PathBuf> for Folder {
    fn from(path: &PathBuf) -> Folder {
        Folder::from(path.as_path())
    }
}

impl From<&Folder> for Folder {
    fn from(folder: &Folder) -> Folder {
        folder.clone()
    }
}
