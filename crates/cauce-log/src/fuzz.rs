//! What the fuzz targets do with their bytes, and a feeder that runs the same on each test run.
//!
//! A target panics where a promise is broken: that no bytes make a parser panic, and that nothing
//! is served that was not written.

use std::{fs, path::Path, sync::Arc};

use crate::{
    BASE, Log, Options, WholeBody,
    files::FaultyFiles,
    frame::{self, FRAME_BYTES, HEADER_BYTES, Header, Salt},
    sidecar,
};

/// Frames and headers, of bytes as they are and with a checksum that holds.
pub fn frames(data: &[u8]) {
    let salt = Salt::new(7, 1);
    let claimed: u64 = frame::claimed_frames(data).map(|frame| frame.bytes()).sum();
    assert!(claimed <= data.len() as u64);
    let mut head = [0; HEADER_BYTES];
    let known = data.len().min(HEADER_BYTES);
    head[..known].copy_from_slice(&data[..known]);
    let _ = Header::decode(&head);
    let _ = frame::decode(salt, data);
    let Some((head, body)) = data.split_at_checked(FRAME_BYTES) else {
        return;
    };
    let seq = u64::from_le_bytes(*head[8..].first_chunk().expect("a head is longer")).max(1);
    let mut whole = Vec::new();
    frame::encode_open(&mut whole, seq, head[16], head[17], &[body]);
    frame::close(salt, &mut whole, 0);
    let found = frame::decode(salt, &whole).expect("what is written is read");
    assert_eq!(
        (found.seq, found.kind, found.flags),
        (seq, head[16], head[17])
    );
    assert_eq!(found.body, body);
    let bit = usize::from(head[0]) % whole.len();
    whole[bit] ^= 1;
    assert!(
        frame::decode(salt, &whole).is_none(),
        "a flipped bit is noticed"
    );
}

/// A sidecar of bytes as they are, and with checksums that hold.
pub fn sidecar(data: &[u8]) {
    sidecar::fuzz(data);
}

/// A small log with some bytes changed: each three bytes of `data` are a place and what to do there.
///
/// # Panics
/// Where the log serves what was not written.
pub fn segment(data: &[u8]) {
    let (files, dir) = (FaultyFiles::new(1), Path::new("/log"));
    let bodies: Vec<Vec<u8>> = (0..12u8)
        .map(|n| vec![n.wrapping_mul(37); usize::from(n) * 9])
        .collect();
    write(&files, dir, &bodies);
    let path = dir.join("00000001.log");
    let mut bytes = files.contents(&path).expect("the log was written");
    for edit in data.chunks_exact(3) {
        let place = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % bytes.len();
        bytes[place] ^= edit[2];
    }
    files.put(&path, &bytes);
    let mut replay = |_, record: crate::Replayed<'_>| {
        let written = record.kind == BASE || bodies.iter().any(|body| body == record.digest);
        assert!(written, "a record that was never written");
    };
    let files = Arc::new(files);
    drop(Log::open(
        dir,
        options(),
        files,
        Arc::new(WholeBody),
        &mut replay,
    ));
}

fn options() -> Options {
    Options {
        segment_bytes: 4_096,
        background: false,
        ..Options::default()
    }
}

fn write(files: &FaultyFiles, dir: &Path, bodies: &[Vec<u8>]) {
    let files_again = Arc::new(files.clone());
    let opened = Log::open(
        dir,
        options(),
        files_again,
        Arc::new(WholeBody),
        &mut |_, _| {},
    );
    let (mut writer, ..) = opened.expect("an empty folder");
    writer.roll(b"the base").expect("a base");
    for (at, body) in bodies.iter().enumerate() {
        writer.append(1, body).expect("a record");
        if at % 3 == 0 {
            writer.flush().expect("a flush");
        }
    }
    writer.flush().expect("a flush");
    drop(writer);
    files.kill();
}

/// Runs a target on the files of its corpus, on what becomes of them by small changes, and on
/// random bytes: `count` inputs, the same ones each time.
///
/// # Panics
/// Where the corpus is missing, or the target panics.
pub fn feed(corpus: &Path, count: u64, target: fn(&[u8])) {
    let read = |entry: std::io::Result<fs::DirEntry>| fs::read(entry?.path());
    let seeds: Result<Vec<Vec<u8>>, _> = fs::read_dir(corpus)
        .expect("the corpus is there")
        .map(read)
        .collect();
    let seeds = seeds.expect("the corpus can be read");
    assert!(!seeds.is_empty(), "{} is empty", corpus.display());
    seeds.iter().for_each(|seed| target(seed));
    let mut chance = 0x5eed_u64;
    for round in 0..count {
        let mut input = match round % 3 {
            0 => random(&mut chance),
            _ => seeds[below(&mut chance, seeds.len())].clone(),
        };
        mutate(&mut input, &mut chance);
        target(&input);
    }
}

fn random(chance: &mut u64) -> Vec<u8> {
    (0..below(chance, 200))
        .map(|_| draw(chance) as u8)
        .collect()
}

fn mutate(input: &mut Vec<u8>, chance: &mut u64) {
    for _ in 0..=below(chance, 4) {
        let at = below(chance, input.len() + 1);
        let byte = match below(chance, 3) {
            0 => [0, 1, 0x7f, 0x80, 0xff][below(chance, 5)],
            _ => draw(chance) as u8,
        };
        match below(chance, 4) {
            0 => input.insert(at, byte),
            1 => input.truncate(at),
            2 => {
                let tail = input[at..].to_vec();
                input.extend(tail);
            }
            _ => {
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
        }
    }
}

fn below(chance: &mut u64, limit: usize) -> usize {
    (draw(chance) % limit.max(1) as u64) as usize
}

/// Splitmix64.
fn draw(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
