//! The data folder, which nobody but its owner may look into.
//!
//! Messages and phone numbers lie in it as they are until they are sent, so the folder is made with
//! mode 0700. One that is there already keeps the mode that its owner gave it.

use std::{fs, io, os::unix::fs::DirBuilderExt, path::Path};

/// Makes the folder where it is missing.
///
/// # Errors
///
/// Those of the file system.
pub fn make(dir: &Path) -> io::Result<()> {
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn mode(dir: &Path) -> u32 {
        fs::metadata(dir).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_folder_that_is_made_is_its_owners_alone() {
        let outer = tempfile::tempdir().unwrap();
        let dir = outer.path().join("a/b");
        make(&dir).unwrap();
        assert_eq!(mode(&dir), 0o700);
    }

    #[test]
    fn a_folder_that_is_there_keeps_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o750)).unwrap();
        make(dir.path()).unwrap();
        assert_eq!(mode(dir.path()), 0o750);
    }
}
