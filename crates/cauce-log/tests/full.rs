//! A full disk is told before anything is harmed, and the reserve takes what frees it again.

#![expect(clippy::unwrap_used, reason = "a test may fail at once")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use cauce_log::{
    BASE, Error, Log, Options, Position, Reader, WholeBody, Writer,
    files::{FaultyFiles, Files, RealFiles},
};
use tempfile::TempDir;

const SEGMENT_BYTES: u64 = 64 << 10;

fn open(dir: &Path, files: &Arc<dyn Files>) -> (Writer, Reader, Vec<Position>) {
    let options = Options {
        segment_bytes: SEGMENT_BYTES,
        background: false,
        ..Options::default()
    };
    let mut shown = Vec::new();
    let (writer, reader, _) = Log::open(
        dir,
        options,
        Arc::clone(files),
        Arc::new(WholeBody),
        &mut |position, replayed| {
            if replayed.kind != BASE {
                shown.push(position);
            }
        },
    )
    .unwrap();
    (writer, reader, shown)
}

/// Appends until a roll is refused.
fn fill(writer: &mut Writer, positions: &mut Vec<Position>) -> Error {
    loop {
        if writer.should_roll()
            && let Err(error) = writer.roll(b"base")
        {
            return error;
        }
        positions.push(writer.append(1, &[5; 1000]).unwrap());
        writer.flush().unwrap();
    }
}

fn check(dir: &Path, files: Arc<dyn Files>, take_the_rest: impl FnOnce()) {
    let (mut writer, reader, _) = open(dir, &files);
    let mut positions = Vec::new();
    for _ in 0..200 {
        if writer.should_roll() {
            writer.roll(b"base").unwrap();
        }
        positions.push(writer.append(1, &[5; 1000]).unwrap());
        writer.flush().unwrap();
    }
    // Somebody else takes all that is left: the reserve is still ours.
    take_the_rest();
    assert!(writer.free_bytes().unwrap() < SEGMENT_BYTES);
    let before = writer.segments().len();
    let refused = fill(&mut writer, &mut positions);
    assert!(matches!(refused, Error::DiskFull { .. }), "{refused}");
    assert_eq!(writer.segments().len(), before + 1);

    // The room that is left in the last segment can be used, and no more.
    let mut last = 0;
    while writer.make_room(1018).is_ok() {
        positions.push(writer.append(1, &[6; 1000]).unwrap());
        writer.flush().unwrap();
        last += 1;
    }
    assert!(last > 0);
    assert!(matches!(
        writer.make_room(1018),
        Err(Error::DiskFull { .. })
    ));
    for position in &positions {
        reader.read(*position).unwrap();
    }
    drop((writer, reader));

    // A restart on the full disk, and the way out of it.
    let (mut writer, _, shown) = open(dir, &files);
    assert_eq!(shown, positions);
    assert!(matches!(writer.roll(b"base"), Err(Error::DiskFull { .. })));
    writer.remove_oldest().unwrap();
    writer.remove_oldest().unwrap();
    writer.roll(b"base").unwrap();
    writer.append(1, b"goes on").unwrap();
    writer.flush().unwrap();
}

#[test]
fn a_full_disk_in_memory() {
    let files = FaultyFiles::new(1);
    files.set_capacity(1 << 20);
    let disk = files.clone();
    check(Path::new("/log"), Arc::new(files), || {
        disk.set_capacity((1 << 20) - disk_free(&disk))
    });
}

fn disk_free(files: &FaultyFiles) -> u64 {
    files.free_bytes(Path::new("/log")).unwrap()
}

/// A small file system in memory, as root may mount one.
struct Tmpfs(PathBuf);

impl Tmpfs {
    fn mount(at: &Path) -> Option<Tmpfs> {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"])
            .arg(at);
        let done = mount.output().ok()?;
        done.status.success().then(|| Tmpfs(at.to_owned()))
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_of_the_machine() {
    let dir = TempDir::new().unwrap();
    let Some(disk) = Tmpfs::mount(dir.path()) else {
        println!("skipped: no tmpfs can be mounted here");
        return;
    };
    let junk = disk.0.join("junk");
    check(&disk.0.join("log"), Arc::new(RealFiles), || {
        // Writes until the disk is full; that it fails is the point.
        let _ = fs::write(&junk, vec![1; 1 << 20]);
    });
}
